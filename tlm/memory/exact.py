"""DRAM timed exactly: each payload's bursts go to their channels' schedulers, its end is told when it is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..core import WRITE, Module, Payload
from .banks import Logged
from .burst import Burst, Request
from .config import DramConfig
from .exact_channel import ExactChannel
from .offchip import BANDWIDTH, LATENCY


class ExactService:
    """The channels of a DRAM, and a payload's way through them. `logs` are their commands, where they are asked for."""

    def __init__(self, dram: Module, config: DramConfig, log: bool) -> None:
        self._mapping = config.mapping
        self._tck = config.tCK_fs
        names = [f"channel{index}" for index in range(config.organisation.channels)]
        self.logs: list[list[Logged]] = [[] for _ in names] if log else []
        logs: Sequence[list[Logged] | None] = self.logs or [None] * len(names)
        self.channels = [ExactChannel(dram, name, config, log) for name, log in zip(names, logs, strict=True)]

    @property
    def ends_fs(self) -> int:
        """Until when, in fs, it is at work on what it has given commands for so far."""
        return max(channel.moved_fs for channel in self.channels)

    def start(
        self,
        payload: Payload,
        at_fs: int,
        done: Callable[[int], object],
        accepted: Callable[[int], object] | None = None,
    ) -> None:
        """Take `payload`, that comes at `at_fs`; `done` and `accepted` are told when, in fs, ahead or just then."""
        write, at = payload.command is WRITE, -(-at_fs // self._tck)
        access = Access(payload, self._tck, done, accepted)
        parts: dict[int, tuple[Request, list[Burst]]] = {}
        for channel, bank, row, number in self._mapping.bursts(payload.address, payload.data_length):
            if channel not in parts:
                parts[channel] = Request(access, write or accepted is not None), []
            request, bursts = parts[channel]
            bursts.append(Burst(at, bank, row, number, write, request))
        access.expect(len(parts))
        for channel, (request, bursts) in parts.items():
            self.channels[channel].put(request, bursts)


class Access:
    """One payload at all channels: it is over when the last of its requests is."""

    __slots__ = ("_accepted", "_done", "_over", "_payload", "_tck", "_unaccepted", "_undone")

    def __init__(
        self,
        payload: Payload,
        tck_fs: int,
        done: Callable[[int], object],
        accepted: Callable[[int], object] | None,
    ) -> None:
        self._payload = payload
        self._tck = tck_fs
        self._done = done
        self._accepted = accepted
        self._over = 0, 0, 0  # of the request that was last: when it was done, its first data came, and could have

    def expect(self, requests: int) -> None:
        """It has so many requests, which are put in now."""
        self._unaccepted = self._undone = requests

    def request_accepted(self, cycle: int) -> None:
        """A channel has taken all bursts, the last one in `cycle`; who asked sees it in the next."""
        self._unaccepted -= 1
        if not self._unaccepted and self._accepted is not None:
            self._accepted((cycle + 1) * self._tck)

    def request_done(self, request: Request) -> None:
        """A channel knows when its bursts are complete."""
        self._over = max(self._over, (request.done, request.begun, request.ready))
        self._undone -= 1
        if not self._undone:
            done, begun, ready = self._over
            tck, milestones = self._tck, self._payload.milestones
            if begun:
                milestones += ((ready * tck, BANDWIDTH), (begun * tck, LATENCY))
            milestones.append((done * tck, BANDWIDTH))
            self._done(done * tck)
