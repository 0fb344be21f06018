"""What the base protocol asks of a payload, a DMI answer and a byte count."""

from __future__ import annotations

from typing import Any

from ..transport.dmi import Dmi
from ..transport.payload import IGNORE, INCOMPLETE, READ, WRITE, Payload
from ..transport.protocol import named

#: What is wrong, and the clause that says so where that is more than the rule's own.
Fault = tuple[str, str | None]


def unready(payload: Payload) -> Fault | None:
    """What keeps `payload` from being sent, None where it is as it must be."""
    if payload.response_status is not INCOMPLETE and payload.response_status != INCOMPLETE:
        return f"its status is {named(payload.response_status)} when it is sent, not INCOMPLETE", "14.17 e"
    if payload.dmi_allowed:
        return "its dmi_allowed is True when it is sent", "14.16"
    if payload.byte_enable is not None and not payload.byte_enable:
        return "its byte enable mask is empty", "14.14 f"
    return _unready_data(payload) if payload.command in _MOVES_DATA else _not_ignore(payload)


def unready_for_debug(payload: Payload) -> Fault | None:
    """What keeps `payload` from being sent by debug transport: it needs data, but no status, width or byte enables."""
    if payload.data_length < 0:
        return f"its length is {payload.data_length}", None
    if payload.command not in _MOVES_DATA:
        return _not_ignore(payload)
    if payload.data is None:
        return ("it has no data", "11.3.4 l") if payload.data_length else None
    return _unfit_data(payload)


def content(payload: Payload) -> bytes | None:
    """A copy of the bytes that are moved, to compare with later; None where there are none, or none that can change."""
    data = payload.data
    if type(data) is bytearray:
        return bytes(data[: payload.data_length])
    if data is None or type(data) is bytes:
        return None
    view = memoryview(data)
    return bytes(view.cast("B")[: payload.data_length]) if view.contiguous else view.tobytes()[: payload.data_length]


def has_content(payload: Payload, content_before: bytes) -> bool:
    """Whether the bytes that are moved are what they were."""
    data = payload.data
    if type(data) is bytearray and len(data) == len(content_before):
        return data == content_before
    return content(payload) == content_before


def malformed(dmi: Any) -> str | None:
    """What is wrong with an answer to `get_direct_mem_ptr`, None where it is well-formed."""
    if not isinstance(dmi, Dmi):
        return f"the answer is {dmi!r}, which is no Dmi"
    if not 0 <= dmi.start <= dmi.end:
        return f"the answer is for 0x{dmi.start:x} to 0x{dmi.end:x}"
    if dmi.read_latency < 0 or dmi.write_latency < 0:
        return f"the latencies are {dmi.read_latency} and {dmi.write_latency} fs"
    if not dmi or dmi.memory is None:
        return None
    lent, asked = memoryview(dmi.memory).nbytes, dmi.end - dmi.start + 1
    return None if lent == asked else f"{lent} B are lent for 0x{dmi.start:x} to 0x{dmi.end:x}, {asked} B"


_MOVES_DATA = (READ, WRITE)


def _not_ignore(payload: Payload) -> Fault | None:
    return None if payload.command == IGNORE else (f"its command is {payload.command!r}, which there is not", None)


def _unready_data(payload: Payload) -> Fault | None:
    if payload.data_length <= 0:
        return f"its length is {payload.data_length}", "14.12 d"
    if payload.streaming_width <= 0:
        return f"its streaming width is {payload.streaming_width}", "14.15 f"
    return None if payload.data is None else _unfit_data(payload)


def _unfit_data(payload: Payload) -> Fault | None:
    try:
        view = memoryview(payload.data)
    except TypeError:
        return f"its data are of type {type(payload.data).__name__}, not bytes-like", None
    if view.nbytes < payload.data_length:
        return f"its data have {view.nbytes} B, its length is {payload.data_length}", None
    if view.readonly and payload.command == READ:
        return "its data cannot be written, and it is a read", None
    return None
