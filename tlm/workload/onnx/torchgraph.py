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
from .graph import Refused

#: Values of a tensor, at most: a file of a few bytes may ask for any number.
MOST_VALUES = 2**31


@attrs.frozen(eq=False)
class Operand:
    """A value of the graph: what it is for an image of zeros, and the node that gives it, None for a constant.

    `source` is the initialiser that a constant is, turned or reshaped at most. `curves` say what
    function of one value it is, of each value that it is made of alone (see `curves.py`).
    """

    real: Tensor
    node: fx.Node | None = None
    source: str = ""
    curves: Mapping[Operand, Tensor] = attrs.Factory(dict)

    @property
    def is_constant(self) -> bool:
        """Whether the image has no part in it."""
        return self.node is None


class TorchGraph:
    """Collects operations and modules; `finished` is the module of them all."""

    def __init__(self, name: str, image: Tensor) -> None:
        self.root = nn.Module()
        self.graph = fx.Graph()
        self.image = Operand(image, self.graph.placeholder("x"))
        self.name = name
        self._constants: dict[int, fx.Node] = {}
        self._paths: dict[str, nn.Module] = {}
        self._asked: dict[fx.Node, str] = {}

    def function(self, function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        """What a torch function gives for Operands and plain values: an Operand, or several."""
        given = map_aggregate((arguments, options), lambda one: one.real if isinstance(one, Operand) else one)
        made = self._run(function, *given[0], **given[1])
        if not self._depends((arguments, options)):
            return _constants(made)
        nodes = map_aggregate((arguments, options), self._node)
        return self._taken(made, self.graph.call_function(function, nodes[0], nodes[1]))

    def module(self, path: str, module: nn.Module, *arguments: Any) -> Any:
        """What a module gives; it becomes a part of the whole at `path`, or beside it where that is taken."""
        given = map_aggregate(arguments, lambda one: one.real if isinstance(one, Operand) else one)
        made = self._run(module.eval(), *given)
        nodes = map_aggregate(arguments, self._node)
        node = self.graph.call_module(self._placed(path, module), nodes)
        self._asked[node] = path
        return self._taken(made, node)

    def made_by(self, operand: Operand) -> nn.Module | None:
        """The module that gives a value, if it is one."""
        return self._paths[str(operand.node.target)] if operand.node in self._asked else None

    def with_bias(self, operand: Operand, module: nn.Linear, bias: Tensor) -> Operand:
        """What `module`, a fully connected layer that gives `operand`, gives with a bias of its own."""
        assert operand.node is not None
        node, path = operand.node, self._asked[operand.node]
        if [one.target for one in self._asked].count(node.target) == 1:
            self._remove(str(node.target))
        whole = nn.Linear(module.in_features, module.out_features, device="meta")
        whole.weight, whole.bias = module.weight, nn.Parameter(bias, requires_grad=False)
        node.target = self._placed(path, whole)
        return attrs.evolve(operand, real=operand.real + bias)

    def _remove(self, path: str) -> None:
        del self._paths[path]
        *outer, last = path.split(".")
        del self.root.get_submodule(".".join(outer))._modules[last]

    def finished(self, results: list[Operand]) -> fx.GraphModule:
        """All of it as one module that gives `results`."""
        nodes = tuple(self._node(one) for one in results)
        self.graph.output(nodes[0] if len(nodes) == 1 else nodes)
        whole = fx.GraphModule(self.root, self.graph, self.name)
        whole.graph.eliminate_dead_code()
        whole.delete_all_unused_submodules()
        whole.recompile()
        return whole.eval()

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

    def _placed(self, path: str, module: nn.Module) -> str:
        """The path where `module` lies from now on."""
        number, unused = 1, path
        while not self._is_free(unused):
            there = self._paths.get(unused)
            if there is not None and _is_same(there, module):
                return unused
            number += 1
            unused = f"{path.replace('.', '_')}_{number}"
        *outer, last = unused.split(".")
        holder = self.root
        for part in outer:
            if part not in holder._modules:
                holder.add_module(part, nn.Module())
            holder = holder.get_submodule(part)
        holder.add_module(last, module)
        self._paths[unused] = module
        return unused

    def _is_free(self, path: str) -> bool:
        """Whether a module may lie at `path`: neither taken, nor inside another module, nor around one."""
        parts = path.split(".")
        around = (".".join(parts[:length]) for length in range(1, len(parts)))
        if parts[0] in self.root._buffers or not all(part and not hasattr(nn.Module, part) for part in parts):
            return False
        holder: nn.Module | None = self.root
        for part in parts:
            holder = None if holder is None else holder._modules.get(part)
        return holder is None and not any(one in self._paths for one in around)


def checked_size(shape: tuple[int, ...] | list[int]) -> tuple[int, ...]:
    """`shape`, if a tensor of it may be made."""
    if any(size < 0 for size in shape) or math.prod(shape) > MOST_VALUES:
        raise Refused(f"would give a tensor of shape {list(shape)}")
    return tuple(shape)


def _constants(made: Any) -> Any:
    return Operand(made) if isinstance(made, Tensor) else tuple(map(_constants, made))


def _is_same(one: nn.Module, other: nn.Module) -> bool:
    """Whether two modules are of one kind, with the same options and the same weights."""
    mine, others = one.state_dict(keep_vars=True), other.state_dict(keep_vars=True)
    return (
        repr(one) == repr(other)
        and mine.keys() == others.keys()
        and all(
            mine[name].data_ptr() == others[name].data_ptr() and mine[name].shape == others[name].shape for name in mine
        )
    )
