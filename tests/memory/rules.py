"""JEDEC's rules for the commands of a DRAM channel, checked on a log; nothing here is shared with what schedules them.

A log holds (cycle, command, bank or, of a refresh, rank, row); banks are numbered rank by rank, group by group. Of the
timing only a standard's figures are taken. What no standard fixes is as follows: the data bus is left free for nRTRS
between a read and a write behind it, and before a read of another rank than the burst before; with two command buses
REF goes over the one for rows; REF waits for nRC after an activate, as another activate would.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import NamedTuple

ROW_COMMANDS, COLUMN_COMMANDS = ("ACT", "PRE", "REF"), ("RD", "WR")
NEVER = -(10**9)


class Command(NamedTuple):
    """A line of a log; `place` is a bank or, of a refresh, a rank."""

    cycle: int
    name: str
    place: int
    row: int


class Spacing(NamedTuple):
    """From a `first` command to a `second` one, in the same `scope`, at least so many cycles pass."""

    rule: str
    first: str
    second: str
    scope: str
    cycles: int


class Broken(NamedTuple):
    """A rule and the command that breaks it."""

    rule: str
    command: Command
    why: str


def broken_rules(log, config):
    """All that is wrong with the log of one channel."""
    commands = [Command(*line) for line in log]
    wrong = [*out_of_turn(commands, config.standard.dual_command), *on_the_bus(commands, config)]
    state = Channel(config)
    for command in commands:
        wrong += state.take(command)
    return wrong


def active_cycles(log, config, end):
    """Cycles before `end` in which a rank had a row open, of all ranks together; a row is closed from its PRE on."""
    state, total, covered = Channel(config), 0, (0, NEVER)
    for line in log:
        list(state.take(Command(*line)))
    for rank, since, to in state.spans_until(end):
        begin = max((rank, since), covered)[1]
        total += max(0, to - begin)
        covered = max(covered, (rank, to))
    return total


def spacings(t, burst):
    """What two commands must keep apart whatever else there is; the longest of those that hold at once counts."""
    written = t.nCWL + burst
    return [
        Spacing("nRCD", "ACT", "RD", "bank", t.nRCD),
        Spacing("nRCD", "ACT", "WR", "bank", t.nRCD),
        Spacing("nRAS", "ACT", "PRE", "bank", t.nRAS),
        Spacing("nRC", "ACT", "ACT", "bank", t.nRC),
        Spacing("nRTP", "RD", "PRE", "bank", t.nRTP),
        Spacing("nWR", "WR", "PRE", "bank", written + t.nWR),
        Spacing("nRRD_S", "ACT", "ACT", "rank", t.nRRD_S),
        Spacing("nRRD_L", "ACT", "ACT", "group", t.nRRD_L),
        Spacing("nPPD", "PRE", "PRE", "rank", t.nPPD),
        Spacing("nCCD_S", "RD", "RD", "rank", t.nCCD_S),
        Spacing("nCCD_L", "RD", "RD", "group", t.nCCD_L),
        Spacing("nCCD_S", "WR", "WR", "rank", t.nCCD_S),
        Spacing("nCCD_L", "WR", "WR", "group", t.nCCD_L),
        Spacing("nWTR_S", "WR", "RD", "rank", written + t.nWTR_S),
        Spacing("nWTR_L", "WR", "RD", "group", written + t.nWTR_L),
        Spacing("nRC", "ACT", "REF", "rank", t.nRC),
        *(Spacing("nRFC", "REF", name, "rank", t.nRFC) for name in (*ROW_COMMANDS, *COLUMN_COMMANDS)),
    ]


def burst_cycles(config):
    """Cycles of the data bus that a burst takes."""
    return max(1, config.organisation.burst_length // config.organisation.beats_per_cycle)


class Bank:
    """Its open row, None where it is closed; since when it is that; its last activate and column command."""

    def __init__(self):
        self.row = None
        self.closed_at = self.activated_at = NEVER
        self.column = None


class Channel:
    """What a log says of the banks of a channel, command by command.

    With a closed page nothing says which column command had an auto-precharge: where a bank is activated or refreshed
    that was used and not precharged, its last one had, and the row closed as early as it may.
    """

    def __init__(self, config):
        self.timing = config.timing
        self.burst = burst_cycles(config)
        self.closed_page = config.closed_page
        self.in_group = config.organisation.banks
        self.in_rank = config.organisation.banks * config.organisation.bank_groups
        self.banks = [Bank() for _ in range(self.in_rank * config.organisation.ranks)]
        self.rules = defaultdict(list)
        for spacing in spacings(self.timing, self.burst):
            self.rules[spacing.second].append(spacing)
        self.last = {}
        self.activates = defaultdict(list)
        self.spans = []

    def take(self, command):
        """The rules that `command` breaks after those before it; it takes place all the same."""
        places = self.places(command)
        for spacing in self.rules[command.name]:
            before = self.last.get((spacing.first, spacing.scope, places.get(spacing.scope)), NEVER)
            yield from too_soon(spacing.rule, command, before, spacing.cycles)
        yield from getattr(self, command.name)(command)
        for scope, number in places.items():
            self.last[command.name, scope, number] = command.cycle

    def places(self, command):
        """The bank, group and rank it concerns."""
        if command.name == "REF":
            return {"rank": command.place}
        return {"bank": command.place, "group": command.place // self.in_group, "rank": command.place // self.in_rank}

    def ACT(self, command):
        bank, recent = self.banks[command.place], self.activates[command.place // self.in_rank]
        yield from self.closed(command, command.place)
        if len(recent) == 4:
            yield from too_soon("nFAW", command, recent.pop(0), self.timing.nFAW)
        recent.append(command.cycle)
        bank.row, bank.activated_at, bank.column = command.row, command.cycle, None

    def PRE(self, command):
        bank = self.banks[command.place]
        yield from self.of_open_row(command, bank)
        self.close(command.place, bank, command.cycle)

    def RD(self, command):
        bank = self.banks[command.place]
        yield from self.of_open_row(command, bank)
        bank.column = command

    WR = RD

    def REF(self, command):
        first = command.place * self.in_rank
        for place in range(first, first + self.in_rank):
            yield from self.closed(command, place)

    def of_open_row(self, command, bank):
        if bank.row != command.row:
            yield Broken("open row", command, f"the row that is open is {bank.row}")

    def closed(self, command, place):
        """Whether that bank has been closed for nRP."""
        self.auto_precharge(place)
        bank = self.banks[place]
        if bank.row is not None:
            yield Broken("closed bank", command, f"row {bank.row} is open")
        yield from too_soon("nRP", command, bank.closed_at, self.timing.nRP)

    def auto_precharge(self, place):
        """Close that bank where its last column command can have had an auto-precharge."""
        bank, t = self.banks[place], self.timing
        if self.closed_page and bank.row is not None and bank.column is not None:
            cycle, name, _, _ = bank.column
            recovery = t.nRTP if name == "RD" else t.nCWL + self.burst + t.nWR
            self.close(place, bank, max(bank.activated_at + t.nRAS, cycle + recovery))

    def close(self, place, bank, cycle):
        """The row is closed at `cycle`."""
        if bank.row is not None:
            self.spans.append((place // self.in_rank, bank.activated_at, cycle))
        bank.row, bank.closed_at = None, cycle

    def spans_until(self, end):
        """(rank, from, to) of each row that was open before `end`; with a closed page all that were used close."""
        for place, bank in enumerate(self.banks):
            self.auto_precharge(place)
            self.close(place, bank, end)
        return sorted((rank, since, min(to, end)) for rank, since, to in self.spans)


def too_soon(rule, command, before, cycles):
    """`command` must come `cycles` after `before`."""
    if command.cycle < before + cycles:
        yield Broken(rule, command, f"{command.cycle - before} cycles after the one before, not {cycles}")


def out_of_turn(commands, dual):
    """A command bus carries one command a cycle, and a log goes forward; `dual`: there is a second bus, for columns."""
    for before, after in pairwise(commands):
        if after.cycle < before.cycle:
            yield Broken("order", after, f"logged behind cycle {before.cycle}")
    taken = set()
    for command in commands:
        bus = command.cycle, dual and command.name in COLUMN_COMMANDS
        if bus in taken:
            yield Broken("command bus", command, "another command has the cycle")
        taken.add(bus)


def on_the_bus(commands, config):
    """Bursts follow one another on the data bus without overlap; nRTRS apart where said above."""
    t, burst = config.timing, burst_cycles(config)
    in_rank = config.organisation.banks * config.organisation.bank_groups
    latency = {"RD": t.nCL, "WR": t.nCWL}
    moved = sorted(
        (command.cycle + latency[command.name], command) for command in commands if command.name in COLUMN_COMMANDS
    )
    for (begin, before), (then, after) in pairwise(moved):
        turns = (before.name, after.name) == ("RD", "WR")
        switches = after.name == "RD" and before.place // in_rank != after.place // in_rank
        if then < begin + burst:
            yield Broken("data bus", after, f"its data begin {then - begin} cycles after those of {before}")
        elif turns or switches:
            yield from too_soon("nRTRS", after._replace(cycle=then), begin + burst, t.nRTRS)


def refresh_slack(config):
    """Cycles by which a refresh may come after it fell due.

    All rows of the rank may have just been opened or written, and are closed one by one; then nRP. Another rank that
    fell due before may be at that still.
    """
    t, organisation = config.timing, config.organisation
    banks = organisation.banks * organisation.bank_groups
    in_use = max(t.nRAS, t.nRCD + t.nCWL + burst_cycles(config) + t.nWR)
    return organisation.ranks * (max(in_use + t.nRP, t.nRC) + banks * t.nPPD)


def refreshes_out_of_time(log, config, end):
    """Where a rank's n-th refresh comes before it is due or later than it may, in a log that goes up to cycle `end`."""
    refresh, ranks, slack = config.timing.nREFI, config.organisation.ranks, refresh_slack(config)
    due = refresh // ranks * ranks  # they take turns, in whole cycles
    for rank in range(ranks):
        cycles = [cycle for cycle, name, place, _ in log if name == "REF" and place == rank]
        for number, cycle in enumerate(cycles):
            command = Command(cycle, "REF", rank, -1)
            if not number * due <= cycle < (number + 1) * refresh + slack:
                yield Broken("nREFI", command, f"is refresh {number} of its rank")
        if (end - slack) // refresh > len(cycles):
            yield Broken("nREFI", Command(end, "REF", rank, -1), f"there are only {len(cycles)}")
