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
        self._mapping, self._tck = config.mapping, config.tCK_fs
        names = [f"channel{index}" for index in range(config.organisation.channels)]
        self.channels = [Channel(dram, name, config) for name in names]
        self._done_fs = 0

    @property
    def ends_fs(self) -> int:
        """Until when, in fs, it is at work on what it was asked for so far."""
        return max(self._done_fs, *(channel.moved_fs for channel in self.channels))

    def serve(self, payload: Payload, at_fs: int) -> int:
        """When, in fs, `payload` is complete that comes at `at_fs`."""
        write, channels = payload.command is WRITE, self.channels
        begun: dict[int, tuple[int, int]] = {}
        tck = self._tck
        at = -(-at_fs // tck)
        done, critical = at, 0
        for channel, banks, row, first, bursts in self._mapping.segments(payload.address, payload.data_length):
            free, begin, end = channels[channel].serve(at, banks, row, first, bursts, write)
            if channel not in begun:
                begun[channel] = free, begin
            if end > done:
                done, critical = end, channel
        free, begin = begun[critical]
        begin_fs, done_fs, queued_fs = begin * tck, done * tck, (free if free < begin else begin) * tck
        queued_fs = queued_fs if queued_fs > at_fs else at_fs
        payload.milestones += ((queued_fs, BANDWIDTH), (begin_fs, LATENCY), (done_fs, BANDWIDTH))
        self._done_fs = done_fs if done_fs > self._done_fs else self._done_fs
        return done_fs

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
