"""Sockets with many other sides, in hierarchies, unbound, or without the owner's functions."""

from __future__ import annotations

import itertools

import pytest
import simpy
from models import LtInitiator, LtTarget, PassThrough, ScriptedTarget, WaitingLtTarget, read_word, value_of, write_word

from tlm.core import (
    ACCEPTED,
    BEGIN_REQ,
    BEGIN_RESP,
    COMPLETED,
    END_REQ,
    FS_PER_NS,
    OK,
    Access,
    Dmi,
    ElaborationError,
    InitiatorSocket,
    Module,
    MultiInitiatorSocket,
    MultiTargetSocket,
    TargetSocket,
)
from tlm.memory.ram import Ram


def said(error, *parts):
    """Whether the message has all of these parts."""
    missing = [part for part in parts if part not in str(error.value)]
    return not missing or pytest.fail(f"{missing} not in {error.value!s}")


class Many(Module):
    """Sends to many, logs what comes back as (index, phase)."""

    def __init__(self, parent, name):
        super().__init__(parent, name)
        self.back, self.invalidated = [], []
        self.out = MultiInitiatorSocket(self, "out", self.nb_transport_bw, self.invalidate)

    def nb_transport_bw(self, index, payload, phase, delay):
        self.back.append((index, phase))
        return ACCEPTED, phase, delay

    def invalidate(self, index, start, end):
        self.invalidated.append((index, start, end))


class Served(Module):
    """Serves many, logs what comes as (index, address) for each kind of call."""

    def __init__(self, parent, name):
        super().__init__(parent, name)
        self.came = []
        self.port = MultiTargetSocket(
            self, "port", self.b_transport, self.transport_dbg, self.nb_transport_fw, self.get_direct_mem_ptr
        )

    def take(self, kind, index, payload):
        self.came.append((kind, index, payload.address))

    def b_transport(self, index, payload, delay):
        self.take("b", index, payload)
        payload.response_status = OK
        return delay + FS_PER_NS

    def transport_dbg(self, index, payload):
        self.take("dbg", index, payload)
        return payload.data_length

    def nb_transport_fw(self, index, payload, phase, delay):
        self.take("nb", index, payload)
        return ACCEPTED, phase, delay

    def get_direct_mem_ptr(self, index, payload):
        self.take("dmi", index, payload)
        return Dmi(0, 15, None, Access.READ)


def call_all(env, senders, servers):
    """Call every way of every sender in all four manners, and back; what was seen where, one entry a way and manner.

    Each entry: (manner, sender, index at the sender, server, index at the server).
    """
    env.run()
    seen = []

    def where(manner, sender, index):
        for server in servers:
            for kind, at, _ in server.came:
                seen.append((manner, sender.name, index, server.name, at))
                assert kind == manner
            server.came.clear()

    for sender in senders:
        for index in range(len(sender.out)):
            hop = sender.out[index]
            assert list(_values(hop.b_transport(read_word(0), 0))) == [FS_PER_NS]
            where("b", sender, index)
            assert hop.nb_transport_fw(read_word(0), BEGIN_REQ, 0)[0] == ACCEPTED
            where("nb", sender, index)
            assert hop.transport_dbg(read_word(0)) == 4
            where("dbg", sender, index)
            assert hop.get_direct_mem_ptr(read_word(0))
            where("dmi", sender, index)
    for server in servers:
        for at in range(len(server.port)):
            server.port[at].nb_transport_bw(read_word(0), END_REQ, 0)
            server.port[at].invalidate_direct_mem_ptr(4, 7)
            for sender in senders:
                seen.extend(("bw", sender.name, index, server.name, at) for index, _ in sender.back)
                seen.extend(("inv", sender.name, index, server.name, at) for index, _, _ in sender.invalidated)
                sender.back.clear()
                sender.invalidated.clear()
    return seen


def _values(generator):
    """What a transport that does not wait returns."""
    try:
        next(generator)
        raise AssertionError("it waits")
    except StopIteration as stop:
        yield stop.value


def expected_ways(binds):
    """By the order of (sender, server) in `binds`: all ways in all six manners."""
    sent, served, ways = {}, {}, []
    for sender, server in binds:
        ways.append((sender, sent.setdefault(sender, 0), server, served.setdefault(server, 0)))
        sent[sender] += 1
        served[server] += 1
    return sorted((manner, *way) for way in ways for manner in ("b", "nb", "dbg", "dmi", "bw", "inv"))


ALL_PAIRS = [(f"s{i}", f"t{k}") for i in range(3) for k in range(2)]


@pytest.mark.parametrize(
    "binds",
    [
        ALL_PAIRS,
        ALL_PAIRS[::-1],
        [ALL_PAIRS[place] for place in (3, 0, 5, 2, 4, 1)],
        [("s0", "t0")],
        [("s0", "t1"), ("s0", "t0")],
        [("s1", "t0"), ("s0", "t0")],
        [("s0", "t0"), ("s0", "t0")],  # twice the same: two ways
        [("s0", "t0"), ("s1", "t0"), ("s0", "t0"), ("s0", "t1"), ("s0", "t0"), ("s1", "t0")],
        [("s0", f"t{k}") for k in (4, 0, 3, 1, 2)],
        [(f"s{i}", "t0") for i in (4, 0, 3, 1, 2)],
    ],
    ids=str,
)
def test_numbers_go_by_the_order_of_binding(binds):
    env = simpy.Environment()
    senders = {name: Many(env, name) for name in sorted({sender for sender, _ in binds})}
    servers = {name: Served(env, name) for name in sorted({server for _, server in binds})}
    for sender, server in binds:
        senders[sender].out >> servers[server].port
    seen = call_all(env, senders.values(), servers.values())
    assert sorted(seen) == expected_ways(binds)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_multi_sockets_in_hierarchies_do_not_depend_on_when_the_inner_ones_are_bound(order):
    """sender in two wrappers, server in two wrappers; (outer, middle, inner) bindings in every order."""
    env = simpy.Environment()
    left, right = Module(env, "left"), Module(env, "right")
    inside_left, inside_right = Module(left, "inside"), Module(right, "inside")
    sender, server, other = Many(inside_left, "s0"), Served(inside_right, "t0"), Served(env, "t1")
    out1, out2 = MultiInitiatorSocket(inside_left, "out"), MultiInitiatorSocket(left, "out")
    in1, in2 = MultiTargetSocket(inside_right, "in"), MultiTargetSocket(right, "in")

    def outer():
        out2 >> in2
        out2 >> other.port
        out2 >> in2

    def middle():
        out1 >> out2
        in2 >> in1

    def inner():
        sender.out >> out1
        in1 >> server.port

    for step in order:
        (outer, middle, inner)[step]()
    seen = call_all(env, [sender], [server, other])
    assert sorted(seen) == expected_ways([("s0", "t0"), ("s0", "t1"), ("s0", "t0")])
    assert len(sender.out) == 3


def test_several_initiators_into_a_wrapped_multi_socket():
    env = simpy.Environment()
    soc = Module(env, "soc")
    server, port = Served(soc, "server"), MultiTargetSocket(soc, "port")
    initiators = [LtInitiator(env, f"i{k}", [read_word(4 * k)], start_ns=9 - k) for k in range(4)]
    for initiator in initiators[:2]:
        initiator.port >> port
    port >> server.port
    for initiator in initiators[2:]:
        initiator.port >> port
    env.run()
    assert server.came == [("b", 3, 12), ("b", 2, 8), ("b", 1, 4), ("b", 0, 0)]
    assert len(server.port) == 4


def test_plain_and_multi_sockets_mix():
    """A plain initiator to a multi target, a multi initiator to plain targets, a plain one outside, a multi inside."""
    env = simpy.Environment()
    through, soc = PassThrough(env, "through"), Module(env, "soc")
    initiators = [LtInitiator(env, f"i{k}", [write_word(0, k + 1)]) for k in range(3)]
    targets = [LtTarget(env, "t0"), WaitingLtTarget(env, "t1")]
    served, outside = Served(soc, "served"), TargetSocket(soc, "outside")
    for initiator in initiators:
        initiator.port >> through.inputs
    for target in targets:
        through.outputs >> target.port
    through.outputs >> outside
    outside >> served.port
    env.run()
    assert [initiator.ok for initiator in initiators] == [[10], [10], [1]]
    assert [target.words.bytes[0] for target in targets] == [1, 2]
    assert served.came == [("b", 0, 0)]


def test_lengths_are_known_at_end_of_elaboration_and_an_empty_socket_is_still_true():
    env, lengths = simpy.Environment(), []

    class Looking(Many):
        def end_of_elaboration(self):
            lengths.append(len(self.out))

    looking, empty = Looking(env, "looking"), Served(env, "empty")
    for k in range(3):
        looking.out >> LtTarget(env, f"t{k}").port
    env.run()
    assert lengths == [3]
    assert (len(empty.port), bool(empty.port)) == (0, True)
    with pytest.raises(IndexError):
        looking.out[3]


def test_debug_dmi_and_invalidation_pass_wrappers_and_pass_throughs():
    env, invalidated = simpy.Environment(), []

    class Caching(LtInitiator):
        def __init__(self, parent, name):
            super().__init__(parent, name)
            self.port.register_invalidate_direct_mem_ptr(lambda start, end: invalidated.append((name, start, end)))

    through = PassThrough(env, "through")
    rams = []
    initiators = [Caching(env, f"i{k}") for k in range(2)]
    for k, initiator in enumerate(initiators):
        soc = Module(env, f"soc{k}")
        rams.append(Ram(soc, "ram", 64))
        outside = TargetSocket(soc, "outside")
        outside >> rams[-1].port
        initiator.port >> through.inputs
        through.outputs >> outside
    env.run()
    assert initiators[1].port.transport_dbg(write_word(8, 77)) == 4
    back = read_word(8)
    assert initiators[1].port.transport_dbg(back) == 4
    assert value_of(back) == 77
    dmi = initiators[1].port.get_direct_mem_ptr(back)
    assert dmi.memory[8] == 77
    rams[1].port.invalidate_direct_mem_ptr(0, 15)
    assert invalidated == [("i1", 0, 15)]
    assert through.seen == [("dbg", 1), ("dbg", 1), ("dmi", 1), ("invalidate", 1)]
    assert env.now == 0


@pytest.mark.parametrize(("kind", "side"), [(MultiInitiatorSocket, "out"), (MultiTargetSocket, "port")])
def test_a_number_that_there_is_not_names_the_socket(kind, side):
    env = simpy.Environment()
    sender, served = Many(Module(env, "left"), "many"), Served(Module(env, "right"), "many")
    sender.out >> served.port
    socket = sender.out if kind is MultiInitiatorSocket else served.port
    with pytest.raises(ElaborationError) as error:
        socket[0]
    assert said(error, f".many.{side}", "before elaboration")
    env.run()
    assert [hop.full_name for hop in socket] == ["left.many.out -> right.many.port"]
    with pytest.raises(IndexError) as error:
        socket[1]
    assert said(error, f".many.{side}", "no number 1", "1 are bound")


def test_invalidation_reaches_all_initiators_of_a_plain_socket_and_those_that_do_not_care():
    env, invalidated = simpy.Environment(), []
    target = Ram(env, "ram", 64)
    for k in range(3):
        initiator = LtInitiator(env, f"i{k}")
        initiator.port >> target.port
        if k != 1:
            initiator.port.register_invalidate_direct_mem_ptr(
                lambda start, end, k=k: invalidated.append((k, start, end))
            )
    env.run()
    target.port.invalidate_direct_mem_ptr(0, 63)
    assert invalidated == [(0, 0, 63), (2, 0, 63)]


# --- T32: unbound, bound twice, without functions --------------------------------------------------------------------


class Holder(Module):
    """Nothing but a place for sockets."""


@pytest.mark.parametrize("kind", [InitiatorSocket, MultiInitiatorSocket])
@pytest.mark.parametrize("start", [lambda env, holder: env.run(), lambda env, holder: holder.elaborate()])
def test_t32_an_unbound_initiator_socket(kind, start):
    env = simpy.Environment()
    holder = Holder(Module(env, "soc"), "ini")
    kind(holder, "s")
    with pytest.raises(ElaborationError) as error:
        start(env, holder)
    assert said(error, "complete binding failed", "not bound", "soc.ini.s", "initiator socket")


@pytest.mark.parametrize("kind", [TargetSocket, MultiTargetSocket])
def test_t32_an_unbound_target_socket_that_is_not_optional(kind):
    env = simpy.Environment()
    kind(Holder(Module(env, "soc"), "mem"), "s", optional=False)
    with pytest.raises(ElaborationError) as error:
        env.run()
    assert said(error, "complete binding failed", "not bound", "soc.mem.s", "target socket")


def test_a_target_socket_that_is_wrong_stays_wrong_when_elaboration_is_tried_again():
    env = simpy.Environment()
    soc = Module(env, "soc")
    TargetSocket(Holder(soc, "mem"), "s", optional=False)
    for _ in range(2):
        with pytest.raises(ElaborationError, match=r"soc\.mem\.s"):
            soc.elaborate()


def test_what_is_bound_after_a_failed_elaboration_counts_as_if_it_had_been_so_before():
    env = simpy.Environment()
    served, first, second = Served(env, "served"), Many(env, "first"), Many(env, "second")
    optional = InitiatorSocket(Holder(env, "holder"), "optional", optional=True)
    first.out >> served.port
    with pytest.raises(ElaborationError, match=r"second\.out"):
        env.run()
    optional >> served.port
    second.out >> served.port
    env.run()
    assert [hop.initiator for hop in served.port.hops] == [first.out, optional, second.out]
    assert [len(first.out), len(second.out), len(served.port)] == [1, 1, 3]
    assert optional.transport_dbg(read_word(8)) == 4
    assert served.came == [("dbg", 1, 8)]


@pytest.mark.parametrize("target_side", [False, True])
def test_callbacks_of_a_socket_that_only_passes_calls_on_would_never_be_called(target_side):
    env = simpy.Environment()
    soc, initiator, target = Module(env, "soc"), LtInitiator(env, "ini"), LtTarget(env, "target")
    inside_ini, inside_target = LtInitiator(soc, "ini"), LtTarget(soc, "target")
    if target_side:
        passes = TargetSocket(soc, "passes", transport_dbg=lambda payload: 0)
        initiator.port >> passes >> inside_target.port
        inside_ini.port >> target.port
    else:
        passes = InitiatorSocket(soc, "passes", nb_transport_bw=lambda *arguments: arguments)
        inside_ini.port >> passes >> target.port
        initiator.port >> inside_target.port
    with pytest.raises(ElaborationError) as error:
        env.run()
    function = "transport_dbg" if target_side else "nb_transport_bw"
    assert said(error, "soc.passes", function, "never be called", "soc.target" if target_side else "soc.ini")


def test_t32_a_wrapper_s_socket_that_leads_nowhere():
    env = simpy.Environment()
    soc = Module(env, "soc")
    outside = InitiatorSocket(soc, "outside")
    LtInitiator(soc, "initiator").port >> outside
    with pytest.raises(ElaborationError) as error:
        env.run()
    assert said(error, "not bound", "soc.")


def test_t32_optional_sockets_may_stay_unbound():
    env = simpy.Environment()
    holder = Holder(env, "holder")
    for number, kind in enumerate([InitiatorSocket, TargetSocket, MultiInitiatorSocket, MultiTargetSocket]):
        kind(holder, f"s{number}", optional=True)
    TargetSocket(holder, "default")
    MultiTargetSocket(holder, "default_multi")
    env.run()
    assert holder.elaborated


def test_t32_an_optional_socket_inside_a_wrapper_may_stay_unbound_with_it():
    env = simpy.Environment()
    soc = Module(env, "soc")
    inside, outside = (
        InitiatorSocket(Holder(soc, "ini"), "s", optional=True),
        InitiatorSocket(soc, "out", optional=True),
    )
    inside >> outside
    env.run()
    with pytest.raises(ElaborationError) as error:
        inside.transport_dbg(read_word(0))
    assert said(error, "soc.ini.s", "not bound")


CALLS = {
    "b_transport": lambda socket: list(_values(socket.b_transport(read_word(0), 0))),
    "nb_transport_fw": lambda socket: socket.nb_transport_fw(read_word(0), BEGIN_REQ, 0),
    "transport_dbg": lambda socket: socket.transport_dbg(read_word(0)),
    "get_direct_mem_ptr": lambda socket: socket.get_direct_mem_ptr(read_word(0)),
    "read": lambda socket: list(_values(socket.read(0, 4))),
    "write": lambda socket: list(_values(socket.write(0, b"1234"))),
}


@pytest.mark.parametrize("call", CALLS)
def test_an_unbound_optional_socket_that_is_called(call):
    env = simpy.Environment()
    socket = InitiatorSocket(Holder(Module(env, "soc"), "ini"), "s", optional=True)
    env.run()
    with pytest.raises(ElaborationError) as error:
        CALLS[call](socket)
    assert said(error, "soc.ini.s", "not bound")


@pytest.mark.parametrize("call", CALLS)
def test_a_bound_socket_that_is_called_before_elaboration(call):
    env = simpy.Environment()
    socket, target = InitiatorSocket(Holder(Module(env, "soc"), "ini"), "s"), LtTarget(env, "target")
    socket >> target.port
    with pytest.raises(ElaborationError) as error:
        CALLS[call](socket)
    assert said(error, "soc.ini.s", "before elaboration")
    assert target.received == []


def test_a_target_socket_that_nobody_is_bound_to_calls_back():
    env = simpy.Environment()
    target = ScriptedTarget(Module(env, "soc"), "target")
    env.run()
    with pytest.raises(ElaborationError) as error:
        target.port.nb_transport_bw(read_word(0), BEGIN_RESP, 0)
    assert said(error, "soc.target.port", "not bound")
    target.port.invalidate_direct_mem_ptr(0, 3)  # there is nobody to tell


def test_t32_an_initiator_socket_bound_twice():
    env = simpy.Environment()
    initiator, first, second = LtInitiator(env, "ini"), LtTarget(env, "a"), LtTarget(env, "b")
    initiator.port >> first.port
    with pytest.raises(ElaborationError) as error:
        initiator.port >> second.port
        env.run()
    assert said(error, "2 binds exceeds maximum of 1 allowed", "ini.port")


def test_t32_an_initiator_socket_bound_twice_to_the_same_target():
    env = simpy.Environment()
    initiator, target = LtInitiator(env, "ini"), LtTarget(env, "a")
    initiator.port >> target.port
    with pytest.raises(ElaborationError) as error:
        initiator.port >> target.port
        env.run()
    assert said(error, "2 binds exceeds maximum of 1 allowed", "ini.port")


def test_t32_an_initiator_socket_that_a_wrapper_binds_to_two_targets():
    env = simpy.Environment()
    soc = Module(env, "soc")
    initiator, outside = LtInitiator(soc, "ini"), MultiInitiatorSocket(soc, "outside")
    initiator.port >> outside
    for k in range(3):
        outside >> LtTarget(env, f"t{k}").port
    with pytest.raises(ElaborationError) as error:
        env.run()
    assert said(error, "3 binds exceeds maximum of 1 allowed", "soc.ini.port")


def test_t32_a_wrapper_s_target_socket_bound_to_two_inside():
    env = simpy.Environment()
    soc = Module(env, "soc")
    outside = TargetSocket(soc, "outside")
    outside >> LtTarget(soc, "a").port
    with pytest.raises(ElaborationError) as error:
        outside >> LtTarget(soc, "b").port
        env.run()
    assert said(error, "2 binds exceeds maximum of 1 allowed", "soc.outside")


def test_binding_the_wrong_way_round():
    env = simpy.Environment()
    soc = Module(env, "soc")
    initiator, target = LtInitiator(soc, "ini"), LtTarget(soc, "mem")
    other, outside = LtInitiator(env, "other"), TargetSocket(soc, "outside")
    with pytest.raises((TypeError, ElaborationError), match=r"soc\.mem\.port"):
        target.port >> initiator.port
    with pytest.raises((TypeError, ElaborationError), match=r"soc\.mem\.port"):
        target.port >> outside  # from inside to outside
    with pytest.raises((TypeError, ElaborationError), match=r"soc\.ini\.port"):
        initiator.port >> other.port  # beside it, not around it
    with pytest.raises((TypeError, ElaborationError), match=r"soc\.ini\.port"):
        initiator.port >> initiator.port
    with pytest.raises((TypeError, ElaborationError), match=r"soc\.mem\.port"):
        target.port >> target.port
    with pytest.raises((TypeError, ElaborationError), match=r"soc\.ini\.port"):
        initiator.port >> target
    with pytest.raises((TypeError, ElaborationError), match=r"soc\.ini\.port"):
        initiator.port >> None
    initiator.port >> target.port  # what was refused has left nothing behind
    other.port >> outside
    outside >> target.port
    env.run()


def test_sockets_of_two_environments_are_not_bound():
    first, second = simpy.Environment(), simpy.Environment()
    initiator, target = LtInitiator(first, "ini"), LtTarget(second, "mem")
    with pytest.raises(ElaborationError, match=r"ini\.port"):
        initiator.port >> target.port
        first.run()


def test_t32_binding_after_elaboration():
    env = simpy.Environment()
    soc = Module(env, "soc")
    socket = InitiatorSocket(soc, "s", optional=True)
    target = LtTarget(env, "mem")
    env.run()
    with pytest.raises(ElaborationError, match=r"soc\.s"):
        socket >> target.port


REGISTERS = [
    (InitiatorSocket, "nb_transport_bw"),
    (InitiatorSocket, "invalidate_direct_mem_ptr"),
    (TargetSocket, "b_transport"),
    (TargetSocket, "transport_dbg"),
    (TargetSocket, "nb_transport_fw"),
    (TargetSocket, "get_direct_mem_ptr"),
    (MultiInitiatorSocket, "nb_transport_bw"),
    (MultiInitiatorSocket, "invalidate_direct_mem_ptr"),
    (MultiTargetSocket, "b_transport"),
    (MultiTargetSocket, "transport_dbg"),
    (MultiTargetSocket, "nb_transport_fw"),
    (MultiTargetSocket, "get_direct_mem_ptr"),
]


@pytest.mark.parametrize(("kind", "function"), REGISTERS)
def test_functions_are_registered_once_and_before_elaboration(kind, function):
    env = simpy.Environment()
    soc = Module(env, "soc")

    def nothing(*_arguments):
        """Never called."""

    given = kind(soc, "given", **{function: nothing}, optional=True)
    with pytest.raises(ElaborationError) as error:
        getattr(given, f"register_{function}")(nothing)
    assert said(error, "soc.given", function, "twice")
    registered, late = kind(soc, "registered", optional=True), kind(soc, "late", optional=True)
    getattr(registered, f"register_{function}")(nothing)
    with pytest.raises(ElaborationError) as error:
        getattr(registered, f"register_{function}")(nothing)
    assert said(error, "soc.registered", function, "twice")
    env.run()
    with pytest.raises(ElaborationError) as error:
        getattr(late, f"register_{function}")(nothing)
    assert said(error, "soc.late", function, "after elaboration")


@pytest.mark.parametrize(("kind", "function"), REGISTERS)
def test_only_b_transport_may_be_a_generator_function(kind, function):
    soc = Module(simpy.Environment(), "soc")

    def waits(*_arguments):
        yield soc.env.timeout(1)

    if function == "b_transport":
        assert kind(soc, "port", waits).callbacks == {"b_transport": waits}
        return
    with pytest.raises(TypeError) as error:
        kind(soc, "port", **{function: waits})
    assert said(error, "soc.port", function, "cannot wait")


@pytest.mark.parametrize("multi", [False, True])
def test_t32_debug_and_dmi_without_a_handler(multi):
    env = simpy.Environment()
    target, initiator = Module(env, "target"), LtInitiator(env, "initiator")
    kind = MultiTargetSocket if multi else TargetSocket
    initiator.port >> kind(target, "port", nb_transport_fw=lambda *arguments: (COMPLETED, *arguments[-2:]))
    env.run()
    assert initiator.port.transport_dbg(read_word(0)) == 0
    dmi = initiator.port.get_direct_mem_ptr(read_word(0))
    assert not dmi
    assert (dmi.start, dmi.end) == (0, 2**64 - 1)
    assert dmi.access is Access.NONE
    assert env.now == 0
    assert [bool(Dmi(access=access)) for access in (0, 1, Access.WRITE)] == [False, True, True]


def test_a_target_with_debug_only_is_called_for_nothing_else():
    env = simpy.Environment()
    soc = Module(env, "soc")
    socket = TargetSocket(soc, "port", transport_dbg=lambda payload: 3)
    initiator = LtInitiator(env, "initiator")
    initiator.port >> socket
    env.run()
    assert initiator.port.transport_dbg(read_word(0)) == 3
    with pytest.raises(ElaborationError, match=r"soc\.port.* no .*blocking.* callback registered"):
        list(_values(initiator.port.b_transport(read_word(0), 0)))
    with pytest.raises(ElaborationError, match=r"soc\.port.* no .*blocking.* callback registered"):
        initiator.port.nb_transport_fw(read_word(0), BEGIN_REQ, 0)


# --- monitors --------------------------------------------------------------------------------------------------------


def test_a_monitor_is_put_around_once_a_hop_and_changes_no_time():
    env, hops, calls = simpy.Environment(), [], []

    def monitor(hop):
        hops.append(hop.full_name)
        inner = hop.b_transport

        def watched(payload, delay):
            calls.append(("begin", env.now // FS_PER_NS))
            result = yield from inner(payload, delay)
            calls.append(("end", env.now // FS_PER_NS))
            return result

        hop.b_transport = watched

    soc = Module(env, "soc")
    inside = WaitingLtTarget(soc, "target")
    outside = TargetSocket(soc, "outside")
    outside >> inside.port
    through = PassThrough(env, "through")
    initiators = [LtInitiator(env, f"i{k}", [write_word(0, 1)], start_ns=k) for k in range(2)]
    for initiator in initiators:
        initiator.port >> through.inputs
        through.outputs >> outside
    inside.port.monitors.append(monitor)
    initiators[0].port.monitors.append(monitor)
    env.run()
    assert sorted(hops) == sorted(
        ["i0.port -> through.inputs", "through.outputs -> soc.target.port", "through.outputs -> soc.target.port"]
    )
    assert [initiator.ok for initiator in initiators] == [[10], [11]]
    assert calls == [("begin", 0), ("begin", 0), ("begin", 1), ("end", 10), ("end", 10), ("end", 11)]


def test_a_monitor_that_would_never_be_called_is_refused():
    env, hops = simpy.Environment(), []
    soc = Module(env, "soc")
    initiator, target = LtInitiator(soc, "initiator"), LtTarget(soc, "target")
    initiator.port >> target.port
    with pytest.raises(TypeError, match=r"soc\.target\.port: a monitor is a function, not None"):
        target.port.monitors.append(None)
    soc.monitors.append(hops.append)
    env.run()
    assert [hop.full_name for hop in hops] == ["soc.initiator.port -> soc.target.port"]
    for place in (soc, initiator, initiator.port, target.port):
        with pytest.raises(ElaborationError) as error:
            place.monitors.append(hops.append)
        assert said(error, f"{place.full_name}: ", "after elaboration")


def test_without_monitors_a_generator_is_called_directly():
    """What is off costs nothing: the socket's function is the target's own."""
    env = simpy.Environment()
    initiator, target = LtInitiator(env, "initiator"), WaitingLtTarget(env, "target")
    initiator.port >> target.port
    env.run()
    assert initiator.port.b_transport == target.b_transport
