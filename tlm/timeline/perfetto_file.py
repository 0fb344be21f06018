"""A Perfetto trace: tracks by module, slices of states and transactions, flows, counters; written as it comes."""

from __future__ import annotations

from typing import IO, Any, cast

from ..core import BUSY, FS_PER_NS, IDLE
from .lanes import Lanes
from .stream import Kind, Scope, Signal, Sink, Transaction, Value
from .whole_file import WholeFile

#: All packets are of one sequence, in which a name is written where it is new and is a number from then on.
SEQUENCE = 1
#: So many names of a kind are numbered, so that what has to be remembered has a bound; more are written each time.
MOST_NAMES = 1 << 14
#: The largest number that a note holds as a number.
MOST = (1 << 64) - 1

#: Where the run itself is drawn, from its beginning to its end.
RUN = ("simulated time",)

Fields = dict[str, Any]


class PerfettoFile(Sink):
    """Writes a trace into `file`.

    Perfetto's timestamps are whole nanoseconds, so each event says its time exactly in a note as well: of a slice
    `begin_fs` and `end_fs`, of anything else `time_fs`.
    """

    def __init__(self, file: WholeFile) -> None:
        from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import TracePacket, TrackDescriptor, TrackEvent
        from perfetto.trace_builder.proto_builder import StreamingTraceProtoBuilder

        self._new_packet, self._new_event, self._ordering = TracePacket, TrackEvent, TrackDescriptor.EXPLICIT
        self._file = file
        self._builder = StreamingTraceProtoBuilder(cast(IO[bytes], file))
        self._flags = TracePacket.SEQ_INCREMENTAL_STATE_CLEARED
        self._numbers: dict[str, dict[str, int]] = {}
        self._fresh: dict[str, list[Fields]] = {}
        self._tracks: dict[tuple[Scope, int, Signal | None], int] = {}
        self._lanes: dict[Scope, Lanes] = {}
        self._open: dict[int, tuple[int, int]] = {}

    def declare(self, signal: Signal) -> None:
        """Its track, so that tracks stand in the order of the system's parts."""
        self._track_of(signal)

    def stretch(self, signal: Signal, begin: int, end: int, state: str, on: str) -> None:
        """A slice on the module's own track; idle is a gap."""
        if state != IDLE:
            notes: Fields = {"waits_for": on} if on else {}
            self._slice(self._track_of(signal), begin, end, state, "busy" if state == BUSY else "waiting", notes)

    def level(self, signal: Signal, time: int, value: Value) -> None:
        """A counter's new value."""
        field = "double_counter_value" if signal.kind is Kind.REAL else "counter_value"
        self._write(time, "TYPE_COUNTER", self._track_of(signal), {"time_fs": time}, **{field: value})

    def request(self, one: Transaction) -> None:
        """A slice at the initiator's socket begins, in the first lane that is free, and a flow goes out from it."""
        lane = self._lanes.setdefault(one.source, Lanes()).take(one.begin_fs)
        track = self._track((*one.source, "requests"), lane)
        self._open[one.number] = lane, track
        notes = {
            "begin_fs": one.begin_fs,
            "command": one.command,
            "address": one.address,
            "length": one.length,
            "to": ".".join(one.target),
        }
        named = self._named(one.command, "request")
        self._write(one.begin_fs, "TYPE_SLICE_BEGIN", track, notes, flow_ids=[one.number], **named)

    def phase(self, one: Transaction, name: str, time: int) -> None:
        """An instant at the initiator's socket."""
        track = self._track((*one.source, "phases"))
        notes = {"time_fs": time, "transaction": one.number}
        self._write(time, "TYPE_INSTANT", track, notes, **self._named(name, "phase"))

    def response(self, one: Transaction, time: int, status: str) -> None:
        """The slice ends; the flow leads to an instant at the target's socket."""
        self._ended(one, time, status)
        track = self._track((*one.target, "responses"))
        notes = {"time_fs": time, "length": one.length, "status": status, "from": ".".join(one.source)}
        named = self._named(one.command, "response")
        self._write(time, "TYPE_INSTANT", track, notes, terminating_flow_ids=[one.number], **named)

    def abandon(self, one: Transaction, time: int) -> None:
        """The slice ends, and its flow leads nowhere."""
        self._ended(one, time, "abandoned")

    def close(self, begin: int, end: int) -> None:
        """The run as a slice; what is still asked for stays without an end."""
        self._slice(self._track(RUN), begin, end, "run", "run", {})
        self._file.keep()

    def _ended(self, one: Transaction, time: int, status: str) -> None:
        lane, track = self._open.pop(one.number)
        self._lanes[one.source].give(lane, time)
        self._write(time, "TYPE_SLICE_END", track, {"end_fs": time, "status": status})

    def _slice(self, track: int, begin: int, end: int, name: str, category: str, notes: Fields) -> None:
        named = self._named(name, category)
        self._write(begin, "TYPE_SLICE_BEGIN", track, {"begin_fs": begin, **notes}, **named)
        self._write(end, "TYPE_SLICE_END", track, {"end_fs": end})

    def _track_of(self, signal: Signal) -> int:
        """A component's own track, or a counter's within it."""
        if signal.kind is Kind.STATE:
            return self._track(signal.scope)
        return self._track((*signal.scope, signal.name), signal=signal)

    def _track(self, place: Scope, lane: int = 0, signal: Signal | None = None) -> int:
        """The track at `place`, in that lane, or of a counter; described, as are those around it, at its first time."""
        key = place, lane, signal
        known = self._tracks.get(key)
        if known is not None:
            return known
        around = self._track(place[:-1]) if len(place) > 1 else 0
        self._tracks[key] = number = len(self._tracks) + 1
        fields: Fields = {"uuid": number, "name": place[-1], "child_ordering": self._ordering}
        if around:
            fields |= {"parent_uuid": around, "sibling_order_rank": number}
        if signal is not None:
            fields["counter"] = {"unit_name": signal.unit}
            if signal.capacity is not None:
                fields["description"] = f"of {signal.capacity:,}"
        self._send(track_descriptor=fields)
        return number

    def _write(self, time: int, kind: str, track: int, notes: Fields, **fields: Any) -> None:
        """One event; notes are told in order."""
        annotations = [self._note(name, value) for name, value in notes.items()]
        event = self._new_event(type=kind, track_uuid=track, debug_annotations=annotations, **fields)
        self._send(timestamp=time // FS_PER_NS, track_event=event)

    def _send(self, **fields: Any) -> None:
        if self._fresh:
            fields["interned_data"], self._fresh = self._fresh, {}
        packet = self._new_packet(trusted_packet_sequence_id=SEQUENCE, sequence_flags=self._flags, **fields)
        self._flags = self._new_packet.SEQ_NEEDS_INCREMENTAL_STATE
        self._builder.write_packet(packet)

    def _named(self, name: str, category: str) -> Fields:
        """An event's name and category."""
        number = self._number("event_names", "name", name)
        named: Fields = {"name_iid": number} if number else {"name": name}
        return {"category_iids": [self._number("event_categories", "name", category)], **named}

    def _note(self, name: str, value: int | str) -> Fields:
        note: Fields = {"name_iid": self._number("debug_annotation_names", "name", name)}
        if isinstance(value, str):
            number = self._number("debug_annotation_string_values", "str", value)
            return note | ({"string_value_iid": number} if number else {"string_value": value})
        if not 0 <= value <= MOST:
            return note | {"string_value": str(value)}
        return note | {"pointer_value" if name == "address" else "uint_value": value}

    def _number(self, table: str, field: str, name: str) -> int:
        """The number of a name, which the next packet tells where it is new; 0 where it has none."""
        known = self._numbers.setdefault(table, {})
        number = known.get(name)
        if number is None:
            if len(known) == MOST_NAMES:
                return 0
            known[name] = number = len(known) + 1
            text = name.encode() if field == "str" else name
            self._fresh.setdefault(table, []).append({"iid": number, field: text})
        return number
