"""An interleaver: spreads addresses over channels, a granule to each in turn."""

from __future__ import annotations

from collections.abc import Iterator

import simpy

from ...inputs.errors import BadInput
from ...inputs.units import whole_bytes
from ..kernel.module import Module
from ..transport.binding import Hop, Transport
from ..transport.part import part_of, view_of
from ..transport.payload import BURST_ERROR, Payload
from ..transport.side_process import AllDone, SideProcess, begin_transport
from ..transport.sockets import MultiInitiatorSocket, MultiTargetSocket, delay_from


class Interleaver(Module):
    """Spreads what comes to `port` over N `channels`, which are bound in order: `interleaver.channels >> dram.port`.

    Granule number i, of `granule` bytes ("256 B"), is granule i // N of channel i mod N. A payload that lies in one
    granule goes on as it is; of a longer one each granule's part goes on at the same time, and it is done when the last
    one is. Its status is the worst of theirs, the lowest value, and its milestones are those of the part that is done
    last. There is no direct memory access: what lies in a row here does not in a channel. BadInput where a granule is
    less than a byte.
    """

    def __init__(self, parent: simpy.Environment | Module, name: str, granule: int | str) -> None:
        self.granule = whole_bytes(granule)
        if self.granule < 1:
            raise BadInput(f"{name}: a granule needs at least 1 byte, not {granule}")
        super().__init__(parent, name)
        self.port = MultiTargetSocket(self, "port", self.b_transport, self.transport_dbg)
        self.channels = MultiInitiatorSocket(self, "channels")

    def place(self, address: int) -> tuple[int, int]:
        """The channel of a byte, and its address there."""
        granule, byte = divmod(address, self.granule)
        row, channel = divmod(granule, len(self.channels.hops))
        return channel, row * self.granule + byte

    def b_transport(self, _index: int, payload: Payload, delay: int) -> Transport:
        """Send `payload`, or its parts, to the channels; done when all is. What streams beyond a granule is refused."""
        address, length = payload.address, payload.data_length
        if address % self.granule + min(length, payload.streaming_width) > self.granule:
            if payload.streaming_width >= length:
                return (yield from self._side_by_side(payload, delay))
            payload.response_status = BURST_ERROR
            return delay
        channel, payload.address = self.place(address)
        hop = self.channels.hops[channel]
        try:
            if hop.plain_transport is None:
                return (yield from hop.b_transport(payload, delay))
            left = hop.plain_transport(payload, delay)
            return left if left.__class__ is int else (yield from delay_from(left, hop.target.full_name))
        finally:
            payload.address = address
            payload.dmi_allowed = False

    def transport_dbg(self, _index: int, payload: Payload) -> int:
        """Read or write without time, up to the first byte that a channel does not have; returns the bytes moved."""
        moved = 0
        for hop, part in self._cut(payload):
            count = hop.transport_dbg(part)
            moved += count
            if count < part.data_length:
                break
        return moved

    def _side_by_side(self, payload: Payload, delay: int) -> Transport:
        """All parts of `payload` at once; returns what is left of the longest delay."""
        cut = list(self._cut(payload))
        begun = [begin_transport(hop, part, delay) for hop, part in cut]
        waiting = [side for side in begun if isinstance(side, SideProcess)]
        if waiting:
            yield AllDone(self.env, waiting)
        ends = [side.done_fs if isinstance(side, SideProcess) else side for side in begun]
        done = max(ends)
        payload.response_status = min(part.response_status for _, part in cut)
        payload.milestones += cut[ends.index(done)][1].milestones
        return done - int(self.env.now)

    def _cut(self, payload: Payload) -> Iterator[tuple[Hop, Payload]]:
        """The parts of `payload` that lie in one granule each, in order, with the ways to their channels."""
        begin, end, granule, data = 0, payload.data_length, self.granule, view_of(payload)
        while begin < end:
            address = payload.address + begin
            stop = min(end, begin + granule - address % granule)
            channel, local = self.place(address)
            yield self.channels.hops[channel], part_of(payload, data, begin, stop, local)
            begin = stop
