"""Traces read without the libraries that wrote them: Perfetto's protobuf by its wire format, VCD by pyvcd's reader."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
from vcd.reader import TokenKind, tokenize

BEGIN, END, INSTANT, COUNTER = 1, 2, 3, 4
FS_PER_NS = 10**6


# --- protobuf


def fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Each field of a message: its number, and an integer or bytes."""
    place = 0
    while place < len(data):
        key, place = varint(data, place)
        number, kind = key >> 3, key & 7
        if kind == 0:
            value, place = varint(data, place)
            yield number, value
            continue
        if kind == 2:
            length, place = varint(data, place)
        else:
            length = {1: 8, 5: 4}[kind]
        assert place + length <= len(data), "the message is cut off"
        yield number, data[place : place + length]
        place += length


def varint(data: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[place]
        value |= (byte & 127) << shift
        shift, place = shift + 7, place + 1
        if byte < 128:
            return value, place


def message(data: bytes) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for number, value in fields(data):
        found.setdefault(number, []).append(value)
    return found


# --- Perfetto


@attrs.define
class Event:
    """One event of a track, with its notes by name."""

    kind: int
    track: str
    lane: int
    timestamp: int
    name: str
    category: str
    notes: dict[str, Any]
    starts: list[int]
    ends: list[int]
    value: float | int | None


@attrs.define
class Slice:
    """A begin and its end on one track; an `end` of None is none."""

    track: str
    lane: int
    name: str
    category: str
    begin: int
    end: int | None
    notes: dict[str, Any]
    starts: list[int]


class Perfetto:
    """A decoded trace: `tracks` {uuid: full name}, `events` in the order of the file."""

    def __init__(self, file: Path) -> None:
        self._names: dict[tuple[int, int], str] = {}
        self._described: dict[int, dict[int, list[Any]]] = {}
        self.events: list[Event] = []
        for number, packet in fields(file.read_bytes()):
            assert number == 1
            self._packet(message(packet))
        self.tracks = {uuid: self._full_name(uuid) for uuid in self._described}
        for event in self.events:
            event.track = self.tracks[event.lane]

    def slices(self) -> list[Slice]:
        """All slices in the order of their beginnings in the file; on no track does one overlap the one before."""
        open_, found = dict[int, Slice](), list[Slice]()
        last: dict[int, int] = {}
        for event in self.events:
            if event.kind == BEGIN:
                assert event.lane not in open_, "a slice in a slice"
                notes = dict(event.notes)
                begin = notes.pop("begin_fs")
                assert begin >= last.get(event.lane, 0)
                made = Slice(event.track, event.lane, event.name, event.category, begin, None, notes, event.starts)
                open_[event.lane] = made
                found.append(made)
            elif event.kind == END:
                ended = open_.pop(event.lane)
                ended.end = last[event.lane] = event.notes["end_fs"]
                assert ended.end >= ended.begin
                ended.notes |= {name: note for name, note in event.notes.items() if name != "end_fs"}
        return found

    def instants(self) -> list[Event]:
        return [event for event in self.events if event.kind == INSTANT]

    def counters(self) -> dict[str, list[tuple[int, float]]]:
        """{full name: (time in fs, value)}."""
        found: dict[str, list[tuple[int, float]]] = {}
        for event in self.events:
            if event.kind == COUNTER:
                assert event.value is not None
                found.setdefault(event.track, []).append((event.notes["time_fs"], event.value))
        return found

    def capacity(self, track: str) -> int:
        """What the description of a counter's track says it holds."""
        (uuid,) = [uuid for uuid, name in self.tracks.items() if name == track]
        return int(self._described[uuid][14][0].decode().removeprefix("of ").replace(",", ""))

    def unit(self, track: str) -> str:
        (uuid,) = [uuid for uuid, name in self.tracks.items() if name == track]
        return message(self._described[uuid][8][0])[6][0].decode()

    def _packet(self, packet: dict[int, list[Any]]) -> None:
        assert packet[10] == [1], "all are of one sequence"
        assert packet[13] == [2 if self._described else 1], "the first one clears what is known, all others build on it"
        for table, entries in message(packet[12][0]).items() if 12 in packet else ():
            for entry in map(message, entries):
                self._names[table, entry[1][0]] = entry[2][0].decode()
        if 60 in packet:
            described = message(packet[60][0])
            assert described[1][0] not in self._described
            self._described[described[1][0]] = described
        if 11 in packet:
            self.events.append(self._event(packet[8][0], message(packet[11][0])))

    def _event(self, timestamp: int, event: dict[int, list[Any]]) -> Event:
        value = event[30][0] if 30 in event else struct.unpack("<d", event[44][0])[0] if 44 in event else None
        made = Event(
            kind=event[9][0],
            track="",
            lane=event[11][0],
            timestamp=timestamp,
            name=self._names[2, event[10][0]] if 10 in event else event.get(23, [b""])[0].decode(),
            category=self._names[1, event[3][0]] if 3 in event else "",
            notes=dict(map(self._note, event.get(4, []))),
            starts=[flow for (flow,) in (struct.unpack("<Q", one) for one in event.get(47, []))],
            ends=[flow for (flow,) in (struct.unpack("<Q", one) for one in event.get(48, []))],
            value=value,
        )
        (time,) = [made.notes[name] for name in ("begin_fs", "end_fs", "time_fs") if name in made.notes]
        assert timestamp == time // FS_PER_NS
        assert made.lane in self._described, "a track is described before it is used"
        return made

    def _note(self, data: bytes) -> tuple[str, Any]:
        note = message(data)
        name = self._names[3, note[1][0]]
        if 17 in note:
            return name, self._names[29, note[17][0]]
        if 6 in note:
            return name, note[6][0].decode()
        return name, note[7][0] if 7 in note else note[3][0]

    def _full_name(self, uuid: int) -> str:
        described = self._described[uuid]
        name = described[2][0].decode()
        return f"{self._full_name(described[5][0])}.{name}" if 5 in described else name


# --- VCD


def read_vcd(file: Path) -> tuple[dict[str, list[tuple[int, Any]]], int]:
    """{full name: (time in fs, value) where it changes}, and the file's last time."""
    names: dict[str, str] = {}
    scopes: list[str] = []
    changes: dict[str, list[tuple[int, Any]]] = {}
    time, before = 0, -1
    with file.open("rb") as stream:
        for token in tokenize(stream):
            if token.kind is TokenKind.TIMESCALE:
                assert str(token.data) == "1 fs"
            elif token.kind is TokenKind.SCOPE:
                scopes.append(token.data.ident)
            elif token.kind is TokenKind.UPSCOPE:
                scopes.pop()
            elif token.kind is TokenKind.VAR:
                names[token.data.id_code] = ".".join((*scopes, token.data.reference))
            elif token.kind is TokenKind.CHANGE_TIME:
                assert token.data > before, "times rise"
                time = before = token.data
            elif token.kind in (TokenKind.CHANGE_STRING, TokenKind.CHANGE_VECTOR, TokenKind.CHANGE_REAL):
                changes.setdefault(names[token.data.id_code], []).append((time, token.data.value))
    assert len(set(names.values())) == len(names)
    return {name: changes.get(name, []) for name in names.values()}, time
