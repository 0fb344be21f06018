"""The column commands of a channel on its data bus: which time is taken, and the holes between."""

from __future__ import annotations

from bisect import bisect_right

#: More are not kept: the oldest lie before anything that is still asked for.
MOST_HOLES = 256

#: (end, start, room, before, after): `room` of the cycles between are free; whether writes come before and after.
Hole = tuple[int, int, int, bool, bool]
#: When the first and the last burst begin, how many there are, and the holes that are left.
Filled = tuple[int, int, int, list[Hole]]


class ColumnSlots:
    """Time is given out in the order of the calls, the earliest there is: what comes later may fill a hole.

    A hole is free for all of its time or, where bursts of one bank group lie apart, for an even share of it. A change
    of direction takes `turns`: cycles between a read and the write that follows, and the other way round. `free` is
    when the last burst is through, and `write` what it was. All in cycles.
    """

    __slots__ = ("_burst", "_holes", "_turns", "free", "write")

    def __init__(self, burst: int, turns: tuple[int, int] = (0, 0)) -> None:
        self._burst = burst
        self._turns = turns
        self._holes: list[Hole] = []
        self.free = 0
        self.write = False

    def skip_to(self, at: int, write: bool = False) -> None:
        """What is free before `at`, when a burst comes, becomes a hole; `at` must not be before `free`."""
        if at - self.free >= self._burst:
            self._holes.append((at, self.free, at - self.free, self.write, write))
            if len(self._holes) > MOST_HOLES:
                del self._holes[: MOST_HOLES // 2]
        self.free = at
        self.write = write

    def earliest(self, ready: int, behind: int, write: bool) -> int:
        """When a burst could begin from `ready` on; where it finds no hole, at `behind` at the earliest."""
        holes, burst = self._holes, self._burst
        if holes and holes[-1][0] - ready >= burst:
            for place in range(bisect_right(holes, (ready + burst - 1,)), len(holes)):
                start, end = self._within(holes[place], write)
                begin = start if start > ready else ready
                if end - begin >= burst:
                    return begin
        return behind if behind > ready else ready

    def take(
        self, ready: int, bursts: int, step: int, behind: int, limit: int, write: bool = False
    ) -> tuple[int, int, int]:
        """Time for `bursts`, `step` or more apart, from `ready` on and all begun before `limit`.

        Where they find no hole, they begin at `behind` at the earliest. Returns when the first and the last begin, and
        how many got time.
        """
        first, taken, holes = limit, 0, self._holes
        if holes and holes[-1][0] - ready >= self._burst:
            first, last, taken = self._fill(ready, bursts, step, limit, write)
            if taken == bursts:
                return first, last, taken
            ready = last + step if taken else ready
        begin = behind if behind > ready else ready
        if begin >= limit:
            return first, ready - step if taken else ready, taken
        count = bursts - taken
        last = begin + (count - 1) * step
        if last >= limit:
            count = (limit - begin - 1) // step + 1
            last = begin + (count - 1) * step
        if begin - self.free >= self._burst:
            self.skip_to(begin, write)
        self.write = write
        if step > self._burst and count > 1:
            holes.append((last, begin, last - begin - (count - 1) * self._burst, write, write))
        self.free = last + self._burst
        return first if taken else begin, last, taken + count

    def _within(self, hole: Hole, write: bool) -> tuple[int, int]:
        """From when to when bursts of that direction can use a hole; not one that is free by shares, if it turns."""
        end, start, room, before, after = hole
        if before is write and after is write:
            return start, end
        if room < end - start:
            return start, start
        turns = self._turns
        return start if before is write else start + turns[before], end if after is write else end - turns[write]

    def _fill(self, ready: int, bursts: int, step: int, limit: int, write: bool) -> tuple[int, int, int]:
        """As `take`, from the holes alone."""
        holes, first, last, taken = self._holes, limit, ready, 0
        place = bisect_right(holes, (ready + self._burst - 1,))
        while taken < bursts and place < len(holes) and holes[place][1] < limit:
            begin, through, count, kept = self._fill_one(holes[place], ready, bursts - taken, step, limit, write)
            if count:
                holes[place : place + 1] = kept
                first = first if taken else begin
                taken += count
                last = through
                ready = last + step
            place += len(kept)
        return first, last, taken

    def _fill_one(self, hole: Hole, ready: int, bursts: int, step: int, limit: int, write: bool) -> Filled:
        """When the first and the last of those begin that one hole has time for, how many, and what is left of it."""
        end, start, room, before, after = hole
        usable, until = self._within(hole, write)
        burst, length = self._burst, end - start
        begin = max(ready, usable)
        time = min(until, limit + burst - 1) - begin
        if time < burst:
            return 0, 0, 0, [hole]
        pace = max(step, burst * length // room)
        count = min(bursts, (time - burst) // pace + 1)
        last = begin + (count - 1) * pace
        through = last + burst
        parts = (
            (begin, start, room * (begin - start) // length, before, write),
            (through, begin, room * (through - begin) // length - count * burst, write, write),
            (end, through, room * (end - through) // length, write, after),
        )
        return begin, last, count, [part for part in parts if part[2] >= burst]
