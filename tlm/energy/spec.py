"""Which energy table a machine's figures are from."""

from __future__ import annotations

import attrs


@attrs.frozen
class EnergySpec:
    """`table` names a file of `tables/`, or a user's own by its path; `array` the figures of it that are the machine's.

    A table for one machine has no arrays to choose from: then it does not matter.
    """

    table: str
    array: str | None = None
