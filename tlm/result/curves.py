"""What changes from step to step of something, such as a training run from epoch to epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs


@attrs.frozen
class Curves:
    """{what: one figure a step}, all in one `unit`; they need not be equally long."""

    title: str
    unit: str
    series: Mapping[str, Sequence[float]]
