"""A count and its cost: what every figure of energy is made of."""

from __future__ import annotations

import attrs


@attrs.frozen
class Charge:
    """`count` of an `event`, `pJ` each; for times the event is a ns, which costs as many pJ as it takes mW."""

    event: str
    count: float
    pJ: float

    @property
    def total_pJ(self) -> float:
        """All of them."""
        return self.count * self.pJ
