"""The non-blocking side of a DRAM, as far as the conformance cases T12 to T22 say something of such a target.

HBM2's clock is 1 ns: a read of a closed row is over 1 + nRCD 14 + nCL 14 + 2 after it was accepted.
"""

from __future__ import annotations

from collections import defaultdict, deque

import pytest
import simpy
from conformance.models import AtInitiator, in_ns, later
from hypothesis import given, settings
from hypothesis import strategies as st
from rules import broken_rules

from tlm.core import (
    ACCEPTED,
    ADDRESS_ERROR,
    BEGIN_REQ,
    BEGIN_RESP,
    BURST_ERROR,
    BYTE_ENABLE_ERROR,
    COMPLETED,
    END_REQ,
    END_RESP,
    FS_PER_NS,
    IGNORE,
    INCOMPLETE,
    OK,
    READ,
    UPDATED,
    WRITE,
    ExtendedPhase,
    InitiatorSocket,
    Module,
    Payload,
    ProtocolError,
    check_protocol,
)
from tlm.memory import Dram

CLOSED, HIT, CONFLICT = 1 + 14 + 14 + 2, 1 + 14 + 2, 1 + 14 + 14 + 14 + 2
CHANNEL, BANK, ROW = 1 << 11, 1 << 14, 1 << 18  # from an address to the same in another channel, bank, or row

GRANULARITIES = pytest.mark.parametrize("granularity", ["exact", "coarse"])


def read(address, length=64):
    return Payload(READ, address, bytearray(length))


def write(address, data=b"\x5a" * 64):
    return Payload(WRITE, address, data)


class Answering(AtInitiator):
    """Ends a response as `answers` say, one after the other, and by a call where they say None."""

    def __init__(self, parent, name, payloads, answers, **fields):
        super().__init__(parent, name, payloads, **fields)
        self.answers = deque(answers)

    def nb_transport_bw(self, payload, phase, delay):
        answer = self.answers.popleft() if phase == BEGIN_RESP and self.answers else None
        if answer is None:
            return super().nb_transport_bw(payload, phase, delay)
        self.note(payload, phase)
        self.free_request(payload)
        later(self.env, delay + answer[2], self.complete, payload)
        return answer


def simulated(payloads, granularity="exact", answers=(), checked=True, strict=True, fields=None, **initiator):
    """An initiator's run on an HBM2 to its end."""
    env = simpy.Environment()
    caller = Answering(env, "caller", payloads, answers, **initiator)
    dram = Dram(env, "dram", granularity=granularity, **{"standard": "hbm2", **(fields or {})})
    caller.port >> dram.port
    if checked:
        check_protocol(caller.port, strict=strict)
    env.run()
    assert not caller.alive
    return caller


def blocking_end(payload, granularity, delay_fs):
    """When a blocking caller gets the payload back."""
    env = simpy.Environment()
    dram = Dram(env, "dram", granularity=granularity, standard="lpddr5-6400")

    def call():
        left = yield from dram.port.b_transport(payload, delay_fs)
        yield env.timeout(left)

    env.run(until=env.process(call()))
    return int(env.now)


# --- the conformance cases -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("checked", [False, True])
@pytest.mark.parametrize(("granularity", "taken"), [("exact", 1), ("coarse", 0)])
def test_t13_four_phases_of_a_read(granularity, taken, checked):
    caller = simulated([read(0)], granularity, checked=checked)
    assert caller.log == [(0, BEGIN_REQ, 0), (0, END_REQ, taken), (0, BEGIN_RESP, CLOSED), (0, END_RESP, CLOSED + 7)]
    assert caller.ended == [COMPLETED]
    assert caller.now == (CLOSED + 7) * FS_PER_NS
    assert caller.payloads[0].response_status is OK


def test_t13_a_write_is_complete_when_it_is_taken():
    caller = simulated([write(0)])
    assert caller.log == [(0, BEGIN_REQ, 0), (0, END_REQ, 1), (0, BEGIN_RESP, 1), (0, END_RESP, 8)]


@GRANULARITIES
def test_t13_a_delay_with_begin_req_moves_all_of_it(granularity):
    log = simulated([read(0)], granularity).log
    later_log = simulated([read(0)], granularity, delay_ns=6).log
    assert later_log[1:] == [(number, phase, time + 6) for number, phase, time in log[1:]]


@GRANULARITIES
@pytest.mark.parametrize("command", [READ, WRITE])
@pytest.mark.parametrize("delay_fs", [0, 1, 6 * FS_PER_NS])
@pytest.mark.parametrize(("address", "length"), [(0, 64), (63, 2), (1 << 20, 5000)])
def test_t13_the_end_is_a_blocking_callers(granularity, command, delay_fs, address, length):
    env, ends = simpy.Environment(), []
    caller = Manual(env, lambda _payload: ends.append(int(env.now)))
    caller.port >> Dram(env, "dram", granularity=granularity, standard="lpddr5-6400").port
    check_protocol(caller.port)
    caller.send(Payload(command, address, None, length), delay_fs)
    env.run()
    assert ends == [blocking_end(Payload(command, address, None, length), granularity, delay_fs)]


class Manual(Module):
    """Sends what it is told to; `responded` is called with each payload, whose response ends with that."""

    def __init__(self, env, responded):
        super().__init__(env, "caller")
        self.responded = responded
        self.phases = []
        self.port = InitiatorSocket(self, "port", self.nb_transport_bw)

    def send(self, payload, delay=0, phase=BEGIN_REQ):
        self.elaborate()
        return self.port.nb_transport_fw(payload, phase, delay)

    def nb_transport_bw(self, payload, phase, delay):
        self.phases.append(phase)
        if phase is BEGIN_RESP:
            self.responded(payload)
            return COMPLETED, phase, delay
        return ACCEPTED, phase, delay


def test_t12_writes_then_reads():
    """A request goes with the END_REQ of the one before; the writes wait, so the reads are answered from the buffer."""
    written = [bytes([k]) * 64 for k in range(5)]
    payloads = [write(64 * k, written[k]) for k in range(5)] + [read(64 * k) for k in range(5)]
    caller = simulated(payloads, outstanding=10, end_ns=0)
    assert [bytes(payload.data) for payload in payloads[5:]] == written
    assert caller.times_of(BEGIN_REQ) == list(range(10))
    assert caller.times_of(END_REQ) == list(range(1, 11))
    assert caller.ok_times == [1, 2, 3, 4, 5] + [5 + k + 1 + 14 + 2 for k in range(5)]


def test_a_full_controller_keeps_the_request_channel():
    """The bank holds one read and the queue another: a third is taken when the first is read, 15 after its request."""
    payloads = [read(ROW * k) for k in range(3)]
    caller = simulated(payloads, outstanding=3, fields={"read_queue": 1, "bank_queue": 1})
    assert caller.times_of(BEGIN_REQ) == [0, 1, 2]
    assert caller.times_of(END_REQ) == [1, 2, 15 + 1 + 1]


@GRANULARITIES
@pytest.mark.parametrize("checked", [False, True])
def test_t15_t21_what_cannot_be_served_is_completed_at_once(granularity, checked):
    env = simpy.Environment()
    caller = Manual(env, lambda _payload: None)
    dram = Dram(env, "dram", granularity=granularity, standard="hbm2")
    caller.port >> dram.port
    if checked:
        check_protocol(caller.port)
    masked, narrow = write(0), read(0)
    narrow.streaming_width = 32
    masked.byte_enable = b"\xff\0"
    for payload, status in (
        (read(1 << 40), ADDRESS_ERROR),
        (narrow, BURST_ERROR),
        (masked, BYTE_ENABLE_ERROR),
        (Payload(IGNORE, 0, None, 64), OK),
    ):
        assert caller.send(payload, 5) == (COMPLETED, BEGIN_REQ, 5)
        assert payload.response_status == status
    env.run()
    assert caller.phases == []
    assert (env.now, dram.stats.moved_bytes) == (0, 0)
    assert simulated([read(1 << 40), read(0)], granularity).ok_times == [0, CLOSED + 7]


def test_t16_t17_end_req_is_never_left_out():
    payloads = [command(address) for address in (0, CHANNEL, BANK) for command in (read, write, read)]
    caller = simulated(payloads, outstanding=9)
    for number in range(9):
        phases = [phase for k, phase, _ in caller.log if k == number]
        assert phases == [BEGIN_REQ, END_REQ, BEGIN_RESP, END_RESP]


def test_t18_a_second_request_before_end_req_is_the_initiators_fault():
    env = simpy.Environment()
    caller = Manual(env, lambda _payload: None)
    caller.port >> Dram(env, "dram", granularity="exact", standard="hbm2").port
    check_protocol(caller.port)
    caller.send(read(0))
    with pytest.raises(ProtocolError, match="request exclusion"):
        caller.send(read(64))


@GRANULARITIES
def test_t19_responses_wait_for_each_other(granularity):
    payloads = [read(CHANNEL * k) for k in range(3)]
    caller = simulated(payloads, granularity, outstanding=3, end_ns=50)
    assert caller.times_of(BEGIN_RESP) == [CLOSED, CLOSED + 50, CLOSED + 100]
    assert caller.times_of(END_RESP) == [CLOSED + 50, CLOSED + 100, CLOSED + 150]


@GRANULARITIES
def test_t19_a_response_that_waits_has_no_status_yet(granularity):
    first, second = read(0), read(CHANNEL)
    env = simpy.Environment()
    caller = AtInitiator(env, "caller", [first, second], outstanding=2, end_ns=50)
    caller.port >> Dram(env, "dram", granularity=granularity, standard="hbm2").port
    env.run(until=(CLOSED + 40) * FS_PER_NS)
    assert (first.response_status, second.response_status) == (OK, INCOMPLETE)
    env.run()
    assert second.response_status is OK


@GRANULARITIES
@pytest.mark.parametrize(
    ("answer", "free_ns"), [((COMPLETED, BEGIN_RESP, 0), 0), ((UPDATED, END_RESP, 0), 0), ((UPDATED, END_RESP, 9), 9)]
)
def test_a_response_that_is_ended_on_the_return_path(granularity, answer, free_ns):
    sync, phase, delay_ns = answer
    answers = [(sync, phase, delay_ns * FS_PER_NS)] * 2
    caller = simulated([read(CHANNEL * k) for k in range(3)], granularity, answers, outstanding=3, end_ns=4)
    first = CLOSED
    second = max(first + free_ns, CLOSED + (granularity == "exact"))
    third = max(second + free_ns, CLOSED + 2 * (granularity == "exact"))
    assert caller.times_of(BEGIN_RESP) == [first, second, third]
    assert caller.ok_times == [first + free_ns, second + free_ns, third + 4]
    assert caller.times_of(END_RESP) == [third + 4]


def test_completed_with_a_delay_frees_the_response_when_that_has_passed():
    answers = [(COMPLETED, BEGIN_RESP, 20 * FS_PER_NS)]
    caller = simulated([read(0), read(CHANNEL)], answers=answers, outstanding=2)
    assert caller.times_of(BEGIN_RESP) == [CLOSED, CLOSED + 20]


@GRANULARITIES
def test_end_resp_with_a_delay_frees_the_response_when_that_has_passed(granularity):
    class Ahead(AtInitiator):
        """Ends a response as soon as it begins, with a delay."""

        def end_response(self, payload):
            self.ended.append(self.port.nb_transport_fw(payload, END_RESP, 20 * FS_PER_NS))
            later(self.env, 20 * FS_PER_NS, self.complete, payload)

    env = simpy.Environment()
    caller = Ahead(env, "caller", [read(0), read(CHANNEL)], outstanding=2, end_ns=0)
    caller.port >> Dram(env, "dram", granularity=granularity, standard="hbm2").port
    check_protocol(caller.port)
    env.run()
    assert caller.times_of(BEGIN_RESP) == [CLOSED, CLOSED + 20]
    assert caller.ended == [(COMPLETED, END_RESP, 20 * FS_PER_NS)] * 2


@GRANULARITIES
@pytest.mark.parametrize("when_ns", [0, 5, CLOSED, CLOSED + 3])
def test_t21_an_extended_phase_changes_nothing(granularity, when_ns):
    mine = ExtendedPhase("mine")
    env, seen = simpy.Environment(), []
    caller = AtInitiator(env, "caller", [read(0), read(CHANNEL)], outstanding=2)
    caller.port >> Dram(env, "dram", granularity=granularity, standard="hbm2").port
    check_protocol(caller.port)

    def intrude():
        yield env.timeout(when_ns * FS_PER_NS)
        seen.append(caller.port.nb_transport_fw(caller.payloads[0], mine, 0))

    env.process(intrude())
    env.run()
    assert seen == [(ACCEPTED, mine, 0)]
    assert caller.log == simulated([read(0), read(CHANNEL)], granularity, outstanding=2).log


@pytest.mark.parametrize("phase", [END_REQ, BEGIN_RESP])
def test_t21_a_phase_of_the_other_side_is_illegal(phase):
    env = simpy.Environment()
    caller = Manual(env, lambda _payload: None)
    caller.port >> Dram(env, "dram", granularity="exact", standard="hbm2").port
    check_protocol(caller.port)
    payload = read(0)
    caller.send(payload)
    with pytest.raises(ProtocolError):
        caller.send(payload, phase=phase)


def test_t22_responses_come_out_of_order():
    """The second needs the bank that the first has open; the third is in another channel."""
    payloads = [read(0), read(ROW), read(CHANNEL)]
    env = simpy.Environment()
    caller = AtInitiator(env, "caller", payloads, outstanding=3, end_ns=1)
    dram = Dram(env, "dram", granularity="exact", standard="hbm2")
    for value, payload in enumerate(payloads):
        dram.transport_dbg(Payload(WRITE, payload.address, bytes([value + 1]) * 64))
    caller.port >> dram.port
    check_protocol(caller.port)
    env.run()
    responses = [(number, time) for number, phase, time in caller.log if phase == BEGIN_RESP]
    # The row is open for nRAS 34 from cycle 1 on.
    assert responses == [(0, CLOSED), (2, 2 + CLOSED), (1, 1 + 34 + 14 + 14 + 14 + 2)]
    assert [payload.data[0] for payload in payloads] == [1, 2, 3]


# --- whatever comes --------------------------------------------------------------------------------------------------


class Traffic(AtInitiator):
    """Waits before each request, may send it ahead of its time, ends each response in its own way; all of it in fs."""

    def __init__(self, parent, name, requests, outstanding):
        self.pauses, self.delays, self.ways, self.model = deque(), {}, {}, defaultdict(int)
        payloads = [self.planned(*request) for request in requests]
        self.expected, self.pausing = {}, False
        super().__init__(parent, name, payloads, outstanding=outstanding)

    def planned(self, command, address, length, pause, delay, way):
        payload = Payload(command, address, bytearray(length))
        self.pauses.append(pause)
        self.delays[payload], self.ways[payload] = delay, way
        return payload

    def note(self, payload, phase):
        self.log.append((self.number(payload), phase, int(self.now)))

    def complete(self, payload):
        self.ok[self.number(payload)] = int(self.now)
        self.alive = [other for other in self.alive if other is not payload]
        self.send()

    def send(self):
        if self.waiting and self.requesting is None and len(self.alive) < self.outstanding and not self.pausing:
            self.pausing = True
            later(self.env, self.pauses.popleft(), self.send_now)

    def send_now(self):
        self.pausing = False
        payload = self.requesting = self.waiting.popleft()
        self.alive.append(payload)
        self.note(payload, BEGIN_REQ)
        self.use(payload)
        self.take(payload, *self.port.nb_transport_fw(payload, BEGIN_REQ, self.delays[payload]))

    def use(self, payload):
        """What the memory holds after the request, and what it reads."""
        place = range(payload.address, payload.address + payload.data_length)
        if payload.command is WRITE:
            payload.data[:] = bytes((7 * k + 13 * self.number(payload) + 1) & 255 for k in range(len(place)))
            self.model.update(zip(place, payload.data, strict=True))
        else:
            self.expected[self.number(payload)] = bytes(self.model[address] for address in place)

    def nb_transport_bw(self, payload, phase, delay):
        self.note(payload, phase)
        self.free_request(payload)
        if phase is END_REQ:
            return ACCEPTED, phase, delay
        sync, after = self.ways[payload]
        later(self.env, after, self.end_response if sync is ACCEPTED else self.ended_there, payload)
        return sync, END_RESP if sync is UPDATED else phase, 0 if sync is ACCEPTED else after

    def ended_there(self, payload):
        self.note(payload, END_RESP)
        self.complete(payload)


@st.composite
def requests(draw):
    places = draw(st.lists(st.integers(0, (1 << 25) - 1), min_size=1, max_size=3))
    times = st.just(0) | st.integers(0, 3000) | st.integers(0, 200_000_000)
    one = st.tuples(
        st.sampled_from([READ, WRITE]),
        st.sampled_from(places),
        st.integers(1, 300) | st.integers(1, 3000),
        times,
        times,
        st.tuples(st.sampled_from([ACCEPTED, UPDATED, COMPLETED]), times),
    )
    return draw(st.lists(one, min_size=1, max_size=25))


MEMORIES = [
    {"standard": "hbm2"},
    {"standard": "hbm2", "channels": 1, "read_queue": 1, "write_queue": 1, "bank_queue": 1},
    {"standard": "lpddr5-6400", "ranks": 2, "page": "closed", "write_queue": 9},
    {"standard": "ddr4-3200", "width": 16, "mapping": "row", "read_queue": 3},
]


@GRANULARITIES
@settings(max_examples=30)
@given(st.sampled_from(MEMORIES), requests(), st.integers(1, 12))
def test_all_is_answered_by_the_rules_of_the_protocol(granularity, fields, drawn, outstanding):
    env = simpy.Environment()
    dram = Dram(env, "dram", granularity=granularity, log=granularity == "exact", **fields)
    caller = Traffic(env, "caller", drawn, outstanding)
    caller.port >> dram.port
    check_protocol(caller.port)
    env.run()
    assert sorted(caller.ok) == list(range(len(drawn)))
    assert env.now == max(caller.ok.values())
    for number, payload in enumerate(caller.payloads):
        assert payload.response_status is OK
        assert bytes(payload.data) == caller.expected.get(number, bytes(payload.data))
        phases = [phase for k, phase, _ in caller.log if k == number]
        assert phases == [BEGIN_REQ, END_REQ, BEGIN_RESP, END_RESP]
    responses = [phase for _, phase, _ in caller.log if phase in (BEGIN_RESP, END_RESP)]
    assert responses == [BEGIN_RESP, END_RESP] * len(drawn)
    assert dram.stats.written_bytes + dram.stats.read_bytes == sum(length for _, _, length, *_ in drawn)
    assert [broken for log in dram.logs for broken in broken_rules(log, dram.config)] == []


def test_blocking_calls_go_beside():
    """Of one initiator, that is; they contend for the same banks."""
    env, ends = simpy.Environment(), []
    caller = Manual(env, lambda payload: ends.append((payload.address, in_ns(env.now))))
    caller.port >> Dram(env, "dram", granularity="exact", standard="hbm2").port
    check_protocol(caller.port)
    caller.elaborate()

    def block():
        yield from caller.port.b_transport(read(0), 0)
        ends.append((0, in_ns(env.now)))

    env.process(block())
    env.run(until=1 * FS_PER_NS)
    caller.send(read(64))
    env.run()
    assert ends == [(0, CLOSED), (64, CLOSED + 2)]
