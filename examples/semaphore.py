"""A semaphore holds as many as it counts: two engines for four tasks, first come, first served."""

import simpy

from tlm.core import FS_PER_NS, Module, Semaphore

soc = Module(simpy.Environment(), "soc")
engines = Semaphore(soc, value=2, name="engines")


def task(number):
    def run():
        yield soc.env.timeout(number * FS_PER_NS)
        yield engines.wait()
        print(f"{soc.now / FS_PER_NS:3.0f} ns: task {number} has an engine, {engines.value} left")
        yield soc.env.timeout(10 * FS_PER_NS)
        engines.post()

    return run


for number in range(4):
    soc.process(task(number))
soc.env.run()
