"""Energy tables: a YAML file is one, its name registers it; each figure in it has its node, status and source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeVar

import attrs

from ..inputs.errors import BadInput
from ..inputs.located import Faults, Located, located
from ..inputs.ranges import Range
from ..inputs.shelf import Shelf
from ..inputs.structure import ORIGIN, Fault, KeyPath, structure
from .events import EVENTS, PARTS
from .spec import EnergySpec

TABLES = Shelf(Path(__file__).with_name("tables"), "energy table")

#: Printed in a paper; computed from what is printed; chosen so that what is printed comes out; or neither.
Status = Literal["published", "derived", "fitted", "assumed"]

AMOUNT = Range(least=0, most=1e12, whole=False)
NODE = Range(above=0, most=1e4, whole=False)

ARRAY = "array"

Figure = TypeVar("Figure")
#: {component: {what is counted: figure}}
ByComponent = dict[str, dict[str, Figure]]


def _is_said(_spec: object, field: attrs.Attribute[str], value: str) -> None:
    if not value.strip():
        raise BadInput("is empty: say where the figure is from", key=field.name)


@attrs.frozen
class Known:
    """A figure is one at that node; how it is known, and from where."""

    node_nm: float = attrs.field(validator=NODE)
    status: Status
    source: str = attrs.field(validator=_is_said)


@attrs.frozen
class Cost(Known):
    """What one event takes."""

    pJ: float = attrs.field(validator=AMOUNT)


@attrs.frozen
class Area(Known):
    """What one part takes."""

    mm2: float = attrs.field(validator=AMOUNT)


@attrs.frozen
class Figures:
    """What events cost each component, and what area its parts take."""

    energy: ByComponent[Cost] = attrs.field(factory=dict)
    area: ByComponent[Area] = attrs.field(factory=dict)

    def known(self) -> Figures:
        """Those of energy where they say what the array takes, and likewise of area."""
        return Figures(
            self.energy if ARRAY in self.energy else {},
            self.area if ARRAY in self.area else {},
        )


@attrs.frozen
class EnergyTable:
    """A file of `tables/`: figures that all its machines share, and over these the figures of each of its `arrays`.

    What a machine takes is known where there are figures of the component `array`, of energy and of area apart.
    `memories`: whether AM and WM take what the macros of their technology say, or nothing beside the table's figures.
    """

    source: str = attrs.field(validator=_is_said)
    energy: ByComponent[Cost] = attrs.field(factory=dict)
    area: ByComponent[Area] = attrs.field(factory=dict)
    arrays: dict[str, Figures] = attrs.field(factory=dict)
    memories: Literal["macros", "none"] = "macros"
    name: str = attrs.field(default="", metadata=ORIGIN)

    def figures(self, array: str | None) -> Figures:
        """Those of a machine with that array, or of any where the table is for one machine; BadInput otherwise."""
        if not self.arrays:
            return Figures(self.energy, self.area)
        if array not in self.arrays:
            problem = f"has no array {array!r}" if array else "has several arrays: say which"
            raise BadInput(f"{self.name} {problem}", key="array", given=array, allowed=self.arrays)
        own = self.arrays[array]
        return Figures(_over(own.energy, self.energy), _over(own.area, self.area))


def figures_of(spec: EnergySpec) -> Figures:
    """What is known of a machine; BadInput, at `table` or `array`, where there is no such table or array."""
    return load_table(spec.table).figures(spec.array).known()


@cache
def load_table(name: str) -> EnergyTable:
    """The table called `name`, or the one in a user's YAML file at that path; BadInput with all its faults."""
    path = TABLES.file(name, "table")
    tree = TABLES.document(path)
    _drop_nulls(tree.get("arrays"))
    table, faults = structure(tree, EnergyTable)
    if table is not None:
        faults = list(_unknown(table))
    if table is None or faults:
        raise Faults(located(fault, key, tree.place_of(key)) for key, fault in faults)
    return attrs.evolve(table, name=path.stem)


def _drop_nulls(arrays: Any) -> None:
    """An array that is null is none: so a table that extends another can be without."""
    if isinstance(arrays, Located):
        for name in [name for name, own in arrays.items() if own is None]:
            del arrays[name], arrays.places[name]


def _over(own: ByComponent[Figure], base: ByComponent[Figure]) -> ByComponent[Figure]:
    return {component: {**base.get(component, {}), **own.get(component, {})} for component in {**base, **own}}


def _unknown(table: EnergyTable) -> Iterator[Fault]:
    """Events and parts that nobody counts."""
    places: Iterable[tuple[KeyPath, Figures | EnergyTable]] = [
        ((), table),
        *((("arrays", name), own) for name, own in table.arrays.items()),
    ]
    for place, own in places:
        yield from _not_in(EVENTS, "event", own.energy, (*place, "energy"))
        yield from _not_in(PARTS, "part", own.area, (*place, "area"))


def _not_in(known: Mapping[str, str], what: str, figures: ByComponent[Any], place: KeyPath) -> Iterator[Fault]:
    for component, costs in figures.items():
        for name in costs:
            if name not in known:
                yield (*place, component, name), BadInput(f"no such {what} is counted", given=name, allowed=known)
