"""Blocking callers of non-blocking targets and the reverse: T24 to T29 and their like."""

from __future__ import annotations

from contextlib import suppress

import pytest
import simpy
from models import (
    AtInitiator,
    GeneratorLtTarget,
    HalfWaitingLtTarget,
    InitiatorWrapper,
    LtInitiator,
    LtTarget,
    OutOfOrderTarget,
    PassThrough,
    QueueingTarget,
    ScriptedTarget,
    TargetWrapper,
    WaitingLtTarget,
    in_ns,
    innermost,
    later,
    read_word,
    wrapped,
    write_word,
    writes_then_reads,
)

from tlm.core import (
    ACCEPTED,
    ADDRESS_ERROR,
    BEGIN_REQ,
    BEGIN_RESP,
    COMPLETED,
    END_REQ,
    END_RESP,
    FS_PER_NS,
    OK,
    UPDATED,
    Deadlock,
    ExtendedPhase,
    InitiatorSocket,
    Module,
    MultiInitiatorSocket,
    MultiTargetSocket,
    ProtocolError,
    Router,
    TargetSocket,
    TransportError,
    simulate,
)

# --- blocking callers, non-blocking target ---------------------------------------------------------------------------


def called_at_100(connect, answer=(ACCEPTED, BEGIN_REQ, 0), calls=(), delay_ns=7, **more):
    """One blocking call at 100 with a delay; gives the scripted target and (time, delay) of the return."""
    env = simpy.Environment()
    initiator = LtInitiator(env, "initiator", [write_word(0, 1)], start_ns=100, delay_ns=delay_ns)
    target = ScriptedTarget(env, "target", answer, calls, **more)
    connect(initiator, target)
    env.run()
    assert initiator.payloads[0].response_status == OK
    assert target.received[0] == (BEGIN_REQ, 100 + delay_ns, 0)
    ((back_ns, delay),) = initiator.returned
    assert delay == 0
    return target, back_ns


def test_t24_completed(connect):
    target, back_ns = called_at_100(connect, (COMPLETED, BEGIN_REQ, 10))
    assert back_ns == 117
    assert (len(target.received), target.sent) == (1, [])


def test_t25_end_req_on_the_return_path(connect):
    target, back_ns = called_at_100(connect, (UPDATED, END_REQ, 5), [(BEGIN_RESP, 30)])
    assert back_ns == 137
    assert target.sent == [(BEGIN_RESP, 137, COMPLETED)]
    assert len(target.received) == 1


def test_t26_four_phases_in_which_begin_resp_is_completed(connect):
    target, back_ns = called_at_100(connect, calls=[(END_REQ, 5), (BEGIN_RESP, 20)])
    assert back_ns == 127
    assert target.sent == [(END_REQ, 112, ACCEPTED), (BEGIN_RESP, 127, COMPLETED)]
    assert len(target.received) == 1


@pytest.mark.parametrize("ends_with", [COMPLETED, ACCEPTED])
def test_t27_begin_resp_on_the_return_path(connect, ends_with):
    target, back_ns = called_at_100(connect, (UPDATED, BEGIN_RESP, 15), ends_with=ends_with)
    assert back_ns == 122
    assert target.received[1:] == [(END_RESP, 122, 0)]
    assert target.sent == []


def test_t28_only_begin_resp(connect):
    target, back_ns = called_at_100(connect, calls=[(BEGIN_RESP, 20)])
    assert back_ns == 127
    assert target.sent == [(BEGIN_RESP, 127, COMPLETED)]
    assert len(target.received) == 1


@pytest.mark.parametrize("delay_ns", [0, 7])
@pytest.mark.parametrize(
    ("answer", "calls", "phases"),
    [
        ((COMPLETED, BEGIN_REQ, 0), [], 1),
        ((UPDATED, BEGIN_RESP, 0), [], 2),
        ((UPDATED, END_REQ, 0), [(BEGIN_RESP, 0)], 1),
        ((ACCEPTED, BEGIN_REQ, 0), [(BEGIN_RESP, 0)], 1),
        ((ACCEPTED, BEGIN_REQ, 0), [(END_REQ, 0), (BEGIN_RESP, 0)], 1),
    ],
)
def test_t24_to_t28_with_delays_of_0(connect, answer, calls, phases, delay_ns):
    target, back_ns = called_at_100(connect, answer, calls, delay_ns=delay_ns)
    assert back_ns == 100 + delay_ns
    assert len(target.received) == phases


class Callers(Module):
    """Processes that call one socket: `plans` are (start, delay); `back` is (time, delay) of each, `order` the ends."""

    def __init__(self, parent, name, plans):
        super().__init__(parent, name)
        self.plans = plans
        self.back, self.order = {}, []
        self.payloads = [write_word(4 * number, number) for number in range(len(plans))]
        self.port = InitiatorSocket(self, "port")
        for number in range(len(plans)):
            self.process(self.caller(number))

    def caller(self, number):
        start_ns, delay_ns = self.plans[number]

        def run():
            yield self.env.timeout(start_ns * FS_PER_NS)
            delay = yield from self.port.b_transport(self.payloads[number], delay_ns * FS_PER_NS)
            self.back[number] = (in_ns(self.now), in_ns(delay))
            self.order.append(number)

        return run

    @property
    def back_ns(self):
        assert {delay for _, delay in self.back.values()} == {0}
        assert all(payload.response_status == OK for payload in self.payloads)
        return [self.back[number][0] for number in range(len(self.plans))]


def called_by(connect, plans, answer=(ACCEPTED, BEGIN_REQ, 0), calls=()):
    env = simpy.Environment()
    callers, target = Callers(env, "callers", plans), ScriptedTarget(env, "target", answer, calls)
    connect(callers, target)
    env.run()
    return callers, target


def test_t29_three_blocking_callers_take_turns(connect):
    callers, target = called_by(connect, [(0, 0)] * 3, calls=[(END_REQ, 5), (BEGIN_RESP, 20)])
    assert target.times_of(BEGIN_REQ) == [0, 5, 10]
    assert callers.back_ns == [20, 25, 30]
    assert callers.order == [0, 1, 2]


def three_initiators(connect, target):
    """Three blocking initiators at 0, connected to a target by `connect(env, initiators, target)`."""
    env = simpy.Environment()
    initiators = [LtInitiator(env, f"i{number}", [write_word(4 * number, number)]) for number in range(3)]
    target = target(env, "target", calls=[(END_REQ, 5), (BEGIN_RESP, 20)])
    connect(env, initiators, target)
    env.run()
    assert all(initiator.payloads[0].response_status == OK for initiator in initiators)
    return target.times_of(BEGIN_REQ), [initiator.returned for initiator in initiators]


TURNS = ([0, 5, 10], [[(20, 0)], [(25, 0)], [(30, 0)]])


def test_t29_with_three_initiators_on_one_socket():
    def connect(env, initiators, target):
        for initiator in initiators:
            initiator.port >> target.port

    assert three_initiators(connect, ScriptedTarget) == TURNS


def test_t29_through_a_router():
    def connect(env, initiators, target):
        router = Router(env, "router")
        router.map(0, 4096, target.port)
        for initiator in initiators:
            initiator.port >> router.port

    assert three_initiators(connect, ScriptedTarget) == TURNS


def test_t29_with_wrappers_around_the_target():
    def connect(env, initiators, target):
        wrapper = TargetWrapper(env, "wrapper", lambda parent, name: TargetWrapper(parent, name, inner))
        for initiator in initiators:
            initiator.port >> wrapper.port
        made[0].calls = target.calls
        made[0].received, made[0].sent = target.received, target.sent

    made = []

    def inner(parent, name):
        made.append(ScriptedTarget(parent, name))
        return made[0]

    assert three_initiators(connect, ScriptedTarget) == TURNS


class MultiScriptedTarget(ScriptedTarget):
    """A scripted target with one hop an initiator."""

    def __init__(self, parent, name, answer=(ACCEPTED, BEGIN_REQ, 0), calls=()):
        super().__init__(parent, name, answer, calls)
        self.indices = []
        self.multi = MultiTargetSocket(self, "multi", nb_transport_fw=self.nb_transport_fw_of)

    def nb_transport_fw_of(self, index, payload, phase, delay):
        self.indices.append(index)
        self.port = self.multi[index]
        for called, after_ns in self.calls:
            later(self.env, after_ns * FS_PER_NS, self.call_index, index, payload, called)
        self.received.append((phase, in_ns(self.now), in_ns(delay)))
        return ACCEPTED, phase, delay

    def call_index(self, index, payload, phase):
        self.port = self.multi[index]
        self.call(payload, phase)


def test_t29_a_multi_socket_has_one_request_channel_an_initiator():
    def connect(env, initiators, target):
        for initiator in initiators:
            initiator.port >> target.multi

    assert three_initiators(connect, MultiScriptedTarget) == ([0, 0, 0], [[(20, 0)]] * 3)


def test_t29_ten_callers_with_delays_of_their_own_are_served_in_the_order_of_their_effective_times(connect):
    delays = [13, 2, 40, 0, 9, 55, 41, 3, 90, 7]
    callers, target = called_by(connect, [(0, delay) for delay in delays], calls=[(END_REQ, 5), (BEGIN_RESP, 20)])
    # 0, 2 -> 5, 3 -> 10, 7 -> 15, 9 -> 20, 13 -> 25, then the channel is free at 30
    begun = {0: 0, 2: 5, 3: 10, 7: 15, 9: 20, 13: 25, 40: 40, 41: 45, 55: 55, 90: 90}
    assert target.times_of(BEGIN_REQ) == list(begun.values())
    assert callers.back_ns == [begun[delay] + 20 for delay in delays]


@pytest.mark.parametrize(
    ("answer", "calls", "begun", "back"),
    [
        # END_REQ on the return path ends the request when its delay is over.
        ((UPDATED, END_REQ, 5), [(BEGIN_RESP, 30)], [0, 5, 10, 15], [30, 35, 40, 45]),
        # Whoever answers without END_REQ ends the request with the response.
        ((ACCEPTED, BEGIN_REQ, 0), [(BEGIN_RESP, 20)], [0, 20, 40, 60], [20, 40, 60, 80]),
        ((UPDATED, BEGIN_RESP, 15), [], [0, 15, 30, 45], [15, 30, 45, 60]),
        ((COMPLETED, BEGIN_REQ, 10), [], [0, 10, 20, 30], [10, 20, 30, 40]),
        ((COMPLETED, BEGIN_REQ, 0), [], [0, 0, 0, 0], [0, 0, 0, 0]),
        ((ACCEPTED, BEGIN_REQ, 0), [(END_REQ, 0), (BEGIN_RESP, 9)], [0, 0, 0, 0], [9, 9, 9, 9]),
    ],
)
def test_t29_with_every_kind_of_answer(connect, answer, calls, begun, back):
    callers, target = called_by(connect, [(0, 0)] * 4, answer, calls)
    assert target.times_of(BEGIN_REQ) == begun
    assert callers.back_ns == back
    assert callers.order == [0, 1, 2, 3]


def test_t29_a_caller_that_comes_later_waits_behind_those_before(connect):
    callers, target = called_by(
        connect, [(0, 0), (0, 0), (3, 0), (5, 0), (30, 0)], calls=[(END_REQ, 10), (BEGIN_RESP, 12)]
    )
    assert target.times_of(BEGIN_REQ) == [0, 10, 20, 30, 40]
    assert callers.back_ns == [12, 22, 32, 42, 52]


def test_a_backward_call_with_a_delay_is_honoured():
    env = simpy.Environment()

    class Annotating(ScriptedTarget):
        def call(self, payload, phase):
            payload.response_status = OK
            self.sent.append(self.port.nb_transport_bw(payload, phase, 4 * FS_PER_NS)[0])

    callers = Callers(env, "callers", [(0, 0), (0, 0)])
    target = Annotating(env, "target", calls=[(END_REQ, 5), (BEGIN_RESP, 20)])
    callers.port >> target.port
    env.run()
    assert target.received == [(BEGIN_REQ, 0, 0), (BEGIN_REQ, 9, 0)]
    assert callers.back_ns == [24, 33]
    assert target.sent == [ACCEPTED, ACCEPTED, COMPLETED, COMPLETED]


def test_responses_out_of_order_find_their_callers(connect):
    env = simpy.Environment()
    callers, target = Callers(env, "callers", [(0, 0)] * 3), OutOfOrderTarget(env, "target", {0: 700, 8: 50})
    connect(callers, target)
    env.run()
    # Requests at 0, 10, 20; ready 730, 40, 100. COMPLETED ends each response at once.
    assert callers.back_ns == [730, 40, 100]
    assert callers.order == [1, 2, 0]


def test_t12_s_target_seen_by_a_blocking_initiator():
    env = simpy.Environment()
    initiator, target = LtInitiator(env, "initiator", writes_then_reads(2)), WithoutEndResp(env, "target")
    initiator.port >> target.port
    env.run()
    assert initiator.ok == [125, 250, 375, 500]
    assert initiator.values == [0, 1]


class WithoutEndResp(QueueingTarget):
    """Takes COMPLETED for the end of its response."""

    def begin_response(self):
        payload = self.responses[0]
        self.words.execute(payload)
        assert self.port.nb_transport_bw(payload, BEGIN_RESP, 0)[0] == COMPLETED
        self.end_response(payload)


def test_read_and_write_of_a_non_blocking_target():
    env, log = simpy.Environment(), []
    target = ScriptedTarget(env, "target", calls=[(END_REQ, 5), (BEGIN_RESP, 20)])

    class Reader(Module):
        def __init__(self, parent, name):
            super().__init__(parent, name)
            self.mem = InitiatorSocket(self, "mem")
            self.process(self.run)

        def run(self):
            yield from self.mem.write(4, b"abcd")
            log.append(((yield from self.mem.read(4, 4)), in_ns(self.now)))

    Reader(env, "reader").mem >> target.port
    env.run()
    assert log == [(b"abcd", 40)]


def test_an_extended_phase_from_the_target_is_ignored():
    env, mine = simpy.Environment(), ExtendedPhase("mine")
    initiator = LtInitiator(env, "initiator", [write_word(0, 1)])
    target = ScriptedTarget(env, "target", calls=[(mine, 2), (END_REQ, 5), (mine, 6), (BEGIN_RESP, 20)])
    initiator.port >> target.port
    env.run()
    assert initiator.returned == [(20, 0)]
    assert [result for _, _, result in target.sent] == [ACCEPTED, ACCEPTED, ACCEPTED, COMPLETED]


@pytest.mark.parametrize("phase", [BEGIN_REQ, END_RESP])
def test_an_illegal_call_back_names_the_target(phase):
    env = simpy.Environment()
    initiator = LtInitiator(env, "initiator", [write_word(0, 1)])
    target = ScriptedTarget(env, "target", calls=[(phase, 2)])
    initiator.port >> target.port
    with pytest.raises(ProtocolError, match=r"target\.port"):
        env.run()


def test_what_a_non_blocking_target_raises_reaches_the_blocking_caller_and_frees_the_channel():
    env, log = simpy.Environment(), []

    class Raising(ScriptedTarget):
        def nb_transport_fw(self, payload, phase, delay):
            if payload.address == 0:
                raise LookupError("no such row")
            return super().nb_transport_fw(payload, phase, delay)

    class Careful(Callers):
        def caller(self, number):
            run = super().caller(number)

            def careful():
                try:
                    yield from run()
                except LookupError as error:
                    log.append((str(error), in_ns(self.now)))

            return careful

    callers = Careful(env, "callers", [(3, 0), (3, 0)])
    target = Raising(env, "target", calls=[(END_REQ, 5), (BEGIN_RESP, 20)])
    callers.port >> target.port
    env.run()
    assert log == [("no such row", 3)]
    assert callers.back == {1: (23, 0)}


# --- what the other side does wrong ----------------------------------------------------------------------------------

NO_TRIPLES = [None, ACCEPTED, BEGIN_RESP, (ACCEPTED, BEGIN_RESP), (ACCEPTED, BEGIN_RESP, 0, 0), "answer", 7.5]
NO_DELAYS = [-1, 2.5, "5", None]
RESULTS = [(answer, "result") for answer in NO_TRIPLES]


class Answering(Module):
    """Answers a non-blocking call with `answer`, whatever that is."""

    def __init__(self, parent, name, answer):
        super().__init__(parent, name)
        self.answer = answer
        self.port = TargetSocket(self, "port", nb_transport_fw=self.nb_transport_fw)

    def nb_transport_fw(self, payload, phase, delay):
        return self.answer


@pytest.mark.parametrize(
    ("answer", "rule"),
    [
        *RESULTS,
        *(
            (triple, "delay")
            for delay in NO_DELAYS
            for triple in [(COMPLETED, END_RESP, delay), (UPDATED, END_REQ, delay), (UPDATED, BEGIN_RESP, delay)]
        ),
        ((UPDATED, BEGIN_REQ, 0), "legal returns"),
        ((UPDATED, END_RESP, 0), "legal returns"),
        ((UPDATED, None, 0), "legal returns"),
        ((7, END_REQ, 0), "legal returns"),
    ],
    ids=str,
)
def test_a_wrong_answer_to_a_blocking_caller_names_the_target_the_time_and_the_process(answer, rule):
    env = simpy.Environment()
    soc = Module(env, "soc")
    initiator = LtInitiator(soc, "initiator", [write_word(0, 1)], start_ns=3, delay_ns=4)
    initiator.port >> Answering(soc, "target", answer).port
    with pytest.raises(ProtocolError) as error:
        env.run()
    broken = error.value
    assert (broken.socket, broken.time_fs, broken.rule) == ("soc.target.port", 7 * FS_PER_NS, rule)
    assert broken.process == "run"


@pytest.mark.parametrize(
    ("answer", "rule"),
    [
        *RESULTS,
        *(((sync, END_RESP, delay), "delay") for delay in NO_DELAYS for sync in (COMPLETED, UPDATED)),
        ((UPDATED, BEGIN_RESP, 0), "legal returns"),
        ((7, END_RESP, 0), "legal returns"),
    ],
    ids=str,
)
def test_a_wrong_answer_to_a_blocking_target_s_response_names_the_initiator(answer, rule):
    env = simpy.Environment()

    class Wrong(AtInitiator):
        def nb_transport_bw(self, payload, phase, delay):
            return answer

    initiator = Wrong(env, "initiator", [write_word(0, 1)])
    initiator.port >> LtTarget(env, "target").port
    with pytest.raises(ProtocolError) as error:
        env.run()
    assert (error.value.socket, error.value.time_fs, error.value.rule) == ("initiator.port", 10 * FS_PER_NS, rule)


@pytest.mark.parametrize("delay", NO_DELAYS[:3])
def test_a_call_with_a_delay_that_is_none_is_refused_where_it_is_made(delay):
    env, rules = simpy.Environment(), []
    soc = Module(env, "soc")
    initiator, blocking, other = (InitiatorSocket(soc, name, lambda *_: None) for name in ("a", "b", "c"))
    target = ScriptedTarget(soc, "target")
    initiator >> LtTarget(soc, "lt").port
    blocking >> target.port
    other >> Answering(soc, "answering", (UPDATED, END_REQ, 0)).port
    soc.elaborate()
    with pytest.raises(ProtocolError) as error:
        initiator.nb_transport_fw(write_word(0, 1), BEGIN_REQ, delay)
    rules.append((error.value.socket, error.value.rule))
    with pytest.raises(ProtocolError) as error:
        next(blocking.b_transport(write_word(0, 1), delay))
    rules.append((error.value.socket, error.value.rule))
    payload = write_word(0, 1)
    next(other.b_transport(payload, 0))
    with pytest.raises(ProtocolError) as error:
        other.hops[0].target.nb_transport_bw(payload, BEGIN_RESP, delay)
    rules.append((error.value.socket, error.value.rule))
    assert rules == [("soc.a", "delay"), ("soc.target.port", "delay"), ("soc.answering.port", "delay")]


@pytest.mark.parametrize("left", [-4, 2.5])
def test_a_delay_that_is_none_from_a_blocking_target_names_it(left):
    env = simpy.Environment()

    class Wrong(WaitingLtTarget):
        def b_transport(self, payload, delay):
            yield from super().b_transport(payload, delay)
            return left

    initiator = AtInitiator(env, "initiator", [write_word(0, 1)])
    initiator.port >> Wrong(env, "target").port
    with pytest.raises(ProtocolError) as error:
        env.run()
    assert (error.value.socket, error.value.time_fs, error.value.rule) == ("target.port", 10 * FS_PER_NS, "delay")


def test_a_wrong_answer_to_one_caller_does_not_hold_up_the_next():
    env, log = simpy.Environment(), []

    class Once(ScriptedTarget):
        def nb_transport_fw(self, payload, phase, delay):
            return super().nb_transport_fw(payload, phase, delay) if payload.address else None

    holder, target = Module(env, "holder"), Once(env, "target", (COMPLETED, END_RESP, 10))
    port = InitiatorSocket(holder, "port")
    port >> target.port

    def call(address):
        try:
            yield from port.b_transport(write_word(address, 1), 0)
            log.append((address, in_ns(env.now)))
        except ProtocolError as error:
            log.append((address, error.rule))

    for address in (0, 4):
        holder.process(lambda address=address: call(address))
    env.run()
    assert log == [(0, "result"), (4, 10)]


@pytest.mark.parametrize("answer", [(COMPLETED, END_RESP, 10), (UPDATED, BEGIN_RESP, 10)], ids=str)
def test_a_response_that_is_called_and_returned_is_one_too_many(answer):
    env = simpy.Environment()
    initiator = LtInitiator(env, "initiator", [write_word(0, 1)])
    initiator.port >> ScriptedTarget(env, "target", answer, [(BEGIN_RESP, 4)]).port
    with pytest.raises(ProtocolError, match="two responses") as error:
        env.run()
    assert (error.value.socket, error.value.time_fs) == ("target.port", 10 * FS_PER_NS)
    assert initiator.ok == [4]


def test_an_object_that_is_sent_while_it_is_alive_is_refused_and_the_first_comes_back():
    env, log, payload = simpy.Environment(), [], write_word(0, 1)
    holder, target = Module(env, "holder"), ScriptedTarget(env, "target", calls=[(END_REQ, 5), (BEGIN_RESP, 20)])
    port = InitiatorSocket(holder, "port")
    port >> target.port

    def call(number, payload):
        try:
            yield from port.b_transport(payload, 0)
            log.append((number, in_ns(env.now)))
        except ProtocolError as error:
            log.append((number, in_ns(env.now), error.rule))

    for number, sent in enumerate([payload, payload, write_word(4, 1)]):
        holder.process(lambda number=number, sent=sent: call(number, sent))
    env.run()
    assert log == [(1, 5, "reuse"), (0, 20), (2, 25)]


def test_an_extended_phase_on_the_return_path_is_ignored():
    env, mine = simpy.Environment(), ExtendedPhase("mine")
    initiator = LtInitiator(env, "initiator", [write_word(0, 1)])
    initiator.port >> ScriptedTarget(env, "target", (UPDATED, mine, 3), [(END_REQ, 5), (BEGIN_RESP, 20)]).port

    class Extended(AtInitiator):
        def nb_transport_bw(self, payload, phase, delay):
            super().nb_transport_bw(payload, phase, delay)
            return UPDATED, mine, 3

    other = Extended(env, "other", [write_word(0, 1), write_word(4, 1)], outstanding=2)
    other.port >> LtTarget(env, "lt").port
    env.run()
    assert initiator.returned == [(20, 0)]
    assert other.ok_times == [17, 27]


def called_and_interrupted(answer, calls, interrupted, *after_ns):
    """Three callers at 0, one of them interrupted by a chain of timers: {number: time} of those that come back."""
    env, back = simpy.Environment(), {}
    holder, target = Module(env, "holder"), ScriptedTarget(env, "target", answer, calls)
    port = InitiatorSocket(holder, "port")
    port >> target.port
    holder.elaborate()

    def call(number):
        with suppress(simpy.Interrupt):
            yield from port.b_transport(write_word(4 * number, number), 0)
            back[number] = in_ns(env.now)

    callers = [env.process(call(number)) for number in range(3)]

    def interrupt():
        for step_ns in after_ns:
            yield env.timeout(step_ns * FS_PER_NS)
        callers[interrupted].interrupt()

    env.process(interrupt())
    env.run()
    return back


INTERRUPTED = [
    ((ACCEPTED, BEGIN_REQ, 0), [(END_REQ, 10), (BEGIN_RESP, 20)], 10),
    ((UPDATED, END_REQ, 10), [(BEGIN_RESP, 20)], 10),
    ((ACCEPTED, BEGIN_REQ, 0), [(BEGIN_RESP, 20)], 20),
    ((COMPLETED, BEGIN_REQ, 20), [], 20),
    ((UPDATED, BEGIN_RESP, 20), [], 20),
]


@pytest.mark.parametrize(("answer", "calls", "turn_ns"), INTERRUPTED)
def test_an_interrupted_caller_does_not_hold_up_the_others(answer, calls, turn_ns):
    """Whoever is under way is served to its end all the same; whoever waits for its turn leaves the queue."""
    assert called_and_interrupted(answer, calls, 0, 5) == {1: turn_ns + 20, 2: 2 * turn_ns + 20}
    assert called_and_interrupted(answer, calls, 1, 5) == {0: 20, 2: turn_ns + 20}
    assert called_and_interrupted(answer, calls, 2, 5) == {0: 20, 1: turn_ns + 20}


@pytest.mark.parametrize(("answer", "calls", "turn_ns"), INTERRUPTED)
def test_a_caller_may_be_interrupted_in_the_instant_of_its_turn(answer, calls, turn_ns):
    """Before the target's own event of that instant, or behind it."""
    without_1 = {0: 20, 2: turn_ns + 20}
    assert called_and_interrupted(answer, calls, 1, turn_ns) == without_1
    assert called_and_interrupted(answer, calls, 1, turn_ns - 1, 1) == without_1
    assert called_and_interrupted(answer, calls, 2, turn_ns - 1, 1) == {0: 20, 1: turn_ns + 20}


@pytest.mark.parametrize("calls", [[], [(END_REQ, 5)]])
def test_a_response_that_never_comes_is_a_deadlock_that_names_the_target(calls):
    env = simpy.Environment()
    soc = Module(env, "soc")
    initiator, target = LtInitiator(soc, "initiator", [write_word(0, 1)]), ScriptedTarget(soc, "target", calls=calls)
    initiator.port >> target.port
    with pytest.raises(Deadlock, match=r"soc\.initiator -> soc\.target"):
        simulate(soc)


def test_a_turn_that_never_comes_is_a_deadlock_too():
    env = simpy.Environment()
    soc = Module(env, "soc")
    callers, target = Callers(soc, "callers", [(0, 0)] * 3), ScriptedTarget(soc, "target")
    callers.port >> target.port
    with pytest.raises(Deadlock, match=r"soc\.target\.port"):
        simulate(soc)


def test_blocking_and_non_blocking_callers_of_one_target():
    """The non-blocking initiator's phases go straight through; the other one's are the adapter's."""
    env = simpy.Environment()
    router = Router(env, "router")
    blocking = LtInitiator(env, "blocking", [write_word(0, 1)])
    non_blocking = AtInitiator(env, "non_blocking", [write_word(4, 2)], start_ns=10)
    target = ScriptedTarget(env, "target", calls=[(END_REQ, 5), (BEGIN_RESP, 20)])
    blocking.port >> router.port
    non_blocking.port >> router.port
    router.map(0, 4096, target.port)
    env.run()
    assert blocking.returned == [(20, 0)]
    assert [time for _, _, time in non_blocking.log] == [10, 15, 30, 37]
    assert target.received == [(BEGIN_REQ, 0, 0), (BEGIN_REQ, 10, 0), (END_RESP, 37, 0)]


def test_one_initiator_may_use_both_kinds_on_one_socket():
    env = simpy.Environment()

    class Both(AtInitiator):
        def run(self):
            yield from super().run()
            yield self.env.timeout(FS_PER_NS)
            delay = yield from self.port.b_transport(write_word(8, 3), 5 * FS_PER_NS)
            self.blocking = (in_ns(self.now), in_ns(delay))

    initiator = Both(env, "initiator", [write_word(0, 1)])
    target = ScriptedTarget(env, "target", calls=[(END_REQ, 5), (BEGIN_RESP, 20)])
    initiator.port >> target.port
    env.run()
    assert initiator.ok_times == [27]
    assert initiator.blocking == (26, 0)


# --- non-blocking callers, blocking target ---------------------------------------------------------------------------

BLOCKING = [LtTarget, GeneratorLtTarget, WaitingLtTarget, HalfWaitingLtTarget]


@pytest.mark.parametrize("kind", BLOCKING)
@pytest.mark.parametrize("delay_ns", [0, 6])
def test_a_blocking_target_gets_the_call_after_its_delay_and_answers_once_it_is_done(connect, kind, delay_ns):
    env = simpy.Environment()
    initiator = AtInitiator(env, "initiator", [write_word(0, 1), read_word(0)], delay_ns=delay_ns)
    target = kind(env, "target")
    connect(initiator, target)
    env.run()
    first = delay_ns + 10
    second = first + 7 + delay_ns
    assert target.received == [(delay_ns, 0), (second, 0)]
    assert initiator.log[:3] == [(0, BEGIN_REQ, 0), (0, BEGIN_RESP, first), (0, END_RESP, first + 7)]
    assert initiator.log[3:] == [
        (1, BEGIN_REQ, first + 7),
        (1, BEGIN_RESP, second + 100),
        (1, END_RESP, second + 107),
    ]
    assert initiator.ended == [COMPLETED, COMPLETED]
    assert initiator.values == [1]
    assert {payload.response_status for payload in initiator.payloads} == {OK}


class Recording(AtInitiator):
    """Keeps what BEGIN_REQ returned and what came back, as they came: (phase, time, delay)."""

    def __init__(self, *args, answer=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.answer, self.accepted, self.came = answer, [], []

    def take(self, payload, sync, phase, delay):
        self.accepted.append((sync, in_ns(self.now)))
        super().take(payload, sync, phase, delay)

    def nb_transport_bw(self, payload, phase, delay):
        self.came.append((self.number(payload), phase, in_ns(self.now), in_ns(delay)))
        if self.answer is None:
            return super().nb_transport_bw(payload, phase, delay)
        self.note(payload, phase)
        sync, answered, delay_ns = self.answer
        later(self.env, delay_ns * FS_PER_NS, self.complete, payload)
        return sync, answered, delay_ns * FS_PER_NS


@pytest.mark.parametrize("kind", BLOCKING)
def test_begin_req_is_accepted_and_begin_resp_has_no_delay(kind):
    env = simpy.Environment()
    initiator = Recording(env, "initiator", [write_word(0, 1)], start_ns=2, delay_ns=3)
    initiator.port >> kind(env, "target").port
    env.run()
    assert initiator.accepted == [(ACCEPTED, 2)]
    assert initiator.came == [(0, BEGIN_RESP, 15, 0)]


@pytest.mark.parametrize("kind", BLOCKING)
def test_with_delays_of_0_the_response_comes_in_the_same_instant_but_not_inside_the_call(kind):
    env, order = simpy.Environment(), []

    class Watching(AtInitiator):
        def send(self):
            super().send()
            order.append("sent")

        def nb_transport_bw(self, payload, phase, delay):
            order.append(phase)
            assert in_ns(self.now) == 0
            self.complete(payload)
            return COMPLETED, phase, delay

    initiator, target = Watching(env, "initiator", [write_word(0, 1)]), kind(env, "target", write_ns=0)
    initiator.port >> target.port
    env.run()
    assert order[:2] == ["sent", BEGIN_RESP]
    assert initiator.ok_times == [0]


@pytest.mark.parametrize(
    ("answer", "responses", "oks"),
    [
        ((COMPLETED, BEGIN_RESP, 0), [100, 100, 100], [100, 100, 100]),
        ((COMPLETED, BEGIN_RESP, 4), [100, 104, 108], [104, 108, 112]),
        ((UPDATED, END_RESP, 4), [100, 104, 108], [104, 108, 112]),
        (None, [100, 107, 114], [107, 114, 121]),
    ],
)
def test_one_response_is_open_at_a_time(answer, responses, oks):
    """Three requests at once, all served by 100: what the initiator answers to BEGIN_RESP lets the next one out."""
    env = simpy.Environment()
    initiator = Eager(env, "initiator", [read_word(4 * k) for k in range(3)], outstanding=3, answer=answer)
    target = WaitingLtTarget(env, "target")
    initiator.port >> target.port
    env.run()
    assert target.received == [(0, 0)] * 3
    assert [time for _, phase, time, _ in initiator.came if phase == BEGIN_RESP] == responses
    assert initiator.ok_times == oks


class Eager(Recording):
    """Takes ACCEPTED for the end of the request, as sloppy models do: a checker would refuse it, the adapter copes."""

    def take(self, payload, sync, phase, delay):
        super().take(payload, sync, phase, delay)
        self.free_request(payload)


def test_responses_leave_in_the_order_in_which_they_are_ready():
    env = simpy.Environment()

    class Uneven(WaitingLtTarget):
        def latency(self, payload):
            return FS_PER_NS * {0: 60, 4: 20, 8: 22, 12: 25}[payload.address]

    initiator = Eager(env, "initiator", [write_word(4 * k, k) for k in range(4)], outstanding=4)
    initiator.port >> Uneven(env, "target").port
    env.run()
    responses = [(number, time) for number, _, time, _ in initiator.came]
    assert responses == [(1, 20), (2, 27), (3, 34), (0, 60)]
    assert initiator.ended == [COMPLETED] * 4


def test_a_hundred_transactions_inside_at_once():
    env = simpy.Environment()
    count = 100
    initiator = Eager(env, "initiator", [write_word(4 * k, k) for k in range(count)], outstanding=count, end_ns=1)
    target = WaitingLtTarget(env, "target")
    initiator.port >> target.port
    env.run()
    assert initiator.ok_times == [11 + k for k in range(count)]
    assert bytes(target.words.bytes[4 * 99 : 4 * 99 + 1]) == b"\x63"


def test_a_response_that_is_never_ended_holds_the_others_for_ever():
    env = simpy.Environment()

    class Refusing(Eager):
        def end_response(self, payload):
            """Never ends it."""

    initiator = Refusing(env, "initiator", [write_word(4 * k, k) for k in range(3)], outstanding=3)
    initiator.port >> WaitingLtTarget(env, "target").port
    env.run()
    assert [number for number, _, _, _ in initiator.came] == [0]
    assert initiator.ok == {}


class Holding(Module):
    """Sends `count` requests at once; ends the first response at 50, all others at once."""

    def __init__(self, parent, name, count):
        super().__init__(parent, name)
        self.payloads = [write_word(0, k) for k in range(count)]
        self.ended, self.completed = [], []
        self.port = InitiatorSocket(self, "port", self.nb_transport_bw)
        self.process(self.run)

    def run(self):
        for payload in self.payloads:
            assert self.port.nb_transport_fw(payload, BEGIN_REQ, 0)[0] == ACCEPTED
        yield self.env.timeout(50 * FS_PER_NS)
        self.ended.append(self.port.nb_transport_fw(self.payloads[0], END_RESP, 0)[0])

    def nb_transport_bw(self, payload, phase, delay):
        if payload is self.payloads[0]:
            return ACCEPTED, phase, delay
        self.completed.append((payload.data[0], in_ns(self.now)))
        return COMPLETED, phase, delay


@pytest.mark.parametrize("count", [3, 3000])
def test_many_responses_that_waited_leave_one_after_another(count):
    env = simpy.Environment()
    initiator, target = Holding(env, "initiator", count), LtTarget(env, "target")
    initiator.port >> target.port
    env.run()
    assert initiator.ended == [COMPLETED]
    assert initiator.completed == [(k % 256, 50) for k in range(1, count)]


def test_the_next_request_goes_with_the_response_and_its_own_response_waits_for_the_end(connect):
    """Nothing against the protocol: BEGIN_RESP ends the request, END_RESP comes 50 later."""
    env = simpy.Environment()
    initiator = AtInitiator(env, "initiator", [write_word(4 * k, k) for k in range(3)], outstanding=2, end_ns=50)
    target = WaitingLtTarget(env, "target")
    connect(initiator, target)
    env.run()
    # The third request waits for the first transaction's end; its response for the second's.
    assert initiator.times_of(BEGIN_REQ) == [0, 10, 60]
    assert initiator.times_of(BEGIN_RESP) == [10, 60, 110]
    assert initiator.ok_times == [60, 110, 160]
    assert target.received == [(0, 0), (10, 0), (60, 0)]


def test_an_error_status_comes_back_with_the_response():
    env = simpy.Environment()

    class Refusing(LtTarget):
        def b_transport(self, payload, delay):
            payload.response_status = ADDRESS_ERROR
            return delay

    initiator = AtInitiator(env, "initiator", [write_word(0, 1)])
    initiator.port >> Refusing(env, "target").port
    env.run()
    assert initiator.payloads[0].response_status == ADDRESS_ERROR
    assert initiator.ok_times == [7]


@pytest.mark.parametrize("kind", [LtTarget, WaitingLtTarget])
def test_what_a_blocking_target_raises_for_a_non_blocking_caller_ends_the_run(kind):
    env = simpy.Environment()

    class Raising(kind):
        def latency(self, payload):
            raise LookupError("no such row")

    initiator = AtInitiator(env, "initiator", [write_word(0, 1)], start_ns=4)
    initiator.port >> Raising(env, "target").port
    with pytest.raises(LookupError, match="no such row"):
        env.run()
    assert in_ns(env.now) == 4


@pytest.mark.parametrize("phase", [END_REQ, BEGIN_RESP])
def test_an_illegal_forward_phase_names_the_target(phase):
    env = simpy.Environment()

    class Wrong(AtInitiator):
        def run(self):
            yield self.env.timeout(4 * FS_PER_NS)
            self.port.nb_transport_fw(self.payloads[0], phase, 0)

    initiator, target = Wrong(env, "initiator", [write_word(0, 1)]), LtTarget(env, "target")
    initiator.port >> target.port
    with pytest.raises(ProtocolError, match=r"target\.port") as error:
        env.run()
    assert "4000000" in str(error.value)


def test_an_extended_phase_to_a_blocking_target_is_accepted():
    env, mine, results = simpy.Environment(), ExtendedPhase("mine"), []

    class Extended(AtInitiator):
        def run(self):
            yield from super().run()
            yield self.env.timeout(FS_PER_NS)
            results.append(self.port.nb_transport_fw(self.payloads[0], mine, 0)[0])

    initiator = Extended(env, "initiator", [write_word(0, 1)])
    initiator.port >> LtTarget(env, "target").port
    env.run()
    assert results == [ACCEPTED]
    assert initiator.ok_times == [17]


def test_several_non_blocking_initiators_on_one_blocking_multi_socket_are_answered_apart():
    env, indices = simpy.Environment(), []

    class Multi(WaitingLtTarget):
        def __init__(self, parent, name):
            super().__init__(parent, name)
            self.multi = MultiTargetSocket(self, "multi", self.b_transport_of)

        def b_transport_of(self, index, payload, delay):
            indices.append(index)
            return (yield from self.b_transport(payload, delay))

    target = Multi(env, "target")
    initiators = [
        AtInitiator(env, f"i{k}", [write_word(8 * k, k), read_word(8 * k)], delay_ns=k, end_ns=k) for k in range(3)
    ]
    for initiator in initiators:
        initiator.port >> target.multi
    env.run()
    assert [initiator.times_of(BEGIN_RESP) for initiator in initiators] == [[10, 110], [11, 113], [12, 116]]
    assert [initiator.values for initiator in initiators] == [[0], [1], [2]]
    assert sorted(indices) == [0, 0, 1, 1, 2, 2]


def test_several_non_blocking_initiators_on_one_blocking_socket_are_answered_apart():
    env = simpy.Environment()
    target = WaitingLtTarget(env, "target")
    initiators = [AtInitiator(env, f"i{k}", [write_word(8 * k, k), read_word(8 * k)], delay_ns=k) for k in range(3)]
    for initiator in initiators:
        initiator.port >> target.port
    env.run()
    assert [initiator.times_of(BEGIN_RESP) for initiator in initiators] == [[10, 117], [11, 119], [12, 121]]
    assert [initiator.values for initiator in initiators] == [[0], [1], [2]]


# --- both adapters, and what stands between --------------------------------------------------------------------------


class NonBlockingOnly(Module):
    """Hands on non-blocking calls; a blocking caller and a blocking target both need an adapter."""

    def __init__(self, parent, name):
        super().__init__(parent, name)
        self.inputs = MultiTargetSocket(self, "inputs", nb_transport_fw=self.nb_transport_fw)
        self.outputs = MultiInitiatorSocket(self, "outputs", self.nb_transport_bw)

    def nb_transport_fw(self, index, payload, phase, delay):
        return self.outputs[index].nb_transport_fw(payload, phase, delay)

    def nb_transport_bw(self, index, payload, phase, delay):
        return self.inputs[index].nb_transport_bw(payload, phase, delay)


class BlockingOnly(Module):
    """Hands on blocking calls."""

    def __init__(self, parent, name):
        super().__init__(parent, name)
        self.inputs = MultiTargetSocket(self, "inputs", self.b_transport)
        self.outputs = MultiInitiatorSocket(self, "outputs")

    def b_transport(self, index, payload, delay):
        return (yield from self.outputs[index].b_transport(payload, delay))


@pytest.mark.parametrize("kind", BLOCKING)
def test_blocking_initiator_non_blocking_bus_blocking_target(kind):
    env = simpy.Environment()
    bus = NonBlockingOnly(env, "bus")
    initiators = [LtInitiator(env, f"i{k}", writes_then_reads(3), delay_ns=k) for k in range(2)]
    for k, initiator in enumerate(initiators):
        initiator.port >> bus.inputs
        bus.outputs >> kind(env, f"t{k}").port
    env.run()
    assert initiators[0].returned == [(time, 0) for time in (10, 20, 30, 130, 230, 330)]
    assert initiators[1].returned == [(time, 0) for time in (11, 22, 33, 134, 235, 336)]
    assert [initiator.values for initiator in initiators] == [[0, 1, 2]] * 2


def test_non_blocking_initiator_blocking_bus_non_blocking_target():
    env = simpy.Environment()
    bus = BlockingOnly(env, "bus")
    initiator = AtInitiator(env, "initiator", [write_word(0, 5), read_word(0)], delay_ns=2)
    target = ScriptedTarget(env, "target", calls=[(END_REQ, 5), (BEGIN_RESP, 20)])
    initiator.port >> bus.inputs
    bus.outputs >> target.port
    env.run()
    assert initiator.log[:3] == [(0, BEGIN_REQ, 0), (0, BEGIN_RESP, 22), (0, END_RESP, 29)]
    assert initiator.ok_times == [29, 58]
    assert target.received == [(BEGIN_REQ, 2, 0), (BEGIN_REQ, 31, 0)]
    assert target.sent[1] == (BEGIN_RESP, 22, COMPLETED)
    assert initiator.values == [5]


def test_a_chain_that_changes_kind_four_times():
    env = simpy.Environment()
    initiator, target = LtInitiator(env, "initiator", writes_then_reads(2), delay_ns=1), LtTarget(env, "target")
    chain = [kind(env, f"bus{k}") for k, kind in enumerate([NonBlockingOnly, BlockingOnly] * 2)]
    port = initiator.port
    for bus in chain:
        port >> bus.inputs
        port = bus.outputs
    port >> target.port
    env.run()
    assert initiator.returned == [(time, 0) for time in (11, 22, 123, 224)]
    assert target.received == [(1, 0), (12, 0), (23, 0), (124, 0)]
    assert initiator.values == [0, 1]


@pytest.mark.parametrize("depth", [1, 3])
def test_adapters_inside_wrappers(depth):
    env = simpy.Environment()

    def blocking(parent, name):
        return LtInitiator(parent, name, [write_word(0, 1)], start_ns=100, delay_ns=7)

    def scripted(parent, name):
        return ScriptedTarget(parent, name, (UPDATED, BEGIN_RESP, 15))

    initiators = wrapped(InitiatorWrapper, depth, blocking)(env, "initiators")
    targets = wrapped(TargetWrapper, depth, scripted)(env, "targets")
    initiators.port >> targets.port
    non_blocking = wrapped(InitiatorWrapper, depth, lambda p, n: AtInitiator(p, n, [write_word(0, 1)]))(env, "at")
    blocking_target = wrapped(TargetWrapper, depth, WaitingLtTarget)(env, "lt")
    non_blocking.port >> blocking_target.port
    env.run()
    assert innermost(initiators).returned == [(122, 0)]
    assert innermost(targets).received == [(BEGIN_REQ, 107, 0), (END_RESP, 122, 0)]
    assert innermost(non_blocking).times_of(BEGIN_RESP) == [10]


def test_a_target_with_both_functions_needs_no_adapter():
    env = simpy.Environment()

    class Both(ScriptedTarget):
        def __init__(self, parent, name):
            super().__init__(parent, name, calls=[(END_REQ, 5), (BEGIN_RESP, 20)])
            self.port.register_b_transport(self.b_transport)

        def b_transport(self, payload, delay):
            self.words.execute(payload)
            return delay + 99 * FS_PER_NS

    router, target = PassThrough(env, "through"), Both(env, "target")
    blocking = LtInitiator(env, "blocking", [write_word(0, 1)])
    blocking.port >> router.inputs
    router.outputs >> target.port
    env.run()
    assert blocking.returned == [(0, 99)]
    assert target.received == []


# --- nobody to answer ------------------------------------------------------------------------------------------------

ANY_ERROR = (RuntimeError, ValueError, TransportError)


def test_a_target_without_any_transport_function_is_an_error_with_its_full_name():
    for call in ("b", "nb"):
        env = simpy.Environment()
        soc = Module(env, "soc")
        kind = LtInitiator if call == "b" else AtInitiator
        initiator, target = kind(env, "initiator", [write_word(0, 1)]), Module(soc, "target")
        initiator.port >> TargetSocket(target, "port")
        with pytest.raises(ANY_ERROR, match=r"soc\.target\.port.* no .*blocking.*transport callback registered"):
            env.run()


def test_a_call_back_to_an_initiator_without_the_function_names_the_initiator():
    env = simpy.Environment()
    initiator, target = LtInitiator(Module(env, "soc"), "initiator"), ScriptedTarget(env, "target")
    initiator.port >> target.port
    env.run()
    with pytest.raises(ANY_ERROR, match=r"soc\.initiator\.port.* no .*nb_transport_bw.* registered"):
        target.port.nb_transport_bw(write_word(0, 1), END_REQ, 0)


def test_a_non_blocking_request_of_an_initiator_that_cannot_be_called_back_names_it():
    env = simpy.Environment()

    class Deaf(LtInitiator):
        def run(self):
            self.port.nb_transport_fw(self.payloads[0], BEGIN_REQ, 0)
            yield self.env.timeout(0)

    initiator, target = Deaf(Module(env, "soc"), "initiator", [write_word(0, 1)]), LtTarget(env, "target")
    initiator.port >> target.port
    with pytest.raises(ANY_ERROR, match=r"soc\.initiator\.port.* no .*nb_transport_bw.* registered"):
        env.run()
