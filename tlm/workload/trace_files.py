"""The text files of a traces folder: model.csv, its layers, and precision.txt, their profile precisions."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import NoReturn

import attrs

from tlm.core import BadInput, nearest

from .layer import Kind

KINDS: tuple[Kind, ...] = ("conv", "fc")
FIELDS = "name,kind,stride,padding"
PRECISION_ROWS = ("activation bits", "activation fraction bits", "weight bits", "weight fraction bits")
#: Far above anything a layer can have; numbers beyond it are mistakes.
MOST = 10**6


@attrs.frozen
class TraceLayer:
    """One line of model.csv; a fully connected layer does not use its stride and padding."""

    name: str
    kind: Kind
    stride: int
    padding: int
    line: int


@attrs.frozen
class Precision:
    """A layer's column of precision.txt: P and Pw in bits, sign included."""

    act_bits: int
    weight_bits: int


def read_model(file: Path) -> list[TraceLayer]:
    """The layers of a model.csv: one line `name,kind,stride,padding` each, no header."""
    reader = csv.reader(read_text(file).splitlines())
    layers: list[TraceLayer] = []
    seen: dict[str, int] = {}
    try:
        for fields in reader:
            if not any(field.strip() for field in fields):
                continue
            layers.append(_model_line(file, reader.line_num, [field.strip() for field in fields]))
            _refuse_repeated(file, layers[-1], seen)
    except csv.Error as error:
        raise BadInput(f"not a CSV line: {error}", file=str(file), line=reader.line_num) from None
    if not layers:
        raise BadInput(f"no layers; one line {FIELDS} for each is needed", file=str(file))
    return layers


def read_precisions(file: Path, layers: list[TraceLayer], bits: int) -> list[Precision]:
    """P and Pw of `layers` from a precision.txt; neither may be wider than the storage width `bits`.

    A title line, then four rows of one `;`-separated number a layer: see PRECISION_ROWS.
    """
    lines = read_text(file).rstrip().splitlines()
    if len(lines) != 1 + len(PRECISION_ROWS):
        message = f"{len(lines)} lines where a title and four rows are needed: {', '.join(PRECISION_ROWS)}"
        raise BadInput(message, file=str(file), line=len(lines) or None)
    rows = [_precision_row(file, number, lines[number - 1], layers) for number in range(2, 6)]
    for number, row in ((2, rows[0]), (4, rows[2])):
        for layer, width in zip(layers, row, strict=True):
            if not 1 <= width <= bits:
                message = f"{width} is not between 1 and the storage width, bits: {bits}"
                raise BadInput(message, file=str(file), line=number, key=_precision_key(number, layer))
    return [Precision(act, weight) for act, weight in zip(rows[0], rows[2], strict=True)]


def read_text(file: Path) -> str:
    """The text of `file`, or BadInput with the nearest name of its folder."""
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(f"not text: {error.reason} at byte {error.start}", file=str(file)) from None
    except OSError as error:
        refuse_unreadable(file, error)


def refuse_unreadable(file: Path, error: OSError) -> NoReturn:
    """Raise BadInput for a file that cannot be opened, with the nearest file beside it."""
    if not isinstance(error, FileNotFoundError):
        raise BadInput(f"cannot be read: {error.strerror or error}", file=str(file)) from None
    beside = sorted(path.name for path in file.parent.iterdir())
    match = nearest(file.name, beside)
    hint = f"; did you mean {match!r}?" if match else ""
    raise BadInput(f"no such file in the traces folder{hint}", file=str(file)) from None


def _model_line(file: Path, line: int, fields: list[str]) -> TraceLayer:
    if len(fields) != 4:
        message = f"{len(fields)} fields where {FIELDS} are needed"
        raise BadInput(message, file=str(file), line=line)
    name, kind, stride, padding = fields
    if not name or name in (".", "..") or re.search(r"[/\\]", name) or not name.isprintable():
        message = f"layer name {name!r} cannot be part of a file name act-LAYER-0.npy"
        raise BadInput(message, file=str(file), line=line, key="name")
    known = next((known for known in KINDS if known == kind), None)
    if known is None:
        message = f"unknown kind {kind!r} of layer {name!r}"
        raise BadInput(message, file=str(file), line=line, key="kind", given=kind, allowed=KINDS)
    low = 1 if known == "conv" else 0
    return TraceLayer(
        name,
        known,
        _number(file, line, f"stride of layer {name}", stride, low),
        _number(file, line, f"padding of layer {name}", padding, 0),
        line,
    )


def _refuse_repeated(file: Path, layer: TraceLayer, seen: dict[str, int]) -> None:
    first = seen.setdefault(layer.name, layer.line)
    if first != layer.line:
        message = f"layer name {layer.name!r} is used twice, first in line {first}"
        raise BadInput(message, file=str(file), line=layer.line, key="name")


def _precision_row(file: Path, line: int, text: str, layers: list[TraceLayer]) -> list[int]:
    fields = [field.strip() for field in text.removesuffix(";").split(";")]
    if len(fields) != len(layers):
        message = f"{len(fields)} numbers for the {len(layers)} layers of model.csv"
        raise BadInput(message, file=str(file), line=line, key=PRECISION_ROWS[line - 2])
    return [
        _number(file, line, _precision_key(line, layer), field, -MOST)
        for layer, field in zip(layers, fields, strict=True)
    ]


def _precision_key(line: int, layer: TraceLayer) -> str:
    return f"{PRECISION_ROWS[line - 2]} of layer {layer.name}"


def _number(file: Path, line: int, key: str, text: str, low: int) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,18}", text):
        raise BadInput(f"{text!r} is not a whole number", file=str(file), line=line, key=key)
    value = int(text)
    if not low <= value <= MOST:
        message = f"{value} is not between {low} and {MOST}"
        raise BadInput(message, file=str(file), line=line, key=key)
    return value
