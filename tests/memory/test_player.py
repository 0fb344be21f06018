"""Playing traces: against a cycle-accurate simulator, against the memory itself, and against cuts anywhere."""

from __future__ import annotations

import gc

import attrs
import pytest
import simpy
from dram_reference import Row, rows
from hypothesis import given, settings
from hypothesis import strategies as st
from patterns import random_numbers

from tlm.core import READ, WRITE, BadInput, Payload
from tlm.memory import Dram, MemorySpec
from tlm.memory.burst import Burst
from tlm.memory.exact_player import STRIDE
from tlm.memory.player import Player
from tlm.memory.policy import FEW_WRITES
from tlm.memory.standards import standard_names

STANDARDS = [name for name in standard_names() if name != "ideal"]

# --- against the reference; `make validate` plays all of its rows


UNLOADED = [row for row in rows() if row.pattern.startswith("i_")]
SHORT = {("HBM 8x128", "h_rand1k"), ("LPDDR4-4267 1x64", "h_rand1k"), ("LPDDR4-3200 1x64", "jr20")}


@pytest.mark.parametrize("granularity", ["exact", "coarse"])
@pytest.mark.parametrize("row", UNLOADED, ids=lambda row: f"{row.configuration} {row.pattern}")
def test_unloaded_latencies_are_within_a_cycle(row: Row, granularity: str) -> None:
    played = row.play(granularity)
    assert played.read_latency_cycles is not None and row.p50 is not None
    assert abs(played.read_latency_cycles.p50 - row.p50) <= 1
    assert played.cycles == pytest.approx(row.cycles, rel=1e-4)


@pytest.mark.parametrize(
    "row", [row for row in rows() if (row.configuration, row.pattern) in SHORT], ids=lambda row: row.pattern
)
def test_an_exact_play_takes_the_reference_s_cycles(row: Row) -> None:
    played = row.play("exact")
    assert played.cycles == pytest.approx(row.cycles, rel=1e-3)
    assert played.row_hit_rate == pytest.approx(row.row_hit_rate, abs=1e-3)
    assert played.read_latency_cycles is not None and row.p50 is not None
    assert played.read_latency_cycles.p50 == pytest.approx(row.p50, rel=0.01)


def test_every_pattern_has_its_band() -> None:
    bands = {(row.configuration.rpartition(" ")[2], row.pattern): row.band for row in rows()}
    assert bands["bank-group-interleaved", "a_seq_rd"] == bands["8x128", "b_seq_wr"] == 0.01
    assert bands["row-consecutive", "a_seq_rd"] == bands["row-consecutive", "d_2r1w_2k"] == 0.08
    assert bands["1x64", "cx_2rd_2k_conf"] == bands["row-consecutive", "dx_2r1w_2k_conf"] == 0.15
    assert bands["8x128", "g_rand64"] == bands["row-consecutive", "f_stride4k"] == 0.05


# --- against the memory, and against itself

SMALL = st.lists(
    st.tuples(st.integers(0, 40), st.booleans(), st.integers(0, 60)).map(
        lambda one: (one[0] // 4 * 64 + one[0] % 4 * (1 << 20), one[1], one[2])
    ),
    min_size=1,
    max_size=150,
)
SPECS = st.sampled_from(
    [
        MemorySpec("ddr4-3200"),
        MemorySpec("ddr4-3200", channels=2, ranks=2, read_queue=2, write_queue=3, bank_queue=1),
        MemorySpec("lpddr4-3200", page="closed"),
        MemorySpec("hbm", channels=2),
    ]
)


@settings(deadline=None, max_examples=30)
@given(SPECS, SMALL)
def test_an_exact_play_is_what_the_memory_does(spec, requests):
    requests.sort(key=lambda one: one[2])
    player = Player(spec)
    player.take(requests)
    played = player.finish()
    env = simpy.Environment()
    dram = Dram(env, "dram", spec, "exact")
    ends = []
    for address, write, cycle in requests:
        payload = Payload(WRITE if write else READ, address, None, 1)
        dram._service.start(payload, cycle * dram.config.tCK_fs, ends.append)
    env.run()
    assert played.cycles == max(ends) // dram.config.tCK_fs + 1
    stats = dram.stats
    assert played.moved_bursts == sum(channel.bursts for channel in stats.channels)
    assert played.activates == sum(channel.activates for channel in stats.channels)


@settings(deadline=None, max_examples=30)
@given(SPECS, SMALL, st.integers(1, 40), st.sampled_from(["exact", "coarse"]))
def test_how_a_trace_is_cut_does_not_matter(spec, requests, size, granularity):
    whole, cut = Player(spec, granularity), Player(spec, granularity)
    whole.take(requests)
    for begin in range(0, len(requests), size):
        cut.take(requests[begin : begin + size])
    assert cut.finish() == whole.finish()


@settings(deadline=None, max_examples=30)
@given(st.sampled_from(STANDARDS), SMALL)
def test_every_burst_is_moved_merged_forwarded_or_left_in_the_write_buffer(name, requests):
    for granularity in ("exact", "coarse"):
        player = Player(MemorySpec(name), granularity)
        player.take(requests)
        played = player.finish()
        assert played.reads + played.writes == len(requests)
        left = len(requests) - played.moved_bursts - played.merged_bursts - played.forwarded_bursts
        assert 0 <= left <= FEW_WRITES * played.channels
        assert played.bytes == len(requests) * player.config.burst_bytes
        assert 0 <= played.utilisation <= 1


def test_writes_that_are_merged_take_no_time_on_the_bus():
    """Nine bursts, each written again and again: they are asked for faster than the bus could move them."""
    played = play([(64 * (number % 9), True, number) for number in range(900)])
    assert played.merged_bursts > 600
    assert played.bandwidth_gbps > played.peak_gbps
    assert 0 < played.utilisation < 1


@pytest.mark.parametrize("granularity", ["exact", "coarse"])
@pytest.mark.parametrize("write", [False, True])
def test_utilisation_is_what_the_bus_was_busy_of_all_the_time(write, granularity):
    played = play([(64 * number, write, 0) for number in range(3000)], granularity)
    assert 0.9 < played.utilisation <= 1
    time = 4 * played.moved_bursts / played.utilisation  # until the writes were drained
    assert time == pytest.approx(played.cycles) if not write else time > played.cycles


@pytest.mark.parametrize("granularity", ["exact", "coarse"])
@pytest.mark.parametrize(("writes", "moved"), [(8, 0), (9, 9), (31, 31)])
def test_a_play_ends_when_no_more_than_a_few_writes_wait(granularity, writes, moved):
    assert play([(64 * number, True, 0) for number in range(writes)], granularity).moved_bursts == moved


# --- the FIFO


def play(requests, granularity="exact", **fields):
    player = Player(MemorySpec(**{"standard": "ddr4-3200", **fields}), granularity)
    player.take(requests)
    return player.finish()


def test_a_read_alone():
    played = play([(0, False, 100)])
    assert played.read_latency_cycles == attrs.evolve(played.read_latency_cycles, avg=49, p50=49, p95=49)
    assert (played.cycles, played.row_hit_rate, played.activates) == (150, 0, 1)
    assert played.utilisation == pytest.approx(4 / 150)
    assert played.bandwidth_gbps == pytest.approx(64 / (150 * 0.63))


def test_a_write_is_complete_a_cycle_after_it_is_accepted():
    played = play([(0, True, 100)])
    assert (played.cycles, played.read_latency_cycles, played.row_hit_rate) == (102, None, None)
    assert played.energy_pj_per_bit is None and played.energy_pj.total_pJ > 0


def test_what_lies_inside_a_burst_is_that_burst():
    assert play([(0x7F, False, 0)]) == play([(0x40, False, 0)])


@pytest.mark.parametrize("granularity", ["exact", "coarse"])
def test_nothing_overtakes_in_the_fifo(granularity):
    """The second read could have come at once: it waits for the first."""
    late, both = (play([*reads, (64, False, 0)], granularity) for reads in ([(0, False, 5000)], [(0, False, 0)]))
    assert late.cycles == 5000 + both.cycles


def test_channels_have_fifos_of_their_own():
    """The second read goes to the other channel."""
    played = play([(0, False, 5000), (64, False, 0)], channels=2)
    assert (played.read_latency_cycles.avg, played.cycles) == (49, 5050)
    assert play([(64, False, 0)], channels=2).cycles == 50


def test_a_trace_of_any_length_is_held_a_block_at_a_time():
    numbers = random_numbers(1)
    player = Player(MemorySpec("ddr4-3200"))
    for _ in range(4):
        player.take([(next(numbers) % (1 << 28), False, 0) for _ in range(500)])
        bursts = sum(type(one) is Burst for one in gc.get_objects())
        assert bursts <= 32 + 32 + STRIDE + 32 + 16 * 8  # ahead of the queues, and in them


def test_energy_adds_up_and_grows_with_the_memory():
    reads = [(number * 64, False, 0) for number in range(5000)]
    one, two = play(reads), play(reads, ranks=2)
    assert one.energy_pj_per_bit * 8 * one.bytes == pytest.approx(one.energy_pj.total_pJ)
    assert one.energy_pj.read == pytest.approx(two.energy_pj.read)
    assert two.energy_pj.background > 1.5 * one.energy_pj.background
    assert one.energy_pj_per_bit == pytest.approx(12, abs=0.3)


def test_a_rate_beyond_the_queues_leaves_no_latency_to_tell_coarsely():
    stream = [(number * 64, False, 0) for number in range(100)]
    assert play(stream, "coarse").read_latency_cycles is None
    assert play(stream).read_latency_cycles is not None
    spread = [(number * 64, False, 100 * number) for number in range(100)]
    assert play(spread, "coarse").read_latency_cycles.p50 == play(spread).read_latency_cycles.p50 == 27


def test_what_follows_upon_each_other_is_asked_for_in_one_piece(monkeypatch):
    asked = []
    serve = Dram.b_transport
    monkeypatch.setattr(
        Dram, "b_transport", lambda d, p, at: asked.append((p.address, p.data_length)) or serve(d, p, at)
    )
    requests = [(address, False, 0) for address in range(0, 4096, 64)]
    play([*requests, (4096, True, 0), (4160, True, 0), (4224, True, 9), (0, True, 9)], "coarse")
    assert asked == [(0, 2048), (2048, 2048), (4096, 128), (4224, 64), (0, 64)]


def test_an_interrupted_play_tells_what_is_done():
    player = Player(MemorySpec("ddr4-3200"))
    assert player.interrupt().bytes == 0
    player.take([(number * 64, False, 0) for number in range(1000)])
    played = player.interrupt()
    assert played.partial and 0 < played.reads < 1000
    assert played.bytes == 64 * played.reads


def test_a_standard_need_not_say_its_energy(tmp_path):
    from tlm.memory.standards import FOLDER

    text = (FOLDER / "ddr4-3200.yaml").read_text()
    (tmp_path / "my.yaml").write_text(text[: text.index("energy:")])
    played = play([(0, False, 0)], standard=str(tmp_path / "my.yaml"))
    assert (played.standard, played.energy_pj, played.energy_pj_per_bit) == ("my", None, None)


def test_a_memory_without_banks_plays_nothing():
    with pytest.raises(BadInput, match="ideal has no channels or banks"):
        Player(MemorySpec("ideal"))
