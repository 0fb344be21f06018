"""A torch module as a network of layers in floating point: traced, read once on one image, fused."""

from __future__ import annotations

from torch import Tensor, fx, nn
from torch.nn import functional

from ..inputs.blame import with_traceback
from ..inputs.errors import BadInput, first_line
from .builder import Builder
from .fusing import fused, needed
from .reader import Layout, Network, Reader, bad
from .tracing import trace
from .values import as_stored


def read_network(module: nn.Module, images: Tensor, relu_threshold: float = 0.0) -> Network:
    """The layers of `module` for `images` [N, ...]; BadInput where it cannot be captured.

    What a ReLU module gives is zero up to `relu_threshold`. How the images lie in memory is free: of several ways the
    one that needs the fewest layers.
    """
    image, nonneg = images[:1], not bool((images < 0).any())
    if relu_threshold:
        _silence(module, relu_threshold)
    traced = trace(module, image)
    found = [_read(traced, image, layout, Builder(relu_threshold), nonneg) for layout in _layouts(module, image)]
    return min(found, key=lambda network: len(network.stages))


def _read(traced: fx.GraphModule, image: Tensor, layout: Layout, builder: Builder, nonneg: bool) -> Network:
    try:
        network = Reader(traced, builder, layout, nonneg).read(image.clone())
    except BadInput:
        raise
    except (Exception, SystemExit) as error:
        if out_of_memory(error):
            raise
        shape = tuple(image.shape[1:])
        message = f"the network cannot take an image of shape {shape}: {first_line(error)}"
        raise bad(with_traceback(message, error)) from error
    network.builder.stages[:] = fused(needed(network.stages, network.results), network.results)
    return network


def _silence(module: nn.Module, threshold: float) -> None:
    """Small outputs of ReLU modules made zero, as in training."""
    for one in module.modules():
        if isinstance(one, nn.ReLU | nn.ReLU6):
            one.register_forward_hook(lambda _module, _given, made: functional.threshold(made, threshold, 0.0))


def _layouts(module: nn.Module, image: Tensor) -> list[Layout]:
    """Ways in which an image [1, ...] may lie in memory."""
    ways: list[Layout] = [_whole]
    if image.ndim == 3:
        ways += [_along_the_width]
    steps = image.ndim > 2 and image.numel() == image.shape[-2] * image.shape[-1]
    if steps and any(isinstance(one, nn.RNNBase | nn.RNNCellBase) for one in module.modules()):
        ways += [_step_by_step]
    return ways


def _whole(image: Tensor) -> list[Tensor]:
    """One map, vector, or map of tokens."""
    return [as_stored(image)]


def _along_the_width(image: Tensor) -> list[Tensor]:
    """[1, C, L] as the map [C, 1, L]."""
    return [image[0].unsqueeze(1)]


def _step_by_step(image: Tensor) -> list[Tensor]:
    """[1, T, D] or [1, 1, T, D] as one tensor for each step of time."""
    return list(image.reshape(image.shape[-2:]))


def out_of_memory(error: BaseException) -> bool:
    """Whether memory was short; torch says so in a RuntimeError's text only."""
    return isinstance(error, MemoryError) or "can't allocate memory" in str(error)
