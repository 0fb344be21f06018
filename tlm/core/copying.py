"""Copies of a payload for a bridge that sends another one on, and the way back into the original."""

from __future__ import annotations

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
    if original.command is READ and original.data is not None and copy.data is not None:
        _copy_enabled(original, copy)


def _copy_enabled(original: Payload, copy: Payload) -> None:
    length, mask = original.data_length, original.byte_enable
    target = memoryview(original.data).cast("B")
    if not mask:
        target[:length] = memoryview(copy.data).cast("B")[:length]
        return
    source = memoryview(copy.data).cast("B")
    for place in range(length):
        if mask[place % len(mask)]:
            target[place] = source[place]
