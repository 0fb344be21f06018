"""A torch module as a network of layers in floating point: traced, read once on one image, fused."""

from __future__ import annotations

import torch
from torch import Tensor, fx, nn
from torch.nn import functional

from ..inputs.blame import with_traceback
from ..inputs.errors import BadInput, first_line
from .builder import Builder
from .following import check_followed, out_of_memory, own_results, same_draws
from .fusing import fused, needed
from .reader import Layout, Network, NotFollowed, Reader, bad
from .tracing import ways
from .values import as_stored


def read_network(module: nn.Module, images: Tensor, relu_threshold: float = 0.0) -> Network:
    """The layers of `module` for `images` [N, ...]; BadInput where it cannot be captured.

    What a ReLU module gives is zero up to `relu_threshold`. Of several graphs of the module it is the first whose
    layers compute what the module does.
    """
    image, nonneg = images[:1].to(_precision(module)), not bool((images < 0).any())
    module.eval()
    if relu_threshold:
        _silence(module, relu_threshold)
    own = own_results(module, image)
    failures: list[BaseException] = []
    for way in ways(module):
        try:
            with same_draws():
                graph = way(module, image)
            network = _shortest(module, graph, image, relu_threshold, nonneg)
            check_followed(network, images[:1], own)
        except BadInput:
            raise
        except (Exception, SystemExit) as error:
            if out_of_memory(error):
                raise
            failures.append(error)
        else:
            return network
    raise _not_followed(failures[0]) from failures[0]


def _not_followed(error: BaseException) -> BadInput:
    if isinstance(error, NotFollowed):
        return bad(f"the network {error}")
    return bad(with_traceback(f"the network cannot be followed: {first_line(error)}", error))


def _shortest(module: nn.Module, graph: fx.GraphModule, image: Tensor, relu_threshold: float, nonneg: bool) -> Network:
    """The layers of `graph`, the image lying in memory as it needs the fewest."""
    found = []
    for layout in _layouts(module, image):
        with same_draws():
            network = Reader(graph, Builder(relu_threshold), layout, nonneg).read(image.clone())
        network.stages[:] = fused(needed(network.stages, network.results), network.results)
        found.append(network)
    return min(found, key=lambda network: len(network.stages))


def _precision(module: nn.Module) -> torch.dtype:
    """What the module computes in, if it is one thing."""
    found = {one.dtype for one in module.parameters() if one.is_floating_point()}
    return found.pop() if len(found) == 1 else torch.float32


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
