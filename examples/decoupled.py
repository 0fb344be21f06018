"""The same, temporally decoupled: the initiator runs ahead, and waits only at multiples of a quantum.

Data and end are those of `router.py`'s way of waiting each time; the events are fewer by what a quantum holds.
"""

import simpy

from tlm.core import FS_PER_NS, INCOMPLETE, WRITE, InitiatorSocket, Module, Payload, QuantumKeeper, Router
from tlm.memory import Ram


class Cpu(Module):
    """Writes `words` words, ahead of simulated time by up to `quantum` fs; one payload serves for all."""

    def __init__(self, parent, name, words, quantum):
        super().__init__(parent, name)
        self.words, self.syncs = words, 0
        self.mem = InitiatorSocket(self, "mem")
        self.keeper = QuantumKeeper(self, quantum)
        self.process(self.run)

    def run(self):
        keeper, payload = self.keeper, Payload(WRITE, data=bytearray(4))
        for word in range(self.words):
            payload.address, payload.response_status = 4 * word, INCOMPLETE
            payload.data[:] = word.to_bytes(4, "little")
            keeper.set((yield from self.mem.b_transport(payload, keeper.local_time)))
            if keeper.need_sync():
                self.syncs += 1
                yield from keeper.sync()
        yield from keeper.sync()


for quantum in (0, 100, 1000):
    soc = Module(simpy.Environment(), "soc")
    cpu, router = Cpu(soc, "cpu", words=1000, quantum=quantum * FS_PER_NS), Router(soc, "router")
    cpu.mem >> router.port
    for number in range(2):
        ram = Ram(soc, f"ram{number}", size=2000, write_latency=20 * FS_PER_NS)
        router.map(2000 * number, 2000, ram.port)
    soc.env.run()
    last = int.from_bytes(ram.memory[-4:], "little")
    print(f"quantum {quantum:4} ns: {cpu.syncs:4} syncs, the last word is {last}, at {soc.now / FS_PER_NS:,.0f} ns")
