"""Direct memory interface: a target lends its bytes, and an initiator reads and writes them without a transaction."""

from __future__ import annotations

from enum import IntFlag

#: The end of a range that is the whole address space.
LAST_ADDRESS = 2**64 - 1


class Access(IntFlag):
    """What is granted."""

    NONE = 0
    READ = 1
    WRITE = 2
    READ_WRITE = 3


class Dmi:
    """A target's answer: true where something is granted for `start` to `end`, both included.

    `memory` is a view of these bytes, or None where only latencies are told; a read or write of any length takes
    `read_latency` or `write_latency` fs. What is refused has a range too: there is no use in asking again for it. It
    holds until the target invalidates the range.
    """

    __slots__ = ("access", "end", "memory", "read_latency", "start", "write_latency")

    def __init__(
        self,
        start: int = 0,
        end: int = LAST_ADDRESS,
        memory: memoryview | None = None,
        access: Access = Access.NONE,
        read_latency: int = 0,
        write_latency: int = 0,
    ) -> None:
        self.start = start
        self.end = end
        self.memory = memory
        self.access = access
        self.read_latency = read_latency
        self.write_latency = write_latency

    def __bool__(self) -> bool:
        return bool(self.access)

    def __repr__(self) -> str:
        return f"Dmi(0x{self.start:x}..0x{self.end:x}, {self.access.name})"
