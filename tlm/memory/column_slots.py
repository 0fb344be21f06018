"""The column commands of a channel on its data bus: which time is taken, and the holes between."""

from __future__ import annotations

from bisect import bisect_right

#: More are not kept: the oldest lie before anything that is still asked for.
MOST_HOLES = 256

#: (end, start, room): `room` of the cycles between are free.
Hole = tuple[int, int, int]
#: When the first and the last burst begin, how many there are, and the holes that are left.
Filled = tuple[int, int, int, list[Hole]]


class ColumnSlots:
    """Time is given out in the order of the calls, the earliest there is: what comes later may fill a hole.

    A hole is free for all of its time or, where bursts of one bank group lie apart, for an even share of it. `free` is
    when the last burst is through. All in cycles.
    """

    __slots__ = ("_burst", "_holes", "free")

    def __init__(self, burst: int) -> None:
        self._burst = burst
        self._holes: list[Hole] = []
        self.free = 0

    def turn(self, at: int) -> None:
        """What finds no hole begins at `at` or later."""
        self.free = at if at > self.free else self.free

    def skip_to(self, at: int) -> None:
        """What is free before `at` becomes a hole; `at` must not be before `free`."""
        if at - self.free >= self._burst:
            self._holes.append((at, self.free, at - self.free))
            if len(self._holes) > MOST_HOLES:
                del self._holes[: MOST_HOLES // 2]
        self.free = at

    def earliest(self, ready: int) -> int:
        """When a burst could begin from `ready` on."""
        holes = self._holes
        if holes and holes[-1][0] - ready >= self._burst:
            _, start, _ = holes[bisect_right(holes, (ready + self._burst - 1,))]
            return max(ready, start)
        return max(ready, self.free)

    def take(self, ready: int, bursts: int, step: int, lead: int, limit: int) -> tuple[int, int, int]:
        """Time for `bursts`, `step` or more apart, from `ready` on and all begun before `limit`.

        The bus is left idle for `lead` before them. Returns when the first and the last begin, and how many got
        time.
        """
        first, taken, holes = limit, 0, self._holes
        if holes and holes[-1][0] - ready >= self._burst:
            first, last, taken = self._fill(ready, bursts, step, lead, limit)
            if taken == bursts:
                return first, last, taken
            ready = last + step if taken else ready
        begin = self.free + lead
        begin = begin if begin > ready else ready
        if begin >= limit:
            return first, ready - step if taken else ready, taken
        count = bursts - taken
        last = begin + (count - 1) * step
        if last >= limit:
            count = (limit - begin - 1) // step + 1
            last = begin + (count - 1) * step
        if begin - self.free >= self._burst:
            self.skip_to(begin)
        if step > self._burst and count > 1:
            holes.append((last, begin, last - begin - (count - 1) * self._burst))
        self.free = last + self._burst
        return first if taken else begin, last, taken + count

    def _fill(self, ready: int, bursts: int, step: int, lead: int, limit: int) -> tuple[int, int, int]:
        """As `take`, from the holes alone."""
        holes, first, last, taken = self._holes, limit, ready, 0
        place = bisect_right(holes, (ready + self._burst - 1,))
        while taken < bursts and place < len(holes) and holes[place][1] < limit:
            begin, through, count, kept = self._fill_one(holes[place], ready, bursts - taken, step, lead, limit)
            if count:
                holes[place : place + 1] = kept
                first = first if taken else begin
                taken += count
                last = through
                ready = last + step
            place += len(kept)
        return first, last, taken

    def _fill_one(self, hole: Hole, ready: int, bursts: int, step: int, lead: int, limit: int) -> Filled:
        """When the first and the last of those begin that one hole has time for, how many, and what is left of it."""
        end, start, room = hole
        burst, length = self._burst, end - start
        begin = max(ready, start + lead)
        time = min(end, limit + burst - 1) - begin
        if time < burst:
            return 0, 0, 0, [hole]
        pace = max(step, burst * length // room)
        count = min(bursts, (time - burst) // pace + 1)
        last = begin + (count - 1) * pace
        through = last + burst
        parts = (
            (begin, start, room * (begin - start) // length),
            (through, begin, room * (through - begin) // length - count * burst),
            (end, through, room * (end - through) // length),
        )
        return begin, last, count, [part for part in parts if part[2] >= burst]
