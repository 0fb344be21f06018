"""An initiator and a target with a protocol checker between them, and calls by hand."""

from __future__ import annotations

import pytest
import simpy

from tlm.core import (
    ACCEPTED,
    OK,
    READ,
    WRITE,
    ExtendedPhase,
    InitiatorSocket,
    Module,
    Payload,
    ProtocolError,
    TargetSocket,
    check_protocol,
)

MINE = ExtendedPhase("MINE")
ACCEPT = object()  # in place of an answer: ACCEPTED, the rest as it was given


def read(address=0x1000, length=4):
    return Payload(READ, address, bytearray(length))


def write(address=0x1000, data=b"\1\2\3\4"):
    return Payload(WRITE, address, bytearray(data))


def answered(payload, status=OK):
    """The payload, with what its target says of it."""
    payload.response_status = status
    return payload


class Pair:
    """An initiator "cpu.out" on a target "ram.port", checked: each call is answered as the call says.

    `fw` and `bw` call over the hop, `answer` is what the other side returns and `during` what it does before that.
    `sent` counts the calls of transport, `came` those that got to the other side.
    """

    def __init__(self, *, check=True, strict=False):
        self.sent = self.came = 0
        self.env = simpy.Environment()
        self.cpu, self.ram = Module(self.env, "cpu"), Module(self.env, "ram")
        self.out = InitiatorSocket(self.cpu, "out", self._called, lambda _start, _end: None)
        self.port = TargetSocket(self.ram, "port", self._blocking, self._plain, self._called, self._plain)
        self.out >> self.port
        if check:
            check_protocol(self.out, strict=strict)
        self.cpu.elaborate()

    def fw(self, payload, phase, delay=0, answer=ACCEPT, during=lambda: None):
        self.answer, self.during = answer, during
        self.sent += 1
        return self.out.nb_transport_fw(payload, phase, delay)

    def bw(self, payload, phase, delay=0, answer=ACCEPT, during=lambda: None):
        self.answer, self.during = answer, during
        self.sent += 1
        return self.port.nb_transport_bw(payload, phase, delay)

    def b(self, payload, delay=0, left=None, wait=0, during=lambda: None):
        """Run a blocking call to its end."""
        self.answer, self.during, self.wait = delay if left is None else left, during, wait
        self.sent += 1
        self.env.process(self.out.b_transport(payload, delay))
        self.env.run()

    def debug(self, payload, count):
        self.answer, self.during = count, lambda: None
        return self.out.transport_dbg(payload)

    def dmi(self, payload, dmi):
        self.answer, self.during = dmi, lambda: None
        return self.out.get_direct_mem_ptr(payload)

    def at(self, time_fs):
        self.env.run(until=time_fs)

    def _called(self, _payload, phase, delay):
        self.came += 1
        answer = self.answer
        self.during()
        return (ACCEPTED, phase, delay) if answer is ACCEPT else answer

    def _plain(self, _payload):
        return self.answer

    def _blocking(self, _payload, _delay):
        self.came += 1
        if self.wait:
            yield self.env.timeout(self.wait)
        self.during()
        return self.answer


def alive(hop):
    """The payloads that the checker of a hop takes to be alive, there or on one that is checked with it."""
    return list(hop.nb_transport_fw.__self__._state._innermost)


def all_came(pair):
    """Whether every call got to the other side, and any was made."""
    return pair.came == pair.sent > 0


def refused(call):
    """The rule that `call()` breaks, and what is said of it."""
    with pytest.raises(ProtocolError) as raised:
        call()
    return raised.value.rule, str(raised.value)
