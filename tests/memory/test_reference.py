"""Against a cycle-accurate simulator (DRAMsim3, same timings): streams, mixes, random accesses, unloaded latencies."""

import pytest
from bench import DramBench
from dram_reference import rows

from tlm.core import READ, WRITE

MIB = 1 << 20
FAR = 128 * MIB  # the same bank, another row
DDR4, ROW = {"standard": "ddr4-3200"}, {"standard": "ddr4-3200", "mapping": "row"}
TWO = {"standard": "ddr4-3200", "channels": 2}
STREAMS = [  # utilisation of a 16 MiB sequential read and write
    (DDR4, 0.9502, 0.9453, 0.01),
    (ROW, 0.6665, 0.6653, 0.02),
    (TWO, 0.9501, 0.9463, 0.01),
    ({"standard": "lpddr4-3200"}, 0.9145, 0.9127, 0.01),
    ({"standard": "lpddr4-4267"}, 0.9155, 0.9127, 0.01),
    ({"standard": "hbm"}, 0.9199, 0.9216, 0.01),
    ({"standard": "hbm2"}, 0.9221, 0.9222, 0.01),
]
LATENCIES = [  # isolated reads, cycles: row open, bank closed, row conflict
    ("ddr4-3200", 27, 49, 71),
    ("lpddr4-3200", 37, 66, 95),
    ("lpddr4-4267", 45, 84, 123),
    ("hbm", 10, 17, 24),
    ("hbm2", 17, 31, 45),
]


def stream(fields, command, request_bytes, total=16 * MIB):
    bench = DramBench(**fields)
    ends = [bench.request(0, command, address, request_bytes) for address in range(0, total, request_bytes)]
    return bench.utilisation(max(ends))


@pytest.mark.parametrize(("fields", "reads", "writes", "band"), STREAMS)
def test_sequential_streams(fields, reads, writes, band):
    assert stream(fields, READ, 2048) == pytest.approx(reads, rel=band)
    assert stream(fields, WRITE, 2048) == pytest.approx(writes, rel=band)


MIXED = ("d_2r1w_2k", "cx_2rd_2k_conf", "h_rand1k", "g_rand64")
PLAYED = ("DDR4-3200 1ch 1rank bank-group-interleaved", "HBM2 8x128", "LPDDR4-3200 1x64")


@pytest.mark.parametrize(
    "row",
    [row for row in rows() if row.pattern in MIXED and row.configuration in PLAYED],
    ids=lambda row: f"{row.configuration.split()[0]}-{row.pattern}",
)
def test_mixes_conflicts_and_random_accesses(row):
    assert row.play("coarse").cycles == pytest.approx(row.cycles, rel=row.band)


@pytest.mark.parametrize("fields", [DDR4, ROW, TWO, {"standard": "hbm"}])
def test_request_size_does_not_change_a_stream(fields):
    exact = stream(fields, READ, 64, 2 * MIB)
    assert stream(fields, READ, 2048, 2 * MIB) == pytest.approx(exact, rel=0.01)
    assert stream(fields, READ, 65536, 2 * MIB) == pytest.approx(exact, rel=0.01)


@pytest.mark.parametrize(("standard", "hit", "closed", "conflict"), LATENCIES)
def test_unloaded_latency(standard, hit, closed, conflict):
    bench = DramBench(standard=standard)
    assert bench.request(100, READ, 0) - 100 == closed
    assert bench.request(300, READ, 0) - 300 == hit
    assert bench.request(500, READ, FAR) - 500 == conflict
    assert bench.dram.stats.row_hits == 1


def test_a_narrow_channel_has_its_share_of_the_bandwidth():
    wide, narrow = DramBench(**DDR4), DramBench(standard="ddr4-3200", width=16)
    ends = [[bench.request(0, READ, at, 2048) for at in range(0, MIB, 2048)] for bench in (wide, narrow)]
    assert max(ends[1]) / max(ends[0]) == pytest.approx(4, rel=0.02)
    assert narrow.dram.peak_bytes_per_s == wide.dram.peak_bytes_per_s / 4
