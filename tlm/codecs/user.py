"""A user's own codec behind the protocol: what it raises or returns wrongly becomes one clear message.

A class without arguments, or an object, with two methods of the protocol is a codec: `encode` and `decode`. What else
the protocol has is made up where it is not there: `name` is the class's, `engine` true, and `sizes_bits` what encode
takes. Containers are never empty.
"""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from tlm.inputs.blame import UserFault
from tlm.inputs.usercode import UserCode, load

from .codec import Codec, CorruptContainer, Encoded, OutsideDomain
from .containers import groups_of
from .format import Bytes, Format, Int64s, Ints

PROTOCOL = "tlm/codecs/codec.py documents the protocol"
REQUIRED = ("encode", "decode")
ARGUMENTS = {
    method: [*inspect.signature(getattr(Codec, method)).parameters][1:]  # all but self
    for method in (*REQUIRED, "sizes_bits")
}


def user_codec(name: str, key: str) -> UserCodec:
    """The codec that `name` names, `file.py:name` or `module:name`; BadInput says what keeps it from being one."""
    code = load(name, key, what="codec")
    codec = _constructed(code)
    missing = [method for method in REQUIRED if not callable(getattr(codec, method, None))]
    if missing:
        raise code.fault(f"{code.shown} is no codec: it has no {' and no '.join(missing)}; {PROTOCOL}")
    for method, names in ARGUMENTS.items():
        if hasattr(codec, method):
            code.check_arguments(getattr(codec, method), f"{code.shown}.{method}", names, named=True)
    return UserCodec(code, codec)


def _constructed(code: UserCode) -> Any:
    if not inspect.isclass(code.value):
        return code.value
    if code.value.__init__ is not object.__init__:
        code.check_arguments(code.value, code.shown, ())
    with code.running(f"{code.shown}()"):
        return code.value()


class UserCodec:
    """The codec `codec`, which `code` found; `name` and `engine` are its own."""

    def __init__(self, code: UserCode, codec: Any) -> None:
        self._code = code
        self._codec = codec
        with code.running():
            self.name: str = getattr(codec, "name", type(codec).__name__)
            self.engine: bool = getattr(codec, "engine", True)
        if not isinstance(self.name, str) or not isinstance(self.engine, bool):
            raise code.fault(f"{code.shown} needs a `name` that is text and an `engine` that is true or false")

    def sizes_bits(self, values: Ints, fmt: Format) -> Int64s:
        """Container sizes [groups] bits, checked; those that encode takes where the codec says none."""
        if not hasattr(self._codec, "sizes_bits"):
            return np.diff(self._encoded(values, fmt).offsets)
        with self._code.running(self._called("sizes_bits"), passing=(OutsideDomain,)):
            given = self._codec.sizes_bits(values, fmt)
        sizes = self._numbers("sizes_bits", given, groups_of(values.size), "one a container")
        self._check_sizes("sizes_bits", sizes, fmt)
        return sizes

    def encode(self, values: Ints, fmt: Format) -> Encoded:
        """The containers of `values`, checked, also against what `sizes_bits` says."""
        encoded = self._encoded(values, fmt)
        if hasattr(self._codec, "sizes_bits"):
            expected, sizes = self.sizes_bits(values, fmt), np.diff(encoded.offsets)
            wrong = np.flatnonzero(expected != sizes)
            if len(wrong):
                group = int(wrong[0])
                said = f"container {group} takes {sizes[group]} bits, and {expected[group]} by sizes_bits()"
                raise self._fault("encode", said)
        return encoded

    def decode(self, data: Bytes, offsets: Int64s, count: int, fmt: Format) -> Ints:
        """The `count` values, integers; CorruptContainer goes on as it is."""
        with self._code.running(self._called("decode"), passing=(CorruptContainer,)):
            given = self._codec.decode(data, offsets, count, fmt)
        return self._numbers("decode", given, count, "the values asked for")

    def _encoded(self, values: Ints, fmt: Format) -> Encoded:
        with self._code.running(self._called("encode"), passing=(OutsideDomain,)):
            given = self._codec.encode(values, fmt)
        if not isinstance(given, Encoded):
            raise self._fault("encode", f"must give tlm.codecs.Encoded, not {type(given).__name__}")
        count = groups_of(values.size) + 1
        offsets = self._numbers("encode", given.offsets, count, "offsets: one a container, and the total")
        if offsets[0] != 0:
            raise self._fault("encode", f"the first offset must be 0, not {offsets[0]}")
        self._check_sizes("encode", np.diff(offsets), fmt)
        self._check_data(given.data, int(offsets[-1]))
        return Encoded(given.data, offsets)

    def _numbers(self, method: str, given: Any, count: int, what: str) -> Int64s:
        """`given` as int64 [count]."""
        with self._code.running(f"{self._called(method)} gives what is no array"):
            array = np.asarray(given)
        if array.shape != (count,):
            raise self._fault(method, f"must give {count} numbers, {what}, not an array of shape {list(array.shape)}")
        if array.dtype.kind not in "iu" and count:
            raise self._fault(method, f"must give whole numbers, not {array.dtype}")
        return array.astype(np.int64)

    def _check_sizes(self, method: str, sizes: Int64s, fmt: Format) -> None:
        for wrong, problem in (
            (sizes < 1, "a container takes a bit at least"),
            (sizes % (fmt.align_bits or 1) != 0, f"compression.align_bits asks for multiples of {fmt.align_bits}"),
        ):
            if wrong.any():
                group = int(wrong.argmax())
                raise self._fault(method, f"container {group} takes {sizes[group]} bits: {problem}")

    def _check_data(self, data: Any, bits: int) -> None:
        expected = -(-bits // 8)
        if not isinstance(data, np.ndarray) or data.dtype != np.uint8 or data.shape != (expected,):
            shown = f"{data.dtype} {list(data.shape)}" if isinstance(data, np.ndarray) else type(data).__name__
            raise self._fault("encode", f"data must be uint8 [{expected}], the bytes of {bits} bits, not {shown}")

    def _called(self, method: str) -> str:
        return f"{self._code.shown}.{method}()"

    def _fault(self, method: str, problem: str) -> UserFault:
        return self._code.fault(f"{self._called(method)}: {problem}")
