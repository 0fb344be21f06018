"""Whether the layers that were found compute what the module does: it may do what no graph of it shows."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from ..inputs.blame import user_fault
from .calibration import Ranges, run
from .reader import Network, NotFollowed, bad
from .values import leaves

#: How far the layers' result may be from the module's, relative to its norm: both are in floating point, and places of
#: maxima may differ where two are nearly equal.
TOLERANCE = 0.02
#: The same for results of fewer digits, in steps of one.
STEPS = 16


def own_results(network: nn.Module, image: Tensor) -> list[Tensor]:
    """What `network` itself gives for an `image` [1, ...]; BadInput where it does not take it."""
    try:
        inspect.signature(network.forward).bind(image)
    except TypeError as error:
        message = f"the network's forward() must take one tensor, the image, and no more without defaults: {error}"
        raise bad(message) from error
    try:
        with same_draws(), torch.no_grad():
            given = _twin(network)(image.clone())
    except (Exception, SystemExit) as error:
        if out_of_memory(error):
            raise
        doing = f"the network cannot take an image of shape {tuple(image.shape[1:])}"
        raise user_fault(error, "workload.network", doing) from error
    return [one for one in leaves(given) if isinstance(one, Tensor)]


def check_followed(network: Network, image: Tensor, own: list[Tensor]) -> None:
    """Raises NotFollowed unless the layers of `network` give what the module itself gives: `own`."""
    given = run(network, image, Ranges())
    space = torch.zeros(sum(one.size for one in network.builder.tensors.all))
    for one in network.builder.tensors.all:
        if one.number in given:
            space[one.places().reshape(-1)] = given[one.number][0].reshape(-1)
    if len(own) != len(network.outputs):
        raise NotFollowed(f"gives {len(own)} tensors, and {len(network.outputs)} were found")
    for value, real in zip(network.outputs, own, strict=True):
        if value is not None and not _alike(space[value.index], real):
            raise NotFollowed(
                "gives something else than the layers that were found: does it change in place what it reads under "
                "another name, keep something from one call to the next, or draw random numbers?"
            )


def _alike(made: Tensor, real: Tensor) -> bool:
    tolerance = max(TOLERANCE, STEPS * torch.finfo(real.dtype).eps)
    apart = torch.linalg.norm(made.float() - real.float())
    return made.shape == real.shape and bool(apart <= tolerance * torch.linalg.norm(real.float()) + 1e-6)


@contextmanager
def same_draws() -> Iterator[None]:
    """Random numbers that torch draws within are the same ones every time."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


def _twin(network: nn.Module) -> nn.Module:
    """A copy that shares its weights, so that what forward() keeps in the module does not stay there."""
    try:
        return copy.deepcopy(network, {id(one): one for one in network.parameters()})
    except Exception:  # not everything that a module may hold can be copied
        return network


def out_of_memory(error: BaseException) -> bool:
    """Whether memory was short; torch says so in a RuntimeError's text only."""
    return isinstance(error, MemoryError) or "can't allocate memory" in str(error)
