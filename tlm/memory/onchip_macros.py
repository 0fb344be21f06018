"""What one bank of SRAM or eDRAM costs: energy, leakage, area and refresh by capacity, from cited tables."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

import attrs

from ..core import BadInput
from ..inputs.located import Faults, located, read
from ..inputs.ranges import Range
from ..inputs.structure import ORIGIN, structure
from ..inputs.units import quantity

FOLDER = Path(__file__).with_name("macros")

#: The macros meant by the bare names: those of the node at which DPRed (section 6) models its memories.
USUAL = {"sram": "sram-65nm", "edram": "edram-65nm"}


def _is_table(_spec: object, field: attrs.Attribute[dict[str, float]], table: dict[str, float]) -> None:
    points = {_capacity(text): value for text, value in table.items()}
    if len(points) < 2 or min(points.values()) <= 0 or min(points) <= 0:
        raise BadInput("needs figures above 0 for two capacities at least", key=field.name)


@attrs.frozen
class RefreshFigures:
    """Each row of `row_bits` is refreshed within its retention time: `cycles` of its bank, and `pJ_per_byte`.

    A bank of more than `rows` is made of subarrays of no more, which refresh at once.
    """

    retention_us: float = attrs.field(validator=Range(above=0, most=1e9, whole=False))
    row_bits: int = attrs.field(validator=Range(above=0, most=1 << 20))
    rows: int = attrs.field(validator=Range(above=0, most=1 << 20))
    cycles: int = attrs.field(validator=Range(above=0, most=4096))
    pJ_per_byte: float = attrs.field(validator=Range(least=0, whole=False))


@attrs.frozen
class MacroFigures:
    """A file of `macros/`: {capacity: figure} of one node; only embedded DRAM has a `refresh`.

    Where energies are those of words of `word_bits`, the further bits of a wider access take what refreshing them does:
    their row is read and restored anyway. Without, energy is in proportion to the width.
    """

    technology: Literal["sram", "edram"]
    node_nm: float = attrs.field(validator=Range(above=0, most=1e4, whole=False))
    read_pJ_per_byte: dict[str, float] = attrs.field(validator=_is_table)
    write_pJ_per_byte: dict[str, float] = attrs.field(validator=_is_table)
    leakage_mW: dict[str, float] = attrs.field(validator=_is_table)
    area_mm2: dict[str, float] = attrs.field(validator=_is_table)
    refresh: RefreshFigures | None = None
    word_bits: int | None = attrs.field(default=None, validator=Range(above=0, most=1 << 20, optional=True))
    name: str = attrs.field(default="", metadata=ORIGIN)

    def __attrs_post_init__(self) -> None:
        if (self.refresh is None) != (self.technology == "sram"):
            raise BadInput("belongs to edram, which needs it, and to nothing else", key="refresh")
        if self.word_bits is not None and self.refresh is None:
            raise BadInput("belongs to edram: what refreshing takes is what a wider access does", key="word_bits")


@attrs.frozen
class Macro:
    """One bank: energy of an access of its whole width and of refreshing a row of each subarray, leakage and area.

    So `rows` are refreshed within `retention_fs`, each for `refresh_cycles`; SRAM has none: all three are 0.
    """

    name: str
    node_nm: float
    read_pJ: float
    write_pJ: float
    leakage_mW: float
    area_mm2: float
    refresh_pJ: float = 0.0
    rows: int = 0
    retention_fs: int = 0
    refresh_cycles: int = 0


def macro_names() -> list[str]:
    """The macros that come with the model, and the bare names, in order."""
    return sorted([*USUAL, *(file.stem for file in FOLDER.glob("*.yaml"))])


def macro(technology: str, capacity_bytes: float, width_bits: int) -> Macro:
    """A bank of that capacity and width; BadInput for a `technology` that is not there.

    Between two capacities of the table a figure is interpolated on logarithmic scales, beyond its ends the nearest two
    are continued. Wires from the bank to whoever uses it are not counted.
    """
    figures = load_macro(technology)
    bank = Macro(
        name=figures.name,
        node_nm=figures.node_nm,
        read_pJ=_access_pJ(figures, interpolated(figures.read_pJ_per_byte, capacity_bytes), width_bits),
        write_pJ=_access_pJ(figures, interpolated(figures.write_pJ_per_byte, capacity_bytes), width_bits),
        leakage_mW=interpolated(figures.leakage_mW, capacity_bytes),
        area_mm2=interpolated(figures.area_mm2, capacity_bytes),
    )
    return _refreshed(bank, figures.refresh, capacity_bytes, width_bits) if figures.refresh else bank


def _access_pJ(figures: MacroFigures, pJ_per_byte: float, width_bits: int) -> float:
    """What an access takes whose first word costs `pJ_per_byte`."""
    if figures.word_bits is None or figures.refresh is None:
        return width_bits / 8 * pJ_per_byte
    word = min(figures.word_bits, width_bits)
    return word / 8 * pJ_per_byte + (width_bits - word) / 8 * min(pJ_per_byte, figures.refresh.pJ_per_byte)


def _refreshed(bank: Macro, refresh: RefreshFigures, capacity_bytes: float, width_bits: int) -> Macro:
    row_bits = max(refresh.row_bits, width_bits)
    rows = math.ceil(8 * capacity_bytes / row_bits)
    subarrays = math.ceil(rows / refresh.rows)
    return attrs.evolve(
        bank,
        refresh_pJ=subarrays * refresh.pJ_per_byte * row_bits / 8,
        rows=math.ceil(rows / subarrays),
        retention_fs=round(refresh.retention_us * 1e9),
        refresh_cycles=refresh.cycles,
    )


@cache
def load_macro(technology: str) -> MacroFigures:
    """The figures called `technology`, or those in a user's YAML file at that path; BadInput otherwise."""
    if technology.endswith((".yaml", ".yml")):
        return _read(Path(technology))
    if technology not in macro_names():
        raise BadInput(
            f"there is no on-chip memory technology {technology!r}; name one, or a YAML file by its path",
            key="technology",
            given=technology,
            allowed=macro_names(),
        )
    return _read(FOLDER / f"{USUAL.get(technology, technology)}.yaml")


def _read(path: Path) -> MacroFigures:
    tree = read(path)
    figures, faults = structure(tree, MacroFigures)
    if figures is None:
        raise Faults(located(fault, key, tree.place_of(key)) for key, fault in faults)
    return attrs.evolve(figures, name=path.stem)


def interpolated(table: Mapping[str, float], capacity_bytes: float) -> float:
    """The figure of `table`, {capacity: figure}, at a capacity: straight lines through its points, log over log."""
    points = sorted((math.log(_capacity(text)), math.log(value)) for text, value in table.items())
    at = math.log(capacity_bytes)
    above = next((index for index, (place, _) in enumerate(points) if place >= at), len(points) - 1)
    (left, low), (right, high) = points[max(above, 1) - 1], points[max(above, 1)]
    return math.exp(low + (high - low) * (at - left) / (right - left))


def _capacity(text: str) -> float:
    return quantity(text, "B")
