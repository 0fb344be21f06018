"""A traced module run once on one image: every operation becomes layers, or a new index of what is there."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any

import attrs
import torch
from torch import Tensor, fx, nn
from torch.fx.node import map_aggregate

from ..inputs.blame import is_local, short
from ..inputs.errors import BadInput
from .builder import Builder, NotModelled, Refused
from .masks import is_masked
from .modules import known, padded
from .movement import CONSTANTS, MOVES, NOTHING, constant_index, moved
from .operations import HANDLERS, name_of, own_name
from .stage import Stage
from .unmodelled import unmodelled
from .values import Derived, Value, leaves

#: One image [1, ...] as the stored tensors that it lies in.
Layout = Callable[[Tensor], list[Tensor]]

#: Operations whose result decides what Python does next.
_DATA = frozenset(["item", "tolist", "__bool__", "__float__", "__int__", "is_nonzero", "allclose", "equal"])


#: What reaches into tuples, lists, dictionaries and objects.
_TAKE_APART = (operator.getitem, getattr)

#: What handlers call parameters that torch has under another name.
_PARAMETERS = {"input": "x", "other": "y", "axis": "dim"}

#: Operations that take what they are given for whole numbers.
_WHOLE_NUMBERS = frozenset(("Embedding", "EmbeddingBag", "embedding", "embedding_bag", "one_hot", "long", "int"))


@attrs.define(eq=False)
class Network:
    """What was read: the layers in order, the numbers of the tensors it is given and of those it gives.

    `outputs` are what the graph gave for the image, tensor by tensor; None for one that is not of real numbers.
    """

    builder: Builder
    layout: Layout
    inputs: tuple[int, ...]
    results: tuple[int, ...]
    outputs: tuple[Value | None, ...]

    @property
    def stages(self) -> list[Stage]:
        """The layers."""
        return self.builder.stages

    @property
    def constants(self) -> dict[int, Tensor]:
        """Tensors that are the same for every image, by number, as they are stored."""
        return self.builder.constants


class Reader(fx.Interpreter):
    """Runs a graph on Values; `layout` says as which stored tensors an image lies in memory."""

    def __init__(self, traced: fx.GraphModule, builder: Builder, layout: Layout, nonneg: bool) -> None:
        super().__init__(traced)
        self.extra_traceback = False
        self.builder = builder
        self.layout = layout
        self.nonneg = nonneg
        self.inputs: tuple[int, ...] | None = None

    def read(self, image: Tensor) -> Network:
        """The layers for an `image` [1, ...]."""
        with torch.no_grad():
            given = [one for one in leaves(self.run(image)) if isinstance(one, (Value, Derived, Tensor))]
        if any(isinstance(one, Derived) and one.real.is_floating_point() for one in given):
            raise bad(
                "the network gives what a mask puts in for its softmax: values that are not finite, or very large"
            )
        if not any(isinstance(one, Value) for one in given):
            raise NotFollowed("gives nothing that is computed from its input, of real numbers")
        self.builder.name = self.builder.operation = "output"
        outputs = tuple(self.builder.settled(one) if isinstance(one, Value) else None for one in given)
        results = [one.number for value in outputs if value for one in self.builder.tensors.of(value.index)]
        if not self.builder.stages:
            raise bad("the network has no layers: nothing is computed")
        return Network(self.builder, self.layout, self.inputs or (), tuple(dict.fromkeys(results)), outputs)

    def run_node(self, n: fx.Node) -> Any:
        """What a node gives: Values, or whatever does not depend on the image."""
        if n.op == "placeholder":
            return self._placeholder(n)
        args, kwargs = self.fetch_args_kwargs_from_env(n)
        values = _values((args, kwargs))
        derived = [one for one in leaves((args, kwargs)) if isinstance(one, Derived)]
        if n.op in ("output", "get_attr") or not values:
            return getattr(self, n.op)(n.target, args, kwargs)
        if n.target in _TAKE_APART and not isinstance(args[0], (Value, Derived, Tensor)):
            return n.target(*args)
        if isinstance(n.target, type) and (is_dataclass(n.target) or issubclass(n.target, (tuple, list, dict))):
            return n.target(*args, **kwargs)
        try:
            return self._operation(_Call(self, n, args, kwargs, values), derived)
        except Refused as why:
            raise bad(f"{_place(n)}{describe(self.module, n)} {why}") from why

    def _placeholder(self, n: fx.Node) -> Any:
        given = super().run_node(n)
        if not isinstance(given, Tensor) or self.inputs is not None:  # what an argument is by default
            return given
        index = torch.empty(given.numel(), dtype=torch.int64)
        made = []
        for piece in self.layout(torch.arange(given.numel()).reshape(given.shape)):
            made.append(self.builder.tensors.add(tuple(piece.shape), self.nonneg))
            index[piece.reshape(-1)] = made[-1].places().reshape(-1)
        self.inputs = tuple(one.number for one in made)
        return Value(given, index.reshape(given.shape))

    def _operation(self, call: _Call, derived: list[Derived]) -> Any:
        real = call.apply(lambda value: value.real)
        if not _tensors(real):
            if call.operation in _DATA:
                raise Refused("makes a decision of the image's values")
            return real
        if call.operation in CONSTANTS:
            return real
        masks = any(one.real.is_floating_point() for one in derived) and call.operation in MOVES | NOTHING
        masked = masks or (call.module is None and is_masked(call.operation, real, call.values))
        if not masked and not all(map(_is_finite, _tensors(real))):
            raise Refused("gives values that are not finite numbers")
        if call.operation in _WHOLE_NUMBERS:
            raise Refused("needs whole numbers, which a tensor that is stored as codes does not keep")
        self._announce(call, real)
        made = unmodelled(self.builder, stored=not masked) if masked or derived else self._read(call)
        if any(one is real for one in leaves((call.args, call.kwargs))) and call.in_place:
            raise NotFollowed(f"puts what it computes into a constant ({call.operation})")
        for value in call.values:  # what works in place has changed its operand for all that read it later
            if isinstance(made, Value) and made.real is value.real:
                value.index = made.index
        return type(real)(made) if isinstance(made, tuple) else made  # whose fields have names

    def _announce(self, call: _Call, real: Any) -> None:
        builder = self.builder
        builder.name, builder.layer, builder.module, builder.real = call.name, call.layer, call.module, real
        builder.call = call.apply, tuple(call.values)
        builder.operation = type(call.module).__name__ if call.module is not None else call.operation

    def _read(self, call: _Call) -> Any:
        if call.operation in MOVES:
            return moved(self.builder, lambda f: call.apply(f, lambda one: constant_index(self.builder, one)))
        handler = HANDLERS.get(call.operation)
        if handler is None or any(not one.is_floating_point() for one in _tensors(self.builder.real)[:1]):
            return unmodelled(self.builder)
        stages, real = len(self.builder.stages), self.builder.real
        try:
            named = {_PARAMETERS.get(name, name): value for name, value in call.kwargs.items()}
            return handler(self.builder, *call.arguments(self.builder), **named)
        except NotModelled as why:
            self.builder.forget(stages)
            self.builder.real = real
            self.builder.operation += f" ({why})"
            return unmodelled(self.builder)


@attrs.define(eq=False)
class _Call:
    """One operation of the graph and what it is given."""

    reader: Reader
    node: fx.Node
    args: Any
    kwargs: Any
    values: list[Value]

    @property
    def module(self) -> nn.Module | None:
        return self.reader.fetch_attr(str(self.node.target)) if self.node.op == "call_module" else None

    @property
    def operation(self) -> str:
        if self.module is None:
            return str(self.args[1]) if self.node.target is getattr else name_of(self.node.target)
        found = known(self.module)
        return found[0] if found else type(self.module).__name__

    @property
    def in_place(self) -> bool:
        """Whether it changes one of its operands."""
        return "out" in self.kwargs or own_name(self.node.target).endswith("_")

    @property
    def layer(self) -> str:
        """The checkpoint's name of its weights."""
        if self.node.op == "call_module":
            return str(self.node.target)
        weights = (str(one.target) for one in self.node.all_input_nodes if one.op == "get_attr")
        return next((name.removesuffix(".weight") for name in weights if name.endswith(".weight")), "")

    @property
    def name(self) -> str:
        """What it is called in the user's module, as far as its weights tell."""
        weights = (str(one.target) for one in self.node.all_input_nodes if one.op == "get_attr")
        inner = (name.removesuffix("_weight") for name in weights if name.endswith("_weight"))
        return self.layer or next(inner, self.node.name)

    def apply(self, function: Callable[[Value], Any], constant: Callable[[Tensor], Any] | None = None) -> Any:
        """The operation, run on what `function` makes of each Value and `constant` of each other tensor."""

        def of(part: Any) -> Any:
            if isinstance(part, Value):
                return function(part)
            if isinstance(part, Derived):
                return part.find(function)
            return constant(part) if constant and isinstance(part, Tensor) else part

        own = [map_aggregate(one, of) for one in (self.args, self.kwargs)]
        with torch.no_grad():
            return getattr(fx.Interpreter, self.node.op)(self.reader, self.node.target, *own)

    def arguments(self, builder: Builder) -> tuple[Any, ...]:
        """What the operation's handler takes, behind the builder."""
        found = known(self.module) if self.module is not None else None
        if self.module is None or found is None:
            return tuple(self.args)
        first = padded(builder, self.module, self.args[0]) if self.args else None
        return (*([first] if self.args else []), *self.args[1:], *found[1](self.module))


def describe(module: nn.Module, node: fx.Node) -> str:
    """A node of the graph for a message."""
    if node.op == "call_module":
        return f"layer {str(node.target)!r} ({type(module.get_submodule(str(node.target))).__name__})"
    return f"operation {node.name!r} ({name_of(node.target)})"


def _place(node: fx.Node) -> str:
    """The user's own line that a node stands for, as "net.py:3: ", or ""."""
    for file, line in reversed(re.findall(r'File "(.+?)", line (\d+)', node.stack_trace or "")):
        if is_local(Path(file)):
            return f"{short(Path(file))}:{line}: "
    return ""


class NotFollowed(Exception):
    """Why a graph of a network cannot be it: a sentence that lacks its subject, the network."""


def bad(message: str) -> BadInput:
    """The network cannot be used."""
    return BadInput(message, key="workload.network")


def _values(given: Any) -> list[Value]:
    """All Values, those that something else was derived from too; each once."""
    found: list[Value] = []
    for one in leaves(given):
        found += [one] if isinstance(one, Value) else one.values if isinstance(one, Derived) else []
    return list({id(one): one for one in found}.values())


def _tensors(given: Any) -> list[Tensor]:
    return [one for one in leaves(given) if isinstance(one, Tensor)]


def _is_finite(real: Tensor) -> bool:
    return not real.is_floating_point() or bool(torch.isfinite(real).all())
