"""Blocking transport: T1 to T7 and their like."""

from __future__ import annotations

import pytest
import simpy
from models import (
    GeneratorLtTarget,
    HalfWaitingLtTarget,
    InitiatorWrapper,
    LtInitiator,
    LtTarget,
    PassThrough,
    RegisteringLtTarget,
    SubclassGeneratorLtTarget,
    SubclassLtTarget,
    TargetWrapper,
    WaitingLtTarget,
    in_ns,
    innermost,
    read_word,
    run_for_ns,
    value_of,
    wrapped,
    write_word,
    writes_then_reads,
)

from tlm.core import (
    ADDRESS_ERROR,
    BURST_ERROR,
    BYTE_ENABLE_ERROR,
    FS_PER_NS,
    IGNORE,
    INCOMPLETE,
    OK,
    READ,
    WRITE,
    ElaborationError,
    InitiatorSocket,
    Module,
    Payload,
    Router,
    TargetSocket,
    TransportError,
)
from tlm.memory.ram import Ram

WRITES = [0, 10, 20, 30, 40]
READS = [50, 150, 250, 350, 450]
ANNOTATING = [
    LtTarget,
    GeneratorLtTarget,
    SubclassLtTarget,
    SubclassGeneratorLtTarget,
    RegisteringLtTarget,
]


def assert_times_of_t01(initiator, target):
    assert initiator.sent == WRITES + READS
    assert target.received == [(time, 0) for time in WRITES + READS]
    assert initiator.ok == [10, 20, 30, 40, 50, 150, 250, 350, 450, 550]
    assert initiator.values == [0, 1, 2, 3, 4]
    assert target.addresses == [0, 4, 8, 12, 16] * 2


@pytest.mark.parametrize("kind", ANNOTATING)
def test_t01_an_initiator_waits_what_its_target_annotates(kind):
    env = simpy.Environment()
    initiator, target = LtInitiator(env, "initiator", writes_then_reads(5)), kind(env, "target")
    initiator.port >> target.port
    env.run()
    assert_times_of_t01(initiator, target)
    assert {payload.response_status for payload in initiator.payloads} == {OK}


@pytest.mark.parametrize("kind", [WaitingLtTarget, HalfWaitingLtTarget])
def test_t01_gives_the_same_times_where_the_target_waits(kind):
    env = simpy.Environment()
    initiator, target = LtInitiator(env, "initiator", writes_then_reads(5)), kind(env, "target")
    initiator.port >> target.port
    env.run()
    assert_times_of_t01(initiator, target)


def test_t01_bound_by_bind_and_with_latencies_of_0():
    env = simpy.Environment()
    initiator = LtInitiator(env, "initiator", writes_then_reads(5))
    target = LtTarget(env, "target", write_ns=0, read_ns=0)
    initiator.port.bind(target.port)
    env.run()
    assert (initiator.ok, initiator.values) == ([0] * 10, [0, 1, 2, 3, 4])


def test_t01_the_delay_that_a_call_brings_stays_in_what_it_returns():
    for kind in [*ANNOTATING, WaitingLtTarget, HalfWaitingLtTarget]:
        env = simpy.Environment()
        initiator, target = LtInitiator(env, "initiator", writes_then_reads(2), delay_ns=3), kind(env, "target")
        initiator.port >> target.port
        env.run()
        assert initiator.sent == [0, 13, 26, 129]
        assert target.received == [(0, 3), (13, 3), (26, 3), (129, 3)]
        assert initiator.ok == [13, 26, 129, 232]


@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("kind", [*ANNOTATING, WaitingLtTarget])
def test_t02_wrappers_change_neither_times_nor_data(kind, depth):
    env = simpy.Environment()

    def make_initiator(parent, name):
        return LtInitiator(parent, name, writes_then_reads(5))

    initiators = wrapped(InitiatorWrapper, depth, make_initiator)(env, "initiatorWrapper")
    targets = wrapped(TargetWrapper, depth, kind)(env, "targetWrapper")
    initiators.port >> targets.port
    env.run()
    initiator, target = innermost(initiators), innermost(targets)
    assert_times_of_t01(initiator, target)
    assert initiator.full_name == "initiatorWrapper" + ".child" * depth
    assert target.full_name == "targetWrapper" + ".child" * depth
    assert initiator.port.full_name == f"{initiator.full_name}.port"


@pytest.mark.parametrize(("initiator_depth", "target_depth"), [(0, 1), (1, 0), (3, 0), (0, 3), (2, 3)])
def test_t02_with_wrappers_on_one_side_or_of_different_depth(initiator_depth, target_depth):
    env = simpy.Environment()

    def make_initiator(parent, name):
        return LtInitiator(parent, name, writes_then_reads(5))

    initiators = wrapped(InitiatorWrapper, initiator_depth, make_initiator)(env, "initiator")
    targets = wrapped(TargetWrapper, target_depth, LtTarget)(env, "target")
    initiators.port >> targets.port
    env.run()
    assert_times_of_t01(innermost(initiators), innermost(targets))


def test_t02_bound_from_the_outside_to_the_inside():
    """The outermost binding first, the innermost last: the order does not matter before elaboration."""
    env = simpy.Environment()
    outer = Module(env, "outer")
    initiator, target = LtInitiator(outer, "initiator", writes_then_reads(5)), LtTarget(Module(env, "far"), "target")
    outside = InitiatorSocket(outer, "outside")
    inside = TargetSocket(target.parent, "inside")
    outside >> inside
    inside >> target.port
    initiator.port >> outside
    env.run()
    assert_times_of_t01(initiator, target)


def two_through(first_ns, second_ns, first_kind, second_kind):
    env = simpy.Environment()
    through = PassThrough(env, "through")
    initiators = [
        LtInitiator(env, "i0", [write_word(0, 7)], delay_ns=first_ns),
        LtInitiator(env, "i1", [write_word(4, 8)], delay_ns=second_ns),
    ]
    targets = [first_kind(env, "t0", write_ns=20), second_kind(env, "t1", write_ns=20)]
    for initiator, target in zip(initiators, targets, strict=True):
        initiator.port >> through.inputs
        through.outputs >> target.port
    env.run()
    return through, initiators, targets


def test_t03_two_initiators_through_a_pass_through():
    through, (i0, i1), (t0, t1) = two_through(0, 1, LtTarget, WaitingLtTarget)
    assert t0.received == [(0, 0)]
    assert i0.returned == [(0, 20)]
    assert t1.received == [(0, 1)]
    assert i1.returned == [(21, 0)]
    assert through.seen == [("b", 0), ("b", 1)]
    assert (len(through.inputs), len(through.outputs)) == (2, 2)


def test_t03_with_other_delays_and_the_waiting_target_first():
    through, (i0, i1), (t0, t1) = two_through(9, 4, WaitingLtTarget, GeneratorLtTarget)
    assert (t0.received, t1.received) == ([(0, 9)], [(0, 4)])
    assert (i0.returned, i1.returned) == ([(29, 0)], [(0, 24)])
    assert (i0.ok, i1.ok) == ([29], [24])
    assert sorted(through.seen) == [("b", 0), ("b", 1)]


@pytest.mark.parametrize("kind", [LtTarget, WaitingLtTarget])
def test_t04_a_bus_without_arbiter_adds_no_contention(kind):
    env = simpy.Environment()
    bus, target = Router(env, "bus"), kind(env, "target", write_ns=20 + 60)
    bus.map(0, 4096, target.port)
    initiators = [LtInitiator(env, f"i{k}", [write_word(8 * k, 1), write_word(8 * k + 4, 2)]) for k in range(2)]
    for initiator in initiators:
        initiator.port >> bus.port
    env.run()
    for initiator in initiators:
        assert (initiator.sent, initiator.ok) == ([0, 80], [80, 160])
    assert target.received == [(0, 0), (0, 0), (80, 0), (80, 0)]
    assert target.addresses == [0, 8, 4, 12]


def test_t04_with_five_initiators_that_begin_at_different_times():
    env = simpy.Environment()
    bus, target = Router(env, "bus"), WaitingLtTarget(env, "target", write_ns=80)
    bus.map(0, 4096, target.port)
    initiators = [LtInitiator(env, f"i{k}", [write_word(4 * k, k)] * 1, start_ns=3 * k) for k in range(5)]
    for initiator in initiators:
        initiator.port >> bus.port
    env.run()
    assert [initiator.ok for initiator in initiators] == [[80], [83], [86], [89], [92]]
    assert target.received == [(0, 0), (3, 0), (6, 0), (9, 0), (12, 0)]


def routed(regions, payloads, **timing):
    """An initiator, its router, and one annotating target behind each (start, size) of `regions`."""
    env = simpy.Environment()
    router, initiator = Router(env, "router"), LtInitiator(env, "initiator", payloads, **timing)
    initiator.port >> router.port
    targets = []
    for number, (start, size) in enumerate(regions):
        targets.append(LtTarget(env, f"t{number}"))
        router.map(start, size, targets[-1].port)
    return env, initiator, targets


@pytest.mark.parametrize("address", [0, 0xFFF, 0x3000, 2**64 - 4])
@pytest.mark.parametrize("make", [read_word, lambda address: write_word(address, 1)])
def test_t05_an_address_that_nobody_has(address, make):
    env, initiator, targets = routed([(0x1000, 0x1000), (0x2000, 0x1000)], [make(address)], delay_ns=13)
    env.run()
    (payload,) = initiator.payloads
    assert payload.response_status == ADDRESS_ERROR
    assert payload.address == address
    assert initiator.returned == [(0, 13)]
    assert [target.received for target in targets] == [[], []]


def test_t05_a_payload_that_begins_inside_and_ends_outside():
    env, initiator, (target,) = routed([(0x1000, 0x1000)], [read_word(0x1FFE)])
    env.run()
    assert initiator.payloads[0].response_status == ADDRESS_ERROR
    assert (target.received, initiator.payloads[0].address) == ([], 0x1FFE)


def test_t05_debug_and_dmi_of_an_address_that_nobody_has():
    env, initiator, _ = routed([(0x1000, 0x1000)], [])
    env.run()
    payload = read_word(0x10)
    assert initiator.port.transport_dbg(payload) == 0
    assert not initiator.port.get_direct_mem_ptr(payload)
    assert payload.address == 0x10


def test_t05_a_good_request_after_a_bad_one_is_served():
    env, initiator, (target,) = routed([(0x1000, 0x1000)], [write_word(0, 1), write_word(0x1004, 2)])
    env.run()
    assert [payload.response_status for payload in initiator.payloads] == [ADDRESS_ERROR, OK]
    assert (target.addresses, initiator.ok) == ([4], [0, 10])


class StrictTarget(LtTarget):
    """Takes plain bursts of up to 4 bytes only."""

    def b_transport(self, payload, delay):
        if payload.byte_enable is not None:
            payload.response_status = BYTE_ENABLE_ERROR
        elif payload.data_length > 4 or payload.streaming_width < payload.data_length:
            payload.response_status = BURST_ERROR
        else:
            return super().b_transport(payload, delay)
        return delay


def refused(change, length=4):
    env = simpy.Environment()
    payload = Payload(READ, 0, bytearray(b"\xaa" * length))
    change(payload)
    initiator, target = LtInitiator(env, "initiator", [payload], delay_ns=5), StrictTarget(env, "target")
    initiator.port >> target.port
    env.run()
    assert bytes(payload.data) == b"\xaa" * length
    assert initiator.returned == [(0, 5)]
    assert payload.is_response_error
    return payload.response_status


def test_t06_a_target_refuses_and_changes_nothing():
    assert refused(lambda payload: setattr(payload, "byte_enable", b"\xff\x00")) == BYTE_ENABLE_ERROR
    assert refused(lambda payload: None, length=8) == BURST_ERROR
    assert refused(lambda payload: setattr(payload, "streaming_width", 2)) == BURST_ERROR


SIXTEEN = [(number << 28, 1 << 28) for number in range(16)]


def test_t07_sixteen_regions_are_chosen_by_the_upper_address_bits():
    env, initiator, targets = routed(SIXTEEN, [write_word(0x1000_0004, 1)])
    env.run()
    assert targets[1].addresses == [0x4]
    assert [len(target.received) for target in targets] == [0, 1] + [0] * 14
    assert initiator.payloads[0].address == 0x1000_0004
    assert initiator.ok == [10]


def test_t07_every_region_and_its_last_word():
    addresses = [base + offset for base, _ in SIXTEEN for offset in (0, 0xFFC)]
    env, initiator, targets = routed(SIXTEEN, [write_word(address, 5) for address in addresses])
    env.run()
    assert [target.addresses for target in targets] == [[0, 0xFFC]] * 16
    assert [payload.address for payload in initiator.payloads] == addresses


def test_t07_a_payload_is_sent_again_as_it_is():
    payload = write_word(0x1000_0004, 1)
    env, initiator, targets = routed(SIXTEEN, [payload] * 3)
    env.run()
    assert targets[1].addresses == [4, 4, 4]
    assert initiator.ok == [10, 20, 30]


def test_t07_the_address_is_whole_again_after_a_target_that_waits_and_through_two_routers():
    env = simpy.Environment()
    outer, inner, target = Router(env, "outer"), Router(env, "inner"), WaitingLtTarget(env, "target", write_ns=7)
    initiators = [LtInitiator(env, f"i{k}", [write_word(0x2100 + 4 * k, k)]) for k in range(3)]
    for initiator in initiators:
        initiator.port >> outer.port
    outer.map(0x2000, 0x1000, inner.port)
    inner.map(0x100, 0x100, target.port, local=0x40)
    env.run()
    assert target.addresses == [0x40, 0x44, 0x48]
    assert [initiator.payloads[0].address for initiator in initiators] == [0x2100, 0x2104, 0x2108]
    assert [initiator.ok for initiator in initiators] == [[7]] * 3


def test_t07_debug_and_dmi_through_a_router_see_local_addresses_and_leave_the_payload_alone():
    env = simpy.Environment()
    initiator, router, ram = LtInitiator(env, "initiator"), Router(env, "router"), Ram(env, "ram", 64)
    initiator.port >> router.port
    router.map(0x1000, 64, ram.port)
    env.run()
    payload = write_word(0x1008, 0x1234)
    assert initiator.port.transport_dbg(payload) == 4
    assert payload.address == 0x1008
    back = read_word(0x1008)
    assert initiator.port.transport_dbg(back) == 4
    assert value_of(back) == 0x1234
    dmi = initiator.port.get_direct_mem_ptr(back)
    assert dmi
    assert (dmi.start, dmi.end) == (0x1000, 0x103F)
    assert int.from_bytes(dmi.memory[8:12], "little") == 0x1234
    assert back.address == 0x1008


# --- not listed ------------------------------------------------------------------------------------------------------


def test_several_callers_are_inside_a_target_at_once():
    env = simpy.Environment()
    target = WaitingLtTarget(env, "target", write_ns=50)
    through = PassThrough(env, "through")
    initiators = [LtInitiator(env, f"i{k}", [write_word(4 * k, k)], start_ns=10 * k, delay_ns=k) for k in range(4)]
    router = Router(env, "router")
    router.map(0, 64, target.port)
    for initiator in initiators:
        initiator.port >> through.inputs
        through.outputs >> router.port
    env.run()
    assert [initiator.returned for initiator in initiators] == [[(50, 0)], [(61, 0)], [(72, 0)], [(83, 0)]]
    assert target.received == [(0, 0), (10, 1), (20, 2), (30, 3)]


class RaisingTarget(LtTarget):
    def b_transport(self, payload, delay):
        raise LookupError("no such row")


class LateRaisingTarget(LtTarget):
    def b_transport(self, payload, delay):
        yield self.env.timeout(5 * FS_PER_NS)
        raise LookupError("no such row")


@pytest.mark.parametrize(("kind", "time_ns"), [(RaisingTarget, 0), (LateRaisingTarget, 5)])
@pytest.mark.parametrize("routers", [0, 2])
def test_what_a_target_raises_reaches_the_caller(kind, time_ns, routers):
    env, caught = simpy.Environment(), []

    class Careful(LtInitiator):
        def run(self):
            try:
                yield from self.port.b_transport(self.payloads[0], 0)
            except LookupError as error:
                caught.append((str(error), in_ns(self.now), self.payloads[0].address))

    initiator, target = Careful(env, "initiator", [write_word(0x10, 1)]), kind(env, "target")
    port = target.port
    for number in range(routers):
        router = Router(env, f"router{number}")
        router.map(0, 4096, port)
        port = router.port
    initiator.port >> port
    env.run()
    assert caught == [("no such row", time_ns, 0x10)]


def test_what_nobody_catches_ends_the_run():
    env = simpy.Environment()
    initiator, target = LtInitiator(env, "initiator", [write_word(0, 1)]), LateRaisingTarget(env, "target")
    initiator.port >> target.port
    with pytest.raises(LookupError, match="no such row"):
        env.run()
    assert env.now == 5 * FS_PER_NS


def test_a_target_that_forgets_to_answer_leaves_it_incomplete():
    env = simpy.Environment()

    class Forgetful(LtTarget):
        def b_transport(self, payload, delay):
            return delay

    initiator, target = LtInitiator(env, "initiator", [read_word(0)]), Forgetful(env, "target")
    initiator.port >> target.port
    env.run()
    assert initiator.payloads[0].response_status == INCOMPLETE
    assert initiator.payloads[0].is_response_error


def test_ignore_is_ok_where_the_target_says_so():
    env = simpy.Environment()
    initiator, target = LtInitiator(env, "initiator", [Payload(IGNORE, 4)]), LtTarget(env, "target")
    initiator.port >> target.port
    env.run()
    assert initiator.payloads[0].response_status == OK
    assert bytes(target.words.bytes) == bytes(4096)


class Reader(Module):
    """Writes, then reads back, by the socket's own `write` and `read`."""

    def __init__(self, parent, name, address=8):
        super().__init__(parent, name)
        self.address, self.log = address, []
        self.mem = InitiatorSocket(self, "mem")
        self.process(self.run)

    def run(self):
        yield from self.mem.write(self.address, b"abcd")
        self.log.append(("written", in_ns(self.now)))
        data = yield from self.mem.read(self.address, 4)
        self.log.append((bytes(data), in_ns(self.now)))


@pytest.mark.parametrize("kind", [*ANNOTATING, WaitingLtTarget, HalfWaitingLtTarget])
def test_read_and_write_wait_what_is_owed(kind):
    env = simpy.Environment()
    reader, target = Reader(env, "reader"), kind(env, "target")
    reader.mem >> target.port
    env.run()
    assert reader.log == [("written", 10), (b"abcd", 110)]


def test_read_and_write_through_wrappers_and_a_router():
    env = simpy.Environment()
    wrapper = Module(env, "soc")
    reader, outside = Reader(wrapper, "reader", address=0x108), InitiatorSocket(wrapper, "outside")
    router, target = Router(env, "router"), LtTarget(env, "target")
    reader.mem >> outside
    outside >> router.port
    router.map(0x100, 0x100, target.port)
    env.run()
    assert reader.log == [("written", 10), (b"abcd", 110)]
    assert target.addresses == [8, 8]


class ReadingLate(Module):
    """Reads at 42 ns where nobody answers; `call` is "read" or "write"."""

    def __init__(self, parent, name, call):
        super().__init__(parent, name)
        self.call = call
        self.mem = InitiatorSocket(self, "mem")
        self.process(self.reads_late)

    def reads_late(self):
        yield self.env.timeout(42 * FS_PER_NS)
        yield from (self.mem.read(0xC0DE, 4) if self.call == "read" else self.mem.write(0xC0DE, b"1234"))


@pytest.mark.parametrize("call", ["read", "write"])
def test_read_and_write_raise_on_an_error_status_and_say_where_when_and_who(call):
    env = simpy.Environment()
    reader, router = ReadingLate(Module(env, "soc"), "reader", call), Router(env, "router")
    reader.mem >> router.port
    with pytest.raises(TransportError, match=r"soc\.reader\.mem") as error:
        env.run()
    for part in ("ADDRESS_ERROR", "0xc0de", "42000000", "reads_late"):
        assert part in str(error.value)
    assert env.now == 42 * FS_PER_NS


class ReadingOnce(Module):
    def __init__(self, parent, name):
        super().__init__(parent, name)
        self.mem = InitiatorSocket(self, "mem")
        self.caught = []
        self.process(self.run)

    def run(self):
        try:
            yield from self.mem.read(0, 8)
        except TransportError as error:
            self.caught.append((str(error), in_ns(self.now)))


class RefusingTarget(LtTarget):
    """Annotates its latency and refuses."""

    def b_transport(self, payload, delay):
        payload.response_status = BURST_ERROR
        return delay + 3 * FS_PER_NS


def test_a_read_that_is_refused_is_refused_once_its_delay_has_passed():
    env = simpy.Environment()
    reader, target = ReadingOnce(env, "reader"), RefusingTarget(env, "target")
    reader.mem >> target.port
    env.run()
    ((message, time_ns),) = reader.caught
    assert time_ns == 3
    assert "reader.mem" in message
    assert "BURST_ERROR" in message


def test_a_ram_knows_byte_enables_streaming_and_its_end():
    env = simpy.Environment()
    ram = Ram(env, "ram", 32, read_latency=5 * FS_PER_NS, write_latency=2 * FS_PER_NS)
    masked = Payload(WRITE, 0, bytearray(b"abcdefgh"))
    masked.byte_enable = b"\xff\x00\x00"  # repeated: bytes 0, 3 and 6
    streamed = Payload(WRITE, 16, bytearray(b"01234567"), streaming_width=4)
    back, fifo = Payload(READ, 0, bytearray(8)), Payload(READ, 16, bytearray(8), streaming_width=4)
    beyond = Payload(READ, 30, bytearray(b"zzzz"))
    initiator = LtInitiator(env, "initiator", [masked, streamed, back, fifo, beyond])
    initiator.port >> ram.port
    env.run()
    assert [payload.response_status for payload in initiator.payloads] == [OK, OK, OK, OK, ADDRESS_ERROR]
    assert bytes(back.data) == b"a\x00\x00d\x00\x00g\x00"
    assert bytes(fifo.data) == b"45674567"
    assert bytes(beyond.data) == b"zzzz"
    assert initiator.ok[:4] == [2, 4, 9, 14]


def test_a_masked_read_leaves_the_other_bytes_of_the_initiator_alone():
    env = simpy.Environment()
    masked = Payload(READ, 0, bytearray(b"abcd"))
    masked.byte_enable = b"\x00\xff"
    initiator, ram = LtInitiator(env, "initiator", [masked]), Ram(env, "ram", 32)
    initiator.port >> ram.port
    env.run()
    assert bytes(masked.data) == b"a\x00c\x00"


def test_a_payload_without_data_takes_its_time_all_the_same():
    env = simpy.Environment()
    ram = Ram(env, "ram", 4096, read_latency=5 * FS_PER_NS, write_latency=2 * FS_PER_NS)
    initiator = LtInitiator(env, "initiator", [Payload(WRITE, 0, None, 64), Payload(READ, 4032, None, 64)])
    initiator.port >> ram.port
    env.run()
    assert initiator.ok == [2, 7]
    assert [payload.response_status for payload in initiator.payloads] == [OK, OK]


def test_a_run_in_pieces_is_the_run_in_one():
    env = simpy.Environment()
    initiator, target = LtInitiator(env, "initiator", writes_then_reads(5)), LtTarget(env, "target")
    initiator.port >> target.port
    for until_ns in range(1, 700, 7):
        run_for_ns(env, until_ns)
    assert_times_of_t01(initiator, target)


def test_a_call_before_elaboration_names_its_socket():
    initiator = LtInitiator(simpy.Environment(), "initiator")
    with pytest.raises(ElaborationError, match=r"initiator\.port"):
        next(initiator.port.b_transport(read_word(0), 0))
