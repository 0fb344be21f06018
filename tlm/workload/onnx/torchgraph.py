"""A graph of torch operations as it grows, every value with what it is for an image of zeros.

So every shape is known as soon as it is asked for, and what does not depend on the image is computed on the way:
constants are folded by being executed.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

import attrs
import torch
from torch import Tensor, fx, nn
from torch.fx.node import map_aggregate

from ..values import leaves
from .graph import Codes, Refused
from .places import Places

#: Values of a tensor, at most: a file of a few bytes may ask for any number.
MOST_VALUES = 2**31


@attrs.frozen(eq=False)
class Operand:
    """A value of the graph: what it is for an image of zeros, and the node that gives it, None for a constant.

    `source` is the initialiser that a constant is, turned or reshaped at most. `curves` say what
    function of one value it is, of each value that it is made of alone (see `curves.py`). `codes` are those that the
    file has it in.
    """

    real: Tensor
    node: fx.Node | None = None
    source: str = ""
    curves: Mapping[Operand, Tensor] = attrs.Factory(dict)
    codes: Codes | None = None

    @property
    def is_constant(self) -> bool:
        """Whether the image has no part in it."""
        return self.node is None


class TorchGraph:
    """Collects operations and modules; `finished` is the module of them all.

    `codes` are then those of the layers that the file has in codes, by path: of weights and input.
    """

    def __init__(self, name: str, image: Tensor) -> None:
        self.root = nn.Module()
        self.graph = fx.Graph()
        self.image = Operand(image, self.graph.placeholder("x"))
        self.name = name
        self._constants: dict[int, fx.Node] = {}
        self._modules: dict[fx.Node, tuple[str, nn.Module]] = {}
        self._codes: dict[fx.Node, tuple[Codes | None, Codes | None]] = {}
        self.codes: dict[str, tuple[Codes | None, Codes | None]] = {}

    def function(self, function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        """What a torch function gives for Operands and plain values: an Operand, or several."""
        given = map_aggregate((arguments, options), lambda one: one.real if isinstance(one, Operand) else one)
        made = self._run(function, *given[0], **given[1])
        if not self._depends((arguments, options)):
            return _constants(made)
        nodes = map_aggregate((arguments, options), self._node)
        return self._taken(made, self.graph.call_function(function, nodes[0], nodes[1]))

    def module(self, path: str, module: nn.Module, *arguments: Any) -> Any:
        """What a module gives; it becomes a part of the whole at `path`, or beside it where another one is there."""
        given = map_aggregate(arguments, lambda one: one.real if isinstance(one, Operand) else one)
        made = self._run(module.eval(), *given)
        nodes = map_aggregate(arguments, self._node)
        node = self.graph.call_module(path, nodes)
        self._modules[node] = path, module
        return self._taken(made, node)

    def note(self, made: Operand, weights: Operand | None, x: Operand) -> None:
        """The module that gives `made` has weights and an input that the file may have as codes."""
        if made.node is not None and weights is not None and (weights.codes or x.codes):
            self._codes[made.node] = weights.codes, x.codes

    def made_by(self, operand: Operand) -> nn.Module | None:
        """The module that gives a value, if it is one."""
        return self._modules[operand.node][1] if operand.node in self._modules else None

    def with_bias(self, operand: Operand, module: nn.Linear, bias: Tensor) -> Operand:
        """What `module`, a fully connected layer that gives `operand`, gives with a bias of its own."""
        assert operand.node is not None
        whole = nn.Linear(module.in_features, module.out_features, device="meta")
        whole.weight, whole.bias = module.weight, nn.Parameter(bias, requires_grad=False)
        self._modules[operand.node] = self._modules[operand.node][0], whole
        return attrs.evolve(operand, real=operand.real + bias)

    def finished(self, results: list[Operand]) -> fx.GraphModule:
        """All of it as one module that gives `results`."""
        nodes = tuple(self._node(one) for one in results)
        self.graph.output(nodes[0] if len(nodes) == 1 else nodes)
        needed = _needed(self.graph)
        places = Places(self.root)
        for node in reversed(self.graph.nodes):
            if node not in needed and node.op != "placeholder":
                self.graph.erase_node(node)
        for node in self.graph.nodes:
            if node in self._modules:
                node.target = places.placed(*self._modules[node])
                if node in self._codes:
                    self.codes.setdefault(node.target, self._codes[node])
        return fx.GraphModule(self.root, self.graph, self.name).eval()

    def _run(self, function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        with torch.no_grad():
            return function(*arguments, **options)

    def _depends(self, given: Any) -> bool:
        return any(isinstance(one, Operand) and not one.is_constant for one in leaves(given))

    def _node(self, one: Any) -> Any:
        """What stands for a value in the arguments of a node: constants are looked up in the root."""
        if not isinstance(one, Operand):
            return one
        if one.node is not None:
            return one.node
        if id(one.real) not in self._constants:
            name = f"constant_{len(self._constants)}"
            self.root.register_buffer(name, one.real, persistent=False)
            self._constants[id(one.real)] = self.graph.get_attr(name)
        return self._constants[id(one.real)]

    def _taken(self, made: Any, node: fx.Node) -> Any:
        if isinstance(made, Tensor):
            return Operand(made, node)
        parts = (self.graph.call_function(operator.getitem, (node, place)) for place in range(len(made)))
        return tuple(map(self._taken, made, parts))


def checked_size(shape: tuple[int, ...] | list[int]) -> tuple[int, ...]:
    """`shape`, if a tensor of it may be made."""
    if any(size < 0 for size in shape) or math.prod(shape) > MOST_VALUES:
        raise Refused(f"would give a tensor of shape {list(shape)}")
    return tuple(shape)


def _constants(made: Any) -> Any:
    return Operand(made) if isinstance(made, Tensor) else tuple(map(_constants, made))


def _needed(graph: fx.Graph) -> set[fx.Node]:
    """The nodes that what the graph gives is made of."""
    found: set[fx.Node] = set()
    for node in reversed(graph.nodes):
        if node.op == "output" or node in found:
            found.update((node, *node.all_input_nodes))
    return found
