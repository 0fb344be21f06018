"""A real step of training as products of integers: every layer forward, then the two products of its backward pass.

Of one image of the batch. What a machine multiplies is told as convolutions and fully connected layers, whatever it is:

- forward: the layer itself.
- the gradient of its input: a convolution of the gradient of its output, spread by the stride, with its weights turned
  round; the first layer has none.
- the gradient of its weights: a matrix product of the gradient of its output with what its windows have seen, unfolded
  before (a value stands there once for each window it is in). Fully connected: of single values.

Gradients are floating point. They are taken to whole numbers of 16 bits, the largest of a tensor being the largest
code; one that is not zero stays so. Weights and inputs of layers in a format are its codes; those of others are taken
to whole numbers like gradients.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nets.training.activations import FakeActivations
from nets.training.checkpoint import Checkpoint
from nets.training.layers import Layer, layers, shadow_weights
from nets.training.quantise import codes_of
from nets.training.session import Session
from nets.training.settings import settings_from

BITS = 16
FORWARD, INPUTS, WEIGHTS = "forward", "inputs", "weights"


@dataclass(frozen=True)
class Product:
    """A layer of a machine: `inputs` [1, C, H, W] or [1, C], `weights` [F, C / groups, Ky, Kx] or [F, C], int64."""

    name: str
    kind: str
    inputs: Tensor
    weights: Tensor
    stride: int = 1
    padding: int = 0


@dataclass
class Seen:
    """What a layer had in a step: the codes of its input [N, ...] and its weights, and the gradient of its output."""

    inputs: Tensor
    weights: Tensor
    needs_input_gradient: bool
    gradient: Tensor | None = None

    def of(self, image: int) -> Seen:
        """The same of one image."""
        gradient = None if self.gradient is None else self.gradient[image : image + 1].cpu()
        return Seen(self.inputs[image : image + 1], self.weights, self.needs_input_gradient, gradient)


class StepRecorder:
    """Keeps, while it is entered, what every layer has in a forward and a backward pass of the network."""

    def __init__(self, network: nn.Module) -> None:
        self.seen: dict[str, Seen] = {}
        self._named = dict(layers(network))
        self._hooks: list[Any] = []

    def __enter__(self) -> StepRecorder:
        self._hooks = [layer.register_forward_hook(partial(self._forward, name)) for name, layer in self._named.items()]
        return self

    def __exit__(self, *_: object) -> None:
        for hook in self._hooks:
            hook.remove()

    def products(self) -> list[Product]:
        """All of the step, in its order, of the image whose gradients are largest."""
        image = self._image()
        found = [
            list(products(name, layer, self.seen[name].of(image)))
            for name, layer in self._named.items()
            if name in self.seen
        ]
        forward = [one for of_layer in found for one in of_layer[:1]]
        return forward + [one for of_layer in reversed(found) for one in of_layer[1:]]

    def _forward(self, name: str, layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        codes = _input_codes(layer, inputs[0].detach()), _weight_codes(layer)
        seen = self.seen[name] = Seen(*codes, needs_input_gradient=inputs[0].requires_grad)
        if output.requires_grad:
            output.register_hook(partial(self._backward, seen))  # type: ignore[no-untyped-call]

    def _backward(self, seen: Seen, gradient: Tensor) -> None:
        seen.gradient = gradient.detach()

    def _image(self) -> int:
        last = next((seen.gradient for seen in reversed(self.seen.values()) if seen.gradient is not None), None)
        if last is None:
            raise ValueError("no layer of the network has a gradient: there is no backward pass to record")
        return int(last.flatten(1).abs().sum(1).argmax())


def recorded_step(checkpoint: Checkpoint, file: Path, seed: int) -> list[Product]:
    """The products of a step with which the network of `checkpoint`, which `file` holds, goes on training.

    The first of batches in random order that makes a step. ValueError where the checkpoint does not say how it was
    trained, or no batch makes one.
    """
    if "recipe" not in checkpoint.get("training", {}):
        raise ValueError(f"{file} does not say how it was trained: name a checkpoint of `python -m nets.train`")
    session = Session(replace(settings_from(checkpoint["training"]), start=str(file), epochs=1, seed=seed))
    with StepRecorder(session.network) as recorder:
        session.take_a_step()
    return recorder.products()


def products(name: str, layer: Layer, seen: Seen) -> Iterator[Product]:
    """The layer's products in a step of one image: forward; where there is a gradient, backward."""
    inputs, weights = seen.inputs, seen.weights
    if isinstance(layer, nn.Linear):
        yield from _of_linear(name, inputs.flatten(1), weights, seen)
        return
    if isinstance(layer, nn.ConvTranspose2d) or not _is_plain(layer):
        raise ValueError(f"layer {name}: steps are recorded of convolutions without gaps, square in stride and padding")
    stride, padding = layer.stride[0], cast("tuple[int, int]", layer.padding)[0]
    yield Product(f"{name}-{FORWARD}", "conv", inputs, weights, stride, padding)
    if seen.gradient is None:
        return
    gradient = whole(seen.gradient)
    if seen.needs_input_gradient:
        yield _input_gradient(name, layer, gradient, weights, inputs.shape[2:])
    yield _weight_gradient(name, layer, gradient, inputs)


def whole(values: Tensor) -> Tensor:
    """Whole numbers of `BITS` bits in proportion to `values`, int64; what is not zero stays so."""
    most = (1 << BITS - 1) - 1
    peak = float(values.abs().max())
    codes = torch.round(values.double() * (most / peak)) if peak else torch.zeros_like(values, dtype=torch.float64)
    return torch.where((codes == 0) & (values != 0), torch.sign(values), codes).to(torch.int64)


def _input_codes(layer: nn.Module, inputs: Tensor) -> Tensor:
    quantiser = getattr(layer, "input_quantiser", None)
    if isinstance(quantiser, FakeActivations) and quantiser.enabled:
        return (quantiser.codes(inputs) - round(float(quantiser.zero))).cpu()
    return whole(inputs.cpu())


def _weight_codes(layer: nn.Module) -> Tensor:
    if hasattr(layer, "input_quantiser"):
        coded = codes_of(layer)
        return coded.codes.cpu().to(torch.int64) - int(coded.zero)
    return whole(shadow_weights(layer).cpu())


def _is_plain(layer: nn.Conv2d) -> bool:
    square = isinstance(layer.padding, tuple) and len(set(layer.padding)) == len(set(layer.stride)) == 1
    return square and set(layer.dilation) == {1}


def _of_linear(name: str, inputs: Tensor, weights: Tensor, seen: Seen) -> Iterator[Product]:
    yield Product(f"{name}-{FORWARD}", "fc", inputs, weights)
    if seen.gradient is None:
        return
    gradient = whole(seen.gradient.flatten(1))
    if seen.needs_input_gradient:
        yield Product(f"{name}-{INPUTS}", "fc", gradient, weights.T.contiguous())
    yield Product(f"{name}-{WEIGHTS}", "conv", inputs[:, None, :, None], gradient.reshape(-1, 1, 1, 1))


def _input_gradient(name: str, layer: nn.Conv2d, gradient: Tensor, weights: Tensor, size: torch.Size) -> Product:
    """A convolution whose windows are the inputs' positions; the gradient's values lie a stride apart."""
    groups, stride, (kernel_y, kernel_x) = layer.groups, layer.stride[0], weights.shape[2:]
    padding = cast("tuple[int, int]", layer.padding)[0]
    around = kernel_y - 1 - padding
    if kernel_y != kernel_x or around < 0:
        raise ValueError(f"layer {name}: steps are recorded of square kernels that are larger than their padding")
    sides = [side + 2 * padding - kernel_y + 1 for side in size]
    spread = torch.zeros(1, gradient.shape[1], *sides, dtype=torch.int64)
    spread[:, :, ::stride, ::stride] = gradient
    turned = weights.reshape(groups, -1, *weights.shape[1:]).transpose(1, 2).flip(3, 4)
    return Product(f"{name}-{INPUTS}", "conv", spread, turned.reshape(-1, *turned.shape[2:]), 1, around)


def _weight_gradient(name: str, layer: nn.Conv2d, gradient: Tensor, inputs: Tensor) -> Product:
    """A product of [filters, windows] with [windows, channels x taps], the windows being the channels of a map."""
    padding = cast("tuple[int, int]", layer.padding)
    unfolded = F.unfold(inputs.double(), layer.kernel_size, 1, padding, layer.stride)[0].to(torch.int64)
    by_group = unfolded.reshape(layer.groups, inputs.shape[1] // layer.groups, -1, unfolded.shape[1])
    seen = by_group.permute(0, 3, 1, 2).reshape(1, -1, *by_group.shape[1:3])  # [1, groups x windows, channels, taps]
    return Product(f"{name}-{WEIGHTS}", "conv", seen, gradient[0].flatten(1)[:, :, None, None])
