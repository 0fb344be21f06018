import itertools

import pytest
import simpy
from hypothesis import given
from hypothesis import strategies as st
from traffic import Annotating, AtInitiator, AtTarget, Sender, Waiting, WaitingWords, Words, read, write

from tlm.core import (
    ACCEPTED,
    ADDRESS_ERROR,
    BEGIN_REQ,
    BEGIN_RESP,
    COMPLETED,
    END_REQ,
    END_RESP,
    OK,
    READ,
    UPDATED,
    WRITE,
    Access,
    BadInput,
    Dmi,
    ElaborationError,
    ExtendedPhase,
    InitiatorSocket,
    Module,
    Payload,
    ProtocolError,
    Router,
    TargetSocket,
    check_protocol,
)
from tlm.memory import Ram

NS = 10**6
MIB = 1 << 20


@pytest.fixture
def env():
    return simpy.Environment()


def connected(env, *targets, at=0x1000, size=0x100, initiator=Sender, **more):
    """An initiator, a router, and its targets one after the other from `at`."""
    router, sender = Router(env, "router"), initiator(env, "sender", **more)
    sender.port >> router.port
    for number, target in enumerate(targets):
        router.map(at + number * size, size, target.port)
    return router, sender


# --- blocking --------------------------------------------------------------------------------------------------------


def test_t7_sixteen_regions_by_four_bits_of_the_address(env):
    targets = [Annotating(env, f"target{number}", 10) for number in range(16)]
    router = Router(env, "router")
    payloads = [read(number << 28 | 4) for number in range(16)]
    sender = Sender(env, "sender", payloads)
    sender.port >> router.port
    for number, target in enumerate(targets):
        router.map(number << 28, "256 MiB", target.port)
    env.run()
    assert [target.seen for target in targets] == [[(10 * number, 0, 4)] for number in range(16)]
    assert [payload.address for payload in payloads] == [number << 28 | 4 for number in range(16)]
    assert {payload.response_status for payload in payloads} == {OK}


UNMAPPED = [
    # address, length, streaming width, reached
    (0xFFF, 1, 1, False),
    (0x1000, 1, 1, True),
    (0x10FF, 1, 1, True),
    (0x1100, 1, 1, False),
    (0x10FC, 4, 4, True),
    (0x10FD, 4, 4, False),
    (0xFFE, 4, 4, False),
    (0x1000, 0x100, 0x100, True),
    (0x1000, 0x101, 0x101, False),
    (0x10F8, 64, 8, True),  # wraps back every 8 bytes
    (0x10F9, 64, 8, False),
    (0x10F8, 8, 64, True),  # a width of more than the length changes nothing
    (0x10FF, 0, 0, True),
    (0x1100, 0, 0, False),
]


@pytest.mark.parametrize(("address", "length", "width", "reached"), UNMAPPED)
def test_t5_what_is_not_in_one_region_reaches_no_target(env, address, length, width, reached):
    target = Annotating(env, "target", 10)
    payload = Payload(READ, address, bytearray(length), length, width)
    _, sender = connected(env, target, payloads=[payload], delays=[7])
    env.run()
    assert payload.response_status is (OK if reached else ADDRESS_ERROR)
    assert payload.address == address
    assert sender.done == [(0, 0, 17 if reached else 7)]
    assert target.seen == ([(0, 7, address - 0x1000)] if reached else [])


def test_t4_two_initiators_do_not_meet_in_a_router(env):
    router, target = Router(env, "router"), Annotating(env, "target", 80 * NS)
    senders = [Sender(env, f"sender{number}", [write(0, b"word")] * 2) for number in range(2)]
    for sender in senders:
        sender.port >> router.port
    router.map(0, 64, target.port)
    env.run()
    assert [sender.done for sender in senders] == [[(0, 0, 80 * NS), (80 * NS, 80 * NS, 80 * NS)]] * 2


@pytest.mark.parametrize("kind", [Annotating, Waiting])
def test_several_are_on_their_way_at_once(env, kind):
    router = Router(env, "router")
    targets = [kind(env, f"target{number}", 100 - 10 * number) for number in range(3)]
    senders = [Sender(env, f"sender{number}", [read(0x100 * number + 8)], start=number) for number in range(3)]
    for sender, target in zip(senders, targets, strict=True):
        sender.port >> router.port
        router.map(0x100 * targets.index(target), 0x100, target.port, local=0x40)
    env.run()
    assert [target.seen for target in targets] == [[(number, 0, 0x48)] for number in range(3)]
    ends = [(returned + delay) for sender in senders for _, returned, delay in sender.done]
    assert ends == [100, 91, 82]
    assert [sender.payloads[0].address for sender in senders] == [0x8, 0x108, 0x208]


def test_a_router_behind_a_router(env):
    outer, inner, target = Router(env, "outer"), Router(env, "inner"), Annotating(env, "target")
    payload = read(0x12345)
    Sender(env, "sender", [payload]).port >> outer.port
    outer.map(0x12000, "4 KiB", inner.port)
    inner.map(0x300, 0x100, target.port, local=0x50)
    env.run()
    assert target.seen == [(0, 0, 0x95)]
    assert payload.address == 0x12345


def test_a_target_mapped_twice_is_bound_once(env):
    target = Annotating(env, "target")
    router, _ = connected(env, payloads=[read(0x1004), read(0x8010)])
    router.map(0x1000, 0x100, target.port)
    router.map(0x8000, 0x100, target.port, local=0x100)
    env.run()
    assert [address for _, _, address in target.seen] == [0x4, 0x110]
    assert [socket.name for socket in router.sockets] == ["port", "out0"]


class Failing(Module):
    """Raises, in each function."""

    def __init__(self, parent, name, waits):
        super().__init__(parent, name)
        b_transport = self.raise_later if waits else self.fail
        self.port = TargetSocket(self, "port", b_transport, self.fail, self.fail, self.fail)

    def fail(self, *_arguments):
        raise ArithmeticError("broken")

    def raise_later(self, _payload, _delay):
        yield self.env.timeout(5)
        self.fail()


@pytest.mark.parametrize("waits", [False, True])
def test_the_address_comes_back_with_an_exception(env, waits):
    payload = read(0x1004)
    connected(env, Failing(env, "target", waits), payloads=[payload])
    with pytest.raises(ArithmeticError):
        env.run()
    assert payload.address == 0x1004


def test_the_address_comes_back_where_debug_dmi_and_non_blocking_calls_fail(env):
    router, sender = connected(env, Failing(env, "target", False))
    sender.elaborate()
    payload = read(0x1004)
    calls = (sender.port.transport_dbg, sender.port.get_direct_mem_ptr)
    for call in (*calls, lambda payload: sender.port.nb_transport_fw(payload, BEGIN_REQ, 0)):
        with pytest.raises(ArithmeticError):
            call(payload)
        assert payload.address == 0x1004
    assert router.in_flight == 0


REFUSED = [
    ((0x1080, 0x10), ElaborationError, "router: the region 0x1080..0x108f overlaps 0x1000..0x10ff"),
    ((0x2000, 0), ElaborationError, "router: the region at 0x2000 needs a positive size, not 0"),
    ((0x2000, "4"), BadInput, "'4' has no unit"),
    ((0x2000, "4 MHz"), BadInput, "'4 MHz' is a frequency, not a capacity"),
]


@pytest.mark.parametrize(("region", "kind", "message"), REFUSED)
def test_what_cannot_be_mapped_is_refused(env, region, kind, message):
    router, _ = connected(env, Annotating(env, "target"))
    other = Annotating(env, "other")
    with pytest.raises(kind, match=f"^{message}"):
        router.map(*region, other.port)
    router.map(0x2000, 0x10, other.port)
    router.elaborate()
    assert len(other.port.hops) == 1  # nothing is left of what was refused


def test_nothing_is_mapped_after_elaboration(env):
    target, other = Annotating(env, "target"), Annotating(env, "other")
    router, sender = connected(env, target)
    sender.elaborate()
    for port in (other.port, target.port):
        with pytest.raises(ElaborationError, match=r"^router: 0x5000 is mapped after elaboration, at 0 fs"):
            router.map(0x5000, 16, port)


def test_a_plain_function_may_hand_on_a_generator(env):
    class HandingOn(Waiting):
        def b_transport(self, payload, delay):
            return super().b_transport(payload, delay)

    target, payload = HandingOn(env, "target", 20), read(0x1004)
    _, sender = connected(env, target, payloads=[payload], delays=[5])
    env.run()
    assert (sender.done, payload.address, payload.response_status) == ([(0, 25, 0)], 0x1004, OK)


@pytest.mark.parametrize("result", [None, "late", 2.5])
def test_what_is_no_delay_is_refused_by_name(env, result):
    target, payload = Module(env, "target"), read(0x1004)
    target.port = TargetSocket(target, "port", lambda _payload, _delay: result)
    connected(env, target, payloads=[payload])
    with pytest.raises(TypeError, match=r"^target\.port: b_transport returned .* and not a delay"):
        env.run()
    assert payload.address == 0x1004


@pytest.mark.parametrize("width", [0, 4])
def test_debug_knows_no_streaming_width(env, width):
    """What begins in one region goes on in the next, not in the same target's bytes behind the region."""
    rams = [Ram(env, name, 0x200) for name in ("first", "second")]
    _, sender = connected(env, *rams)
    sender.elaborate()
    rams[0].memory[0xF8:0x108], rams[1].memory[:8] = b"a" * 16, b"b" * 8
    payload = Payload(READ, 0x10F8, bytearray(16), 16, width)
    assert sender.port.transport_dbg(payload) == 16
    assert payload.data == b"a" * 8 + b"b" * 8


@given(st.data())
def test_memories_behind_a_router_are_one_memory(data):
    """A flat bytearray, with holes; blocking or debug, any length."""
    env = simpy.Environment()
    router, flat, mapped = Router(env, "router"), bytearray(128), set()
    end = 0
    for number in range(data.draw(st.integers(1, 4))):
        start = end + data.draw(st.sampled_from([0, 0, 5]))
        size, local = data.draw(st.integers(1, 24)), data.draw(st.integers(0, 9))
        router.map(start, size, Ram(env, f"ram{number}", size + local).port, local)
        end = start + size
        mapped |= set(range(start, end))
    sender = Sender(env, "sender")
    sender.port >> router.port
    sender.elaborate()
    for number in range(data.draw(st.integers(1, 12))):
        address, length = data.draw(st.integers(0, 110)), data.draw(st.integers(1, 16))
        payload = data.draw(st.sampled_from([read(address, length), write(address, bytes([number + 1] * length))]))
        wanted = range(address, address + length)
        if data.draw(st.booleans()):
            reached = len(list(itertools.takewhile(mapped.__contains__, wanted)))
            assert sender.port.transport_dbg(payload) == reached
        else:
            assert finished(sender.port.b_transport(payload, 3)) == 3
            reached = length if payload.response_status is OK else 0
            assert reached == 0 or mapped.issuperset(wanted)
        if payload.command is WRITE:
            flat[address : address + reached] = payload.data[:reached]
        else:
            assert payload.data[:reached] == flat[address : address + reached]
        assert payload.address == address


def finished(transport):
    """What a transport that does not wait returns."""
    with pytest.raises(StopIteration) as end:
        next(transport)
    return end.value.value


# --- non-blocking ----------------------------------------------------------------------------------------------------


class Hand(Module):
    """An initiator or target moved by the test: `port` calls, `came` are the (phase, address, delay) that it is called
    with, and `answers` what it says to each phase."""

    def __init__(self, env, name, is_target, answers=None):
        super().__init__(env, name)
        self.came, self.answers = [], answers or {}
        if is_target:
            self.port = TargetSocket(self, "port", nb_transport_fw=self.called)
        else:
            self.port = InitiatorSocket(self, "port", self.called)

    def called(self, payload, phase, delay):
        self.came.append((phase, payload.address, delay))
        sync, answer = self.answers.get(phase, (ACCEPTED, phase))
        return sync, answer, delay


def by_hand(env, initiator_answers=None, target_answers=None):
    router = Router(env, "router")
    initiator, target = Hand(env, "initiator", False, initiator_answers), Hand(env, "target", True, target_answers)
    initiator.port >> router.port
    router.map(0x1000, 0x100, target.port, local=0x20)
    router.elaborate()
    return router, initiator.port.nb_transport_fw, target.port.nb_transport_bw, initiator, target


def test_four_phases_each_side_sees_its_own_address(env):
    router, forward, back, initiator, target = by_hand(env)
    payload = read(0x1004)
    assert forward(payload, BEGIN_REQ, 3) == (ACCEPTED, BEGIN_REQ, 3)
    assert payload.address == 0x24  # the target is at work
    assert back(payload, END_REQ, 2) == (ACCEPTED, END_REQ, 2)
    assert payload.address == 0x24
    assert router.in_flight == 1
    assert back(payload, BEGIN_RESP, 1) == (ACCEPTED, BEGIN_RESP, 1)
    assert payload.address == 0x1004  # from the response on
    assert forward(payload, END_RESP, 0) == (ACCEPTED, END_RESP, 0)
    assert initiator.came == [(END_REQ, 0x1004, 2), (BEGIN_RESP, 0x1004, 1)]
    assert target.came == [(BEGIN_REQ, 0x24, 3), (END_RESP, 0x24, 0)]
    assert (payload.address, router.in_flight) == (0x1004, 0)


#: What the target answers to BEGIN_REQ and the initiator to BEGIN_RESP; the calls that follow; how many phases came.
ENDS = {
    "completed at once": ((COMPLETED, BEGIN_REQ), None, ""),
    "response on the return path": ((UPDATED, BEGIN_RESP), None, "E"),
    "end of the request on the return path": ((UPDATED, END_REQ), None, "rE"),
    "response without an end of the request": (None, None, "rE"),
    "initiator completes": (None, (COMPLETED, BEGIN_RESP), "r"),
    "initiator ends on the return path": (None, (UPDATED, END_RESP), "r"),
    "four phases, completed by the initiator": (None, (COMPLETED, BEGIN_RESP), "er"),
    "four phases": (None, None, "erE"),
}


@pytest.mark.parametrize(("to_request", "to_response", "calls"), ENDS.values(), ids=ENDS)
def test_however_a_transaction_ends_nothing_is_left(env, to_request, to_response, calls):
    router, forward, back, initiator, _ = by_hand(
        env, {BEGIN_RESP: to_response} if to_response else {}, {BEGIN_REQ: to_request} if to_request else {}
    )
    payload = read(0x1004)
    for _ in range(2):  # the same payload again
        result = forward(payload, BEGIN_REQ, 0)
        for call in calls:
            if call == "E":
                assert payload.address == 0x1004
                forward(payload, END_RESP, 0)
            else:
                assert (payload.address, router.in_flight) == (0x24, 1)
                back(payload, END_REQ if call == "e" else BEGIN_RESP, 0)
        assert result == ((*to_request, 0) if to_request else (ACCEPTED, BEGIN_REQ, 0))
        assert (payload.address, router.in_flight) == (0x1004, 0)
    assert {address for _, address, _ in initiator.came} <= {0x1004}


#: How the target answers BEGIN_REQ and the initiator BEGIN_RESP, and where the transaction is over then.
ANSWERS = {
    "accepted": (None, None, False),
    "request ended by a return": ((UPDATED, END_REQ), None, False),
    "response ended by a return": (None, (UPDATED, END_RESP), True),
    "completed by the initiator": (None, (COMPLETED, BEGIN_RESP), True),
}


@pytest.mark.parametrize(("to_request", "to_response", "over"), ANSWERS.values(), ids=ANSWERS)
def test_through_two_routers_each_side_sees_its_own_address(env, to_request, to_response, over):
    outer, inner = Router(env, "outer"), Router(env, "inner")
    initiator = Hand(env, "initiator", False, {BEGIN_RESP: to_response} if to_response else {})
    target = Hand(env, "target", True, {BEGIN_REQ: to_request} if to_request else {})
    initiator.port >> outer.port
    outer.map(0x1000, 0x100, inner.port, local=0x300)
    inner.map(0x300, 0x100, target.port, local=0x20)
    outer.elaborate()
    forward, back, payload, other = (
        initiator.port.nb_transport_fw,
        target.port.nb_transport_bw,
        read(0x1004),
        ExtendedPhase("OTHER"),
    )
    forward(payload, BEGIN_REQ, 0)
    forward(payload, other, 0)
    back(payload, other, 0)
    if to_request is None:
        back(payload, END_REQ, 0)
    assert payload.address == 0x24  # the target is at work
    back(payload, BEGIN_RESP, 0)
    assert payload.address == 0x1004
    if not over:
        forward(payload, other, 0)
        back(payload, other, 0)
        assert payload.address == 0x1004
        forward(payload, END_RESP, 0)
    assert (payload.address, outer.in_flight, inner.in_flight) == (0x1004, 0, 0)
    assert {address for _, address, _ in initiator.came} == {0x1004}
    assert {address for _, address, _ in target.came} == {0x24}


def test_the_address_comes_back_where_an_initiator_fails_behind_two_routers(env):
    outer, inner, target = Router(env, "outer"), Router(env, "inner"), Hand(env, "target", True)
    initiator = Module(env, "initiator")

    def fail(*_arguments):
        raise ArithmeticError("broken")

    initiator.port = InitiatorSocket(initiator, "port", fail)
    initiator.port >> outer.port
    outer.map(0x1000, 0x100, inner.port)
    inner.map(0, 0x100, target.port, local=0x20)
    outer.elaborate()
    payload = read(0x1004)
    initiator.port.nb_transport_fw(payload, BEGIN_REQ, 0)
    with pytest.raises(ArithmeticError):
        target.port.nb_transport_bw(payload, BEGIN_RESP, 0)
    assert (payload.address, outer.in_flight, inner.in_flight) == (0x1004, 0, 0)


def test_a_target_may_call_back_within_the_call(env):
    """What comes back is ACCEPTED, when all is over already."""
    router, target = Router(env, "router"), Hand(env, "target", True)

    def respond(payload, phase, delay):
        if phase == BEGIN_REQ:
            assert target.port.nb_transport_bw(payload, BEGIN_RESP, 0)[0] == COMPLETED
        return ACCEPTED, phase, delay

    initiator = Hand(env, "initiator", False, {BEGIN_RESP: (COMPLETED, BEGIN_RESP)})
    initiator.port >> router.port
    target.called = respond
    target.port = TargetSocket(target, "eager", nb_transport_fw=respond)
    router.map(0x1000, 0x100, target.port)
    router.elaborate()
    payload = read(0x1004)
    assert initiator.port.nb_transport_fw(payload, BEGIN_REQ, 0) == (ACCEPTED, BEGIN_REQ, 0)
    assert initiator.came == [(BEGIN_RESP, 0x1004, 0)]
    assert (payload.address, router.in_flight) == (0x1004, 0)


def test_unmapped_completes_at_once(env):
    router, forward, _, _, target = by_hand(env)
    payload = read(0x10FE)
    assert forward(payload, BEGIN_REQ, 9) == (COMPLETED, BEGIN_REQ, 9)
    assert (payload.response_status, payload.address) == (ADDRESS_ERROR, 0x10FE)
    assert (target.came, router.in_flight) == ([], 0)


def test_phases_of_other_protocols_go_through_within_a_transaction_and_are_ignored_outside(env):
    router, forward, back, initiator, target = by_hand(env)
    payload, other = read(0x1004), ExtendedPhase("OTHER")
    assert forward(payload, other, 1) == (ACCEPTED, other, 1)
    assert back(payload, other, 1) == (ACCEPTED, other, 1)
    assert (initiator.came, target.came, router.in_flight) == ([], [], 0)
    forward(payload, BEGIN_REQ, 0)
    forward(payload, other, 2)
    back(payload, other, 3)
    assert payload.address == 0x24
    assert initiator.came == [(other, 0x1004, 3)]
    assert target.came == [(BEGIN_REQ, 0x24, 0), (other, 0x24, 2)]


def test_a_payload_is_in_one_transaction_at_a_time(env):
    _, forward, back, _, _ = by_hand(env)
    payload = read(0x1004)
    with pytest.raises(ProtocolError, match=r"^router at 0 fs: legal phases .*: END_RESP of .* is in no transaction"):
        forward(payload, END_RESP, 0)
    with pytest.raises(ProtocolError, match=r"^router at 0 fs: legal phases .*: BEGIN_RESP of .* is in no transaction"):
        back(payload, BEGIN_RESP, 0)
    forward(payload, BEGIN_REQ, 0)
    with pytest.raises(ProtocolError, match=r"^router at 0 fs: reuse .*: BEGIN_REQ of READ"):
        forward(payload, BEGIN_REQ, 0)


DELAYS = st.integers(0, 20)
TARGET_WAY = st.tuples(
    st.sampled_from(["phases", "early", "end", "respond", "complete"]), DELAYS, DELAYS, st.sampled_from([0, 0, 5])
)
INITIATOR_WAY = st.tuples(st.sampled_from(["accept", "end", "complete"]), DELAYS, st.sampled_from([0, 0, 5]))


@given(st.data())
def test_non_blocking_transactions_in_any_order_and_with_any_return(data):
    """Three initiators, each with several transactions in flight at a target; two that block share a target."""
    env = simpy.Environment()
    router, initiators, sent = Router(env, "router"), [], []
    for number in range(3):
        targets, begins = ([data.draw(st.lists(way, min_size=1, max_size=5))] for way in (TARGET_WAY, INITIATOR_WAY))
        router.map(0x100 * number, 0x100, AtTarget(env, f"target{number}", itertools.cycle(*targets)).port)
        ways, outstanding = itertools.cycle(*begins), data.draw(st.integers(1, 4))
        sent.append(there_and_back(0x100 * number, number))
        initiators.append(AtInitiator(env, f"initiator{number}", sent[-1], ways, outstanding))
    router.map(0x300, 0x100, WaitingWords(env, "waiting", 7).port)
    for number in range(2):
        sent.append(there_and_back(0x300 + 0x80 * number, number))
        initiators.append(Sender(env, f"sender{number}", sent[-1]))
    for initiator in initiators:
        initiator.port >> router.port
    check_protocol(*initiators, router)
    env.run()
    for number, payloads in enumerate(sent):
        assert {payload.response_status for payload in payloads} == {OK}
        assert [payload.data for payload in payloads[5:]] == [payload.data for payload in payloads[:5]], number
    assert [len(initiator.done) for initiator in initiators] == [10] * 5
    assert router.in_flight == 0


def there_and_back(start, number):
    """Five writes, then reads of the same words, each checked when all is over."""
    words = [(start + 4 * k, bytes([number, k, k, k])) for k in range(5)]
    return [write(*word) for word in words] + [read(place) for place, _ in words]


# --- direct memory access --------------------------------------------------------------------------------------------


class Lender(Module):
    """Answers with `dmi`, whatever is asked; `asked` are the addresses."""

    def __init__(self, parent, name, dmi):
        super().__init__(parent, name)
        self.dmi, self.asked = dmi, []
        self.port = TargetSocket(self, "port", Words.b_transport, get_direct_mem_ptr=self.get_direct_mem_ptr)

    def get_direct_mem_ptr(self, payload):
        self.asked.append(payload.address)
        return self.dmi


MEMORY = memoryview(bytearray(range(256)))

#: What the target says in its addresses, and what the initiator gets: 0x1000..0x107f is 0x40..0xbf of the target.
LENT = [
    (Dmi(0, 255, MEMORY, Access.READ_WRITE, 3, 4), (0x1000, 0x107F, bytes(range(0x40, 0xC0)))),
    (Dmi(0x50, 0x5F, MEMORY[0x50:0x60], Access.READ), (0x1010, 0x101F, bytes(range(0x50, 0x60)))),
    (Dmi(0x20, 0x4F, MEMORY[0x20:0x50], Access.READ), (0x1000, 0x100F, bytes(range(0x40, 0x50)))),
    (Dmi(0xB0, 0xFF, MEMORY[0xB0:], Access.WRITE), (0x1070, 0x107F, bytes(range(0xB0, 0xC0)))),
    (Dmi(0, 255, None, Access.READ_WRITE, 3, 4), (0x1000, 0x107F, None)),
    (Dmi(), (0x1000, 0x107F, None)),
    (Dmi(0x60, 0x6F), (0x1020, 0x102F, None)),
    (Dmi(0, 0x10, MEMORY[:0x11], Access.READ), (0x1000, 0x1000, None)),  # not what was asked for: refused
]


@pytest.mark.parametrize(("dmi", "seen"), LENT)
def test_what_is_lent_is_seen_in_the_initiators_addresses_within_the_region(env, dmi, seen):
    lender = Lender(env, "lender", dmi)
    router, sender = connected(env)
    router.map(0x1000, 0x80, lender.port, local=0x40)
    sender.elaborate()
    payload = read(0x1008)
    got = sender.port.get_direct_mem_ptr(payload)
    start, end, content = seen
    assert (got.start, got.end, None if got.memory is None else bytes(got.memory)) == (start, end, content)
    if dmi.end >= 0x40:
        assert (got.access, got.read_latency, got.write_latency) == (dmi.access, dmi.read_latency, dmi.write_latency)
    else:
        assert not got
    assert (lender.asked, payload.address) == ([0x48], 0x1008)


def test_where_nothing_is_mapped_nothing_is_lent(env):
    _, sender = connected(env, Lender(env, "lender", Dmi(0, 255, MEMORY, Access.READ)))
    sender.elaborate()
    dmi = sender.port.get_direct_mem_ptr(read(0x2000))
    assert not dmi
    assert (dmi.start, dmi.end) == (0x2000, 0x2000)


def test_lent_bytes_are_the_memorys_own(env):
    ram = Ram(env, "ram", 0x100)
    router, sender = connected(env)
    router.map(0x1000, 0x80, ram.port, local=0x40)
    sender.elaborate()
    dmi = sender.port.get_direct_mem_ptr(read(0x1000))
    dmi.memory[0x1010 - dmi.start] = 77
    payload = read(0x1010, 1)
    assert sender.port.transport_dbg(payload) == 1
    assert payload.data == b"\x4d"


INVALID = [
    # in the target's addresses; what each initiator hears
    ((0, 255), [(0x1000, 0x107F), (0x2000, 0x200F)]),
    ((0x40, 0x40), [(0x1000, 0x1000)]),
    ((0, 0x3F), [(0x2000, 0x200F)]),
    ((0xBF, 0xBF), [(0x107F, 0x107F)]),
    ((0xC0, 0xFF), []),
    ((0x08, 0x47), [(0x1000, 0x1007), (0x2008, 0x200F)]),
]


@pytest.mark.parametrize(("range_", "heard"), INVALID)
def test_all_initiators_hear_what_is_lent_no_longer(env, range_, heard):
    target = Annotating(env, "target")
    router = Router(env, "router")
    router.map(0x1000, 0x80, target.port, local=0x40)
    router.map(0x2000, 0x10, target.port)
    router.map(0x3000, 0x10, Annotating(env, "other").port)
    ears = []
    for number in range(2):
        listener, ear = Module(env, f"listener{number}"), []
        (
            InitiatorSocket(
                listener, "port", invalidate_direct_mem_ptr=lambda start, end, ear=ear: ear.append((start, end))
            )
            >> router.port
        )
        ears.append(ear)
    router.elaborate()
    target.port.invalidate_direct_mem_ptr(*range_)
    assert ears == [heard, heard]


# --- debug -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "length", "moved", "pieces"),
    [
        (0x1004, 8, 8, [(8, 4)]),
        (0x10F0, 0x20, 0x20, [(0x10, 0xF0), (0x10, 0)]),
        (0x11F0, 0x20, 0x10, [(0x10, 0xF0)]),
        (0xFF0, 0x20, 0, []),
        (0x1000, 0x300, 0x200, [(0x100, 0), (0x100, 0)]),
    ],
)
def test_debug_goes_on_in_the_next_region_up_to_a_gap(env, address, length, moved, pieces):
    targets = [Annotating(env, f"target{number}") for number in range(2)]
    _, sender = connected(env, *targets)
    sender.elaborate()
    payload = read(address, length)
    assert sender.port.transport_dbg(payload) == moved
    assert [(size, at) for target in targets for _, size, at in target.seen] == pieces
    assert payload.address == address


def test_debug_ends_where_a_target_is_short(env):
    router, sender = connected(env)
    router.map(0x1000, 0x100, Ram(env, "short", 0x80).port)
    router.map(0x1100, 0x100, Ram(env, "next", 0x100).port)
    sender.elaborate()
    assert sender.port.transport_dbg(read(0x1070, 0x100)) == 0x10
