"""DRAM behind one target socket: channels of a standard, timed coarsely or exactly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import attrs
import simpy
from simpy.events import NORMAL

from ..core import Answer, Module, Payload, Transport
from ..energy import Charge
from .banks import Logged
from .coarse import CoarseService
from .config import resolve
from .energy import charges_of, energy_of
from .exact import ExactService
from .four_phases import FourPhases
from .ideal import IdealMemory
from .memory_channel import MemoryChannel
from .offchip import OffChipMemory
from .spec import MemorySpec
from .standards import IdealStandard, load_standard
from .stats import MemoryStats, total

Granularity = Literal["coarse", "exact"]


class Dram(OffChipMemory):
    """A DRAM of several channels: `Dram(env, "dram", standard="lpddr4-3200", channels=2)`.

    Either a `spec` or its fields are given. `granularity` "coarse" times whole row segments by arithmetic and answers
    at once; "exact" schedules command by command, and its callers wait. `port` is re-entrant: calls contend for the
    channels and complete out of order, a read with its last data, a write when the controllers have taken it. Four
    phases are served as well, END_REQ being sent when the controllers have taken a request. `log=True` (exact only)
    keeps the commands of each channel in `logs`: (cycle, command, bank or rank, row).
    """

    def __init__(
        self,
        parent: simpy.Environment | Module,
        name: str,
        spec: MemorySpec | None = None,
        granularity: Granularity = "coarse",
        log: bool = False,
        **fields: Any,
    ) -> None:
        config = resolve(MemorySpec(**fields) if spec is None else attrs.evolve(spec, **fields))
        super().__init__(parent, name)
        self.config = config
        self.burst_bytes = config.burst_bytes
        self.capacity_bytes = config.capacity_bytes
        self.peak_bytes_per_s = config.peak_bytes_per_s
        self.clock = config.clock
        self.logs: list[list[Logged]] = []
        self._service: CoarseService | ExactService
        if granularity == "exact":
            self._service = ExactService(self, config, log)
            self.logs = self._service.logs
            self.port.register_b_transport(self.b_transport_exact)
        else:
            self._service = CoarseService(self, config)
            self.port.register_b_transport(self.b_transport)
        FourPhases(self, self.port, self.takes, self._service.start)

    @property
    def channels(self) -> Sequence[MemoryChannel]:
        """One for each channel; their `stats` are what they did."""
        return self._service.channels

    @property
    def ends_fs(self) -> int:
        """Until when, in fs, it is at work on what it has counted."""
        return self._service.ends_fs

    @property
    def stats(self) -> MemoryStats:
        """What the memory has done so far, to be printed; requests are counted when they are accepted."""
        channels = tuple(channel.stats for channel in self.channels)
        counts = total(channels)
        return MemoryStats(
            read_bytes=self.read_bytes,
            written_bytes=self.written_bytes,
            moved_read_bytes=self.burst_bytes * counts.read_bursts,
            moved_written_bytes=self.burst_bytes * counts.written_bursts,
            row_hits=counts.row_hits,
            row_misses=counts.row_misses,
            peak_bytes_per_s=self.peak_bytes_per_s,
            time_fs=self.time_fs,
            channels=channels,
            energy=energy_of(self.config, channels, self.time_fs),
        )

    @property
    def charges(self) -> tuple[Charge, ...]:
        """What it has counted, each with its cost; () where its standard does not say what events cost."""
        return charges_of(self.config, [channel.stats for channel in self.channels], self.time_fs)

    def b_transport(self, payload: Payload, delay: int) -> int:
        """Coarse: serve `payload`, accepted at now + `delay`; returns the delay after which it is complete.

        An error changes no data and adds no delay.
        """
        assert isinstance(self._service, CoarseService)
        if not self.takes(payload):
            return delay
        now = int(self.env._now)
        return self._service.serve(payload, now + delay) - now

    def b_transport_exact(self, payload: Payload, delay: int) -> Transport:
        """Exact: as `b_transport`, but that it waits until the payload is complete."""
        if not self.takes(payload):
            return delay
        answer = Completion(self, f"the {payload.command.name.lower()} of {payload.data_length} B")
        self._service.start(payload, int(self.env._now) + delay, answer.comes)
        yield answer
        return 0


class Completion(Answer):
    """What a waiting caller gets: it succeeds at a time that is known ahead, or just then."""

    _value = None

    def comes(self, at_fs: int) -> None:
        """It succeeds then."""
        self.env.schedule(self, NORMAL, at_fs - int(self.env._now))


def make_memory(
    parent: simpy.Environment | Module, name: str, spec: MemorySpec, granularity: Granularity = "coarse"
) -> Dram | IdealMemory:
    """The memory that `spec` describes; BadInput where it cannot be."""
    standard = load_standard(spec.standard)
    if isinstance(standard, IdealStandard):
        return IdealMemory(parent, name, standard)
    return Dram(parent, name, spec, granularity)
