"""What fits where: which tensors stay in AM, the quotas of the streams, and the proof that every pass fits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from ..accelerators.plan import AmPlan, Arrivals
from ..accelerators.program import Program
from ..core import BadInput
from ..engines import Cut, Region, cut_writes, run_ends

INPUTS_QUARTERS = (3, 2, 1)  # of the room that is left, for streamed inputs: the ways that are tried

#: The layers between which a tensor lies in AM: the one that puts it out, and the last that reads it.
Life = tuple[int, int]
#: Values of AM that a layer needs to stream its inputs, and its output.
Span = tuple[int, int]


def input_span(program: Program, arrivals: Arrivals, cut: Cut) -> int:
    """Values of AM the layer needs to stream its inputs: the widest pass and one run of requests more."""
    before = np.append(0, arrivals.free[:-1])
    span = int((arrivals.need - before).max()) + max(largest_request(region, cut) for region in arrivals.regions)
    return min(span, arrivals.count) if program.input_loads == 1 else span


def weight_span(program: Program, region: Region, cut: Cut) -> int:
    """Values of weight memory the busiest tile needs: the widest pass and one request more."""
    need = program.weight_needs(0)
    freed = np.where(program.frees_weights, need, 0)
    before = np.append(0, np.maximum.accumulate(freed)[:-1])
    span = int((need - before).max()) + largest_request(region, cut)
    return min(span, region.count) if program.weight_loads == 1 else span


def output_span(program: Program, region: Region, cut: Cut) -> int:
    """Values of AM the layer needs to stream its output: what is open, and what waits to fill a request."""
    sent = np.array([0] + [piece.values for piece in cut_writes(region, cut) if piece.end == piece.run_end])
    final_before = np.append(0, program.out_final[:-1])
    drained = sent[np.searchsorted(sent, final_before, side="right") - 1]
    return int((program.out_started - drained).max())


def largest_request(region: Region, cut: Cut) -> int:
    """Values of the region's largest run, which is reserved at once."""
    return int(np.diff(run_ends(region, cut), prepend=0).max())


def plans_of_am(
    capacity: int,
    sizes: Sequence[int],
    lives: Sequence[Life | None],
    least: Callable[[int, Sequence[bool]], Span],
    names: Sequence[str],
) -> Iterator[AmPlan]:
    """Uses of AM that fit: with as many tensors in it as may be, each for its life, then with one fewer, and so on.

    `sizes[t]` is tensor t's, `lives[t]` None where it cannot stay; `least(l, resident)` what layer l needs at least
    where `resident` stay. The largest tensor where AM is fullest is given up next; what is left is for what is
    streamed, shared out in several ways. Raises BadInput naming the layer that cannot be streamed where nothing fits.
    """
    layers = range(len(names))
    alive = [[t for t, life in enumerate(lives) if life and life[0] <= layer <= life[1]] for layer in layers]
    resident = [life is not None for life in lives]
    some = False
    while True:
        held = [kept * size for kept, size in zip(resident, sizes, strict=True)]
        need = [least(layer, resident) for layer in layers]
        inputs, outputs = (max(span[way] for span in need) for way in (0, 1))
        occupied = [sum(held[tensor] for tensor in alive[layer]) for layer in layers]
        fullest = max(layers, key=lambda layer: occupied[layer])
        tensors = occupied[fullest]
        spare = capacity - tensors - inputs - outputs
        if spare >= 0:
            some = True
            for quarters in INPUTS_QUARTERS:
                more = spare * quarters // 4
                yield AmPlan(tuple(resident), tensors, inputs + more, outputs + spare - more)
        if not tensors:
            break
        resident[max(alive[fullest], key=lambda tensor: held[tensor])] = False
    if not some:
        raise BadInput(_no_room(capacity, need, names), key="accelerator.am")


def _no_room(capacity: int, need: Sequence[tuple[int, int]], names: Sequence[str]) -> str:
    """Which layers need how much: inputs and outputs have shares of their own, each as large as its widest layer's."""
    reader, writer = (max(range(len(need)), key=lambda layer: need[layer][way]) for way in (0, 1))
    inputs, outputs = need[reader][0], need[writer][1]
    return (
        f"layer {names[reader]} does not fit: to stream its input it needs {inputs} values of the activation memory, "
        f"beside {outputs} for the output of layer {names[writer]}: {inputs + outputs} together, where am holds "
        f"{capacity}; enlarge am or make memory.request smaller"
    )


def weights_fit(program: Program, region: Region, cut: Cut, capacity: int) -> None:
    """Refuse, naming the layer, a weight memory in which a pass and one request do not fit."""
    needed = weight_span(program, region, cut)
    if needed > capacity:
        raise BadInput(
            f"layer {program.layer.name} does not fit: a pass and one request need {needed} values of a tile's weight "
            f"memory, which holds {capacity}; enlarge wm or make memory.request smaller",
            key="accelerator.wm",
        )


def as_values(capacity_bytes: int, bits: int) -> int:
    """Values of `bits` bits that a capacity holds."""
    return capacity_bytes * 8 // bits
