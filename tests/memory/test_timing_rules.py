"""Each rule of the standards' timing, not ready at n - 1 and ready at n (DDR4-3200, cycles)."""

import pytest
from bench import DramBench

from tlm.core import BUSY, WRITE

# A request accepted at a may issue its first command at a + 1; nCL 22, nCWL 16, burst 4, nRCD = nRP = 22.
HIT, CLOSED, CONFLICT, WRITE_HIT = 1 + 22 + 4, 1 + 22 + 22 + 4, 1 + 22 + 22 + 22 + 4, 1 + 16 + 4
START = 1000


@pytest.fixture
def bench():
    """Bank 0 of every bank group has row 0 open; a write is drained as soon as it has been accepted."""
    opened = DramBench(standard="ddr4-3200", ranks=2, write_queue=1)
    for group in range(4):
        opened.read(0, group)
        opened.read(0, group, 0, 0, 0, 1)
    return opened


def moved(bench):
    """The cycle in which the data bus has moved all it was asked for."""
    probe = bench.dram.channels[0].probe
    return max(end for _, end, state in probe.unsettled(1 << 60) if state == BUSY) // bench.tck


def test_unloaded_latencies(bench):
    assert bench.read(START, 0) == START + HIT
    assert bench.read(START + 100, 0, 1) == START + 100 + CLOSED
    assert bench.read(START + 200, 0, 0, 1) == START + 200 + CONFLICT
    assert bench.write(START + 300, 0, 0, 1) == START + 300 + 1
    assert moved(bench) == START + 300 + WRITE_HIT


R, W = "read", "write"
RULES = {  # first request, then second: the distance at which the second is not held up, and its own latency
    "nCCD_S": (R, (0,), R, (1,), 4, HIT),
    "nCCD_L": (R, (0,), R, (0,), 8, HIT),
    "nCCD_L, writes": (W, (0,), W, (0,), 8, WRITE_HIT),
    "nCCD_S, writes": (W, (0,), W, (1,), 4, WRITE_HIT),
    "read to write: nCL + 4 + nRTRS - nCWL": (R, (0,), W, (1,), 11, WRITE_HIT),
    "write to read: nCWL + 4 + nWTR_S": (W, (0,), R, (1,), 24, HIT),
    "write to read: nCWL + 4 + nWTR_L": (W, (0,), R, (0,), 32, HIT),
    "other rank: 4 + nRTRS": (R, (0,), R, (0, 0, 0, 0, 1), 5, HIT),
    "write to read, other rank: 4, as nCL is the longer": (W, (0,), R, (0, 0, 0, 0, 1), 4, HIT),
    "nRRD_S": (R, (0, 1), R, (1, 1), 4, CLOSED),
    "nRRD_L": (R, (0, 1), R, (0, 2), 8, CLOSED),
    "nRTP": (R, (0,), R, (0, 0, 1), 12, CONFLICT),
    "nWR: nCWL + 4 + nWR": (W, (0,), R, (0, 0, 1), 44, CONFLICT),
    "nRAS": (R, (0, 1), R, (0, 1, 1), 52, CONFLICT),
}


@pytest.mark.parametrize("early", [0, 1])
@pytest.mark.parametrize(("first", "there", "second", "where", "apart", "latency"), RULES.values(), ids=RULES)
def test_two_commands_keep_their_distance(bench, first, there, second, where, apart, latency, early):
    getattr(bench, first)(START, *there)
    accepted = START + apart - early
    getattr(bench, second)(accepted, *where)
    assert moved(bench) == accepted + latency + early


@pytest.mark.parametrize("early", [0, 1])
def test_nfaw_four_activates(bench, early):
    for group in range(4):
        bench.read(START + 4 * group, group, 1)
    accepted = START + 34 - early
    assert bench.read(accepted, 0, 2) == accepted + CLOSED + early


@pytest.mark.parametrize("rank", [0, 1])
def test_refresh_falls_due_every_nrefi_staggered_over_ranks(rank):
    due = 12480 * (rank + 1) // 2
    before, after = DramBench(standard="ddr4-3200", ranks=2), DramBench(standard="ddr4-3200", ranks=2)
    for bench in (before, after):
        bench.read(due - 500, 0, 0, 0, 0, rank)
    assert before.read(due - 2, 0, 0, 0, 0, rank) == due - 2 + HIT
    refreshed = due + 1 + 22 + 560  # one open bank to precharge, nRP, nRFC
    assert after.read(due - 1, 0, 0, 0, 0, rank) == refreshed + CLOSED - 1
    assert after.dram.stats.channels[0].refreshes == rank + 1  # of both ranks


def test_refreshes_of_an_idle_memory_cost_nothing_but_the_rows(bench):
    assert bench.read(12480 * 5 + 6000, 0) == 12480 * 5 + 6000 + CLOSED
    assert bench.read(12480 * 5 + 6100, 0) == 12480 * 5 + 6100 + HIT


def test_a_refresh_in_the_middle_of_a_long_read_splits_it():
    bench = DramBench(standard="ddr4-3200")
    undisturbed = bench.request(0, 0, 0, 1 << 14) - CLOSED
    late = DramBench(standard="ddr4-3200")
    begin = 12480 - 300
    took = late.request(begin, 0, 0, 1 << 14) - begin - CLOSED
    assert 22 + 560 + 22 < took - undisturbed < 22 + 560 + 22 + 30
    assert late.dram.stats.row_misses == 8


def test_closed_page_opens_the_row_anew_each_time():
    bench = DramBench(standard="ddr4-3200", page="closed")
    assert bench.read(START, 0) == START + CLOSED
    assert bench.read(START + 200, 0) == START + 200 + CLOSED
    assert bench.read(START + 273, 0) == START + 273 + CLOSED + 1  # nRC after the last activate
    assert bench.dram.stats.row_hits == 0


def test_bursts_in_one_bank_group_leave_room_for_another():
    bench = DramBench(standard="ddr4-3200", mapping="row")
    alone = bench.request(0, 0, 0, 2048)
    assert alone == CLOSED - 4 + 31 * 8 + 4
    both = bench.request(0, 0, 8192, 2048)  # the next bank group: its bursts go in between
    assert both <= alone + 4 + 8


def test_channels_complete_out_of_order():
    bench = DramBench(standard="hbm")
    slow = bench.request(0, 0, 0, 2048)
    assert bench.request(0, 0, 2048, 64) < slow


def test_writes_wait_for_a_full_buffer_and_are_moved_together():
    bench = DramBench(standard="ddr4-3200")
    opened = bench.read(0, 0)
    channel = bench.dram.channels[0]
    for number in range(31):
        assert bench.write(START, 0, 0, 0, number) == START + 1
        assert (moved(bench), channel.stats.written_bursts) == (opened, 0)
    assert bench.write(START, 0, 0, 0, 31) == START + 1
    assert (moved(bench), channel.stats.written_bursts) == (START + WRITE_HIT + 31 * 8, 32)
    assert bench.read(START, 0) == START + 1 + 31 * 8 + 32 + 22 + 4  # nCCD_L between them, then nCWL + 4 + nWTR_L


@pytest.mark.parametrize(("waiting", "drained"), [(8, 0), (9, 9)])
def test_more_than_eight_writes_are_drained_when_nothing_else_is_to_be_done(waiting, drained):
    bench = DramBench(standard="ddr4-3200")
    for number in range(waiting):
        bench.write(START, 0, 0, 0, number)
    bench.read(5000, 1)
    assert bench.dram.channels[0].stats.written_bursts == drained


def test_what_is_drained_meanwhile_is_counted_when_it_is_asked_for():
    bench = DramBench(standard="ddr4-3200")
    for number in range(9):
        bench.write(START, 0, 0, 0, number)
    assert bench.dram.stats.channels[0].written_bursts == 0
    bench.dram.env.run((START + 1) * bench.tck)
    assert bench.dram.stats.channels[0].written_bursts == 9


def test_rows_are_open_from_the_first_activate_to_the_refresh():
    bench = DramBench(standard="ddr4-3200")

    def active(cycle):
        bench.dram.env.run(cycle * bench.tck)
        return bench.dram.stats.channels[0].active_cycles

    bench.read(0, 0)
    bench.read(100, 1)
    assert active(5000) == 5000 - 1
    assert active(20000) == 12480 - 1  # the refresh, and nothing since
    bench.read(0, 0)  # now
    assert active(20000 + 600) == 12480 + 2 - 1 + 600 - 1  # now its two precharges are known


def test_a_closed_page_has_its_rows_open_from_activate_to_precharge():
    bench = DramBench(standard="ddr4-3200", page="closed")
    bench.read(0, 0)
    bench.read(4, 1)  # 4 cycles of it alone
    bench.read(500, 0)
    bench.dram.env.run(10000 * bench.tck)
    assert bench.dram.stats.channels[0].active_cycles == 52 + 4 + 52  # nRAS


def test_a_full_write_buffer_holds_up_what_is_behind():
    bench = DramBench(standard="ddr4-3200")
    bursts, queued = 256, 32 + 4 * 8  # those accepted at once: by the buffer and the queues of four banks
    taken = bench.request(0, WRITE, 0, 64 * bursts)
    assert taken == 1 + 22 + 4 * (bursts - queued - 1) + 1  # nRCD, and one for each that is issued
    assert bench.read(0, 1) > taken


def test_a_blocked_bank_does_not_hold_up_the_others():
    bench = DramBench(standard="ddr4-3200")
    for row in range(4):
        blocked = bench.read(0, 0, 0, row)
    assert blocked > 3 * 74  # nRC between the rows of one bank
    assert bench.read(0, 1) < 74 + CLOSED


@pytest.mark.parametrize(("accepted", "hits"), [(52, True), (53, False)])
def test_what_is_queued_before_its_row_is_closed_hits_it(accepted, hits):
    bench = DramBench(standard="ddr4-3200")
    bench.read(0, 0)
    conflict = bench.read(0, 0, 0, 1)
    assert conflict == 1 + 52 + CONFLICT - 1  # nRAS
    end = bench.read(accepted, 0, 0, 0, 1)
    assert end == (accepted + HIT if hits else 1 + 2 * (52 + 22) + CLOSED - 1)


def test_any_number_of_hits_overtakes_what_closes_their_row():
    bench = DramBench(standard="ddr4-3200")
    bench.read(0, 0)
    conflict = bench.read(0, 0, 0, 1)
    ends = [bench.read(0, 0, 0, 0, column) for column in range(1, 6)]
    assert ends == [CLOSED + 8 * number for number in range(1, 6)]
    assert bench.read(0, 0, 0, 1, 1) > conflict + 8  # its own row is opened later by what they took


@pytest.mark.parametrize(("accepted", "hits"), [(22, True), (23, False)])
def test_a_closed_page_is_kept_open_by_what_is_queued_before_its_last_access(accepted, hits):
    bench = DramBench(standard="ddr4-3200", page="closed")
    assert bench.read(0, 0) == CLOSED
    assert bench.read(accepted, 0, 0, 0, 1) == (CLOSED + 8 if hits else 1 + 52 + 22 + CLOSED - 1)


def test_reads_find_time_between_writes_that_wait_for_their_rows():
    bench = DramBench(standard="ddr4-3200", write_queue=4)
    for row in range(4):
        bench.write(0, 0, 0, row)  # one after the other, in one bank
    assert bench.read(4, 1) < 3 * 74
