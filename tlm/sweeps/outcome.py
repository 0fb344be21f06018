"""What a point came to: the numbers a sweep compares, and the whole result document."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from typing import Any

import attrs

from tlm.inputs.errors import BadInput
from tlm.result import Result

DONE = "done"

#: What else a point may come to: its scenario cannot be run; an error of the run's own; its process ended.
BAD_INPUT, CHECK_FAILED, DEADLOCK, ERROR, DIED = "bad input", "check failed", "deadlock", "error", "died"

#: The numbers of a point that was done, and whether more is better.
MEASURES = {
    "cycles": False,
    "time_fs": False,
    "energy_j": False,
    "area_mm2": False,
    "offchip_bytes": False,
    "images_per_s": True,
}


@attrs.frozen
class Outcome:
    """One point's: what is None is not known, or was never reached. `result` is the JSON document, zlib-compressed.

    `wall_s` is what its process took for it.
    """

    status: str
    message: str | None = None
    cycles: int | None = None
    time_fs: int | None = None
    energy_j: float | None = None
    area_mm2: float | None = None
    offchip_bytes: int | None = None
    images_per_s: float | None = None
    wall_s: float | None = None
    result: bytes | None = attrs.field(default=None, repr=False)

    def measure(self, name: str) -> float | None:
        """One of MEASURES."""
        found: float | None = getattr(self, name)
        return found

    def costs(self, names: Sequence[str]) -> tuple[float, ...] | None:
        """What a front of these measures compares, where less is better; None where one of them is not known."""
        values = [self.measure(name) for name in names]
        pairs = zip(names, values, strict=True)
        signed = [-value if MEASURES[name] else value for name, value in pairs if value is not None]
        return tuple(signed) if len(signed) == len(values) else None

    def document(self) -> Any:
        """The result document, or None."""
        return None if self.result is None else json.loads(zlib.decompress(self.result))


def outcome_of(result: Result, wall_s: float) -> Outcome:
    """A run's that reached its end."""
    document = zlib.compress(json.dumps(result.as_json(), allow_nan=False).encode())
    measures = {name: getattr(result, name) for name in MEASURES}
    return Outcome(DONE, **measures, wall_s=wall_s, result=document)


def measures_of(text: str | None) -> list[str]:
    """The measures that `--pareto` names, each once; none where it is not given."""
    names = [] if text is None else [name.strip() for name in text.split(",")]
    for name in names:
        if name not in MEASURES:
            raise BadInput(f"there is nothing {name!r} to compare", key="--pareto", given=name, allowed=MEASURES)
    return list(dict.fromkeys(names))
