"""In which order each layer runs: of those that fit on the chip, the one that moves the fewest bytes."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import lru_cache

import attrs

from ..accelerators.order import Order
from ..accelerators.plan import AmPlan
from ..accelerators.program import Program
from ..accelerators.spec import AcceleratorSpec
from .capacity import Span, plans_of_am
from .passes import structure, uncut
from .tensors import Tensors
from .weights import Weights


class Orders:
    """The orders of all layers of a workload on a machine: what each needs of AM, and what it moves.

    `weights` [layers] say what WM holds; AM holds `capacity` values.
    """

    def __init__(self, spec: AcceleratorSpec, tensors: Tensors, weights: Sequence[Weights], capacity: int) -> None:
        self._spec = spec
        self._tensors = tensors
        self._weights = weights
        self._capacity = capacity
        self._spans: dict[tuple[int, Order, tuple[int, ...]], int] = {}
        self._program = lru_cache(maxsize=4)(self._structure)

    def choose(self) -> tuple[AmPlan, list[Order]]:
        """The use of AM and the order of each layer that together move least; BadInput where a layer does not fit."""
        names = [one.program.layer.name for one in self._weights]
        tensors = self._tensors
        best: tuple[int, AmPlan, list[Order]] | None = None
        for plan in plans_of_am(self._capacity, tensors.sizes, tensors.lives, self._least, names):
            orders = [self._best(layer, plan) for layer in range(len(names))]
            moved = sum(self._moved(layer, order, plan.resident) for layer, order in enumerate(orders))
            if best is None or moved < best[0]:
                best = moved, plan, orders
            if all(order.name(one.program.blocks) == "once" for one, order in zip(self._weights, orders, strict=True)):
                break  # what is given up further is moved in addition
        assert best is not None
        return best[1], best[2]

    def _structure(self, layer: int, order: Order) -> Program:
        program, own = self._weights[layer].program, self._tensors.own(layer)
        return structure(program.layer, self._spec, uncut(program, order, own, self._capacity))

    def _least(self, layer: int, resident: Sequence[bool]) -> Span:
        return min((self._span(layer, order, resident) for order in self._weights[layer].block_by_block), key=sum)

    def _best(self, layer: int, plan: AmPlan) -> Order:
        """The order that fits and moves least; of several, the one that is done soonest with what it moves most of.

        In few bands filter sets are done with one by one, and room is made for weights to come; in many, windows are.
        """
        moved = {order: self._moved(layer, order, plan.resident) for order in self._fitting(layer, plan)}
        weights = self._weights[layer].moved_bytes * self._weights[layer].program.layer.images
        few = 2 * weights > min(moved.values())
        return min(moved, key=lambda order: (moved[order], order.bands if few else -order.bands))

    def _fitting(self, layer: int, plan: AmPlan) -> Iterator[Order]:
        def fits(order: Order) -> bool:
            inputs, outputs = self._span(layer, order, plan.resident)
            return inputs <= plan.inputs and outputs <= plan.outputs

        one = self._weights[layer]
        yield from filter(fits, (*one.block_by_block, *one.whole))
        for order in one.in_bands:
            fewer = [attrs.evolve(order, bands=count) for count in range(1, one.program.blocks)]
            yield from fewer[bisect_left(fewer, True, key=fits) :][:1]

    def _span(self, layer: int, order: Order, resident: Sequence[bool]) -> Span:
        """Values of AM that a layer needs to stream its inputs, and its output."""
        tensors = self._tensors
        streamed = tensors.streamed(layer, resident)
        inputs = outputs = 0
        if streamed:
            key = (layer, order, streamed)
            if key not in self._spans:
                self._spans[key] = tensors.input_span(layer, self._program(layer, order), resident)
            inputs = self._spans[key]
        if tensors.leaves(tensors.workload.output(layer), resident):
            key = (layer, order, ())
            if key not in self._spans:
                self._spans[key] = tensors.output_span(layer, self._program(layer, order))
            outputs = self._spans[key]
        return inputs, outputs

    def _moved(self, layer: int, order: Order, resident: Sequence[bool]) -> int:
        """Bytes between chip and memory, encoded, for all images."""
        one, tensors = self._weights[layer], self._tensors
        output = tensors.workload.output(layer)
        weights = one.moved_bytes * order.weight_loads(one.program.blocks) * one.program.layer.images
        inputs = sum(tensors.encoded_bytes(tensor) for tensor in tensors.streamed(layer, resident))
        outputs = tensors.encoded_bytes(output) if tensors.leaves(output, resident) else 0
        return weights + inputs * order.input_loads + outputs
