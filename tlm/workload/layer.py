"""A layer as the machines see it: integer tensors, geometry, and what happens to its accumulators."""

from __future__ import annotations

from typing import Any, Literal

import attrs
import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.integer[Any]]
#: Kinds of layers that a machine may have a cycle rule for.
Ruled = Literal["conv", "fc", "pointwise"]
Kind = Literal[Ruled, "other"]


@attrs.frozen
class Requant:
    """out = clamp(((acc * m + 2^(s-1)) >> s) + z, low, high), in int64; `low` 0 is the ReLU.

    `multiplier` m and `shift` s (>= 1) are int64 arrays of shape [1] (per tensor) or [F] (per filter). m is below 0
    only for filters that normalisation turns round and whose weights have a zero that is not 0.
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
    (2*s + n) // (2*n), rounded to nearest, ties up; n is how many places of the window lie in the map and as far around
    it as `counted` says (the whole padding, or nothing of it): the kernel's size where no window reaches beyond.
    """

    kind: Literal["max", "average"]
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]
    out: tuple[int, int]
    counted: tuple[int, int] = (0, 0)

    def counts(self, map_size: tuple[int, int]) -> Ints:
        """[out_y, out_x] the n of every average over a map of `map_size`."""
        by_axis = []
        for axis, size in enumerate(map_size):
            begin = np.arange(self.out[axis]) * self.stride[axis] - self.padding[axis]
            edges = (-self.counted[axis], size + self.counted[axis])
            by_axis.append(np.diff(np.clip([begin, begin + self.kernel[axis]], *edges), axis=0)[0])
        return np.outer(*by_axis)


@attrs.frozen(eq=False)
class Pointwise:
    """What a layer without weights computes from its operands x_i, value by value; z_i are `zeros`, m_i `multipliers`.

    `add`: the sum of m_i (x_i - z_i). `multiply`: the product of (x_i - z_i). In both an operand of size 1 along a
    direction stands for all of that direction (`Layer.parts` has it in the shape that it is read in). `move`: value k
    of the result, in torch's order, is m_i (x_i[j] - z_i) where `index[k]` is the place of that value in the operands'
    streams laid one after the other, and 0 where it is -1. `lstm-cell`, of the gates [4H] in torch's order i, f, g, o
    and the cell [H]: m_0 f cell + m_1 i g. `lstm-hidden`, of the same gates and the new cell: o `table`[cell], the
    table being of tanh, indexed from the least code. Results are int64 accumulators, which requantisation follows.
    """

    op: Literal["add", "multiply", "move", "lstm-cell", "lstm-hidden"]
    multipliers: tuple[int, ...] = ()
    zeros: tuple[int, ...] = ()
    index: Ints | None = None
    table: Ints | None = None


@attrs.frozen(eq=False)
class Layer:
    """One layer over all images N of the run.

    A convolution or fully connected layer multiplies its weights with its input; a `pointwise` one has none and
    computes what `pointwise` says; an `other` one is an operation that nobody models: its outputs are given.

    Shapes: `inputs` conv [N, C, H, W], fc [N, C]; `weights` conv [F, C / groups, Ky, Kx], fc [F, C], else [0];
    `bias` int64 [F] or None; `accumulators`, torch's int64 result with the bias, conv [N, F, Oy, Ox],
    fc [N, F], pointwise either; of the real numbers' codes: a value minus its zero (`input_zero`, `weight_zero`,
    the codes of real 0), padding being the code `input_zero`. Pairs are (y, x); `padding` is what lies above and to
    the left of the map, and as much as the windows of `out_size` reach below and to the right of it. `outputs` is the
    tensor the next layer reads, [N, F, Py, Px] (pooled) or [N, F]: what leaves this layer. For a layer that stands
    alone (traces), `requant` is None and `outputs` is the next layer's own tensor in that layer's shape, or for the
    last layer its accumulators clipped to `bits`.
    `table`, [tables, entries], follows requantisation and precedes pooling: filter f's code q becomes
    table[f * tables // F, q - requant.low].
    `bits` is the storage width of values; `act_bits` (P) and `weight_bits` (Pw) are the profile precisions,
    sign included. `full_precision`: a checkpoint that has codes for weights has none for these.

    `sources` are the numbers of the tensors it reads (see Workload; () is the one before it), `parts` these
    tensors, [N, C, H, W] or [N, C] each, in the shape that this layer sees them in: their streams are what was put
    out; () where `inputs` is the only one. Of several, `inputs` holds them joined:
    along the channels (`join` "channels": conv, or fc over streams of maps joined so), or as streams one after the
    other (`join` "sequence": [N, all their values]).
    `operation` names what a pointwise or other layer was in the user's module; `other_macs` are the
    multiply-accumulates of an image that an `other` layer stands for.
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
    dilation: tuple[int, int] = (1, 1)
    input_zero: int = 0
    weight_zero: int = 0
    table: Ints | None = None
    pointwise: Pointwise | None = None
    sources: tuple[int, ...] = ()
    parts: tuple[Ints, ...] = ()
    join: Literal["channels", "sequence"] = "channels"
    operation: str = ""
    other_macs: int = 0
    full_precision: bool = False

    @property
    def operands(self) -> tuple[Ints, ...]:
        """The tensors it reads, in the order of `sources`."""
        return self.parts or (self.inputs,)

    @property
    def images(self) -> int:
        """How many images the tensors hold."""
        return int(self.inputs.shape[0])

    @property
    def filters(self) -> int:
        """F, over all groups: channels of the accumulators."""
        return int(self.accumulators.shape[1])

    @property
    def out_size(self) -> tuple[int, int]:
        """(Oy, Ox) of the accumulators, before pooling; (1, 1) where they are no map."""
        if self.accumulators.ndim == 2:
            return (1, 1)
        return (int(self.accumulators.shape[2]), int(self.accumulators.shape[3]))

    @property
    def macs(self) -> int:
        """Multiply-accumulates for one image, padding included."""
        if self.kind in ("pointwise", "other"):
            return self.other_macs
        oy, ox = self.out_size
        return int(np.prod(self.weights.shape)) * oy * ox

    @property
    def signed_inputs(self) -> bool:
        """Whether any activation, over all images, is negative."""
        return bool((self.inputs < 0).any())


@attrs.frozen(eq=False)
class Workload:
    """A network ready to run: its layers in order and, where known, what the images are.

    `chained`: layers read what others have put out (a captured network, not traces). Tensors are numbered: the
    network's `inputs` first, then each layer's outputs; a layer reads earlier ones only. `results` are the numbers of
    those that the network gives; () is the last one. `note` is what every result is to say of its tensors.
    """

    name: str
    layers: tuple[Layer, ...]
    chained: bool
    labels: tuple[int, ...] | None = None
    predictions: tuple[int, ...] | None = None
    inputs: int = 1
    results: tuple[int, ...] = ()
    note: str = ""

    def sources(self, layer: int) -> tuple[int, ...]:
        """The numbers of the tensors that layer number `layer` reads."""
        return self.layers[layer].sources or (self.inputs + layer - 1,)

    def output(self, layer: int) -> int:
        """The number of the tensor that layer number `layer` puts out."""
        return self.inputs + layer

    @property
    def given(self) -> tuple[int, ...]:
        """The numbers of the tensors that the network gives."""
        return self.results or (self.output(len(self.layers) - 1),)

    @property
    def tensors(self) -> int:
        """How many tensors there are."""
        return self.inputs + len(self.layers)

    def readers(self, tensor: int) -> tuple[int, ...]:
        """The numbers of the layers that read tensor number `tensor`, in order."""
        return tuple(layer for layer in range(len(self.layers)) if tensor in self.sources(layer))

    def values(self, tensor: int) -> Ints | None:
        """Tensor number `tensor`, over all images, as it was put out, or as an input's first reader has it, if any."""
        if tensor >= self.inputs:
            return self.layers[tensor - self.inputs].outputs
        for layer in self.readers(tensor):
            return self.layers[layer].operands[self.sources(layer).index(tensor)]
        return None

    def precision(self, tensor: int) -> int:
        """The profile's, of tensor number `tensor`: the widest of its readers', in bits; unread, the storage width."""
        return max((self.layers[layer].act_bits for layer in self.readers(tensor)), default=self.layers[0].bits)


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
