"""A bridge sends a copy on and updates the original from it: nothing of the far side shows on the near one.

The memory behind it has the bytes of each 32-bit word the other way round; the initiator asks for every other byte.
"""

import simpy

from tlm.core import FS_PER_NS, READ, InitiatorSocket, Module, Payload, TargetSocket, deep_copy, update_original
from tlm.memory import Ram


def swapped(data):
    """Each word's four bytes in reverse."""
    return b"".join(bytes(data[place : place + 4][::-1]) for place in range(0, len(data), 4))


class Bridge(Module):
    """Swaps the bytes of whole words on their way, in 3 ns."""

    def __init__(self, parent, name):
        super().__init__(parent, name)
        self.port = TargetSocket(self, "port", self.b_transport)
        self.mem = InitiatorSocket(self, "mem")

    def b_transport(self, payload, delay):
        copy = deep_copy(payload)
        copy.byte_enable = None  # the far side is asked for whole words
        delay = yield from self.mem.b_transport(copy, delay)
        copy.data[:] = swapped(copy.data)
        update_original(payload, copy)  # the status and, of the data, the bytes that were asked for
        return delay + 3 * FS_PER_NS


soc = Module(simpy.Environment(), "soc")
cpu, bridge, ram = Module(soc, "cpu"), Bridge(soc, "bridge"), Ram(soc, "ram", size=64, read_latency=7 * FS_PER_NS)
mem = InitiatorSocket(cpu, "mem")
mem >> bridge.port
bridge.mem >> ram.port
ram.memory[:8] = bytes(range(8))


@cpu.process
def program():
    payload = Payload(READ, 0, bytearray(b"--------"))
    payload.byte_enable = b"\xff\x00"
    yield soc.env.timeout((yield from mem.b_transport(payload, 0)))
    print(f"{soc.now / FS_PER_NS:.0f} ns: {payload.response_string}, {bytes(payload.data)}")


soc.env.run()
