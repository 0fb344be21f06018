"""DRAM timed coarsely: each payload's row segments by arithmetic, its end known at once."""

from __future__ import annotations

from collections.abc import Callable

from ..core import WRITE, Module, Payload
from .channel import Channel
from .config import DramConfig
from .offchip import BANDWIDTH, LATENCY


class CoarseService:
    """The channels of a DRAM, and a payload's way through them."""

    def __init__(self, dram: Module, config: DramConfig) -> None:
        self._mapping = config.mapping
        names = [f"channel{index}" for index in range(config.organisation.channels)]
        self.channels = [Channel(dram, name, config) for name in names]

    def serve(self, payload: Payload, at_fs: int) -> int:
        """When, in fs, `payload` is complete that comes at `at_fs`."""
        write = payload.command is WRITE
        begun: dict[int, tuple[int, int]] = {}
        done, critical = at_fs, 0
        for channel, banks, row, first, bursts in self._mapping.segments(payload.address, payload.data_length):
            free, begin, end = self.channels[channel].serve(at_fs, banks, row, first, bursts, write)
            if channel not in begun:
                begun[channel] = free, begin
            if end > done:
                done, critical = end, channel
        free, begin = begun[critical]
        queued = at_fs if free < at_fs else min(free, begin)
        payload.milestones += ((queued, BANDWIDTH), (begin, LATENCY), (done, BANDWIDTH))
        return done

    def start(
        self,
        payload: Payload,
        at_fs: int,
        done: Callable[[int], object],
        accepted: Callable[[int], object] | None = None,
    ) -> None:
        """Tell when `payload` is accepted and complete that comes at `at_fs`."""
        if accepted is not None:
            accepted(at_fs)
        done(self.serve(payload, at_fs))
