"""Machines broken on purpose, one component each: the run ends with the names of those who wait for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator
from typing import Any

import pytest
import simpy
from small_networks import scenario

from tlm.accelerators.parts import Machine
from tlm.core import Hop, Payload, Progress, Standstill, find_deadlock, simulate
from tlm.system import System
from tlm.workload.layer import Workload

Break = Callable[[System, Machine], None]

SMALL = ("accelerator.am=1 KiB", "check=false")
FEW_WEIGHTS = ("accelerator.wm=2 KiB", "check=false")

BROKEN: list[tuple[Break, tuple[str, ...], str, list[str]]] = []


class Stuck(Progress):
    """Never gets on."""

    def advance_to(self, count: int) -> None:
        pass


def broken(names: str, *lines: str, sets: tuple[str, ...] = SMALL) -> Callable[[Break], Break]:
    """A machine so broken stops with `names` in the first line and then these lines, times apart."""

    def add(fault: Break) -> Break:
        BROKEN.append((fault, sets, names, list(lines)))
        return fault

    return add


def untimed(line: str) -> str:
    return re.sub(" since [0-9,]+ fs", "", line.strip())


def stopped(workload: Workload, fault: Break, *sets: str) -> Standstill:
    system = System(simpy.Environment(), scenario(*sets), [workload])
    fault(system, system.machines[0])
    system.env.run()
    found = find_deadlock(system)
    assert found is not None
    return found


@broken(
    "tile1 -> dispatcher -> tile0 -> dma -> memory",
    "tile1 waits for broadcast (dispatcher)",
    "dispatcher waits for tiles (tile0)",
    "tile0 waits for weights (dma)",
    "dma is busy and waits for an answer (memory)",
    "memory is idle",
)
def the_memory_never_answers_one_request(system: System, _machine: Machine) -> None:
    seen = []

    def lose(hop: Hop) -> None:
        serve = hop.b_transport

        def b_transport(payload: Payload, delay: int) -> Generator[simpy.Event, Any, int]:
            seen.append(payload)
            if len(seen) == 5:
                yield system.env.event()
            return (yield from serve(payload, delay))

        hop.b_transport = b_transport

    system.memory.port.monitors.append(lose)


@broken(
    "tile7 -> dma -> tile7",
    "tile7 waits for weights (dma)",
    "dma waits for room for 48 values (wm_capacity) (tile7, tile3, tile4 and 10 more)",
    "dispatcher waits for tiles (tile7)",
    "tile2 waits for broadcast (dispatcher)",
    "and 14 more alike, tile0 to tile15",
    sets=FEW_WEIGHTS,
)
def a_tile_never_frees_its_weights(_system: System, machine: Machine) -> None:
    machine.tiles[7].wm.stream.free_to = lambda _count: None  # type: ignore[method-assign]


@broken(
    "dispatcher -> dma -> dispatcher",
    "dispatcher waits for inputs (dma)",
    "dma waits for room for 64 values (am_capacity) (dispatcher)",
    "tile0 waits for broadcast (dispatcher)",
    "tile1 waits for broadcast (dispatcher)",
)
def the_inputs_are_never_freed(_system: System, machine: Machine) -> None:
    machine.am.stream.free_to = lambda _count: None  # type: ignore[method-assign]


@broken(
    "tile1 -> dispatcher -> tile1",
    "tile1 waits for a pass (dispatcher)",
    "dispatcher waits for tiles (tile1)",
    "tile0 waits for broadcast (dispatcher)",
    "dma waits for room for 64 values (am_capacity) (dispatcher)",
)
def a_tile_does_not_hear_the_broadcast(_system: System, machine: Machine) -> None:
    machine.tiles[1].take = lambda _job: None  # type: ignore[method-assign]


@broken(
    "dispatcher -> tile0 -> dispatcher",
    "dispatcher waits for tiles (tile0, tile1)",
    "tile0 waits for broadcast (dispatcher)",
    "tile1 waits for broadcast (dispatcher)",
    "dma waits for room for 64 values (am_capacity) (dispatcher)",
)
def a_tile_s_readiness_is_lost(_system: System, machine: Machine) -> None:
    ready, heard = machine.link.ready, []

    def once(cause: Any = None) -> None:
        heard.append(cause)
        if len(heard) != 2:
            ready(cause)

    machine.link.ready = once  # type: ignore[method-assign]


@broken(
    "compressor -> dispatcher -> compressor",
    "compressor waits for outputs of layer 3 to be final (dispatcher)",
    "dispatcher waits for am_capacity (compressor)",
    "tile0 waits for broadcast (dispatcher)",
    "tile1 waits for broadcast (dispatcher)",
    "dma waits for room for 64 values (am_capacity) (dispatcher)",
)
def outputs_are_never_final(system: System, machine: Machine) -> None:
    for output in machine.outputs.values():
        output.final = Stuck(system.env)


@broken(
    "compressor -> dispatcher -> compressor",
    "compressor waits for outputs of layer 3 to be final (dispatcher)",
    "dispatcher waits for am_capacity (compressor)",
    "tile0 waits for broadcast (dispatcher)",
    "tile1 waits for broadcast (dispatcher)",
    "dma waits for room for 64 values (am_capacity) (dispatcher)",
)
def outputs_are_never_drained(system: System, machine: Machine) -> None:
    for output in machine.outputs.values():
        output.drained = Stuck(system.env)


@broken(
    "dma -> dispatcher -> compressor",
    "dma waits for room for 64 values (am_capacity) (dispatcher)",
    "dispatcher waits for am_capacity (compressor)",
    "compressor is idle",
    "tile0 waits for broadcast (dispatcher)",
    "tile1 waits for broadcast (dispatcher)",
)
def the_compressor_never_ends_with_a_run(system: System, machine: Machine) -> None:
    machine.compressor.compress = lambda _values: system.env.event()  # type: ignore[method-assign]


@broken(
    "compressor -> dma -> dispatcher -> compressor",
    "compressor waits for the last bytes sent to be accepted (dma)",
    "dma waits for room for 64 values (am_capacity) (dispatcher)",
    "dispatcher waits for am_capacity (compressor)",
    "tile0 waits for broadcast (dispatcher)",
    "tile1 waits for broadcast (dispatcher)",
)
def the_dma_never_accepts_a_write(_system: System, machine: Machine) -> None:
    machine.dma.send = lambda _write: None  # type: ignore[method-assign]


@broken(
    "dispatcher -> dma -> compressor -> dispatcher",
    "dispatcher waits for offchip_write (dma)",
    "dma waits for 64 bytes of the output it reads (compressor)",
    "compressor waits for outputs of layer 6 to be final (dispatcher)",
)
def writes_are_never_counted(system: System, machine: Machine) -> None:
    for output in machine.outputs.values():
        output.written = Stuck(system.env)


@broken(
    "tile0 -> dispatcher -> dma -> nobody",
    "tile0 waits for broadcast (dispatcher)",
    "dispatcher waits for inputs (dma)",
    "dma is busy and waits for 64,512 B in flight to leave it (nobody)",
    "tile1 waits for broadcast (dispatcher)",
)
def the_dma_is_refused_its_credit_back(_system: System, machine: Machine) -> None:
    machine.dma.release = lambda _moved: None  # type: ignore[method-assign]


@broken(
    "dma -> tile0 -> dispatcher -> tile3 -> decompressors",
    "dma is busy and waits for room for 48 values (wm_capacity) (tile0, tile1, tile2 and 8 more)",
    "tile0 waits for broadcast (dispatcher)",
    "dispatcher waits for tiles (tile3)",
    "tile3 waits for weights (decompressors)",
    "decompressors is idle",
    "tile1 waits for broadcast (dispatcher)",
    "and 13 more alike, tile2 to tile15",
    sets=FEW_WEIGHTS,
)
def the_decompressors_lose_a_request(_system: System, machine: Machine) -> None:
    machine.tiles[3].wm.stream.deliver = lambda _request: None


@pytest.mark.parametrize(("fault", "sets", "names", "lines"), BROKEN, ids=[fault.__name__ for fault, *_ in BROKEN])
def test_a_broken_machine_names_who_is_at_fault(
    fault: Break, sets: tuple[str, ...], names: str, lines: list[str], small_network: Workload
) -> None:
    found = stopped(small_network, fault, *sets)
    text = str(found).replace("soc.accelerator.", "").replace("soc.", "")
    first, *rest = text.splitlines()
    assert first == f"deadlock at {found.time_fs:,} fs: {names}"
    for wait in (*found.path, *found.hanging):
        assert wait.since_fs is not None
        assert 0 <= wait.since_fs <= found.time_fs
    assert [untimed(line) for line in rest] == lines


def test_a_sound_machine_does_not_stop_with_work_left(small_network: Workload) -> None:
    for sets in ((), SMALL, FEW_WEIGHTS):
        system = System(simpy.Environment(), scenario(*sets), [small_network])
        simulate(system)
        assert system.finished


def test_since_when_is_when_the_wait_began(small_network: Workload) -> None:
    """The tile that was not told is idle from the start; the dispatcher waits from the end of its own work on."""
    found = stopped(small_network, a_tile_does_not_hear_the_broadcast, *SMALL)
    since = {wait.name.split(".")[-1]: wait.since_fs for wait in (*found.path, *found.hanging)}
    assert since["tile1"] == 0
    assert 0 < since["dispatcher"] < since["tile0"] < since["dma"] == found.time_fs  # type: ignore[operator]
