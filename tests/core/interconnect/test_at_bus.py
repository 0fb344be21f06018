import itertools
from functools import partial

import pytest
import simpy
from hypothesis import given
from hypothesis import strategies as st
from traffic import (
    Annotating,
    AtInitiator,
    AtTarget,
    Decoupled,
    Sender,
    WaitingWords,
    Words,
    log_phases,
    overlap,
    read,
    spans,
    write,
)

from tlm.core import (
    ACCEPTED,
    ADDRESS_ERROR,
    BEGIN_REQ,
    BEGIN_RESP,
    BUSY,
    COMPLETED,
    END_REQ,
    END_RESP,
    IDLE,
    OK,
    AtBus,
    BadInput,
    ElaborationError,
    ExtendedPhase,
    InitiatorSocket,
    Module,
    ProtocolError,
    TargetSocket,
    check_protocol,
    find_deadlock,
)


@pytest.fixture
def env():
    return simpy.Environment()


def a_bus(env, initiators, targets, **more):
    bus = AtBus(env, "bus", **more)
    for initiator in initiators:
        initiator.port >> bus.port
    for number, target in enumerate(targets):
        bus.map(0x1000 * number, 0x1000, target.port)
    return bus


def at_target(env, name, *ways):
    """(way, accept, latency, delay of calls) of each transaction, the last for all that follow."""
    return AtTarget(env, name, itertools.chain(ways, itertools.repeat(ways[-1])))


def at_initiator(env, name, payloads, *way, **more):
    """(answer to BEGIN_RESP, its delay, delay of BEGIN_REQ)."""
    return AtInitiator(env, name, payloads, itertools.repeat(way or ("accept", 0, 0)), **more)


#: The target's way, the phases at the initiator, whether the target is told END_RESP; it accepts in 10, its latency is
#: 30, and the request comes at 3.
TARGET_WAYS = [
    ("phases", [(13, END_REQ), (43, BEGIN_RESP)], True),
    ("early", [(43, BEGIN_RESP)], True),
    ("end", [(13, END_REQ), (43, BEGIN_RESP)], True),
    ("respond", [(33, BEGIN_RESP)], True),
    ("complete", [(33, BEGIN_RESP)], False),
]


@pytest.mark.parametrize("answer", ["accept", "end", "complete"])
@pytest.mark.parametrize(("way", "phases", "told"), TARGET_WAYS)
def test_each_way_of_a_target_meets_each_of_an_initiator(env, way, phases, told, answer):
    payload = write(0x1004, b"word")
    initiator = at_initiator(env, "initiator", [payload], answer, 7, 3)
    target = at_target(env, "target", (way, 10, 30, 0))
    bus = a_bus(env, [initiator], [Words(env, "other"), target])
    check_protocol(initiator, bus)
    env.run()
    assert [(time, phase) for time, phase, _ in initiator.log] == phases
    last = phases[-1][0] + 7
    ended = [(last, END_RESP, 4)] if told else []
    assert target.log == [(3, BEGIN_REQ, 4), *ended]
    assert (env.now, payload.response_status, payload.address) == (last, OK, 0x1004)
    assert target.memory == {4: b"word"}
    assert bus.in_flight == 0
    assert bus.request.probe.totals(100)[BUSY] == (phases[0][0] - 3)
    assert bus.response.probe.totals(100) == {BUSY: 7, IDLE: 93}


def test_one_request_at_a_time_over_all_targets(env):
    initiators = [at_initiator(env, f"initiator{k}", [read(0x1000 * k)]) for k in range(3)]
    targets = [at_target(env, f"target{k}", ("phases", 10, 100 - 20 * k, 0)) for k in range(3)]
    for target in targets:
        target.memory[0] = b"word"
    a_bus(env, initiators, targets)
    env.run()
    assert [target.log[0][:2] for target in targets] == [(0, BEGIN_REQ), (10, BEGIN_REQ), (20, BEGIN_REQ)]
    assert [[(time, phase) for time, phase, _ in initiator.log] for initiator in initiators] == [
        [(10, END_REQ), (110, BEGIN_RESP)],
        [(20, END_REQ), (100, BEGIN_RESP)],
        [(30, END_REQ), (90, BEGIN_RESP)],
    ]


def test_one_response_at_a_time_over_all_initiators_first_come_first_served(env):
    initiators = [at_initiator(env, f"initiator{k}", [write(0x1000 * k, b"word")], "accept", 50, 0) for k in range(3)]
    targets = [at_target(env, f"target{k}", (way, 10, 5, 0)) for k, way in enumerate(("early", "phases", "early"))]
    bus = a_bus(env, initiators, targets)
    env.run()
    assert [[(time, phase) for time, phase, _ in initiator.log] for initiator in initiators] == [
        [(15, BEGIN_RESP)],
        [(25, END_REQ), (65, BEGIN_RESP)],
        [(115, BEGIN_RESP)],
    ]
    assert [target.log[0][:2] for target in targets] == [(0, BEGIN_REQ), (15, BEGIN_REQ), (25, BEGIN_REQ)]
    assert [target.log[-1][:2] for target in targets] == [(65, END_RESP), (115, END_RESP), (165, END_RESP)]
    assert bus.response.probe.totals(200) == {IDLE: 50, BUSY: 150}
    assert bus.request.probe.totals(200) == {IDLE: 160, BUSY: 40}
    assert bus.request.figures() == bus.response.figures() == {"carried": 3}


def test_requests_go_beside_responses(env):
    """The second request is at its target while the first response is on the bus."""
    first = at_initiator(env, "first", [write(0, b"word")], "accept", 50, 0)
    second = at_initiator(env, "second", [write(0x1000, b"word")], start=20)
    targets = [at_target(env, "fast", ("complete", 0, 10, 0)), at_target(env, "slow", ("phases", 10, 10, 0))]
    a_bus(env, [first, second], targets)
    env.run()
    assert [(time, phase) for time, phase, _ in first.log] == [(10, BEGIN_RESP)]
    assert [(time, phase) for time, phase, _ in second.log] == [(30, END_REQ), (60, BEGIN_RESP)]


ORDERS = [
    # policy, priorities of 5 initiators, the order in which they ask, that in which they are served
    ("fifo", None, "3142", "3142"),
    ("round_robin", None, "3142", "1234"),
    ("priority", None, "3142", "1234"),
    ("priority", [0, 9, 5, 7, 6], "3142", "2431"),
    ("priority", [0, 1, 0, 1, 0], "3142", "4231"),
]


@pytest.mark.parametrize(("policy", "priorities", "asked", "served"), ORDERS)
def test_who_is_next(env, policy, priorities, asked, served):
    """All ask while the request of initiator 0 is on the bus, one after the other."""
    starts = [0, *(1 + asked.index(str(number)) for number in range(1, 5))]
    initiators = [at_initiator(env, str(k), [write(8 * k, b"word")], start=at) for k, at in enumerate(starts)]
    target = at_target(env, "target", ("phases", 20, 0, 0))
    a_bus(env, initiators, [target], arbitration=policy, priorities=priorities)
    env.run()
    begun = [(time, address) for time, phase, address in target.log if phase == BEGIN_REQ]
    assert begun == [(20 * place, 8 * int(number)) for place, number in enumerate(f"0{served}")]


@pytest.mark.parametrize(("policy", "after"), [("round_robin", [(20, 16), (35, 0)]), ("priority", [(20, 0), (35, 16)])])
def test_who_asks_in_the_same_instant_takes_part(env, policy, after):
    """When the bus is idle, and when it is released: the last in the order of events goes first."""
    initiators = [at_initiator(env, str(k), [write(8 * k, b"word")], start=20 if k == 0 else 5) for k in (2, 1, 0)]
    target = at_target(env, "target", ("phases", 15, 0, 0))
    a_bus(env, initiators[::-1], [target], arbitration=policy)
    env.run()
    begun = [(time, address) for time, phase, address in target.log if phase == BEGIN_REQ]
    assert begun == [(5, 8), *after]


def test_unmapped_completes_at_once(env):
    initiator = at_initiator(env, "initiator", [read(0x1000)], "accept", 0, 9)
    target = at_target(env, "target", ("phases", 0, 0, 0))
    bus = a_bus(env, [initiator], [target])
    env.run()
    (payload,) = initiator.done
    assert (payload.response_status, payload.address, env.now) == (ADDRESS_ERROR, 0x1000, 9)
    assert (target.log, bus.request.carried, bus.in_flight) == ([], 0, 0)


def test_blocking_initiators_and_targets_through_the_adapters(env):
    """Requests of a target that blocks are over when its response comes."""
    senders = [Sender(env, f"sender{k}", [write(0x10 * k, b"word")], delays=[5]) for k in range(2)]
    bus = a_bus(env, senders, [WaitingWords(env, "target", 20)])
    env.run()
    assert [sender.done for sender in senders] == [[(0, 25, 0)], [(0, 45, 0)]]
    assert bus.in_flight == 0


def test_a_payload_may_be_sent_again_when_its_response_is_over(env):
    """In the call that ends it, with the same object."""
    target, payload, again = at_target(env, "target", ("phases", 10, 10, 0)), write(0, b"word"), []
    initiator = Module(env, "initiator")

    def called(payload, phase, delay):
        if phase == BEGIN_RESP:
            again.append(env.now)
            env.timeout(3).callbacks.append(end)
        return ACCEPTED, phase, delay

    def end(_event):
        assert initiator.port.nb_transport_fw(payload, END_RESP, 0)[0] == COMPLETED
        if len(again) < 3:
            assert initiator.port.nb_transport_fw(payload, BEGIN_REQ, 0)[0] == ACCEPTED

    initiator.port = InitiatorSocket(initiator, "port", called)
    bus = a_bus(env, [initiator], [target])
    initiator.elaborate()
    initiator.port.nb_transport_fw(payload, BEGIN_REQ, 0)
    env.run()
    assert (again, bus.in_flight) == ([20, 43, 66], 0)


class Hand(Module):
    """Both sides of a bus, moved by the test: both answer ACCEPTED."""

    def __init__(self, env):
        super().__init__(env, "hand")
        self.out = InitiatorSocket(self, "out", self.accept)
        self.inp = TargetSocket(self, "inp", nb_transport_fw=self.accept)
        self.bus = AtBus(env, "bus")
        self.out >> self.bus.port
        self.bus.map(0, 64, self.inp)
        self.came = []

    def accept(self, payload, phase, delay):
        self.came.append((self.now, phase, payload.address, delay))
        return ACCEPTED, phase, delay


def test_phases_of_other_protocols_are_ignored(env):
    hand, payload, other = Hand(env), read(0), ExtendedPhase("OTHER")
    env.run()
    assert hand.out.nb_transport_fw(payload, other, 4) == (ACCEPTED, other, 4)
    assert hand.out.nb_transport_fw(payload, BEGIN_REQ, 0) == (ACCEPTED, BEGIN_REQ, 0)
    assert hand.out.nb_transport_fw(payload, other, 4) == (ACCEPTED, other, 4)
    assert hand.inp.nb_transport_bw(payload, other, 4) == (ACCEPTED, other, 4)
    env.run()
    assert hand.came == [(0, BEGIN_REQ, 0, 0)]


def illegal_calls():
    yield "END_REQ forward", lambda hand, payload: hand.out.nb_transport_fw(payload, END_REQ, 0)
    yield "END_RESP before the response", lambda hand, payload: hand.out.nb_transport_fw(payload, END_RESP, 0)
    yield "BEGIN_REQ backward", lambda hand, payload: hand.inp.nb_transport_bw(payload, BEGIN_REQ, 0)
    yield "END_RESP backward", lambda hand, payload: hand.inp.nb_transport_bw(payload, END_RESP, 0)
    yield "BEGIN_REQ again", lambda hand, payload: hand.out.nb_transport_fw(payload, BEGIN_REQ, 0)
    yield "a payload nobody sent", lambda hand, payload: hand.inp.nb_transport_bw(read(0), BEGIN_RESP, 0)


@pytest.mark.parametrize("call", [call for _, call in illegal_calls()], ids=[name for name, _ in illegal_calls()])
def test_illegal_calls(env, call):
    hand, payload = Hand(env), read(0)
    env.run(until=5)
    hand.out.nb_transport_fw(payload, BEGIN_REQ, 0)
    env.run(until=6)
    with pytest.raises(ProtocolError, match=r"^bus at 6 fs: "):
        call(hand, payload)


def test_annotated_phases_are_passed_on(env):
    """END_REQ and END_RESP at once with their delays; the request and the response are held until these are over."""
    hand, payload, behind = Hand(env), read(8), read(16)
    env.run()
    hand.out.nb_transport_fw(payload, BEGIN_REQ, 3)
    hand.out.nb_transport_fw(behind, BEGIN_REQ, 4)
    env.run()
    hand.inp.nb_transport_bw(payload, END_REQ, 9)
    assert hand.came == [(3, BEGIN_REQ, 8, 0), (4, END_REQ, 8, 9)]
    env.run()
    hand.inp.nb_transport_bw(payload, BEGIN_RESP, 5)
    hand.inp.nb_transport_bw(behind, BEGIN_RESP, 6)
    env.run()
    assert hand.came[2:] == [(13, BEGIN_REQ, 16, 0), (18, BEGIN_RESP, 8, 0)]
    hand.out.nb_transport_fw(payload, END_RESP, 7)
    assert hand.came[4:] == [(19, END_RESP, 8, 7)]
    env.run()
    assert hand.came[5:] == [(26, BEGIN_RESP, 16, 0)]


def test_who_holds_a_bus_that_has_stopped(env):
    """The target never ends the first request; the second waits behind it."""
    hand = Hand(env)
    env.run()
    for address in (0, 8):
        hand.out.nb_transport_fw(read(address), BEGIN_REQ, 0)
    env.run()
    found = str(find_deadlock(hand.bus))
    assert "bus.request is busy since 0 fs and waits for the end of the request of Payload(READ 0x0" in found
    assert "(hand)" in found


def test_refused(env):
    with pytest.raises(BadInput, match="there is no arbitration 'fair'"):
        AtBus(env, "other", arbitration="fair")
    initiators = [at_initiator(env, f"initiator{k}", []) for k in range(2)]
    a_bus(env, initiators, [Annotating(env, "target")], arbitration="priority", priorities=[1])
    with pytest.raises(ElaborationError, match=r"^bus: 1 priorities are given for 2 initiators"):
        env.run()


DELAYS = st.integers(0, 25)
TARGET_WAY = st.tuples(
    st.sampled_from(["phases", "early", "end", "respond", "complete"]), DELAYS, DELAYS, st.sampled_from([0, 0, 5])
)
ANSWER = st.tuples(st.sampled_from(["accept", "end", "complete"]), DELAYS)


@given(st.data())
def test_t23_seven_initiators_on_seven_targets(data):
    """Those that block, run ahead, do not block, and do so with timing annotation, on targets that block and do not."""
    env = simpy.Environment()
    sent = [there_and_back(number) for number in range(7)]
    initiators = [
        Sender(env, "lt0", sent[0], gap=data.draw(DELAYS)),
        Sender(env, "lt1", sent[1], delays=data.draw(st.lists(DELAYS, min_size=20, max_size=20))),
        Decoupled(env, "decoupled", sent[2], gap=data.draw(DELAYS)),
    ]
    for number in range(3, 7):
        answers = data.draw(st.lists(ANSWER, min_size=1, max_size=4))
        annotated = data.draw(DELAYS) if number > 4 else 0
        ways = itertools.cycle([(*answer, annotated) for answer in answers])
        outstanding = data.draw(st.integers(1, 4))
        initiators.append(AtInitiator(env, f"at{number}", sent[number], ways, outstanding, start=data.draw(DELAYS)))
    targets = [Words(env, "lt0_", data.draw(DELAYS)), Words(env, "lt1_", 0)]
    targets += [WaitingWords(env, f"waiting{number}", data.draw(DELAYS)) for number in range(2)]
    for number in range(3):
        ways = data.draw(st.lists(TARGET_WAY, min_size=1, max_size=5))
        targets.append(AtTarget(env, f"at{number}_", itertools.cycle(ways)))
    bus = a_bus(env, initiators, targets, arbitration=data.draw(st.sampled_from(["fifo", "round_robin", "priority"])))
    check_protocol(*initiators, bus)
    requests, responses = [], []
    for socket in bus.sockets:
        socket.monitors.append(partial(log_phases, responses if socket is bus.port else requests))
    env.run()
    payloads = list(itertools.chain(*sent))
    assert [payload.response_status for payload in payloads] == [OK] * 140
    for words in sent:
        assert [payload.data for payload in words[10:]] == [payload.data for payload in words[:10]]
    assert bus.in_flight == 0
    assert bus.request.holder is bus.response.holder is None
    assert bus.request.carried == bus.response.carried == 140
    assert not overlap(spans(requests, BEGIN_REQ, (END_REQ, BEGIN_RESP, END_RESP)))
    assert not overlap(spans(responses, BEGIN_RESP, (END_RESP,)))
    assert len(spans(requests, BEGIN_REQ, (END_REQ, BEGIN_RESP, END_RESP))) == 140
    assert not any(target.owed for target in targets[4:])


def there_and_back(number):
    """Ten writes, each to another target than the one before, then reads of the same words."""
    words = [(0x1000 * ((number + k) % 7) + 0x100 * number + 4 * k, bytes([number, k, k, k])) for k in range(10)]
    return [write(*word) for word in words] + [read(place) for place, _ in words]
