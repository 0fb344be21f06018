"""A module as a graph of torch's operations: by torch.fx, or exported where that cannot follow its Python."""

from __future__ import annotations

import inspect
import io
import logging
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from types import FrameType
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.export import ExportedProgram

from .modules import MODULES, known

#: Makes the graph of a module for an image [1, ...]; raises whatever it likes where it cannot.
Way = Callable[[nn.Module, Tensor], fx.GraphModule]

#: Modules of torch's own that are made of layers: torch.fx takes them whole, an exported graph shows what is in them.
_WHOLES = (nn.MultiheadAttention, nn.TransformerEncoderLayer, nn.TransformerDecoderLayer)


class _Tracer(fx.Tracer):
    """Leaves are torch's own modules, as fx has it, parametrised ones too."""

    def create_node(self, *arguments: Any, **named: Any) -> fx.Node:
        """A node that knows the lines it stands for, as those of exported graphs do."""
        node = super().create_node(*arguments, **named)
        node.stack_trace = _lines()
        return node

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        """Whether a module is one operation."""
        return known(m) is not None or super().is_leaf_module(m, module_qualified_name)


def _lines() -> str:
    """The lines being traced, outermost first; torch's own way to find them takes seconds."""
    found: list[str] = []
    frame: FrameType | None = sys._getframe(2)
    while frame and frame.f_code.co_filename != _lines.__code__.co_filename:
        found.append(f'File "{frame.f_code.co_filename}", line {frame.f_lineno}')
        frame = frame.f_back
    return "\n".join(reversed(found))


def ways(network: nn.Module) -> list[Way]:
    """How `network` may become a graph: the one that tells most of its modules first."""
    if any(isinstance(module, _WHOLES) for module in network.modules()):
        return [_exported, _without_changes_in_place, _traced]
    return [_traced, _exported, _without_changes_in_place]


def _traced(network: nn.Module, _image: Tensor) -> fx.GraphModule:
    """By torch.fx; arguments of `forward` behind the first are what they are by default."""
    whole = nn.Sequential(network).eval() if type(network) in MODULES else network
    optional = list(inspect.signature(whole.forward).parameters.values())[1:]
    given = {one.name: one.default for one in optional if one.default is not one.empty}
    with _quiet():
        return fx.GraphModule(whole, _Tracer().trace(whole, given))


def _exported(network: nn.Module, image: Tensor) -> fx.GraphModule:
    """By torch.export, for inputs of just this shape."""
    with _quiet():
        return _module_of(_export(network, image))


def _without_changes_in_place(network: nn.Module, image: Tensor) -> fx.GraphModule:
    """The same, every change in place being a new tensor."""
    with _quiet():
        return _module_of(_export(network, image).run_decompositions({}))


def _export(network: nn.Module, image: Tensor) -> ExportedProgram:
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)  # which hides the layers within
    try:
        return torch.export.export(network, (image,))
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)


def _module_of(program: ExportedProgram) -> fx.GraphModule:
    options: dict[str, Any] = {"check_guards": False}
    graph: fx.GraphModule = program.module(**options)
    return graph


@contextmanager
def _quiet() -> Iterator[None]:
    """Nothing is printed: torch tells at length what it cannot trace, and the module's own words were heard before."""
    logged = logging.root.manager.disable
    logging.disable()
    try:
        with warnings.catch_warnings(), torch.no_grad(), redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logged)
