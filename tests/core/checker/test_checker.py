"""The protocol checker: the conformance cases, legal sequences of every kind, and what an error says."""

from __future__ import annotations

import pytest
import simpy
from checked import ACCEPT, MINE, Pair, alive, all_came, answered, read, refused, write

from tlm.core import (
    ACCEPTED,
    ADDRESS_ERROR,
    BEGIN_REQ,
    BEGIN_RESP,
    COMPLETED,
    END_REQ,
    END_RESP,
    INCOMPLETE,
    UPDATED,
    Access,
    Dmi,
    ElaborationError,
    InitiatorSocket,
    Module,
    ProtocolError,
    TargetSocket,
    check_protocol,
)

# --- the conformance cases -------------------------------------------------------------------------------------------


def test_t18_a_second_request_before_the_end_of_the_first():
    pair = Pair()
    pair.fw(read(0x1000), BEGIN_REQ)
    pair.at(25)
    with pytest.raises(ProtocolError) as raised:
        pair.fw(write(0x2000), BEGIN_REQ)
    assert str(raised.value) == (
        "cpu.out at 25 fs: request exclusion (IEEE 1666-2011, 15.2.6 e): BEGIN_REQ of WRITE 0x2000 (4 B) while the "
        "request of READ 0x1000 (4 B) has not ended, on cpu.out -> ram.port"
    )


def test_t18_without_a_checker_there_is_no_error():
    pair = Pair(check=False)
    for address in (0x1000, 0x2000):
        assert pair.fw(read(address), BEGIN_REQ) == (ACCEPTED, BEGIN_REQ, 0)


REQUEST_ENDS = {
    "END_REQ": lambda pair, payload: pair.bw(payload, END_REQ),
    "BEGIN_RESP": lambda pair, payload: pair.bw(answered(payload), BEGIN_RESP),
}
REQUEST_RETURNS = {
    "UPDATED to END_REQ": (UPDATED, END_REQ, 0),
    "UPDATED to BEGIN_RESP": (UPDATED, BEGIN_RESP, 0),
    "COMPLETED": (COMPLETED, BEGIN_REQ, 0),
}


@pytest.mark.parametrize("end", REQUEST_ENDS.values(), ids=REQUEST_ENDS)
def test_t18_the_next_request_follows_the_call_that_ends_the_first(end):
    pair, payload = Pair(), read()
    pair.fw(payload, BEGIN_REQ)
    end(pair, payload)
    assert pair.fw(read(), BEGIN_REQ) == (ACCEPTED, BEGIN_REQ, 0)


@pytest.mark.parametrize("answer", REQUEST_RETURNS.values(), ids=REQUEST_RETURNS)
def test_t18_the_next_request_follows_the_return_that_ends_the_first(answer):
    pair = Pair()
    assert pair.fw(read(), BEGIN_REQ, answer=answer) == answer
    assert pair.fw(read(), BEGIN_REQ) == (ACCEPTED, BEGIN_REQ, 0)


def with_two_requests(pair):
    first, second = read(0x1000), read(0x2000)
    for payload in (first, second):
        pair.fw(payload, BEGIN_REQ, answer=(UPDATED, END_REQ, 0))
    return first, second


def test_t19_a_second_response_before_the_end_of_the_first():
    pair = Pair()
    first, second = with_two_requests(pair)
    pair.bw(answered(second), BEGIN_RESP)
    pair.at(25)
    with pytest.raises(ProtocolError) as raised:
        pair.bw(answered(first), BEGIN_RESP)
    assert str(raised.value) == (
        "ram.port at 25 fs: response exclusion (IEEE 1666-2011, 15.2.6 f): BEGIN_RESP of READ 0x1000 (4 B) while the "
        "response of READ 0x2000 (4 B) has not ended, on cpu.out -> ram.port"
    )


RESPONSE_ENDS = {
    "COMPLETED": ((COMPLETED, BEGIN_RESP, 0), None),
    "UPDATED to END_RESP": ((UPDATED, END_RESP, 0), None),
    "END_RESP completed": (ACCEPT, (COMPLETED, END_RESP, 0)),
    "END_RESP accepted": (ACCEPT, ACCEPT),
}


@pytest.mark.parametrize(("answer", "last_answer"), RESPONSE_ENDS.values(), ids=RESPONSE_ENDS)
def test_t19_the_next_response_follows_the_end_of_the_first(answer, last_answer):
    pair = Pair()
    first, second = with_two_requests(pair)
    pair.bw(answered(first), BEGIN_RESP, answer=answer)
    if last_answer is not None:
        pair.fw(first, END_RESP, answer=last_answer)
    assert pair.bw(answered(second), BEGIN_RESP) == (ACCEPTED, BEGIN_RESP, 0)


def test_what_is_refused_was_not_sent():
    """The same call may come again when its time has come."""
    pair, first, second = Pair(), read(0x1000), read(0x2000)
    assert refused(lambda: pair.fw(first, BEGIN_REQ, -1))[0] == "delay"
    pair.fw(first, BEGIN_REQ)
    assert refused(lambda: pair.fw(second, BEGIN_REQ))[0] == "request exclusion"
    pair.bw(first, END_REQ)
    pair.fw(second, BEGIN_REQ)
    pair.bw(answered(first), BEGIN_RESP)
    assert refused(lambda: pair.bw(answered(second), BEGIN_RESP))[0] == "response exclusion"
    pair.fw(first, END_RESP)
    pair.bw(second, BEGIN_RESP)
    pair.fw(second, END_RESP)
    assert refused(lambda: pair.fw(second, END_RESP))[0] == "phase order"


def test_t20_a_transaction_does_not_go_back_in_time():
    pair, payload = Pair(), read()
    pair.fw(payload, BEGIN_REQ, 10)
    pair.at(5)
    with pytest.raises(ProtocolError, match=r"ram.port at 5 fs: time order \(IEEE 1666-2011, 15.2.7 c\): READ 0x1000"):
        pair.bw(answered(payload), BEGIN_RESP, 0)


def test_t20_it_may_stand_still():
    pair, payload = Pair(), read()
    pair.fw(payload, BEGIN_REQ, 10)
    pair.at(5)
    assert pair.bw(answered(payload), BEGIN_RESP, 5) == (ACCEPTED, BEGIN_RESP, 5)


def test_t20_the_delay_of_an_accepted_call_is_ignored():
    pair, payload = Pair(), read()
    pair.fw(payload, BEGIN_REQ, 5, answer=(ACCEPTED, None, 100))
    assert pair.bw(payload, END_REQ, 5) == (ACCEPTED, END_REQ, 5)


def other_transactions(pair):
    """Legal, but the second is effective before the first, on both ways."""
    first, second = read(0x1000), read(0x2000)
    pair.fw(first, BEGIN_REQ, 10, answer=(UPDATED, END_REQ, 10))
    yield lambda: pair.fw(second, BEGIN_REQ, 9)
    yield lambda: pair.bw(second, END_REQ, 9)


def test_t20_different_transactions_are_free():
    answers = [call() for call in other_transactions(Pair())]
    assert answers == [(ACCEPTED, BEGIN_REQ, 9), (ACCEPTED, END_REQ, 9)]


def test_t20_different_transactions_are_not_free_where_it_is_strict():
    call = next(other_transactions(Pair(strict=True)))
    with pytest.raises(ProtocolError) as raised:
        call()
    assert raised.value.rule == "strict time order"
    assert "READ 0x2000 (4 B): effective at 9 fs, another transaction already at 10 fs" in str(raised.value)


def test_t20_strict_takes_each_direction_by_itself():
    pair, first, second = Pair(strict=True), read(0x1000), read(0x2000)
    pair.fw(first, BEGIN_REQ, 0, answer=(UPDATED, END_REQ, 10))
    pair.fw(second, BEGIN_REQ, 5)
    with pytest.raises(ProtocolError, match=r"ram\.port .* strict time order"):
        pair.bw(second, END_REQ, 9)


@pytest.mark.parametrize(("way", "phase", "by"), [("fw", END_REQ, "cpu.out"), ("bw", BEGIN_REQ, "ram.port")])
def test_t21_a_phase_of_the_other_direction_is_illegal(way, phase, by):
    pair, payload = Pair(), read()
    pair.fw(payload, BEGIN_REQ)
    pair.at(25)
    with pytest.raises(ProtocolError, match=rf"{by} at 25 fs: legal phases \(IEEE 1666-2011, 15.2.3 c\)"):
        getattr(pair, way)(payload, phase)


def test_t21_extended_phases_pass_and_change_nothing():
    pair, payload, log = Pair(), read(), []
    for call in (
        lambda: pair.fw(payload, MINE, 1),
        lambda: pair.fw(payload, BEGIN_REQ, 1),
        lambda: pair.fw(payload, MINE, 2),
        lambda: pair.bw(payload, MINE, 2),
        lambda: pair.bw(payload, END_REQ, 3),
        lambda: pair.bw(payload, MINE, 3, answer=(UPDATED, MINE, 3)),
        lambda: pair.bw(answered(payload), BEGIN_RESP, 4),
        lambda: pair.fw(payload, MINE, 4, answer=(UPDATED, MINE, 4)),
        lambda: pair.fw(payload, END_RESP, 5),
        lambda: pair.bw(payload, MINE, 0),
    ):
        log.append(call())
    assert log == [
        (ACCEPTED, MINE, 1),
        (ACCEPTED, BEGIN_REQ, 1),
        (ACCEPTED, MINE, 2),
        (ACCEPTED, MINE, 2),
        (ACCEPTED, END_REQ, 3),
        (UPDATED, MINE, 3),
        (ACCEPTED, BEGIN_RESP, 4),
        (UPDATED, MINE, 4),
        (ACCEPTED, END_RESP, 5),
        (ACCEPTED, MINE, 0),
    ]


def test_t21_an_extended_phase_leaves_the_status_to_the_target():
    pair, payload = Pair(), read()
    pair.fw(payload, BEGIN_REQ)
    assert pair.fw(answered(payload), MINE) == (ACCEPTED, MINE, 0)
    assert pair.bw(payload, BEGIN_RESP) == (ACCEPTED, BEGIN_RESP, 0)


# --- legal sequences -------------------------------------------------------------------------------------------------


def one_phase(pair, payload):
    pair.fw(payload, BEGIN_REQ, answer=(COMPLETED, BEGIN_REQ, 40), during=lambda: answered(payload))


def two_phases(pair, payload):
    pair.fw(payload, BEGIN_REQ)
    pair.bw(answered(payload), BEGIN_RESP, 30, answer=(COMPLETED, BEGIN_RESP, 30))


def two_phases_on_return_paths(pair, payload):
    pair.fw(payload, BEGIN_REQ, answer=(UPDATED, BEGIN_RESP, 15), during=lambda: answered(payload))
    pair.fw(payload, END_RESP, 15, answer=(COMPLETED, END_RESP, 15))


def three_phases(pair, payload):
    pair.fw(payload, BEGIN_REQ, answer=(UPDATED, END_REQ, 10))
    pair.bw(answered(payload), BEGIN_RESP, 10, answer=(UPDATED, END_RESP, 20))


def four_phases(pair, payload):
    pair.fw(payload, BEGIN_REQ)
    pair.bw(payload, END_REQ, 10)
    pair.bw(answered(payload), BEGIN_RESP, 10)
    pair.fw(payload, END_RESP, 10)


def four_phases_one_inside_the_other(pair, payload):
    def respond():
        pair.bw(payload, END_REQ)
        pair.bw(answered(payload), BEGIN_RESP, during=lambda: pair.fw(payload, END_RESP))

    pair.fw(payload, BEGIN_REQ, during=respond)


def sent_again_inside_the_end_of_its_response(pair, payload):
    def again():
        pair.fw(payload, END_RESP)
        pair.fw(answered(payload, INCOMPLETE), BEGIN_REQ)

    pair.fw(payload, BEGIN_REQ)
    pair.bw(answered(payload), BEGIN_RESP, during=again)
    pair.bw(answered(payload), BEGIN_RESP, answer=(COMPLETED, BEGIN_RESP, 0))


def an_error(pair, payload):
    pair.fw(payload, BEGIN_REQ, answer=(COMPLETED, BEGIN_REQ, 0), during=lambda: answered(payload, ADDRESS_ERROR))


def nobody_executes_it(pair, payload):
    pair.fw(payload, BEGIN_REQ, answer=(COMPLETED, BEGIN_REQ, 0))


def blocking(pair, payload):
    pair.b(payload, 10, left=10, during=lambda: answered(payload))
    pair.b(answered(payload, INCOMPLETE), 10, left=30)
    pair.b(answered(payload, INCOMPLETE), 10, left=7, wait=3)
    pair.b(answered(payload, INCOMPLETE), 10, left=0, wait=10)
    pair.b(answered(payload, INCOMPLETE), 10, left=0, wait=90)


LEGAL = [
    one_phase,
    two_phases,
    two_phases_on_return_paths,
    three_phases,
    four_phases,
    four_phases_one_inside_the_other,
    sent_again_inside_the_end_of_its_response,
    an_error,
    nobody_executes_it,
    blocking,
]


@pytest.mark.parametrize("make", [read, write], ids=["read", "write"])
@pytest.mark.parametrize("strict", [False, True], ids=["plain", "strict"])
@pytest.mark.parametrize("then", LEGAL)
@pytest.mark.parametrize("sequence", LEGAL)
def test_legal_sequences_pass_and_the_object_is_free_after_each(sequence, then, strict, make):
    pair, payload = Pair(strict=strict), make()
    for one in (sequence, then):
        one(pair, answered(payload, INCOMPLETE))
        assert (alive(pair.out.hops[0]), all_came(pair)) == ([], True)
        pair.at(pair.env.now + 100)


def test_calls_and_answers_go_through_as_they_are():
    pair, payload = Pair(), read()
    assert pair.fw(payload, BEGIN_REQ, 3, answer=(UPDATED, END_REQ, 5)) == (UPDATED, END_REQ, 5)
    assert pair.bw(answered(payload), BEGIN_RESP, 7, answer=(COMPLETED, None, 9)) == (COMPLETED, None, 9)
    for count in (0, 3, 4):
        assert pair.debug(payload, count) == count
    for granted in (Dmi(), Dmi(0, 15, memoryview(bytearray(16)), Access.READ_WRITE), Dmi(8, 8, None, Access.READ)):
        assert pair.dmi(payload, granted) is granted
    pair.port.invalidate_direct_mem_ptr(0, 0)


def test_responses_come_out_of_order():
    pair, payloads = Pair(), [read(4 * k) for k in range(4)]
    for payload in payloads:
        pair.fw(payload, BEGIN_REQ, answer=(UPDATED, END_REQ, 0))
    assert alive(pair.out.hops[0]) == payloads
    for payload in reversed(payloads):
        pair.bw(answered(payload), BEGIN_RESP)
        pair.fw(payload, END_RESP)
    assert (alive(pair.out.hops[0]), pair.came) == ([], 12)


def test_several_blocking_callers_are_inside_at_once():
    pair = Pair()
    pair.answer, pair.wait, pair.during = 0, 10, lambda: None
    for address in range(4):
        pair.env.process(pair.out.b_transport(read(address), 10))
    pair.env.run()
    assert pair.env.now == 10


def test_an_interrupted_blocking_call_is_over():
    pair, payload = Pair(), read()
    pair.answer, pair.wait, pair.during = 0, 10, lambda: None

    def impatient():
        try:
            yield from pair.out.b_transport(payload, 0)
        except simpy.Interrupt:
            yield from pair.out.b_transport(payload, 0)

    process = pair.env.process(impatient())
    pair.env.timeout(3).callbacks.append(lambda _event: process.interrupt())
    pair.env.run()
    assert pair.env.now == 13


# --- what an error says, and where a checker is ----------------------------------------------------------------------


def test_an_error_leaves_the_run_as_it_is():
    pair = Pair()

    def traffic():
        yield pair.env.timeout(40)
        pair.fw(read(0x1000), BEGIN_REQ)
        pair.fw(read(0x2000), BEGIN_REQ)

    pair.env.process(traffic())
    with pytest.raises(ProtocolError) as raised:
        pair.env.run()
    error = raised.value
    assert (error.rule, error.socket, error.time_fs, error.clause, error.process) == (
        "request exclusion",
        "cpu.out",
        40,
        "15.2.6 e",
        "traffic",
    )
    assert str(error).startswith("cpu.out at 40 fs, in process traffic: request exclusion (IEEE 1666-2011, 15.2.6 e):")
    assert isinstance(error, RuntimeError)


def test_a_rule_without_a_clause_says_none():
    with pytest.raises(ProtocolError) as raised:
        Pair().fw(read(), BEGIN_REQ, -1)
    assert raised.value.clause is None
    assert "IEEE" not in str(raised.value)


def test_too_late_is_an_error():
    pair = Pair(check=False)
    for late in (pair.out, pair.port, pair.cpu):
        with pytest.raises(ElaborationError, match=rf"^{late.full_name}: check_protocol is called after elaboration$"):
            check_protocol(late)


class Cpu(Module):
    """Makes its socket where `late` says, the last occasion, and sends two requests at once."""

    def __init__(self, parent, name, late):
        super().__init__(parent, name)
        if not late:
            self.make()
        self.before_end_of_elaboration = self.make if late else lambda: None

    def make(self):
        self.out = InitiatorSocket(self, "out")
        self.ram = Module(self.env, f"{self.name}_ram")
        self.port = TargetSocket(self.ram, "port", nb_transport_fw=lambda _payload, *rest: (ACCEPTED, *rest))
        self.out >> self.port

    def break_a_rule(self):
        for address in (0x1000, 0x2000):
            self.out.nb_transport_fw(read(address), BEGIN_REQ, 0)


@pytest.mark.parametrize("late", [False, True], ids=["made before", "made later"])
def test_of_a_module_all_initiator_sockets_inside_are_checked(late):
    env = simpy.Environment()
    soc = Module(env, "soc")
    cluster = Module(soc, "cluster")
    inside, outside = Cpu(cluster, "inside", late), Cpu(env, "outside", late)
    check_protocol(soc)
    soc.elaborate()
    with pytest.raises(ProtocolError, match=r"soc\.cluster\.inside\.out"):
        inside.break_a_rule()
    outside.break_a_rule()


def test_of_a_target_all_callers_are_checked():
    env = simpy.Environment()
    cpus = [Module(env, f"cpu{k}") for k in range(2)]
    outs = [InitiatorSocket(cpu, "out") for cpu in cpus]
    port = TargetSocket(Module(env, "ram"), "port", nb_transport_fw=lambda _payload, *rest: (ACCEPTED, *rest))
    for out in outs:
        out >> port
    check_protocol(port)
    cpus[0].elaborate()
    for out in outs:
        out.nb_transport_fw(read(), BEGIN_REQ, 0)
    for out in outs:
        with pytest.raises(ProtocolError, match="request exclusion"):
            out.nb_transport_fw(read(), BEGIN_REQ, 0)


def test_a_hop_that_is_given_thrice_is_checked_once():
    cpu = Cpu(simpy.Environment(), "cpu", late=False)
    check_protocol(cpu, cpu.out, cpu.port)
    cpu.elaborate()
    assert cpu.out.nb_transport_fw(read(), BEGIN_REQ, 0) == (ACCEPTED, BEGIN_REQ, 0)


def test_where_it_is_off_the_functions_are_the_owners():
    cpu = Cpu(simpy.Environment(), "cpu", late=False)
    cpu.elaborate()
    assert cpu.out.nb_transport_fw is cpu.port.callbacks["nb_transport_fw"]
