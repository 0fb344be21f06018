"""Published profiles: the shapes of networks that papers name, and the precisions printed of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import attrs

from tlm.inputs.errors import BadInput
from tlm.inputs.located import Place, parse

from .layer import Kind

FOLDER = Path(__file__).with_name("published")
NETWORKS, PRECISIONS = FOLDER / "networks.yaml", FOLDER / "precisions.yaml"
#: What a user who asks for a profile is told, in the result too.
SOURCE = "published statistics (DPRed, Tables 1-3)"

Pair = tuple[int, int]


@attrs.frozen
class ProfileLayer:
    """A layer's shape, and what is published, or assumed, of its values; widths in bits, a weight's with its sign.

    `channels` over `size` (y, x) go in, `filters` come out; a fully connected layer has maps of one position.
    `act_mean`: the mean width of the activations' steps (conv: DStripes' 256 values; fc: bricks of 16), `weight_mean`
    that of groups of 16 weights. `weight_bits` None: not published.
    """

    name: str
    kind: Kind
    channels: int
    size: Pair
    filters: int
    kernel: Pair
    stride: Pair
    padding: Pair
    groups: int
    act_bits: int
    weight_bits: int | None
    act_mean: float
    weight_mean: float

    @property
    def group_channels(self) -> int:
        """Channels of one group."""
        return self.channels // self.groups

    @property
    def out_size(self) -> Pair:
        """(Oy, Ox): as many whole windows as the padded map has."""
        return (self._out(0), self._out(1))

    def _out(self, axis: int) -> int:
        return (self.size[axis] + 2 * self.padding[axis] - self.kernel[axis]) // self.stride[axis] + 1


def profile_names() -> list[str]:
    """The networks that have a profile, as the papers order them."""
    return _names(PRECISIONS)


def check_name(name: str) -> None:
    """BadInput where `name` has no profile, with those that have one."""
    names = profile_names()
    if name in names:
        return
    known = name in _names(NETWORKS)
    message = f"no precisions of {name!r} are published" if known else f"there is no profile {name!r}"
    raise BadInput(message, given=None if known else name, allowed=names)


def profile_layers(name: str) -> list[ProfileLayer]:
    """The layers of a network that do arithmetic, with their precisions."""
    check_name(name)
    rows = shapes(name)
    published = _document(PRECISIONS, name)
    if "like" in published:
        published = _document(PRECISIONS, published["like"])
    convs = [row for row in rows if row["type"] == "conv"]
    order = _printed_order([row["name"] for row in convs], published.get("printed"))
    conv_rows = {convs[place]["name"]: number for number, place in enumerate(order)}
    fully = iter(published.get("fc_profile", ()))
    return [
        _conv(row, published, conv_rows[row["name"]]) if row["type"] == "conv" else _fc(row, published, next(fully))
        for row in rows
    ]


def shapes(name: str) -> list[dict[str, Any]]:
    """The rows of a published network's layers that do arithmetic, sizes as [height, width, channels]."""
    return [row for row in _document(NETWORKS, name)["layers"] if row["type"] in ("conv", "fc")]


def _printed_order(names: Sequence[str], printed: str | None) -> list[int]:
    """The places of the convolutions `names` in the order in which the paper lists them."""
    if printed is None:
        return list(range(len(names)))
    modules = {name.partition("/")[0]: place for place, name in reversed(list(enumerate(names)))}
    return sorted(range(len(names)), key=lambda place: (modules[names[place].partition("/")[0]], names[place]))


def _conv(row: dict[str, Any], published: dict[str, Any], number: int) -> ProfileLayer:
    height, width, channels = row["inp"]
    kernel_y, kernel_x = row["kernel"]
    return ProfileLayer(
        name=row["name"],
        kind="conv",
        channels=channels,
        size=(height, width),
        filters=row["out"][2],
        kernel=(kernel_y, kernel_x),
        stride=(row["stride"],) * 2,
        padding=(row["pad"],) * 2,
        groups=row["groups"],
        act_bits=published["profile"][number],
        weight_bits=None,
        act_mean=published["activations"][number],
        weight_mean=published["weights"][number],
    )


def _fc(row: dict[str, Any], published: dict[str, Any], bits: int) -> ProfileLayer:
    return ProfileLayer(
        name=row["name"],
        kind="fc",
        channels=row["inp"][2],
        size=(1, 1),
        filters=row["out"][2],
        kernel=(1, 1),
        stride=(1, 1),
        padding=(0, 0),
        groups=1,
        act_bits=bits,
        weight_bits=bits,
        act_mean=bits * (1 - published["activation_reduction"] / 100),
        weight_mean=bits * (1 - published["weight_reduction"] / 100),
    )


def _names(file: Path) -> list[str]:
    return [name for name, _line, _text in _parts(file)]


def _document(file: Path, name: str) -> dict[str, Any]:
    """What `file` says of the network `name`; only that is parsed, for the whole takes a second and more."""
    line, text = next((line, text) for found, line, text in _parts(file) if found == name)
    document: dict[str, Any] = parse(text, Place(str(file), line))[name]
    return document


def _parts(file: Path) -> Iterator[tuple[str, int, str]]:
    """(network, its first line, its text) of every top-level key."""
    text = file.read_text(encoding="utf-8")
    heads = list(re.finditer(r"^([\w+.-]+):", text, re.MULTILINE))
    ends = [head.start() for head in heads[1:]] + [len(text)]
    for head, end in zip(heads, ends, strict=True):
        yield head[1], text.count("\n", 0, head.start()) + 1, text[head.start() : end]
