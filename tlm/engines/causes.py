"""The way from a wait to its cause: back over what held each request, and what held that one."""

from __future__ import annotations

from .flow import Cause, Move

STARTUP = "startup"


def walk(cause: Cause, start: int, end: int) -> list[tuple[int, str]]:
    """(duration in fs, reason) pairs that add up to `end` - `start`: back along the path that ended in `cause`.

    An engine that took the last request up at once did not limit how fast data came, it only passed them on later:
    the wait is explained by what happened so much earlier, before the engine, and by the engine only where that was
    before all requests. Where the path leads to a request that had had no room and then found the memory idle, room is
    what all of the wait was for.
    """
    room = _lack_of_room(cause, start)
    if room is not None and end > start:
        return [(end - start, room)]
    latency = cause.latency_fs if isinstance(cause, Move) else 0
    spans, rest = _path(cause, start - latency, end - latency)
    if rest:
        spans.append((rest, "decompression" if latency else STARTUP))
    return spans


def _lack_of_room(cause: Cause, start: int) -> str | None:
    """What a request of the path had no room in, where it then found the memory idle."""
    while isinstance(cause, Move):
        if cause.starved and isinstance(cause.blocker, str):
            return cause.blocker
        if cause.issued_fs < start:
            return None
        cause = cause.blocker
    return None


def _path(cause: Cause, start: int, end: int) -> tuple[list[tuple[int, str]], int]:
    """The spans of the path, the latest first, and what lies before its beginning, in fs."""
    spans: list[tuple[int, str]] = []
    while end > start and cause is not None:
        if isinstance(cause, str):
            return [*spans, (end - start, cause)], 0
        milestones = cause.milestones
        for index in range(len(milestones) - 1, -1, -1):
            begin = milestones[index - 1][0] if index else cause.issued_fs
            begin = min(max(begin, start), end)
            if begin < end:
                spans.append((end - begin, milestones[index][1]))
                end = begin
        cause = cause.blocker
    return spans, end - start
