"""The exact memory: what its commands keep and what its callers get, whatever the configuration and the traffic."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import attrs
import pytest
import simpy
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from rules import active_cycles, broken_rules, burst_cycles, refreshes_out_of_time

from tlm.core import OK, READ, WRITE, Payload
from tlm.memory import Dram, MemorySpec
from tlm.memory.config import resolve
from tlm.memory.standards import Organisation, field_bits, standard_names

STANDARDS = [name for name in standard_names() if name != "ideal"]
FEW_WRITES = 8  # so many may stay in the write buffer for good

# --- a run -----------------------------------------------------------------------------------------------------------


@attrs.frozen
class Request:
    """Process `who` waits `pause_fs`, then reads or writes with `delay_fs` for its delay; with `data` it has bytes."""

    who: int
    command: int
    address: int
    length: int
    pause_fs: int = 0
    delay_fs: int = 0
    data: bool = False


@attrs.define(eq=False)
class Call:
    """A b_transport: its payload, the first cycle that can see it, the bytes it should read, its end."""

    payload: Payload
    at: int
    expected: bytes | None = None
    done_fs: int | None = None

    @property
    def write(self):
        return self.payload.command is WRITE


class Run:
    """A memory, the processes that call it, and the bytes it should hold, as the order of the calls says."""

    def __init__(self, fields, requests):
        self.env = simpy.Environment()
        self.dram = memory(self.env, fields)
        self.config = self.dram.config
        self.tck = self.config.tCK_fs
        self.calls, self.model = [], defaultdict(int)
        self.requests = requests
        of = defaultdict(list)
        for request in requests:
            of[request.who].append(request)
        for mine in of.values():
            self.env.process(self.caller(mine))

    def caller(self, requests):
        for request in requests:
            if request.pause_fs:
                yield self.env.timeout(request.pause_fs)
            call = self.call(request)
            self.calls.append(call)
            left = yield from self.dram.port.b_transport(call.payload, request.delay_fs)
            yield self.env.timeout(left)
            call.done_fs = self.env.now

    def call(self, request):
        address, length = request.address, request.length
        payload = Payload(request.command, address, None, length)
        call = Call(payload, self.cycle_of(self.env.now + request.delay_fs))
        if request.data and request.command == READ:
            payload.data = bytearray(length)
            call.expected = bytes(self.model[address + k] for k in range(length))
        elif request.data:
            payload.data = bytes((len(self.calls) * 37 + 11 * k + 1) & 255 for k in range(length))
            self.model.update((address + k, byte) for k, byte in enumerate(payload.data))
        return call

    def to_the_end(self):
        """Until nothing is left to happen, which is no later than if all were served one by one."""
        t, bursts = self.config.timing, sum(map(len, map(self.bursts, self.requests)))
        parts = t.nRC, t.nRCD, t.nCL, t.nCWL, t.nWR, t.nWTR_L, t.nRTP, t.nFAW, t.nRTRS, 2 * burst_cycles(self.config)
        patience = 2 * sum(parts) * (bursts + 1) + 2 * t.nREFI
        limit = self.tck * patience + sum(request.pause_fs + request.delay_fs for request in self.requests)
        while self.env.peek() != float("inf"):
            assert self.env.peek() <= max(limit, self.env.now), "it is not over"
            self.env.step()
        return self

    @property
    def cycle(self):
        """The cycle that begins now or next."""
        return self.cycle_of(self.env.now)

    def cycle_of(self, time_fs):
        """The first cycle that begins then or later."""
        return -(-int(time_fs) // self.tck)

    def bursts(self, request):
        """(channel, bank, row) of each burst, by the mapping's own text."""
        size, length = self.config.burst_bytes, getattr(request, "length", None) or request.data_length
        numbers = range(request.address // size, (request.address + length - 1) // size + 1)
        return [place_of(str(self.config.mapping), self.config.organisation, number * size) for number in numbers]

    def outcome(self):
        """All that can be seen of it."""
        return self.dram.stats, self.dram.logs, [(call.payload.milestones, call.done_fs) for call in self.calls]


def place_of(mapping, organisation, address):
    """(channel, bank, row) of an address."""
    have, value = Counter(), Counter()
    for field, low, bits in pieces_of(mapping):
        value[field] += (address >> low) % (1 << bits) << have[field]
        have[field] += bits
    bank = (value["ra"] * organisation.bank_groups + value["bg"]) * organisation.banks + value["ba"]
    return value["ch"], bank, value["ro"]


@cache
def pieces_of(mapping):
    words = re.findall(r"([a-z]+)\[(\d+)(?::(\d+))?\]", mapping)
    return [(field, int(low or high), int(high) - int(low or high) + 1) for field, high, low in words]


# --- configurations and traffic --------------------------------------------------------------------------------------

depths = st.sampled_from([1, 2, 3, 8, 9, 32])


def memory(env, fields):
    """A memory of `fields`, whose standard may be a tree as in a standard's file."""
    standard = fields["standard"]
    if isinstance(standard, str):
        return Dram(env, "dram", granularity="exact", log=True, **fields)
    with TemporaryDirectory() as folder:
        path = Path(folder, "made-up.yaml")
        path.write_text(json.dumps(standard))
        return Dram(env, "dram", granularity="exact", log=True, **{**fields, "standard": str(path)})


def laid(pieces, burst_bytes):
    """A mapping's text from its (field, bits), lowest first."""
    words, low = [], burst_bytes.bit_length() - 1
    for field, bits in pieces:
        words.append(f"{field}[{low + bits - 1}:{low}]")
        low += bits
    return " ".join(words)


@st.composite
def spelled(draw, organisation):
    """Any mapping of `organisation`; a field's bits may lie in two places."""
    pieces = []
    for field, bits in field_bits(organisation).items():
        cut = draw(st.integers(0, bits))
        pieces += [(field, count) for count in (cut, bits - cut) if count]
    return laid(draw(st.permutations(pieces)), organisation.burst_bytes)


@st.composite
def shipped(draw):
    """A standard that comes with the model, in some configuration."""
    fields = {
        "standard": draw(st.sampled_from(STANDARDS)),
        "channels": draw(st.sampled_from([1, 2])),
        "ranks": draw(st.sampled_from([1, 2, 4])),
        "width": draw(st.sampled_from([None, 16, 64])),
        **draw(controllers),
    }
    mapping = draw(st.sampled_from(["default", "row", "interleaved", "spelled"]))
    if mapping == "spelled":
        fields["mapping"] = draw(spelled(resolve(MemorySpec(**fields)).organisation))
    elif mapping != "default":
        fields["mapping"] = mapping
    return fields


controllers = st.fixed_dictionaries(
    {"page": st.sampled_from(["open", "closed"]), "read_queue": depths, "write_queue": depths, "bank_queue": depths}
)


@st.composite
def made_up(draw):
    """A standard that there is none of: few rows and columns, any timing, refreshes as often as can be."""
    pick = lambda *values: draw(st.sampled_from(values))  # noqa: E731
    organisation = {
        "channels": pick(1, 2),
        "width": 8,
        "ranks": pick(1, 2, 4),
        "bank_groups": pick(1, 2, 4),
        "banks": pick(1, 2, 4),
        "rows": 4,
        "row_bytes": pick(8, 16, 64),
        "burst_length": pick(4, 8),
        "beats_per_cycle": pick(2, 8),
    }
    tree = {
        "source": "made up",
        "tCK_ns": pick(0.63, 1.0),
        "organisation": organisation,
        "timing": draw(timings(organisation)),
        "mapping": {"any": draw(spelled(Organisation(**organisation)))},
        "dual_command": draw(st.booleans()),
    }
    return {"standard": tree, **draw(controllers)}


@st.composite
def timings(draw, organisation):
    few = st.integers(1, 12)
    names = ["nRCD", "nRP", "nRAS", "nRRD_S", "nCCD_S", "nWTR_S", "nWR", "nRTP", "nRTRS", "nPPD", "nCL", "nCWL"]
    t = {name: draw(few) for name in names}
    for longer, shorter in (("nRRD_L", "nRRD_S"), ("nFAW", "nRRD_S"), ("nCCD_L", "nCCD_S"), ("nWTR_L", "nWTR_S")):
        t[longer] = t[shorter] + draw(few) - 1
    t["nFAW"] *= draw(st.integers(1, 4))
    t["nRC"] = t["nRAS"] + t["nRP"] + draw(st.sampled_from([0, 0, 5]))
    t["nRFC"] = draw(st.integers(1, 60))
    around = sum(t[name] for name in ("nRFC", "nRAS", "nRP", "nRCD", "nFAW", "nCL", "nCWL", "nWR"))
    t["nREFI"] = 2 * (around + organisation["bank_groups"] * organisation["banks"]) + draw(st.integers(0, 200))
    return t


@st.composite
def runs(draw, memories):
    """Fields of a memory and the requests it gets: to a few places, so that they meet, many of them at once."""
    fields = draw(memories)
    config = memory(simpy.Environment(), fields).config
    size, capacity, tck = config.burst_bytes, config.capacity_bytes, config.tCK_fs
    places = draw(st.lists(st.integers(0, capacity - 1), min_size=1, max_size=3))
    lengths = st.integers(1, 3 * size) | st.just(size) | st.integers(1, 30 * size)
    times = st.integers(0, 60 * tck) | st.integers(0, 3 * config.timing.nREFI * tck)
    one = st.tuples(
        st.integers(0, 9),
        st.sampled_from([READ, WRITE]),
        st.sampled_from(places),
        st.integers(0, 8) | st.integers(0, 8 * size),
        lengths,
        st.just(0) | times,
        st.just(0) | times,
        st.booleans(),
    )
    requests = []
    for who, command, place, offset, length, *others in draw(st.lists(one, min_size=1, max_size=30)):
        address = (place // size * size + offset) % capacity
        requests.append(Request(who, command, address, min(length, capacity - address), *others))
    return fields, requests


# --- what always holds -----------------------------------------------------------------------------------------------


def check(run):
    """All that must hold of a run that is over."""
    assert all(call.payload.response_status is OK for call in run.calls)
    assert all(call.expected is None or call.payload.data == call.expected for call in run.calls)
    check_answers(run)
    stats = run.dram.stats  # brings the logs up to date
    for channel, log in enumerate(run.dram.logs):
        assert broken_rules(log, run.config) == []
        assert list(refreshes_out_of_time(log, run.config, run.cycle)) == []
        check_counts(stats.channels[channel], log, run)
    check_stats(run, stats)


def check_much_later(run, later):
    """Left alone, all has been moved and refreshes go on."""
    run.env.run(until=int(run.env.now) + later * run.tck)
    check(run)
    stats = run.dram.stats
    for channel, log in enumerate(run.dram.logs):
        check_served(run, channel, log, stats.channels[channel])
        assert stats.channels[channel].active_cycles == active_cycles(log, run.config, run.cycle)


def check_counts(stats, log, run):
    """What a channel counts is what its log has."""
    names = Counter(name for _, name, _, _ in log)
    assert (stats.read_bursts, stats.written_bursts) == (names["RD"], names["WR"])
    assert (stats.activates, stats.refreshes) == (names["ACT"], names["REF"])


def check_stats(run, stats):
    payloads = [call.payload for call in run.calls]
    assert stats.read_bytes == sum(p.data_length for p in payloads if p.command is READ)
    assert stats.written_bytes == sum(p.data_length for p in payloads if p.command is WRITE)
    assert stats.bytes_per_s <= stats.peak_bytes_per_s


def check_served(run, channel, log, stats):
    """Each burst was moved once, in its own bank and row, or merged or forwarded; none was answered before that."""
    done = {"RD": Counter(), "WR": Counter()}
    asked = {"RD": Counter(), "WR": Counter()}
    for _, name, place, row in log:
        if name in done:
            done[name][place, row] += 1
    for call in run.calls:
        for where, bank, row in run.bursts(call.payload):
            if where == channel:
                asked["WR" if call.write else "RD"][bank, row] += 1
    assert done["RD"] <= asked["RD"]
    assert done["WR"] <= asked["WR"]
    assert asked["RD"].total() - done["RD"].total() == stats.forwarded_bursts
    kept = asked["WR"].total() - done["WR"].total() - stats.merged_bursts
    assert 0 <= kept <= min(FEW_WRITES, run.config.write_queue - 1)


def check_answers(run):
    """A write is complete a cycle after it comes at the soonest; a read when its data have, which is not too soon."""
    t, burst = run.config.timing, burst_cycles(run.config)
    for call in run.calls:
        done, late = divmod(call.done_fs, run.tck)
        assert not late
        assert done >= call.at + (1 if call.write else t.nCL + burst)
    if not run.dram.stats.moved_read_bytes:
        return
    for channel, log in enumerate(run.dram.logs):
        check_reads(run, channel, log, t.nCL + burst)


def check_reads(run, channel, log, latency):
    """By the end of each read so many bursts have come from its rows, or from the write buffer, as were answered."""
    came = sorted((cycle + latency, (bank, row)) for cycle, name, bank, row in log if name == "RD")
    reads = sorted((call.done_fs // run.tck, k) for k, call in enumerate(run.calls) if not call.write)
    forwarded, moved, answered, seen = run.dram.stats.channels[channel].forwarded_bursts, Counter(), Counter(), 0
    for cycle, k in reads:
        answered.update((bank, row) for where, bank, row in run.bursts(run.calls[k].payload) if where == channel)
        while seen < len(came) and came[seen][0] <= cycle:
            moved[came[seen][1]] += 1
            seen += 1
        assert (answered - moved).total() <= forwarded


unshrunk = settings(phases=[Phase.generate])  # to make a failing run smaller takes minutes
later = st.integers(0, 300) | st.integers(0, 30_000)


def keeps_all(drawn, later):
    run = Run(*drawn).to_the_end()
    assert run.env.now == max(call.done_fs for call in run.calls)
    check(run)
    check_much_later(run, 4 * run.config.timing.nRFC + 100 * run.config.timing.nRC + later)


@settings(unshrunk, max_examples=50)
@given(runs(shipped()), later)
def test_what_every_run_keeps(drawn, later):
    keeps_all(drawn, later)


@settings(unshrunk, max_examples=70)
@given(runs(made_up()), later)
def test_what_every_run_keeps_whatever_the_timing(drawn, later):
    keeps_all(drawn, later)


@settings(unshrunk, max_examples=30)
@given(runs(shipped() | made_up()), st.lists(st.integers(1, 400) | st.integers(1, 20_000), max_size=8))
def test_looking_on_changes_nothing(drawn, pauses):
    """Whoever stops a run, and asks for what was done so far, sees the beginning of the same run."""
    whole = Run(*drawn).to_the_end()
    run, seen = Run(*drawn), []
    for pause in pauses:
        run.env.run(until=run.env.now + pause * run.tck // 3 + 1)
        seen.append((run.cycle, run.dram.stats, [list(log) for log in run.dram.logs]))
    run.to_the_end()
    end = max(whole.env.now, run.env.now)
    for one in (whole, run):
        one.env.run(until=int(end) + 1)
    assert run.outcome() == whole.outcome()
    for cycle, stats, logs in seen:
        assert logs == [[line for line in log if line[0] < cycle] for log in whole.dram.logs]
        assert stats.row_hits + stats.row_misses == sum(line[1] in ("RD", "WR") for log in logs for line in log)


# --- reads and writes of the same bursts -----------------------------------------------------------------------------

SAME = {  # a row holds one burst, so that a log tells which one it was
    "source": "made up",
    "tCK_ns": 1,
    "organisation": {
        **{"channels": 1, "width": 8, "ranks": 1, "bank_groups": 2, "banks": 2, "rows": 4, "row_bytes": 8},
        **{"burst_length": 8},
    },
    "timing": {
        **{"nCL": 5, "nCWL": 3, "nRCD": 5, "nRP": 5, "nRAS": 9, "nRRD_S": 2, "nRRD_L": 3, "nFAW": 12, "nCCD_S": 4},
        **{"nCCD_L": 6, "nWTR_S": 2, "nWTR_L": 4, "nWR": 6, "nRTP": 3, "nRTRS": 1, "nRFC": 20, "nREFI": 200},
    },
    "mapping": {"any": "bg[3] ba[4] ro[6:5]"},
}


def in_order(asked, log):
    """Whether the commands of one burst in `log`, RD and WR, serve what was `asked` of it in that order.

    While a write waits, reads of it are forwarded and writes of it merged; it may wait for good.
    """
    states = {(0, False)}  # commands seen, and whether a write waits
    for write in asked:
        states |= {(seen + 1, False) for seen, waits in states if waits and log[seen : seen + 1] == ["WR"]}
        kept = {state for state in states if state[1]}
        if write:
            states = kept | {(seen, True) for seen, waits in states - kept}
        else:
            states = kept | {(seen + 1, False) for seen, waits in states - kept if log[seen : seen + 1] == ["RD"]}
    return any(log[seen:] in ([], ["WR"] * waits) for seen, waits in states)


@pytest.mark.parametrize(
    ("asked", "log", "right"),
    [
        ("RW", ["RD", "WR"], True),
        ("RW", ["WR", "RD"], False),
        ("RW", ["RD"], True),
        ("RW", ["WR"], False),
        ("WR", ["WR"], True),
        ("WR", ["WR", "RD"], True),
        ("WR", ["RD", "WR"], False),
        ("WR", [], True),
        ("WRWW", ["WR", "WR"], True),
        ("WRWW", ["WR", "WR", "WR"], True),
        ("WRW", ["WR", "WR", "WR"], False),
        ("RR", ["RD"], False),
    ],
)
def test_in_order(asked, log, right):
    assert in_order([letter == "W" for letter in asked], log) == right


@st.composite
def hazards(draw):
    """Single bursts of a few places, many at once, before small queues."""
    fields = {"standard": SAME, **draw(controllers)}
    one = st.tuples(st.sampled_from([READ, WRITE]), st.sampled_from([0, 8, 16, 32, 64]), st.integers(0, 40))
    requests = draw(st.lists(one, min_size=2, max_size=40))
    return fields, [
        Request(who, command, place, 8, data=True, delay_fs=delay * 10**6)
        for who, (command, place, delay) in enumerate(requests)
    ]


@settings(unshrunk, max_examples=80)
@given(hazards())
def test_accesses_to_one_burst_are_served_in_the_order_they_are_accepted(drawn):
    run = Run(*drawn).to_the_end()
    keeps_all(drawn, 0)
    run.env.run(until=int(run.env.now) + 5 * run.config.timing.nREFI * run.tck)
    assert run.dram.stats.channels[0].refreshes >= 4
    for address in (0, 8, 16, 32, 64):
        asked = [call for call in run.calls if call.payload.address == address]
        (_, bank, row) = place_of(SAME["mapping"]["any"], run.config.organisation, address)
        served = [name for _, name, *place in run.dram.logs[0] if place == [bank, row] and name in ("RD", "WR")]
        assert in_order([call.write for call in sorted(asked, key=lambda call: call.at)], served)


# --- small cases, by hand: DDR4-3200, nRCD = nRP = nCL = 22, nCWL 16, burst 4, nRAS 52, nRTP 12 ----------------------

# A first command comes a cycle after its burst.
HIT, CLOSED, CONFLICT = 1 + 22 + 4, 1 + 22 + 22 + 4, 1 + 22 + 22 + 22 + 4
COLUMN, BANK, ROW = 256, 1 << 15, 1 << 17  # from a burst to the next column, bank of its group, and row; a group is 64


def run_of(*requests, **fields):
    """(command, address, cycle) each, all alone in their processes; a run of a DDR4-3200 that is over."""
    made = []
    for command, address, cycle in requests:
        made.append(Request(len(made), command, address, 64, delay_fs=cycle * 630_000))
    return Run({"standard": "ddr4-3200", **fields}, made).to_the_end()


def ends(run):
    return [call.done_fs // run.tck for call in run.calls]


def test_a_closed_row_an_open_one_and_another():
    run = run_of((READ, 0, 0), (READ, COLUMN, 100), (READ, ROW, 200))
    assert ends(run) == [CLOSED, 100 + HIT, 200 + CONFLICT]
    assert run.dram.logs[0] == [
        *[(1, "ACT", 0, 0), (23, "RD", 0, 0)],
        (101, "RD", 0, 0),
        *[(201, "PRE", 0, 0), (223, "ACT", 0, 1), (245, "RD", 0, 1)],
    ]


def test_a_cycle_begins_with_its_first_femtosecond():
    for delay_fs, cycle in ((0, 0), (1, 1), (630_000, 1), (630_001, 2)):
        run = Run({"standard": "ddr4-3200"}, [Request(0, READ, 0, 64, delay_fs=delay_fs)]).to_the_end()
        assert ends(run) == [cycle + CLOSED]


def test_few_writes_wait_and_are_complete_all_the_same():
    run = run_of(*((WRITE, 64 * k, 10 * k) for k in range(8)))
    assert ends(run) == [10 * k + 1 for k in range(8)]
    assert run.dram.logs == [[]]


def test_nine_writes_are_drained():
    run = Run({"standard": "ddr4-3200"}, [Request(0, WRITE, 0, 9 * 64)]).to_the_end()
    assert ends(run) == [1]
    run.env.run(until=100 * run.tck)
    assert run.dram.stats.row_hits == 5
    rows = [(1 + 4 * k, "ACT", 4 * k, 0) for k in range(4)]
    assert run.dram.logs[0] == rows + [(23 + 4 * k, "WR", 4 * (k % 4), 0) for k in range(9)]


def test_a_read_of_what_waits_to_be_written_and_a_write_over_it():
    run = run_of((WRITE, 0, 0), (READ, 0, 10), (WRITE, 0, 20), (READ, 64, 30))
    stats = run.dram.stats.channels[0]
    assert (stats.forwarded_bursts, stats.merged_bursts, stats.bursts) == (1, 1, 1)
    assert ends(run) == [1, 10 + HIT, 21, 30 + CLOSED]


def test_a_write_behind_a_read_of_the_same_burst_in_a_full_buffer():
    run = run_of((READ, 0, 0), (WRITE, 0, 0), (WRITE, 64, 0), (WRITE, ROW, 0), write_queue=1)
    run.env.run(until=300 * run.tck)
    assert run.dram.stats.moved_written_bytes == 3 * 64
    assert [line[1] for line in run.dram.logs[0] if line[2:] == (0, 0)][:3] == ["ACT", "RD", "WR"]
    assert ends(run)[:2] == [CLOSED, 1]


def test_a_full_queue_takes_one_as_one_leaves():
    run = run_of((READ, 0, 0), (READ, 64, 0), (READ, 128, 0), read_queue=1)
    assert ends(run) == [CLOSED, CLOSED + 4, CLOSED + 8]
    run = run_of((WRITE, 0, 0), (WRITE, 64, 0), (WRITE, 128, 0), write_queue=1)
    assert ends(run) == [1, 2, 3]


def test_hits_overtake():
    run = run_of((READ, 0, 0), (READ, COLUMN, 100), (READ, ROW, 100), (READ, 2 * COLUMN, 100), (READ, 3 * COLUMN, 100))
    assert run.dram.logs[0][2:] == [
        *[(101 + 8 * k, "RD", 0, 0) for k in range(3)],
        *[(117 + 12, "PRE", 0, 0), (117 + 12 + 22, "ACT", 0, 1), (117 + 12 + 44, "RD", 0, 1)],
    ]
    assert ends(run)[2] > ends(run)[4]


@pytest.mark.parametrize("early", [0, 1])
def test_a_refresh_keeps_its_rank_from_the_cycle_in_which_it_is_due(early):
    run = run_of((READ, 0, 12000), (READ, COLUMN, 12479 - early))
    if early:
        assert run.dram.logs[0][2:] == [(12479, "RD", 0, 0), (12479 + 12, "PRE", 0, 0)]
        assert ends(run)[1] == 12478 + HIT
    else:
        assert run.dram.logs[0][2:] == [
            *[(12480, "PRE", 0, 0), (12502, "REF", 0, -1)],
            *[(12502 + 560, "ACT", 0, 0), (12502 + 560 + 22, "RD", 0, 0)],
        ]


def test_a_refresh_of_one_rank_takes_the_command_bus_from_the_other():
    """The first rank's falls due in cycle 6240, in which the second rank's open row would be read."""
    rank = 1 << 17
    run = run_of((READ, rank, 6000), (READ, rank + COLUMN, 6239), ranks=2)
    assert run.dram.logs[0][2:] == [(6240, "REF", 0, -1), (6241, "RD", 16, 0)]
    assert ends(run)[1] == 6239 + HIT + 1


def test_a_closed_page_is_closed_behind_its_last_hit():
    run = run_of((READ, 0, 0), (READ, 0, 50), page="closed")
    assert ends(run) == [CLOSED, 1 + 74 + 22 + 22 + 4]  # nRC after the first activate
    assert [line[:2] for line in run.dram.logs[0]] == [(1, "ACT"), (23, "RD"), (75, "ACT"), (97, "RD")]
    assert run.dram.stats.row_hits == 0


def test_the_time_that_rows_are_open_is_counted_until_now():
    run = run_of((READ, 0, 0), page="closed")
    assert run.dram.stats.channels[0].active_cycles == CLOSED - 1
    run.env.run(until=200 * run.tck)
    assert run.dram.stats.channels[0].active_cycles == 52
    run = run_of((READ, 0, 0), (READ, 64, 30), page="closed")  # a row opens while another is about to close
    run.env.run(until=200 * run.tck)
    assert run.dram.stats.channels[0].active_cycles == 31 + 52 - 1


R, W = READ, WRITE
SPACINGS = {  # two requests whose commands must be so far apart; row 0 is open in the first bank of each group
    "nCCD_S": (R, 0, R, 64, 4),
    "nCCD_L": (R, 0, R, COLUMN, 8),
    "nCCD_S, writes": (W, 0, W, 64, 4),
    "nCCD_L, writes": (W, 0, W, COLUMN, 8),
    "read to write": (R, 0, W, 64, 22 + 4 + 1 - 16),
    "nWTR_S": (W, 0, R, 64, 16 + 4 + 4),
    "nWTR_L": (W, 0, R, COLUMN, 16 + 4 + 12),
    "nRTP": (R, 0, R, ROW, 12),
    "nWR": (W, 0, R, ROW, 16 + 4 + 24),
    "nRRD_S": (R, BANK, R, BANK + 64, 4),
    "nRRD_L": (R, BANK, R, 2 * BANK, 8),
}


@pytest.mark.parametrize("late", [-1, 0, 1])
@pytest.mark.parametrize(("first", "there", "second", "where", "apart"), SPACINGS.values(), ids=SPACINGS)
def test_two_commands_keep_their_distance_and_no_more(first, there, second, where, apart, late):
    """Writes are drained at once here; the second command would come `late` cycles after it may."""
    opening = [(READ, 64 * group, 10 * group) for group in range(4)]
    run = run_of(*opening, (first, there, 1000), (second, where, 1000 + apart + late), write_queue=1)
    run.env.run(until=2000 * run.tck)
    assert run.dram.stats.row_misses >= 4
    cycles = [cycle for cycle, *_ in run.dram.logs[0] if cycle > 1000]
    assert cycles[:2] == [1001, 1001 + apart + max(0, late)]


def test_no_more_than_four_activates_in_nfaw():
    first = [(READ, 0, 0), (READ, 64, 5), (READ, 128, 10), (READ, 192, 14)]
    run = run_of(*first, (READ, BANK, 20), (READ, 2 * BANK, 20))
    rows = [cycle for cycle, name, *_ in run.dram.logs[0] if name == "ACT"]
    assert rows == [1, 6, 11, 15, 1 + 34, 1 + 34 + 8]


def test_channels_share_nothing():
    """The second caller's channel has nothing else to do: it is answered first."""
    run = run_of(*((READ, ROW * 2 * k, 0) for k in range(6)), (READ, 64, 0), channels=2)
    assert ends(run)[6] == CLOSED < ends(run)[1]


def test_a_run_that_is_stopped_has_calls_in_flight():
    run = Run({"standard": "ddr4-3200"}, [Request(0, READ, 0, 64), Request(1, WRITE, 64, 64)])
    run.env.run(until=48 * run.tck)
    assert [call.done_fs for call in run.calls] == [None, run.tck]
    run.env.run()
    assert run.env.now == CLOSED * run.tck


def test_what_is_refused_takes_no_time_and_no_command():
    run = Run({"standard": "ddr4-3200"}, [Request(0, READ, 1 << 40, 64, delay_fs=5)])
    run.env.run()
    assert run.calls[0].done_fs == 5
    assert run.calls[0].payload.is_response_error
    assert run.dram.stats.row_misses == run.dram.stats.read_bytes == len(run.dram.logs[0]) == 0


def test_an_idle_memory_has_no_events_and_is_refreshed_all_the_same():
    run = Run({"standard": "ddr4-3200", "ranks": 2}, [Request(0, READ, 0, 64)]).to_the_end()
    assert run.env.peek() == float("inf")
    run.env.run(until=10 * 12480 * run.tck)
    assert run.dram.stats.channels[0].refreshes == 2 * 10 - 1
    assert list(refreshes_out_of_time(run.dram.logs[0], run.config, run.cycle)) == []


def test_a_memory_born_late_has_not_been_refreshed_before():
    env = simpy.Environment()
    env.run(until=10**12)
    dram = Dram(env, "dram", granularity="exact", standard="ddr4-3200")
    assert dram.stats.channels[0].refreshes == 0
