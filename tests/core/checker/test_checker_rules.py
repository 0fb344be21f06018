"""The protocol checker: each rule broken in one way, and what is free."""

from __future__ import annotations

import pytest
from checked import MINE, Pair, alive, all_came, answered, read, write

from tlm.core import (
    ACCEPTED,
    BEGIN_REQ,
    BEGIN_RESP,
    COMPLETED,
    END_REQ,
    END_RESP,
    GENERIC_ERROR,
    IGNORE,
    INCOMPLETE,
    READ,
    UPDATED,
    WRITE,
    Access,
    Dmi,
    Payload,
    Phase,
    ProtocolError,
)

# --- one way to break each rule --------------------------------------------------------------------------------------

BROKEN = []


def breaks(rule, message, by="cpu.out"):
    """A sequence whose last call breaks `rule`; `by` is who did, and `message` what is said of it."""

    def note(sequence):
        BROKEN.append(pytest.param(rule, message, by, sequence, id=sequence.__name__))
        return sequence

    return note


@breaks("legal phases", "UNINITIALIZED_PHASE of READ 0x1000 (4 B) on the forward path")
def no_phase_forward(pair):
    pair.fw(read(), Phase.UNINITIALIZED_PHASE)


@breaks("legal phases", "BEGIN_RESP of READ 0x1000 (4 B) on the forward path")
def begin_resp_forward(pair):
    payload = read()
    pair.fw(payload, BEGIN_REQ)
    pair.fw(payload, BEGIN_RESP)


@breaks("legal phases", "END_RESP of READ 0x1000 (4 B) on the backward path", by="ram.port")
def end_resp_backward(pair):
    payload = read()
    pair.fw(payload, BEGIN_REQ)
    pair.bw(answered(payload), BEGIN_RESP)
    pair.bw(payload, END_RESP)


@breaks("legal phases", "UNINITIALIZED_PHASE of READ 0x1000 (4 B) on the backward path", by="ram.port")
def no_phase_backward(pair):
    payload = read()
    pair.fw(payload, BEGIN_REQ)
    pair.bw(payload, Phase.UNINITIALIZED_PHASE)


@breaks("legal returns", "UPDATED to BEGIN_REQ in answer to BEGIN_REQ", by="ram.port")
def begin_req_updated_to_itself(pair):
    pair.fw(read(), BEGIN_REQ, answer=(UPDATED, BEGIN_REQ, 0))


@breaks("legal returns", "UPDATED to END_RESP in answer to BEGIN_REQ", by="ram.port")
def begin_req_updated_to_end_resp(pair):
    pair.fw(read(), BEGIN_REQ, answer=(UPDATED, END_RESP, 0))


@breaks("legal returns", "COMPLETED in answer to END_REQ")
def end_req_completed(pair):
    payload = read()
    pair.fw(payload, BEGIN_REQ)
    pair.bw(payload, END_REQ, answer=(COMPLETED, END_REQ, 0))


@breaks("legal returns", "UPDATED to END_RESP in answer to END_REQ")
def end_req_updated(pair):
    payload = read()
    pair.fw(payload, BEGIN_REQ)
    pair.bw(payload, END_REQ, answer=(UPDATED, END_RESP, 0))


@breaks("legal returns", "UPDATED to END_REQ in answer to BEGIN_RESP")
def begin_resp_updated_to_end_req(pair):
    payload = read()
    pair.fw(payload, BEGIN_REQ)
    pair.bw(answered(payload), BEGIN_RESP, answer=(UPDATED, END_REQ, 0))


@breaks("legal returns", "UPDATED to END_RESP in answer to END_RESP", by="ram.port")
def end_resp_updated(pair):
    payload = read()
    pair.fw(payload, BEGIN_REQ)
    pair.bw(answered(payload), BEGIN_RESP)
    pair.fw(payload, END_RESP, answer=(UPDATED, END_RESP, 0))


@breaks("legal returns", "UPDATED to MINE in answer to END_RESP", by="ram.port")
def end_resp_updated_to_an_extended_phase(pair):
    payload = read()
    pair.fw(payload, BEGIN_REQ)
    pair.bw(answered(payload), BEGIN_RESP)
    pair.fw(payload, END_RESP, answer=(UPDATED, MINE, 0))


@breaks("legal returns", "7 in answer to BEGIN_REQ", by="ram.port")
def an_answer_there_is_not(pair):
    pair.fw(read(), BEGIN_REQ, answer=(7, BEGIN_REQ, 0))


@breaks("legal returns", "COMPLETED in answer to MINE", by="ram.port")
def an_extended_phase_completes_what_is_not_alive(pair):
    pair.fw(read(), MINE, answer=(COMPLETED, MINE, 0))


@breaks("legal returns", "COMPLETED in answer to MINE")
def an_extended_phase_back_completes_what_is_not_alive(pair):
    pair.bw(read(), MINE, answer=(COMPLETED, MINE, 0))


@breaks("phase order", "END_REQ of READ 0x1000 (4 B): its last phase was END_REQ", by="ram.port")
def end_req_twice(pair):
    payload = read()
    pair.fw(payload, BEGIN_REQ, answer=(UPDATED, END_REQ, 0))
    pair.bw(payload, END_REQ)


@breaks("phase order", "END_REQ of READ 0x1000 (4 B): its last phase was BEGIN_RESP", by="ram.port")
def end_req_after_begin_resp(pair):
    payload = read()
    pair.fw(payload, BEGIN_REQ)
    pair.bw(answered(payload), BEGIN_RESP)
    pair.bw(payload, END_REQ)


@breaks("phase order", "BEGIN_RESP of READ 0x1000 (4 B): its last phase was BEGIN_RESP", by="ram.port")
def begin_resp_twice(pair):
    payload = read()
    pair.fw(payload, BEGIN_REQ)
    pair.bw(answered(payload), BEGIN_RESP)
    pair.bw(payload, BEGIN_RESP)


@breaks("phase order", "END_RESP of READ 0x1000 (4 B): its last phase was BEGIN_REQ")
def end_resp_before_begin_resp(pair):
    payload = read()
    pair.fw(payload, BEGIN_REQ)
    pair.fw(payload, END_RESP)


@breaks("phase order", "END_RESP of READ 0x1000 (4 B), which is not alive")
def end_resp_after_completed(pair):
    payload = read()
    pair.fw(payload, BEGIN_REQ)
    pair.bw(answered(payload), BEGIN_RESP, answer=(COMPLETED, BEGIN_RESP, 0))
    pair.fw(payload, END_RESP)


@breaks("phase order", "END_REQ of READ 0x1000 (4 B): its last phase was END_REQ", by="ram.port")
def end_req_by_a_call_and_a_return(pair):
    payload = read()
    pair.fw(payload, BEGIN_REQ, answer=(UPDATED, END_REQ, 0), during=lambda: pair.bw(payload, END_REQ))


@breaks("phase order", "COMPLETED of READ 0x1000 (4 B): its last phase was BEGIN_RESP", by="ram.port")
def completed_after_begin_resp(pair):
    payload = read()
    pair.fw(payload, BEGIN_REQ, answer=(COMPLETED, BEGIN_REQ, 0), during=lambda: pair.bw(answered(payload), BEGIN_RESP))


@breaks("phase order", "END_RESP of READ 0x1000 (4 B): it is over")
def end_resp_by_a_call_and_a_return(pair):
    payload = read()
    pair.fw(payload, BEGIN_REQ)
    pair.bw(answered(payload), BEGIN_RESP, answer=(UPDATED, END_RESP, 0), during=lambda: pair.fw(payload, END_RESP))


@breaks("request exclusion", "BEGIN_REQ of READ 0x2000 (4 B) while the request of READ 0x1000 (4 B) has not ended")
def a_second_request(pair):
    pair.fw(read(0x1000), BEGIN_REQ)
    pair.fw(read(0x2000), BEGIN_REQ)


@breaks("request exclusion", "BEGIN_REQ of READ 0x3000 (4 B) while the request of READ 0x2000 (4 B) has not ended")
def a_second_request_though_the_first_has_its_response(pair):
    first = read()
    pair.fw(first, BEGIN_REQ, answer=(UPDATED, END_REQ, 0))
    pair.fw(read(0x2000), BEGIN_REQ)
    pair.bw(answered(first), BEGIN_RESP)
    pair.fw(read(0x3000), BEGIN_REQ)


@breaks(
    "response exclusion",
    "BEGIN_RESP of READ 0x2000 (4 B) while the response of READ 0x1000 (4 B) has not ended",
    by="ram.port",
)
def a_second_response(pair):
    first, second = read(0x1000), read(0x2000)
    pair.fw(first, BEGIN_REQ, answer=(UPDATED, END_REQ, 0))
    pair.fw(second, BEGIN_REQ, answer=(UPDATED, END_REQ, 0))
    pair.bw(answered(first), BEGIN_RESP)
    pair.bw(answered(second), BEGIN_RESP)


@breaks(
    "response exclusion",
    "BEGIN_RESP of READ 0x2000 (4 B) while the response of READ 0x1000 (4 B) has not ended",
    by="ram.port",
)
def a_second_response_by_a_return(pair):
    first, second = read(0x1000), read(0x2000)
    pair.fw(first, BEGIN_REQ)
    pair.bw(answered(first), BEGIN_RESP)
    pair.fw(second, BEGIN_REQ, answer=(UPDATED, BEGIN_RESP, 0))


@breaks("time order", "effective at 5 fs by a delay of 0 fs, at 10 fs before that", by="ram.port")
def a_response_before_its_request(pair):
    payload = read()
    pair.fw(payload, BEGIN_REQ, 10)
    pair.at(5)
    pair.bw(answered(payload), BEGIN_RESP, 0)


@breaks("time order", "effective at 9 fs by a delay of 9 fs, at 10 fs before that", by="ram.port")
def a_return_before_its_call(pair):
    pair.fw(read(), BEGIN_REQ, 10, answer=(UPDATED, END_REQ, 9))


@breaks("time order", "effective at 9 fs by a delay of 9 fs, at 10 fs before that", by="ram.port")
def completed_before_its_call(pair):
    pair.fw(read(), BEGIN_REQ, 10, answer=(COMPLETED, BEGIN_REQ, 9))


@breaks("time order", "effective at 9 fs by a delay of 9 fs, at 10 fs before that")
def end_resp_returned_before_begin_resp(pair):
    payload = read()
    pair.fw(payload, BEGIN_REQ)
    pair.bw(answered(payload), BEGIN_RESP, 10, answer=(UPDATED, END_RESP, 9))


@breaks("time order", "effective at 9 fs by a delay of 9 fs, at 10 fs before that", by="ram.port")
def end_resp_completed_before_its_call(pair):
    payload = read()
    pair.fw(payload, BEGIN_REQ)
    pair.bw(answered(payload), BEGIN_RESP)
    pair.fw(payload, END_RESP, 10, answer=(COMPLETED, END_RESP, 9))


@breaks("time order", "effective at 0 fs by a delay of 0 fs, at 10 fs before that")
def an_extended_phase_before_its_request(pair):
    payload = read()
    pair.fw(payload, BEGIN_REQ, 10)
    pair.fw(payload, MINE, 0)


@breaks("delay", "a delay of -1; it must be a whole number of fs, 0 or more")
def a_negative_delay(pair):
    pair.fw(read(), BEGIN_REQ, -1)


@breaks("delay", "a delay of 1.5; it must be a whole number of fs, 0 or more")
def a_fraction_of_a_femtosecond(pair):
    pair.fw(read(), BEGIN_REQ, 1.5)


@breaks("delay", "a delay of None; it must be a whole number of fs, 0 or more", by="ram.port")
def no_delay_at_all(pair):
    pair.fw(read(), BEGIN_REQ, answer=(UPDATED, END_REQ, None))


@breaks("delay", "b_transport returned a delay of 6 fs, where 7 fs remain of the one given", by="ram.port")
def less_is_left_than_remains(pair):
    pair.b(read(), 10, left=6, wait=3)


@breaks("delay", "b_transport returned -1, which is no delay in fs", by="ram.port")
def less_than_nothing_is_left(pair):
    pair.b(read(), 10, left=-1, wait=20)


@breaks("delay", "b_transport returned 'late', which is no delay in fs", by="ram.port")
def what_is_left_is_no_delay(pair):
    pair.b(read(), 10, left="late")


@breaks("one kind of transport", "b_transport of READ 0x1000 (4 B) while it is alive: its last phase was BEGIN_REQ")
def blocking_inside_non_blocking(pair):
    payload = read()
    pair.fw(payload, BEGIN_REQ)
    pair.b(payload)


@breaks("one kind of transport", "BEGIN_REQ of READ 0x1000 (4 B) while it is alive: it is in b_transport")
def non_blocking_inside_blocking(pair):
    payload = read()
    pair.b(payload, during=lambda: pair.fw(payload, BEGIN_REQ))


@breaks("one kind of transport", "BEGIN_RESP of READ 0x1000 (4 B): it is in b_transport", by="ram.port")
def a_call_back_inside_blocking(pair):
    payload = read()
    pair.b(payload, during=lambda: pair.bw(answered(payload), BEGIN_RESP))


@breaks("one kind of transport", "END_RESP of READ 0x1000 (4 B): it is in b_transport")
def end_resp_inside_blocking(pair):
    payload = read()
    pair.b(payload, during=lambda: pair.fw(payload, END_RESP))


@breaks("reuse", "BEGIN_REQ of READ 0x1000 (4 B) while it is alive: its last phase was END_REQ")
def sent_again_while_alive(pair):
    payload = read()
    pair.fw(payload, BEGIN_REQ, answer=(UPDATED, END_REQ, 0))
    pair.fw(payload, BEGIN_REQ)


@breaks("reuse", "b_transport of READ 0x1000 (4 B) while it is alive: it is in b_transport")
def sent_twice_by_blocking_calls(pair):
    payload = read()
    for _ in range(2):
        pair.env.process(pair.out.b_transport(payload, 0))
    pair.answer, pair.wait, pair.during = 0, 5, lambda: None
    pair.env.run()


@breaks("response path", "BEGIN_RESP of READ 0x1000 (4 B), which is not alive", by="ram.port")
def a_response_without_a_request(pair):
    pair.bw(answered(read()), BEGIN_RESP)


@breaks("response path", "END_REQ of READ 0x1000 (4 B), which is not alive", by="ram.port")
def end_req_after_it_is_over(pair):
    payload = read()
    pair.fw(payload, BEGIN_REQ, answer=(COMPLETED, BEGIN_REQ, 0))
    pair.bw(payload, END_REQ)


@breaks("status", "the status went from INCOMPLETE to OK before its response")
def a_status_by_the_initiator(pair):
    payload = read()
    pair.fw(payload, BEGIN_REQ)
    pair.bw(payload, END_REQ, during=lambda: answered(payload))


@breaks("status", "the status went from OK to GENERIC_ERROR after its response began")
def a_status_after_the_response_began(pair):
    payload = read()
    pair.fw(payload, BEGIN_REQ)
    pair.bw(answered(payload), BEGIN_RESP)
    pair.fw(answered(payload, GENERIC_ERROR), END_RESP)


@breaks(
    "result", "a non-blocking call returned None; it must not wait, and returns (sync, phase, delay)", by="ram.port"
)
def nothing_is_returned(pair):
    pair.fw(read(), BEGIN_REQ, answer=None)


@breaks("result", "a non-blocking call returned (<Sync.ACCEPTED: 0>, 0); it must not wait")
def two_values_are_returned(pair):
    payload = read()
    pair.fw(payload, BEGIN_REQ)
    pair.bw(payload, END_REQ, answer=(ACCEPTED, 0))


@breaks("debug", "transport_dbg returned 5", by="ram.port")
def more_bytes_than_were_asked_for(pair):
    pair.debug(read(), 5)


@breaks("debug", "transport_dbg returned -1", by="ram.port")
def fewer_bytes_than_none(pair):
    pair.debug(read(), -1)


@breaks("debug", "transport_dbg returned None", by="ram.port")
def no_count(pair):
    pair.debug(read(), None)


@breaks("payload", "it has no data")
def debug_without_data(pair):
    pair.debug(Payload(READ, 0, None, 4), 4)


@breaks("payload", "its length is -1")
def debug_of_less_than_nothing(pair):
    pair.debug(Payload(READ, 0, None, -1), 0)


@breaks("payload", "its command is 9, which there is not")
def debug_without_a_command(pair):
    payload = read()
    payload.command = 9
    pair.debug(payload, 4)


@breaks("DMI", "the answer is for 0x10 to 0xf", by="ram.port")
def a_range_that_ends_before_it_begins(pair):
    pair.dmi(read(), Dmi(0x10, 0xF, None, Access.READ))


@breaks("DMI", "the answer is for 0x-1 to 0xf", by="ram.port")
def a_range_that_begins_before_0(pair):
    pair.dmi(read(), Dmi(-1, 0xF))


@breaks("DMI", "the latencies are 0 and -5 fs", by="ram.port")
def a_negative_latency(pair):
    pair.dmi(read(), Dmi(0, 0xF, None, Access.WRITE, 0, -5))


@breaks("DMI", "8 B are lent for 0x0 to 0xf, 16 B", by="ram.port")
def less_memory_than_the_range(pair):
    pair.dmi(read(), Dmi(0, 0xF, memoryview(bytes(8)), Access.READ))


@breaks("DMI", "the answer is False, which is no Dmi", by="ram.port")
def no_dmi_at_all(pair):
    pair.dmi(read(), False)


@breaks("DMI", "invalidate_direct_mem_ptr of 0x10 to 0xf", by="ram.port")
def an_invalid_invalidation(pair):
    pair.port.invalidate_direct_mem_ptr(0x10, 0xF)


@pytest.mark.parametrize(("rule", "message", "by", "sequence"), BROKEN)
def test_a_broken_rule_is_named(rule, message, by, sequence):
    pair = Pair()
    with pytest.raises(ProtocolError) as raised:
        sequence(pair)
    error = raised.value
    assert (error.rule, error.socket, error.time_fs) == (rule, by, pair.env.now)
    assert message in str(error)
    assert str(error).endswith("on cpu.out -> ram.port")


@pytest.mark.parametrize(("rule", "message", "by", "sequence"), BROKEN)
def test_without_a_checker_nobody_looks(rule, message, by, sequence):
    pair = Pair(check=False)
    sequence(pair)
    assert pair.came >= pair.sent


UNREADY = {
    "status": (answered, "its status is OK when it is sent, not INCOMPLETE", "14.17 e"),
    "dmi_allowed": (lambda payload: setattr(payload, "dmi_allowed", True), "its dmi_allowed is True", "14.16"),
    "command": (lambda payload: setattr(payload, "command", 7), "its command is 7, which there is not", None),
    "length": (lambda payload: setattr(payload, "data_length", 0), "its length is 0", "14.12 d"),
    "negative length": (lambda payload: setattr(payload, "data_length", -4), "its length is -4", "14.12 d"),
    "width": (lambda payload: setattr(payload, "streaming_width", 0), "its streaming width is 0", "14.15 f"),
    "mask": (lambda payload: setattr(payload, "byte_enable", b""), "its byte enable mask is empty", "14.14 f"),
    "short data": (lambda payload: setattr(payload, "data_length", 5), "its data have 4 B, its length is 5", None),
    "no buffer": (lambda payload: setattr(payload, "data", [0] * 4), "its data are of type list", None),
    "constant data": (lambda payload: setattr(payload, "data", bytes(4)), "its data cannot be written", None),
}


@pytest.mark.parametrize("send", [lambda pair, payload: pair.fw(payload, BEGIN_REQ), Pair.b], ids=["nb", "b"])
@pytest.mark.parametrize(("spoil", "message", "clause"), UNREADY.values(), ids=UNREADY)
def test_a_payload_is_ready_when_it_is_sent(spoil, message, clause, send):
    pair, payload = Pair(), read()
    spoil(payload)
    with pytest.raises(ProtocolError) as raised:
        send(pair, payload)
    assert (raised.value.rule, raised.value.clause) == ("payload", clause)
    assert message in str(raised.value)


READY = {
    "ignore": Payload(IGNORE, 0x1000),
    "timing only": Payload(READ, 0x1000, None, 64),
    "plain number": Payload(int(READ), 0x1000, bytearray(4)),
    "constant data of a write": Payload(WRITE, 0x1000, b"abcd"),
    "more data than length": Payload(READ, 0x1000, bytearray(8), 4),
    "a view": Payload(READ, 0x1000, memoryview(bytearray(8))[2:6]),
    "wide words": Payload(WRITE, 0x1000, memoryview(bytearray(8)).cast("I"), 8, 8),
    "every other byte": Payload(WRITE, 0x1000, memoryview(bytearray(8))[::2], 4),
}


@pytest.mark.parametrize("payload", READY.values(), ids=READY)
def test_payloads_of_every_kind_are_sent_by_either_transport(payload):
    pair = Pair()
    for _ in range(2):
        answered(payload, INCOMPLETE)
        pair.fw(payload, BEGIN_REQ)
        pair.bw(answered(payload), BEGIN_RESP, answer=(COMPLETED, BEGIN_RESP, 0))
        pair.b(answered(payload, INCOMPLETE), during=lambda: answered(payload))
    assert (alive(pair.out.hops[0]), pair.came) == ([], 6)


CHANGES = {
    "command": (write, lambda payload: setattr(payload, "command", READ), "command went from WRITE to READ"),
    "length": (read, lambda payload: setattr(payload, "data_length", 2), "data_length went from 4 to 2"),
    "width": (read, lambda payload: setattr(payload, "streaming_width", 2), "streaming_width went from 4 to 2"),
    "mask": (read, lambda payload: setattr(payload, "byte_enable", b"\1"), "byte_enable went from None to b'\\x01'"),
    "data": (read, lambda payload: setattr(payload, "data", bytearray(4)), "data was replaced by another object"),
    "written bytes": (write, lambda payload: payload.data.reverse(), "bytes of data were changed during the life"),
    "written view": (
        lambda: Payload(WRITE, 0, memoryview(bytearray(4))),
        lambda payload: payload.data.__setitem__(3, 1),
        "bytes of data were changed during the life",
    ),
    "first of more": (
        lambda: Payload(WRITE, 0, bytearray(8), 4),
        lambda payload: payload.data.__setitem__(3, 1),
        "bytes of data were changed during the life",
    ),
}


def by_target(pair, payload, change):
    pair.fw(payload, BEGIN_REQ, during=change)


def by_target_later(pair, payload, change):
    pair.fw(payload, BEGIN_REQ)
    change()
    pair.bw(payload, END_REQ)


def by_target_in_its_response(pair, payload, change):
    pair.fw(payload, BEGIN_REQ, answer=(UPDATED, END_REQ, 0))
    change()
    pair.bw(answered(payload), BEGIN_RESP)


def by_target_that_completes(pair, payload, change):
    pair.fw(payload, BEGIN_REQ, answer=(COMPLETED, BEGIN_REQ, 0), during=change)


def by_initiator(pair, payload, change):
    pair.fw(payload, BEGIN_REQ)
    pair.bw(payload, END_REQ, during=change)


def by_initiator_at_its_end(pair, payload, change):
    pair.fw(payload, BEGIN_REQ)
    pair.bw(answered(payload), BEGIN_RESP)
    change()
    pair.fw(payload, END_RESP)


def by_blocking_target(pair, payload, change):
    pair.b(payload, during=change)


CHANGED_BY = [
    (by_target, "ram.port"),
    (by_target_later, "ram.port"),
    (by_target_in_its_response, "ram.port"),
    (by_target_that_completes, "ram.port"),
    (by_initiator, "cpu.out"),
    (by_initiator_at_its_end, "cpu.out"),
    (by_blocking_target, "ram.port"),
]


@pytest.mark.parametrize(("sequence", "seen_at"), CHANGED_BY, ids=[sequence.__name__ for sequence, _ in CHANGED_BY])
@pytest.mark.parametrize(("make", "change", "message"), CHANGES.values(), ids=CHANGES)
def test_what_is_read_only_stays(make, change, message, sequence, seen_at):
    payload = make()
    with pytest.raises(ProtocolError) as raised:
        sequence(Pair(), payload, lambda: change(payload))
    assert (raised.value.rule, raised.value.clause, raised.value.socket) == ("read-only", "14.7", seen_at)
    assert message in str(raised.value)


FREE = {
    "address": (write, lambda payload: setattr(payload, "address", 4)),
    "data of a read": (read, lambda payload: payload.data.reverse()),
    "what lies behind the length": (
        lambda: Payload(WRITE, 0, bytearray(8), 4),
        lambda payload: payload.data.__setitem__(4, 1),
    ),
    "hint": (read, lambda payload: setattr(payload, "dmi_allowed", True)),
    "an equal number": (lambda: read(length=1000), lambda payload: setattr(payload, "data_length", int("1000"))),
    "an equal command": (read, lambda payload: setattr(payload, "command", 0)),
    "an equal status": (read, lambda payload: setattr(payload, "response_status", int(payload.response_status))),
}


@pytest.mark.parametrize("sequence", [sequence for sequence, _ in CHANGED_BY])
@pytest.mark.parametrize(("make", "change"), FREE.values(), ids=FREE)
def test_what_is_free_may_change(make, change, sequence):
    pair, payload = Pair(), make()
    sequence(pair, payload, lambda: change(payload))
    assert all_came(pair)


BY_TARGET = [by_target, by_target_later, by_target_in_its_response, by_target_that_completes, by_blocking_target]


@pytest.mark.parametrize("sequence", BY_TARGET)
def test_a_target_may_set_the_status_before_its_response(sequence):
    """As one does that moves the data when the request comes."""
    pair, payload = Pair(), read()
    sequence(pair, payload, lambda: answered(payload))
    assert all_came(pair)


@pytest.mark.parametrize("memory", [bytearray(16), memoryview(bytearray(16))])
def test_any_bytes_may_be_lent(memory):
    dmi = Dmi(0, 0xF, memory, Access.READ)
    assert Pair().dmi(read(), dmi) is dmi
