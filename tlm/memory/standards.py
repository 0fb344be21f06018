"""Memory standards as data: a YAML file is one speed bin, and its file name registers it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs

from ..core import FS_PER_NS, BadInput
from ..inputs.located import Faults, Located, located
from ..inputs.ranges import Range
from ..inputs.shelf import Shelf
from ..inputs.structure import ORIGIN, Fault, structure
from .energy import EnergySpec, least_idd0
from .mapping import FIELDS, parse

#: A mapping's fields and their bits, from the lowest address bit above the burst up.
Pieces = tuple[tuple[str, int], ...]

FOLDER = Path(__file__).with_name("standards")

#: What extends a standard was not compared with anything, so it is not `validated` unless it says so itself.
STANDARDS = Shelf(FOLDER, "memory standard", own=("validated",))

#: Timings of which the first is never the shorter one.
NEVER_SHORTER = (("nRRD_L", "nRRD_S"), ("nFAW", "nRRD_S"), ("nCCD_L", "nCCD_S"), ("nWTR_L", "nWTR_S"))


def _is_power_of_two(_spec: Any, _field: Any, value: int) -> None:
    if value < 1 or value & (value - 1):
        raise BadInput(f"must be a power of two, not {value}")


def _count() -> Any:
    return attrs.field(validator=_is_power_of_two)


def _cycles(default: Any = attrs.NOTHING) -> Any:
    return attrs.field(default=default, validator=Range(above=0))


@attrs.frozen
class Organisation:
    """`width` bits a channel, `banks` in each bank group, `row_bytes` of a channel; bursts in beats.

    `beats_per_cycle`: what each data line moves in a cycle of the command clock, whose cycles the timing counts.
    """

    channels: int = _count()
    width: int = _count()
    ranks: int = _count()
    bank_groups: int = _count()
    banks: int = _count()
    rows: int = _count()
    row_bytes: int = _count()
    burst_length: int = _count()
    beats_per_cycle: int = attrs.field(default=2, validator=_is_power_of_two)

    def __attrs_post_init__(self) -> None:
        if not 1 <= self.burst_bytes <= self.row_bytes:
            raise BadInput(f"must hold a burst, which is {self.burst_bytes} bytes here", key="row_bytes")

    @property
    def burst_bytes(self) -> int:
        """Bytes a burst moves."""
        return self.width * self.burst_length // 8

    @property
    def columns(self) -> int:
        """Bursts a row of a channel holds."""
        return self.row_bytes // self.burst_bytes


@attrs.frozen
class Timing:
    """A speed bin in clock cycles, under JEDEC's names (nRCD is tRCD / tCK); nPPD: between precharges of a rank."""

    nCL: int = _cycles()
    nCWL: int = _cycles()
    nRCD: int = _cycles()
    nRP: int = _cycles()
    nRAS: int = _cycles()
    nRRD_S: int = _cycles()
    nRRD_L: int = _cycles()
    nFAW: int = _cycles()
    nCCD_S: int = _cycles()
    nCCD_L: int = _cycles()
    nWTR_S: int = _cycles()
    nWTR_L: int = _cycles()
    nWR: int = _cycles()
    nRTP: int = _cycles()
    nRTRS: int = _cycles()
    nRFC: int = _cycles()
    nREFI: int = _cycles()
    nPPD: int = _cycles(default=1)
    nRC: int = _cycles(default=attrs.Factory(lambda timing: timing.nRAS + timing.nRP, takes_self=True))


@attrs.frozen
class DramStandard:
    """A DRAM standard and speed bin, as its file says it; the first of `mapping` is the default one.

    `dual_command`: a row and a column command can go out in the same cycle. `validated`: the model's times were
    compared with a cycle-accurate simulator's under this very set.
    """

    source: str
    tCK_ns: float = attrs.field(validator=Range(least=1e-6, most=1e6, whole=False))  # from 1 fs to 1 ms
    organisation: Organisation
    timing: Timing
    mapping: dict[str, str]
    dual_command: bool = False
    validated: bool = False
    energy: EnergySpec | None = None
    name: str = attrs.field(default="", metadata=ORIGIN)

    @property
    def tCK_fs(self) -> int:
        """One cycle of the memory's clock, in fs."""
        return round(self.tCK_ns * FS_PER_NS)


@attrs.frozen
class IdealStandard:
    """No limits: every access takes no time. `ideal` is always true: a file's word that it is one."""

    source: str
    ideal: bool
    burst_bytes: int = _count()
    capacity_bytes: int = _count()
    name: str = attrs.field(default="", metadata=ORIGIN)


def standard_names() -> list[str]:
    """The standards that come with the model, in order of name."""
    return STANDARDS.names()


def load_standard(name: str) -> DramStandard | IdealStandard:
    """The standard called `name`, or the one in a user's YAML file at that path; BadInput otherwise."""
    return read_standard(STANDARDS.file(name, "standard"))


def read_standard(path: Path) -> DramStandard | IdealStandard:
    """The standard in the YAML file at `path`; BadInput with all its faults, naming file, line and key."""
    return STANDARDS.made(path, _standard)


def _standard(path: Path, tree: Located) -> DramStandard | IdealStandard:
    kind: type[DramStandard | IdealStandard] = DramStandard if tree.get("ideal", False) is False else IdealStandard
    standard, faults = structure(tree, kind)
    if isinstance(standard, DramStandard):
        faults = list(_inconsistencies(standard))
    if standard is None or faults:
        raise Faults(located(fault, key, tree.place_of(key)) for key, fault in faults)
    return attrs.evolve(standard, name=path.stem)


def _inconsistencies(standard: DramStandard) -> Iterator[Fault]:
    """Faults that no section, or no number, shows alone."""
    yield from _contradictions(standard.timing)
    shortest = _shortest_refresh_interval(standard.organisation, standard.timing)
    if standard.timing.nREFI < shortest:
        yield ("timing", "nREFI"), BadInput(f"must leave time between refreshes: at least {shortest}")
    yield from _too_small_idd0(standard)
    if not standard.mapping:
        yield ("mapping",), BadInput("needs at least one mapping")
    for name, text in standard.mapping.items():
        try:
            checked_pieces(text, standard.organisation)
        except BadInput as error:
            yield ("mapping", name), error


def _contradictions(t: Timing) -> Iterator[Fault]:
    """Timings that no device can have together: the longer of a pair that is shorter, nRC without its two parts.

    What only never binds is let be: nRAS under nRCD + nRTP in slow LPDDR bins, nFAW under four nRRD_S.
    """
    if t.nRC < t.nRAS + t.nRP:
        sum_of = f"must be at least nRAS + nRP, which is {t.nRAS} + {t.nRP} = {t.nRAS + t.nRP} here, not {t.nRC}"
        yield ("timing", "nRC"), BadInput(f"{sum_of}; left out, it is that sum")
    for longer, shorter in NEVER_SHORTER:
        least, given = getattr(t, shorter), getattr(t, longer)
        if given < least:
            yield ("timing", longer), BadInput(f"must be at least {shorter}, which is {least} here, not {given}")


def _too_small_idd0(standard: DramStandard) -> Iterator[Fault]:
    currents = standard.energy and standard.energy.currents
    if currents and currents.IDD0_mA < least_idd0(currents, standard.timing):
        message = f"must be at least {least_idd0(currents, standard.timing):.4g}, what nRAS of IDD3N and then IDD2N"
        yield ("energy", "currents", "IDD0_mA"), BadInput(f"{message} average over nRC; not {currents.IDD0_mA:g}")


def _shortest_refresh_interval(organisation: Organisation, t: Timing) -> int:
    """Cycles that hold a refresh, with all banks closed before and a row opened after it, twice over."""
    around = t.nRFC + t.nRAS + t.nRP + t.nRCD + t.nFAW + t.nCL + t.nCWL + t.nWR
    return 2 * (around + organisation.bank_groups * organisation.banks)


def checked_pieces(text: str, organisation: Organisation) -> Pieces:
    """The pieces of the mapping `text`, which must cover `organisation` exactly; BadInput otherwise."""
    pieces = parse(text)
    low = organisation.burst_bytes.bit_length() - 1
    name, begin, _ = pieces[0]
    if begin != low:
        raise BadInput(f"the lowest part, {name}, must begin at bit {low}, just above a burst's bytes")
    for field, bits in field_bits(organisation).items():
        have = sum(size for name, _, size in pieces if name == field)
        if have != bits:
            raise BadInput(f"{field} ({FIELDS[field]}) must have {bits} bits here, not {have}")
    return tuple((field, bits) for field, _, bits in pieces)


def field_bits(organisation: Organisation) -> dict[str, int]:
    """How many address bits each field of a mapping takes."""
    counts = {
        "ch": organisation.channels,
        "ra": organisation.ranks,
        "bg": organisation.bank_groups,
        "ba": organisation.banks,
        "ro": organisation.rows,
        "co": organisation.columns,
    }
    return {field: count.bit_length() - 1 for field, count in counts.items()}
