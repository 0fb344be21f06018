"""What must lie between two commands of a channel, in cycles of the memory's clock: a standard's timing as tables."""

from __future__ import annotations

import attrs

from .config import DramConfig

#: For each bank group of a channel that a command concerns: (group, cycles to one there).
Apart = tuple[tuple[int, int], ...]


@attrs.frozen
class Column:
    """What follows a read, or a write, in one group: the cycles to reads and to writes, and to its bank's precharge."""

    read: Apart
    write: Apart
    precharge: int


@attrs.frozen
class Distances:
    """Tables by the bank group of the first command; groups are numbered through the ranks of the channel."""

    after_read: tuple[Column, ...]
    after_write: tuple[Column, ...]
    after_activate: tuple[Apart, ...]


def distances(config: DramConfig) -> Distances:
    """The tables of `config`, under JEDEC's rules: nCCD, nWTR and nRRD of a group (L) or another of its rank (S).

    Between ranks, and from reads to writes, the data bus is free for nRTRS.
    """
    t, burst = config.timing, config.burst_cycles
    same, other = max(burst, t.nCCD_L), max(burst, t.nCCD_S)
    turn = t.nCL + burst - t.nCWL + t.nRTRS  # from a read to a write, wherever
    wrote = t.nCWL + burst
    back = max(burst, wrote + t.nRTRS - t.nCL)  # from a write to a read of another rank
    groups, ranks = config.organisation.bank_groups, config.organisation.ranks
    numbers = range(groups * ranks)

    def apart(first: int, group: int, rank: int, channel: int) -> Apart:
        """The distances from group `first` to its own, to the others of its rank, to other ranks."""
        of_rank = first // groups
        return tuple((to, group if to == first else rank if to // groups == of_rank else channel) for to in numbers)

    return Distances(
        tuple(Column(apart(g, same, other, burst + t.nRTRS), apart(g, turn, turn, turn), t.nRTP) for g in numbers),
        tuple(
            Column(apart(g, wrote + t.nWTR_L, wrote + t.nWTR_S, back), apart(g, same, other, burst), wrote + t.nWR)
            for g in numbers
        ),
        tuple(
            tuple((to, t.nRRD_L if to == g else t.nRRD_S) for to in numbers if to // groups == g // groups)
            for g in numbers
        ),
    )
