"""The checker of command logs: each rule is kept at n and broken at n - 1, and nothing else is said then."""

import attrs
import pytest
from rules import active_cycles, broken_rules, refresh_slack, refreshes_out_of_time

from tlm.memory import MemorySpec
from tlm.memory.config import resolve

ACT, PRE, RD, WR, REF = "ACT", "PRE", "RD", "WR", "REF"


def config_of(dual_command=False, page="open", **timing):
    """DDR4-3200 of two ranks of 16 banks, groups of 4: nCL 22, nCWL 16, burst 4; with other figures where given."""
    config = resolve(MemorySpec("ddr4-3200", ranks=2, page=page))
    standard = config.standard
    return attrs.evolve(
        config,
        standard=attrs.evolve(standard, dual_command=dual_command, timing=attrs.evolve(standard.timing, **timing)),
    )


PLAIN, LONG_RC, CCD, PPD = config_of(), config_of(nRC=80), config_of(nCCD_S=5), config_of(nPPD=3)
SHORT_RC = config_of(page="closed", nRC=70)
DUAL, CLOSED = config_of(dual_command=True), config_of(page="closed")


def opened(*banks):
    """Row 7 of these banks is open long before cycle 1000."""
    return [(100 * number, ACT, bank, 7) for number, bank in enumerate(banks)]


#: Rule: configuration, what was before, and a command in the first cycle that the rule allows.
RULES = {
    "nRCD": (PLAIN, [(0, ACT, 0, 7)], (22, RD, 0, 7)),
    "nRCD, write": (PLAIN, [(0, ACT, 0, 7)], (22, WR, 0, 7)),
    "nRAS": (PLAIN, [(0, ACT, 0, 7)], (52, PRE, 0, 7)),
    "nRC": (LONG_RC, [(0, ACT, 0, 7), (52, PRE, 0, 7)], (80, ACT, 0, 8)),
    "nRC, refresh": (LONG_RC, [(0, ACT, 0, 7), (52, PRE, 0, 7)], (80, REF, 0, -1)),
    "nRP": (PLAIN, [(0, ACT, 0, 7), (60, PRE, 0, 7)], (82, ACT, 0, 8)),
    "nRP, refresh": (PLAIN, [*opened(0, 15), (1000, PRE, 15, 7), (1010, PRE, 0, 7)], (1032, REF, 0, -1)),
    "nRP, read with auto-precharge": (CLOSED, [(0, ACT, 0, 7), (60, RD, 0, 7)], (94, ACT, 0, 8)),
    "nRP, auto-precharge after nRAS": (SHORT_RC, [(0, ACT, 0, 7), (22, RD, 0, 7)], (74, REF, 0, -1)),
    "nRP, write with auto-precharge": (CLOSED, [(0, ACT, 0, 7), (22, WR, 0, 7)], (88, ACT, 0, 8)),
    "nRTP": (PLAIN, [(0, ACT, 0, 7), (60, RD, 0, 7)], (72, PRE, 0, 7)),
    "nWR": (PLAIN, [(0, ACT, 0, 7), (22, WR, 0, 7)], (66, PRE, 0, 7)),
    "nRRD_S": (PLAIN, [(0, ACT, 0, 7)], (4, ACT, 4, 7)),
    "nRRD_L": (PLAIN, [(0, ACT, 0, 7)], (8, ACT, 1, 7)),
    "nFAW": (PLAIN, [(0, ACT, 0, 7), (4, ACT, 4, 7), (8, ACT, 8, 7), (12, ACT, 12, 7)], (34, ACT, 1, 7)),
    "nCCD_S": (CCD, [*opened(0, 4), (1000, RD, 0, 7)], (1005, RD, 4, 7)),
    "nCCD_S, writes": (CCD, [*opened(0, 4), (1000, WR, 0, 7)], (1005, WR, 4, 7)),
    "nCCD_L": (PLAIN, [*opened(0, 1), (1000, RD, 0, 7)], (1008, RD, 1, 7)),
    "nCCD_L, writes": (PLAIN, [*opened(0, 1), (1000, WR, 0, 7)], (1008, WR, 1, 7)),
    "nWTR_S": (PLAIN, [*opened(0, 4), (1000, WR, 0, 7)], (1024, RD, 4, 7)),
    "nWTR_L": (PLAIN, [*opened(0, 1), (1000, WR, 0, 7)], (1032, RD, 1, 7)),
    "nRFC": (PLAIN, [(0, REF, 0, -1)], (560, ACT, 0, 7)),
    "nRFC, refresh": (PLAIN, [(0, REF, 0, -1)], (560, REF, 0, -1)),
    "nPPD": (PPD, [*opened(0, 4), (1000, PRE, 0, 7)], (1003, PRE, 4, 7)),
    "nRTRS, read to write": (PLAIN, [*opened(0, 4), (1000, RD, 0, 7)], (1011, WR, 4, 7)),
    "nRTRS, read of another rank": (PLAIN, [*opened(0, 16), (1000, RD, 0, 7)], (1005, RD, 16, 7)),
    "nRTRS, write to read of another rank": (config_of(nCL=16), [*opened(0, 16), (1000, WR, 0, 7)], (1005, RD, 16, 7)),
    "data bus": (PLAIN, [*opened(0, 16), (1000, WR, 0, 7)], (1004, WR, 16, 7)),
    "command bus": (PLAIN, [(0, ACT, 0, 7)], (1, ACT, 16, 7)),
    "command bus, row and column": (PLAIN, [*opened(0), (1000, RD, 0, 7)], (1001, ACT, 16, 7)),
    "command bus, two columns": (DUAL, [*opened(0, 16), (1000, WR, 16, 7)], (1001, RD, 0, 7)),
    "command bus, two rows": (DUAL, [*opened(16), (1000, PRE, 16, 7)], (1001, REF, 0, -1)),
}


def names(broken):
    return [rule for rule, _, _ in broken]


@pytest.mark.parametrize(("rule", "case"), RULES.items(), ids=RULES)
def test_a_rule_holds_to_the_cycle(rule, case):
    config, before, (cycle, *command) = case
    assert broken_rules([*before, (cycle, *command)], config) == []
    assert names(broken_rules([*before, (cycle - 1, *command)], config)) == [rule.partition(",")[0]]


WRONG = {
    "open row, of another row": (PLAIN, [*opened(0), (1000, RD, 0, 8)]),
    "open row, of none": (PLAIN, [(0, WR, 0, 7)]),
    "open row, precharged": (PLAIN, [*opened(0), (1000, PRE, 0, 7), (1100, RD, 0, 7)]),
    "open row, precharge of another": (PLAIN, [*opened(0), (1000, PRE, 0, 8)]),
    "open row, precharge of none": (PLAIN, [(0, PRE, 0, 7)]),
    "open row, refreshed": (CLOSED, [*opened(0), (1000, RD, 0, 7), (2000, REF, 0, -1), (3000, RD, 0, 7)]),
    "closed bank": (PLAIN, [*opened(0), (1000, ACT, 0, 8)]),
    "closed bank, used": (PLAIN, [*opened(0), (1000, RD, 0, 7), (2000, ACT, 0, 8)]),
    "closed bank, refresh": (PLAIN, [*opened(15), (1000, REF, 0, -1)]),
    "closed bank, never used": (CLOSED, [*opened(0), (1000, ACT, 0, 8)]),
    "data bus, write into a read": (PLAIN, [*opened(0, 4), (1000, RD, 0, 7), (1007, WR, 4, 7)]),
    "data bus, read into a write": (PLAIN, [*opened(0, 16), (1000, RD, 0, 7), (1006, WR, 16, 7)]),
    "order": (PLAIN, [(10, ACT, 0, 7), (5, ACT, 16, 7)]),
}


@pytest.mark.parametrize(("rule", "case"), WRONG.items(), ids=WRONG)
def test_a_log_that_is_wrong(rule, case):
    config, log = case
    assert names(broken_rules(log, config)) == [rule.partition(",")[0]]


RIGHT = {
    "banks of two groups in turn": (PLAIN, [*opened(0, 4), *((1000 + 4 * k, RD, k % 2 * 4, 7) for k in range(9))]),
    "writes to two ranks without a gap": (PLAIN, [*opened(0, 16), (1000, WR, 0, 7), (1004, WR, 16, 7)]),
    "a row and a column at once": (DUAL, [*opened(0), (1000, RD, 0, 7), (1000, ACT, 1, 7)]),
    "four activates in each rank": (PLAIN, [(r + 4 * g, ACT, 16 * r + 4 * g, 7) for g in range(4) for r in (0, 1)]),
    "a refresh beside the other rank's work": (PLAIN, [*opened(16), (1000, REF, 0, -1), (1001, RD, 16, 7)]),
    "used again after an auto-precharge": (CLOSED, [(0, ACT, 0, 7), (22, RD, 0, 7), (74, ACT, 0, 8), (96, RD, 0, 8)]),
    "precharged though pages are closed": (CLOSED, [(0, ACT, 0, 7), (60, PRE, 0, 7), (82, ACT, 0, 8)]),
}


@pytest.mark.parametrize("case", RIGHT.values(), ids=RIGHT)
def test_a_log_that_is_right(case):
    config, log = case
    assert broken_rules(log, config) == []


def refreshes(*cycles):
    return [(cycle, REF, rank, -1) for cycle in cycles for rank in (0, 1)]


DUE, SLACK = 12480, refresh_slack(PLAIN)


@pytest.mark.parametrize(
    ("cycles", "end", "wrong"),
    [
        ((DUE, 2 * DUE), 3 * DUE, 0),
        ((DUE + SLACK - 1, 2 * DUE + SLACK - 1), 3 * DUE, 0),
        ((), DUE + SLACK - 1, 0),
        ((), DUE + SLACK, 2),
        ((DUE,), 2 * DUE + SLACK, 2),
        ((DUE + SLACK,), DUE + SLACK, 2),
        ((DUE, DUE + 700, DUE + 1400), 2 * DUE, 2),
    ],
)
def test_each_rank_is_refreshed_in_time(cycles, end, wrong):
    assert names(refreshes_out_of_time(refreshes(*cycles), PLAIN, end)) == ["nREFI"] * wrong


def test_one_rank_is_not_refreshed_for_another():
    log = [line for line in refreshes(DUE, 2 * DUE) if line[2] == 0]
    assert [command.place for _, command, _ in refreshes_out_of_time(log, PLAIN, 2 * DUE)] == [1]
    assert SLACK < DUE // 10


def test_cycles_with_a_row_open():
    log = [(0, ACT, 0, 7), (40, ACT, 4, 7), (60, PRE, 0, 7), (70, ACT, 16, 7), (100, PRE, 4, 7), (200, ACT, 1, 7)]
    assert active_cycles(log, PLAIN, 50) == 50
    assert active_cycles(log[:-1], PLAIN, 300) == 100 + 230
    assert active_cycles(log, PLAIN, 300) == 100 + 230 + 100
    used = [(0, ACT, 0, 7), (22, RD, 0, 7), (30, ACT, 4, 7), (60, WR, 4, 7)]
    assert active_cycles(used, CLOSED, 300) == 60 + 16 + 4 + 24
    assert active_cycles(used[:2], CLOSED, 300) == 52
