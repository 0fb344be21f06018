"""When the banks of an on-chip memory are free: accesses take turns at them, and refreshes stop them all."""

from __future__ import annotations

from collections.abc import Iterator


class Turns:
    """The banks in one direction, in the time in which they work (see `Refresh`): arithmetic, nothing a cycle.

    Accesses begin in the order in which they ask; a bank serves those that meet in it one after another, a word in
    `period` each. `rival` is the other direction where both share the banks' only port: what one of them does last at a
    bank keeps the other off it, and one that asks late for what it could have had before that still gets it.
    """

    __slots__ = ("_banks", "_even", "_free", "_order", "_period", "_since", "last", "rival")

    def __init__(self, banks: int, period: int) -> None:
        self.rival: Turns | None = None
        self.last = 0  # from here on all banks are free
        self._banks = banks
        self._period = period
        self._order = 0  # when the newest access began
        self._even: tuple[int, int, int] | None = None  # (start, first, words) of what found all banks free
        self._since = [0] * banks  # a bank has worked without a pause from here
        self._free = [0] * banks  # to here

    def take(self, ready: int, first: int, words: int, work: int) -> tuple[int, int]:
        """Take turns for `words` in consecutive banks from `first` on; returns when the first begins, the last ends.

        `work` is how long the busiest of them takes.
        """
        order, rival = self._order, self.rival
        start = ready if ready > order else order
        if start >= self.last and (rival is None or start >= rival.last):
            self._order = start
            self._even = (start, first, words)
            self.last = end = start + work
            return start, end
        even = self._even
        if even is not None and (rival is None or rival.last <= even[0]):
            begun, head, before = even
            begin = begun + before // self._banks * self._period  # the bank behind its last word is free
            if start <= begin and first == (head + before) % self._banks:
                return self._go_on(begin, (begun, head, before + words))
        return self._wait(start, first, words)

    def _go_on(self, begin: int, even: tuple[int, int, int]) -> tuple[int, int]:
        """An access that follows on `even` before one of its banks has paused is one with it, which it now is."""
        begun, _head, words = self._even = even
        self._order = begin
        self.last = begun + -(-words // self._banks) * self._period
        return begin, self.last

    def _wait(self, start: int, first: int, words: int) -> tuple[int, int]:
        """The same where some bank is taken."""
        self._level()
        if self.rival is not None:
            self.rival._level()
        begin, end = -1, start
        for bank, work in self._shares(first, words):
            at = self._place(bank, start, work)
            begin = at if at < begin or begin < 0 else begin
            end = at + work if at + work > end else end
        self._order = begin
        self.last = max(self.last, end)
        return begin, end

    def _place(self, bank: int, start: int, work: int) -> int:
        """Give a bank `work`, no earlier than `start`; returns when it begins."""
        free = self._free[bank]
        at = free if free > start else start
        if self.rival is not None:
            at = self.rival._beside(bank, at, work)
        if at > free:
            self._since[bank] = at
        self._free[bank] = at + work
        return at

    def _beside(self, bank: int, at: int, work: int) -> int:
        """When a rival's work that would begin at `at` can: before the bank's last work here, or after it."""
        since, free = self._since[bank], self._free[bank]
        return free if at < free and since < free and at + work > since else at

    def _level(self) -> None:
        """Write down bank by bank what an access that found all of them free has left."""
        if self._even is None:
            return
        start, first, words = self._even
        self._even = None
        self._since, self._free = [start] * self._banks, [start] * self._banks
        for bank, work in self._shares(first, words):
            self._free[bank] += work

    def _shares(self, first: int, words: int) -> Iterator[tuple[int, int]]:
        """Each bank that `words` from bank `first` on touch, and how long they take it."""
        banks = self._banks
        each, more = divmod(words, banks)
        for place in range(min(words, banks)):
            yield (first + place) % banks, (each + (place < more)) * self._period


class Refresh:
    """All banks refresh a row at once, the last `busy` fs of every `interval`; the rest of time they can work.

    `interval` is the longest whole number of cycles in which all rows have their turn within the retention time.
    """

    def __init__(self, rows: int, retention_fs: int, busy_fs: int, period_fs: int) -> None:
        self.interval_fs = retention_fs // rows // period_fs * period_fs
        self._busy = busy_fs
        self._usable = self.interval_fs - busy_fs
        self._from, self._until, self._lost = 0, -1, 0  # the time between two refreshes last asked for, and lost before

    @property
    def keeps_up(self) -> bool:
        """Whether any time is left to work in."""
        return self._usable > 0

    def worked(self, time_fs: int) -> int:
        """How much of the time up to `time_fs` the banks could work."""
        if not self._from <= time_fs <= self._until:
            intervals = time_fs // self.interval_fs
            self._from = intervals * self.interval_fs
            self._until = self._from + self._usable
            self._lost = intervals * self._busy
        return (time_fs if time_fs < self._until else self._until) - self._lost

    def time_of(self, worked_fs: int) -> int:
        """The first time by which they could work for `worked_fs`."""
        time = worked_fs + self._lost
        if self._from < time <= self._until:
            return time
        if not worked_fs:
            return 0
        intervals, rest = divmod(worked_fs - 1, self._usable)
        return intervals * self.interval_fs + rest + 1

    def count(self, time_fs: int) -> int:
        """Rows that each bank has refreshed by then."""
        return time_fs // self.interval_fs
