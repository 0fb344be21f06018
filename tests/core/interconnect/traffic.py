"""Small initiators and targets for the tests of interconnects: they keep a log of what came, in fs."""

from __future__ import annotations

from collections import deque
from functools import partial
from itertools import pairwise

from small_parts import later

from tlm.core import (
    ACCEPTED,
    BEGIN_REQ,
    BEGIN_RESP,
    COMPLETED,
    END_REQ,
    END_RESP,
    INCOMPLETE,
    OK,
    READ,
    UPDATED,
    WRITE,
    InitiatorSocket,
    Module,
    Payload,
    TargetSocket,
)


def read(address, length=4):
    return Payload(READ, address, bytearray(length))


def write(address, data):
    return Payload(WRITE, address, bytes(data))


def execute(payload, memory):
    """What a target does to 4 bytes a word, at any address: `memory` is a dict."""
    if payload.command is WRITE:
        memory[payload.address] = bytes(payload.data)
    else:
        payload.data[:] = memory[payload.address]
    payload.response_status = OK


# --- targets ---------------------------------------------------------------------------------------------------------


class Annotating(Module):
    """Adds `latency` to the delay; `seen` holds (kernel time, delay, address) of each call."""

    def __init__(self, parent, name, latency=0, status=OK):
        super().__init__(parent, name)
        self.latency, self.status = latency, status
        self.seen, self.memory = [], {}
        self.port = TargetSocket(self, "port", self.b_transport, self.transport_dbg)

    def b_transport(self, payload, delay):
        self.seen.append((self.now, delay, payload.address))
        self.answer(payload)
        return delay + self.latency

    def transport_dbg(self, payload):
        self.seen.append(("debug", payload.data_length, payload.address))
        return payload.data_length

    def answer(self, payload):
        payload.response_status = self.status


class Waiting(Annotating):
    """Waits the delay and `latency`, and returns 0."""

    def b_transport(self, payload, delay):
        self.seen.append((self.now, delay, payload.address))
        address = payload.address
        yield self.env.timeout(delay + self.latency)
        assert payload.address == address
        self.answer(payload)
        return 0


class Words(Annotating):
    """Annotates; words of real data."""

    def answer(self, payload):
        execute(payload, self.memory)


class WaitingWords(Waiting):
    """Waits; words of real data."""

    def answer(self, payload):
        execute(payload, self.memory)


class AtTarget(Module):
    """Non-blocking: requests and responses one at a time, each transaction answered in the way and with the delays
    that `ways` gives next: (way, accept, latency, delay of calls).

    Ways: 4 phases; "early", a BEGIN_RESP without an END_REQ; "end" and "respond", on the return path; "complete".
    """

    def __init__(self, parent, name, ways):
        super().__init__(parent, name)
        self.ways = ways
        self.memory, self.ready, self.responding, self.owed = {}, deque(), None, set()
        self.log = []
        self.port = TargetSocket(self, "port", nb_transport_fw=self.nb_transport_fw)

    def nb_transport_fw(self, payload, phase, delay):
        self.log.append((self.now + delay, phase, payload.address))
        if phase == END_RESP:
            self.owed.remove(payload)
            if payload is self.responding:
                later(self.env, delay, self.free)
            return COMPLETED, phase, delay
        way, accept, latency, annotated = next(self.ways)
        if way == "complete":
            execute(payload, self.memory)
            return COMPLETED, phase, delay + latency
        if way == "respond" and self.responding is None and not self.ready:
            self.responding = payload
            self.owed.add(payload)
            execute(payload, self.memory)
            return UPDATED, BEGIN_RESP, delay + latency
        if way == "phases":
            later(self.env, delay, self.call, payload, END_REQ, accept)
        later(self.env, delay + accept + latency, self.finish, payload, annotated)
        if way == "end":
            return UPDATED, END_REQ, delay + accept
        return ACCEPTED, phase, delay

    def finish(self, payload, annotated):
        execute(payload, self.memory)
        self.ready.append((payload, annotated))
        self.respond()

    def respond(self):
        if self.ready and self.responding is None:
            self.responding, annotated = self.ready.popleft()
            self.owed.add(self.responding)
            later(self.env, 0, self.call, self.responding, BEGIN_RESP, annotated)

    def call(self, payload, phase, delay):
        sync, _, delay = self.port.nb_transport_bw(payload, phase, delay)
        assert sync == ACCEPTED or phase == BEGIN_RESP
        if sync != ACCEPTED:
            self.owed.remove(payload)
            later(self.env, delay, self.free)

    def free(self):
        self.responding = None
        self.respond()


# --- initiators ------------------------------------------------------------------------------------------------------


class Sender(Module):
    """Blocking: sends each of `payloads` with the delay of `delays` and waits for its result.

    `done` holds (sent, returned, returned delay) of each.
    """

    def __init__(self, parent, name, payloads=(), delays=(), start=0, gap=0):
        super().__init__(parent, name)
        self.payloads, self.delays = list(payloads), dict(enumerate(delays))
        self.start_fs, self.gap = start, gap
        self.done = []
        self.port = InitiatorSocket(self, "port")
        self.process(self.run)

    def run(self):
        yield self.env.timeout(self.start_fs)
        for number, payload in enumerate(self.payloads):
            sent = self.now
            delay = yield from self.port.b_transport(payload, self.delays.get(number, 0))
            self.done.append((sent, self.now, delay))
            yield self.env.timeout(delay + self.gap)


class Decoupled(Sender):
    """Blocking, and ahead of time by up to `quantum`."""

    quantum = 50

    def run(self):
        delay = self.start_fs
        for payload in self.payloads:
            delay = self.gap + (yield from self.port.b_transport(payload, delay))
            if delay >= self.quantum:
                yield self.env.timeout(delay)
                delay = 0
        yield self.env.timeout(delay)
        self.done = list(self.payloads)


class AtInitiator(Module):
    """Non-blocking: at most `outstanding` alive, requests one at a time, each with the delays and the answer to
    BEGIN_RESP that `ways` gives next: (answer, its delay, delay of BEGIN_REQ).

    Answers: "accept", END_RESP after the delay; "end", UPDATED; "complete". `done` are the payloads that are over.
    """

    def __init__(self, parent, name, payloads, ways, outstanding=1, start=0):
        super().__init__(parent, name)
        self.waiting, self.outstanding, self.ways = deque(payloads), outstanding, ways
        self.start_fs = start
        self.alive, self.addresses, self.requesting, self.done = {}, {}, None, []
        self.log = []
        self.port = InitiatorSocket(self, "port", self.nb_transport_bw)
        self.process(self.run)

    def run(self):
        yield self.env.timeout(self.start_fs)
        self.send()

    def send(self):
        while self.waiting and self.requesting is None and len(self.alive) < self.outstanding:
            if self.waiting[0].command is READ and any(payload.command is WRITE for payload in self.alive):
                break  # a read follows on all writes before it
            payload = self.requesting = self.waiting.popleft()
            assert payload.response_status is INCOMPLETE
            way = self.alive[payload] = next(self.ways)
            self.addresses[payload] = payload.address
            sync, phase, delay = self.port.nb_transport_fw(payload, BEGIN_REQ, way[2])
            if sync == COMPLETED:
                later(self.env, delay, self.over, payload)
            elif sync == UPDATED and phase == END_REQ:
                later(self.env, delay, self.free_request, payload)
            elif sync == UPDATED:
                later(self.env, delay, self.begin_response, payload, way[1])

    def nb_transport_bw(self, payload, phase, delay):
        assert payload.address == self.addresses[payload], "not the address that was sent"
        self.log.append((self.now + delay, phase, payload))
        if phase == END_REQ:
            later(self.env, delay, self.free_request, payload)
            return ACCEPTED, phase, delay
        answer, after, _ = self.alive[payload]
        if answer == "accept":
            later(self.env, delay, self.begin_response, payload, after)
            return ACCEPTED, phase, delay
        later(self.env, delay + after, self.over, payload)
        return (UPDATED, END_RESP, delay + after) if answer == "end" else (COMPLETED, phase, delay + after)

    def begin_response(self, payload, after):
        self.free_request(payload)
        later(self.env, after, self.end_response, payload)

    def end_response(self, payload):
        self.port.nb_transport_fw(payload, END_RESP, 0)
        self.over(payload)

    def over(self, payload):
        assert payload.address == self.addresses[payload], "not the address that was sent"
        del self.alive[payload]
        self.done.append(payload)
        self.free_request(payload)
        self.send()

    def free_request(self, payload):
        if self.requesting is payload:
            self.requesting = None
            self.send()


def log_phases(log, hop):
    """A monitor that writes (hop, payload, phase, effective time) of each call and return into `log`."""
    for name in ("nb_transport_fw", "nb_transport_bw"):
        setattr(hop, name, partial(_logged, log, hop, getattr(hop, name)))


def _logged(log, hop, function, payload, phase, delay):
    log.append((hop, payload, phase, hop.env.now + delay))
    result = sync, phase, delay = function(payload, phase, delay)
    if sync != ACCEPTED:
        log.append((hop, payload, END_RESP if sync == COMPLETED else phase, hop.env.now + delay))
    return result


def spans(log, begin, ends):
    """From `begin` to the first of `ends` of each payload, in order of time: (start, end)."""
    found = []
    for place, (hop, payload, phase, start) in enumerate(log):
        if phase == begin:
            after = (entry for entry in log[place + 1 :] if entry[0] is hop and entry[1] is payload)
            found.append((start, next(time for _, _, phase, time in after if phase in ends)))
    return sorted(found)


def overlap(spans):
    """Whether any two do."""
    return any(start < end for (_, end), (start, _) in pairwise(spans))
