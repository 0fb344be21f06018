"""What every figure of the page is, in words: docs/result.md's, the reasons', what is counted, and the page's own."""

from __future__ import annotations

from pathlib import Path

import attrs
from ruamel.yaml import YAML

from ..energy import EVENTS
from ..result import ARRAY, REASONS

FILE = Path(__file__).with_name("definitions.yaml")

#: What stands for itself in docs/model.md, beside the reasons.
STATES = {
    ARRAY: "the array worked: the cycle rule's cycles, with every operand on chip",
    "busy": "it worked",
    "idle": "no work was assigned",
}


@attrs.frozen
class Definitions:
    """All there are, by name: `Layers.cycles`, `reason.startup`, `event.macs`, `Report.share`."""

    all: dict[str, str]

    def of(self, name: str) -> str:
        """What `name` is."""
        return self.all[name]


def definitions() -> Definitions:
    """Those that are shipped."""
    written = YAML(typ="safe").load(FILE.read_text(encoding="utf-8"))
    found = {f"{title}.{name}": text.strip() for title, part in written.items() for name, text in part.items()}
    found |= {f"reason.{name}": text for name, text in {**STATES, **REASONS}.items()}
    found |= {f"event.{name}": text for name, text in EVENTS.items()}
    return Definitions(found)


def of_reason(name: str) -> str | None:
    """The name of a reason's definition; of one that is none of ours there is none."""
    return f"reason.{name}" if name in REASONS or name in STATES else None


def of_event(name: str) -> str:
    """The name of an event's definition."""
    return f"event.{name}" if name in EVENTS else "Energy rows.event"
