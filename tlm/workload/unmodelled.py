"""Operations that nobody models: their results are torch's, in floating point, and the layers say what they were."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from .builder import Builder, Refused
from .stage import Unmodelled
from .values import ZERO, Derived, Value, as_stored

#: Runs an operation on what a function makes of each Value among its arguments.
Apply = Callable[[Callable[[Value], Tensor]], Any]


def unmodelled(builder: Builder) -> Any:
    """The operation as a layer of kind "other"; one for each of the tensors that it gives."""
    real = builder.real
    if isinstance(real, Tensor):
        return _given(builder, real, None)
    if not isinstance(real, (tuple, list)) or not all(one is None or isinstance(one, Tensor) for one in real):
        raise Refused(f"is not modelled, and gives {type(real).__name__} instead of tensors")
    made = []
    for place, one in enumerate(real):
        builder.real = one
        made.append(one if one is None else _given(builder, one, place))
    return tuple(made)


def _given(builder: Builder, real: Tensor, place: int | None) -> Value | Derived:
    apply, values = builder.call
    if not real.numel():
        raise Refused("gives an empty tensor")
    if not real.is_floating_point():
        return builder.derived(real, place)
    joined = torch.cat([value.index.reshape(-1) for value in values])
    sources = builder.tensors.of(joined)
    local = {id(value): builder.tensors.local(value.index, sources) for value in values}

    def function(streams: Tensor) -> Tensor:
        def numbers(value: Value) -> Tensor:
            places = local[id(value)]
            return torch.where(places == ZERO, torch.zeros(()), streams[places.clamp(min=0)])

        made: Any = apply(numbers)
        return as_stored(made if place is None else made[place])

    work = Unmodelled(function, 0 if place else _macs(apply))
    shape = tuple(as_stored(real).shape)
    return builder.stored(builder.emit(work, sources, [one.shape for one in sources], shape))


def _macs(apply: Apply) -> int:
    """Multiply-accumulates of an image, as far as torch counts them."""
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.utils.flop_counter import FlopCounterMode

    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        apply(lambda value: value.real.clone())
    flops: int = counter.get_total_flops()
    return flops // 2
