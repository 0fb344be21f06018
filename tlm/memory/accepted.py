"""Bursts that have been accepted and wait for room in the queues of their banks."""

from __future__ import annotations

from collections import deque

from .burst import Burst


class Accepted:
    """A channel's read queue, or its write buffer: `length` bursts for the set `banks`, in order for each bank."""

    __slots__ = ("_arrivals", "_queues", "banks", "length")

    def __init__(self, banks: int) -> None:
        self._queues: list[deque[tuple[int, Burst]]] = [deque() for _ in range(banks)]
        self._arrivals = 0
        self.banks = 0
        self.length = 0

    def add(self, burst: Burst) -> None:
        """The last to arrive."""
        self._arrivals += 1
        self._queues[burst.bank].append((self._arrivals, burst))
        self.banks |= 1 << burst.bank
        self.length += 1

    def oldest(self, banks: int) -> Burst:
        """The first to have arrived of the set `banks`, each of which has some."""
        first = banks & -banks
        best = self._queues[first.bit_length() - 1][0]
        banks ^= first
        while banks:
            first = banks & -banks
            head = self._queues[first.bit_length() - 1][0]
            if head[0] < best[0]:
                best = head
            banks ^= first
        return best[1]

    def leave(self, bank: int) -> None:
        """The oldest of `bank` goes."""
        queue = self._queues[bank]
        queue.popleft()
        self.length -= 1
        if not queue:
            self.banks &= ~(1 << bank)

    def holds(self, bank: int, key: int) -> bool:
        """Whether the burst `key` of `bank` is here."""
        return any(burst.key == key for _, burst in self._queues[bank])
