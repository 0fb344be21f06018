"""A memory with four phases that answers out of order: what lies near comes before what lies far and was asked first.

The initiator has several requests in flight. The memory takes one every 5 ns (END_REQ) and answers (BEGIN_RESP) when
the data are there, 15 or 60 ns later, one at a time; the initiator is done with a response after 7 ns (END_RESP).
`check_protocol` watches: let `respond` wait for nothing, and it names the rule that is broken.
"""

from collections import deque

import simpy

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
    InitiatorSocket,
    Module,
    Payload,
    PeqWithCbAndPhase,
    TargetSocket,
    check_protocol,
)

NEAR_BYTES, NEAR, FAR = 1024, 15 * FS_PER_NS, 60 * FS_PER_NS


class Memory(Module):
    """Works on all requests side by side; what is ready first is answered first."""

    def __init__(self, parent, name):
        super().__init__(parent, name)
        self.port = TargetSocket(self, "port", nb_transport_fw=self.nb_transport_fw)
        self.peq = PeqWithCbAndPhase(self, self.step)
        self.ready, self.responding = deque(), None

    def nb_transport_fw(self, payload, phase, delay):
        self.peq.notify(payload, phase, delay)
        return (COMPLETED if phase == END_RESP else ACCEPTED), phase, delay

    def step(self, payload, phase):
        if phase == BEGIN_REQ:
            self.peq.notify(payload, END_REQ, 5 * FS_PER_NS)
        elif phase == END_REQ:
            self.port.nb_transport_bw(payload, END_REQ, 0)
            self.peq.notify(payload, BEGIN_RESP, NEAR if payload.address < NEAR_BYTES else FAR)
        elif phase == BEGIN_RESP:
            payload.response_status = OK
            self.ready.append(payload)
            self.respond()
        else:  # END_RESP
            self.responding = None
            self.respond()

    def respond(self):
        if self.ready and self.responding is None:
            self.responding = self.ready.popleft()
            self.port.nb_transport_bw(self.responding, BEGIN_RESP, 0)


class Reader(Module):
    """Sends a request as soon as the one before has been taken, and notes when its response is over.

    A BEGIN_RESP may come without an END_REQ, and then ends the request too: some memories take one at a time.
    """

    def __init__(self, parent, name, addresses):
        super().__init__(parent, name)
        self.mem = InitiatorSocket(self, "mem", nb_transport_bw=self.nb_transport_bw)
        self.peq = PeqWithCbAndPhase(self, self.step)
        self.addresses, self.asked = deque(addresses), None

    def start_of_simulation(self):
        self.request()

    def nb_transport_bw(self, payload, phase, delay):
        self.peq.notify(payload, phase, delay)
        return ACCEPTED, phase, delay

    def step(self, payload, phase):
        if phase in (END_REQ, BEGIN_RESP) and payload is self.asked:
            self.request()
        if phase == BEGIN_RESP:
            self.peq.notify(payload, END_RESP, 7 * FS_PER_NS)
        elif phase == END_RESP:
            self.mem.nb_transport_fw(payload, END_RESP, 0)
            print(f"{self.now / FS_PER_NS:4.0f} ns: 0x{payload.address:04x} {payload.response_string}")

    def request(self):
        self.asked = None
        if self.addresses:
            self.asked = Payload(READ, self.addresses.popleft(), data_length=64)
            self.mem.nb_transport_fw(self.asked, BEGIN_REQ, 0)


soc = Module(simpy.Environment(), "soc")
reader, memory = Reader(soc, "reader", [0x0000, 0x0400, 0x0040, 0x0080]), Memory(soc, "memory")
reader.mem >> memory.port
check_protocol(reader.mem)
soc.env.run()
