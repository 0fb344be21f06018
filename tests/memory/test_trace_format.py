"""Traces: what a line says, what is refused, and that no more is read than is asked for."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlm.core import BadInput
from tlm.memory import trace
from tlm.memory.trace import read_trace

CAPACITY = 1 << 20


def requests(path: Path, content: bytes | str) -> list[trace.TraceRequest]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return [request for block in read_trace(str(path), CAPACITY) for request in block]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "t.trc"


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("0x40 READ 7\n", [(0x40, False, 7)]),
        ("0x40 WRITE 7", [(0x40, True, 7)]),
        ("0XfFf write 007\n0x0 Read 3\n", [(0xFFF, True, 7), (0, False, 3)]),
        ("\t0x40\t READ  7 \r\n\r\n", [(0x40, False, 7)]),
        ("# one\n\n0x40 READ 7 # two\n   # three", [(0x40, False, 7)]),
        ("\ufeff0x40 READ 7\n", [(0x40, False, 7)]),
        ("# \u00e9\n0xFFFFF READ 1099511627775\n", [(CAPACITY - 1, False, 1099511627775)]),
    ],
)
def test_a_line_is_an_address_a_direction_and_a_cycle(file, content, found):
    assert requests(file, content) == found


FAULTS = [
    ("", "t.trc: has no requests; write one a line, such as '0x1F40 READ 100'"),
    ("# nothing\n\n", "t.trc: has no requests"),
    ("0x0 READ 0\n0x0 WRTE 0\n", "t.trc:2: 'WRTE' is no direction (allowed: READ, WRITE); did you mean 'WRITE'?"),
    ("0x0 P_MEM_RD 0", "t.trc:1: 'P_MEM_RD' is no direction (allowed: READ, WRITE)"),
    ("0x0 READ", "t.trc:1: expected '0xADDRESS READ|WRITE CYCLE', such as '0x1F40 READ 100', not '0x0 READ'"),
    ("0x0 READ 0 0", "t.trc:1: expected '0xADDRESS READ|WRITE CYCLE'"),
    ("READ 0x0 0", "t.trc:1: 'READ' is no address: write it in hexadecimal, such as 0x1F40"),
    ("64 READ 0", "t.trc:1: '64' is no address"),
    ("-0x40 READ 0", "t.trc:1: '-0x40' is no address"),
    ("0x4_0 READ 0", "t.trc:1: '0x4_0' is no address"),
    ("0x READ 0", "t.trc:1: '0x' is no address"),
    ("\n\n0x0 READ -1", "t.trc:3: '-1' is no cycle: write a whole number of the memory's cycles, 0 or more"),
    ("0x0 READ 1.5", "t.trc:1: '1.5' is no cycle"),
    ("0x0 READ 1e3", "t.trc:1: '1e3' is no cycle"),
    ("0x0 READ +1", "t.trc:1: '+1' is no cycle"),
    ("0x0 READ 1099511627776", "t.trc:1: cycle 1099511627776 is later than 1099511627775, the last that is played"),
    ("0x0 READ 100000000000000000000000", "t.trc:1: '0x0 READ 100000000000000000000000' has a number that is too long"),
    ("0x100000 READ 0", "t.trc:1: address 0x100000 lies beyond the memory, whose last byte is at 0xFFFFF"),
    ("0x" + "F" * 31 + " READ 0", "t.trc:1: address 0xFFF"),
    ("0x" + "F" * 400 + " READ 0", "t.trc:1: '0xFFFF"),
    (b"0x0 READ 0\n\xff\xfe READ 0", "t.trc:2: is not text in UTF-8"),
    (b"# \xe9\n0x0 READ 0\n", "t.trc:1: is not text in UTF-8"),
    (b"\x00\x01\x02", "t.trc:1: expected '0xADDRESS READ|WRITE CYCLE'"),
    (b"0x0 READ 0\n" + b"x" * 2000, "t.trc:2: the line is longer than 1000 bytes: this is no trace"),
    ("0x0 \x1b[31mREAD 0", "t.trc:1: '\\x1b[31mREAD' is no direction"),
]


@pytest.mark.parametrize(("content", "message"), FAULTS, ids=[str(content)[:30] for content, _ in FAULTS])
def test_a_fault_is_told_with_its_line(file, content, message, monkeypatch):
    monkeypatch.chdir(file.parent)
    with pytest.raises(BadInput) as caught:
        requests(Path("t.trc"), content)
    told = str(caught.value)
    assert told.startswith(message), told
    assert told.isprintable() and len(told) < 400


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("nowhere", "nowhere: cannot be read: No such file"),
        (".", ".: is a folder"),
        ("a\0b", "no file has such a name"),
    ],
)
def test_what_cannot_be_opened(path, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadInput) as caught:
        list(read_trace(path, CAPACITY))
    assert message in str(caught.value)


@given(st.lists(st.tuples(st.integers(0, CAPACITY - 1), st.booleans(), st.integers(0, 10**12)), min_size=1))
def test_blocks_cut_no_line(tmp_path_factory, lines):
    path = tmp_path_factory.mktemp("cut") / "t.trc"
    text = "".join(f"0x{address:X} {'WRITE' if write else 'READ'} {cycle}\n" for address, write, cycle in lines)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trace, "BLOCK_BYTES", 7)
        assert requests(path, text) == lines
        assert requests(path, text.rstrip("\n")) == lines


def test_a_fault_beyond_the_first_block_has_its_own_line(file):
    with pytest.raises(BadInput, match=r":20001: 'RED' is no direction .*did you mean 'READ'"):
        requests(file, "0x40 READ 0\n" * 20000 + "0x0 RED 0\n")


def test_a_trace_is_read_as_it_is_asked_for(file):
    file.write_text("0x40 READ 0\n" * 20000 + "oops\n")
    told = []
    blocks = read_trace(str(file), CAPACITY, told.append)
    first = next(blocks)
    assert 1000 < len(first) < 10000 and told == []
    assert len(next(blocks)) > 1000 and told == [trace.BLOCK_BYTES]


def test_a_minus_is_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"0x40 READ 7\n")))
    assert list(read_trace("-", CAPACITY)) == [[(0x40, False, 7)], []]
