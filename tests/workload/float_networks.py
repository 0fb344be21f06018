"""Networks of torch in a few lines, captured, and how far their codes are from what torch gives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from layers_by_hand import check_exact
from torch import Tensor, nn

from tlm.workload.capture import capture
from tlm.workload.layer import Workload
from tlm.workload.spec import WorkloadSpec
from tlm.workload.values import as_stored

#: What the codes of so many bits may be off by, relative to the norm of what torch gives.
TOLERANCE = {16: 0.0002, 8: 0.02}


class Net(nn.Module):
    """Modules by name and a forward function of them."""

    def __init__(self, forward: Callable[..., Any], **modules: nn.Module) -> None:
        super().__init__()
        self.run = forward
        for name, module in modules.items():
            self.add_module(name, module)

    def forward(self, x: Tensor) -> Any:
        return self.run(self, x)


def captured(network: nn.Module, shape: tuple[int, ...], count: int = 2, **spec: Any) -> tuple[Workload, Any]:
    """The workload, and what the float network gives for the same images."""
    inputs = np.random.default_rng(1).random((count, *shape), dtype=np.float32)
    with torch.no_grad():
        real = network.eval()(torch.from_numpy(inputs.copy()))
    return capture(WorkloadSpec(network="tests:net", images=count, **spec), network, inputs), real


def faithful(network: nn.Module, shape: tuple[int, ...], count: int = 2) -> Workload:
    """The workload at 8 bits: exact by loops, and at 8 and 16 bits what torch gives."""
    for bits, tolerance in TOLERANCE.items():
        workload, real = captured(network, shape, count, bits=bits)
        given = [workload.layers[number - workload.inputs].outputs for number in workload.given]
        reals = [real] if isinstance(real, Tensor) else list(real)
        for codes, expected in zip(given, reals, strict=True):
            assert off_by(codes, expected) < tolerance, (bits, off_by(codes, expected))
        check_exact(workload)
    return workload


def off_by(codes: Any, real: Tensor) -> float:
    """How far codes [N, ...] are from `real` [N, ...], in the scale that suits them best.

    A sequence [N, C, L] lies as the tokens [L, C] or as the map [C, 1, L].
    """
    found = torch.from_numpy(codes).flatten(1).double()
    stored = torch.stack([as_stored(one.unsqueeze(0)).reshape(-1) for one in real])
    return min(_apart(found, one.double()) for one in (stored, real.flatten(1)))


def _apart(found: Tensor, expected: Tensor) -> float:
    scale = (found * expected).sum() / (found * found).sum().clamp(min=1)
    return float(torch.linalg.norm(found * scale - expected) / torch.linalg.norm(expected))
