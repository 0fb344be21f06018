"""The activation memory: streamed inputs arrive in it, bricks are read from it, outputs are written to it."""

from __future__ import annotations

from collections.abc import Callable

from ...core import Clock, Module
from ...engines import ReadStream, Request
from ...engines.receive import Receiver
from ...memory import OnChipMemory, Organisation
from .datapath import Datapath


class ActivationMemory(Module):
    """AM: `stream` fills the part of it that streamed inputs pass through; the rest holds whole tensors."""

    def __init__(
        self, parent: Module, stream: ReadStream, organisation: Organisation, capacity_bytes: int, clock: Clock
    ) -> None:
        super().__init__(parent, "am")
        self.stream = stream
        self.array = OnChipMemory(self, "array", organisation, capacity_bytes, clock)
        self.datapath_of: Callable[[int, int], Datapath] | None = None
        self._receiver = Receiver()

    def store(self, request: Request) -> None:
        """A request's values are here: hand them over, where they are carried, and count them in."""
        if request.payload.data is not None:
            assert self.datapath_of is not None
            first, values = self._receiver.take(request)
            datapath = self.datapath_of(request.load.layer, request.load.image)
            datapath.inputs[first : first + len(values)] = values
        self.stream.commit(request)
