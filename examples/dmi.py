"""Direct memory access: after one transaction the initiator reads bytes itself, until the target takes them back.

The target has two pages behind one window. Turning the page invalidates what it lent.
"""

import simpy

from tlm.core import FS_PER_NS, OK, READ, Access, Dmi, InitiatorSocket, Module, Payload, TargetSocket

PAGE = 256


class Window(Module):
    """The page that is turned up lies at addresses 0 to 255; reading takes 10 ns either way."""

    def __init__(self, parent, name):
        super().__init__(parent, name)
        self.port = TargetSocket(self, "port", self.b_transport, get_direct_mem_ptr=self.get_direct_mem_ptr)
        self.pages = [bytes([1]) * PAGE, bytes([2]) * PAGE]
        self.page = self.calls = 0

    def b_transport(self, payload, delay):
        self.calls += 1
        payload.data[:] = self.pages[self.page][payload.address :][: payload.data_length]
        payload.response_status, payload.dmi_allowed = OK, True
        return delay + 10 * FS_PER_NS

    def get_direct_mem_ptr(self, payload):
        return Dmi(0, PAGE - 1, memoryview(self.pages[self.page]), Access.READ, read_latency=10 * FS_PER_NS)

    def turn(self):
        self.page = 1 - self.page
        self.port.invalidate_direct_mem_ptr(0, PAGE - 1)


class Cpu(Module):
    """Reads directly where it may, else by a transaction, after which it asks."""

    def __init__(self, parent, name):
        super().__init__(parent, name)
        self.mem = InitiatorSocket(self, "mem", invalidate_direct_mem_ptr=self.invalidate_direct_mem_ptr)
        self.dmi = Dmi()

    def invalidate_direct_mem_ptr(self, start, end):
        if start <= self.dmi.end and self.dmi.start <= end:
            self.dmi = Dmi()

    def read(self, address):
        dmi = self.dmi
        if dmi.access & Access.READ and dmi.start <= address <= dmi.end:
            yield self.env.timeout(dmi.read_latency)
            return dmi.memory[address - dmi.start]
        payload = Payload(READ, address, bytearray(1))
        yield self.env.timeout((yield from self.mem.b_transport(payload, 0)))
        if payload.dmi_allowed:
            self.dmi = self.mem.get_direct_mem_ptr(payload)
        return payload.data[0]


soc = Module(simpy.Environment(), "soc")
cpu, window = Cpu(soc, "cpu"), Window(soc, "window")
cpu.mem >> window.port


@cpu.process
def program():
    for _page in range(2):
        values = []
        for address in range(100):
            values.append((yield from cpu.read(address)))
        print(f"{soc.now / FS_PER_NS:,.0f} ns: a hundred bytes of {set(values)} by {window.calls} transactions")
        window.turn()


soc.env.run()
