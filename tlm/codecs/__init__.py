"""Codecs: containers of 16 values, encoded, decoded and measured; pure data, no time."""

from tlm.core.errors import BadInput

from .codec import Codec, CorruptContainer, Encoded
from .dpred import Dpred
from .entropy import entropy_bits
from .format import GROUP, Format
from .raw import Raw

CODECS: dict[str, Codec] = {
    "dpred": Dpred(),
    "none": Raw(),
}


def codec(name: str) -> Codec:
    """The codec of that name; BadInput offers the ones there are."""
    if name not in CODECS:
        raise BadInput(f"there is no codec {name!r}", given=name, allowed=CODECS)
    return CODECS[name]


__all__ = [
    "CODECS",
    "GROUP",
    "Codec",
    "CorruptContainer",
    "Encoded",
    "Format",
    "codec",
    "entropy_bits",
]
