"""What the recipe does to rectifiers: their outputs are seen by the L1 penalty, and small ones are made zero."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Rectifiers:
    """Every ReLU of a network: `threshold` up to which its output is zero, and, if `kept`, what it put out."""

    def __init__(self, network: nn.Module, threshold: float = 0.0) -> None:
        self.threshold = threshold
        self.kept = False
        self._outputs: list[Tensor] = []
        for module in network.modules():
            if isinstance(module, nn.ReLU | nn.ReLU6):
                module.register_forward_hook(self._see)

    def penalty(self) -> Tensor:
        """The sum of the mean outputs kept since the last call; 0 where none was."""
        outputs, self._outputs = self._outputs, []
        return sum((output.mean() for output in outputs), torch.tensor(0.0))

    def _see(self, module: nn.Module, _inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
        if self.threshold:
            output = F.threshold(output, self.threshold, 0.0)
        if self.kept and module.training:
            self._outputs.append(output)
        return output
