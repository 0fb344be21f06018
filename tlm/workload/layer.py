"""A layer as the machines see it: integer tensors, geometry, and what happens to its accumulators."""

from __future__ import annotations

from typing import Any, Literal

import attrs
import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.integer[Any]]
Kind = Literal["conv", "fc"]


@attrs.frozen
class Requant:
    """out = clamp(((acc * m + 2^(s-1)) >> s) + z, low, high), in int64; `low` 0 is the ReLU.

    `multiplier` m and `shift` s (>= 1) are int64 arrays of shape [1] (per tensor) or [F] (per filter).
    """

    multiplier: Ints
    shift: Ints
    zero: int
    low: int
    high: int


@attrs.frozen
class Pool:
    """Pooling after requantisation, over integers, on the map of one filter.

    `max`: padding never wins. `average`: the sum s of the values inside the map (padding adds zero) becomes
    (2*s + n) // (2*n), n the kernel's size kernel_y * kernel_x: rounded to nearest, ties up.
    """

    kind: Literal["max", "average"]
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]
    out: tuple[int, int]


@attrs.frozen(eq=False)
class Layer:
    """One convolution or fully connected layer over all images N of the run.

    Shapes: `inputs` conv [N, C, H, W], fc [N, C]; `weights` conv [F, C / groups, Ky, Kx], fc [F, C];
    `bias` int64 [F] or None; `accumulators`, torch's int64 result with the bias, conv [N, F, Oy, Ox],
    fc [N, F]. Pairs are (y, x). `outputs` is the tensor the next layer reads, conv [N, F, Py, Px] (pooled),
    fc [N, F]: what leaves this layer. For a layer that stands alone (traces), `requant` is None and `outputs`
    is the next layer's own tensor in that layer's shape, or for the last layer its accumulators clipped to
    `bits`.
    `bits` is the storage width of values; `act_bits` (P) and `weight_bits` (Pw) are the profile precisions,
    sign included.
    """

    name: str
    kind: Kind
    inputs: Ints
    weights: Ints
    bias: Ints | None
    accumulators: Ints
    outputs: Ints
    stride: tuple[int, int]
    padding: tuple[int, int]
    groups: int
    bits: int
    act_bits: int
    weight_bits: int
    requant: Requant | None = None
    pool: Pool | None = None

    @property
    def images(self) -> int:
        """How many images the tensors hold."""
        return int(self.inputs.shape[0])

    @property
    def filters(self) -> int:
        """F, over all groups."""
        return int(self.weights.shape[0])

    @property
    def out_size(self) -> tuple[int, int]:
        """(Oy, Ox) of the accumulators, before pooling; (1, 1) when fully connected."""
        if self.kind == "fc":
            return (1, 1)
        return (int(self.accumulators.shape[2]), int(self.accumulators.shape[3]))

    @property
    def macs(self) -> int:
        """Multiply-accumulates for one image, padding included."""
        oy, ox = self.out_size
        return int(np.prod(self.weights.shape)) * oy * ox

    @property
    def signed_inputs(self) -> bool:
        """Whether any activation, over all images, is negative."""
        return bool((self.inputs < 0).any())


@attrs.frozen(eq=False)
class Workload:
    """A network ready to run: its layers in order and, where known, what the images are.

    `chained`: each layer's outputs are the next one's inputs (a captured network, not traces).
    """

    name: str
    layers: tuple[Layer, ...]
    chained: bool
    labels: tuple[int, ...] | None = None
    predictions: tuple[int, ...] | None = None


def first_difference(found: Ints, expected: Ints) -> int | None:
    """The first place where two flat arrays of one length differ, or None."""
    wrong = np.flatnonzero(found != expected)
    return int(wrong[0]) if len(wrong) else None


def storage_bytes(values: int, bits: int) -> int:
    """Bytes that hold `values` values of `bits` bits; the last byte may be part empty."""
    return -(-values * bits // 8)


def stream(tensor: Ints) -> Ints:
    """One image's tensor as its stream of values, flat: channel fastest, then x, then y.

    `tensor` is [C, H, W] or [C].
    """
    return tensor.transpose(1, 2, 0).reshape(-1) if tensor.ndim == 3 else tensor.reshape(-1)
