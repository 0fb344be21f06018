"""A memory trace as DRAMsim3 reads it: `0xADDRESS READ|WRITE CYCLE`, a request a line, read in blocks."""

from __future__ import annotations

import re
import sys
from codecs import BOM_UTF8
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ..core import BadInput
from ..inputs.errors import shown

#: One line: its address, whether it writes, and the cycle of the memory's clock before which it does not come.
TraceRequest = tuple[int, bool, int]

STDIN = "-"
GZIP = b"\x1f\x8b"  # what such a file begins with
DIRECTIONS = ("READ", "WRITE")
MOST_CYCLE = (1 << 40) - 1  # ten minutes of memory time: refreshes until then are all played
BLOCK_BYTES = 1 << 16
LONGEST_LINE = 1000  # bytes: what is longer is no line of a trace
EXAMPLE = "0x1F40 READ 100"

LINE = re.compile(rb"\s*0x([0-9a-f]{1,32})\s+(read|write)\s+([0-9]{1,20})\s*(?:#.*)?", re.IGNORECASE)
ADDRESS = re.compile("0x[0-9a-f]+", re.IGNORECASE)
CYCLE = re.compile("[0-9]+")


def read_trace(
    path: str, capacity_bytes: int, read: Callable[[int], object] = lambda _bytes: None
) -> Iterator[list[TraceRequest]]:
    """The requests of the trace at `path`, or of stdin where that is "-", a block of lines at a time.

    Blank lines and `#` comments are passed over. `read` is told how many bytes have been read since it was told last.
    BadInput, naming file and line, where a line is no request or lies beyond `capacity_bytes`; and where there is none.
    """
    number, requests, rest = 0, 0, b""
    with _opened(path) as stream:
        path = "standard input" if path == STDIN else path  # in messages
        while data := stream.read(BLOCK_BYTES):
            *lines, rest = (rest + data).split(b"\n")
            if len(rest) > LONGEST_LINE:
                message = f"the line is longer than {LONGEST_LINE} bytes: this is no trace"
                raise BadInput(message, file=path, line=number + len(lines) + 1)
            block = _requests(lines, path, number, capacity_bytes)
            number += len(lines)
            requests += len(block)
            yield block
            read(len(data))
    last = _requests([rest], path, number, capacity_bytes)
    if not requests and not last:
        raise BadInput(f"has no requests; write one a line, such as '{EXAMPLE}'", file=path)
    yield last


@contextmanager
def _opened(path: str) -> Iterator[BinaryIO]:
    """The bytes at `path`; BadInput where they cannot be read, then or later."""
    try:
        if path == STDIN:
            yield sys.stdin.buffer
            return
        with Path(path).open("rb") as stream:
            yield stream
    except BadInput:
        raise
    except IsADirectoryError:
        raise BadInput("is a folder; name a trace in it", file=path) from None
    except OSError as error:
        raise BadInput(f"cannot be read: {error.strerror or error}", file=path) from None
    except ValueError:
        raise BadInput("cannot be read: no file has such a name", file=path) from None


def _requests(lines: list[bytes], path: str, before: int, capacity_bytes: int) -> list[TraceRequest]:
    """What `lines` say; `before` is how many came before them."""
    found = []
    if lines and not before:
        lines[0] = lines[0].removeprefix(BOM_UTF8)
        if lines[0].startswith(GZIP):
            raise BadInput("is compressed; unpack it: gzip -dc FILE | python -m tlm.play - ...", file=path)
    for number, line in enumerate(lines, before + 1):
        match = LINE.fullmatch(line)
        if match is None:
            _check_empty(line, path, number)
            continue
        address, cycle = int(match[1], 16), int(match[3])
        if address >= capacity_bytes or cycle > MOST_CYCLE:
            raise BadInput(_too_large(address, cycle, capacity_bytes), file=path, line=number)
        found.append((address, match[2][:1] in b"wW", cycle))
    return found


def _check_empty(line: bytes, path: str, number: int) -> None:
    """BadInput where a line that is no request is not blank or a comment either."""
    try:
        text = line.decode("utf-8")
        words = text.partition("#")[0].split()
        if words:
            _check_words(text, words)
    except UnicodeDecodeError:
        raise BadInput("is not text in UTF-8", file=path, line=number) from None
    except BadInput as error:
        error.file, error.line = path, number
        raise


def _check_words(text: str, words: list[str]) -> None:
    """Say which word of a line is wrong."""
    if len(words) != 3:
        raise BadInput(f"expected '0xADDRESS READ|WRITE CYCLE', such as '{EXAMPLE}', not {shown(text.strip())}")
    address, direction, cycle = words
    if not ADDRESS.fullmatch(address):
        raise BadInput(f"{shown(address)} is no address: write it in hexadecimal, such as 0x1F40")
    if direction.upper() not in DIRECTIONS:
        raise BadInput(f"{shown(direction)} is no direction", given=direction, allowed=DIRECTIONS)
    if not CYCLE.fullmatch(cycle):
        raise BadInput(f"{shown(cycle)} is no cycle: write a whole number of the memory's cycles, 0 or more")
    raise BadInput(f"{shown(text.strip())} has a number that is too long")


def _too_large(address: int, cycle: int, capacity_bytes: int) -> str:
    if cycle > MOST_CYCLE:
        return f"cycle {cycle} is later than {MOST_CYCLE}, the last that is played"
    return f"address 0x{address:X} lies beyond the memory, whose last byte is at 0x{capacity_bytes - 1:X}"
