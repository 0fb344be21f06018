import itertools
from functools import partial

import pytest
import simpy
from hypothesis import given
from hypothesis import strategies as st
from traffic import Annotating, Decoupled, Sender, Words, read, write

from tlm.core import (
    ADDRESS_ERROR,
    BUSY,
    FS_PER_S,
    IDLE,
    OK,
    BadInput,
    Bus,
    Clock,
    ElaborationError,
    InitiatorSocket,
    Module,
)

PERIOD = 10  # fs
CLOCK = Clock(FS_PER_S / PERIOD)
POLICIES = ["fifo", "round_robin", "priority"]


@pytest.fixture
def env():
    return simpy.Environment()


def a_bus(env, target, senders, **more):
    bus = Bus(env, "bus", width_bytes=8, clock=CLOCK, **more)
    for sender in senders:
        sender.port >> bus.port
    bus.map(0x1000, 0x1000, target.port)
    return bus


@pytest.mark.parametrize("arbitration", POLICIES)
@pytest.mark.parametrize(("length", "cycles"), [(0, 0), (1, 1), (8, 1), (9, 2), (16, 2), (17, 3), (64, 8)])
def test_a_payload_takes_the_bus_for_its_bytes_in_whole_cycles(env, arbitration, length, cycles):
    sender, target = Sender(env, "sender", [read(0x1000, length)], delays=[3]), Annotating(env, "target", 100)
    bus = a_bus(env, target, [sender], arbitration=arbitration)
    env.run()
    ((_, returned, delay),) = sender.done
    assert returned + delay == 3 + cycles * PERIOD + 100
    ((called, at, address),) = target.seen
    assert (called + at, address) == (3 + cycles * PERIOD, 0)
    assert bus.probe.totals(500).get(BUSY, 0) == cycles * PERIOD


@pytest.mark.parametrize("arbitration", POLICIES)
def test_what_is_mapped_nowhere_does_not_take_the_bus(env, arbitration):
    sender, target = Sender(env, "sender", [read(0x1FFD)], delays=[7]), Annotating(env, "target")
    bus = a_bus(env, target, [sender], arbitration=arbitration)
    env.run()
    assert (sender.done, sender.payloads[0].response_status) == ([(0, 0, 7)], ADDRESS_ERROR)
    assert target.seen == []
    assert (bus.figures(), bus.probe.totals(50)) == ({"bytes": 0, "payloads": 0}, {IDLE: 50})


def test_fifo_is_in_the_order_of_the_calls_and_nobody_waits(env):
    """Whoever calls first has the bus first, also where its delay is longer."""
    ahead, behind = (
        Sender(env, name, [read(0x1000, 16)] * 2, delays=[d]) for name, d in (("ahead", 100), ("behind", 0))
    )
    a_bus(env, Annotating(env, "target"), [ahead, behind])
    env.run()
    assert ahead.done == [(0, 0, 120), (120, 120, 40)]
    assert behind.done == [(0, 0, 140), (140, 140, 40)]


def test_by_turns_a_caller_waits_for_its_delay_and_then_its_turn(env):
    ahead, behind = (
        Sender(env, name, [read(0x1000, 16)] * 2, delays=[d]) for name, d in (("ahead", 95), ("behind", 90))
    )
    target = Annotating(env, "target")
    a_bus(env, target, [ahead, behind], arbitration="round_robin")
    env.run()
    assert behind.done == [(0, 90, 20), (110, 130, 20)]
    assert ahead.done == [(0, 110, 20), (130, 150, 20)]
    assert [called + delay for called, delay, _ in target.seen] == [110, 130, 150, 170]


ORDERS = [
    # policy, priorities of 5 initiators, the order in which they ask, that in which they are served
    ("fifo", None, "3142", "3142"),
    ("round_robin", None, "3142", "1234"),
    ("priority", None, "3142", "1234"),
    ("priority", [0, 9, 5, 7, 6], "3142", "2431"),
    ("priority", [0, 1, 0, 1, 0], "3142", "4231"),
    ("priority", [0, -1, 3, 3, 3], "4312", "1432"),
]


@pytest.mark.parametrize(("policy", "priorities", "asked", "served"), ORDERS)
def test_who_is_next(env, policy, priorities, asked, served):
    """All ask while initiator 0 has the bus, at 5, one after the other."""
    target = Annotating(env, "target")
    senders = [Sender(env, "0", [read(0x1000, 16)])]
    senders += [
        Sender(env, str(number), [read(0x1000 + number)], start=1 + asked.index(str(number))) for number in range(1, 5)
    ]
    a_bus(env, target, senders, arbitration=policy, priorities=priorities)
    env.run()
    assert "".join(str(address) for _, _, address in target.seen) == f"0{served}"
    assert [called + delay for called, delay, _ in target.seen] == [20, 30, 40, 50, 60]


def test_round_robin_goes_on_after_the_last_one_served(env):
    """Three that always have something to send, a fourth from 25 on."""
    senders = [Sender(env, f"sender{number}", [read(0x1000 + number)] * 4) for number in range(3)]
    senders.append(Sender(env, "sender3", [read(0x1003)] * 2, start=25))
    target = Annotating(env, "target")
    a_bus(env, target, senders, arbitration="round_robin")
    env.run()
    assert "".join(str(address) for _, _, address in target.seen) == "01230123012012"


def test_with_priority_the_first_goes_on_while_it_has_work(env):
    senders = [Sender(env, f"sender{number}", [read(0x1000 + number, 8)] * 3) for number in range(3)]
    target = Annotating(env, "target")
    a_bus(env, target, senders, arbitration="priority")
    env.run()
    assert "".join(str(address) for _, _, address in target.seen) == "000111222"


def test_who_asks_in_the_instant_of_the_release_takes_part():
    """The first has the bus until 20, the last waits from 1 on; then the first but one asks, at 19, 20 or 21."""
    for start, order in [(19, [1, 0, 2]), (20, [1, 0, 2]), (21, [1, 2, 0])]:
        env = simpy.Environment()
        target = Annotating(env, "target")
        starts = [start, 0, 1]
        senders = [Sender(env, f"sender{k}", [read(0x1000 + k, 16)], start=at) for k, at in enumerate(starts)]
        a_bus(env, target, senders, arbitration="priority")
        env.run()
        assert [address for _, _, address in target.seen] == order


@pytest.mark.parametrize("asked", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("start", [0, 7])
def test_who_asks_an_idle_bus_in_the_same_instant_takes_part(asked, start):
    """In whatever order their processes come."""
    for policy, priorities, served in [
        ("round_robin", None, [0, 1, 2]),
        ("priority", None, [0, 1, 2]),
        ("priority", [5, 3, 1], [2, 1, 0]),
    ]:
        env = simpy.Environment()
        senders = {k: Sender(env, f"sender{k}", [read(0x1000 + k, 8)], start=start) for k in asked}
        target = Annotating(env, "target")
        a_bus(env, target, [senders[k] for k in range(3)], arbitration=policy, priorities=priorities)
        env.run()
        assert [(called + delay, address) for called, delay, address in target.seen] == [
            (start + PERIOD * (place + 1), k) for place, k in enumerate(served)
        ]


def test_turns_go_on_where_they_were_when_the_bus_was_idle_between(env):
    """Both ask at 50, the one that was served last a little earlier than the other, who asked at 20 for nothing."""
    first = Sender(env, "first", [read(0x1000, 8)] * 2, gap=40)
    second = Sender(env, "second", [read(0), read(0x1001, 8)], start=20, gap=30)
    target = Annotating(env, "target")
    a_bus(env, target, [first, second], arbitration="round_robin")
    env.run()
    assert [(called + delay, address) for called, delay, address in target.seen] == [(10, 0), (60, 1), (70, 0)]


class Impatient(Sender):
    """Gives up when it is interrupted; `gave_up` is when that was."""

    gave_up = None

    def run(self):
        try:
            yield from super().run()
        except simpy.Interrupt:
            self.gave_up = self.now


def test_an_interrupted_caller_gives_up_its_turn(env):
    target = Annotating(env, "target")
    senders = [kind(env, f"sender{k}", [read(0x1000 + k, 16)]) for k, kind in enumerate((Sender, Impatient, Sender))]
    bus = a_bus(env, target, senders, arbitration="round_robin")
    env.run(until=12)
    next(iter(senders[1].processes)).interrupt()
    env.run()
    assert senders[1].gave_up == 12
    assert [(called + delay, address) for called, delay, address in target.seen] == [(20, 0), (40, 2)]
    assert bus.figures() == {"bytes": 32, "payloads": 2}


REFUSED = [
    ({"arbitration": "round-robin"}, BadInput, "there is no arbitration 'round-robin' .*did you mean 'round_robin'"),
    ({"arbitration": "fifo", "priorities": [0]}, BadInput, "arbitration 'fifo' knows no priorities"),
    ({"width_bytes": 0}, ValueError, "bus: a bus needs a width of at least 1 byte, not 0"),
]


@pytest.mark.parametrize(("fields", "kind", "message"), REFUSED)
def test_what_is_no_bus_is_refused(env, fields, kind, message):
    with pytest.raises(kind, match=message):
        Bus(env, "bus", **{"width_bytes": 8, "clock": CLOCK, **fields})


def test_every_initiator_has_its_priority(env):
    senders = [Sender(env, f"sender{number}") for number in range(3)]
    a_bus(env, Annotating(env, "target"), senders, arbitration="priority", priorities=[1, 2])
    with pytest.raises(ElaborationError, match=r"^bus: 2 priorities are given for 3 initiators"):
        env.run()


def test_figures_and_rate(env):
    bus = a_bus(env, Annotating(env, "target"), [Sender(env, "sender", [read(0x1000, 20), read(0x1000, 4)])])
    env.run()
    assert bus.kind == "bus"
    assert bus.figures() == {"bytes": 24, "payloads": 2}
    rate = bus.rate()
    assert (rate.moved, rate.unit) == (24, "B")
    assert rate.peak_per_s == 8 * FS_PER_S / PERIOD
    assert bus.probe.totals(100) == {BUSY: 40, IDLE: 60}


def test_debug_does_not_take_the_bus(env):
    sender, target = Sender(env, "sender"), Annotating(env, "target")
    bus = a_bus(env, target, [sender])
    sender.elaborate()
    payload = read(0x1004, 16)
    assert sender.port.transport_dbg(payload) == 16
    assert (target.seen, payload.address) == ([("debug", 16, 4)], 0x1004)
    assert bus.figures()["payloads"] == 0


# --- against a plain loop --------------------------------------------------------------------------------------------


def plain_loop(policy, jobs, priorities):
    """When each of `jobs` (asks at, initiator, cycles) is through, one at a time; they are in order of asking."""
    left, ends, now, last = list(range(len(jobs))), {}, 0, -1
    ranks = {
        "fifo": lambda job: job,
        "round_robin": lambda job: ((jobs[job][1] - last - 1) % len(priorities), job),
        "priority": lambda job: (priorities[jobs[job][1]], job),
    }
    while left:
        asked = [job for job in left if jobs[job][0] <= now]
        if not asked:  # the bus is free until somebody asks: all who do so then take part
            now = jobs[left[0]][0]
            asked = [job for job in left if jobs[job][0] <= now]
        job = min(asked, key=ranks[policy])
        left.remove(job)
        at, last, cycles = jobs[job]
        now = ends[job] = max(now, at) + cycles * PERIOD
    return [ends[job] for job in range(len(jobs))]


class Caster(Module):
    """Sends each of `jobs` (number, at, payload) at its time, whatever has come of the others; `ends` by number."""

    def __init__(self, parent, name):
        super().__init__(parent, name)
        self.ends = {}
        self.port = InitiatorSocket(self, "port")

    def send(self, number, at, payload):
        yield self.env.timeout(at)
        delay = yield from self.port.b_transport(payload, 0)
        self.ends[number] = self.now + delay


JOB = st.tuples(st.integers(0, 120), st.integers(0, 3), st.integers(1, 5))


@given(
    st.sampled_from(POLICIES),
    st.lists(JOB, min_size=1, max_size=25),
    st.lists(st.integers(0, 2), min_size=4, max_size=4),
)
def test_one_payload_at_a_time_and_the_bus_is_never_idle_while_one_waits(policy, jobs, priorities):
    env = simpy.Environment()
    jobs.sort(key=lambda job: job[:2])  # in one instant processes go in the order of their modules
    casters = [Caster(env, f"caster{number}") for number in range(4)]
    target = Annotating(env, "target")
    bus = a_bus(env, target, casters, arbitration=policy, priorities=priorities if policy == "priority" else None)
    for number, (at, initiator, cycles) in enumerate(jobs):
        payload = read(0x1000, cycles * 8)
        casters[initiator].process(partial(casters[initiator].send, number, at, payload))
    env.run()
    ends = {number: end for caster in casters for number, end in caster.ends.items()}
    assert ends == dict(enumerate(plain_loop(policy, jobs, priorities)))
    assert bus.figures() == {"bytes": 8 * sum(job[2] for job in jobs), "payloads": len(jobs)}
    assert bus.probe.totals(10_000)[BUSY] == sum(job[2] for job in jobs) * PERIOD


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(1, 40)), min_size=1, max_size=30),
    st.sampled_from([Sender, Decoupled]),
    st.sampled_from(POLICIES),
)
def test_what_reaches_the_target_has_had_the_bus_alone(sends, kind, policy):
    """Initiators that wait or run ahead: each payload's own time on the bus lies before it is at the target."""
    env = simpy.Environment()
    senders = [
        kind(env, f"sender{number}", [read(0x1000, length) for _, length in sends[number::3]], start=sends[0][0], gap=5)
        for number in range(3)
    ]
    target = Lengths(env, "target")
    a_bus(env, target, senders, arbitration=policy)
    env.run()
    assert len(target.came) == len(sends)
    free = 0
    for at, length in sorted(target.came):
        assert at - -(-length // 8) * PERIOD >= free
        free = at


class Lengths(Annotating):
    """`came` are (logical time, length)."""

    def __init__(self, parent, name):
        super().__init__(parent, name, 30)
        self.came = []

    def b_transport(self, payload, delay):
        self.came.append((self.now + delay, payload.data_length))
        return super().b_transport(payload, delay)


def test_data_and_addresses_go_through(env):
    payloads = [write(0x1008, b"word"), read(0x1008)]
    a_bus(env, Words(env, "target"), [Sender(env, "sender", payloads)], arbitration="round_robin")
    env.run()
    assert payloads[1].data == b"word"
    assert [(payload.address, payload.response_status) for payload in payloads] == [(0x1008, OK)] * 2
