"""A bus of blocking transport: one payload at a time, as wide as it is, and an arbiter where several want it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import simpy

from ...inputs.errors import BadInput
from ..kernel.module import Answer, Module, Rate
from ..kernel.scheduling import LAST, call_in
from ..kernel.time import FS_PER_S, Clock
from ..transport.binding import Transport
from ..transport.payload import Payload
from .arbiter import Arbiter, make_arbiter
from .decoder import Decoder

#: What the bus owes who waits, the delay until its bytes are through, and how many these are.
Turn = tuple[Answer, int]


class Bus(Decoder):
    """Shared by the initiators bound to `port`: a payload holds it for its bytes, `width_bytes` a cycle of `clock`.

    Then it goes on to its target, and the next payload may hold the bus. With arbitration "fifo" payloads take their
    turns in the order of the calls, by arithmetic: the turn is in the delay, and nobody waits. With "round_robin" and
    "priority" callers wait, and as soon as the bus is free the next one is chosen among all that have asked until the
    end of that instant (see `RoundRobin` and `Priority`, which knows `priorities`). BadInput where it is not even one
    byte wide, where there is no such arbitration or it knows no priorities; ElaborationError, at elaboration, where
    there is not one priority for each initiator.
    """

    kind = "bus"

    def __init__(
        self,
        parent: simpy.Environment | Module,
        name: str,
        *,
        width_bytes: int,
        clock: Clock,
        arbitration: str = "fifo",
        priorities: Sequence[int] | None = None,
    ) -> None:
        if width_bytes < 1:
            raise BadInput(f"{name}: a bus needs a width of at least 1 byte, not {width_bytes}")
        self._arbiter: Arbiter[Turn] = make_arbiter(arbitration, priorities)
        in_order = arbitration == "fifo"
        super().__init__(parent, name, self.b_transport if in_order else self.b_transport_by_turns)
        self.bytes = self.payloads = 0
        self._hold = self._occupy if in_order else None
        self._width = width_bytes
        self._period_fs = clock.period_fs
        self._free_fs = 0
        self._choosing = False

    def figures(self) -> dict[str, float | int]:
        """What went over it."""
        return {"bytes": self.bytes, "payloads": self.payloads}

    def rate(self) -> Rate:
        """Bytes moved, against every cycle filled."""
        return Rate(self.bytes, self._width * FS_PER_S / self._period_fs, "B")

    def end_of_elaboration(self) -> None:
        """Check that every initiator has its priority."""
        super().end_of_elaboration()
        self._arbiter.check(self.full_name, len(self.port))

    def b_transport_by_turns(self, index: int, payload: Payload, delay: int) -> Transport:
        """Send `payload` on to its target once its delay is over and its turn has come."""
        if self.route(payload) is not None:
            if delay:
                yield self.env.timeout(delay)
            delay = yield from self._turn(index, payload.data_length)
        return (yield from self.b_transport(index, payload, delay))

    def _occupy(self, length: int, delay: int) -> int:
        """Take the bus for `length` bytes, no earlier than now + `delay`; returns the delay until they are through."""
        now = int(self.env.now)
        start = max(self._free_fs, now + delay)
        self._free_fs = end = start - (-length // self._width) * self._period_fs
        self.bytes += length
        self.payloads += 1
        self.probe.span(start, end)
        return end - now

    def _turn(self, index: int, length: int) -> Transport:
        turn = Answer(self, "a turn on the bus"), length
        self._arbiter.add(index, turn)
        self._choose_when_free()
        try:
            return cast(int, (yield turn[0]))
        except BaseException:  # interrupted: the turn is another's
            self._arbiter.withdraw(index, turn)
            raise

    def _choose_when_free(self) -> None:
        if not self._choosing:
            self._choosing = True
            call_in(self.env, max(0, self._free_fs - int(self.env.now)), self._choose, LAST)

    def _choose(self) -> None:
        self._choosing = False
        if self._arbiter:
            turn, length = self._arbiter.next()
            turn.succeed(self._occupy(length, 0))
        if self._arbiter:
            self._choose_when_free()
