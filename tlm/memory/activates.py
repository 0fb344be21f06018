"""The activates of a rank: when the next one may be, asked for in any order of time."""

from __future__ import annotations

from collections import deque

from .policy import LONG_AGO

FOUR = 4
REMEMBERED = 256


class Activates:
    """Times that keep nRRD and nFAW. All in cycles.

    The latest keep their distances exactly. Those before them need only find a window of nFAW with less than four: it
    is their rate that counts, for what is known of the future keeps no room of the right size.
    """

    __slots__ = ("_count", "_far", "_last", "_last_group", "_near", "_window")

    def __init__(self, near: int, far: int, window: int) -> None:
        self._near, self._far, self._window = near, far, max(window, FOUR * far)  # nRRD_L, nRRD_S, nFAW
        self._last = deque([LONG_AGO] * FOUR, FOUR)
        self._last_group: object = None
        self._count: dict[int, int] = {}

    def earliest(self, at: int, group: object) -> int:
        """When a bank of `group` that could be activated from `at` on is."""
        last, window, count = self._last, self._window, self._count
        latest = last[-1]
        if at < latest:
            at = self._with_room(at)
        if at >= latest:
            after = latest + (self._near if group is self._last_group else self._far)
            at = at if at > after else after
            fifth = last[0] + window
            at = at if at > fifth else fifth
            last.append(at)
            self._last_group = group
        number = at // window
        if number in count:
            count[number] += 1
            return at
        count[number] = 1
        if len(count) > REMEMBERED:
            self._count = {each: some for each, some in count.items() if each > number - REMEMBERED // 2}
        return at

    def _with_room(self, at: int) -> int:
        """When, from `at` on, a window has less than four."""
        window, count = self._window, self._count
        number = at // window
        while count.get(number, 0) >= FOUR:
            number += 1
        return max(at, number * window)
