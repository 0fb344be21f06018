"""The off-chip memory of a scenario: a standard by name or path, and what a user may change of it."""

from __future__ import annotations

from typing import Literal

import attrs

from ..inputs.ranges import Range

QUEUE = Range(above=0, most=4096)
POSITIVE = Range(above=0, most=4096, optional=True)
SIZE = Range(above=0, most=1 << 30)


@attrs.frozen
class MemorySpec:
    """Fields left None take the standard's own value; sizes are bytes."""

    standard: str = "hbm"
    channels: int | None = attrs.field(default=None, validator=POSITIVE)
    ranks: int | None = attrs.field(default=None, validator=POSITIVE)
    width: int | None = attrs.field(default=None, validator=POSITIVE, metadata={"doc": "bits a channel"})
    mapping: str | None = None
    page: Literal["open", "closed"] = "open"
    read_queue: int = attrs.field(default=32, validator=QUEUE, metadata={"doc": "reads a channel holds, in bursts"})
    write_queue: int = attrs.field(default=32, validator=QUEUE, metadata={"doc": "writes a channel holds, in bursts"})
    bank_queue: int = attrs.field(default=8, validator=QUEUE, metadata={"doc": "commands a bank holds, in bursts"})
    outstanding: int = attrs.field(default=64 * 1024, validator=SIZE, metadata={"unit": "B"})
    request: int = attrs.field(default=2 * 1024, validator=SIZE, metadata={"unit": "B"})
