"""DRAM energy: from a standard's currents to the energy of each event, and from counts of events to a run's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import attrs

from ..core import FS_PER_NS, BadInput
from ..energy import Charge
from ..inputs.ranges import Range
from .stats import ChannelStats, total

if TYPE_CHECKING:
    from .config import DramConfig
    from .standards import Timing


def _amount(above: float | None = None) -> Any:
    return attrs.field(validator=Range(above=above, least=0, most=1e9, whole=False))


@attrs.frozen
class Currents:
    """One device of `device_width` data bits: its supply voltage and JEDEC's IDD currents at it, bursts back to back.

    A device with several supplies has its currents of the others here in proportion to their voltages.
    """

    device_width: int = attrs.field(validator=Range(above=0, most=4096))
    VDD_V: float = _amount(above=0)
    IDD0_mA: float = _amount()
    IDD2N_mA: float = _amount()
    IDD3N_mA: float = _amount()
    IDD4R_mA: float = _amount()
    IDD4W_mA: float = _amount()
    IDD5B_mA: float = _amount()

    def __attrs_post_init__(self) -> None:
        pairs = (("IDD3N_mA", "IDD2N_mA"), *((f"{name}_mA", "IDD3N_mA") for name in ("IDD4R", "IDD4W", "IDD5B")))
        for larger, smaller in pairs:
            least, given = getattr(self, smaller), getattr(self, larger)
            if given < least:
                raise BadInput(f"must be at least {smaller}, which is {least:g} here, not {given:g}", key=larger)


@attrs.frozen
class Events:
    """What each event costs a whole rank of the standard's width, and its background with and without an open row."""

    activate_pJ: float = _amount()
    read_pJ_per_bit: float = _amount()
    write_pJ_per_bit: float = _amount()
    refresh_pJ: float = _amount()
    active_mW: float = _amount()
    precharged_mW: float = _amount()


@attrs.frozen
class EnergySpec:
    """The `energy` section of a standard: currents or energies an event, one of them, and what the interface takes."""

    source: str
    io_pJ_per_bit: float = _amount()
    currents: Currents | None = None
    events: Events | None = None

    def __attrs_post_init__(self) -> None:
        if (self.currents is None) == (self.events is None):
            raise BadInput("must have currents or events, and not both")


@attrs.frozen
class Energies:
    """What events cost one rank of a channel; I/O at both ends, the background while its clock runs."""

    activate_pJ: float = attrs.field(metadata={"doc": "an activate and its precharge"})
    read_pJ: float = attrs.field(metadata={"doc": "a burst from the array to the pins"})
    write_pJ: float = attrs.field(metadata={"doc": "a burst from the pins to the array"})
    io_pJ: float = attrs.field(metadata={"doc": "a burst over the pins, either way"})
    refresh_pJ: float = attrs.field(metadata={"doc": "a refresh of all banks"})
    active_mW: float
    precharged_mW: float


@attrs.frozen
class EnergyReport:
    """Where a run's energy went, all in pJ; `background` is what ranks take by being on."""

    activate: float
    read: float
    write: float
    io: float
    refresh: float
    background: float

    @property
    def total_pJ(self) -> float:
        """All of it."""
        return self.activate + self.read + self.write + self.io + self.refresh + self.background

    def per_bit(self, bits: int) -> float:
        """pJ for each of the `bits` moved; 0 where none were."""
        return self.total_pJ / bits if bits else 0.0


def energies(config: DramConfig) -> Energies | None:
    """What events cost one rank of `config`, or None where its standard does not say.

    From currents as Micron's TN-40-07 has it (and DRAMsim3), for each of a rank's width / device_width devices:

        activate    VDD (IDD0 tRC - IDD3N tRAS - IDD2N (tRC - tRAS))
        read        VDD (IDD4R - IDD3N) tBurst         write    VDD (IDD4W - IDD3N) tBurst
        refresh     VDD (IDD5B - IDD3N) tRFC
        active      VDD IDD3N                          precharged    VDD IDD2N

    V times mA times ns is pJ. Power-down and self-refresh are not modelled.
    """
    spec = config.standard.energy
    if spec is None:
        return None
    bits = 8 * config.burst_bytes
    io_pJ = spec.io_pJ_per_bit * bits
    if spec.currents:
        return _of_currents(spec.currents, config, io_pJ)
    assert spec.events
    return _of_events(spec.events, config, bits, io_pJ)


def energy(
    energies: Energies,
    activates: int,
    read_bursts: int,
    written_bursts: int,
    refreshes: int,
    active_fs: int,
    precharged_fs: int,
) -> EnergyReport:
    """The energy of so many events, and of the ranks' times added up.

    `active_fs` is with a row open or a refresh going on (a refresh's own energy is what it takes beyond that),
    `precharged_fs` is the rest.
    """
    return report(charges(energies, activates, read_bursts, written_bursts, refreshes, active_fs, precharged_fs))


def report(charges: Sequence[Charge]) -> EnergyReport:
    """What `charges` come to."""
    taken = {charge.event: charge.total_pJ for charge in charges}
    return EnergyReport(
        activate=taken["activates"],
        read=taken["read_bursts"],
        write=taken["written_bursts"],
        io=taken["io_bursts"],
        refresh=taken["refreshes"],
        background=taken["active_ns"] + taken["precharged_ns"],
    )


def charges(
    energies: Energies,
    activates: int,
    read_bursts: int,
    written_bursts: int,
    refreshes: int,
    active_fs: int,
    precharged_fs: int,
) -> tuple[Charge, ...]:
    """What was counted, each with its cost; `energy` says of what."""
    return (
        Charge("activates", activates, energies.activate_pJ),
        Charge("read_bursts", read_bursts, energies.read_pJ),
        Charge("written_bursts", written_bursts, energies.write_pJ),
        Charge("io_bursts", read_bursts + written_bursts, energies.io_pJ),
        Charge("refreshes", refreshes, energies.refresh_pJ),
        Charge("active_ns", active_fs / FS_PER_NS, energies.active_mW),
        Charge("precharged_ns", precharged_fs / FS_PER_NS, energies.precharged_mW),
    )


def charges_of(config: DramConfig, channels: Sequence[ChannelStats], time_fs: int) -> tuple[Charge, ...]:
    """What all `channels` did in the `time_fs` they were on, with its costs; () where the standard does not say."""
    each = energies(config)
    if each is None:
        return ()
    counts = total(channels)
    active = counts.active_cycles + counts.refreshes * config.timing.nRFC
    all_fs = time_fs * config.organisation.ranks * len(channels)
    active_fs = min(active * config.tCK_fs, all_fs)
    return charges(
        each,
        activates=counts.activates,
        read_bursts=counts.read_bursts,
        written_bursts=counts.written_bursts,
        refreshes=counts.refreshes,
        active_fs=active_fs,
        precharged_fs=all_fs - active_fs,
    )


def energy_of(config: DramConfig, channels: Sequence[ChannelStats], time_fs: int) -> EnergyReport | None:
    """The energy of all `channels` in the `time_fs` they were on, or None where the standard does not say."""
    counted = charges_of(config, channels, time_fs)
    return report(counted) if counted else None


def least_idd0(currents: Currents, t: Timing) -> float:
    """The IDD0, in mA, at which an activate takes nothing beyond the background."""
    return (currents.IDD3N_mA * t.nRAS + currents.IDD2N_mA * (t.nRC - t.nRAS)) / t.nRC


def _of_currents(currents: Currents, config: DramConfig, io_pJ: float) -> Energies:
    t, active, precharged = config.timing, currents.IDD3N_mA, currents.IDD2N_mA
    volts = currents.VDD_V * config.organisation.width / currents.device_width  # of all devices, one after the other
    cycle_pJ_per_mA = volts * config.standard.tCK_ns
    burst_pJ_per_mA = cycle_pJ_per_mA * config.burst_cycles
    return Energies(
        activate_pJ=cycle_pJ_per_mA * t.nRC * (currents.IDD0_mA - least_idd0(currents, t)),
        read_pJ=burst_pJ_per_mA * (currents.IDD4R_mA - active),
        write_pJ=burst_pJ_per_mA * (currents.IDD4W_mA - active),
        io_pJ=io_pJ,
        refresh_pJ=cycle_pJ_per_mA * t.nRFC * (currents.IDD5B_mA - active),
        active_mW=volts * active,
        precharged_mW=volts * precharged,
    )


def _of_events(events: Events, config: DramConfig, bits: int, io_pJ: float) -> Energies:
    share = config.organisation.width / config.standard.organisation.width
    return Energies(
        activate_pJ=share * events.activate_pJ,
        read_pJ=bits * events.read_pJ_per_bit,
        write_pJ=bits * events.write_pJ_per_bit,
        io_pJ=io_pJ,
        refresh_pJ=share * events.refresh_pJ,
        active_mW=share * events.active_mW,
        precharged_mW=share * events.precharged_mW,
    )
