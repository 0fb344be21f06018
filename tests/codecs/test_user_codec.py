"""A user's own codec by path: behind the protocol, and every way in which one can be wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tlm.codecs import CorruptContainer, Format, OutsideDomain, codec
from tlm.inputs.errors import BadInput

#: A codec of bytes: a container holds its 16 values as they are, 8 bits each.
PLAIN = """\
import numpy as np
from tlm.codecs import CorruptContainer, Encoded

class Bytes:
    def encode(self, values, fmt):
        data = np.zeros(-(-len(values) // 16) * 16, np.uint8)
        data[: len(values)] = values
        return Encoded(data, np.arange(len(data) // 16 + 1) * 128)

    def decode(self, data, offsets, count, fmt):
        first = offsets[0] // 8
        return data[first : first + count].astype(np.int64)
"""
FORMAT = Format(8, signed=False)
VALUES = np.arange(40) % 7


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my.py").write_text(PLAIN)
    return tmp_path


def variant(folder: Path, body: str) -> str:
    """The name of a codec that is `Bytes` but for `body`."""
    indented = "".join(f"    {line}\n" for line in body.splitlines())
    (folder / "my.py").write_text(f"{PLAIN}\nclass Mine(Bytes):\n{indented}")
    return "my.py:Mine"


def test_two_methods_make_a_codec() -> None:
    mine = codec("my.py:Bytes")
    encoded = mine.encode(VALUES, FORMAT)
    assert encoded.offsets.tolist() == [0, 128, 256, 384]
    assert mine.decode(encoded.data, encoded.offsets, 40, FORMAT).tolist() == VALUES.tolist()
    assert mine.decode(encoded.data, encoded.offsets[1:], 24, FORMAT).tolist() == VALUES[16:].tolist()
    assert mine.sizes_bits(VALUES, FORMAT).tolist() == [128, 128, 128]
    assert (mine.name, mine.engine) == ("Bytes", True)


def test_what_a_codec_says_of_itself(folder: Path) -> None:
    mine = codec(variant(folder, "name = 'mine'\nengine = False\ndef sizes_bits(self, values, fmt): return [128] * 3"))
    assert (mine.name, mine.engine) == ("mine", False)
    assert mine.sizes_bits(VALUES, FORMAT).tolist() == [128, 128, 128]
    assert mine.sizes_bits(VALUES, FORMAT).dtype == np.int64


def test_an_object_is_as_good_as_a_class(folder: Path) -> None:
    (folder / "my.py").write_text(f"{PLAIN}\nmine = Bytes()\nmine.name = 'mine'\n")
    assert codec("my.py:mine").name == "mine"


def test_a_value_that_the_codec_does_not_store_is_told_as_such(folder: Path) -> None:
    lines = "from tlm.codecs.containers import check_domain\ncheck_domain(values, fmt, 'mine')"
    body = "def encode(self, values, fmt):\n" + "".join(f"    {line}\n" for line in lines.splitlines())
    mine = codec(variant(folder, body))
    for measure in (mine.encode, mine.sizes_bits):
        with pytest.raises(OutsideDomain, match="mine of 2 bits, unsigned, stores 0 to 3: value 4 at position 4"):
            measure(VALUES, Format(2, signed=False))


def test_corrupt_bytes_are_told_by_the_codec(folder: Path) -> None:
    name = variant(folder, "def decode(self, *given): raise CorruptContainer(2, 'its mark is missing')")
    with pytest.raises(CorruptContainer, match="container 2: its mark is missing"):
        codec(name).decode(np.zeros(48, np.uint8), np.arange(4) * 128, 40, FORMAT)


NO_CODEC = [
    ("def decode(self, data): pass", "my.py:Mine.decode() must take 4 arguments (data, offsets, count, fmt): "),
    ("encode = None", "compression.codec: my.py:Mine is no codec: it has no encode; tlm/codecs/codec.py documents"),
    ("encode = decode = None", "my.py:Mine is no codec: it has no encode and no decode; "),
    ("def __init__(self, width): pass", "my.py:Mine() must take 0 arguments: missing a required argument: 'width'"),
    ("def __init__(self): self.table = [][0]", "my.py:Mine(): my.py:15: IndexError: list index out of range\nTrace"),
    ("name = 3", "my.py:Mine needs a `name` that is text and an `engine` that is true or false"),
    ("engine = 1", "my.py:Mine needs a `name` that is text and an `engine`"),
    ("sizes_bits = 3", "my.py:Mine.sizes_bits() must take 2 arguments (values, fmt): "),
    ("@property\ndef name(self): return {}[3]", "compression.codec: my.py:16: KeyError: 3\nTraceback"),
]


@pytest.mark.parametrize(("body", "message"), NO_CODEC, ids=lambda value: value[:30])
def test_what_is_no_codec_is_told_at_the_door(folder: Path, body: str, message: str) -> None:
    name = variant(folder, body)
    with pytest.raises(BadInput) as refused:
        codec(name)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("my.py:Bites", "compression.weights: 'my.py' has no codec 'Bites' (allowed: Bytes); did you mean 'Bytes'?"),
        ("my.py:np", "my.py:np is no codec: it has no encode and no decode"),
        ("my.py", "'my.py' names no codec; write `file.py:name` or `module:name`"),
        ("your.py:Bytes", "there is no file 'your.py'"),
    ],
)
def test_names_of_no_codec(name: str, message: str) -> None:
    with pytest.raises(BadInput) as refused:
        codec(name, "compression.weights")
    assert message in str(refused.value)


def encodes(offsets: str, data: str = "np.zeros(48, np.uint8)") -> str:
    return f"def encode(self, values, fmt): return Encoded({data}, {offsets})"


BAD_ENCODE = [
    ("def encode(self, values, fmt): return values[99]", "my.py:15: IndexError: index 99 is out of bounds", True),
    ("def encode(self, values, fmt): raise SystemExit", "my.py:Mine.encode(): my.py:15: SystemExit\nTraceback", True),
    ("def encode(self, values, fmt): return self.encode(values, fmt)", "RecursionError: maximum recursion", True),
    ("def encode(self, values, fmt): return b''", "encode(): must give tlm.codecs.Encoded, not bytes", False),
    (encodes("np.arange(3) * 128"), "must give 4 numbers, offsets: one a container, and the total, not an arr", False),
    (encodes("[0, 1, [2], 3]"), "my.py:Mine.encode() gives what is no array: setting an array element with", False),
    (encodes("np.arange(4) * 128.0"), "my.py:Mine.encode(): must give whole numbers, not float64", False),
    (encodes("np.arange(1, 5) * 96"), "my.py:Mine.encode(): the first offset must be 0, not 96", False),
    (encodes("[0, 128, 100, 384]"), "container 1 takes -28 bits: a container takes a bit at least", False),
    (encodes("[0, 128, 128, 384]"), "container 1 takes 0 bits: a container takes a bit at least", False),
    (encodes("np.arange(4) * 128", "[0] * 48"), "data must be uint8 [48], the bytes of 384 bits, not list", False),
    (encodes("np.arange(4) * 128", "np.zeros(48)"), "uint8 [48], the bytes of 384 bits, not float64 [48]", False),
    (encodes("np.arange(4) * 128", "np.zeros(47, np.uint8)"), "bytes of 384 bits, not uint8 [47]", False),
]


@pytest.mark.parametrize(("body", "message", "shown"), BAD_ENCODE, ids=lambda value: str(value)[:40])
def test_what_encode_does_wrongly(folder: Path, body: str, message: str, shown: bool) -> None:
    mine = codec(variant(folder, body))
    for measure in (mine.encode, mine.sizes_bits):
        with pytest.raises(BadInput) as refused:
            measure(VALUES, FORMAT)
        assert str(refused.value).startswith("compression.codec: my.py:Mine.encode()")
        assert message in str(refused.value)
        assert ("Traceback" in str(refused.value)) == shown


BAD_SIZES = [
    ("[128] * 2", "must give 3 numbers, one a container, not an array of shape [2]"),
    ("[128.0] * 3", "sizes_bits(): must give whole numbers, not float64"),
    ("[128, -1, 128]", "sizes_bits(): container 1 takes -1 bits: a container takes a bit at least"),
    ("[128, 128, 127]", "my.py:Mine.encode(): container 2 takes 128 bits, and 127 by sizes_bits()"),
    ("1 / 0", "my.py:Mine.sizes_bits(): my.py:15: ZeroDivisionError: division by zero\nTraceback"),
]


@pytest.mark.parametrize(("sizes", "message"), BAD_SIZES)
def test_what_sizes_bits_does_wrongly(folder: Path, sizes: str, message: str) -> None:
    mine = codec(variant(folder, f"def sizes_bits(self, values, fmt): return {sizes}"))
    with pytest.raises(BadInput) as refused:
        mine.encode(VALUES, FORMAT)
    assert message in str(refused.value)


def test_containers_that_are_not_aligned() -> None:
    with pytest.raises(BadInput, match=r"container 0 takes 128 bits: compression\.align_bits asks for multiples of 96"):
        codec("my.py:Bytes").encode(VALUES, Format(8, False, align_bits=96))


BAD_DECODE = [
    ("raise SystemExit(1)", "my.py:Mine.decode(): my.py:16: SystemExit: 1\nTraceback"),
    ("return data[999]", "my.py:Mine.decode(): my.py:16: IndexError: index 999 is out of bounds"),
    ("return data[:39]", "my.py:Mine.decode(): must give 40 numbers, the values asked for, not an array of shape [39]"),
    ("return data[:40] / 1", "my.py:Mine.decode(): must give whole numbers, not float64"),
    ("return None", "my.py:Mine.decode(): must give 40 numbers, the values asked for, not an array of shape []"),
]


@pytest.mark.parametrize(("line", "message"), BAD_DECODE)
def test_what_decode_does_wrongly(folder: Path, line: str, message: str) -> None:
    mine = codec(variant(folder, f"def decode(self, data, offsets, count, fmt):\n    {line}"))
    encoded = mine.encode(VALUES, FORMAT)
    with pytest.raises(BadInput) as refused:
        mine.decode(encoded.data, encoded.offsets, 40, FORMAT)
    assert str(refused.value).startswith("compression.codec: ")
    assert message in str(refused.value)
