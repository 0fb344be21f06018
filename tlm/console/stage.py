"""How far each machine's run is, with the wall time left, and what crossed the memory's port, by operand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import attrs

from ..accelerators.parts import Dispatcher
from ..core import BUSY, IDLE, Clock, InitiatorSocket, Module
from ..engines import Dma
from ..memory import Dram, IdealMemory
from ..result import OPERANDS
from .reading import steady
from .rows import labels

ALL = "all"  # asked for by all masters together


@attrs.frozen
class Stage:
    """One machine's layer in progress and its whole run: shares done, seconds of wall time left (None: unknown).

    `machine` tells several apart, else it is "". `stalls` and `compute_cycles` are the layer's, of the waits that are
    over; `waits_for` is what the dispatcher waits for now, or "".
    """

    machine: str
    layer: str
    place: str
    layer_done: float
    layer_left_s: float | None
    run_done: float
    run_left_s: float | None
    cycle: int | None
    finished: bool
    waits_for: str
    compute_cycles: int
    stalls: dict[str, int]


@attrs.frozen
class PortTraffic:
    """Bytes between the chip and the memory: of an operand, of users' transfers, or all that a memory was asked for."""

    name: str
    read_bytes: int
    written_bytes: int


NOTHING: list[PortTraffic] = []


class Stages:
    """Reads the dispatchers of a tree; it remembers when each layer was first seen, to tell when it will be done."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._began_s = now_s()
        self._seen: dict[str, tuple[tuple[int, int], float, float]] = {}

    @property
    def wall_s(self) -> float:
        """Seconds of wall time since the beginning."""
        return self._now_s() - self._began_s

    def read(self, modules: Sequence[Module]) -> list[Stage]:
        """Where each dispatcher is; those that have not begun are left out."""
        dispatchers = [module for module in modules if isinstance(module, Dispatcher)]
        names = machine_names(dispatchers)
        read = [steady(partial(self._stage, one, name), None) for one, name in zip(dispatchers, names, strict=True)]
        return [stage for stage in read if stage is not None]

    def _stage(self, dispatcher: Dispatcher, machine: str) -> Stage | None:
        standing = dispatcher.standing()
        if standing is None:
            return None
        run, plan = dispatcher.runs[-1], dispatcher.plan
        done = _share(standing.passes_done, standing.passes)
        whole = _share(standing.cycles_done, standing.cycles)
        return Stage(
            machine=machine,
            layer=standing.layer,
            place=f"{run.layer + 1} of {len(plan.programs)}, image {run.image + 1} of {plan.images}",
            layer_done=done,
            layer_left_s=self._layer_left(dispatcher.full_name, (run.image, run.layer), done),
            run_done=whole,
            run_left_s=self.wall_s * (1 - whole) / whole if whole else None,
            cycle=_cycle(dispatcher),
            finished=dispatcher.finished,
            waits_for="" if dispatcher.probe.state in (BUSY, IDLE) else dispatcher.probe.state,
            compute_cycles=run.compute_cycles,
            stalls=dict(run.stalls),
        )

    def _layer_left(self, name: str, layer: tuple[int, int], done: float) -> float | None:
        """By how fast it has gone on since it was first seen."""
        now = self._now_s()
        seen = self._seen.get(name)
        if seen is None or seen[0] != layer:
            self._seen[name] = layer, now, done
            return None
        _, since, before = seen
        return (now - since) * (1 - done) / (done - before) if done > before else None


def read_traffic(modules: Sequence[Module]) -> list[PortTraffic]:
    """What the DMAs moved of each operand and, where others use the memories too, what all asked them for."""
    moved = {operand: PortTraffic(operand, 0, 0) for operand in OPERANDS}
    for module in modules:
        if isinstance(module, Dma):
            for part in steady(partial(_by_operand, module), NOTHING):
                before = moved.get(part.name, PortTraffic(part.name, 0, 0))
                read, written = before.read_bytes + part.read_bytes, before.written_bytes + part.written_bytes
                moved[part.name] = PortTraffic(part.name, read, written)
    return [part for part in [*moved.values(), *_by_everybody(modules)] if part.read_bytes or part.written_bytes]


def machine_names(dispatchers: Sequence[Module]) -> list[str]:
    """A name for each one's machine; none where there is one only."""
    if len(dispatchers) < 2:
        return ["" for _ in dispatchers]
    return labels([one.parent.full_name if one.parent else one.full_name for one in dispatchers])


def _by_everybody(modules: Sequence[Module]) -> list[PortTraffic]:
    """What memories were asked for in all, where others than DMAs ask them too."""
    memories = [module for module in modules if isinstance(module, (Dram, IdealMemory))]
    ports = [memory.port for memory in memories]
    targets = [
        socket.target
        for module in modules
        if not isinstance(module, Dma)
        for socket in module.sockets
        if isinstance(socket, InitiatorSocket)
    ]
    if not any(target in ports for target in targets):
        return []
    return [PortTraffic(ALL, sum(one.read_bytes for one in memories), sum(one.written_bytes for one in memories))]


def _by_operand(dma: Dma) -> list[PortTraffic]:
    return [PortTraffic(operand, read, written) for operand, (read, written) in dma.traffic().items()]


def _cycle(dispatcher: Dispatcher) -> int | None:
    clock = getattr(dispatcher.parent, "clock", None)
    return dispatcher.now // clock.period_fs if isinstance(clock, Clock) else None


def _share(done: int, whole: int) -> float:
    return min(1.0, done / whole) if whole else 0.0
