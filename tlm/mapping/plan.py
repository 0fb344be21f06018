"""Making the plan of a run: encode the operands, place them, share out the buffers, cut the layers into passes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import attrs
import numpy as np

from ..accelerators.plan import AmPlan, Plan
from ..accelerators.program import Program
from ..accelerators.spec import AcceleratorSpec
from ..codecs import GROUP, Codec, Format, codec
from ..core import BadInput
from ..engines import CompressionSpec, Cut, Region
from ..workload.layer import Ints, Layer, Workload
from .capacity import as_values, plan_am, weights_fit
from .passes import SLICE_VALUES, SLICES, Shape, layer_grid, structure, with_cycles
from .slices import weight_stream
from .tensors import Tensors

MOST_LISTED = 12  # layers in a message
REQUEST_VALUES = 2048  # decoded values of a coarse request, at most
WHOLE = 2**30  # steps: more than any layer has


def make_plan(
    workload: Workload,
    spec: AcceleratorSpec,
    compression: CompressionSpec,
    cut: Cut,
    *,
    address: int = 0,
    exact: bool,
    check: bool,
    unmodelled: str = "refuse",
    planned: Callable[[int], None] = lambda _layers: None,
) -> Plan:
    """Plan a run; `cut` bounds its requests in bytes, and each buffer's size in values; operands lie from `address` on.

    Raises BadInput, naming the layer, where a pass does not fit, and where the machine has no rule for a layer unless
    `unmodelled` is "pass". `planned` is called after each layer with the number done.
    """
    if unmodelled == "refuse":
        refuse_unmodelled(workload, spec)
    bits = workload.layers[0].bits
    am, wm = as_values(spec.am, bits), as_values(spec.wm, bits)
    step_values = max(_step_values(layer, spec) for layer in workload.layers)
    weight_cut = attrs.evolve(cut, values=_request_values(wm, wm - step_values))
    allocator = _Allocator(cut.burst, address)
    activations = Encoding(codec(compression.codec), compression.align_bits, check, allocator)
    weights = attrs.evolve(
        activations,
        codec=codec(compression.weights, "compression.weights") if compression.weights else activations.codec,
    )
    (am_plan, input_loads), tensors = _plan_am_in_requests(workload, activations, cut, spec, am, exact)
    request = max(weight_cut.values, weights.most_in_burst(bits, cut.burst))
    programs, regions = [], []
    for number, (layer, loads) in enumerate(zip(workload.layers, input_loads, strict=True)):
        leaves = tensors.leaves(workload.output(number), am_plan.resident)
        shape = Shape(1, loads, WHOLE, exact, last_apart=leaves)
        program = structure(layer, spec, _shape(structure(layer, spec, shape), shape, request, wm))
        regions.append(_weights(program, weights, weight_cut, wm))
        programs.append(with_cycles(program, spec))
        planned(len(programs))
    return Plan(
        workload=workload,
        programs=tuple(programs),
        weights=tuple(regions),
        tensors=tensors.off_chip(am_plan.resident),
        arrivals=tuple(tensors.arrivals(number, one, am_plan.resident) for number, one in enumerate(programs)),
        am=am_plan,
        wm_values=wm,
        weight_cut=weight_cut,
        activation_cut=tensors.cut,
        encoded_tensors=tensors.regions,
        end_address=allocator.next,
    )


def refuse_unmodelled(workload: Workload, spec: AcceleratorSpec) -> None:
    """Refuse layers the machine has no rule for, by name, with their share of the multiply-accumulates."""
    total = max(1, sum(layer.macs for layer in workload.layers))
    missing = [layer for layer in workload.layers if layer.kind not in spec.rules]
    if not missing:
        return
    named = [f"{layer.name} ({_what(layer)}, {layer.macs / total:.1%} of the MACs)" for layer in missing]
    more = f" and {len(named) - MOST_LISTED} more" if len(named) > MOST_LISTED else ""
    said = f"{spec.preset} has no cycle rule for {', '.join(named[:MOST_LISTED])}{more}"
    passing = "--set unmodelled=pass runs them without array time"
    if all(layer.kind == "other" for layer in missing):
        raise BadInput(f"{said}: nobody models that; {passing}, as torch computes them", key="workload.network")
    raise BadInput(f"{said}; give it one under accelerator.rules, or {passing}", key="accelerator.rules")


def _what(layer: Layer) -> str:
    return f"{layer.kind}: {layer.operation}" if layer.operation else layer.kind


class _Allocator:
    """Places regions one after the other, each on a burst of its own."""

    def __init__(self, burst: int, address: int) -> None:
        self._burst = burst
        self.next = self._aligned(address)

    def __call__(self, size: int) -> int:
        address = self.next
        self.next = self._aligned(address + size)
        return address

    def _aligned(self, address: int) -> int:
        return -(-address // self._burst) * self._burst


def _request_values(capacity: int, room: int) -> int:
    """Decoded values of a request, at most, into a buffer of `capacity` of which a pass leaves `room`."""
    return max(GROUP, min(REQUEST_VALUES, capacity // 32, room))


def _step_values(layer: Layer, spec: AcceleratorSpec) -> int:
    """Weights that a tile takes in one step, at most: the least of a pass."""
    grid = layer_grid(layer, spec)
    return grid.rows * grid.lanes


@attrs.frozen(eq=False)
class Encoding:
    """How one operand's streams become regions."""

    codec: Codec
    align_bits: int | None
    check: bool
    allocate: Callable[[int], int]

    def region(
        self, layer: Layer, operand: str, part: str, values: Ints, signed: bool, tensor: int | None = None
    ) -> Region:
        """A region for `values`, flat: sizes only or, in a checked run, bytes."""
        fmt = Format(layer.bits, signed, self.align_bits)
        if self.check:
            encoded = self.codec.encode(values, fmt)
            offsets, data = encoded.offsets, encoded.data
        else:
            sizes = self.codec.sizes_bits(values, fmt)
            offsets, data = np.concatenate([[0], np.cumsum(sizes)]), None
        address = self.allocate(-(-int(offsets[-1]) // 8))
        kept = values if self.check else None
        return Region(layer.name, operand, part, address, len(values), offsets, self.codec, fmt, kept, data, tensor)

    def most_in_burst(self, bits: int, burst: int) -> int:
        """Values that a burst can complete: of zeros, whose containers are the smallest, and cut ones at both ends."""
        zeros = self.codec.sizes_bits(np.zeros(GROUP, np.int64), Format(bits, False, self.align_bits))
        return GROUP * (2 + 8 * burst // max(1, int(zeros[0])))


def _plan_am_in_requests(
    workload: Workload, activations: Encoding, cut: Cut, spec: AcceleratorSpec, capacity: int, exact: bool
) -> tuple[tuple[AmPlan, list[int]], Tensors]:
    """The use of AM, and the tensors in the requests it is for: the shortest where long ones have no room."""
    long, short = (attrs.evolve(cut, values=_request_values(capacity, room)) for room in (capacity, 0))
    tensors = Tensors(workload, activations.region, long)
    try:
        return _plan_am(tensors, spec, capacity, exact), tensors
    except BadInput:
        tensors = tensors.cut_into(short)
        return _plan_am(tensors, spec, capacity, exact), tensors


def _plan_am(tensors: Tensors, spec: AcceleratorSpec, capacity: int, exact: bool) -> tuple[AmPlan, list[int]]:
    """The use of AM, and how often each layer's inputs are loaded."""
    finest = 1 if exact else WHOLE  # slices come between a block's window sets, which then need their inputs together
    shape = Shape(1, 1, finest, exact, last_apart=True)
    layers = tensors.workload.layers
    once = [structure(layer, spec, shape) for layer in layers]
    again = [
        structure(program.layer, spec, attrs.evolve(shape, input_loads=units)) if units > 1 else program
        for program, units in zip(once, map(_input_units, once), strict=True)
    ]

    def least(layer: int, resident: Sequence[bool]) -> tuple[int, int]:
        inputs = min(tensors.input_span(layer, program[layer], resident) for program in (once, again))
        return inputs, tensors.output_span(layer, once[layer], resident)

    plan = plan_am(capacity, tensors.sizes, tensors.lives, least, [layer.name for layer in layers])
    loads = [
        1 if tensors.input_span(number, program, plan.resident) <= plan.inputs else _input_units(program)
        for number, program in enumerate(once)
    ]
    return plan, loads


def _input_units(program: Program) -> int:
    geometry = program.geometry
    return geometry.filter_sets if program.layer.kind == "fc" else geometry.groups


def _shape(whole: Program, shape: Shape, request: int, capacity: int) -> Shape:
    """How often a layer's weights are loaded into a tile's memory of `capacity` values, and in what slices.

    `whole` is the layer as if they stayed, its passes of all steps; `request` is what one brings, at most.
    """
    group, groups = whole.tiles[0].group_values, whole.geometry.groups
    stays = groups * group <= capacity or group + request <= capacity
    step_values = max(1, whole.tiles[0].filters[0] * whole.geometry.grid.lanes)
    room = max(0, capacity - request) // 8
    all_steps = whole.geometry.steps * whole.geometry.filter_sets
    wanted = min(room, max(SLICE_VALUES, step_values * all_steps // SLICES))
    loads = 1 if stays else int(whole.block.max()) + 1
    return attrs.evolve(shape, weight_loads=loads, slice_steps=max(1, wanted // step_values))


def _weights(program: Program, encoding: Encoding, cut: Cut, capacity: int) -> tuple[tuple[Region, ...], ...]:
    """The layer's weights, [tiles][in order of loading]; every pass is proved to fit."""
    signed = bool((program.layer.weights < 0).any())
    regions = tuple(_tile_regions(program, encoding, tile, signed) for tile in range(len(program.tiles)))
    for region in regions[0]:
        weights_fit(program, region, cut, capacity)
    return regions


def _tile_regions(program: Program, encoding: Encoding, tile: int, signed: bool) -> tuple[Region, ...]:
    """A tile's weights: one region, or one for each group where groups are loaded again and again."""
    layer = program.layer
    if not program.tiles[tile].group_values:
        return ()
    runs = [weight_stream(program, tile, group) for group in range(program.geometry.groups)]
    parts = runs if program.weight_loads > 1 else [np.concatenate(runs)]
    return tuple(encoding.region(layer, "weights", f"tile {tile}", values, signed) for values in parts)
