"""The protocol checker on random traffic: what is legal passes, and one wrong call in it is caught."""

from __future__ import annotations

import pytest
from checked import ACCEPT, MINE, Pair, alive, answered, read, write
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tlm.core import (
    ACCEPTED,
    BEGIN_REQ,
    BEGIN_RESP,
    COMPLETED,
    END_REQ,
    END_RESP,
    INCOMPLETE,
    OK,
    READ,
    UPDATED,
    Phase,
    ProtocolError,
)


class Traffic:
    """Four objects over one hop; knows by itself which calls are legal now, and some that are not.

    `phase` is each object's last one, None while it is not alive, and `effective` its time.
    """

    def __init__(self, draw):
        self.draw = draw
        self.pair = Pair()
        self.payloads = [read(0x1000), write(0x2000), read(0x3000), write(0x4000)]
        self.phase = [None] * 4
        self.effective = [0] * 4

    def having(self, *phases):
        return [k for k in range(4) if self.phase[k] in phases]

    def one_of(self, *phases):
        return self.draw(st.sampled_from(self.having(*phases)))

    def delay(self, k):
        """A legal one for object `k`, from what its last effective time leaves."""
        return max(0, self.effective[k] - self.pair.env.now) + self.draw(st.sampled_from([1, 0, 2, 3]))

    def note(self, k, phase, delay):
        self.phase[k], self.effective[k] = phase, self.pair.env.now + delay

    # --- what is legal ---

    def wait(self):
        self.pair.at(self.pair.env.now + self.draw(st.integers(1, 5)))

    def extended(self):
        k, call = self.draw(st.integers(0, 3)), self.draw(st.sampled_from([self.pair.fw, self.pair.bw]))
        delay = self.delay(k)
        assert call(self.payloads[k], MINE, delay) == (ACCEPTED, MINE, delay)
        self.note(k, self.phase[k], delay)

    def request(self):
        k = self.one_of(None)
        payload = answered(self.payloads[k], INCOMPLETE)
        self.effective[k] = 0
        delay = self.delay(k)
        later = delay + self.draw(st.integers(0, 3))
        answers = [(ACCEPTED, BEGIN_REQ, 0), (UPDATED, END_REQ, later), (COMPLETED, BEGIN_REQ, later)]
        if not self.having(BEGIN_RESP):
            answers.append((UPDATED, BEGIN_RESP, later))
        answer = self.draw(st.sampled_from(answers))
        sync, phase, _ = answer
        responds = sync == COMPLETED or phase == BEGIN_RESP
        self.pair.fw(payload, BEGIN_REQ, delay, answer, lambda: answered(payload) if responds else None)
        self.note(k, None if sync == COMPLETED else phase, delay if sync == ACCEPTED else later)

    def end_request(self):
        k = self.one_of(BEGIN_REQ)
        delay = self.delay(k)
        self.pair.bw(self.payloads[k], END_REQ, delay)
        self.note(k, END_REQ, delay)

    def respond(self):
        k = self.one_of(BEGIN_REQ, END_REQ)
        delay = self.delay(k)
        answer = self.draw(st.sampled_from([ACCEPT, (UPDATED, END_RESP, delay + 1), (COMPLETED, BEGIN_RESP, delay)]))
        self.pair.bw(answered(self.payloads[k]), BEGIN_RESP, delay, answer)
        self.note(k, BEGIN_RESP if answer is ACCEPT else None, delay)

    def end_response(self):
        k = self.one_of(BEGIN_RESP)
        delay = self.delay(k)
        self.pair.fw(self.payloads[k], END_RESP, delay, self.draw(st.sampled_from([ACCEPT, (COMPLETED, None, delay)])))
        self.note(k, None, delay)

    def legal(self):
        """What leads on comes first: it is what hypothesis takes where nothing else is asked of it."""
        free, asked, open_ = self.having(None), self.having(BEGIN_REQ), self.having(BEGIN_RESP)
        steps = [self.request] if free and not asked else []
        steps += [self.end_request] if asked else []
        steps += [self.respond] if self.having(BEGIN_REQ, END_REQ) and not open_ else []
        steps += [self.end_response] if open_ else []
        return [*steps, self.extended, self.wait]

    def go_on(self):
        """One legal step."""
        self.draw(st.sampled_from(self.legal()))()

    # --- what is not ---

    def second_request(self):
        self.pair.fw(answered(self.payloads[self.one_of(None)], INCOMPLETE), BEGIN_REQ)

    def second_response(self):
        k = self.one_of(BEGIN_REQ, END_REQ)
        self.pair.bw(answered(self.payloads[k]), BEGIN_RESP, self.delay(k))

    def reuse(self):
        k = self.one_of(BEGIN_REQ, END_REQ, BEGIN_RESP)
        self.pair.fw(answered(self.payloads[k], INCOMPLETE), BEGIN_REQ, self.delay(k))

    def repeat_end_req(self):
        k = self.one_of(END_REQ, BEGIN_RESP)
        self.pair.bw(self.payloads[k], END_REQ, self.delay(k))

    def repeat_begin_resp(self):
        k = self.one_of(BEGIN_RESP)
        self.pair.bw(self.payloads[k], BEGIN_RESP, self.delay(k))

    def end_response_early(self):
        k = self.one_of(None, BEGIN_REQ, END_REQ)
        self.pair.fw(self.payloads[k], END_RESP, self.delay(k))

    def respond_without_request(self):
        self.pair.bw(self.payloads[self.one_of(None)], self.draw(st.sampled_from([END_REQ, BEGIN_RESP])))

    def wrong_way(self):
        payload = self.payloads[self.draw(st.integers(0, 3))]
        if self.draw(st.booleans()):
            self.pair.fw(payload, self.draw(st.sampled_from([Phase.UNINITIALIZED_PHASE, END_REQ, BEGIN_RESP])))
        else:
            self.pair.bw(payload, self.draw(st.sampled_from([Phase.UNINITIALIZED_PHASE, BEGIN_REQ, END_RESP])))

    def back_in_time(self):
        k = self.draw(st.sampled_from(self.ahead()))
        self.next_call(k, self.draw(st.integers(0, self.effective[k] - self.pair.env.now - 1)))

    def negative_delay(self):
        self.next_call(self.alive(), -1)

    def blocking_inside(self):
        self.pair.b(self.payloads[self.alive()])

    def spoil(self):
        payload = self.payloads[k := self.alive()]
        changes = {"data_length": 3, "streaming_width": 2, "byte_enable": b"\1", "data": bytearray(4)}
        changes["command"] = READ if payload.command != READ else 1
        name = self.draw(st.sampled_from(sorted(changes)))
        setattr(payload, name, changes[name])
        self.next_call(k, self.delay(k))

    def spoil_written_bytes(self):
        k = self.draw(st.sampled_from([k for k in (1, 3) if self.phase[k] is not None]))
        self.payloads[k].data[self.draw(st.integers(0, 3))] ^= self.draw(st.integers(1, 255))
        self.next_call(k, self.delay(k))

    def status_early(self):
        payload = self.payloads[k := self.one_of(BEGIN_REQ)]
        self.pair.bw(payload, END_REQ, self.delay(k), during=lambda: answered(payload))

    def no_triple(self):
        self.pair.fw(self.payloads[0], MINE, self.delay(0), answer=self.draw(st.sampled_from([None, 0, (0, 1)])))

    def bad_answer(self):
        k = self.one_of(BEGIN_RESP)
        self.pair.fw(self.payloads[k], END_RESP, delay := self.delay(k), answer=(UPDATED, END_RESP, delay))

    def alive(self):
        return self.one_of(BEGIN_REQ, END_REQ, BEGIN_RESP)

    def ahead(self):
        now = self.pair.env.now
        return [k for k in self.having(BEGIN_REQ, END_REQ, BEGIN_RESP) if self.effective[k] > now]

    def next_call(self, k, delay):
        """The next call for a live object, whatever else is open."""
        if self.phase[k] == BEGIN_RESP:
            self.pair.fw(self.payloads[k], END_RESP, delay)
        elif self.phase[k] == BEGIN_REQ:
            self.pair.bw(self.payloads[k], END_REQ, delay)
        else:
            self.pair.bw(answered(self.payloads[k], OK), BEGIN_RESP, delay)

    def can(self, wrong):
        """Whether this call would be possible, and wrong, now."""
        free, asked, open_ = self.having(None), self.having(BEGIN_REQ), self.having(BEGIN_RESP)
        alive, before = self.having(BEGIN_REQ, END_REQ, BEGIN_RESP), self.having(BEGIN_REQ, END_REQ)
        needed = {
            Traffic.second_request: free and asked,
            Traffic.second_response: open_ and before,
            Traffic.repeat_end_req: self.having(END_REQ, BEGIN_RESP),
            Traffic.repeat_begin_resp: open_,
            Traffic.end_response_early: free or before,
            Traffic.respond_without_request: free,
            Traffic.wrong_way: True,
            Traffic.back_in_time: self.ahead(),
            Traffic.spoil_written_bytes: any(k in alive for k in (1, 3)),
            Traffic.status_early: asked,
            Traffic.no_triple: True,
            Traffic.bad_answer: open_,
        }
        return bool(needed.get(wrong, alive))


@given(st.data())
def test_random_legal_traffic_passes(data):
    traffic = Traffic(data.draw)
    for _ in range(data.draw(st.integers(0, 40))):
        traffic.go_on()
    pair = traffic.pair
    expected = {traffic.payloads[k] for k in traffic.having(BEGIN_REQ, END_REQ, BEGIN_RESP)}
    assert (set(alive(pair.out.hops[0])), pair.came) == (expected, pair.sent)


WRONG = [
    ("request exclusion", Traffic.second_request),
    ("response exclusion", Traffic.second_response),
    ("reuse", Traffic.reuse),
    ("phase order", Traffic.repeat_end_req),
    ("phase order", Traffic.repeat_begin_resp),
    ("phase order", Traffic.end_response_early),
    ("response path", Traffic.respond_without_request),
    ("legal phases", Traffic.wrong_way),
    ("time order", Traffic.back_in_time),
    ("delay", Traffic.negative_delay),
    ("one kind of transport", Traffic.blocking_inside),
    ("read-only", Traffic.spoil),
    ("read-only", Traffic.spoil_written_bytes),
    ("status", Traffic.status_early),
    ("result", Traffic.no_triple),
    ("legal returns", Traffic.bad_answer),
]


@pytest.mark.parametrize(("rule", "wrong"), WRONG, ids=[wrong.__name__ for _, wrong in WRONG])
@settings(max_examples=40)
@given(data=st.data())
def test_one_wrong_call_in_legal_traffic_is_caught(rule, wrong, data):
    traffic = Traffic(data.draw)
    steps = data.draw(st.integers(0, 20))
    for step in range(40):
        if step >= steps and traffic.can(wrong):
            break
        traffic.go_on()
    assume(traffic.can(wrong))
    with pytest.raises(ProtocolError) as raised:
        wrong(traffic)
    assert raised.value.rule == rule
