"""What a run was over time, in windows of equal width: the result document's `timeline`."""

from __future__ import annotations

import attrs


@attrs.frozen
class ComponentTimeline:
    """One component's time by windows, in fs; idle is what is left of each."""

    name: str
    kind: str
    busy_fs: list[int]
    waiting_fs: dict[str, list[int]]


@attrs.frozen
class LevelTimeline:
    """How full a FIFO or a buffer was, or how much was pending at a socket: its mean and its most in each window."""

    name: str
    unit: str
    capacity: int | None
    mean: list[float]
    max: list[int]


@attrs.frozen
class MovedTimeline:
    """Bytes of transactions that a target socket answered with OK, by the window in which it did."""

    name: str
    bytes: list[int]


@attrs.frozen
class Timeline:
    """Windows of `window_fs` from the run's first instant to `end_fs`; the last one may be shorter."""

    window_fs: int
    end_fs: int
    components: list[ComponentTimeline]
    levels: list[LevelTimeline]
    moved: list[MovedTimeline]
