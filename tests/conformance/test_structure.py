"""T32: hooks, names, when things may be made, runs in pieces, and the payload's defaults."""

from __future__ import annotations

import pytest
import simpy
from models import LtInitiator, LtTarget, run_for_ns, write_word

from tlm.core import (
    ADDRESS_ERROR,
    BURST_ERROR,
    BYTE_ENABLE_ERROR,
    COMMAND_ERROR,
    FS_PER_NS,
    GENERIC_ERROR,
    IGNORE,
    INCOMPLETE,
    OK,
    Command,
    ElaborationError,
    Event,
    Fifo,
    InitiatorSocket,
    Module,
    Mutex,
    Payload,
    Status,
    TargetSocket,
)

HOOKS = ["before_end_of_elaboration", "end_of_elaboration", "start_of_simulation"]


class Hooked(Module):
    """Writes down its hooks and when its process runs, in `log`."""

    def __init__(self, parent, name, log):
        super().__init__(parent, name)
        self.log = log
        log.append(("made", self.full_name))
        self.process(self.run)

    def run(self):
        self.log.append((f"runs at {self.now}", self.full_name))
        yield self.env.timeout(0)

    def before_end_of_elaboration(self):
        self.log.append(("before_end_of_elaboration", self.full_name))

    def end_of_elaboration(self):
        self.log.append(("end_of_elaboration", self.full_name))

    def start_of_simulation(self):
        self.log.append(("start_of_simulation", self.full_name))

    def end_of_simulation(self):
        self.log.append(("end_of_simulation", self.full_name))


def tree(parent, log, name="top"):
    """top, with a that holds x and y, and b."""
    top = Hooked(parent, name, log)
    a = Hooked(top, "a", log)
    Hooked(a, "x", log)
    Hooked(a, "y", log)
    Hooked(top, "b", log)
    return top, [name, f"{name}.a", f"{name}.a.x", f"{name}.a.y", f"{name}.b"]


def every(steps, names):
    return [(step, name) for step in steps for name in names]


@pytest.mark.parametrize("explicitly", [False, True])
def test_t32_each_hook_goes_over_the_whole_tree_parents_first(explicitly):
    env, log = simpy.Environment(), []
    top, names = tree(env, log)
    log.clear()
    if explicitly:
        top.children["a"].children["x"].elaborate()
        assert log == every(HOOKS, names)
    env.run()
    assert log == every([*HOOKS, "runs at 0"], names)
    top.stop()
    env.run()
    assert log == every([*HOOKS, "runs at 0", "end_of_simulation"], names)


def test_t32_all_tops_of_an_environment_go_together():
    env, log = simpy.Environment(), []
    first, names = tree(env, log, "one")
    second, more = tree(env, log, "two")
    log.clear()
    env.run()
    assert log == every([*HOOKS, "runs at 0"], names + more)
    log.clear()
    second.children["b"].stop()
    env.run()
    assert log == every(["end_of_simulation"], names + more)
    assert first.elaborated


def test_t32_two_environments_know_nothing_of_each_other():
    log, others = [], []
    one, two = simpy.Environment(), simpy.Environment()
    _, names = tree(one, log)
    tree(two, others)
    log.clear()
    others.clear()
    one.run()
    assert log == every([*HOOKS, "runs at 0"], names)
    assert others == []


class Growing(Hooked):
    """Makes another one, `depth` deep, in before_end_of_elaboration."""

    def __init__(self, parent, name, log, depth):
        super().__init__(parent, name, log)
        self.depth = depth

    def before_end_of_elaboration(self):
        super().before_end_of_elaboration()
        if self.depth:
            Growing(self, "grown", self.log, self.depth - 1)


def test_t32_modules_made_before_the_end_of_elaboration_have_all_hooks():
    env, log = simpy.Environment(), []
    Growing(env, "top", log, 3)
    tree(env, log, "other")
    env.run()
    grown = ["top", "top.grown", "top.grown.grown", "top.grown.grown.grown"]
    others = ["other", "other.a", "other.a.x", "other.a.y", "other.b"]
    before = [name for step, name in log if step == HOOKS[0]]
    assert sorted(before) == sorted(grown + others)
    assert [name for name in before if name in grown] == grown
    assert [name for name in before if name in others] == others
    later = [entry for entry in log if entry[0] not in ("made", HOOKS[0])]
    assert later == every([*HOOKS[1:], "runs at 0"], grown + others)
    last_before = max(place for place, (step, _) in enumerate(log) if step == HOOKS[0])
    first_after = min(place for place, (step, _) in enumerate(log) if step == HOOKS[1])
    assert last_before < first_after


def test_t32_what_is_made_and_bound_before_the_end_of_elaboration_works():
    env = simpy.Environment()

    class Building(Module):
        def before_end_of_elaboration(self):
            self.target = LtTarget(self, "target")
            self.initiator = LtInitiator(self, "initiator", [write_word(0, 1)])
            self.initiator.port >> self.target.port

    building = Building(env, "building")
    env.run()
    assert building.initiator.ok == [10]
    assert building.target.full_name == "building.target"


def test_t32_a_top_made_before_the_end_of_elaboration_is_elaborated_too():
    env, log = simpy.Environment(), []

    class Building(Module):
        def before_end_of_elaboration(self):
            Hooked(self.env, "beside", log)

    Building(env, "building")
    env.run()
    assert log == [("made", "beside"), *every([*HOOKS, "runs at 0"], ["beside"])]


def test_t32_binding_is_checked_between_the_first_and_the_second_hook():
    env, log = simpy.Environment(), []
    _, names = tree(env, log)
    unbound = Module(env, "ini")
    InitiatorSocket(unbound, "s")
    log.clear()
    with pytest.raises(ElaborationError, match=r"ini\.s"):
        env.run()
    assert log == every(HOOKS[:1], names)


@pytest.mark.parametrize("hook", ["end_of_elaboration", "start_of_simulation"])
@pytest.mark.parametrize(
    "make",
    [
        lambda module: Module(module, "late"),
        lambda module: InitiatorSocket(module, "late"),
        lambda module: TargetSocket(module, "late"),
    ],
)
def test_t32_nothing_is_made_once_elaboration_is_over(hook, make):
    env = simpy.Environment()
    soc = Module(env, "soc")
    kind = type("Late", (Module,), {hook: make})
    kind(soc, "ini")
    with pytest.raises(ElaborationError, match=r"soc\.ini\.late.*(after elaboration|running)"):
        env.run()


@pytest.mark.parametrize(
    "make",
    [
        lambda module: Module(module, "late"),
        lambda module: InitiatorSocket(module, "late"),
        lambda module: TargetSocket(module, "late"),
    ],
)
def test_t32_nothing_is_made_while_it_runs(make):
    env = simpy.Environment()

    class Late(Module):
        def __init__(self, parent, name):
            super().__init__(parent, name)
            self.process(self.run)

        def run(self):
            yield self.env.timeout(3)
            make(self)

    Late(Module(env, "soc"), "ini")
    with pytest.raises(ElaborationError, match=r"soc\.ini\.late.*(after elaboration|running)"):
        env.run()


def test_t32_a_module_at_the_top_is_not_made_while_it_runs_either():
    env = simpy.Environment()
    Module(env, "soc")
    run_for_ns(env, 5)
    with pytest.raises(ElaborationError, match=r"late.*(after elaboration|running)"):
        Module(env, "late")


def test_a_system_may_be_made_in_an_environment_that_runs_already():
    """A first module at 7 ns: everything is as it is at 0."""
    env = simpy.Environment()
    run_for_ns(env, 7)
    initiator, target = LtInitiator(env, "initiator", [write_word(0, 1)]), LtTarget(env, "target")
    initiator.port >> target.port
    env.run()
    assert (initiator.sent, initiator.ok) == ([7], [17])


@pytest.mark.parametrize("start", [lambda env, top: env.run(), lambda env, top: top.elaborate()])
def test_a_failed_elaboration_is_not_forgotten(start):
    """To run on without elaborated modules, as if nothing were there, would be silence about an error."""
    env = simpy.Environment()
    initiator, target = LtInitiator(env, "initiator", [write_word(0, 1)]), LtTarget(env, "target")
    for _ in range(2):
        with pytest.raises(ElaborationError, match=r"initiator\.port"):
            start(env, initiator)
    assert target.received == []


def test_what_a_hook_raises_ends_the_elaboration():
    env, log = simpy.Environment(), []

    class Raising(Hooked):
        def end_of_elaboration(self):
            raise LookupError(self.full_name)

    top = Hooked(env, "top", log)
    Raising(top, "bad", log)
    Hooked(top, "good", log)
    log.clear()
    with pytest.raises(LookupError, match=r"top\.bad"):
        env.run()
    assert log == [*every(HOOKS[:1], ["top", "top.bad", "top.good"]), ("end_of_elaboration", "top")]


def test_hooks_that_start_processes_and_processes_that_start_processes():
    env, log = simpy.Environment(), []

    class Starting(Module):
        def __init__(self, parent, name):
            super().__init__(parent, name)
            self.process(self.run("constructor"))

        def run(self, where):
            def process():
                log.append((where, self.now))
                yield self.env.timeout(5)
                if where == "constructor":
                    self.process(self.run("process"))

            return process

        def before_end_of_elaboration(self):
            self.process(self.run("before_end_of_elaboration"))

        def end_of_elaboration(self):
            self.process(self.run("end_of_elaboration"))

        def start_of_simulation(self):
            self.process(self.run("start_of_simulation"))

    Starting(env, "starting")
    env.run()
    assert log == [*((where, 0) for where in ["constructor", *HOOKS]), ("process", 5)]


def test_elaboration_happens_once():
    env, log = simpy.Environment(), []
    top, names = tree(env, log)
    log.clear()
    for _ in range(3):
        top.elaborate()
    run_for_ns(env, 5)
    top.elaborate()
    run_for_ns(env, 10)
    assert log == every([*HOOKS, "runs at 0"], names)


def test_elaboration_comes_before_other_processes_of_the_environment():
    env, log = simpy.Environment(), []

    def user():
        log.append(initiator.elaborated)
        delay = yield from initiator.port.b_transport(write_word(0, 3), 0)
        log.append(delay)

    env.process(user())
    initiator, target = LtInitiator(env, "initiator"), LtTarget(env, "target")
    initiator.port >> target.port
    env.run()
    assert log == [True, 10 * FS_PER_NS]


# --- the end ---------------------------------------------------------------------------------------------------------


class Ticking(Hooked):
    """Logs a tick each 5 ns; stops the simulation at the tick `stops_at`."""

    def __init__(self, parent, name, log, stops_at=None):
        super().__init__(parent, name, log)
        self.stops_at = stops_at

    def run(self):
        while True:
            yield self.env.timeout(5 * FS_PER_NS)
            self.log.append((self.name, self.now // FS_PER_NS))
            if self.now == (self.stops_at or 0) * FS_PER_NS:
                self.stop()


def ticks(log):
    return [entry for entry in log if type(entry[1]) is int]


def test_t32_a_run_goes_up_to_its_end_and_not_over():
    env, log = simpy.Environment(), []
    Ticking(env, "ticking", log)
    run_for_ns(env, 10)
    assert ticks(log) == [("ticking", 5)]
    assert env.now == 10 * FS_PER_NS
    run_for_ns(env, 15)
    assert ticks(log) == [("ticking", 5), ("ticking", 10)]


def test_t32_stop_finishes_the_instant_then_end_of_simulation_parents_first():
    env, log = simpy.Environment(), []
    top = Hooked(env, "top", log)
    Ticking(top, "first", log, stops_at=10)
    Ticking(top, "second", log)
    Hooked(env, "other", log)
    env.run()
    assert ticks(log) == [("first", 5), ("second", 5), ("first", 10), ("second", 10)]
    assert log[-4:] == every(["end_of_simulation"], ["top", "top.first", "top.second", "other"])
    assert env.now == 10 * FS_PER_NS


def test_t32_stop_ends_a_run_with_an_end_too():
    env, log = simpy.Environment(), []
    Ticking(env, "ticking", log, stops_at=10)
    run_for_ns(env, 100)
    assert ticks(log) == [("ticking", 5), ("ticking", 10)]
    assert env.now == 10 * FS_PER_NS


def test_t32_stop_twice_ends_once():
    env, log = simpy.Environment(), []
    top = Hooked(env, "top", log)
    Ticking(top, "first", log, stops_at=10)
    Ticking(top, "second", log, stops_at=10)
    env.run()
    assert log.count(("end_of_simulation", "top")) == 1
    assert ticks(log)[-2:] == [("first", 10), ("second", 10)]


def test_t32_a_run_that_is_only_paused_has_no_end_of_simulation():
    env, log = simpy.Environment(), []
    Ticking(env, "ticking", log)
    run_for_ns(env, 12)
    assert ("end_of_simulation", "ticking") not in log


# --- names -----------------------------------------------------------------------------------------------------------


def test_t32_names_are_full_and_unique():
    env = simpy.Environment()
    soc = Module(env, "soc")
    dram = Module(soc, "dram")
    assert (dram.full_name, Module(dram, "channel0").full_name) == ("soc.dram", "soc.dram.channel0")
    assert TargetSocket(dram, "port").full_name == "soc.dram.port"
    with pytest.raises(ElaborationError, match=r"soc\.dram\b.*twice"):
        Module(soc, "dram")
    with pytest.raises(ElaborationError, match=r"soc\.dram\.port.*twice"):
        TargetSocket(dram, "port")
    with pytest.raises(ElaborationError, match=r"soc\.dram\.port.*twice"):
        InitiatorSocket(dram, "port")
    with pytest.raises(ElaborationError, match=r"soc\.dram\.channel0.*twice"):
        InitiatorSocket(dram, "channel0")
    with pytest.raises(ElaborationError, match=r"soc\.dram\.port.*twice"):
        Module(dram, "port")
    with pytest.raises(ElaborationError, match=r"\bsoc\b.*twice"):
        Module(env, "soc")
    assert list(soc.children) == ["dram"]
    assert [socket.name for socket in dram.sockets] == ["port"]


@pytest.mark.parametrize("make", [Module, InitiatorSocket, TargetSocket])
@pytest.mark.parametrize("name", ["a.b", ""])
def test_t32_a_name_that_could_make_two_full_names_the_same_is_refused(make, name):
    soc = Module(simpy.Environment(), "soc")
    Module(Module(soc, "a"), "b")
    with pytest.raises((ElaborationError, ValueError)) as error:
        make(soc, name)
    assert "soc" in str(error.value)
    assert repr(name) in str(error.value) or f"soc.{name}" in str(error.value)


@pytest.mark.parametrize("make", [Fifo, Event, Mutex])
def test_t32_channels_have_names_of_their_own_or_none(make):
    env = simpy.Environment()
    soc = Module(env, "soc")
    child, socket, channel = Module(soc, "child"), TargetSocket(soc, "port"), make(soc, name="data")
    for taken in (child, socket, channel):
        with pytest.raises(ElaborationError, match=rf"^soc\.{taken.name}: the name is used twice$"):
            make(soc, name=taken.name)
    for parent in (soc, env):
        with pytest.raises(ElaborationError, match=r"^'a\.b' cannot be a name"):
            make(parent, name="a.b")
    with pytest.raises(ElaborationError, match=r"^soc\.data: the name is used twice$"):
        Module(soc, "data")
    for _ in range(2):
        make(soc)
        make(env, name="data")
    assert [channel.name for channel in soc.prim_channels] == ["data", "", ""]


def test_t32_the_same_name_elsewhere_is_another_one():
    env = simpy.Environment()
    found = [Module(Module(env, "a"), "x"), Module(Module(env, "b"), "x"), Module(env, "x")]
    elsewhere = Module(simpy.Environment(), "x")
    env.run()
    assert [module.full_name for module in (*found, elsewhere)] == ["a.x", "b.x", "x", "x"]
    assert [module.elaborated for module in (*found, elsewhere)] == [True, True, True, False]


def test_t32_a_refused_module_is_not_elaborated():
    env, log = simpy.Environment(), []
    Hooked(env, "top", log)
    with pytest.raises(ElaborationError):
        Hooked(env, "top", log)
    log.clear()
    env.run()
    assert log == every([*HOOKS, "runs at 0"], ["top"])


def test_t32_waiting_where_nobody_can_wait():
    env = simpy.Environment()
    module = Module(Module(env, "soc"), "part")
    env.run()
    with pytest.raises(RuntimeError, match=r"soc\.part.*only"):
        next(module.wait(env.timeout(1), "input"))


def test_a_module_belongs_to_an_environment_or_a_module():
    with pytest.raises(TypeError, match=r"'soc' .* not to None"):
        Module(None, "soc")
    with pytest.raises(TypeError, match="not to 'soc'"):
        Module("soc", simpy.Environment())


def test_a_process_that_is_no_generator_function_names_its_module():
    env = simpy.Environment()
    soc = Module(env, "soc")

    def run():
        yield env.timeout(1)

    with pytest.raises(TypeError, match=r"soc: a process is a generator function, not <generator .*run"):
        soc.process(run())
    soc.process(lambda: 5)
    with pytest.raises(TypeError, match=r"soc: a process is a generator function, not <function .*<lambda>"):
        env.run()


def test_a_hook_that_asks_for_elaboration_does_not_repeat_it():
    env, log = simpy.Environment(), []

    class Asking(Hooked):
        def before_end_of_elaboration(self):
            super().before_end_of_elaboration()
            self.elaborate()

    Asking(env, "top", log)
    log.clear()
    env.run()
    assert log == every([*HOOKS, "runs at 0"], ["top"])


# --- defaults --------------------------------------------------------------------------------------------------------

STATUSES = [OK, INCOMPLETE, GENERIC_ERROR, ADDRESS_ERROR, COMMAND_ERROR, BURST_ERROR, BYTE_ENABLE_ERROR]


def test_t32_a_payload_s_defaults():
    payload = Payload()
    assert (payload.command, payload.address, payload.data) == (IGNORE, 0, None)
    assert (payload.data_length, payload.streaming_width) == (0, 0)
    assert (payload.byte_enable, payload.byte_enable_length) == (None, 0)
    assert payload.dmi_allowed is False
    assert payload.response_status == INCOMPLETE
    assert [int(command) for command in (Command.READ, Command.WRITE, Command.IGNORE)] == [0, 1, 2]
    with pytest.raises(AttributeError):
        payload.adress = 4


def test_t32_status_predicates_and_names():
    assert [int(status) for status in STATUSES] == [1, 0, -1, -2, -3, -4, -5]
    assert set(STATUSES) == set(Status)
    payload = Payload()
    answers = []
    for status in STATUSES:
        payload.response_status = status
        answers.append((payload.is_response_ok, payload.is_response_error, payload.response_string))
    assert answers == [(status is OK, status is not OK, status.name) for status in STATUSES]


def test_a_payload_of_bare_numbers_says_what_they_stand_for():
    payload = Payload(1, 0x40, data_length=8)
    payload.response_status = -2
    assert repr(payload) == "Payload(WRITE 0x40, 8 B, ADDRESS_ERROR)"
    payload.command, payload.response_status = 7, 9
    assert repr(payload) == "Payload(7 0x40, 8 B, 9)"
    assert payload.response_string == "9"


def test_t32_an_extension_is_kept_by_its_class():
    class Route:
        pass

    class Longer(Route):
        pass

    payload, route, longer = Payload(), Route(), Longer()
    assert payload.get_extension(Route) is None
    payload.clear_extension(Route)
    payload.set_extension(route)
    assert payload.get_extension(Longer) is None
    payload.set_extension(longer)
    assert (payload.get_extension(Route), payload.get_extension(Longer)) == (route, longer)
    another = Route()
    payload.set_extension(another)
    assert payload.get_extension(Route) is another
    payload.clear_extension(Route)
    assert (payload.get_extension(Route), payload.get_extension(Longer)) == (None, longer)
