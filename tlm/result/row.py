"""One figure of a paper beside the model's."""

from __future__ import annotations

from typing import Any

import attrs


@attrs.frozen
class Row:
    """One figure: `published` None cannot be read off the paper, `model` None is not reached, and `notes` say why.

    `inputs` say what the model started from: published, trained here, assumed.
    """

    where: str
    network: str
    measure: str
    unit: str
    published: float | None
    model: float | None
    inputs: str
    notes: tuple[str, ...] = ()

    @property
    def quantity(self) -> str:
        """What it is of which network, with its unit."""
        return f"{self.network}: {self.measure} ({self.unit})"

    @property
    def note(self) -> str:
        """All that is to be known of it."""
        return "; ".join(self.notes)

    @property
    def ratio(self) -> float | None:
        """The model's figure over the published one, where both are there."""
        if self.model is None or not self.published:
            return None
        return self.model / self.published

    def as_json(self) -> dict[str, Any]:
        """The document's row."""
        names = ("where", "quantity", "network", "unit", "published", "model", "ratio", "inputs", "note")
        return {name: getattr(self, name) for name in names}
