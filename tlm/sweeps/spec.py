"""The sweep file: read and checked; what is wrong is told with its line, its key and the nearest match."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from tlm.inputs.errors import BadInput, shown
from tlm.inputs.located import Faults, Located, located, read
from tlm.inputs.ranges import Range
from tlm.inputs.structure import Fault, structure

from .axes import Axis, Draw, axis_of, same
from .outcome import MEASURES

Settings = dict[str, Any]

MOST_POINTS = 1_000_000  # of a grid, before the sample


@attrs.frozen
class SearchSpec:
    """So many `trials`, to find the points with the best of these measures; one, or a list."""

    best: Any
    trials: int = attrs.field(validator=Range(least=1, most=MOST_POINTS))

    @property
    def measures(self) -> tuple[str, ...]:
        """The names of what is compared."""
        return tuple(_options(self.best))

    def fault(self) -> Fault | None:
        """What is wrong with its measures, and where."""
        if not self.measures:
            return ("best",), BadInput("the list is empty; name a measure")
        for name in self.measures:
            if not isinstance(name, str) or name not in MEASURES:
                given = name if isinstance(name, str) else None
                return ("best",), BadInput(f"there is nothing {shown(name)} to compare", given=given, allowed=MEASURES)
        if len(set(self.measures)) < len(self.measures):
            return ("best",), BadInput("a measure is written twice")
        return None


@attrs.frozen
class SweepSpec:
    """What a sweep file may say; docs/sweep.md tells what it means."""

    scenario: str
    axes: Any = None
    list: Any = None
    exclude: Any = None
    sample: int | None = attrs.field(default=None, validator=Range(least=1, optional=True))
    seed: int = 0
    search: SearchSpec | None = None


@attrs.frozen
class Sweep:
    """A sweep as it is written: the points' settings in order, each once, and where each key's values stand.

    `repeated` is how many points said the same as an earlier one. A `search` has no points: it finds them among the
    `axes`, without what is to `exclude`, all it draws from `seed`.
    """

    file: Path
    scenario: str
    keys: tuple[str, ...]
    points: tuple[Settings, ...]
    repeated: int
    tree: Located
    axes: dict[str, Axis] = attrs.field(factory=dict)
    exclude: tuple[Settings, ...] = ()
    search: SearchSpec | None = None
    seed: int = 0

    def excludes(self, settings: Settings) -> bool:
        """Whether a partial point to exclude matches."""
        return any(_matches(settings, item) for item in self.exclude)

    def place(self, settings: Settings, key: str) -> str:
        """The file and line that give `key` its value in a point, for messages."""
        for item in self.tree.get("list") or ():
            if item.keys() == settings.keys() and same(dict(item), settings):
                return _shown_place(item, key)
        return _shown_place(self.tree["axes"], key)


def read_sweep(file: Path) -> Sweep:
    """The sweep in `file`; Faults with all that is wrong with how it is written."""
    tree = read(file)
    spec, found = structure(tree, SweepSpec)
    if spec is None:
        raise _faults(tree, found)
    axes, found = _axes(spec)
    found += [*_list_faults(spec), *_search_faults(spec)]
    if not found:
        found = list(_exclude_faults(spec, axes))
    if found:
        raise _faults(tree, found)
    if spec.search is not None:
        exclude = tuple(spec.exclude or ())
        return Sweep(file, spec.scenario, tuple(axes), (), 0, tree, axes, exclude, spec.search, spec.seed)
    values = {key: axis.values(f"{spec.seed} {key}") if isinstance(axis, Draw) else axis for key, axis in axes.items()}
    points = [*_grid(tree, spec, values), *(dict(item) for item in spec.list or ())]
    each = {repr(settings): settings for settings in points}
    if not each:
        raise _faults(tree, [((), BadInput("has no points: write axes, a list, or fewer to exclude"))])
    keys = dict.fromkeys(key for settings in each.values() for key in settings)
    return Sweep(file, spec.scenario, tuple(keys), tuple(each.values()), len(points) - len(each), tree)


def _axes(spec: SweepSpec) -> tuple[dict[str, Axis], list[Fault]]:
    if spec.axes is None:
        return {}, []
    if not isinstance(spec.axes, Located):
        return {}, [(("axes",), BadInput(f"expected a mapping of keys and their values, not {shown(spec.axes)}"))]
    axes: dict[str, Axis] = {}
    faults: list[Fault] = []
    for key, written in spec.axes.items():
        axes[key], found = axis_of(written, spec.search is not None)
        faults += [(("axes", key, *path), fault) for path, fault in found]
    if not axes:
        faults.append((("axes",), BadInput("is empty; leave it out, or write keys and their values")))
    return axes, faults


def _search_faults(spec: SweepSpec) -> Iterator[Fault]:
    """What a search cannot compare, and what means nothing beside one."""
    if spec.search is None:
        return
    fault = spec.search.fault()
    if fault is not None:
        path, error = fault
        yield ("search", *path), error
    if spec.axes is None:
        yield ("search",), BadInput("needs axes to search")
    for key in ("list", "sample"):
        if getattr(spec, key) is not None:
            yield (key,), BadInput("means nothing beside search, which chooses the points itself")


def _list_faults(spec: SweepSpec) -> Iterator[Fault]:
    for name in ("list", "exclude"):
        written = getattr(spec, name)
        whole = isinstance(written, list) and all(isinstance(item, Located) and item for item in written)
        if written is not None and not (whole and written):
            example = "[{memory.channels: 4}]"
            yield (name,), BadInput(f"expected a list of mappings such as {example}, not {_odd(written)}")


def _odd(written: Any) -> str:
    """What is no mapping with keys in it."""
    if not isinstance(written, list):
        return shown(written)
    odd = [item for item in written if not isinstance(item, Located) or not item]
    return f"one with {shown(odd[0]) if not isinstance(odd[0], Located) else 'an empty mapping'}" if odd else "none"


def _exclude_faults(spec: SweepSpec, axes: Mapping[str, Axis]) -> Iterator[Fault]:
    """Keys and values that no point has, as far as they are listed: to exclude these would exclude nothing."""
    for item in spec.exclude or ():
        for key, written in item.items():
            axis = axes.get(key, [])
            if isinstance(axis, Draw):
                continue
            missing = [value for value in _options(written) if not any(same(value, own) for own in axis)]
            if missing:
                what = f"the axis has no value {shown(missing[0])}" if key in axes else "there is no such axis"
                error = BadInput(what, given=key, allowed=() if key in axes else axes)
                yield (), located(error, ("exclude", key), item.places[key])


def _options(written: Any) -> list[Any]:
    """What a partial point says of a key: a value, or a list of those that are meant."""
    return written if isinstance(written, list) else [written]


def _grid(tree: Located, spec: SweepSpec, axes: Mapping[str, Sequence[Any]]) -> list[Settings]:
    """The product of the axes without what is excluded, or a sample of that, in the grid's order."""
    size = math.prod(map(len, axes.values()))
    if not axes:
        return []
    if size > MOST_POINTS:
        message = f"a grid of {size:,} points is too large, the most are {MOST_POINTS:,}; draw fewer values of an axis"
        raise _faults(tree, [(("axes",), BadInput(message))])
    settings = (dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values()))
    points = [one for one in settings if not any(_matches(one, item) for item in spec.exclude or ())]
    if spec.sample is None or spec.sample >= len(points):
        return points
    drawn = random.Random(f"{spec.seed} sample").sample(range(len(points)), spec.sample)
    return [points[number] for number in sorted(drawn)]


def _matches(settings: Settings, partial: Mapping[str, Any]) -> bool:
    return all(
        key in settings and any(same(settings[key], value) for value in _options(written))
        for key, written in partial.items()
    )


def _faults(tree: Located, found: list[Fault]) -> Faults:
    return Faults(located(fault, path, tree.place_of(path)) for path, fault in found)


def _shown_place(tree: Located, key: str) -> str:
    place = tree.place_of((key,))
    return f"{place.file}:{place.line}"
