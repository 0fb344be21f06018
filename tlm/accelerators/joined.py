"""How a layer's operands lie in the one stream of values that it reads: joined along the channels, or in sequence."""

from __future__ import annotations

import attrs
import numpy as np

from ..workload.layer import Ints, Layer


@attrs.frozen
class Joined:
    """Operands of `counts` values, of which each position of the joined stream has `widths` values, side by side.

    In sequence there is one position: each operand as a whole.
    """

    counts: tuple[int, ...]
    widths: tuple[int, ...]

    @classmethod
    def of(cls, layer: Layer) -> Joined:
        """As the layer's kind and `join` have it; what is computed value by value takes its operands in sequence."""
        counts = tuple(int(operand[0].size) for operand in layer.operands)
        if layer.join == "sequence" or layer.kind in ("pointwise", "other"):
            return cls(counts, counts)
        return cls(counts, tuple(int(operand.shape[1]) for operand in layer.operands))

    @property
    def width(self) -> int:
        """Values of a position."""
        return sum(self.widths)

    def starts(self) -> list[int]:
        """Where each operand begins in a position."""
        return [sum(self.widths[:operand]) for operand in range(len(self.widths))]

    def prefixes(self, count: Ints) -> Ints:
        """[operands, ...] values of each operand among the first `count` [...] of the joined stream."""
        position, within = np.divmod(count, self.width)
        return np.stack(
            [
                position * width + np.clip(within - start, 0, width)
                for start, width in zip(self.starts(), self.widths, strict=True)
            ]
        )

    def places(self, operand: int, values: Ints) -> Ints:
        """Where values of an operand lie in the joined stream."""
        position, within = np.divmod(values, self.widths[operand])
        places: Ints = position * self.width + self.starts()[operand] + within
        return places
