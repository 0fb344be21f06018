"""Rows of a table of components: numbered siblings of one kind folded into one, with a name as short as is clear."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import combinations

import attrs

from ..core import BUSY, FS_PER_S, IDLE, Rate
from ..result import total
from .reading import Sample

NUMBERED = re.compile(r"(.*\D)\d+")
FOLDED = "*"

#: Kinds that say least about a run, the least first: their rows are hidden first where there is no room.
MINOR = ("on-chip port", "reducer", "")


@attrs.frozen
class Row:
    """Some components of one kind, shown as one; `before` is what they were when last looked at, or empty."""

    label: str
    kind: str
    samples: tuple[Sample, ...]
    before: tuple[Sample, ...] = ()
    times: dict[str, int] = attrs.field(init=False)
    total_fs: int = attrs.field(init=False)

    @times.default
    def _times(self) -> dict[str, int]:
        return total(sample.times for sample in self.samples)

    @total_fs.default
    def _total(self) -> int:
        return sum(self.times.values())

    def share(self, state: str) -> float:
        """The share of their time in `state`, of all of them together."""
        return self.times.get(state, 0) / self.total_fs if self.total_fs else 0.0

    @property
    def waiting(self) -> float:
        """The share of their time in which they had work and could not proceed."""
        waited = sum(time for state, time in self.times.items() if state not in (BUSY, IDLE))
        return waited / self.total_fs if self.total_fs else 0.0

    @property
    def busiest(self) -> float:
        """The share of busy time of the one that has the largest."""
        return max(sample.times.get(BUSY, 0) / max(1, sum(sample.times.values())) for sample in self.samples)

    @property
    def longest_wait(self) -> tuple[str, float] | None:
        """What they waited for most, and its share of their time."""
        reasons = [state for state, time in self.times.items() if time and state not in (BUSY, IDLE)]
        if not reasons:
            return None
        reason = max(reasons, key=lambda state: self.times[state])
        return reason, self.share(reason)

    @property
    def lately(self) -> tuple[str, float] | None:
        """The state they were mostly in since they were last looked at, and its share; None: a mere container."""
        states = [sample.state for sample in self.samples if sample.state is not None]
        if not states or not self.kind:
            return None
        before = total(sample.times for sample in self.before)
        spent = {state: max(0, time - before.get(state, 0)) for state, time in self.times.items()}
        spent = spent if any(spent.values()) else {state: states.count(state) for state in states}
        state = max(spent, key=lambda name: (spent[name], name))
        return state, spent[state] / sum(spent.values())

    @property
    def rate(self) -> Rate | None:
        """What they moved, and could at most, together."""
        rates = [sample.rate for sample in self.samples if sample.rate is not None]
        if not rates:
            return None
        return Rate(sum(rate.moved for rate in rates), sum(rate.peak_per_s for rate in rates), rates[0].unit)

    @property
    def rate_so_far(self) -> float:
        """Units a second, from the beginning."""
        return _per_s(self.rate.moved, self.samples[0].at_fs) if self.rate is not None else 0.0

    @property
    def rate_lately(self) -> float | None:
        """Units a second since they were last looked at."""
        if self.rate is None or not self.before:
            return None
        moved = self.rate.moved - sum(sample.rate.moved for sample in self.before if sample.rate is not None)
        elapsed = self.samples[0].at_fs - self.before[0].at_fs
        return _per_s(moved, elapsed) if elapsed > 0 else None

    @property
    def levels(self) -> dict[str, tuple[int, int]]:
        """How full their buffers are, each name's added up."""
        found: dict[str, tuple[int, int]] = {}
        for sample in self.samples:
            for name, (level, capacity) in sample.levels.items():
                before = found.get(name, (0, 0))
                found[name] = before[0] + level, before[1] + capacity
        return found


def make_rows(samples: Sequence[Sample], before: dict[str, Sample], most: int = 0) -> list[Row]:
    """A row a component where that makes `most` rows or fewer, else numbered siblings folded into one row each."""
    parts = _groups(samples) if len(samples) > most else [(sample.name, [sample]) for sample in samples]
    kinds = [group[0].kind for _, group in parts]
    return [
        Row(
            kind if len(group) > 1 and kind and kinds.count(kind) == 1 else label,
            kind,
            tuple(group),
            tuple(before[sample.name] for sample in group if sample.name in before),
        )
        for (_, group), kind, label in zip(parts, kinds, labels([name for name, _ in parts]), strict=True)
    ]


def visible(rows: Sequence[Row], most: int) -> list[Row]:
    """At most `most` rows, in their order: those of minor kinds are left out first."""
    ranked = sorted(range(len(rows)), key=lambda index: (_minor(rows[index].kind), index))
    return [rows[index] for index in sorted(ranked[: max(0, most)])]


def labels(names: Sequence[str]) -> list[str]:
    """Each name's own last part, with as few of those before it as tell it from all others."""
    parts = [tuple(name.replace(FOLDED, "").split(".")) for name in names]
    return [_label(own, [other for other in parts if other is not own and other[-1] == own[-1]]) for own in parts]


def _label(own: tuple[str, ...], others: list[tuple[str, ...]]) -> str:
    *path, leaf = own
    for count in range(len(path) + 1):
        for chosen in combinations(range(len(path) - 1, -1, -1), count):
            kept = [path[index] for index in sorted(chosen)]
            if not any(_within(kept, other[:-1]) for other in others):
                return ".".join([*kept, leaf])
    return ".".join(own)


def _within(parts: list[str], path: tuple[str, ...]) -> bool:
    """Whether `parts` lie in `path` in their order."""
    rest = iter(path)
    return all(part in rest for part in parts)


def _groups(samples: Sequence[Sample]) -> list[tuple[str, list[Sample]]]:
    """Numbered siblings of one kind together, under their name; whole machines, though numbered, stay apart."""
    apart = {prefix for sample in samples if sample.kind == "dispatcher" for prefix in _prefixes(sample.name)[:-1]}
    groups: dict[tuple[str, str], list[Sample]] = {}
    for sample in samples:
        groups.setdefault((_folded(sample.name, apart), sample.kind), []).append(sample)
    return [(name if len(group) > 1 else group[0].name, group) for (name, _), group in groups.items()]


def _folded(name: str, apart: set[str]) -> str:
    parts = name.split(".")
    for index, prefix in enumerate(_prefixes(name)):
        numbered = NUMBERED.fullmatch(parts[index])
        if numbered and prefix not in apart:
            parts[index] = numbered[1] + FOLDED
    return ".".join(parts)


def _prefixes(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[: count + 1]) for count in range(len(parts))]


def _minor(kind: str) -> int:
    return len(MINOR) - MINOR.index(kind) if kind in MINOR else 0


def _per_s(moved: float, time_fs: int) -> float:
    return moved * FS_PER_S / time_fs if time_fs else 0.0
