"""A part of a payload as a payload of its own: bytes from one place to another, at an address of its own."""

from __future__ import annotations

from .payload import Payload


def view_of(payload: Payload) -> memoryview | None:
    """The payload's data as bytes, None where it has none."""
    return None if payload.data is None else memoryview(payload.data).cast("B")


def part_of(payload: Payload, data: memoryview | None, begin: int, end: int, address: int) -> Payload:
    """Bytes `begin` to `end - 1` of `payload`, of which `data` is the view, for a target that sees them at `address`.

    The byte enables are those of these bytes, the extensions the payload's own.
    """
    length = end - begin
    part = Payload(payload.command, address, None if data is None else data[begin:end], length, length)
    mask = payload.byte_enable
    if mask:
        turn = begin % len(mask)  # it repeats, so that it may begin anywhere
        part.byte_enable = mask[turn:] + mask[:turn]
    part.extensions = payload.extensions
    return part
