"""What must lie between two commands of a channel, in cycles of the memory's clock: a standard's timing as tables."""

from __future__ import annotations

from typing import NamedTuple

import attrs

from .config import DramConfig


class Apart(NamedTuple):
    """Cycles to a command in the same bank group, in another of the rank, and in another rank."""

    group: int
    rank: int
    channel: int


@attrs.frozen
class Column:
    """What follows a read, or a write: the cycles to reads and to writes, and to its own bank's precharge."""

    read: Apart
    write: Apart
    precharge: int


@attrs.frozen
class Distances:
    """What follows each command that others wait for."""

    after_read: Column
    after_write: Column
    after_activate: Apart


def distances(config: DramConfig) -> Distances:
    """Those of `config`, under JEDEC's rules: nCCD, nWTR and nRRD of a group (L) or another of its rank (S).

    Between ranks, and from reads to writes, the data bus is free for nRTRS.
    """
    t, burst = config.timing, config.burst_cycles
    same, other = max(burst, t.nCCD_L), max(burst, t.nCCD_S)
    turn = t.nCL + burst - t.nCWL + t.nRTRS  # from a read to a write, wherever
    wrote = t.nCWL + burst
    back = max(burst, wrote + t.nRTRS - t.nCL)  # from a write to a read of another rank
    return Distances(
        Column(Apart(same, other, burst + t.nRTRS), Apart(turn, turn, turn), t.nRTP),
        Column(Apart(wrote + t.nWTR_L, wrote + t.nWTR_S, back), Apart(same, other, burst), wrote + t.nWR),
        Apart(t.nRRD_L, t.nRRD_S, 0),
    )
