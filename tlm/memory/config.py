"""What a scenario's memory makes of a standard: channels, ranks, width, mapping, page policy and queues applied."""

from __future__ import annotations

import attrs

from ..core import BadInput, Clock
from .mapping import EXAMPLE, AddressMapping, fitted
from .spec import MemorySpec
from .standards import DramStandard, IdealStandard, Organisation, Timing, checked_pieces, field_bits, load_standard

MOST_BANKS = 1 << 18  # of all channels together: each has a state of its own


@attrs.frozen
class DramConfig:
    """A standard with a scenario's choices applied: what a controller is built from; queues hold bursts."""

    standard: DramStandard
    organisation: Organisation
    mapping: AddressMapping = attrs.field(eq=str)
    closed_page: bool
    read_queue: int
    write_queue: int
    bank_queue: int

    @property
    def timing(self) -> Timing:
        """The speed bin, in cycles."""
        return self.standard.timing

    @property
    def tCK_fs(self) -> int:
        """One cycle of the memory's clock, in fs."""
        return self.standard.tCK_fs

    @property
    def burst_cycles(self) -> int:
        """Cycles a burst holds the data bus."""
        return max(1, self.organisation.burst_length // self.organisation.beats_per_cycle)

    @property
    def burst_bytes(self) -> int:
        """Bytes a burst moves."""
        return self.organisation.burst_bytes

    @property
    def capacity_bytes(self) -> int:
        """Bytes of all channels together."""
        return self.mapping.capacity_bytes

    @property
    def peak_bytes_per_s(self) -> float:
        """Bytes per second with every channel's data bus always moving."""
        return self.organisation.channels * self.burst_bytes / (self.burst_cycles * self.tCK_fs) * 1e15

    @property
    def clock(self) -> Clock:
        """The memory's command clock."""
        return Clock(1e15 / self.tCK_fs)


def resolve(spec: MemorySpec) -> DramConfig:
    """The standard of `spec` with its channels, ranks, width, mapping, page policy and queues; BadInput otherwise."""
    return configured(load_standard(spec.standard), spec)


def configured(standard: DramStandard | IdealStandard, spec: MemorySpec) -> DramConfig:
    """The same of a `standard` that is read already."""
    if isinstance(standard, IdealStandard):
        raise BadInput(f"{standard.name} has no channels or banks to model", key="standard")
    if spec.page not in ("open", "closed"):
        raise BadInput("there is no such page policy", key="page", given=spec.page, allowed=("open", "closed"))
    organisation = _organisation(standard.organisation, standard.timing, spec)
    mapping = _mapping(standard, organisation, spec.mapping)
    queues = (spec.read_queue, spec.write_queue, spec.bank_queue)
    return DramConfig(standard, organisation, mapping, spec.page == "closed", *queues)


def _organisation(own: Organisation, timing: Timing, spec: MemorySpec) -> Organisation:
    for key, value in (("channels", spec.channels), ("ranks", spec.ranks), ("width", spec.width)):
        if value is not None and (value < 1 or value & (value - 1)):
            raise BadInput(f"must be a power of two (address bits choose it), not {value}", key=key)
    width = spec.width or own.width
    if width * own.burst_length < 8:
        raise BadInput(f"{width} bits move less than a byte in a burst of {own.burst_length}", key="width")
    organisation = attrs.evolve(
        own,
        channels=spec.channels or own.channels,
        ranks=spec.ranks or own.ranks,
        width=width,
        row_bytes=own.row_bytes * width // own.width,
    )
    banks = organisation.channels * organisation.ranks * own.bank_groups * own.banks
    if banks > MOST_BANKS:
        message = f"{organisation.channels} channels of {organisation.ranks} ranks have {banks} banks in all"
        raise BadInput(
            f"{message}, and no more than {MOST_BANKS} are modelled", key="ranks" if spec.ranks else "channels"
        )
    in_rank = own.bank_groups * own.banks
    if timing.nREFI // organisation.ranks < in_rank + timing.nRP:
        most = timing.nREFI // (in_rank + timing.nRP)
        raise BadInput(f"no more than {most} ranks can be refreshed in turn, not {organisation.ranks}", key="ranks")
    return organisation


def _mapping(standard: DramStandard, organisation: Organisation, chosen: str | None) -> AddressMapping:
    if chosen == "":
        raise BadInput("is empty", key="mapping")
    name = chosen or next(iter(standard.mapping))
    if name in standard.mapping:
        own = checked_pieces(standard.mapping[name], standard.organisation)
        pieces = fitted(own, field_bits(organisation))
    elif "[" in name:
        try:
            pieces = checked_pieces(name, organisation)
        except BadInput as error:
            error.key = "mapping"
            raise
    else:
        raise BadInput(
            f"{standard.name} has no mapping {name!r}; name one or write '{EXAMPLE}'",
            key="mapping",
            given=name,
            allowed=standard.mapping,
        )
    return AddressMapping(pieces, organisation.burst_bytes)
