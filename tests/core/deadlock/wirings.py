"""Thirty wirings that deadlock, a few parts each, with the whole message that names who waits for whom."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import simpy
from small_parts import Part, Run

from tlm.core import (
    BUSY,
    IDLE,
    READ,
    Answer,
    Fifo,
    InitiatorSocket,
    Module,
    Party,
    Payload,
    Progress,
    TargetSocket,
)

Wiring = Callable[[Module], "Party | None"]

WIRINGS: list[tuple[Wiring, str]] = []


def deadlocks(message: str) -> Callable[[Wiring], Wiring]:
    """The wiring, a few parts below "soc", stops with exactly this message."""

    def add(wiring: Wiring) -> Wiring:
        WIRINGS.append((wiring, message))
        return wiring

    return add


def roots_of(wiring: Wiring) -> list[Party]:
    soc = Module(simpy.Environment(), "soc")
    process = wiring(soc)
    return [soc] if process is None else [soc, process]


def fill(part: Any) -> Run:
    """Puts an item every 10 fs."""
    while True:
        yield part.env.timeout(10)
        yield part.out.put("item")


def drain(part: Any) -> Run:
    """Takes whatever comes: a server."""
    while True:
        yield part.inp.get()


def fill_then_drain(part: Any) -> Run:
    """Puts one more than fits before it takes any."""
    for _ in range(part.out.capacity + 1):
        yield part.env.timeout(10)
        yield part.out.put("item")
    yield part.inp.get()


def forward(part: Any) -> Run:
    while True:
        item = yield part.inp.get()
        yield part.env.timeout(3)
        yield part.out.put(item)


# --- full FIFOs ------------------------------------------------------------------------------------------------------


@deadlocks("""\
deadlock at 30 fs: soc.a -> soc.b -> soc.a
  soc.a waits since 20 fs for room in fifo 'soc.ab' (soc.b has not taken from it yet)
  soc.b waits since 30 fs for room in fifo 'soc.ba' (soc.a has not taken from it yet)""")
def two_fill_each_other_s_fifo_before_they_take(soc: Module) -> None:
    ab, ba = Fifo[str](soc, 1, "ab"), Fifo[str](soc, 2, "ba")
    Part(soc, "a", fill_then_drain, out=ab, inp=ba)
    Part(soc, "b", fill_then_drain, out=ba, inp=ab)


def exchange(part: Any) -> Run:
    """Takes one and puts `gain` in its place."""
    while True:
        yield part.inp.get()
        for _ in range(part.gain):
            yield part.env.timeout(1)
            yield part.out.put("item")


@deadlocks("""\
deadlock at 5 fs: soc.a -> soc.b -> soc.c -> soc.a
  soc.a waits since 5 fs for room in fifo 'soc.a.out' (soc.b takes from it)
  soc.b waits since 5 fs for room in fifo 'soc.b.out' (soc.c takes from it)
  soc.c waits since 5 fs for room in fifo 'soc.a.inp' (soc.a takes from it)""")
def three_in_a_ring_that_makes_two_of_one(soc: Module) -> None:
    fifos = [Fifo[str](soc.env, 1) for _ in range(3)]
    for place, name in enumerate("abc"):
        Part(soc, name, exchange, inp=fifos[place], out=fifos[(place + 1) % 3], gain=2)
    fifos[0].put("first")


def recirculate(part: Any) -> Run:
    for _ in range(9):
        item = yield part.loop.get()
        yield part.loop.put(item)
        yield part.loop.put(item)


@deadlocks("""\
deadlock at 0 fs: soc.a -> soc.a
  soc.a waits since 0 fs for room in fifo 'soc.a.loop' (soc.a takes from it)""")
def one_takes_from_the_fifo_it_fills(soc: Module) -> None:
    Part(soc, "a", recirculate, loop=Fifo[str](soc, 2)).loop.put("first")  # type: ignore[attr-defined]


@deadlocks("""\
deadlock at 40 fs: soc.a -> soc.b
  soc.a waits since 40 fs for room in fifo 'soc.ab' (soc.b, which took from it, has ended)
  soc.b has ended""")
def the_consumer_has_ended(soc: Module) -> None:
    def once(part: Any) -> Run:
        yield part.inp.get()

    ab = Fifo[str](soc, 2, "ab")
    Part(soc, "a", fill, out=ab)
    Part(soc, "b", once, inp=ab)


@deadlocks("""\
deadlock at 30 fs: soc.a -> nobody
  soc.a waits since 30 fs for room in fifo 'soc.ab' (nobody takes from it)""")
def nobody_reads(soc: Module) -> None:
    ab = Fifo[str](soc, 2, "ab")
    Part(soc, "a", fill, out=ab)
    Part(soc, "b", inp=ab)


def split(part: Any) -> Run:
    """All the left branch first, then the right one."""
    for branch in (part.left, part.right):
        for item in range(4):
            yield branch.put(item)


def join(part: Any) -> Run:
    for _ in range(4):
        yield from part.wait(part.right.get(), "right")
        yield from part.wait(part.left.get(), "left")


@deadlocks("""\
deadlock at 0 fs: soc.join -> soc.fork -> soc.join
  soc.join waits since 0 fs for right: an item of fifo 'soc.right' (soc.fork has not put into it yet)
  soc.fork waits since 0 fs for room in fifo 'soc.left' (soc.join has not taken from it yet)""")
def a_fork_and_join_with_too_little_capacity_in_one_branch(soc: Module) -> None:
    left, right = Fifo[int](soc, 3, "left"), Fifo[int](soc, 4, "right")
    Part(soc, "join", join, left=left, right=right)
    Part(soc, "fork", split, left=left, right=right)


@deadlocks("""\
deadlock at 60 fs: soc.a -> soc.b -> soc.c -> nobody
  soc.a waits since 60 fs for room in fifo 'soc.ab' (soc.b takes from it)
  soc.b waits since 43 fs for room in fifo 'soc.bc' (soc.c takes from it)
  soc.c waits since 26 fs for room in fifo 'soc.out' (nobody takes from it)""")
def back_pressure_of_an_output_that_nobody_drains(soc: Module) -> None:
    ab, bc, out = (Fifo[str](soc, capacity, name) for capacity, name in ((1, "ab"), (1, "bc"), (1, "out")))
    Part(soc, "a", fill, out=ab)
    Part(soc, "b", forward, inp=ab, out=bc)
    Part(soc, "c", forward, inp=bc, out=out)


# --- empty FIFOs, counts, credits ------------------------------------------------------------------------------------


def ask_first(part: Any) -> Run:
    yield part.env.timeout(part.begin)
    item = yield from part.wait(part.inp.get(), "token")
    yield part.out.put(item)


@deadlocks("""\
deadlock at 8 fs: soc.a -> soc.b -> soc.a
  soc.a waits since 5 fs for token: an item of fifo 'soc.ba' (soc.b has not put into it yet)
  soc.b waits since 8 fs for token: an item of fifo 'soc.ab' (soc.a has not put into it yet)""")
def two_wait_for_each_other_s_token(soc: Module) -> None:
    ab, ba = Fifo[str](soc, 1, "ab"), Fifo[str](soc, 1, "ba")
    Part(soc, "a", ask_first, out=ab, inp=ba, begin=5)
    Part(soc, "b", ask_first, out=ba, inp=ab, begin=8)


def serve(part: Any) -> Run:
    """Answers every request but the third."""
    for number in range(9):
        item = yield part.requests.get()
        if number != 2:
            yield part.answers.put(item)


def ask(part: Any) -> Run:
    for number in range(9):
        yield part.env.timeout(10)
        yield part.requests.put(number)
        yield from part.wait(part.answers.get(), "answer")


@deadlocks("""\
deadlock at 30 fs: soc.client -> soc.server -> soc.client
  soc.client waits since 30 fs for answer: an item of fifo 'soc.answers' (soc.server puts into it)
  soc.server is idle since 30 fs and waits for an item of fifo 'soc.requests' (soc.client puts into it)""")
def a_server_loses_a_request(soc: Module) -> None:
    fifos = {name: Fifo[int](soc, 2, name) for name in ("requests", "answers")}
    Part(soc, "client", ask, **fifos)
    Part(soc, "server", serve, **fifos)


def spend(part: Any) -> Run:
    for number in range(9):
        yield from part.wait(part.credits.get(), "credit")
        yield part.env.timeout(4)
        yield part.data.put(number)


def keep(part: Any) -> Run:
    """Gives one credit back for two items."""
    while True:
        yield part.data.get()
        yield part.data.get()
        yield part.credits.put("credit")


@deadlocks("""\
deadlock at 28 fs: soc.sender -> soc.receiver -> soc.sender
  soc.sender waits since 28 fs for credit: an item of fifo 'soc.credits' (soc.receiver puts into it)
  soc.receiver is idle since 28 fs and waits for an item of fifo 'soc.data' (soc.sender puts into it)""")
def credit_that_is_not_all_returned(soc: Module) -> None:
    fifos = {name: Fifo[Any](soc, 8, name) for name in ("credits", "data")}
    for _ in range(4):
        fifos["credits"].put("credit")
    Part(soc, "sender", spend, **fifos)
    Part(soc, "receiver", keep, **fifos)


@deadlocks("""\
deadlock at 40 fs: soc.b -> soc.a
  soc.b waits since 0 fs for rows: 'soc.rows' to reach 5 (it is at 4) (soc.a, which advanced it, has ended)
  soc.a has ended""")
def a_threshold_that_is_never_reached(soc: Module) -> None:
    def count(part: Any) -> Run:
        for row in range(4):
            yield part.env.timeout(10)
            part.rows.advance_to(row + 1)

    rows = Progress(soc, "rows")
    Part(soc, "a", count, rows=rows)
    Part(soc, "b", lambda part: part.wait(part.rows.reached(5), "rows"), rows=rows)


def arrive(part: Any) -> Run:
    yield part.env.timeout(part.after)
    part.barrier.advance_to(part.barrier.count + 1)
    yield from part.wait(part.barrier.reached(4), "barrier")


@deadlocks("""\
deadlock at 3 fs: soc.core0 -> soc.core3 -> nobody
  soc.core0 waits since 1 fs for barrier: 'soc.barrier' to reach 4 (it is at 3) (soc.core3 has not advanced it yet)
  soc.core3 waits since 0 fs for start (nobody is known to bring it about)
  soc.core1 waits since 2 fs for barrier: 'soc.barrier' to reach 4 (it is at 3) (soc.core3 has not advanced it yet)
  soc.core2 waits since 3 fs for barrier: 'soc.barrier' to reach 4 (it is at 3) (soc.core3 has not advanced it yet)""")
def a_barrier_with_one_missing(soc: Module) -> None:
    barrier = Progress(soc, "barrier")
    for place in range(3):
        Part(soc, f"core{place}", arrive, barrier=barrier, after=place + 1)
    Part(soc, "core3", lambda part: part.wait(part.env.event(), "start"), barrier=barrier)


# --- locks, stores, containers of simpy ------------------------------------------------------------------------------


def lock_one_by_one(part: Any) -> Run:
    with part.first.request() as first:
        yield first
        yield part.env.timeout(part.works)
        with part.second.request() as second:
            yield from part.wait(second, "lock")


@deadlocks("""\
deadlock at 5 fs: soc.a -> soc.b -> soc.a
  soc.a waits since 3 fs for lock: resource 'soc.a.second' (held by soc.b since 0 fs)
  soc.b waits since 5 fs for lock: resource 'soc.a.first' (held by soc.a since 0 fs)""")
def two_locks_taken_in_opposite_order(soc: Module) -> None:
    left, right = simpy.Resource(soc.env), simpy.Resource(soc.env)
    Part(soc, "a", lock_one_by_one, first=left, second=right, works=3)
    Part(soc, "b", lock_one_by_one, first=right, second=left, works=5)


@deadlocks("""\
deadlock at 10 fs: next_user -> forgetful
  next_user waits for resource 'soc.lock' (held by forgetful since 0 fs; forgetful has ended)
  forgetful has ended""")
def a_lock_that_is_never_released_between_plain_processes(soc: Module) -> None:
    lock = simpy.Resource(soc.env)
    Part(soc, "owner", lock=lock)
    soc.lock = lock  # type: ignore[attr-defined]

    def forgetful() -> Run:
        yield lock.request()

    def next_user() -> Run:
        yield soc.env.timeout(10)
        yield lock.request()

    soc.env.process(forgetful())
    soc.env.process(next_user())


@deadlocks("""\
deadlock at 0 fs: soc.a -> soc.b -> soc.a
  soc.a waits for room in store 'soc.a.out' (soc.b may take from it)
  soc.b waits for room in store 'soc.a.inp' (soc.a may take from it)""")
def two_fill_each_other_s_store(soc: Module) -> None:
    def run(part: Any) -> Run:
        yield part.out.put(1)
        yield part.out.put(2)
        yield part.inp.get()

    left, right = simpy.Store(soc.env, 1), simpy.Store(soc.env, 1)
    Part(soc, "a", run, out=left, inp=right)
    Part(soc, "b", run, out=right, inp=left)


@deadlocks("""\
deadlock at 6 fs: soc.sink -> soc.dma -> soc.sink
  soc.sink waits since 6 fs for data: an item of fifo 'soc.data' (soc.dma puts into it)
  soc.dma waits for 64 of container 'soc.dma.buffer' (it has 0 of 128) (soc.sink may put into it)""")
def a_container_of_credit_that_is_given_back_in_whole_packets(soc: Module) -> None:
    def send(part: Any) -> Run:
        while True:
            yield part.buffer.get(64)
            yield part.env.timeout(3)
            yield part.data.put(64)

    def collect(part: Any) -> Run:
        while True:
            for _ in range(4):
                yield from part.wait(part.data.get(), "data")
            yield part.buffer.put(128)

    buffer, data = simpy.Container(soc.env, capacity=128, init=128), Fifo[int](soc, 4, "data")
    Part(soc, "dma", send, buffer=buffer, data=data)
    Part(soc, "sink", collect, buffer=buffer, data=data)


# --- transactions ----------------------------------------------------------------------------------------------------


class Node(Module):
    """Sends transactions to its neighbour; those it receives go through a queue of one that the sender serves."""

    def __init__(self, parent: Module, name: str) -> None:
        super().__init__(parent, name)
        self.mem = InitiatorSocket(self, "mem")
        self.port = TargetSocket(self, "port", self.b_transport)
        self.queue = Fifo[Payload](self, 1, "queue")
        self.process(self.run)

    def run(self) -> Run:
        for _ in range(3):
            yield self.env.timeout(2)
            yield from self.mem.b_transport(Payload(READ, 0, None, 64), 0)
        yield self.queue.get()

    def b_transport(self, payload: Payload, delay: int) -> Run:
        yield self.queue.put(payload)
        return delay


@deadlocks("""\
deadlock at 4 fs: soc.a -> soc.b -> soc.a
  soc.a waits since 4 fs for room in fifo 'soc.b.queue', in soc.b.b_transport, (soc.b has not taken from it yet)
  soc.b waits since 4 fs for room in fifo 'soc.a.queue', in soc.a.b_transport, (soc.a has not taken from it yet)""")
def two_send_to_each_other_s_full_queue(soc: Module) -> None:
    a, b = Node(soc, "a"), Node(soc, "b")
    a.mem >> b.port
    b.mem >> a.port


class Silent(Module):
    """Never answers."""

    def __init__(self, parent: Module, name: str) -> None:
        super().__init__(parent, name)
        self.port = TargetSocket(self, "port", self.b_transport)

    def b_transport(self, _payload: Payload, _delay: int) -> Run:
        yield self.env.event()


@deadlocks("""\
deadlock at 7 fs: user -> soc.dram
  user waits for soc.dram.b_transport to return (soc.dram)
  soc.dram is idle since 0 fs""")
def a_transaction_of_a_plain_process_that_never_returns(soc: Module) -> Party:
    dram = Silent(soc, "dram")

    def user() -> Run:
        yield soc.env.timeout(7)
        yield from dram.b_transport(Payload(READ, 0, None, 64), 0)

    return soc.env.process(user())


@deadlocks("""\
deadlock at 6 fs: user -> soc.dma -> soc.dram
  user waits since 6 fs for a read of 64 B (soc.dma)
  soc.dma waits since 6 fs for answers (soc.dram)
  soc.dram is idle since 0 fs""")
def an_answer_that_a_module_owes_a_plain_process(soc: Module) -> None:
    class Owing(Part):
        def read(self) -> Answer:
            self.owed = Answer(self, "a read of 64 B")
            self.probe.set("answers")
            return self.owed

        def waits_for(self) -> Any:
            return [(dram, "answers")] if self.probe.state != IDLE else []

    dma, dram = Owing(soc, "dma"), Silent(soc, "dram")

    def user() -> Run:
        yield soc.env.timeout(6)
        yield dma.read()

    soc.env.process(user())


# --- processes and conditions ----------------------------------------------------------------------------------------


@deadlocks("""\
deadlock at 20 fs: soc.worker -> soc.main -> soc.worker
  soc.worker waits since 20 fs for room in fifo 'soc.results' (soc.main has not taken from it yet)
  soc.main waits for the end of soc.worker (soc.worker)""")
def one_waits_for_the_end_of_a_process_before_it_takes_its_results(soc: Module) -> None:
    def run(part: Any) -> Run:
        yield next(iter(part.worker.processes))
        yield part.results.get()

    results = Fifo[str](soc, 1, "results")
    worker = Part(soc, "worker", fill, out=results)
    Part(soc, "main", run, worker=worker, results=results)


@deadlocks("""\
deadlock at 10 fs: soc.join -> soc.b
  soc.join waits since 5 fs for an item of fifo 'soc.right' (1 of 2 events came) (soc.b, which put into it, has ended)
  soc.b has ended""")
def an_all_of_with_one_part_that_never_comes(soc: Module) -> None:
    def run(part: Any) -> Run:
        while True:
            yield part.left.get() & part.right.get()

    def once(part: Any) -> Run:
        yield part.env.timeout(5)
        yield part.out.put("item")

    def twice(part: Any) -> Run:
        yield from once(part)
        yield from once(part)

    left, right = Fifo[str](soc, 1, "left"), Fifo[str](soc, 1, "right")
    Part(soc, "a", twice, out=left)
    Part(soc, "b", once, out=right)
    Part(soc, "join", run, left=left, right=right)


def arbitrate(part: Any) -> Run:
    """Round robin, strictly: the next one's turn, whether it asks or not."""
    while True:
        for requests, grants in zip(part.requests, part.grants, strict=True):
            item = yield from part.wait(requests.get(), "turn")
            yield grants.put(item)


def request(part: Any) -> Run:
    for number in range(part.many):
        yield part.env.timeout(10)
        yield part.out.put(number)
        yield from part.wait(part.inp.get(), "grant")


@deadlocks("""\
deadlock at 30 fs: soc.master0 -> soc.arbiter -> soc.master1
  soc.master0 waits since 30 fs for grant: an item of fifo 'soc.grant0' (soc.arbiter puts into it)
  soc.arbiter waits since 20 fs for turn: an item of fifo 'soc.request1' (soc.master1, which put into it, has ended)
  soc.master1 has ended""")
def a_strict_arbiter_waits_for_one_that_is_done(soc: Module) -> None:
    requests = [Fifo[int](soc, 1, f"request{place}") for place in range(2)]
    grants = [Fifo[int](soc, 1, f"grant{place}") for place in range(2)]
    Part(soc, "arbiter", arbitrate, requests=requests, grants=grants)
    for place in range(2):
        Part(soc, f"master{place}", request, out=requests[place], inp=grants[place], many=3 - 2 * place)


# --- modules that tell for themselves --------------------------------------------------------------------------------


@deadlocks("""\
deadlock at 12 fs: soc.a
  soc.a is busy since 12 fs (none of its processes is left)""")
def a_part_that_was_busy_and_ended(soc: Module) -> None:
    def run(part: Any) -> Run:
        yield part.env.timeout(12)
        part.probe.set(BUSY)

    Part(soc, "a", run)


@deadlocks("""\
deadlock at 4 fs: soc.array -> nobody
  soc.array waits since 4 fs for weights (nobody is known to bring it about)""")
def a_state_of_waiting_for_a_bare_event(soc: Module) -> None:
    def run(part: Any) -> Run:
        yield part.env.timeout(4)
        part.probe.set("weights")
        yield part.env.event()

    Part(soc, "array", run)


class Tile(Part):
    """Tells for itself."""

    def waits_for(self) -> Any:
        return [] if self.probe.state == IDLE else [(self.dma, self.probe.state)]


class Dma(Part):
    def waits_for(self) -> Any:
        return [(tile, "room") for tile in self.tiles]


@deadlocks("""\
deadlock at 3 fs: soc.tile2 -> soc.dma -> soc.tile2
  soc.tile2 waits since 1 fs for weights (soc.dma)
  soc.dma waits since 3 fs for room (soc.tile2, soc.tile0, soc.tile1 and 9 more)
  soc.tile0 waits since 2 fs for weights (soc.dma)
    and 10 more alike, soc.tile1 to soc.tile11""")
def tiles_without_weights_and_a_dma_without_room(soc: Module) -> None:
    def run(part: Any) -> Run:
        yield part.env.timeout(part.after)
        part.probe.set(part.reason)

    dma = Dma(soc, "dma", run, after=3, reason="room")
    dma.tiles = [  # type: ignore[attr-defined]
        Tile(soc, f"tile{place}", run, after=1 if place == 2 else 2, reason="weights", dma=dma) for place in range(12)
    ]


@deadlocks("""\
deadlock at 20 fs: soc.a -> nobody
  soc.a waits since 20 fs for room in fifo 'soc.x' (nobody takes from it)
apart from these:
  soc.b waits since 20 fs for room in fifo 'soc.y' (nobody takes from it)""")
def two_that_have_nothing_to_do_with_each_other(soc: Module) -> None:
    for name, fifo in (("a", "x"), ("b", "y")):
        Part(soc, name, fill, out=Fifo[str](soc, 1, fifo))


# --- plain processes -------------------------------------------------------------------------------------------------


@deadlocks("""\
deadlock at 10 fs: consumer -> producer -> consumer
  consumer waits since 1 fs for room in fifo 'back' (producer has not taken from it yet)
  producer waits since 10 fs for room in fifo 'forth' (consumer has not taken from it yet)""")
def two_plain_processes_with_fifos_of_their_own(soc: Module) -> Party:
    forth, back = Fifo[int](soc.env, 1), Fifo[int](soc.env, 1)

    def producer() -> Run:
        yield forth.put(1)
        yield soc.env.timeout(10)
        yield forth.put(2)
        yield back.get()

    def consumer() -> Run:
        yield back.put(1)
        yield soc.env.timeout(1)
        yield back.put(2)
        yield forth.get()

    soc.env.process(consumer())
    return soc.env.process(producer())


@deadlocks("""\
deadlock at 0 fs: user -> soc.server (take) -> soc.server (hold) -> nobody
  user waits since 0 fs for room in fifo 'soc.requests' (soc.server (take) takes from it)
  soc.server (take) waits since 0 fs for room in fifo 'soc.held' (soc.server (hold) has not taken from it yet)
  soc.server (hold) waits since 0 fs for key (nobody is known to bring it about)
  user 2 waits since 0 fs for room in fifo 'soc.requests' (soc.server (take) takes from it)""")
def several_plain_users_of_a_server_with_two_processes(soc: Module) -> None:
    def take(part: Any) -> Run:
        yield part.requests.get()
        yield part.held.put(1)
        yield part.held.put(2)

    def hold(part: Any) -> Run:
        yield from part.wait(part.env.event(), "key")
        yield part.held.get()

    def user(requests: Fifo[int]) -> Run:
        for number in range(3):
            yield requests.put(number)

    requests = Fifo[int](soc, 1, "requests")
    Part(soc, "server", take, hold, requests=requests, held=Fifo[int](soc, 1, "held"))
    for _ in range(2):
        soc.env.process(user(requests))


@deadlocks("""\
deadlock at 9 fs: main -> soc.a -> nobody
  main waits for the end of soc.a and an event (nobody is known to bring it about)
  soc.a waits since 9 fs for start (nobody is known to bring it about)""")
def a_condition_of_a_process_and_an_event(soc: Module) -> Party:
    def run(part: Any) -> Run:
        yield part.env.timeout(9)
        yield from part.wait(part.started, "start")

    part = Part(soc, "a", run, started=soc.env.event())
    soc.elaborate()

    def main() -> Run:
        yield soc.env.all_of([*part.processes, part.started])  # type: ignore[attr-defined]

    return soc.env.process(main())


@deadlocks("""\
deadlock at 10 fs: soc.a -> soc.b -> soc.a
  soc.a waits since 5 fs for room in fifo 'soc.x' or room in fifo 'soc.y' (soc.b takes from it; nobody takes from it)
  soc.b waits since 10 fs for a word of soc.a (soc.a)""")
def either_of_two_full_fifos(soc: Module) -> None:
    def run(part: Any) -> Run:
        for item in range(2):
            yield part.out.put(item)
        yield part.spill.put(2)
        yield part.env.timeout(5)
        yield part.out.put(3) | part.spill.put(3)

    def take(part: Any) -> Run:
        yield part.inp.get()
        yield part.env.timeout(10)
        yield from part.wait(part.env.event(), "a word of soc.a", on=a)

    ab, spill = Fifo[int](soc, 1, "x"), Fifo[int](soc, 1, "y")
    a = Part(soc, "a", run, out=ab, spill=spill)
    Part(soc, "b", take, inp=ab)
