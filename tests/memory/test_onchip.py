"""On-chip memory against a plain loop over its cycles; its streams, its probe, and what it counts."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

import pytest
import simpy
from hypothesis import given
from hypothesis import strategies as st

from tlm.core import BUSY, IDLE, BadInput, Clock
from tlm.memory import OnChipMemory, OnChipSpec

CLOCK = Clock(980e6)
PERIOD = CLOCK.period_fs

#: Of small banks: (ready cycle, first bank, words, write).
Access = tuple[int, int, int, bool]


def memory(env: simpy.Environment | None = None, capacity: int = 4096, clock: Clock = CLOCK, **fields: Any) -> Any:
    spec = OnChipSpec(**{"banks": 2, "width_bits": 32, "latency_cycles": 3, **fields})
    return OnChipMemory(env or simpy.Environment(), "am", spec, capacity, clock)


def test_an_access_takes_its_turn_and_the_latency() -> None:
    am = memory()  # 8 bytes a cycle
    assert am.read(0, 8) == (1 + 3) * PERIOD
    assert am.read(0, 24) == (1 + 3 + 3) * PERIOD
    assert am.read(10 * PERIOD, 8) == (10 + 1 + 3) * PERIOD
    assert am.capacity_bytes == 4096


def test_with_two_ports_reads_and_writes_do_not_meet() -> None:
    am = memory()
    assert am.read(0, 80) == am.write(0, 80) == (10 + 3) * PERIOD
    assert (am.stats.read_bytes, am.stats.written_bytes) == (80, 80)
    assert (am.stats.reads, am.stats.writes, am.stats.conflicts) == (20, 20, 0)


def test_with_one_port_they_take_turns_bank_by_bank() -> None:
    am = memory(ports=1)
    assert am.read(0, 4) == (1 + 3) * PERIOD  # bank 0
    assert am.write(0, 4) == (2 + 3) * PERIOD  # bank 0 too
    assert am.read(0, 4) == (1 + 3) * PERIOD  # bank 1, that nobody uses
    assert (am.stats.conflicts, am.stats.conflict_fs) == (1, PERIOD)


def test_a_read_that_was_due_before_a_write_began_is_not_held_by_it() -> None:
    """The dispatcher asks for the bricks of a pass after its reducers have asked to write the one before."""
    am = memory(ports=1)
    assert am.write(5 * PERIOD, 8) == (5 + 1 + 3) * PERIOD
    assert am.read(4 * PERIOD, 8) == (4 + 1 + 3) * PERIOD
    assert am.read(4 * PERIOD, 8) == (6 + 1 + 3) * PERIOD


def test_with_one_port_a_bank_does_not_leave_an_access_that_it_has_begun() -> None:
    am = memory(ports=1)
    assert am.write(2 * PERIOD, 8) == (2 + 1 + 3) * PERIOD
    assert am.read(0, 16) == (0 + 2 + 3) * PERIOD  # just fits before
    am = memory(ports=1)
    assert am.write(2 * PERIOD, 8) == (2 + 1 + 3) * PERIOD
    assert am.read(PERIOD, 16) == (3 + 2 + 3) * PERIOD


def test_narrow_streams_of_several_users_overlap_unless_they_meet() -> None:
    am = memory(banks=4)
    ours, theirs = am.writer(), am.writer()
    assert ours(0, 8) == (1 + 3) * PERIOD  # banks 0 and 1
    assert theirs(0, 12) == (2 + 3) * PERIOD  # 0 to 2
    assert ours(0, 8) == (2 + 3) * PERIOD  # 2 and 3: theirs has bank 2 before
    assert am.stats.conflicts == 2


def test_a_stream_is_done_in_its_order_whatever_holds_one_of_its_requests() -> None:
    am = memory(banks=4)
    ours, theirs = am.writer(), am.writer()
    for _ in range(3):
        am.access(0, 12, 20, True)  # two words of bank 3 and one of the others
    assert ours(0, 16) == (6 + 1 + 3) * PERIOD
    assert ours(0, 4) == (6 + 1 + 3) * PERIOD  # though bank 0 has done it two cycles earlier
    assert theirs(0, 4) == (5 + 1 + 3) * PERIOD


@given(st.lists(st.integers(0, 50), min_size=1, max_size=50), st.integers(1, 7), st.integers(1, 40))
def test_a_stream_moves_each_word_once(lengths: list[int], banks: int, width: int) -> None:
    am = memory(banks=banks, width_bits=width)
    done = [am.read(0, length) for length in lengths][-1]
    words = -(-8 * sum(lengths) // width)
    assert am.stats.reads == words
    assert done == (-(-words // banks) + 3 * bool(words)) * PERIOD


accesses = st.tuples(st.integers(0, 3), st.integers(0, 9), st.integers(1, 12), st.booleans())
banks_and_accesses = st.tuples(
    st.integers(1, 5), st.sampled_from([1, 2]), st.lists(accesses, min_size=1, max_size=12), st.booleans()
)


def by_cycles(banks: int, ports: int, asked: list[Access], refreshed: bool) -> list[int]:
    """When each access is done, found cycle by cycle: each bank serves who asked first and may begin, a word a port.

    Accesses of a direction begin in order; where `refreshed` all banks rest in the last 2 of every 6 cycles.
    """
    left = [[first + place for place in range(words)] for _, first, words, _ in asked]
    begun, done, cycle = [False] * len(asked), [0] * len(asked), 0
    while any(left):
        taken: set[tuple[int, bool]] = set()
        blocked = {False: False, True: False}
        for index, (ready, _, _, write) in enumerate(asked):
            if refreshed and cycle % 6 >= 4:
                break
            if blocked[write] or not left[index]:
                continue
            for bank in {word % banks for word in left[index]} if ready <= cycle else ():
                port = (bank, write and ports == 2)
                if port not in taken:
                    taken.add(port)
                    left[index].remove(next(word for word in left[index] if word % banks == bank))
                    begun[index], done[index] = True, cycle + 1
            blocked[write] = not begun[index]
        cycle += 1
    return done


@pytest.fixture(scope="module")
def quick_to_forget(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An eDRAM of which a bank's only row is refreshed every 6 cycles, for 2 of them."""
    file = tmp_path_factory.mktemp("macros") / "quick.yaml"
    table = "{1 B: 1, 1 KiB: 2}"
    figures = "\n".join(
        f"{key}: {table}" for key in ("read_pJ_per_byte", "write_pJ_per_byte", "leakage_mW", "area_mm2")
    )
    refresh = f"{{retention_us: {6.5 * PERIOD / 1e9}, row_bits: 1048576, rows: 1, cycles: 2, pJ_per_byte: 1}}"
    file.write_text(f"technology: edram\nnode_nm: 65\n{figures}\nrefresh: {refresh}\n")
    return str(file)


@given(banks_and_accesses)
def test_against_a_loop_over_cycles(quick_to_forget: str, case: tuple[int, int, list[Access], bool]) -> None:
    """Of one port no bank is asked for more than a word at once: it does not leave an access that it has begun."""
    banks, ports, gaps, refreshed = case
    ready, most = accumulate(gap for gap, *_ in gaps), banks if ports == 1 else 12
    asked = [
        (at, first % banks, min(words, most), write) for at, (_, first, words, write) in zip(ready, gaps, strict=True)
    ]
    am = memory(banks=banks, ports=ports, technology=quick_to_forget if refreshed else "sram")
    got = [am.access(at * PERIOD, 4 * first, 4 * words, write) for at, first, words, write in asked]
    assert [done // PERIOD - 3 for done in got] == by_cycles(banks, ports, asked, refreshed)


@given(st.lists(st.tuples(st.integers(0, 10**8), st.integers(0, 100), st.booleans()), max_size=30), st.booleans())
def test_the_ports_probes_tile_the_run(quick_to_forget: str, asked: list[tuple[int, int, bool]], plain: bool) -> None:
    am = memory(banks=3, width_bits=24, ports=1, technology="sram" if plain else quick_to_forget)
    end = max([(am.write if write else am.read)(ready, length) for ready, length, write in asked], default=0)
    for name in ("read", "write"):
        totals = am.children[name].probe.totals(end)
        assert sum(totals.values()) == end
        assert set(totals) <= {BUSY, IDLE, "conflict"} | (set() if plain else {"refresh"})


def test_a_port_is_busy_in_conflict_refreshed_or_idle(quick_to_forget: str) -> None:
    am = memory(ports=1, technology=quick_to_forget)
    am.read(2 * PERIOD, 8)
    am.write(2 * PERIOD, 16)  # held by the read, then by the two cycles of refresh: 3, then 6
    assert am.children["read"].probe.totals(8 * PERIOD) == {IDLE: 7 * PERIOD, BUSY: PERIOD}
    totals = am.children["write"].probe.totals(8 * PERIOD)
    assert totals == {IDLE: 3 * PERIOD, "conflict": PERIOD, "refresh": 2 * PERIOD, BUSY: 2 * PERIOD}
    assert am.children["write"].figures() == {
        "bytes": 16,
        "accesses": 4,
        "conflicts": 1,
        "conflict_fs": PERIOD,
        "refresh_wait_fs": 2 * PERIOD,
    }


def test_an_access_in_the_last_cycle_before_a_refresh_is_not_held_and_in_the_next_is(quick_to_forget: str) -> None:
    for cycle, done in ((3, 4), (4, 7), (5, 7), (6, 7)):
        assert memory(technology=quick_to_forget).read(cycle * PERIOD, 8) == (done + 3) * PERIOD


def test_rows_are_refreshed_within_their_retention_time_and_no_more_often_than_whole_cycles_ask() -> None:
    am = memory(capacity=4 << 20, banks=16, width_bits=256, technology="edram")
    assert am.macro.rows == 512  # 256 KiB of 4096 bits each
    turn = am._refresh.interval_fs * am.macro.rows
    assert 45e9 - am.macro.rows * PERIOD < turn <= 45e9


def test_a_large_edram_is_made_of_subarrays_that_refresh_at_once() -> None:
    small, large = (memory(capacity=mib << 20, banks=16, technology="edram").macro for mib in (8, 1024))
    assert small.rows == large.rows == 1024
    assert large.refresh_pJ == pytest.approx(128 * small.refresh_pJ)


def test_too_slow_a_clock_leaves_no_time_between_refreshes() -> None:
    with pytest.raises(BadInput, match=r"edram-65nm must refresh 1024 rows a bank in 45 us, .*faster clock or sram"):
        memory(capacity=8 << 20, banks=16, technology="edram", clock=Clock(10e6))


def test_energy_is_that_of_what_was_done_and_of_the_time() -> None:
    env = simpy.Environment(10**9)  # it begins later than the environment
    am = memory(env, capacity=8 << 10, width_bits=64, technology="edram")
    am.read(env.now, 32)
    am.write(env.now, 8)
    env.run(91 * 10**9 + 1)
    stats, bank = am.stats, am.macro
    assert (stats.reads, stats.writes, stats.refreshes) == (4, 1, 2 * 2 * 8)  # 4 KiB a bank is 8 rows: twice, 2 banks
    assert stats.access_pJ == pytest.approx(4 * bank.read_pJ + bank.write_pJ)
    assert stats.refresh_pJ == pytest.approx(32 * bank.refresh_pJ)
    assert stats.leakage_pJ == pytest.approx(2 * bank.leakage_mW * 1e-3 * 90e-6 * 1e12)
    assert stats.energy_pJ == stats.access_pJ + stats.refresh_pJ + stats.leakage_pJ
    assert am.area_mm2 == 2 * bank.area_mm2


def test_ports_are_modules_of_the_memory() -> None:
    am = memory()
    assert [module.full_name for module in am.tree()] == ["am", "am.read", "am.write"]
    assert am.children["read"].rate().peak_per_s == pytest.approx(8e15 / PERIOD)
