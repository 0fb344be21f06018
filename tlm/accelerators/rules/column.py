"""DStripes with one precision a column: columns run ahead of each other by R registers (DPRed, section 5.2).

A max-plus recurrence over all steps of a layer, solved for many stretches of steps at once: each starts from
a guess of how far its columns are apart, and is run again where the stretch before it ended otherwise.
Columns forget soon, so a few rounds do. The first stretch starts right: once nothing changes, all is exact.
"""

from __future__ import annotations

import math

import numpy as np

from tlm.workload.layer import Layer

from ..spec import AcceleratorSpec
from .dstripes import fully_connected
from .geometry import Geometry, Grid, Int64s
from .serial import serial_cycles
from .widths import Widths, column_widths


def completion(layer: Layer, image: int, spec: AcceleratorSpec) -> Int64s:
    """When all columns are done with every step: [groups, window sets, filter sets, steps] cycles."""
    if layer.kind == "fc":
        return fully_connected(layer, image, spec)
    geometry = Geometry.of(layer, Grid.of(spec))
    by_step = serial_cycles(column_widths(layer, image, geometry), spec).swapaxes(2, 3)[:, :, None]
    busy = np.broadcast_to(by_step, (*geometry.shape, spec.columns)).reshape(-1, spec.columns)
    return run_ahead(busy, spec.registers).reshape(geometry.shape)


def run_ahead(busy: Widths, registers: int) -> Int64s:
    """When all columns are done with every step: [steps] cycles, for `busy` [steps, columns] cycles.

    Step i of a column starts at the later of its own end of step i - 1 and the time all columns finished
    step i - registers - 1.
    """
    steps = len(busy)
    history = min(registers, steps) + 1
    stretches = _stretches(busy, max(math.isqrt(steps), history))
    length, columns, count = stretches.shape
    state = np.zeros((columns + history, count), dtype=np.int64)
    done = np.zeros((length, count), dtype=np.int64)
    todo = np.arange(count)
    while todo.size:
        done[:, todo], after = _run(stretches[:, :, todo], state[:, todo], columns)
        after, todo = after[:, todo + 1 < count], todo[todo + 1 < count] + 1
        changed = (state[:, todo] != after).any(axis=0)
        todo, after = todo[changed], after[:, changed]
        state[:, todo] = after
    starts = np.cumsum(done[-1]) - done[-1]
    finished: Int64s = (done + starts).T.reshape(-1)[:steps]
    return finished


def _stretches(busy: Widths, length: int) -> Widths:
    """[steps, columns] cut into [length, columns, stretches]; the last is filled up with steps of no time."""
    steps, columns = busy.shape
    count = -(-steps // length)
    filled = np.zeros((count * length, columns), dtype=busy.dtype)
    filled[:steps] = busy
    return np.ascontiguousarray(filled.reshape(count, length, columns).transpose(1, 2, 0))


def _run(busy: Widths, state: Int64s, columns: int) -> tuple[Int64s, Int64s]:
    """Run stretches `busy` [length, columns, stretches] from `state` [columns + history, stretches].

    A state is the columns' ends and, for the steps before, oldest first, when all columns had finished: all
    relative to the last of them. Returns the steps' finishing times [length, stretches] and the new states.
    """
    ends = state[:columns].copy()
    history = len(state) - columns
    finished = np.concatenate([state[columns:], np.empty((len(busy), busy.shape[2]), dtype=np.int64)])
    for step, cycles in enumerate(busy):
        np.maximum(ends, finished[step], out=ends)
        ends += cycles
        ends.max(axis=0, out=finished[step + history])
    # A wait that ends before any column is free holds nobody: levelled, so that equal states look equal.
    waits = np.maximum(finished[-history:], ends.min(axis=0))
    return finished[history:], np.concatenate([ends, waits]) - finished[-1]
