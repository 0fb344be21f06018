"""The tensors of a traces folder: .npy files of any number type that hold integers, checked when read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from tlm.core import BadInput

from .trace_files import refuse_unreadable

Int32s = npt.NDArray[np.int32]
#: Values converted at a time, so that checking a large file takes little memory of its own.
BLOCK = 2**20


@attrs.frozen
class TensorFile:
    """A tensor's file, and what it is of: "layer conv1, activations"."""

    path: Path
    key: str

    def error(self, message: str) -> BadInput:
        """A BadInput about this tensor."""
        return BadInput(message, file=str(self.path), key=self.key)


def open_tensor(file: TensorFile) -> npt.NDArray[Any]:
    """The array of a .npy file, still on disk; objects are refused, never unpickled."""
    try:
        array = np.lib.format.open_memmap(file.path, mode="r")
    except OSError as error:
        refuse_unreadable(file.path, error)
    except Exception as error:  # a corrupt header fails in many ways inside numpy's parser
        raise file.error(f"not a readable .npy file of numbers: {error}") from None
    if array.dtype.kind not in "iuf":
        raise file.error(f"values of type {array.dtype}, not integers (of any integer or float type)")
    if 0 in array.shape or array.ndim == 0:
        raise file.error(f"no values: shape {list(array.shape)}")
    return array


def whole_numbers(values: npt.NDArray[Any], file: TensorFile) -> Int32s:
    """`values` as int32, in C order; BadInput names the first that is no integer of 32 bits."""
    result = np.empty(values.shape, dtype=np.int32)
    rows = max(1, BLOCK * len(values) // values.size)
    for start in range(0, len(values), rows):
        block = np.asarray(values[start : start + rows])
        with np.errstate(invalid="ignore"):  # NaN and infinity are found by the comparison
            taken = block.astype(np.int32)
        wrong = taken != block
        if wrong.any():
            position = np.unravel_index(int(wrong.argmax()), wrong.shape)
            place = (start + int(position[0]), *map(int, position[1:]))
            raise file.error(f"value {block[position]} at position {list(place)} {_fault(block[position])}")
        result[start : start + rows] = taken
    return result


def refuse_wide(values: Int32s, signed: bool, precision: int, file: TensorFile) -> None:
    """BadInput where a value is wider than `precision` bits, the sign included where `signed`.

    The message names the widest value, its position in the file and its width.
    """
    magnitudes = np.maximum(values, ~values)
    position = tuple(int(index) for index in np.unravel_index(int(magnitudes.argmax()), values.shape))
    width = max(1, int(magnitudes[position]).bit_length()) + signed
    if width > precision:
        value = f"value {int(values[position])} at position {list(position)}"
        sign = ", sign included" if signed else ""
        raise file.error(f"{value} is {width} bits wide{sign}; the layer's precision is {precision}")


def _fault(value: Any) -> str:
    if not np.isfinite(value):
        return "is not a finite number"
    return "does not fit 32 bits" if value == np.floor(value) else "is not an integer"
