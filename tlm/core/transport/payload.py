"""The generic payload: one transaction, with TLM-2.0's attributes, statuses and defaults."""

from __future__ import annotations

from enum import IntEnum
from typing import Any, TypeVar

Extension = TypeVar("Extension")


class Command(IntEnum):
    """What the target is asked to do."""

    READ = 0
    WRITE = 1
    IGNORE = 2


class Status(IntEnum):
    """The target's answer; positive is success, zero and negative are errors."""

    OK = 1
    INCOMPLETE = 0
    GENERIC_ERROR = -1
    ADDRESS_ERROR = -2
    COMMAND_ERROR = -3
    BURST_ERROR = -4
    BYTE_ENABLE_ERROR = -5


# Module constants too: attribute access on an enum class is slow in the event path.
READ, WRITE, IGNORE = Command
OK = Status.OK
INCOMPLETE = Status.INCOMPLETE
GENERIC_ERROR = Status.GENERIC_ERROR
ADDRESS_ERROR = Status.ADDRESS_ERROR
COMMAND_ERROR = Status.COMMAND_ERROR
BURST_ERROR = Status.BURST_ERROR
BYTE_ENABLE_ERROR = Status.BYTE_ENABLE_ERROR


class Payload:
    """One transaction of `data_length` bytes at `address`.

    `data` is bytes-like (writable for a read) or None for timing only; `data_length` stands on its own. `byte_enable`
    is a mask of bytes, 0 for those left out, repeated along the data; where `streaming_width` is less than the length,
    the address wraps back to the start every so many bytes. An initiator sets all of it before each sending, the status
    to INCOMPLETE and `dmi_allowed` to False; one object is one transaction at a time. `milestones` tells where the
    transaction's time went: (time_fs, reason) pairs in order of time, each meaning "until then it was held by this
    reason"; whoever holds it appends.
    """

    __slots__ = (
        "address",
        "byte_enable",
        "command",
        "data",
        "data_length",
        "dmi_allowed",
        "extensions",
        "milestones",
        "response_status",
        "streaming_width",
    )

    def __init__(
        self,
        command: Command = IGNORE,
        address: int = 0,
        data: Any = None,
        data_length: int | None = None,
        streaming_width: int | None = None,
    ) -> None:
        self.command = command
        self.address = address
        self.data = data
        self.data_length = (0 if data is None else len(data)) if data_length is None else data_length
        self.streaming_width = self.data_length if streaming_width is None else streaming_width
        self.byte_enable: bytes | None = None
        self.dmi_allowed = False
        self.response_status = INCOMPLETE
        self.extensions: dict[type, Any] | None = None
        self.milestones: list[tuple[int, str]] = []

    @property
    def byte_enable_length(self) -> int:
        """Bytes of the mask, 0 where there is none."""
        return 0 if self.byte_enable is None else len(self.byte_enable)

    def set_extension(self, extension: Any) -> None:
        """Attach an object of any class, in place of one of the same class."""
        if self.extensions is None:
            self.extensions = {}
        self.extensions[type(extension)] = extension

    def get_extension(self, cls: type[Extension]) -> Extension | None:
        """The extension of class `cls`, None where there is none."""
        return None if self.extensions is None else self.extensions.get(cls)

    def clear_extension(self, cls: type) -> None:
        """Detach the extension of class `cls`, where there is one."""
        if self.extensions is not None:
            self.extensions.pop(cls, None)

    @property
    def is_response_ok(self) -> bool:
        """True where the target did what was asked."""
        return self.response_status > 0

    @property
    def is_response_error(self) -> bool:
        """True for every status but OK; INCOMPLETE counts as an error."""
        return self.response_status <= 0

    @property
    def response_string(self) -> str:
        """The status by name, as TLM_OK_RESPONSE is "OK"."""
        return name_of(Status, self.response_status)

    def __repr__(self) -> str:
        command, status = name_of(Command, self.command), name_of(Status, self.response_status)
        return f"Payload({command} 0x{self.address:x}, {self.data_length} B, {status})"


def name_of(kind: type[IntEnum], value: Any) -> str:
    """The name of a value, also of a bare number; of one that is none of `kind`, its own name or what it is."""
    return kind(value).name if value in kind._value2member_map_ else str(getattr(value, "name", value))
