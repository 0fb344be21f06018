"""A system of one's own, in Python: two DStripes and a camera's DMA master on one LPDDR4 channel, watched live.

    python examples/shared_memory.py

The camera writes a frame at a fixed rate and should be done before the next; both accelerators classify digits
meanwhile. The memory serves who asks: the more bytes the camera may have in flight, the more of it is the camera's.
"""

import simpy
from rich.console import Console

from tlm.console import LiveView, component_table
from tlm.core import FS_PER_S, Module, simulate
from tlm.engines import Dma
from tlm.memory import Dram
from tlm.scenario import load
from tlm.system import accelerator, attach, components

FRAMES, FRAME_BYTES, FRAMES_PER_S = 5, 96 << 10, 60_000


class Camera(Module):
    """Writes frames into a ring of two buffers; `late` are those that were not there before the next one began."""

    kind = "camera"

    def __init__(self, parent, name, address, outstanding):
        super().__init__(parent, name)
        self.dma = Dma(self, "dma", outstanding=outstanding)
        self.address = address
        self.latencies_us = []
        self.process(self._run)

    def figures(self):
        """Its own numbers, for tables and the live view."""
        return {"frames": len(self.latencies_us), "late": sum(us > 1e6 / FRAMES_PER_S for us in self.latencies_us)}

    def _run(self):
        for frame in range(FRAMES):
            begin = frame * FS_PER_S // FRAMES_PER_S
            if begin > self.now:
                self.probe.set("idle")  # nothing to do until the next frame
                yield self.env.timeout(begin - self.now)
            self.probe.set("busy")
            yield self.dma.write(self.address + frame % 2 * FRAME_BYTES, FRAME_BYTES)
            self.latencies_us.append((self.now - begin) / 1e9)
        self.probe.set("idle")


def build(outstanding):
    """The system, in an environment of its own: parts are made in a parent and connected socket to socket.

    `outstanding` is the camera's; None: there is no camera.
    """
    soc = Module(simpy.Environment(), "soc")
    dram = Dram(soc, "dram", standard="lpddr4-3200")
    scenario = load("lenet", ["workload.images=2"])  # the machine, its compression and its network
    left = attach(soc, "left", scenario, dram)
    right = attach(soc, "right", scenario, dram, address=left.plan.end_address)
    if outstanding is not None:
        camera = Camera(soc, "camera", right.plan.end_address, outstanding)
        camera.dma.mem >> dram.port
    return soc


if __name__ == "__main__":
    for outstanding in (None, "8 KiB", "64 KiB"):
        soc = build(outstanding)
        with LiveView(soc):  # nothing is drawn where the output is no terminal
            simulate(soc)  # as soc.env.run(), and an error where work is left
        print(f"with {outstanding} of the camera's in flight" if outstanding else "without the camera")
        for name in ("left", "right"):
            one = accelerator(soc.children[name])
            times = one.cycles / one.roofline_cycles
            print(f"  {name}: {one.cycles:,} cycles, {times:.2f} times its roofline, bound by {one.bound_by}")
        if outstanding:
            camera = soc.children["camera"]
            told = camera.figures()
            print(
                f"  camera: {told['late']} of {told['frames']} frames late, one took {max(camera.latencies_us):.2f} us"
            )
    Console(width=100).print(component_table(components(soc, soc.now), 100))
