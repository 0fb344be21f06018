"""Address mapping: from a byte address to channel, rank, bank group, bank, row and column, and back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import attrs

from ..core import BadInput

FIELDS = {"ch": "channel", "ra": "rank", "bg": "bank group", "ba": "bank", "ro": "row", "co": "column"}
PIECE = re.compile(r"([a-z]+)\[(\d+)(?::(\d+))?\]")
EXAMPLE = "co[10:6] ch[13:11] ba[15:14] bg[17:16] ro[31:18]"

#: So many ways to lie in a chunk are remembered: a stream has few.
SHAPES = 1024

#: A run of bursts in one row of a channel: (channel, banks, row, first, bursts). Burst k lies in
#: banks[(first + k) % len(banks)]; several banks where neighbouring bursts rotate over bank groups.
Segment = tuple[int, tuple[int, ...], int, int, int]


#: A burst's channel, its bank and row there, and the burst's number in the address space.
BurstPlace = tuple[int, int, int, int]


class Location(NamedTuple):
    """Where a burst lies; the column counts bursts within the row."""

    channel: int
    rank: int
    bank_group: int
    bank: int
    row: int
    column: int


@attrs.frozen
class Piece:
    """`bits` address bits from bit `low` up; they are bits `shift` and up of the number in `field`."""

    field: str
    low: int
    bits: int
    shift: int = 0

    def of(self, address: int) -> int:
        """This piece's share of its field."""
        return ((address >> self.low) & ((1 << self.bits) - 1)) << self.shift


def parse(text: str) -> list[tuple[str, int, int]]:
    """(field, low bit, bits) of "co[10:6] ch[13:11] ...", lowest first, without a gap; BadInput otherwise."""
    if not text.strip():
        raise BadInput(f"is empty; write a mapping such as '{EXAMPLE}'")
    found = []
    for word in text.split():
        match = PIECE.fullmatch(word)
        if match is None or match[1] not in FIELDS:
            given = re.match("[a-z]*", word)
            raise BadInput(
                f"{word!r} is not a part of a mapping such as '{EXAMPLE}'",
                given=given[0] if given else word,
                allowed=FIELDS,
            )
        high, low = int(match[2]), int(match[3] or match[2])
        if low > high:
            raise BadInput(f"{word!r} ends below its beginning; write the higher bit first")
        found.append((match[1], low, high - low + 1))
    found.sort(key=lambda piece: piece[1])
    for (below, low, bits), (name, above, _) in pairwise(found):
        top = low + bits - 1
        if top + 1 != above:
            wrong = f"bit {above} is in both" if above <= top else f"bit {top + 1} is in no part"
            raise BadInput(f"{name}[..:{above}] does not follow bit {top} of the part below it, {below}: {wrong}")
    return found


class AddressMapping:
    """Fields laid over the address bits above the byte offset within a burst.

    `pieces` are (field, bits), lowest first; of a field's pieces the lowest holds its lowest bits.
    """

    def __init__(self, pieces: Iterable[tuple[str, int]], burst_bytes: int) -> None:
        self.burst_bits = burst_bytes.bit_length() - 1
        self.pieces = tuple(_lay(pieces, self.burst_bits))
        self.bits = {field: sum(p.bits for p in self.pieces if p.field == field) for field in FIELDS}
        self.capacity_bytes = 1 << (self.burst_bits + sum(self.bits.values()))
        self._cut_into_chunks()

    def __str__(self) -> str:
        return " ".join(
            f"{p.field}[{p.low + p.bits - 1}:{p.low}]" if p.bits > 1 else f"{p.field}[{p.low}]" for p in self.pieces
        )

    def decode(self, address: int) -> Location:
        """The location of the burst at byte `address`."""
        value = dict.fromkeys(FIELDS, 0)
        for piece in self.pieces:
            value[piece.field] |= piece.of(address)
        return Location(*value.values())

    def encode(self, location: Location) -> int:
        """The byte address of the burst at `location`."""
        value = dict(zip(FIELDS, location, strict=True))
        mask = {piece: (1 << piece.bits) - 1 for piece in self.pieces}
        return sum(((value[p.field] >> p.shift) & mask[p]) << p.low for p in self.pieces)

    def bank_of(self, rank: int, bank_group: int, bank: int) -> int:
        """The number of a bank within its channel; the banks of a group, and a rank's groups, are adjacent."""
        return (((rank << self.bits["bg"]) | bank_group) << self.bits["ba"]) | bank

    def segments(self, address: int, length: int) -> list[Segment]:
        """The bursts that hold `length` > 0 bytes from `address`, as row segments in order of address."""
        burst = address >> self.burst_bits
        stop = ((address + length - 1) >> self.burst_bits) + 1
        found: list[Segment] = []
        rows = self._rows
        bits, places, in_stripe = self._chunk_bits, self._places, self._striped_channels * self._groups - 1
        while burst < stop:
            chunk = burst >> bits
            end = (chunk + 1) << bits
            end = end if end < stop else stop
            key = chunk & self._key_mask
            channel, banks = places[key] if key in places else self._place(key)
            row = 0
            for low, mask, shift in rows:
                row |= ((chunk >> low) & mask) << shift
            for lane, first, bursts in self._lanes(burst & in_stripe, end - burst):
                found.append((channel + lane, banks, row, first, bursts))
            burst = end
        return found

    def bursts(self, address: int, length: int) -> Iterator[BurstPlace]:
        """The bursts that hold `length` > 0 bytes from `address`, one by one."""
        burst = address >> self.burst_bits
        stop = ((address + length - 1) >> self.burst_bits) + 1
        channel_low, channels = self._channel_low, self._striped_channels - 1
        group_low, groups = self._group_low, self._groups - 1
        while burst < stop:
            chunk = burst >> self._chunk_bits
            end = min(stop, (chunk + 1) << self._chunk_bits)
            channel, banks = self._place(chunk & self._key_mask)
            row = self._row(chunk)
            for number in range(burst, end):
                yield channel + (number >> channel_low & channels), banks[number >> group_low & groups], row, number
            burst = end

    def _cut_into_chunks(self) -> None:
        """Find the chunk: the aligned run of bursts in which only channel, bank group and column vary.

        Its lowest bits, the stripe, hold at most one piece of channel and one of bank group bits; columns
        lie above. A burst's number within the chunk is then arithmetic, and all else is constant.
        """
        stripe, columns = _lowest(self.pieces)
        in_chunk = len(stripe) + len(columns)
        self._chunk_bits = sum(p.bits for p in self.pieces[:in_chunk])
        channel = next((p for p in stripe if p.field == "ch"), None)
        self._striped_channels = 1 << channel.bits if channel else 1
        self._channel_low = channel.low - self.burst_bits if channel else 0
        group = next((p for p in stripe if p.field == "bg"), None)
        self._groups = 1 << group.bits if group else 1
        self._group_low = group.low - self.burst_bits if group else 0
        low = self.burst_bits + self._chunk_bits
        upper = [attrs.evolve(p, low=p.low - low) for p in self.pieces[in_chunk:]]
        self._rows = [(p.low, (1 << p.bits) - 1, p.shift) for p in upper if p.field == "ro"]
        self._key_mask = sum(((1 << p.bits) - 1) << p.low for p in upper if p.field != "ro")
        self._places: dict[int, tuple[int, tuple[int, ...]]] = {}
        self._lanes = lru_cache(SHAPES)(self._stripes)

    def _row(self, chunk: int) -> int:
        row = 0
        for low, mask, shift in self._rows:
            row |= ((chunk >> low) & mask) << shift
        return row

    def _place(self, key: int) -> tuple[int, tuple[int, ...]]:
        """The lowest channel of a chunk, and the banks its bursts rotate over; `key` is its number but for the row."""
        place = self._places.get(key)
        if place is None:
            at = self.decode(key << (self._chunk_bits + self.burst_bits))
            groups = range(at.bank_group, at.bank_group + self._groups)
            banks = tuple(self.bank_of(at.rank, group, at.bank) for group in groups)
            place = self._places[key] = at.channel, banks
        return place

    def _stripes(self, start: int, bursts: int) -> list[tuple[int, int, int]]:
        """(channel above the lowest, first bank, how many) of so many bursts from `start` in a stripe of a chunk.

        Among the bursts below x, a channel has the whole turns of the stripe plus its share of the last.
        """
        low, channels = self._channel_low, self._striped_channels
        turn, run, end = channels << low, 1 << low, start + bursts
        found = []
        for lane in range(channels):
            skip = lane << low
            first = (start // turn << low) + min(max(start % turn - skip, 0), run)
            last = (end // turn << low) + min(max(end % turn - skip, 0), run)
            if last > first:
                found.append((lane, first % self._groups, last - first))
        return found


def _lay(pieces: Iterable[tuple[str, int]], low: int) -> Iterator[Piece]:
    used = dict.fromkeys(FIELDS, 0)
    for field, bits in pieces:
        if bits:
            yield Piece(field, low, bits, used[field])
            used[field] += bits
            low += bits


def _lowest(pieces: tuple[Piece, ...]) -> tuple[list[Piece], list[Piece]]:
    """The stripe (one channel and one bank group piece at most), and the column pieces just above it."""
    stripe: list[Piece] = []
    for piece in pieces:
        if piece.field not in ("ch", "bg") or any(p.field == piece.field for p in stripe):
            break
        stripe.append(piece)
    columns: list[Piece] = []
    for piece in pieces[len(stripe) :]:
        if piece.field != "co":
            break
        columns.append(piece)
    return stripe, columns


def fitted(pieces: Iterable[tuple[str, int]], bits: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    """A standard's mapping with as many channel and rank bits as `bits` says.

    Added channel bits lie just above the burst, rank bits just below the row; surplus ones leave at the top.
    """
    result = list(pieces)
    for field in ("ch", "ra"):
        surplus = sum(size for name, size in result if name == field) - bits[field]
        if surplus < 0:
            row = next(index for index, (name, _) in enumerate(result) if name == "ro")
            result.insert(0 if field == "ch" else row, (field, -surplus))
        for index in reversed(range(len(result))):
            name, size = result[index]
            if name == field and surplus > 0:
                result[index] = (name, max(0, size - surplus))
                surplus -= size - result[index][1]
    return tuple(result)
