"""Lanes: where intervals that overlap are drawn beside each other."""

from __future__ import annotations

import heapq


class Lanes:
    """Numbers from 0 on, each of which has one interval at a time; the smallest that is free is taken."""

    def __init__(self) -> None:
        self._ends: list[int] = []
        self._ending: list[tuple[int, int]] = []
        self._free: list[int] = []

    def take(self, begin: int) -> int:
        """A lane for what begins at `begin`, until it is given back."""
        while self._ending and self._ending[0][0] <= begin:
            heapq.heappush(self._free, heapq.heappop(self._ending)[1])
        later = []  # free by now, but not yet at `begin`: not everything begins in order
        while self._free:
            lane = heapq.heappop(self._free)
            if self._ends[lane] <= begin:
                break
            later.append(lane)
        else:
            lane = len(self._ends)
            self._ends.append(begin)
        for one in later:
            heapq.heappush(self._free, one)
        return lane

    def give(self, lane: int, end: int) -> None:
        """What is in `lane` ends at `end`."""
        self._ends[lane] = end
        heapq.heappush(self._ending, (end, lane))
