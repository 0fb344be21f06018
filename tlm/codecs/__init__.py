"""Codecs: containers of 16 values, encoded, decoded and measured; pure data, no time."""

from tlm.inputs.errors import BadInput
from tlm.inputs.usercode import is_user_code

from .binary import Binary
from .bitmap import Bitmap
from .codec import Codec, CorruptContainer, Encoded, OutsideDomain
from .dpred import Dpred
from .entropy import entropy_bits
from .format import GROUP, Format
from .pow2 import Pow2
from .profile import Profile
from .raw import Raw
from .ternary import Ternary
from .user import user_codec

CODECS: dict[str, Codec] = {
    "none": Raw(),
    "profile": Profile(),
    "dpred": Dpred(),
    "bitmap": Bitmap(),
    "ternary": Ternary(),
    "pow2": Pow2(),
    "binary": Binary(),
}


def codec(name: str, key: str = "compression.codec") -> Codec:
    """The codec of that name, or a user's own (`my.py:Delta`); BadInput offers the ones there are.

    `key` is the scenario's that names it, for messages.
    """
    if is_user_code(name):
        return user_codec(name, key)
    if name not in CODECS:
        raise BadInput(f"there is no codec {name!r}", key=key, given=name, allowed=CODECS)
    return CODECS[name]


__all__ = [
    "CODECS",
    "GROUP",
    "Codec",
    "CorruptContainer",
    "Encoded",
    "Format",
    "OutsideDomain",
    "codec",
    "entropy_bits",
]
