"""Making the plan of a run: encode the operands, place them, share out the buffers, cut the layers into passes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import attrs
import numpy as np

from ..accelerators.order import Order
from ..accelerators.plan import AmPlan, Plan
from ..accelerators.program import Program
from ..accelerators.spec import AcceleratorSpec
from ..codecs import GROUP, codec
from ..core import BadInput
from ..engines import CompressionSpec, Cut, Region
from ..workload.layer import Ints, Layer, Workload
from .capacity import as_values, weights_fit
from .encoding import Encoding, Operand
from .orders import Orders
from .passes import WHOLE, Shape, sliced, structure, uncut, with_cycles
from .slices import weight_stream
from .tensors import Tensors
from .weights import Weights

MOST_LISTED = 12  # layers in a message
REQUEST_VALUES = 2048  # decoded values of a coarse request, at most


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
    layers, bits = workload.layers, workload.layers[0].bits
    am, wm = as_values(spec.am, spec.activation_bits(bits)), as_values(spec.wm, spec.weight_bits(bits))
    plain = [structure(layer, spec, Shape(Order(), WHOLE, exact=False)) for layer in layers]
    weight_cut = attrs.evolve(cut, values=_request_values(wm, wm - max(one.geometry.step_weights for one in plain)))
    allocator = _Allocator(cut.burst, address)
    activations = Encoding(codec(compression.codec), "compression.codec", compression.align_bits, check, allocator)
    weights = activations
    if compression.weights:
        key = "compression.weights"
        weights = attrs.evolve(activations, codec=codec(compression.weights, key), key=key)
    tensors = Tensors(workload, activations.region, attrs.evolve(cut, values=_request_values(am, am)), spec.layout)
    codings = [_weights_encoding(layer, weights, activations) for layer in layers]
    regions = [_weights(program, one, weight_cut) for program, one in zip(plain, codings, strict=True)]
    bursts = (one.most_in_burst(layer, cut.burst) for layer, one in zip(layers, codings, strict=True))
    request = max(weight_cut.values, *bursts)
    held = [Weights(program, wm, request, stored) for program, stored in zip(plain, regions, strict=True)]
    am_plan, orders, tensors = _in_requests(tensors, lambda these: Orders(spec, these, held, am), am)
    programs = []
    for number, (layer, order) in enumerate(zip(layers, orders, strict=True)):
        shape = sliced(uncut(plain[number], order, tensors.own(number), am), plain[number], wm - request)
        leaves = tensors.leaves(workload.output(number), am_plan.resident)
        program = structure(layer, spec, attrs.evolve(shape, exact=exact, last_apart=leaves))
        if program.weight_loads > 1 and program.geometry.groups > 1 and not order.groups_inside:
            regions[number] = _weights(program, codings[number], weight_cut, by_group=True)
        for region in regions[number][0]:
            weights_fit(program, region, weight_cut, wm)
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


def _in_requests(
    tensors: Tensors, orders: Callable[[Tensors], Orders], capacity: int
) -> tuple[AmPlan, list[Order], Tensors]:
    """The use of AM, the orders, and the tensors in the requests they are for: short where long ones have no room."""
    try:
        return (*orders(tensors).choose(), tensors)
    except BadInput:
        tensors = tensors.cut_into(attrs.evolve(tensors.cut, values=_request_values(capacity, 0)))
        return (*orders(tensors).choose(), tensors)


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


def _weights(
    program: Program, encoding: Encoding, cut: Cut, *, by_group: bool = False
) -> tuple[tuple[Region, ...], ...]:
    """The layer's weights, [tiles][in order of loading]: one region a tile or, `by_group`, one for each group.

    All tiles' lie interleaved, in the order in which they are read: together one linear stream (DPRed, section 4).
    """
    operand, groups = Operand.weights(program.layer), range(program.geometry.groups)
    tiles = [tile for tile, part in enumerate(program.tiles) if part.group_values]
    regions: list[tuple[Region, ...]] = [()] * len(program.tiles)
    for turn in [[group] for group in groups] if by_group else [groups]:
        streams = ((f"tile {tile}", _stream(program, tile, turn)) for tile in tiles)
        for tile, region in zip(tiles, encoding.side_by_side(operand, streams, cut), strict=True):
            regions[tile] += (region,)
    return tuple(regions)


def _stream(program: Program, tile: int, groups: Sequence[int]) -> Ints:
    """A tile's weights of these groups; not copied where it is one."""
    parts = [weight_stream(program, tile, group) for group in groups]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)
