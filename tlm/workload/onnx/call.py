"""One node while it is converted: its attributes, and what handlers make of its operands."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs
import torch
from torch import Tensor, nn

from .curves import curves, recognised
from .graph import Node, Refused, decimal
from .names import Names
from .torchgraph import Operand, TorchGraph


@attrs.frozen(eq=False)
class Call:
    """A node of a model of `opset`, in `graph`; `uses` says how often each value of the file is read."""

    node: Node
    opset: int
    graph: TorchGraph
    names: Names
    uses: dict[str, int]

    def attribute(self, name: str, default: Any = None) -> Any:
        """An attribute, or what it is where the file leaves it out."""
        return self.node.attributes.get(name, default)

    def function(self, function: Callable[..., Any], *arguments: Any, **options: Any) -> Operand:
        """What a torch function gives."""
        made: Operand = self.graph.function(function, *arguments, **options)
        return made

    def pointwise(self, function: Callable[..., Any], *arguments: Any, **options: Any) -> Operand:
        """What a function of one value gives, or of several; constants of one value are numbers."""
        given = _with_numbers(arguments)
        made = self.function(function, *given, **options)
        if made.is_constant:
            return made
        found = curves(function, given, options)
        known = recognised(found)
        if known:
            return self.either(known[1].module, known[1].function, known[0], **known[1].options)
        return attrs.evolve(made, curves=found)

    def activated(
        self, module: Callable[..., nn.Module], function: Callable[..., Any], x: Operand, **options: Any
    ) -> Operand:
        """A function of one value, as `either`."""
        made = self.either(module, function, x, **options)
        return made if made.is_constant else attrs.evolve(made, curves=curves(function, (x,), options))

    def either(
        self, module: Callable[..., nn.Module], function: Callable[..., Any], x: Operand, **options: Any
    ) -> Operand:
        """A module of torch's own, if the network had one here, else the function that it is."""
        path = self.names.module(self.node)
        if not path or x.is_constant:
            return self.function(function, x, **options)
        made: Operand = self.graph.module(path, module(**options), x)
        return made

    def weighted(self, module: nn.Module, x: Operand, weights: Mapping[str, Operand | None]) -> Operand:
        """What a module with `weights`, by their names in it, gives; it lies where the network had it."""
        if x.is_constant:
            raise Refused("has weights, but nothing that is computed from the image")
        named = [one.source for one in weights.values() if one is not None]
        path = self.names.layer(self.node, [*self.node.inputs[1:], *named])
        for name, one in weights.items():
            _put(module, name, None if one is None else self.constant(one, name))
        made: Operand = self.graph.module(path, module, x)
        self.graph.note(made, weights["weight"], x)
        return made

    def is_read_once(self, place: int) -> bool:
        """Whether nothing else reads the operand at `place`."""
        return self.uses[self.node.inputs[place]] == 1

    def constant(self, operand: Operand, what: str) -> Tensor:
        """The values of a constant; `what` says which one it is."""
        if not operand.is_constant:
            raise Refused(f"has {what} computed from the image: only constants are taken")
        return operand.real

    def integers(self, operand: Operand | None, attribute: str) -> list[int] | None:
        """Whole numbers that are an operand or, in older opsets, an attribute; None where both are left out."""
        if operand is None:
            given = self.attribute(attribute)
            return None if given is None else [int(one) for one in given]
        return [int(one) for one in self.constant(operand, attribute).reshape(-1).tolist()]

    def number(self, operand: Operand | None, attribute: str, default: float | None = None) -> float | None:
        """One number that is an operand or an attribute."""
        if operand is None:
            given = self.attribute(attribute, default)
            return None if given is None else float(given)
        values = self.constant(operand, attribute)
        if values.numel() != 1:
            raise Refused(f"has {values.numel()} numbers for {attribute}, where one is needed")
        return float(as_number(values))

    def word(self, name: str, default: str, allowed: Sequence[str]) -> str:
        """An attribute that is one of several words."""
        given = str(self.attribute(name, default))
        if given not in allowed:
            raise Refused(f"has {name} {given!r}: only {' and '.join(allowed)} are taken")
        return given


def as_number(values: Tensor) -> int | float | bool:
    """A tensor of one value as the number that it was written as."""
    number = values.reshape(-1)[0].item()
    return decimal(number) if values.dtype == torch.float32 else number


def _with_numbers(arguments: Sequence[Any]) -> list[Any]:
    """Arguments of which constants of one value are plain numbers, where others depend on the image."""
    most = max((one.real.ndim for one in arguments if isinstance(one, Operand) and not one.is_constant), default=-1)

    def is_number(one: Any) -> bool:
        return isinstance(one, Operand) and one.is_constant and one.real.numel() == 1 and one.real.ndim <= most

    return [as_number(one.real) if is_number(one) else one for one in arguments]


def _put(module: nn.Module, name: str, values: Tensor | None) -> None:
    """Give a module a weight, or none."""
    if name in module._buffers:
        module._buffers[name] = None if values is None else values.detach()  # an object of its own
    else:
        module.register_parameter(name, None if values is None else nn.Parameter(values, requires_grad=False))
