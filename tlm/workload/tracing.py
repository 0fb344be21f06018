"""A module as a graph of torch's operations: by torch.fx, or exported where that cannot follow its Python."""

from __future__ import annotations

import warnings
from typing import Any

import torch
from torch import Tensor, fx, nn

from ..inputs.blame import with_traceback
from ..inputs.errors import BadInput, first_line
from .modules import MODULES, known

#: Modules of torch's own that are made of layers: torch.fx takes them whole, an exported graph shows what is in them.
_WHOLES = (nn.MultiheadAttention, nn.TransformerEncoderLayer, nn.TransformerDecoderLayer)


class _Tracer(fx.Tracer):
    """Leaves are torch's own modules, as fx has it, parametrised ones too."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        """Whether a module is one operation."""
        return known(m) is not None or super().is_leaf_module(m, module_qualified_name)


def trace(network: nn.Module, image: Tensor) -> fx.GraphModule:
    """The graph of `network`, put into its evaluation mode, for an `image` [1, ...]."""
    network = network.eval()
    if type(network) in MODULES:
        network = nn.Sequential(network).eval()
    if any(isinstance(module, _WHOLES) for module in network.modules()):
        exported = _exported(network, image)
        if exported is not None:
            return exported
    try:
        tracer = _Tracer()
        return fx.GraphModule(network, tracer.trace(network))
    except (Exception, SystemExit) as error:
        exported = _exported(network, image)
        if exported is not None:
            return exported
        message = f"the network cannot be traced by torch.fx: {first_line(error)}"
        raise BadInput(with_traceback(message, error), key="workload.network") from error


def _exported(network: nn.Module, image: Tensor) -> fx.GraphModule | None:
    """The graph that torch.export makes for inputs of just this shape; None where it cannot either."""
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)  # which hides the layers within
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            options: dict[str, Any] = {"check_guards": False}
            graph: fx.GraphModule = torch.export.export(network, (image,)).module(**options)
            return graph
    except (Exception, SystemExit):
        return None
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
