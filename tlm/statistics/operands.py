"""One operand of a layer: how wide and how often zero its values are, and what each codec makes of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs

from tlm.codecs import Codec, Format, OutsideDomain, entropy_bits
from tlm.codecs.format import Ints
from tlm.inputs.blame import UserFault
from tlm.inputs.errors import BadInput
from tlm.workload.layer import storage_bytes

from .precisions import GROUPINGS, Distribution

BLOCK = 2**20  # values encoded at a time, whole containers


@attrs.frozen(eq=False)
class OperandStatistics:
    """`widths` are those of `GROUPINGS`; `profile_bits` P or Pw, None where there are several; sizes are of streams.

    `encoded_bytes` {codec: bytes, or None where the codec does not take these values}; `refused` says why not.
    """

    values: int
    zeros: int
    profile_bits: int | None
    widths: tuple[Distribution, ...]
    uncompressed_bytes: int
    encoded_bytes: Mapping[str, int | None]
    entropy_bytes: float
    refused: Mapping[str, str] = attrs.field(factory=dict)

    @property
    def zero_share(self) -> float:
        """Zeros over values."""
        return self.zeros / self.values if self.values else 0.0

    def ratio(self, codec: str) -> float | None:
        """Encoded over uncompressed; None where the codec does not take these values."""
        encoded = self.encoded_bytes[codec]
        return None if encoded is None or not self.uncompressed_bytes else encoded / self.uncompressed_bytes

    def as_json(self) -> dict[str, Any]:
        """The document, as docs/stats.md has it."""
        plain = ("values", "zeros", "zero_share", "profile_bits", "uncompressed_bytes", "entropy_bytes")
        return {
            **{name: getattr(self, name) for name in plain},
            "effective_bits": {name: one.mean for name, one in zip(GROUPINGS, self.widths, strict=True)},
            "widest_bits": self.widths[0].widest,
            "cumulative": {name: one.cumulative for name, one in zip(GROUPINGS, self.widths, strict=True)},
            "encoded_bytes": dict(self.encoded_bytes),
            "refused": dict(self.refused),
        }


@attrs.frozen(eq=False)
class Stored:
    """A tensor, in torch's order, as it is stored: the flat `streams` that its values lie in, and their format."""

    tensor: Ints
    streams: Sequence[Ints]
    fmt: Format

    def encoded_bytes(self, codec: Codec) -> int:
        """Under a codec; BadInput, told of the tensor, where that does not store it."""
        try:
            return sum(-(-_bits(one, codec, self.fmt) // 8) for one in self.streams)
        except OutsideDomain as error:
            raise error.within(self.tensor) from None


def of_tensors(
    tensors: Sequence[Stored],
    widths: Iterable[tuple[Distribution, ...]],
    codecs: Mapping[str, Codec],
    zero: int,
    profile_bits: int,
) -> OperandStatistics:
    """What is to be said of an operand that is `tensors`, of whose streams `widths` are the distributions."""
    encoded, refused = _encoded(tensors, codecs)
    streams = [stream for one in tensors for stream in one.streams]
    return OperandStatistics(
        values=sum(one.size for one in streams),
        zeros=sum(int((one == zero).sum()) for one in streams),
        profile_bits=profile_bits,
        widths=_added(widths),
        uncompressed_bytes=sum(storage_bytes(stream.size, one.fmt.bits) for one in tensors for stream in one.streams),
        encoded_bytes=encoded,
        entropy_bytes=sum(map(entropy_bits, streams)) / 8,
        refused=refused,
    )


def total(operands: Sequence[OperandStatistics]) -> OperandStatistics:
    """Several operands as one; a codec that does not take one of them does not take all."""
    refused = {name: why for one in operands for name, why in one.refused.items()}
    precisions = {one.profile_bits for one in operands}
    names = operands[0].encoded_bytes
    return OperandStatistics(
        values=sum(one.values for one in operands),
        zeros=sum(one.zeros for one in operands),
        profile_bits=precisions.pop() if len(precisions) == 1 else None,
        widths=_added(one.widths for one in operands),
        uncompressed_bytes=sum(one.uncompressed_bytes for one in operands),
        encoded_bytes={
            name: None if name in refused else sum(one.encoded_bytes[name] or 0 for one in operands) for name in names
        },
        entropy_bytes=sum(one.entropy_bytes for one in operands),
        refused=refused,
    )


def _added(parts: Iterable[tuple[Distribution, ...]]) -> tuple[Distribution, ...]:
    first, *others = parts
    for other in others:
        first = tuple(one + more for one, more in zip(first, other, strict=True))
    return first


def _encoded(tensors: Sequence[Stored], codecs: Mapping[str, Codec]) -> tuple[dict[str, int | None], dict[str, str]]:
    """{codec: bytes of all streams, or None} and {codec: why it does not take them}."""
    encoded: dict[str, int | None] = {}
    refused: dict[str, str] = {}
    for name, codec in codecs.items():
        try:
            encoded[name] = sum(one.encoded_bytes(codec) for one in tensors)
        except UserFault:
            raise
        except BadInput as error:
            encoded[name], refused[name] = None, error.message
    return encoded, refused


def _bits(values: Ints, codec: Codec, fmt: Format) -> int:
    """A stream's encoded size; containers stand alone, so it is measured block by block."""
    blocks = (values[start : start + BLOCK] for start in range(0, values.size, BLOCK))
    return sum(int(codec.sizes_bits(block, fmt).sum()) for block in blocks)
