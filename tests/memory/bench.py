"""A DRAM driven without processes: requests with accept times in its own clock cycles."""

import simpy

from tlm.core import READ, WRITE, Payload
from tlm.memory import Dram
from tlm.memory.mapping import Location


class DramBench:
    def __init__(self, **fields):
        self.dram = Dram(simpy.Environment(), "dram", **fields)
        self.config = self.dram.config
        self.tck = self.config.tCK_fs
        self.payload = None

    def request(self, cycle, command, address, length=None):
        """Completion, in cycles, of a request accepted at `cycle`."""
        self.payload = Payload(command, address, None, length or self.dram.burst_bytes)
        done = self.dram.b_transport(self.payload, cycle * self.tck)
        assert self.payload.is_response_ok
        assert done % self.tck == 0
        return done // self.tck

    def read(self, cycle, *location):
        return self.request(cycle, READ, self.config.mapping.encode(at(*location)))

    def write(self, cycle, *location):
        return self.request(cycle, WRITE, self.config.mapping.encode(at(*location)))

    def utilisation(self, end_cycle):
        peak = self.dram.peak_bytes_per_s * self.tck / 1e15
        stats = self.dram.stats
        return (stats.moved_read_bytes + stats.moved_written_bytes) / (end_cycle * peak)


def at(bank_group=0, bank=0, row=0, column=0, rank=0, channel=0):
    return Location(channel, rank, bank_group, bank, row, column)
