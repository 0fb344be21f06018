"""Making the plan of a run: encode the operands, place them, share out the buffers, cut the layers into passes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import attrs
import numpy as np

from ..accelerators.layout import Extent
from ..accelerators.plan import AmPlan, Plan
from ..accelerators.program import Program
from ..accelerators.rules import Geometry
from ..accelerators.spec import AcceleratorSpec
from ..codecs import GROUP, codec
from ..core import BadInput
from ..engines import CompressionSpec, Cut, Region
from ..workload.layer import Layer, Workload
from .capacity import as_values, plan_am, weights_fit
from .encoding import Encoding, Operand
from .passes import SLICE_VALUES, SLICES, Shape, layer_grid, structure, with_cycles
from .planes import steps_of_room, units_in_planes
from .slices import weight_stream
from .tensors import Tensors

MOST_LISTED = 12  # layers in a message
REQUEST_VALUES = 2048  # decoded values of a coarse request, at most
WHOLE = 2**30  # steps: more than any layer has
PLANES_SHARE = 8  # of AM, what the maps of a pass that waits for them fill at most, where maps lie in planes


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
    am, wm = as_values(spec.am, spec.activation_bits(bits)), as_values(spec.wm, spec.weight_bits(bits))
    step_values = max(_step_values(layer, spec) for layer in workload.layers)
    weight_cut = attrs.evolve(cut, values=_request_values(wm, wm - step_values))
    allocator = _Allocator(cut.burst, address)
    activations = Encoding(codec(compression.codec), "compression.codec", compression.align_bits, check, allocator)
    weights = activations
    if compression.weights:
        key = "compression.weights"
        weights = attrs.evolve(activations, codec=codec(compression.weights, key), key=key)
    (am_plan, input_loads), tensors = _plan_am_in_requests(workload, activations, cut, spec, am, exact)
    codings = [_weights_encoding(layer, weights, activations) for layer in workload.layers]
    bursts = (one.most_in_burst(layer, cut.burst) for layer, one in zip(workload.layers, codings, strict=True))
    request = max(weight_cut.values, *bursts)
    programs, regions = [], []
    for number, (layer, loads) in enumerate(zip(workload.layers, input_loads, strict=True)):
        leaves = tensors.leaves(workload.output(number), am_plan.resident)
        uncut = _uncut(layer, spec, tensors.own(number), am, exact=False)
        shape = attrs.evolve(uncut, input_loads=loads, exact=exact, last_apart=leaves)
        program = structure(layer, spec, _shape(structure(layer, spec, shape), shape, request, wm))
        regions.append(_weights(program, codings[number], weight_cut, wm))
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
        notes=(
            *(
                _told(layer, one, weights)
                for layer, one in zip(workload.layers, codings, strict=True)
                if one is not weights
            ),
            *_other_formats(workload, spec),
        ),
    )


def refuse_unmodelled(workload: Workload, spec: AcceleratorSpec) -> None:
    """Refuse layers the machine has no rule for, by name, with their share of the multiply-accumulates."""
    total = max(1, sum(layer.macs for layer in workload.layers))
    missing = [layer for layer in workload.layers if layer.kind not in spec.rules]
    if not missing:
        return
    named = [f"{layer.name} ({_what(layer)}, {layer.macs / total:.1%} of the MACs)" for layer in missing]
    said = f"{spec.preset} has no cycle rule for {_listed(named)}"
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
    return Geometry.of(layer, layer_grid(layer, spec)).step_weights


def _plan_am_in_requests(
    workload: Workload, activations: Encoding, cut: Cut, spec: AcceleratorSpec, capacity: int, exact: bool
) -> tuple[tuple[AmPlan, list[int]], Tensors]:
    """The use of AM, and the tensors in the requests it is for: the shortest where long ones have no room."""
    long, short = (attrs.evolve(cut, values=_request_values(capacity, room)) for room in (capacity, 0))
    tensors = Tensors(workload, activations.region, long, spec.layout)
    try:
        return _plan_am(tensors, spec, capacity, exact), tensors
    except BadInput:
        tensors = tensors.cut_into(short)
        return _plan_am(tensors, spec, capacity, exact), tensors


def _plan_am(tensors: Tensors, spec: AcceleratorSpec, capacity: int, exact: bool) -> tuple[AmPlan, list[int]]:
    """The use of AM, and how often each layer's inputs are loaded."""
    layers = tensors.workload.layers
    cuts = [_uncut(layer, spec, tensors.own(number), capacity, exact) for number, layer in enumerate(layers)]
    once = [structure(layer, spec, cut) for layer, cut in zip(layers, cuts, strict=True)]
    again = [
        structure(program.layer, spec, attrs.evolve(cut, input_loads=units)) if units > 1 else program
        for program, cut, units in zip(once, cuts, map(_input_units, once), strict=True)
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


def _uncut(layer: Layer, spec: AcceleratorSpec, own: tuple[Extent, ...], capacity: int, exact: bool) -> Shape:
    """A layer whose operands are loaded once, in passes that take as much of them at once as they may.

    Exact ones come step by step: slices come between a block's window sets, which then need their inputs together.
    """
    most = steps_of_room(layer, Geometry.of(layer, layer_grid(layer, spec)), capacity // PLANES_SHARE)
    return Shape(1, 1, 1 if exact else most if spec.layout == "planes" else WHOLE, exact, last_apart=True, own=own)


def _input_units(program: Program) -> int:
    geometry = program.geometry
    if program.layout == "planes":
        return units_in_planes(geometry)
    return geometry.filter_sets if program.layer.kind == "fc" else geometry.groups


def _shape(whole: Program, shape: Shape, request: int, capacity: int) -> Shape:
    """How often a layer's weights are loaded into a tile's memory of `capacity` values, and in what slices.

    `whole` is the layer as if they stayed, its passes of all steps; `request` is what one brings, at most.
    """
    group, groups = whole.tiles[0].group_values, whole.geometry.groups
    stays = groups * group <= capacity or group + request <= capacity
    step_values = max(1, whole.tiles[0].filters[0] * whole.geometry.step_weights // whole.geometry.grid.rows)
    room = max(0, capacity - request) // 8
    all_steps = whole.geometry.steps * whole.geometry.filter_sets
    wanted = min(room, max(SLICE_VALUES, step_values * all_steps // SLICES))
    loads = 1 if stays else int(whole.block.max()) + 1
    return attrs.evolve(shape, weight_loads=loads, slice_steps=max(1, min(shape.slice_steps, wanted // step_values)))


def _weights_encoding(layer: Layer, weights: Encoding, otherwise: Encoding) -> Encoding:
    """`weights`; where these do not store what a layer's checkpoint has in full precision, `otherwise`."""
    return otherwise if layer.full_precision and not weights.stores(Operand.weights(layer)) else weights


def _told(layer: Layer, used: Encoding, weights: Encoding) -> str:
    full = f"{weights.codec.name} does not store them, and their checkpoint has them in full precision"
    return f"the weights of layer {layer.name} are in {used.codec.name}: {full}"


def _other_formats(workload: Workload, spec: AcceleratorSpec) -> Iterator[str]:
    """What is to be known of operands that are not of the machine's formats."""
    formats = spec.formats
    others = formats.others(workload.layers) if formats else {}
    if formats and others:
        named = " and ".join(f"the {operand} of {_listed(names)}" for operand, names in others.items())
        yield (
            f"{spec.preset} is made for {formats.weights} weights and {formats.activations} inputs, as {named} are "
            "not: its time, energy and room are as if they were"
        )


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_LISTED} more" if len(names) > MOST_LISTED else ""
    return ", ".join(names[:MOST_LISTED]) + more


def _weights(program: Program, encoding: Encoding, cut: Cut, capacity: int) -> tuple[tuple[Region, ...], ...]:
    """The layer's weights, [tiles][in order of loading]; every pass is proved to fit."""
    operand = Operand.weights(program.layer)
    regions = tuple(_tile_regions(program, encoding, operand, tile) for tile in range(len(program.tiles)))
    for region in regions[0]:
        weights_fit(program, region, cut, capacity)
    return regions


def _tile_regions(program: Program, encoding: Encoding, operand: Operand, tile: int) -> tuple[Region, ...]:
    """A tile's weights: one region, or one for each group where groups are loaded again and again."""
    if not program.tiles[tile].group_values:
        return ()
    runs = [weight_stream(program, tile, group) for group in range(program.geometry.groups)]
    parts = runs if program.weight_loads > 1 else [np.concatenate(runs)]
    return tuple(encoding.region(operand, f"tile {tile}", values) for values in parts)
