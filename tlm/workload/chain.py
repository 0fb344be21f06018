"""A torch module read as a chain of layers, each a convolution or fully connected layer and what follows it.

The module is traced with torch.fx and run once in floating point on the run's images, which gives the shapes and
the range of every activation. What is not listed in `SUPPORTED` is refused by name.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import attrs
import torch
from torch import Tensor, fx, nn

from ..inputs.blame import with_traceback
from ..inputs.errors import BadInput, first_line
from .layer import Kind, Pool
from .operations import FUNCTIONS, METHODS
from .pooling import NotModelled, adaptive_pool, average_pool, max_pool, refuse_dilation

Weighted = nn.Conv2d | nn.Linear

SUPPORTED = (
    "Conv2d",
    "Linear",
    "BatchNorm2d after Conv2d",
    "ReLU",
    "MaxPool2d",
    "AvgPool2d",
    "AdaptiveAvgPool2d",
    "Flatten",
    "Dropout",
    "Identity",
)


@attrs.define
class Stage:
    """One layer of the chain, in floating point, and what its outputs pass through.

    `flattened` is the map [C, H, W] that a fully connected layer's input was, else None. `low` and `high` bound
    its outputs before any average pooling.
    """

    name: str
    module: Weighted
    node: fx.Node
    flattened: tuple[int, int, int] | None = None
    norm: nn.BatchNorm2d | None = None
    relu: bool = False
    pool: Pool | None = None
    low: float = 0.0
    high: float = 0.0

    @property
    def kind(self) -> Kind:
        """As `Layer.kind`."""
        return "conv" if isinstance(self.module, nn.Conv2d) else "fc"


def read_chain(network: nn.Module, images: Tensor) -> tuple[Stage, ...]:
    """The layers of `network`, which is put into its evaluation mode, for `images` [N, ...]."""
    if type(network) in _HANDLERS:
        name = type(network).__name__
        raise _bad(f"the network is one {name} and no chain of layers: write nn.Sequential({name}(...))")
    try:
        traced = fx.symbolic_trace(network.eval())
    except (Exception, SystemExit) as error:
        message = f"the network cannot be traced by torch.fx: {first_line(error)}"
        raise _bad(with_traceback(message, error)) from error
    record = _Record(traced)
    try:
        with torch.no_grad():
            record.run(images)
    except (Exception, SystemExit) as error:
        if out_of_memory(error):
            raise
        shape = tuple(images.shape[1:])
        message = f"the network cannot take an image of shape {shape}: {first_line(error)}"
        raise _bad(with_traceback(message, error)) from error
    return _Reader(traced, record.seen, len(images)).read()


@attrs.frozen
class _Seen:
    """What a run gave at a node."""

    shape: tuple[int, ...]
    low: float
    high: float


class _Record(fx.Interpreter):
    """Runs a graph and keeps what every node that gave a tensor gave."""

    def __init__(self, traced: fx.GraphModule) -> None:
        super().__init__(traced)
        self.seen: dict[fx.Node, _Seen] = {}

    def run_node(self, n: fx.Node) -> Any:
        value = super().run_node(n)
        if isinstance(value, Tensor) and value.numel() and n.op != "output":
            self.seen[n] = _Seen(tuple(value.shape), value.min().item(), value.max().item())
        return value


class _Reader:
    """Walks a traced graph in order and builds its stages."""

    def __init__(self, traced: fx.GraphModule, seen: dict[fx.Node, _Seen], images: int) -> None:
        self.traced = traced
        self.seen = seen
        self.images = images
        self.stages: list[Stage] = []
        self.flattened: tuple[int, int, int] | None = None
        self.last: fx.Node | None = None

    def read(self) -> tuple[Stage, ...]:
        for node in self.traced.graph.nodes:
            if node.op == "output":
                self._end(node)
            elif node in self.seen and node.op != "get_attr":
                self._visit(node)
        if not self.stages:
            raise _bad("the network has neither a convolution nor a fully connected layer")
        return tuple(self.stages)

    def _visit(self, node: fx.Node) -> None:
        if node.op == "placeholder":
            if self.last is not None:
                raise _bad(f"the network takes more than one input: {node.name!r}")
        else:
            try:
                self._add(node)
            except NotModelled as why:
                raise _bad(f"{_describe(self.traced, node)} {why}") from why
        self.last = node

    def _end(self, node: fx.Node) -> None:
        if node.args[0] is not self.last:
            raise _bad(f"the network must give what {_describe(self.traced, self.last)} gives, and nothing else")

    def _add(self, node: fx.Node) -> None:
        module = self._module(node)
        if type(module) not in _HANDLERS:
            raise _bad(f"{_describe(self.traced, node)} is a layer nobody models", allowed=SUPPORTED)
        source = node.all_input_nodes[0]
        if source is not self.last:
            raise NotModelled(
                f"branches off after {_describe(self.traced, source)}: only chains of layers are modelled"
            )
        _HANDLERS[type(module)](self, node, module)
        self._measure(self.seen[node])

    def _module(self, node: fx.Node) -> nn.Module | None:
        """The module a node is, or one that does the same as the function it calls."""
        if node.op == "call_module":
            return self.traced.get_submodule(str(node.target))
        build = (METHODS if node.op == "call_method" else FUNCTIONS).get(node.target)
        if build is not None:
            return build(*node.args[1:], **{name: v for name, v in node.kwargs.items() if name != "input"})
        if sum(source in self.seen and source.op != "get_attr" for source in node.all_input_nodes) > 1:
            raise NotModelled("joins two tensors: only chains of layers are modelled")
        return None

    def _measure(self, seen: _Seen) -> None:
        """Keep the range of what the stage puts out, unless it was averaged on the way."""
        if not math.isfinite(seen.low + seen.high):
            raise NotModelled("gives values that are not finite numbers")
        if self.stages and not _averages(self.stages[-1]):
            self.stages[-1].low, self.stages[-1].high = seen.low, seen.high

    def _stage(self) -> Stage:
        if not self.stages:
            raise NotModelled("comes before the first convolution or fully connected layer")
        return self.stages[-1]

    def _shapes(self, node: fx.Node) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The shapes of what a node is given and of what it gives."""
        return self.seen[node.all_input_nodes[0]].shape, self.seen[node].shape

    def _weighted(self, node: fx.Node, module: Weighted) -> None:
        name = str(node.target)
        if any(stage.name == name for stage in self.stages):
            raise NotModelled("is used twice: give each use a layer of its own")
        self.stages.append(Stage(name, module, node, self.flattened))
        self.flattened = None

    def _conv(self, node: fx.Node, module: nn.Conv2d) -> None:
        refuse_dilation(module.dilation)
        if module.padding_mode != "zeros":
            raise NotModelled(f"pads with {module.padding_mode!r}: only 'zeros' is modelled")
        if module.padding == "same" and any(size % 2 == 0 for size in module.kernel_size):
            raise NotModelled("pads an even kernel to 'same', more on one side than on the other")
        self._need_map(node)
        self._weighted(node, module)

    def _linear(self, node: fx.Node, module: nn.Linear) -> None:
        given, _ = self._shapes(node)
        if len(given) != 2:
            raise NotModelled(f"is given {list(given)} and needs vectors [N, features]: flatten first")
        self._weighted(node, module)

    def _need_map(self, node: fx.Node) -> None:
        given, _ = self._shapes(node)
        if len(given) != 4:
            raise NotModelled(f"is given {list(given)} and needs maps [N, channels, height, width]")

    def _norm(self, node: fx.Node, module: nn.BatchNorm2d) -> None:
        stage = self._stage()
        if stage.node is not node.all_input_nodes[0]:
            raise NotModelled("does not directly follow a convolution")
        if module.running_var is None:
            raise NotModelled("keeps no running statistics, so it cannot be folded")
        stage.norm = module

    def _relu(self, _node: fx.Node, _module: nn.Module) -> None:
        stage = self._stage()
        if _averages(stage):
            raise NotModelled("follows an average pooling: put the ReLU before it")
        stage.relu = True

    def _flatten(self, node: fx.Node, _module: nn.Module) -> None:
        before, after = self._shapes(node)
        if len(after) != 2 or after[0] != self.images:
            raise NotModelled(f"makes {list(before)} into {list(after)}: only [N, features] is modelled")
        if len(before) == 4:
            self.flattened = (before[1], before[2], before[3])

    def _pool(self, node: fx.Node, module: nn.Module) -> None:
        stage = self._stage()
        self._need_map(node)
        before, after = self._shapes(node)
        pool = _POOLS[type(module)](module, before[2:], after[2:])
        if pool and stage.pool:
            raise NotModelled("is a second pooling after one layer")
        stage.pool = pool or stage.pool

    def _nothing(self, node: fx.Node, _module: nn.Module) -> None:
        """Dropout and Identity, which change no value in evaluation mode."""


def _averages(stage: Stage) -> bool:
    return stage.pool is not None and stage.pool.kind == "average"


def _describe(traced: fx.GraphModule, node: fx.Node | None) -> str:
    if node is None or node.op == "placeholder":
        return "the input"
    if node.op == "call_module":
        return f"layer {str(node.target)!r} ({type(traced.get_submodule(str(node.target))).__name__})"
    called = node.target if isinstance(node.target, str) else getattr(node.target, "__name__", "?")
    return f"operation {node.name!r} ({called})"


def _bad(message: str, allowed: tuple[str, ...] = ()) -> BadInput:
    return BadInput(message, key="workload.network", allowed=allowed)


def out_of_memory(error: BaseException) -> bool:
    """Whether memory was short; torch says so in a RuntimeError's text only."""
    return isinstance(error, MemoryError) or "can't allocate memory" in str(error)


_POOLS: dict[type[nn.Module], Callable[[Any, Any, Any], Pool | None]] = {
    nn.MaxPool2d: max_pool,
    nn.AvgPool2d: average_pool,
    nn.AdaptiveAvgPool2d: adaptive_pool,
}
_HANDLERS: dict[type[Any], Callable[[_Reader, fx.Node, Any], None]] = {
    nn.Conv2d: _Reader._conv,
    nn.Linear: _Reader._linear,
    nn.BatchNorm2d: _Reader._norm,
    nn.ReLU: _Reader._relu,
    nn.Flatten: _Reader._flatten,
    **dict.fromkeys(_POOLS, _Reader._pool),
    **dict.fromkeys((nn.Dropout, nn.Dropout2d, nn.Identity), _Reader._nothing),
}
