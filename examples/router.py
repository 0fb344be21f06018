"""An initiator, a router and two memories: one address space, and what is written lies in two places."""

import simpy

from tlm.core import FS_PER_NS, InitiatorSocket, Module, Router
from tlm.memory import Ram

soc = Module(simpy.Environment(), "soc")
cpu, router = Module(soc, "cpu"), Router(soc, "router")
sram = Ram(soc, "sram", size=0x1000, read_latency=2 * FS_PER_NS, write_latency=1 * FS_PER_NS)
dram = Ram(soc, "dram", size=0x9000, read_latency=50 * FS_PER_NS, write_latency=20 * FS_PER_NS)
mem = InitiatorSocket(cpu, "mem")
mem >> router.port
router.map(0x0000, 0x1000, sram.port)
router.map(0x1000, 0x9000, dram.port)


@cpu.process
def program():
    for address in (0x0FF8, 0x0FFC, 0x1000, 0x1004):
        yield from mem.write(address, address.to_bytes(4, "big"))
        data = yield from mem.read(address, 4)
        print(f"{soc.now / FS_PER_NS:4.0f} ns: 0x{address:04x} holds 0x{data.hex()}")


soc.env.run()
print(f"the sram ends with {sram.memory[-8:].hex(' ', 4)}, the dram begins with {dram.memory[:8].hex(' ', 4)}")
