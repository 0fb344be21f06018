"""Operations that nobody models: their results are torch's, in floating point, and the layers say what they were."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import attrs
import torch
from torch import Tensor

from ..inputs.errors import BadInput, first_line
from .builder import Builder, Path, Refused, inside
from .stage import Unmodelled
from .values import ZERO, Value, as_stored

#: Runs an operation on what a function makes of each Value among its arguments.
Apply = Callable[[Callable[[Value], Tensor]], Any]


def unmodelled(builder: Builder, stored: bool = True) -> Any:
    """The operation as a layer of kind "other", one for each tensor of real numbers that it gives.

    Where these are not `stored` there is no layer: what reads them finds them again.
    """
    return _given(builder, builder.real, (), stored)


def _given(builder: Builder, real: Any, path: Path, stored: bool) -> Any:
    """The part of what the operation gives that `path` leads to, `real` for the image."""
    if real is None:
        return None
    if isinstance(real, (tuple, list)):
        return tuple(_given(builder, one, (*path, place), stored) for place, one in enumerate(real))
    if not isinstance(real, Tensor):
        raise Refused(f"is not modelled, and gives {type(real).__name__} instead of tensors")
    builder.real = real
    return _layer(builder, real, path) if stored and real.is_floating_point() else builder.derived(real, path)


def _layer(builder: Builder, real: Tensor, path: Path) -> Value:
    apply, values = builder.call
    if not real.numel():
        raise Refused("gives an empty tensor")
    joined = torch.cat([value.index.reshape(-1) for value in values])
    sources = builder.tensors.of(joined)
    local = {id(value): builder.tensors.local(value.index, sources) for value in values}

    again = _Again(f"operation {builder.name!r} ({builder.operation})", apply, path, real.shape)

    def function(streams: Tensor) -> Tensor:
        def numbers(value: Value) -> Tensor:
            places = local[id(value)]
            found = torch.where(places == ZERO, torch.zeros(()), streams[places.clamp(min=0)])
            return found.to(value.real.dtype)

        return as_stored(again(numbers)).float()

    work = Unmodelled(function, 0 if any(path) else _macs(apply))
    shape = tuple(as_stored(real).shape)
    return builder.stored(builder.emit(work, sources, [one.shape for one in sources], shape))


@attrs.frozen
class _Again:
    """An operation run again on other values: BadInput where these change the shape that it gives."""

    what: str
    apply: Apply
    path: Path
    shape: torch.Size

    def __call__(self, numbers: Callable[[Value], Tensor]) -> Tensor:
        """What `path` leads to in what the operation gives for `numbers`."""
        try:
            made = inside(self.apply(numbers), self.path)
        except (IndexError, RuntimeError, ValueError) as error:
            raise self._fault(f"or cannot be computed: {first_line(error)}") from error
        if made.shape != self.shape:
            raise self._fault(f"{list(self.shape)} for the first image, {list(made.shape)} for its codes or another's")
        return made

    def _fault(self, said: str) -> BadInput:
        return BadInput(f"{self.what} gives a shape that depends on the values: {said}", key="workload.network")


def _macs(apply: Apply) -> int:
    """Multiply-accumulates of an image, as far as torch counts them; inside mkldnn's LSTM it does not."""
    from torch.backends import mkldnn
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.utils.flop_counter import FlopCounterMode

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what other machines have
        with sdpa_kernel(SDPBackend.MATH), mkldnn.flags(enabled=False), FlopCounterMode(display=False) as counter:
            apply(lambda value: value.real.clone())
    flops: int = counter.get_total_flops()
    return flops // 2
