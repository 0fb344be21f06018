"""Bursts, and the requests they belong to, as a channel's scheduler sees them."""

from __future__ import annotations

from typing import Any


class Request:
    """Bursts of one `access`: how many are not accepted and not complete, and when, in cycles, things happened to them.

    `watched`: somebody waits for their acceptance, as for every write's.
    """

    __slots__ = ("access", "begun", "done", "left", "ready", "unaccepted", "watched")

    def __init__(self, access: Any, watched: bool) -> None:
        self.access = access
        self.watched = watched
        self.left = self.unaccepted = 0
        self.ready = self.begun = 0  # when its first command could have come, and its first data did
        self.done = 0


class Burst:
    """One column access of a row; `at` is the first cycle in which it may be accepted, then when it was.

    `key` tells it from the bursts at other addresses.
    """

    __slots__ = ("at", "bank", "key", "request", "row", "write")

    def __init__(self, at: int, bank: int, row: int, key: int, write: bool, request: Request) -> None:
        self.at = at
        self.bank = bank
        self.row = row
        self.key = key
        self.write = write
        self.request = request
