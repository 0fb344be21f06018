"""One bank of a DRAM channel, and one rank, as the exact timing knows them; all times are cycles."""

from __future__ import annotations

from collections import deque

from .burst import Burst

CLOSED = -1


class Rank:
    """Banks that are refreshed together: how many rows are open, and since or until when one was.

    `fifth` is when it may activate after each of its last four. While it is `held` for a refresh that is due, its banks
    are given nothing else.
    """

    __slots__ = ("banks", "fifth", "held", "number", "opened", "opened_since", "opened_until")

    def __init__(self, number: int) -> None:
        self.number = number
        self.banks: list[Bank] = []
        self.fifth = deque([0] * 4, 4)
        self.held = False
        self.opened = 0
        self.opened_since = self.opened_until = 0


class Bank:
    """A bank: its queue, its open row, and from when on its own timing lets it take each command.

    `hits` are the accesses that used the open row, `hitting` the reads and the writes in the queue that would.
    """

    __slots__ = (
        "activate_at",
        "bit",
        "column_at",
        "group",
        "hits",
        "hitting",
        "number",
        "precharge_at",
        "queue",
        "rank",
        "row",
    )

    def __init__(self, number: int, group: int, rank: Rank) -> None:
        self.number = number
        self.bit = 1 << number
        self.group = group
        self.rank = rank
        self.queue: list[Burst] = []
        self.row = CLOSED
        self.hits = 0
        self.hitting = [0, 0]
        self.activate_at = self.precharge_at = self.column_at = 0
