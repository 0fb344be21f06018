"""One layer in the making: what it computes on real numbers, before scales and codes are known."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Literal

import attrs
import torch
import torch.nn.functional as F
from torch import Tensor

from .activations import Activation
from .layer import Pool
from .quantisation import Reals
from .values import Shape, Stored, from_stream, streamed

Pair = tuple[int, int]


@attrs.frozen(eq=False)
class Affine:
    """What normalisation multiplies each filter by, and what it then adds; [F] each."""

    gain: Reals
    shift: Reals

    def after(self, first: Affine | None) -> Affine:
        """`first`, then this."""
        return self if first is None else Affine(self.gain * first.gain, self.gain * first.shift + self.shift)


@attrs.frozen(eq=False)
class Product:
    """A convolution, [F, C / groups, Ky, Kx], or a fully connected layer, [F, C]; then, filter by filter, `affine`.

    `layer` is the checkpoint's name of the weights. `columns` are the columns of `weight` in the order in which a
    fully connected layer's input arrives; None where that is torch's. `scales_only`: weights of 1 that stand for
    nothing but their `affine`. `tables`: how many filters' activations differ, see Layer.
    """

    layer: str
    weight: Tensor
    bias: Tensor | None
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    dilation: Pair = (1, 1)
    groups: int = 1
    columns: Tensor | None = None
    affine: Affine | None = None
    scales_only: bool = False

    @property
    def kind(self) -> Literal["conv", "fc"]:
        """As `Layer.kind`."""
        return "conv" if self.weight.ndim == 4 else "fc"

    def real(self, parts: tuple[Tensor, ...], out: Shape) -> Tensor:
        """Its result for its operands [N, ...], before any activation."""
        if self.kind == "fc":
            values = join_streams(parts)
            if self.columns is not None:
                ordered = torch.empty_like(values)
                ordered[:, self.columns] = values
                values = ordered
            made = F.linear(values, self.weight, self.bias)
        else:
            values = pad_far(torch.cat(parts, 1), self, out[1:])
            made = F.conv2d(values, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups)
            made = made[:, :, : out[1], : out[2]]
        if self.affine is None:
            return made
        shape = (1, -1, *[1] * (made.ndim - 2))
        gain, shift = (torch.from_numpy(part).float().reshape(shape) for part in (self.affine.gain, self.affine.shift))
        return made * gain + shift


@attrs.frozen(eq=False)
class Combination:
    """A pointwise operation, as in `Pointwise`; `factors` are what sums and moves multiply their operands by."""

    op: Literal["add", "multiply", "move", "lstm-cell", "lstm-hidden"]
    factors: tuple[float, ...] = ()
    index: Tensor | None = None

    def real(self, parts: tuple[Tensor, ...], out: Shape) -> Tensor:
        """Its result for its operands [N, ...], before any activation."""
        return _COMBINE[self.op](self, parts, out)

    def _add(self, parts: tuple[Tensor, ...], _out: Shape) -> Tensor:
        made = self.factors[0] * parts[0]
        for factor, part in zip(self.factors[1:], parts[1:], strict=True):
            made = made + factor * part
        return made

    def _multiply(self, parts: tuple[Tensor, ...], _out: Shape) -> Tensor:
        made = parts[0]
        for part in parts[1:]:
            made = made * part
        return made

    def _move(self, parts: tuple[Tensor, ...], out: Shape) -> Tensor:
        streams = join_streams(tuple(factor * part for factor, part in zip(self.factors, parts, strict=True)))
        if self.index is None:
            return from_stream(streams, out)
        return gathered(streams, self.index).reshape(-1, *out)

    def _cell(self, parts: tuple[Tensor, ...], _out: Shape) -> Tensor:
        gates, cell = parts
        i, f, g, _o = gates.chunk(4, 1)
        return f * cell + i * g

    def _hidden(self, parts: tuple[Tensor, ...], _out: Shape) -> Tensor:
        gates, cell = parts
        return gates.chunk(4, 1)[3] * cell.tanh()


_COMBINE: dict[str, Callable[[Combination, tuple[Tensor, ...], Shape], Tensor]] = {
    "add": Combination._add,
    "multiply": Combination._multiply,
    "move": Combination._move,
    "lstm-cell": Combination._cell,
    "lstm-hidden": Combination._hidden,
}


@attrs.frozen(eq=False)
class Unmodelled:
    """An operation that nobody models: `function` of one image's operand streams, [values], laid one after the other.

    It gives the result as it is stored. `macs` are the multiply-accumulates of an image.
    """

    function: Callable[[Tensor], Tensor]
    macs: int

    def real(self, parts: tuple[Tensor, ...], _out: Shape) -> Tensor:
        """Its result for its operands [N, ...]."""
        return torch.stack([self.function(image) for image in join_streams(parts)])


Work = Product | Combination | Unmodelled


@attrs.define(eq=False)
class Stage:
    """One layer: from the stored tensors `sources`, seen in `shapes`, to the stored tensor `output`.

    `out` is the shape of what `work` gives; then come the activation and the pooling.
    """

    name: str
    operation: str
    work: Work
    sources: tuple[Stored, ...]
    shapes: tuple[Shape, ...]
    out: Shape
    output: Stored
    activation: Activation | None = None
    pool: Pool | None = None

    @property
    def layer(self) -> str:
        """The checkpoint's name of its weights; "" where it has none."""
        return self.work.layer if isinstance(self.work, Product) and not self.work.scales_only else ""

    def is_copy(self) -> bool:
        """Whether it does nothing to the one tensor that it reads but what follows: activation and pooling."""
        return self.factor == 1

    @property
    def factor(self) -> float | None:
        """What it multiplies the one tensor that it reads by, before what follows; None where it does more."""
        work = self.work
        return work.factors[0] if isinstance(work, Combination) and work.op == "move" and work.index is None else None

    def parts(self, tensors: dict[int, Tensor]) -> tuple[Tensor, ...]:
        """Its operands [N, *shape], of all `tensors` [N, ...] by number."""
        return tuple(seen(tensors[one.number], shape) for one, shape in zip(self.sources, self.shapes, strict=True))


def identity(values: Tensor) -> Hashable:
    """What tells a tensor from all others that there are: where its values lie, and how they are read there."""
    return values.data_ptr(), tuple(values.shape), values.stride(), values.dtype


def seen(values: Tensor, shape: Shape) -> Tensor:
    """A stored tensor [N, ...] as [N, *shape], of the same stream."""
    return values if values.shape[1:] == shape else from_stream(streamed(values), shape).contiguous()


def join_streams(parts: tuple[Tensor, ...]) -> Tensor:
    """Operands [N, ...] as streams one after the other, [N, all values]."""
    return streamed(parts[0]) if len(parts) == 1 else torch.cat([streamed(part) for part in parts], 1)


def gathered(streams: Tensor, index: Tensor) -> Tensor:
    """[N, values of `index`] from streams [N, values]; 0 where the index is negative."""
    flat = index.reshape(-1)
    return torch.where(flat < 0, torch.zeros((), dtype=streams.dtype), streams[:, flat.clamp(min=0)])


def pad_far(values: Tensor, work: Product, out: Shape) -> Tensor:
    """Zeros below and to the right, where windows reach beyond what `padding` adds there."""
    far = []
    for axis in (1, 0):
        reach = (out[axis] - 1) * work.stride[axis] + (work.weight.shape[2 + axis] - 1) * work.dilation[axis] + 1
        far += [0, max(reach - values.shape[2 + axis] - 2 * work.padding[axis], 0)]
    return F.pad(values, far) if any(far) else values


def real_pool(values: Tensor, pool: Pool) -> Tensor:
    """`pool` on real numbers [N, F, Y, X]."""
    padded = F.pad(values, pool_padding(pool, values.shape[2:]), value=-torch.inf if pool.kind == "max" else 0.0)
    reach = [(pool.out[axis] - 1) * pool.stride[axis] + pool.kernel[axis] for axis in (0, 1)]
    padded = padded[:, :, : reach[0], : reach[1]]
    if pool.kind == "max":
        return F.max_pool2d(padded, pool.kernel, pool.stride)
    sums: Tensor = F.avg_pool2d(padded, pool.kernel, pool.stride, divisor_override=1)
    return sums / torch.from_numpy(pool.counts((values.shape[2], values.shape[3])))


def pool_padding(pool: Pool, map_size: Shape) -> list[int]:
    """What F.pad adds: the pool's padding, and on the far sides as much as the last window overhangs."""
    far = []
    for axis in (1, 0):
        reach = (pool.out[axis] - 1) * pool.stride[axis] + pool.kernel[axis]
        far += [pool.padding[axis], max(reach - map_size[axis] - pool.padding[axis], 0)]
    return far
