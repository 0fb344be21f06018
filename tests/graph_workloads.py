"""Small networks that are graphs, in plain numpy: every kind of layer and join, their reference by plain sums."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np

from tlm.workload.layer import Ints, Layer, Pointwise, Pool, Requant, Workload, stream

BITS = 8


class Graph:
    """Layers one after the other; every method adds one and gives the number of the tensor it puts out.

    Values are 8-bit codes, signed where a layer's `signed` says so, of `images` images.
    """

    def __init__(self, *shapes: tuple[int, ...], images: int = 1, seed: int = 0) -> None:
        self.rng = np.random.default_rng(seed)
        self.images = images
        self.tensors: list[Ints] = [self._values((images, *shape)) for shape in shapes]
        self.layers: list[Layer] = []
        self.inputs = len(shapes)

    def conv(
        self,
        *sources: int,
        filters: int = 8,
        kernel: tuple[int, int] = (3, 3),
        stride: tuple[int, int] = (1, 1),
        padding: tuple[int, int] = (1, 1),
        out: tuple[int, int] | None = None,
        dilation: tuple[int, int] = (1, 1),
        groups: int = 1,
        zeros: tuple[int, int] = (0, 0),
        **rest: Any,
    ) -> int:
        """A convolution over the operands joined along their channels; `zeros` are input_zero and weight_zero."""
        parts = [self.tensors[source] for source in sources]
        joined = np.concatenate(parts, axis=1)
        weights = self.rng.integers(-20, 20, (filters, joined.shape[1] // groups, *kernel)) + zeros[1]
        same = [
            (joined.shape[2 + axis] + 2 * padding[axis] - dilation[axis] * (kernel[axis] - 1) - 1) // stride[axis] + 1
            for axis in (0, 1)
        ]
        size = out or (same[0], same[1])
        bias = self.rng.integers(-99, 99, filters)
        sums = convolved(joined - zeros[0], weights - zeros[1], stride, padding, dilation, groups, size)
        numbers: dict[str, Any] = {"stride": stride, "padding": padding, "groups": groups, "dilation": dilation}
        numbers |= {"input_zero": zeros[0], "weight_zero": zeros[1]}
        sums = sums + bias[:, None, None]
        return self._add("conv", sources, joined, sums, weights=weights, bias=bias, **numbers, **rest)

    def fc(self, *sources: int, filters: int = 10, join: str = "channels", **rest: Any) -> int:
        """Fully connected, over streams of operands joined either way."""
        parts = [self.tensors[source] for source in sources]
        if join == "channels":
            joined = streams(np.concatenate(parts, axis=1))
        else:
            joined = np.concatenate([streams(part) for part in parts], axis=1)
        weights = self.rng.integers(-20, 20, (filters, joined.shape[1]))
        return self._add("fc", sources, joined, joined @ weights.T, weights=weights, join=join, **rest)

    def add(self, *sources: int, **rest: Any) -> int:
        """A weighted sum of maps or vectors, broadcast."""
        multipliers, zeros = self._numbers(sources)
        values = self._side_by_side(sources)
        sums: Ints = sum(m * (x - z) for m, x, z in zip(multipliers, values, zeros, strict=True))  # type: ignore[assignment]
        return self._pointwise(sources, sums, Pointwise("add", multipliers, zeros), **rest)

    def multiply(self, *sources: int, **rest: Any) -> int:
        """A product of maps or vectors, broadcast."""
        _, zeros = self._numbers(sources)
        product: Ints = np.ones(1, np.int64)
        for values, zero in zip(self._side_by_side(sources), zeros, strict=True):
            product = product * (values - zero)
        return self._pointwise(sources, product, Pointwise("multiply", (), zeros), **rest)

    def move(self, *sources: int, shape: tuple[int, ...], index: Ints, **rest: Any) -> int:
        """Values gathered from the operands' streams laid one after the other; -1 is 0."""
        multipliers, zeros = self._numbers(sources)
        parts = [streams(self.tensors[source]) for source in sources]
        scaled = [m * (x - z) for m, x, z in zip(multipliers, parts, zeros, strict=True)]
        flat = np.concatenate([*scaled, np.zeros((self.images, 1), np.int64)], axis=1)
        sums = flat[:, index].reshape(self.images, *shape)
        return self._pointwise(sources, sums, Pointwise("move", multipliers, zeros, index.reshape(-1)), **rest)

    def lstm_cell(self, gates: int, cell: int) -> int:
        """The new cell."""
        i, f, g, _ = np.split(self.tensors[gates].astype(np.int64), 4, axis=1)
        sums = 3 * f * self.tensors[cell] + 5 * i * g
        return self._pointwise((gates, cell), sums, Pointwise("lstm-cell", (3, 5)), signed=True)

    def lstm_hidden(self, gates: int, cell: int) -> int:
        """The output gate times the tanh of the cell."""
        table = np.round(127 * np.tanh(np.arange(-128, 128) / 40)).astype(np.int64)
        gate = np.split(self.tensors[gates].astype(np.int64), 4, axis=1)[3]
        sums = gate * table[self.tensors[cell] + 128]
        return self._pointwise((gates, cell), sums, Pointwise("lstm-hidden", table=table), signed=True)

    def other(self, *sources: int, shape: tuple[int, ...]) -> int:
        """What nobody models."""
        outputs = self._values((self.images, *shape))
        joined = np.concatenate([streams(self.tensors[source]) for source in sources], axis=1)
        return self._append("other", sources, joined, outputs, outputs, join="sequence", operation="softmax")

    def done(self, *results: int) -> Workload:
        """The network; it gives `results`, else the last tensor."""
        return Workload("graph", tuple(self.layers), chained=True, inputs=self.inputs, results=results)

    def _pointwise(self, sources: tuple[int, ...], sums: Ints, rule: Pointwise, **rest: Any) -> int:
        joined = np.concatenate([streams(self.tensors[source]) for source in sources], axis=1)
        return self._add("pointwise", sources, joined, sums, pointwise=rule, join="sequence", operation=rule.op, **rest)

    def _add(
        self,
        kind: str,
        sources: tuple[int, ...],
        joined: Ints,
        sums: Ints,
        pool: Pool | None = None,
        signed: bool = False,
        zero: int = 0,
        tables: int = 0,
        **rest: Any,
    ) -> int:
        """Accumulators requantised to 8 bits about `zero`, looked up in `tables` and pooled."""
        low, high = (-128, 127) if signed else (0, 255)
        shift = max(1, int(np.abs(sums).max()).bit_length() + 3 - 7)
        requant = Requant(np.array([8 + (sums.size & 1)]), np.array([shift]), zero, low, high)
        codes = ((sums * requant.multiplier[0] + 2 ** (shift - 1)) >> shift) + zero
        codes = codes.clip(low, high)
        table = self.rng.integers(low, high + 1, (tables, 256)) if tables else None
        if table is not None:
            row = np.arange(sums.shape[1]) * tables // sums.shape[1]
            codes = table[row.reshape(1, -1, *[1] * (codes.ndim - 2)), codes - low]
        outputs = codes if pool is None else pooled(codes, pool, zero)
        return self._append(kind, sources, joined, sums, outputs, requant=requant, pool=pool, table=table, **rest)

    def _append(self, kind: str, sources: tuple[int, ...], joined: Ints, sums: Ints, outputs: Ints, **rest: Any) -> int:
        numbers: dict[str, Any] = {"weights": np.zeros(0, np.int64), "bias": None}
        numbers |= {"stride": (1, 1), "padding": (0, 0), "groups": 1, "bits": BITS, "act_bits": 9, "weight_bits": 8}
        layer = Layer(
            name=f"{kind}{len(self.layers)}",
            kind=kind,  # type: ignore[arg-type]
            inputs=joined,
            accumulators=sums,
            outputs=outputs,
            sources=sources,
            parts=tuple(self.tensors[source] for source in sources),
            **numbers | rest,
        )
        self.layers.append(layer)
        self.tensors.append(outputs)
        return len(self.tensors) - 1

    def _side_by_side(self, sources: tuple[int, ...]) -> list[Ints]:
        """The tensors so that numpy broadcasts them; a vector beside maps lies along the channels."""
        values = [self.tensors[source].astype(np.int64) for source in sources]
        dims = max(value.ndim for value in values)
        return [value.reshape(*value.shape, *[1] * (dims - value.ndim)) for value in values]

    def _numbers(self, sources: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
        multipliers = tuple(self.rng.integers(1, 50, len(sources)).tolist())
        return multipliers, tuple(self.rng.integers(-9, 9, len(sources)).tolist())

    def _values(self, shape: tuple[int, ...]) -> Ints:
        values = self.rng.integers(0, 256, shape) >> self.rng.integers(0, 8, shape)
        return np.asarray(np.where(self.rng.random(shape) < 0.4, 0, values))


def streams(tensor: Ints) -> Ints:
    """[N, values] of a tensor [N, ...]: each image's stream."""
    return np.stack([stream(image) for image in tensor])


def convolved(
    values: Ints,
    weights: Ints,
    stride: tuple[int, int],
    padding: tuple[int, int],
    dilation: tuple[int, int],
    groups: int,
    size: tuple[int, int],
) -> Ints:
    """[N, F, *size], tap by tap; beyond the map all is 0."""
    far = [size[axis] * stride[axis] + dilation[axis] * weights.shape[2 + axis] for axis in (0, 1)]
    padded = np.pad(values, ((0, 0), (0, 0), (padding[0], far[0]), (padding[1], far[1])))
    filters, channels = weights.shape[0] // groups, weights.shape[1]
    sums = np.zeros((len(values), weights.shape[0], *size), np.int64)
    for ky in range(weights.shape[2]):
        for kx in range(weights.shape[3]):
            y, x = ky * dilation[0], kx * dilation[1]
            seen = padded[:, :, y : y + size[0] * stride[0] : stride[0], x : x + size[1] * stride[1] : stride[1]]
            for group in range(groups):
                own = slice(group * filters, (group + 1) * filters)
                part = seen[:, group * channels : (group + 1) * channels]
                sums[:, own] += np.einsum("ncyx,fc->nfyx", part, weights[own, :, ky, kx])
    return sums


def pooled(codes: Ints, pool: Pool, zero: int) -> Ints:
    """The rule of `Pool`, window by window."""
    result = np.zeros((*codes.shape[:2], *pool.out), np.int64)
    fill = np.iinfo(np.int64).min if pool.kind == "max" else zero
    far = [pool.out[axis] * pool.stride[axis] + pool.kernel[axis] for axis in (0, 1)]
    padded = np.pad(codes, ((0, 0), (0, 0), (pool.padding[0], far[0]), (pool.padding[1], far[1])), constant_values=fill)
    for y, x in np.ndindex(pool.out):
        top, left = y * pool.stride[0], x * pool.stride[1]
        seen = padded[:, :, top : top + pool.kernel[0], left : left + pool.kernel[1]]
        count = pool.kernel[0] * pool.kernel[1]
        if pool.kind == "max":
            result[:, :, y, x] = seen.max(axis=(2, 3))
        else:
            result[:, :, y, x] = (2 * seen.sum(axis=(2, 3)) + count) // (2 * count)
    return result


def residual() -> Workload:
    """Two convolutions beside a skipped one, added; then the same with a strided, projected skip; pooled; fc."""
    net = Graph((3, 12, 10), images=2)
    first = net.conv(0, filters=20)
    deep = net.conv(net.conv(first, filters=20), filters=20, signed=True)
    added = net.add(deep, first)
    down = net.conv(added, filters=24, stride=(2, 2))
    skip = net.conv(added, filters=24, kernel=(1, 1), stride=(2, 2), padding=(0, 0), signed=True)
    pooling = Pool("average", (2, 2), (2, 2), (0, 0), (3, 2))
    last = net.add(net.conv(down, filters=24, signed=True), skip, pool=pooling)
    net.fc(last)
    return net.done()


def concatenated() -> Workload:
    """Three branches joined along the channels, read by a convolution, by pooling and by a fully connected layer."""
    net = Graph((5, 9, 9))
    branches = [
        net.conv(0, filters=6, kernel=(1, 1), padding=(0, 0)),
        net.conv(0, filters=11),
        net.conv(0, filters=3, kernel=(5, 5), padding=(2, 2)),
    ]
    joined = net.conv(*branches, filters=18)
    net.fc(*branches, filters=12)
    vector = net.fc(joined, filters=7)
    net.fc(joined, vector, *branches[:1], join="sequence", filters=9)
    return net.done(joined, len(net.tensors) - 1)


def squeezed() -> Workload:
    """Squeeze and excitation: a map averaged, through two fully connected layers, times the map."""
    net = Graph((4, 8, 8))
    body = net.conv(0, filters=40)
    whole = net.add(body, pool=Pool("average", (8, 8), (8, 8), (0, 0), (1, 1)))
    gate = net.fc(net.fc(whole, filters=6), filters=40, tables=1)
    scaled = net.multiply(body, gate)
    net.conv(net.add(scaled, body), filters=8, padding=(0, 0))
    return net.done()


def moved() -> Workload:
    """A channel shuffle, a slice with padding, a transposition, and a result that is also read."""
    net = Graph((6, 6, 4), (3, 2, 2))
    body = net.conv(0, filters=12)
    places = np.arange(12 * 24).reshape(24, 12).T.reshape(2, 6, 24).swapaxes(0, 1).reshape(-1)
    shuffled = net.move(body, shape=(12, 6, 4), index=places)
    sliced = np.full((5, 3, 3), -1)
    sliced[:, :2, :2] = np.arange(5)[:, None, None] + 12 * np.array([[0, 1], [4, 5]])
    part = net.move(shuffled, 1, shape=(5, 3, 3), index=np.where(sliced % 2 == 1, 12 * 24, sliced))
    net.conv(part, filters=4)
    net.move(body, shape=(12 * 24,), index=np.arange(12 * 24)[::-1])
    net.fc(len(net.tensors) - 1)
    return net.done(part, len(net.tensors) - 1)


def recurrent(steps: int = 3) -> Workload:
    """An LSTM, step by step: gates of the joined input and hidden state, looked up in tables; the cell; the hidden."""
    net = Graph(*[(20,)] * steps, (24,), (24,))
    hidden, cell = steps, steps + 1
    for step in range(steps):
        gates = net.fc(step, hidden, filters=96, join="sequence", signed=True, tables=4)
        cell = net.lstm_cell(gates, cell)
        hidden = net.lstm_hidden(gates, cell)
    net.fc(hidden)
    return net.done()


def shaped() -> Workload:
    """Convolutions of every shape: dilated, depthwise, of more padding below, of zeros, folded, not square."""
    net = Graph((3, 15, 11))
    first = net.conv(0, filters=16, kernel=(5, 3), stride=(2, 2), padding=(1, 0), out=(8, 6), zeros=(7, 3))
    wide = net.conv(first, filters=16, padding=(2, 3), dilation=(2, 3), zeros=(3, -2), zero=11)
    depth = net.conv(wide, filters=16, groups=16, zeros=(11, 0), tables=4, out=(9, 7), stride=(1, 1))
    pool = Pool("average", (3, 3), (2, 2), (1, 1), (5, 4), counted=(1, 1))
    narrow = net.conv(depth, filters=6, kernel=(1, 3), padding=(0, 1), pool=pool, zero=9)
    net.conv(narrow, filters=20, kernel=(3, 2), stride=(1, 2), padding=(1, 0), groups=2, zeros=(9, 1))
    return net.done()


def unmodelled() -> Workload:
    """An operation nobody models between others, of two operands, one of which is read again."""
    net = Graph((4, 7, 5))
    body = net.conv(0, filters=10)
    net.conv(0, filters=3)  # nobody reads it
    other = net.other(body, 0, shape=(10, 7, 5))
    net.fc(net.add(other, body), filters=5)
    return net.done()


def squared() -> Workload:
    """One tensor as both operands: joined with itself, multiplied by itself."""
    net = Graph((3, 6, 6))
    body = net.conv(0, filters=9)
    net.fc(net.conv(net.multiply(body, body), body, body, filters=7))
    return net.done()


NETWORKS = {
    made.__name__: made for made in (residual, concatenated, squeezed, moved, recurrent, shaped, unmodelled, squared)
}


def only_parts(workload: Workload) -> Workload:
    """The same, layers of one operand having it as their `inputs`."""
    plain = [attrs.evolve(layer, parts=()) if len(layer.sources) == 1 else layer for layer in workload.layers]
    return attrs.evolve(workload, layers=tuple(plain))
