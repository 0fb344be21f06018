"""Small initiators, targets and what stands between them for the conformance cases; latencies and logs are in ns."""

from __future__ import annotations

from collections import deque

import simpy
from small_parts import later

from tlm.core import (
    ACCEPTED,
    BEGIN_REQ,
    BEGIN_RESP,
    COMPLETED,
    END_REQ,
    END_RESP,
    FS_PER_NS,
    OK,
    READ,
    WRITE,
    InitiatorSocket,
    Module,
    MultiInitiatorSocket,
    MultiTargetSocket,
    Payload,
    TargetSocket,
)


def in_ns(time_fs):
    """Whole ns; anything else is a fault of the model."""
    assert type(time_fs) is int
    whole, rest = divmod(time_fs, FS_PER_NS)
    assert rest == 0, f"{time_fs} fs is not a whole number of ns"
    return whole


def write_word(address, value):
    return Payload(WRITE, address, value.to_bytes(4, "little"))


def read_word(address):
    return Payload(READ, address, bytearray(4))


def value_of(payload):
    return int.from_bytes(payload.data, "little")


def writes_then_reads(count):
    """`count` writes of k to address 4k, then reads of them."""
    return [write_word(4 * k, k) for k in range(count)] + [read_word(4 * k) for k in range(count)]


class Words:
    """4 KiB that payloads read and write, 0 at first."""

    def __init__(self):
        self.bytes = bytearray(4096)

    def execute(self, payload):
        place = slice(payload.address, payload.address + payload.data_length)
        if payload.command is WRITE:
            self.bytes[place] = payload.data
        elif payload.command is READ:
            payload.data[:] = self.bytes[place]
        payload.response_status = OK


# --- loosely timed ---------------------------------------------------------------------------------------------------


class LtTarget(Module):
    """Annotates its latency, in a plain function; `received` holds the (kernel time, delay) of each call."""

    def __init__(self, parent, name, write_ns=10, read_ns=100):
        super().__init__(parent, name)
        self.write_ns, self.read_ns = write_ns, read_ns
        self.words = Words()
        self.received = []
        self.addresses = []
        self.port = TargetSocket(self, "port", self.b_transport, self.transport_dbg)

    def latency(self, payload):
        return FS_PER_NS * (self.write_ns if payload.command is WRITE else self.read_ns)

    def execute(self, payload, delay):
        self.received.append((in_ns(self.now), in_ns(delay)))
        self.addresses.append(payload.address)
        self.words.execute(payload)

    def b_transport(self, payload, delay):
        self.execute(payload, delay)
        return delay + self.latency(payload)

    def transport_dbg(self, payload):
        status = payload.response_status
        self.words.execute(payload)
        payload.response_status = status
        return payload.data_length


class GeneratorLtTarget(LtTarget):
    """Annotates, in a generator that never yields."""

    def b_transport(self, payload, delay):
        self.execute(payload, delay)
        yield from ()
        return delay + self.latency(payload)


class SubclassLtTarget(LtTarget):
    """Annotates, in a method that overrides and extends another one."""

    def b_transport(self, payload, delay):
        return super().b_transport(payload, delay)


class SubclassGeneratorLtTarget(GeneratorLtTarget):
    """Annotates, in a generator that overrides and extends another one."""

    def b_transport(self, payload, delay):
        return (yield from super().b_transport(payload, delay))


class RegisteringLtTarget(LtTarget):
    """Annotates; its function is registered after the socket is made."""

    def __init__(self, parent, name, write_ns=10, read_ns=100):
        super().__init__(parent, name, write_ns, read_ns)
        self.port = TargetSocket(self, "registered")
        self.port.register_b_transport(self.b_transport)


class WaitingLtTarget(LtTarget):
    """Waits the delay and its latency, then returns 0."""

    def b_transport(self, payload, delay):
        self.received.append((in_ns(self.now), in_ns(delay)))
        self.addresses.append(payload.address)
        yield self.env.timeout(delay + self.latency(payload))
        self.words.execute(payload)
        return 0


class HalfWaitingLtTarget(LtTarget):
    """Waits the delay, and annotates its latency."""

    def b_transport(self, payload, delay):
        self.execute(payload, delay)
        yield self.env.timeout(delay)
        return self.latency(payload)


class LtInitiator(Module):
    """Sends one payload after another and waits each result: `sent` and `ok`; begins `start_ns` after the start."""

    def __init__(self, parent, name, payloads=(), *, start_ns=0, delay_ns=0):
        super().__init__(parent, name)
        self.payloads = list(payloads)
        self.start_ns, self.delay_ns = start_ns, delay_ns
        self.sent, self.returned, self.ok = [], [], []
        self.port = InitiatorSocket(self, "port")
        self.process(self.run)

    def run(self):
        if self.start_ns:
            yield self.env.timeout(self.start_ns * FS_PER_NS)
        for payload in self.payloads:
            self.sent.append(in_ns(self.now))
            delay = yield from self.port.b_transport(payload, self.delay_ns * FS_PER_NS)
            self.returned.append((in_ns(self.now), in_ns(delay)))
            if delay:
                yield self.env.timeout(delay)
            self.ok.append(in_ns(self.now))

    @property
    def values(self):
        return [value_of(payload) for payload in self.payloads if payload.command is READ]


# --- approximately timed ---------------------------------------------------------------------------------------------


class ScriptedTarget(Module):
    """Answers a BEGIN_REQ with `answer` and makes `calls` of (phase, ns after the request).

    `received` are the forward calls as (phase, kernel time, delay), `sent` the backward ones as (phase, time, result).
    """

    def __init__(self, parent, name, answer=(ACCEPTED, BEGIN_REQ, 0), calls=(), ends_with=COMPLETED):
        super().__init__(parent, name)
        self.answer, self.calls, self.ends_with = answer, calls, ends_with
        self.words = Words()
        self.received, self.sent = [], []
        self.port = TargetSocket(self, "port", nb_transport_fw=self.nb_transport_fw)

    def nb_transport_fw(self, payload, phase, delay):
        self.received.append((phase, in_ns(self.now), in_ns(delay)))
        if phase != BEGIN_REQ:
            return self.ends_with, phase, delay
        sync, answered, answer_ns = self.answer
        if sync == COMPLETED or answered == BEGIN_RESP:
            self.words.execute(payload)
        for called, after_ns in self.calls:
            later(self.env, delay + after_ns * FS_PER_NS, self.call, payload, called)
        return sync, answered, delay + answer_ns * FS_PER_NS

    def call(self, payload, phase):
        if phase == BEGIN_RESP:
            self.words.execute(payload)
        time = in_ns(self.now)
        sync, _, _ = self.port.nb_transport_bw(payload, phase, 0)
        self.sent.append((phase, time, sync))

    def times_of(self, wanted):
        """When calls with this phase were made or came, in ns."""
        return [time for phase, time, _ in self.received + self.sent if phase == wanted]


class QueueingTarget(Module):
    """One request and one response at a time, all others queued; ACCEPTED everywhere.

    END_REQ comes `accept_ns` after BEGIN_REQ or the previous END_REQ; BEGIN_RESP `latency_ns` after END_REQ where it is
    idle, else that long after the previous END_RESP.
    """

    def __init__(self, parent, name, accept_ns=25, latency_ns=100):
        super().__init__(parent, name)
        self.accept_fs, self.latency_fs = accept_ns * FS_PER_NS, latency_ns * FS_PER_NS
        self.words = Words()
        self.requests, self.responses = deque(), deque()
        self.port = TargetSocket(self, "port", nb_transport_fw=self.nb_transport_fw)

    def nb_transport_fw(self, payload, phase, delay):
        later(self.env, delay, self.begin_request if phase == BEGIN_REQ else self.end_response, payload)
        return ACCEPTED, phase, delay

    def begin_request(self, payload):
        self.requests.append(payload)
        if len(self.requests) == 1:
            later(self.env, self.accept_fs, self.end_request)

    def end_request(self):
        payload = self.requests.popleft()
        self.responses.append(payload)
        if len(self.responses) == 1:
            later(self.env, self.latency_fs, self.begin_response)
        if self.requests:
            later(self.env, self.accept_fs, self.end_request)
        assert self.port.nb_transport_bw(payload, END_REQ, 0)[0] == ACCEPTED

    def begin_response(self):
        payload = self.responses[0]
        self.words.execute(payload)
        assert self.port.nb_transport_bw(payload, BEGIN_RESP, 0)[0] == ACCEPTED

    def end_response(self, payload):
        assert self.responses.popleft() is payload
        if self.responses:
            later(self.env, self.latency_fs, self.begin_response)


class OutOfOrderTarget(Module):
    """Takes a request in `accept_ns` and answers what is ready first; `more_ns` is what an address takes besides."""

    def __init__(self, parent, name, more_ns, accept_ns=10, latency_ns=30):
        super().__init__(parent, name)
        self.more_ns, self.accept_ns, self.latency_ns = more_ns, accept_ns, latency_ns
        self.words = Words()
        self.ready = deque()
        self.responding = None
        self.port = TargetSocket(self, "port", nb_transport_fw=self.nb_transport_fw)

    def nb_transport_fw(self, payload, phase, delay):
        if phase == END_RESP:
            assert payload is self.responding
            self.responding = None
            later(self.env, delay, self.respond)
            return COMPLETED, phase, delay
        latency_ns = self.latency_ns + self.more_ns.get(payload.address, 0)
        later(self.env, delay + self.accept_ns * FS_PER_NS, self.port.nb_transport_bw, payload, END_REQ, 0)
        later(self.env, delay + latency_ns * FS_PER_NS, self.finish, payload)
        return ACCEPTED, phase, delay

    def finish(self, payload):
        self.words.execute(payload)
        self.ready.append(payload)
        self.respond()

    def respond(self):
        if self.ready and self.responding is None:
            self.responding = self.ready.popleft()
            sync, _, delay = self.port.nb_transport_bw(self.responding, BEGIN_RESP, 0)
            if sync == COMPLETED:
                self.responding = None
                later(self.env, delay, self.respond)


class AtInitiator(Module):
    """Sends a payload when the request channel is free and fewer than `outstanding` are alive.

    It ends a response `end_ns` after its begin. `log` holds (payload's number, phase, effective time), `ok` the time
    of each result, by number; `ended` what END_RESP returned.
    """

    def __init__(self, parent, name, payloads, *, outstanding=1, end_ns=7, start_ns=0, delay_ns=0):
        super().__init__(parent, name)
        self.payloads = list(payloads)
        self.outstanding, self.end_ns, self.start_ns, self.delay_ns = outstanding, end_ns, start_ns, delay_ns
        self.waiting, self.alive, self.requesting = deque(self.payloads), [], None
        self.log, self.ended, self.ok = [], [], {}
        self.port = InitiatorSocket(self, "port", self.nb_transport_bw)
        self.process(self.run)

    def run(self):
        yield self.env.timeout(self.start_ns * FS_PER_NS)
        self.send()

    def number(self, payload):
        return next(k for k, mine in enumerate(self.payloads) if mine is payload)

    def note(self, payload, phase):
        self.log.append((self.number(payload), phase, in_ns(self.now)))

    def times_of(self, wanted):
        """When this phase was, in ns."""
        return [time for _, phase, time in self.log if phase == wanted]

    def send(self):
        if not self.waiting or self.requesting is not None or len(self.alive) == self.outstanding:
            return
        payload = self.waiting.popleft()
        self.requesting = payload
        self.alive.append(payload)
        self.note(payload, BEGIN_REQ)
        self.take(payload, *self.port.nb_transport_fw(payload, BEGIN_REQ, self.delay_ns * FS_PER_NS))

    def take(self, payload, sync, phase, delay):
        """What a call returned: nothing, the next phase, or the end."""
        if sync == COMPLETED:
            later(self.env, delay, self.complete, payload)
        elif sync != ACCEPTED:
            later(self.env, delay, self.proceed, payload, phase)

    def nb_transport_bw(self, payload, phase, delay):
        later(self.env, delay, self.proceed, payload, phase)
        return ACCEPTED, phase, delay

    def proceed(self, payload, phase):
        self.note(payload, phase)
        self.free_request(payload)
        if phase == BEGIN_RESP:
            later(self.env, self.end_ns * FS_PER_NS, self.end_response, payload)

    def free_request(self, payload):
        if self.requesting is payload:
            self.requesting = None
            self.send()

    def end_response(self, payload):
        self.note(payload, END_RESP)
        self.ended.append(self.port.nb_transport_fw(payload, END_RESP, 0)[0])
        self.complete(payload)

    def complete(self, payload):
        self.ok[self.number(payload)] = in_ns(self.now)
        self.alive = [other for other in self.alive if other is not payload]
        self.free_request(payload)
        self.send()

    @property
    def ok_times(self):
        """The time of each result, in the payloads' order."""
        return [self.ok[k] for k in range(len(self.payloads))]

    @property
    def values(self):
        return [value_of(payload) for payload in self.payloads if payload.command is READ]


# --- between them ----------------------------------------------------------------------------------------------------


class PassThrough(Module):
    """What comes in at index k goes out at index k, and back; `seen` are the indices of all calls, with their names."""

    def __init__(self, parent, name):
        super().__init__(parent, name)
        self.seen = []
        self.inputs = MultiTargetSocket(
            self, "inputs", self.b_transport, self.transport_dbg, self.nb_transport_fw, self.get_direct_mem_ptr
        )
        self.outputs = MultiInitiatorSocket(self, "outputs", self.nb_transport_bw, self.invalidate)

    def b_transport(self, index, payload, delay):
        self.seen.append(("b", index))
        return (yield from self.outputs[index].b_transport(payload, delay))

    def transport_dbg(self, index, payload):
        self.seen.append(("dbg", index))
        return self.outputs[index].transport_dbg(payload)

    def nb_transport_fw(self, index, payload, phase, delay):
        self.seen.append(("fw", index))
        return self.outputs[index].nb_transport_fw(payload, phase, delay)

    def get_direct_mem_ptr(self, index, payload):
        self.seen.append(("dmi", index))
        return self.outputs[index].get_direct_mem_ptr(payload)

    def nb_transport_bw(self, index, payload, phase, delay):
        self.seen.append(("bw", index))
        return self.inputs[index].nb_transport_bw(payload, phase, delay)

    def invalidate(self, index, start, end):
        self.seen.append(("invalidate", index))
        self.inputs[index].invalidate_direct_mem_ptr(start, end)


class InitiatorWrapper(Module):
    """Holds `make(self, "child")` and passes its initiator socket on to the outside."""

    def __init__(self, parent, name, make):
        super().__init__(parent, name)
        self.child = make(self, "child")
        self.port = InitiatorSocket(self, "port")
        self.child.port >> self.port


class TargetWrapper(Module):
    """Holds `make(self, "child")` and passes what comes from outside to its target socket."""

    def __init__(self, parent, name, make):
        super().__init__(parent, name)
        self.child = make(self, "child")
        self.port = TargetSocket(self, "port")
        self.port >> self.child.port


def wrapped(wrapper, depth, make):
    """`make` inside `depth` wrappers."""
    for _ in range(depth):
        make = _one_more(wrapper, make)
    return make


def _one_more(wrapper, make):
    return lambda parent, name: wrapper(parent, name, make)


def innermost(module):
    """What the wrappers hold."""
    while isinstance(module, InitiatorWrapper | TargetWrapper):
        module = module.child
    return module


def run_for_ns(env: simpy.Environment, until_ns):
    """Run up to, not including, this time."""
    env.run(until=until_ns * FS_PER_NS)
