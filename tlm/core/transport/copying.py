"""Copies of a payload for a bridge that sends another one on, and the way back into the original."""

from __future__ import annotations

from .part import view_of
from .payload import READ, Payload


def deep_copy(payload: Payload) -> Payload:
    """A payload like `payload`, with data and byte enables of its own; extensions are shared, milestones begin anew."""
    data = None if payload.data is None else bytearray(payload.data)
    copy = Payload(payload.command, payload.address, data, payload.data_length, payload.streaming_width)
    copy.byte_enable = None if payload.byte_enable is None else bytes(payload.byte_enable)
    copy.dmi_allowed = payload.dmi_allowed
    copy.response_status = payload.response_status
    copy.extensions = None if payload.extensions is None else dict(payload.extensions)
    return copy


def update_original(original: Payload, copy: Payload) -> None:
    """Take over what a response may bring: the status, the DMI hint, extensions and, of a read, the enabled bytes."""
    original.response_status = copy.response_status
    original.dmi_allowed = copy.dmi_allowed
    if copy.extensions:
        original.extensions = {**(original.extensions or {}), **copy.extensions}
    target, source = view_of(original), view_of(copy)
    if original.command is READ and target is not None and source is not None:
        _copy_enabled(target, source, original.data_length, original.byte_enable)


def _copy_enabled(target: memoryview, source: memoryview, length: int, mask: bytes | None) -> None:
    if not mask:
        target[:length] = source[:length]
        return
    for place in range(length):
        if mask[place % len(mask)]:
            target[place] = source[place]
