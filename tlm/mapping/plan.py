"""Making the plan of a run: encode the operands, place them, share out the buffers, cut the layers into passes."""

from __future__ import annotations

from collections.abc import Callable

import attrs
import numpy as np

from ..accelerators.plan import AmPlan, Plan
from ..accelerators.program import Program
from ..accelerators.spec import AcceleratorSpec
from ..codecs import GROUP, Codec, Format, codec
from ..core import BadInput
from ..engines import CompressionSpec, Cut, Region
from ..workload.layer import Ints, Layer, Workload, stream
from .capacity import as_values, input_span, output_span, plan_am, weights_fit
from .passes import SLICE_VALUES, SLICES, Shape, layer_grid, structure, with_cycles
from .slices import weight_stream

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
    tensors = [_tensor(activations, workload, index) for index in range(len(workload.layers) + 1)]
    (am_plan, input_loads), activation_cut = _plan_am_in_requests(workload, spec, tensors, cut, am, exact)
    request = max(weight_cut.values, weights.most_in_burst(bits, cut.burst))
    programs, regions = [], []
    for layer, loads, out_stays in zip(workload.layers, input_loads, am_plan.resident[1:], strict=True):
        shape = Shape(1, loads, WHOLE, exact, last_apart=not out_stays)
        program = structure(layer, spec, _shape(structure(layer, spec, shape), shape, request, wm))
        regions.append(_weights(program, weights, weight_cut, wm))
        programs.append(with_cycles(program, spec))
        planned(len(programs))
    return Plan(
        workload=workload,
        programs=tuple(programs),
        weights=tuple(regions),
        tensors=tuple(map(tuple, _off_chip(tensors, am_plan))),
        am=am_plan,
        wm_values=wm,
        weight_cut=weight_cut,
        activation_cut=activation_cut,
        encoded_tensors=tuple(region for tensor in tensors for region in tensor),
        end_address=allocator.next,
    )


def refuse_unmodelled(workload: Workload, spec: AcceleratorSpec) -> None:
    """Refuse layers the machine has no rule for, by name, with their share of the multiply-accumulates."""
    total = sum(layer.macs for layer in workload.layers)
    missing = [layer for layer in workload.layers if layer.kind not in spec.rules]
    if missing:
        names = ", ".join(f"{layer.name} ({layer.kind}, {layer.macs / total:.1%} of the MACs)" for layer in missing)
        raise BadInput(
            f"{spec.preset} has no cycle rule for {names}; give it one under accelerator.rules, or set "
            "unmodelled: pass to run them without array time",
            key="accelerator.rules",
        )


def _off_chip(tensors: list[list[Region]], plan: AmPlan) -> list[list[Region | None]]:
    """The tensors that are in memory: those that do not stay in AM."""
    return [
        [None if stays else region for region in tensor] for tensor, stays in zip(tensors, plan.resident, strict=True)
    ]


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

    def region(self, layer: Layer, operand: str, part: str, values: Ints, signed: bool) -> Region:
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
        return Region(layer.name, operand, part, address, len(values), offsets, self.codec, fmt, kept, data)

    def most_in_burst(self, bits: int, burst: int) -> int:
        """Values that a burst can complete: of zeros, whose containers are the smallest, and cut ones at both ends."""
        zeros = self.codec.sizes_bits(np.zeros(GROUP, np.int64), Format(bits, False, self.align_bits))
        return GROUP * (2 + 8 * burst // max(1, int(zeros[0])))


def _tensor(encoding: Encoding, workload: Workload, index: int) -> list[Region]:
    """The tensor between layers index - 1 and index, for every image; it belongs to the layer that reads it."""
    layers = workload.layers
    last = index == len(layers)
    layer = layers[-1] if last else layers[index]
    tensor = layer.outputs if last else layer.inputs
    signed = bool((tensor < 0).any())
    operand = "outputs" if last else "inputs"
    return [
        encoding.region(layer, operand, f"image {image}", stream(tensor[image]), signed)
        for image in range(layer.images)
    ]


def _plan_am_in_requests(
    workload: Workload, spec: AcceleratorSpec, tensors: list[list[Region]], cut: Cut, capacity: int, exact: bool
) -> tuple[tuple[AmPlan, list[int]], Cut]:
    """The use of AM, and the requests that it is for: the shortest where there is no room for those it is large for."""
    long, short = (attrs.evolve(cut, values=_request_values(capacity, room)) for room in (capacity, 0))
    try:
        return _plan_am(workload, spec, tensors, long, capacity, exact), long
    except BadInput:
        return _plan_am(workload, spec, tensors, short, capacity, exact), short


def _plan_am(
    workload: Workload,
    spec: AcceleratorSpec,
    tensors: list[list[Region]],
    cut: Cut,
    capacity: int,
    exact: bool,
) -> tuple[AmPlan, list[int]]:
    """The use of AM, and how often each layer's input is loaded."""
    finest = 1 if exact else WHOLE  # slices come between a block's window sets, which then need their inputs together
    shape = Shape(1, 1, finest, exact, last_apart=True)
    once = [structure(layer, spec, shape) for layer in workload.layers]

    def spans(layer: int, program: Program) -> int:
        return max(input_span(program, region, cut) for region in tensors[layer])

    in_one = [spans(layer, program) for layer, program in enumerate(once)]

    def least(layer: int) -> tuple[int, int]:
        out = max(output_span(once[layer], region, cut) for region in tensors[layer + 1])
        units = _input_units(once[layer])
        if units == 1:
            return in_one[layer], out
        again = structure(once[layer].layer, spec, attrs.evolve(shape, input_loads=units))
        return min(in_one[layer], spans(layer, again)), out

    sizes = [regions[0].count for regions in tensors]
    plan = plan_am(capacity, sizes, least, [layer.name for layer in workload.layers])
    loads = [1 if span <= plan.inputs else _input_units(program) for span, program in zip(in_one, once, strict=True)]
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
