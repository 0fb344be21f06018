import pytest
import simpy
from hypothesis import given
from hypothesis import strategies as st
from traffic import Annotating, AtTarget, Sender, Waiting, read, write

from tlm.core import (
    ADDRESS_ERROR,
    BURST_ERROR,
    COMMAND_ERROR,
    GENERIC_ERROR,
    IGNORE,
    INCOMPLETE,
    OK,
    READ,
    WRITE,
    BadInput,
    Bus,
    Clock,
    ElaborationError,
    Interleaver,
    Module,
    Payload,
    TargetSocket,
)
from tlm.memory import Dram, Ram


@pytest.fixture
def env():
    return simpy.Environment()


def interleaved(env, granule, channels, *senders):
    interleaver = Interleaver(env, "interleaver", granule)
    for channel in channels:
        interleaver.channels >> channel.port
    for sender in senders:
        sender.port >> interleaver.port
    return interleaver


def test_granules_go_to_the_channels_in_turn(env):
    channels = [Annotating(env, f"channel{number}") for number in range(3)]
    payloads = [read(address, 1) for address in (0, 15, 16, 47, 48, 100, 1000)]
    interleaved(env, "16 B", channels, Sender(env, "sender", payloads))
    env.run()
    assert [[address for _, _, address in channel.seen] for channel in channels] == [[0, 15, 16, 36], [0], [15, 328]]
    assert [payload.address for payload in payloads] == [0, 15, 16, 47, 48, 100, 1000]


@pytest.mark.parametrize(
    ("address", "length", "parts"),
    [
        (4, 12, [[(4, 12)], []]),
        (4, 13, [[(4, 12)], [(0, 1)]]),
        (15, 18, [[(15, 1), (16, 1)], [(0, 16)]]),
        (0, 64, [[(0, 16), (16, 16)], [(0, 16), (16, 16)]]),
        (16, 0, [[], [(0, 0)]]),
    ],
)
def test_what_crosses_a_granule_is_split_there(env, address, length, parts):
    channels = [Lengths(env, f"channel{number}") for number in range(2)]
    payload = read(address, length)
    interleaved(env, 16, channels, Sender(env, "sender", [payload], delays=[5]))
    env.run()
    assert [channel.came for channel in channels] == parts
    assert (payload.response_status, payload.address, payload.data_length) == (OK, address, length)


class Lengths(Annotating):
    """`came` are (address, length)."""

    def __init__(self, parent, name):
        super().__init__(parent, name)
        self.came = []

    def b_transport(self, payload, delay):
        self.came.append((payload.address, payload.data_length))
        return super().b_transport(payload, delay)


def test_what_lies_in_one_granule_is_the_same_payload(env):
    seen = []

    class Looking(Annotating):
        def answer(self, payload):
            seen.append(payload)
            super().answer(payload)

    payload = read(40, 8)
    interleaved(env, 16, [Looking(env, "a"), Looking(env, "b")], Sender(env, "sender", [payload]))
    env.run()
    assert seen == [payload]


@pytest.mark.parametrize(("length", "back"), [(8, 20), (32, 40)])
def test_a_plain_function_may_hand_on_a_generator(env, length, back):
    class HandingOn(Waiting):
        def b_transport(self, payload, delay):
            return super().b_transport(payload, delay)

    sender = Sender(env, "sender", [read(0, length)])
    interleaved(env, 16, [HandingOn(env, "a", 20), HandingOn(env, "b", 40)], sender)
    env.run()
    assert sender.done == [(0, back, 0)]
    assert sender.payloads[0].response_status is OK


@given(st.data())
def test_channels_are_one_memory(data):
    """Against a flat bytearray: blocking and debug, byte enables, any granule; every byte in one place."""
    env = simpy.Environment()
    granule, count = data.draw(st.integers(1, 9)), data.draw(st.integers(1, 4))
    rams = [Ram(env, f"ram{number}", 128) for number in range(count)]
    sender = Sender(env, "sender")
    interleaver = interleaved(env, granule, rams, sender)
    flat = bytearray(128)
    sender.elaborate()
    for number in range(data.draw(st.integers(1, 10))):
        address, length = data.draw(st.integers(0, 90)), data.draw(st.integers(1, 38))
        mask = data.draw(st.none() | st.binary(min_size=1, max_size=7))
        content = bytes(range(10 * number + 1, 10 * number + 1 + length))
        payload = data.draw(st.sampled_from([Payload(READ, address, bytearray(length)), write(address, content)]))
        if data.draw(st.booleans()):
            assert sender.port.transport_dbg(payload) == length
        else:
            payload.byte_enable = mask
            run(env, sender.port.b_transport(payload, 0))
            assert payload.response_status is OK
        enabled = [k for k in range(length) if not payload.byte_enable or mask[k % len(mask)]]
        for k in enabled:
            if payload.command is WRITE:
                flat[address + k] = content[k]
            else:
                assert payload.data[k] == flat[address + k]
        if payload.command is READ:
            assert not any(payload.data[k] for k in set(range(length)) - set(enabled))
        assert payload.address == address
    for address in range(128):
        channel, local = interleaver.place(address)
        assert rams[channel].memory[local] == flat[address]


def run(env, transport):
    """The end of a blocking transaction, with what it returned: (time, delay)."""
    process = env.process(transport)
    delay = env.run(process)
    return env.now, delay


def test_parts_that_only_annotate_cost_no_event(env):
    """The longest of the delays, at once."""
    channels = [Annotating(env, f"channel{number}", latency) for number, latency in enumerate((30, 50, 40))]
    sender = Sender(env, "sender")
    interleaved(env, 16, channels, sender)
    sender.elaborate()
    transport = sender.port.b_transport(read(0, 96), 7)
    with pytest.raises(StopIteration) as end:
        next(transport)
    assert end.value.value == 57
    assert [channel.seen for channel in channels] == [[(0, 7, 0), (0, 7, 16)]] * 3


class AnnotatingBus(Bus):
    """What annotates in a generator."""

    def __init__(self, parent, name, latency):
        super().__init__(parent, name, width_bytes=16, clock=Clock(1e15))
        self.map(0, 1 << 20, Annotating(parent, f"{name}_target", latency).port)


def test_generators_that_never_wait_cost_no_event_either(env):
    sender = Sender(env, "sender")
    interleaved(env, 16, [AnnotatingBus(env, "slow", 50), AnnotatingBus(env, "fast", 20)], sender)
    sender.elaborate()
    pending = len(env._queue)
    with pytest.raises(StopIteration) as end:
        next(sender.port.b_transport(read(0, 64), 0))
    assert end.value.value == 52  # the second part of each waits a cycle for the first
    assert len(env._queue) == pending


WAITS = [
    # latencies of the channels that wait and of those that annotate; back at, with a delay of
    ((30, 50), (), (57, 0)),
    ((50, 30), (), (57, 0)),
    ((30,), (100,), (37, 70)),
    ((50,), (30,), (57, 0)),
    ((), (30, 40), (0, 47)),
]


@pytest.mark.parametrize(("waiting", "annotating", "back"), WAITS)
def test_the_call_returns_when_the_last_part_is_done(env, waiting, annotating, back):
    channels = [Waiting(env, f"waiting{k}", latency) for k, latency in enumerate(waiting)]
    channels += [Annotating(env, f"annotating{k}", latency) for k, latency in enumerate(annotating)]
    sender = Sender(env, "sender", [read(0, 32)], delays=[7])
    interleaved(env, 16, channels, sender)
    env.run()
    assert sender.done == [(0, *back)]
    assert {at for channel in channels for at, _, _ in channel.seen} == {0}


def test_parts_on_channels_that_do_not_block(env):
    targets = [AtTarget(env, f"channel{k}", iter([("phases", 10, 20 * k, 0)] * 2)) for k in range(2)]
    data = bytes(range(16))
    sender = Sender(env, "sender", [write(0, data)])
    interleaved(env, 4, targets, sender)
    env.run()
    assert [target.memory for target in targets] == [{0: data[0:4], 4: data[8:12]}, {0: data[4:8], 4: data[12:16]}]
    assert sender.done == [(0, 40, 0)]  # the second channel accepts at 10 and 20, and answers 20 later


STATUSES = [
    ([OK, OK, OK], OK),
    ([OK, INCOMPLETE, OK], INCOMPLETE),
    ([GENERIC_ERROR, OK, INCOMPLETE], GENERIC_ERROR),
    ([COMMAND_ERROR, ADDRESS_ERROR, OK], COMMAND_ERROR),
    ([ADDRESS_ERROR, COMMAND_ERROR, BURST_ERROR], BURST_ERROR),
]


@pytest.mark.parametrize("kind", [Annotating, Waiting])
@pytest.mark.parametrize(("statuses", "worst"), STATUSES)
def test_the_worst_status_wins(env, kind, statuses, worst):
    """Whichever part is done first."""
    channels = [kind(env, f"channel{k}", 30 - 10 * k, status) for k, status in enumerate(statuses)]
    payload = read(0, 48)
    interleaved(env, 16, channels, Sender(env, "sender", [payload]))
    env.run()
    assert payload.response_status is worst


@pytest.mark.parametrize(
    ("address", "length", "width", "status"),
    [
        (0, 8, 8, OK),
        (0, 8, 9, OK),
        (8, 8, 7, OK),
        (0, 64, 16, OK),
        (12, 64, 4, OK),
        (12, 64, 5, BURST_ERROR),
        (0, 64, 17, BURST_ERROR),
    ],
)
def test_what_streams_beyond_a_granule_is_refused(env, address, length, width, status):
    payload = Payload(READ, address, bytearray(length), length, width)
    channel = Annotating(env, "channel", 10)
    sender = Sender(env, "sender", [payload], delays=[3])
    interleaved(env, 16, [channel], sender)
    env.run()
    assert payload.response_status is status
    assert sender.done == [(0, 0, 13 if status is OK else 3)]
    assert bool(channel.seen) is (status is OK)


@pytest.mark.parametrize("length", [8, 64])
@pytest.mark.parametrize("waits", [False, True])
@pytest.mark.parametrize("more", [0, 1])
def test_what_a_channel_raises_reaches_the_initiator(env, length, waits, more):
    """Once, where two parts fail, in the same instant or one after the other."""

    class Failing(Module):
        def __init__(self, parent, name):
            super().__init__(parent, name)
            self.port = TargetSocket(self, "port", self.later if waits else self.at_once)

        def at_once(self, _payload, _delay):
            raise ArithmeticError("broken")

        def later(self, payload, delay):
            yield self.env.timeout(5 + more * payload.address)
            self.at_once(payload, delay)

    class Catching(Sender):
        def run(self):
            with pytest.raises(ArithmeticError, match="broken"):
                yield from super().run()
            self.done.append(self.now)

    payload = read(0, length)
    sender = Catching(env, "sender", [payload])
    interleaved(env, 16, [Failing(env, "failing"), Annotating(env, "channel")], sender)
    env.run()
    assert sender.done == [5 if waits else 0]
    assert payload.address == 0


def test_who_waits_in_a_part_is_a_process_of_its_own(env):
    """Two parts of one call wait in the same module, each for its own reason."""

    class Waits(Annotating):
        def b_transport(self, payload, delay):
            self.seen.append((self.env.active_process, payload.address))
            yield from self.wait(self.env.timeout(10 + payload.address), "room")
            self.answer(payload)
            return delay

    channel, sender = Waits(env, "channel"), Sender(env, "sender", [read(0, 32)])
    interleaved(env, 16, [channel], sender)
    env.run()
    assert sender.done == [(0, 26, 0)]
    processes = {process for process, _ in channel.seen}
    assert len(processes) == 2
    assert not processes & set(sender.processes)
    assert (channel.probe.totals(40), channel.announced) == ({"room": 26, "idle": 14}, {})


def test_timing_without_data_and_nothing_to_move(env):
    channels = [Lengths(env, f"channel{number}") for number in range(2)]
    payloads = [Payload(READ, 8, None, 32), Payload(IGNORE)]
    interleaved(env, 16, channels, Sender(env, "sender", payloads))
    env.run()
    assert [channel.came for channel in channels] == [[(8, 8), (16, 8), (0, 0)], [(0, 16)]]
    assert [payload.response_status for payload in payloads] == [OK, OK]


def test_the_parts_carry_the_extensions_and_the_last_ones_milestones(env):
    class Marked(Annotating):
        def answer(self, payload):
            super().answer(payload)
            marks.append(payload.get_extension(str))
            payload.milestones.append((self.latency, self.name))

    marks, payload = [], read(0, 48)
    payload.set_extension("mark")
    channels = [Marked(env, f"channel{k}", latency) for k, latency in enumerate((10, 30, 30))]
    interleaved(env, 16, channels, Sender(env, "sender", [payload]))
    env.run()
    assert marks == ["mark"] * 3
    assert payload.milestones == [(30, "channel1")]  # of those that end together the first


def test_nothing_is_lent(env):
    ram, payload, sender = Ram(env, "ram", 64), read(0), Sender(env, "sender")
    interleaved(env, 16, [ram], sender)
    sender.elaborate()
    run(env, sender.port.b_transport(payload, 0))
    assert not payload.dmi_allowed
    assert not sender.port.get_direct_mem_ptr(payload)


@pytest.mark.parametrize(
    ("sizes", "moved"), [((64, 64), 64), ((16, 64), 32), ((64, 8), 24), ((8, 64), 8), ((0, 64), 0)]
)
def test_debug_moves_what_lies_before_the_first_missing_byte(env, sizes, moved):
    rams = [Ram(env, f"ram{k}", size) for k, size in enumerate(sizes)]
    sender = Sender(env, "sender")
    interleaved(env, 16, rams, sender)
    sender.elaborate()
    assert sender.port.transport_dbg(write(0, bytes(range(64)))) == moved


def test_four_channels_are_four_times_as_fast(env):
    """A long read, of one memory behind the interleaver and of four; the one has time for a refresh."""

    def time_of(count):
        env = simpy.Environment()
        sender = Sender(env, "sender", [Payload(READ, 0, None, 1 << 18)])
        interleaved(env, "256 B", [Dram(env, f"dram{k}", standard="ddr4-3200") for k in range(count)], sender)
        env.run()
        return env.now

    assert 3.9 < time_of(1) / time_of(4) < 4.2


REFUSED = [
    (0, ValueError, "interleaver: a granule needs at least 1 byte, not 0"),
    ("0 B", ValueError, "interleaver: a granule needs at least 1 byte, not 0 B"),
    ("256", BadInput, "'256' has no unit"),
]


@pytest.mark.parametrize(("granule", "kind", "message"), REFUSED)
def test_what_is_no_granule_is_refused(env, granule, kind, message):
    with pytest.raises(kind, match=f"^{message}"):
        Interleaver(env, "interleaver", granule)


def test_no_channel_is_an_error(env):
    interleaved(env, 16, [], Sender(env, "sender"))
    with pytest.raises(ElaborationError, match=r"interleaver\.channels .* is not bound"):
        env.run()
