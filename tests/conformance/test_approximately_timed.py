"""Non-blocking transport and the base protocol's phases: T12 to T17, T22 and their like."""

from __future__ import annotations

import pytest
import simpy
from models import (
    AtInitiator,
    InitiatorWrapper,
    OutOfOrderTarget,
    PassThrough,
    QueueingTarget,
    ScriptedTarget,
    TargetWrapper,
    in_ns,
    innermost,
    later,
    read_word,
    wrapped,
    write_word,
    writes_then_reads,
)

from tlm.core import (
    ACCEPTED,
    BEGIN_REQ,
    BEGIN_RESP,
    COMPLETED,
    END_REQ,
    END_RESP,
    FS_PER_NS,
    OK,
    UPDATED,
    ExtendedPhase,
    InitiatorSocket,
    Module,
    PeqWithCbAndPhase,
    TargetSocket,
)


def simulated(connect, payloads, make_target, **initiator):
    env = simpy.Environment()
    initiator, target = AtInitiator(env, "initiator", payloads, **initiator), make_target(env, "target")
    connect(initiator, target)
    env.run()
    assert {payload.response_status for payload in initiator.payloads} == {OK}
    return initiator, target


def scripted(answer=(ACCEPTED, BEGIN_REQ, 0), calls=(), **more):
    return lambda parent, name: ScriptedTarget(parent, name, answer, calls, **more)


OK_OF_T12 = [135 + 110 * k for k in range(10)]


def assert_times_of_t12(initiator):
    assert initiator.times_of(BEGIN_REQ) == [25 * k for k in range(10)]
    assert initiator.times_of(END_REQ) == [25 * k for k in range(1, 11)]
    assert initiator.times_of(BEGIN_RESP) == [time - 10 for time in OK_OF_T12]
    assert initiator.ok_times == OK_OF_T12
    assert initiator.values == [0, 1, 2, 3, 4]


def test_t12_five_writes_and_five_reads_in_four_phases(connect):
    initiator, _ = simulated(connect, writes_then_reads(5), QueueingTarget, outstanding=10, end_ns=10)
    assert_times_of_t12(initiator)
    assert initiator.ok_times[4:6] == [575, 685]
    assert initiator.ok_times[-1] == 1125
    assert initiator.ended == [ACCEPTED] * 10


@pytest.mark.parametrize(("initiator_depth", "target_depth"), [(1, 1), (3, 3), (0, 2), (3, 0)])
def test_t12_through_wrappers(initiator_depth, target_depth):
    env = simpy.Environment()

    def make(parent, name):
        return AtInitiator(parent, name, writes_then_reads(5), outstanding=10, end_ns=10)

    initiators = wrapped(InitiatorWrapper, initiator_depth, make)(env, "initiator")
    targets = wrapped(TargetWrapper, target_depth, QueueingTarget)(env, "target")
    initiators.port >> targets.port
    env.run()
    assert_times_of_t12(innermost(initiators))


def test_t12_three_at_once_through_two_pass_throughs():
    env = simpy.Environment()
    first, second = PassThrough(env, "first"), PassThrough(env, "second")
    initiators = []
    for number in range(3):
        initiators.append(AtInitiator(env, f"i{number}", writes_then_reads(5), outstanding=10, end_ns=10))
        initiators[-1].port >> first.inputs
        first.outputs >> second.inputs
        second.outputs >> QueueingTarget(env, f"t{number}").port
    env.run()
    for initiator in initiators:
        assert_times_of_t12(initiator)
    assert {index for _, index in first.seen} == {0, 1, 2}
    assert sorted(first.seen) == sorted(second.seen)
    assert first.seen.count(("fw", 1)) == first.seen.count(("bw", 1)) == 20


class PeqInitiator(Module):
    """T12's initiator as a user would write it, with a PEQ for what comes back."""

    def __init__(self, parent, name, payloads):
        super().__init__(parent, name)
        self.waiting, self.ok, self.sent = list(payloads), [], []
        self.peq = PeqWithCbAndPhase(self, self.proceed)
        self.port = InitiatorSocket(self, "port", self.nb_transport_bw)
        self.process(self.run)

    def run(self):
        self.send()
        yield self.env.timeout(0)

    def send(self):
        if self.waiting:
            self.sent.append(in_ns(self.now))
            sync, _, _ = self.port.nb_transport_fw(self.waiting.pop(0), BEGIN_REQ, 0)
            assert sync == ACCEPTED

    def nb_transport_bw(self, payload, phase, delay):
        self.peq.notify(payload, phase, delay)
        return ACCEPTED, phase, delay

    def proceed(self, payload, phase):
        if phase == END_REQ:
            self.send()
        elif phase == BEGIN_RESP:
            self.peq.notify(payload, END_RESP, 10 * FS_PER_NS)
        else:
            self.ok.append(in_ns(self.now))
            self.port.nb_transport_fw(payload, END_RESP, 0)


class PeqTarget(Module):
    """T12's target with a PEQ for everything."""

    def __init__(self, parent, name):
        super().__init__(parent, name)
        self.peq = PeqWithCbAndPhase(self, self.proceed)
        self.queue = []
        self.port = TargetSocket(self, "port", nb_transport_fw=self.nb_transport_fw)

    def nb_transport_fw(self, payload, phase, delay):
        self.peq.notify(payload, phase, delay)
        return ACCEPTED, phase, delay

    def proceed(self, payload, phase):
        if phase == BEGIN_REQ:
            self.peq.notify(payload, END_REQ, 25 * FS_PER_NS)
        elif phase == END_REQ:
            self.queue.append(payload)
            if len(self.queue) == 1:
                self.peq.notify(payload, BEGIN_RESP, 100 * FS_PER_NS)
            self.port.nb_transport_bw(payload, END_REQ, 0)
        elif phase == BEGIN_RESP:
            payload.response_status = OK
            self.port.nb_transport_bw(payload, BEGIN_RESP, 0)
        else:
            assert self.queue.pop(0) is payload
            if self.queue:
                self.peq.notify(self.queue[0], BEGIN_RESP, 100 * FS_PER_NS)


def test_t12_with_peqs_at_both_ends():
    env = simpy.Environment()
    initiator, target = PeqInitiator(env, "initiator", writes_then_reads(5)), PeqTarget(env, "target")
    initiator.port >> target.port
    env.run()
    assert (initiator.sent, initiator.ok) == ([25 * k for k in range(10)], OK_OF_T12)


def test_t13_four_phases(connect):
    initiator, target = simulated(
        connect, [write_word(0, 1), write_word(4, 2)], scripted(calls=[(END_REQ, 10), (BEGIN_RESP, 40)])
    )
    first = [(0, BEGIN_REQ, 0), (0, END_REQ, 10), (0, BEGIN_RESP, 40), (0, END_RESP, 47)]
    assert initiator.log == first + [(1, phase, 47 + time) for _, phase, time in first]
    assert [time for _, _, time in initiator.log[4:]] == [47, 57, 87, 94]
    assert initiator.ended == [COMPLETED, COMPLETED]
    assert target.received == [(BEGIN_REQ, 0, 0), (END_RESP, 47, 0), (BEGIN_REQ, 47, 0), (END_RESP, 94, 0)]
    assert target.sent[:2] == [(END_REQ, 10, ACCEPTED), (BEGIN_RESP, 40, ACCEPTED)]


def test_t13_with_two_outstanding_the_next_request_goes_with_end_req(connect):
    initiator, _ = simulated(
        connect,
        [write_word(0, 1), write_word(4, 2)],
        scripted(calls=[(END_REQ, 10), (BEGIN_RESP, 40)]),
        outstanding=2,
        end_ns=1,
    )
    assert initiator.times_of(BEGIN_REQ) == [0, 10]
    assert initiator.ok_times == [41, 51]


def test_t13_a_delay_with_begin_req_moves_all_of_it(connect):
    initiator, target = simulated(
        connect, [write_word(0, 1)], scripted(calls=[(END_REQ, 10), (BEGIN_RESP, 40)]), delay_ns=6
    )
    assert target.received[0] == (BEGIN_REQ, 0, 6)
    assert [time for _, _, time in initiator.log] == [0, 16, 46, 53]


def test_t14_end_req_on_the_return_path(connect):
    initiator, target = simulated(connect, [write_word(0, 1)], scripted((UPDATED, END_REQ, 10), [(BEGIN_RESP, 40)]))
    assert initiator.log == [(0, BEGIN_REQ, 0), (0, END_REQ, 10), (0, BEGIN_RESP, 40), (0, END_RESP, 47)]
    assert target.received == [(BEGIN_REQ, 0, 0), (END_RESP, 47, 0)]


def test_t15_completed_at_once(connect):
    initiator, target = simulated(connect, [write_word(0, 1)], scripted((COMPLETED, BEGIN_REQ, 40)))
    assert initiator.ok_times == [40]
    assert initiator.log == [(0, BEGIN_REQ, 0)]
    assert (target.received, target.sent) == ([(BEGIN_REQ, 0, 0)], [])


def test_t15_completed_with_0_and_with_the_delay_it_came_with(connect):
    initiator, _ = simulated(connect, [write_word(0, 1), read_word(0)], scripted((COMPLETED, BEGIN_REQ, 0)))
    assert (initiator.ok_times, initiator.values) == ([0, 0], [1])
    initiator, _ = simulated(connect, [write_word(0, 1), read_word(0)], scripted((COMPLETED, BEGIN_REQ, 3)), delay_ns=4)
    assert initiator.ok_times == [7, 14]


def test_t16_begin_resp_without_end_req_frees_the_request_channel(connect):
    initiator, target = simulated(
        connect, [write_word(0, 1), write_word(4, 2)], scripted(calls=[(BEGIN_RESP, 40)]), outstanding=2
    )
    assert initiator.times_of(BEGIN_REQ) == [0, 40]
    assert initiator.times_of(BEGIN_RESP) == [40, 80]
    assert initiator.times_of(END_RESP) == [47, 87]
    assert initiator.times_of(END_REQ) == []
    assert target.received == [(BEGIN_REQ, 0, 0), (BEGIN_REQ, 40, 0), (END_RESP, 47, 0), (END_RESP, 87, 0)]


@pytest.mark.parametrize(("end_ns", "ended_ns"), [(0, 15), (7, 22)])
def test_t17_begin_resp_on_the_return_path(connect, end_ns, ended_ns):
    initiator, target = simulated(connect, [write_word(0, 1)], scripted((UPDATED, BEGIN_RESP, 15)), end_ns=end_ns)
    assert initiator.log == [(0, BEGIN_REQ, 0), (0, BEGIN_RESP, 15), (0, END_RESP, ended_ns)]
    assert target.received == [(BEGIN_REQ, 0, 0), (END_RESP, ended_ns, 0)]
    assert target.sent == []


def test_t17_begin_resp_on_the_return_path_ends_the_request_too(connect):
    class Slower(ScriptedTarget):
        """The second request it accepts, to answer it when the first response is over."""

        def nb_transport_fw(self, payload, phase, delay):
            if payload.address:
                self.answer, self.calls = (ACCEPTED, BEGIN_REQ, 0), [(BEGIN_RESP, 30)]
            return super().nb_transport_fw(payload, phase, delay)

    initiator, _ = simulated(
        connect,
        [write_word(0, 1), write_word(4, 2)],
        lambda parent, name: Slower(parent, name, (UPDATED, BEGIN_RESP, 15)),
        outstanding=2,
    )
    assert initiator.times_of(BEGIN_REQ) == [0, 15]
    assert initiator.ok_times == [22, 52]


def test_t22_responses_come_out_of_order(connect):
    payloads = [read_word(0), read_word(4)]
    env = simpy.Environment()
    initiator, target = (
        AtInitiator(env, "initiator", payloads, outstanding=2),
        OutOfOrderTarget(env, "target", {0: 700}),
    )
    target.words.bytes[:8] = b"\x11\x00\x00\x00\x22\x00\x00\x00"
    connect(initiator, target)
    env.run()
    responses = [(number, time) for number, phase, time in initiator.log if phase == BEGIN_RESP]
    assert initiator.times_of(BEGIN_REQ) == [0, 10]
    assert responses == [(1, 40), (0, 730)]
    assert initiator.values == [0x11, 0x22]
    assert initiator.ok_times == [737, 47]


def test_t22_eight_outstanding_through_a_pass_through_come_back_in_their_own_order():
    payloads = [read_word(4 * k) for k in range(8)]
    env = simpy.Environment()
    through = PassThrough(env, "through")
    initiator = AtInitiator(env, "initiator", payloads, outstanding=8, end_ns=1)
    target = OutOfOrderTarget(env, "target", {4 * k: 200 - 20 * k for k in range(8)})
    for k in range(8):
        target.words.bytes[4 * k] = 0xA0 + k
    initiator.port >> through.inputs
    through.outputs >> target.port
    env.run()
    assert initiator.values == [0xA0 + k for k in range(8)]
    # Ready at 10k + 30 + 200 - 20k, the last one first.
    assert initiator.ok_times == [231 - 10 * k for k in range(8)]


def test_t22_responses_that_are_ready_together_wait_for_each_other(connect):
    payloads = [read_word(4 * k) for k in range(3)]
    initiator, _ = simulated(
        connect, payloads, lambda parent, name: OutOfOrderTarget(parent, name, {0: 20, 4: 10}), outstanding=3, end_ns=5
    )
    assert initiator.times_of(BEGIN_RESP) == [50, 55, 60]
    assert sorted(initiator.ok_times) == [55, 60, 65]


# --- not listed ------------------------------------------------------------------------------------------------------


class Answering(Module):
    """An initiator that answers the backward call of each phase with what `answers` says; ACCEPTED by default."""

    def __init__(self, parent, name, answers):
        super().__init__(parent, name)
        self.answers, self.log = answers, []
        self.port = InitiatorSocket(self, "port", self.nb_transport_bw)
        self.process(self.run)

    def run(self):
        result = self.port.nb_transport_fw(write_word(0, 1), BEGIN_REQ, 0)
        self.log.append((BEGIN_REQ, in_ns(self.now), result))
        yield self.env.timeout(0)

    def nb_transport_bw(self, _payload, phase, delay):
        self.log.append((phase, in_ns(self.now), in_ns(delay)))
        return self.answers.get(phase, (ACCEPTED, phase, delay))


@pytest.mark.parametrize(
    "answer", [(COMPLETED, BEGIN_RESP, 0), (UPDATED, END_RESP, 0), (UPDATED, END_RESP, 3), (COMPLETED, BEGIN_RESP, 9)]
)
def test_what_a_backward_call_returns_reaches_the_target(answer):
    env, returned = simpy.Environment(), []
    initiator, target = Answering(env, "initiator", {BEGIN_RESP: answer}), ScriptedTarget(env, "target")
    initiator.port >> target.port

    def call():
        yield env.timeout(20 * FS_PER_NS)
        returned.append(target.port.nb_transport_bw(write_word(0, 1), BEGIN_RESP, 5 * FS_PER_NS))

    env.process(call())
    env.run()
    assert returned == [answer]


def test_an_accepted_call_leaves_phase_and_delay_to_be_ignored():
    env = simpy.Environment()
    nonsense = (ACCEPTED, END_RESP, 99)
    initiator = AtInitiator(env, "initiator", [write_word(0, 1)])
    target = ScriptedTarget(env, "target", nonsense, [(END_REQ, 10), (BEGIN_RESP, 40)])
    initiator.port >> target.port
    env.run()
    assert initiator.ok_times == [47]


def test_an_extended_phase_passes_and_changes_nothing():
    env, mine, seen = simpy.Environment(), ExtendedPhase("mine"), []
    through = PassThrough(env, "through")
    initiator = AtInitiator(env, "initiator", [write_word(0, 1)])
    target = ScriptedTarget(env, "target", calls=[(END_REQ, 10), (BEGIN_RESP, 40)], ends_with=ACCEPTED)
    initiator.port >> through.inputs
    through.outputs >> target.port

    def intrude():
        yield env.timeout(5 * FS_PER_NS)
        seen.append(initiator.port.nb_transport_fw(initiator.payloads[0], mine, 2 * FS_PER_NS))

    env.process(intrude())
    env.run()
    assert seen == [(ACCEPTED, mine, 2 * FS_PER_NS)]
    assert target.received == [(BEGIN_REQ, 0, 0), (mine, 5, 2), (END_RESP, 47, 0)]
    assert initiator.ok_times == [47]


def test_three_initiators_with_different_delays_keep_their_own_hops():
    env = simpy.Environment()
    through = PassThrough(env, "through")
    initiators, targets = [], []
    for number, latency_ns in enumerate([40, 25, 70]):
        initiators.append(AtInitiator(env, f"i{number}", writes_then_reads(2), end_ns=number, start_ns=5 * number))
        targets.append(ScriptedTarget(env, f"t{number}", (UPDATED, END_REQ, 10), [(BEGIN_RESP, latency_ns)]))
        initiators[-1].port >> through.inputs
        through.outputs >> targets[-1].port
    env.run()
    assert [initiator.ok_times for initiator in initiators] == [
        [40, 80, 120, 160],
        [31, 57, 83, 109],
        [82, 154, 226, 298],
    ]
    assert [initiator.values for initiator in initiators] == [[0, 1]] * 3


def test_what_a_target_raises_reaches_the_caller_of_nb_transport():
    env, caught = simpy.Environment(), []

    class Raising(ScriptedTarget):
        def nb_transport_fw(self, payload, phase, delay):
            raise LookupError("no such row")

    class Careful(AtInitiator):
        def send(self):
            try:
                super().send()
            except LookupError as error:
                caught.append(str(error))

    initiator, target = Careful(env, "initiator", [write_word(0, 1)]), Raising(env, "target")
    initiator.port >> target.port
    env.run()
    assert caught == ["no such row"]


def test_a_call_back_inside_the_call_arrives_before_it_returns():
    """An impatient target's END_REQ: the phases' times are the same, and nothing is lost."""
    env = simpy.Environment()

    class Impatient(ScriptedTarget):
        def nb_transport_fw(self, payload, phase, delay):
            if phase == BEGIN_REQ:
                self.call(payload, END_REQ)
                later(self.env, delay + 30 * FS_PER_NS, self.call, payload, BEGIN_RESP)
                return ACCEPTED, phase, delay
            return COMPLETED, phase, delay

    initiator, target = AtInitiator(env, "initiator", [write_word(0, 1), read_word(0)]), Impatient(env, "target")
    initiator.port >> target.port
    env.run()
    assert initiator.ok_times == [37, 74]
    assert initiator.values == [1]
