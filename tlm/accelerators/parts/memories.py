"""The chip's memories that streams arrive in: a tile's weight memory, and the activation memory."""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from collections.abc import Callable

import numpy as np

from ...codecs.format import Int32s
from ...core import CheckFailed, Clock, Module, Party
from ...engines import ReadStream, Region, Request
from ...engines.receive import Receiver
from ...memory import OnChipMemory, OnChipSpec
from ...workload.layer import Ints
from .datapath import Datapath

#: {number of a layer, or None where all layers have been done: so many}
ByLayer = Counter[int | None]


class StreamedMemory(Module):
    """A buffer with a stream of loads into it, timed as an on-chip memory (`array`).

    `read_bytes` and `written_bytes` are of the layers they were for.
    """

    def __init__(
        self,
        parent: Module,
        name: str,
        stream: ReadStream,
        spec: OnChipSpec,
        capacity_bytes: int,
        clock: Clock,
    ) -> None:
        super().__init__(parent, name)
        self.stream = stream
        self.array = OnChipMemory(self, "array", spec, capacity_bytes, clock)
        self.read_bytes: ByLayer = Counter()
        self.written_bytes: ByLayer = Counter()
        self._receiver = Receiver(self.keep)

    @property
    def supplier(self) -> Party | None:
        """Who has what the stream lacks, for a message about who waits for whom: the engines or the DMA."""
        if self.stream.delivered:
            return self.stream.engines
        woken = getattr(self.stream.woken, "__self__", None)
        return woken if isinstance(woken, Module) else None

    def levels(self) -> dict[str, tuple[int, int]]:
        """Values that room is taken for, arrived or on their way, of what the stream may hold."""
        return {"values": (self.stream.reserved - self.stream.freed, self.stream.capacity)}

    def read(self, layer: int, ready_fs: int, length: int) -> int:
        """Read bytes for a layer, no earlier than a time; returns when, in fs, they are through."""
        self.read_bytes[layer] += length
        return self.array.read(ready_fs, length)

    def write(self, layer: int, ready_fs: int, length: int) -> int:
        """The same for what arrives from off the chip."""
        self.written_bytes[layer] += length
        return self.array.write(ready_fs, length)

    def store(self, request: Request) -> None:
        """A request's values are here: keep them, where they are carried, and count them in."""
        if request.payload.data is not None:
            self._receiver.take(request)
        self.stream.commit(request)

    def catch_up(self) -> None:
        """Somebody is about to read: keep all values that are here."""
        self._receiver.catch_up()

    @abstractmethod
    def keep(self, request: Request, first: int, values: Ints) -> None:
        """Put `values`, from place `first` of the request's region, where they are read."""


class WeightMemory(StreamedMemory):
    """One tile's weights: values of each region as they arrived, and how many have."""

    def __init__(self, parent: Module, stream: ReadStream, spec: OnChipSpec, capacity_bytes: int, clock: Clock) -> None:
        super().__init__(parent, "wm", stream, spec, capacity_bytes, clock)
        self._values: dict[Region, Int32s] = {}
        self._kept: Counter[Region] = Counter()

    def keep(self, request: Request, first: int, values: Ints) -> None:
        """Into the region's own array."""
        region = request.region
        if region not in self._values:
            self._values[region] = np.empty(region.count, np.int32)
        behind = first + len(values)
        self._values[region][first:behind] = values
        self._kept[region] = max(self._kept[region], behind)

    def run_of(self, region: Region, begin: int, end: int) -> Int32s:
        """Values `begin`..`end` of a region as they arrived; CheckFailed where they have not."""
        self.catch_up()
        if self._kept[region] < end:
            raise CheckFailed(f"{region.name}: value {self._kept[region]} is read before it is there")
        return self._values[region][begin:end]


class ActivationMemory(StreamedMemory):
    """AM: `stream` fills the part of it that streamed inputs pass through; the rest holds whole tensors."""

    def __init__(self, parent: Module, stream: ReadStream, spec: OnChipSpec, capacity_bytes: int, clock: Clock) -> None:
        super().__init__(parent, "am", stream, spec, capacity_bytes, clock)
        self.datapath_of: Callable[[int, int], Datapath] | None = None

    def keep(self, request: Request, first: int, values: Ints) -> None:
        """Into the operands of the layer and image they belong to."""
        tensor = request.region.tensor
        assert self.datapath_of is not None and tensor is not None
        self.datapath_of(request.load.layer, request.load.image).take(tensor, first, values)
