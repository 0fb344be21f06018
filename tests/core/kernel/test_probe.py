import pytest
import simpy

from tlm.core import BUSY, IDLE, Probe


@pytest.fixture
def env():
    return simpy.Environment()


def test_a_new_probe_is_idle(env):
    probe = Probe(env)
    env.run(10)
    assert probe.totals(10) == {IDLE: 10}


def test_set_tiles_the_time(env):
    probe, seen = Probe(env), []

    def component():
        for state, time in [(BUSY, 3), ("room", 4), ("room", 1), (BUSY, 2), (IDLE, 5)]:
            probe.set(state)
            seen.append((state, env.now))
            yield env.timeout(time)

    env.process(component())
    env.run()
    assert seen == [(BUSY, 0), ("room", 3), ("room", 7), (BUSY, 8), (IDLE, 10)]
    assert probe.totals(15) == {BUSY: 5, "room": 5, IDLE: 5}


def test_spans_may_lie_in_the_future_and_are_cut_at_the_end(env):
    probe = Probe(env)
    probe.span(2, 5)
    probe.span(5, 6, "activate")
    probe.span(8, 20)
    assert probe.totals(10) == {BUSY: 5, "activate": 1, IDLE: 4}
    assert probe.totals(4) == {BUSY: 2, IDLE: 2}
    assert probe.totals(20) == {BUSY: 15, "activate": 1, IDLE: 4}


def test_spans_that_are_over_are_folded_without_changing_the_totals(env):
    probe = Probe(env)
    probe.span(2, 5)
    env.run(7)
    probe.span(9, 10)
    env.run(12)
    probe.span(12, 13)
    assert probe.totals(13) == {BUSY: 5, IDLE: 8}


@pytest.mark.parametrize(("start", "end"), [(4, 6), (6, 5)])
def test_a_span_out_of_order_is_refused(env, start, end):
    probe = Probe(env)
    probe.span(2, 5)
    with pytest.raises(ValueError, match="must follow 5 fs"):
        probe.span(start, end)


def test_a_probe_born_later_counts_from_then(env):
    env.run(100)
    probe = Probe(env)
    probe.span(103, 104)
    assert probe.totals(110) == {BUSY: 1, IDLE: 9}


def test_what_was_set_holds_outside_of_spans(env):
    probe = Probe(env)
    probe.span(2, 5)
    probe.span(8, 14)
    env.run(4)
    probe.set("room")
    env.run(10)
    assert probe.lasting() == (BUSY, 8)
    probe.set("answer")
    assert probe.totals(10) == {IDLE: 2, BUSY: 5, "room": 3}
    assert probe.totals(20) == {IDLE: 2, BUSY: 9, "room": 3, "answer": 6}
    env.run(20)
    probe.set(IDLE)
    assert probe.totals(21) == {IDLE: 3, BUSY: 9, "room": 3, "answer": 6}


def test_all_time_is_settled_once_and_in_order(env):
    probe, seen = Probe(env), []
    count = probe.settled
    probe.settled = lambda *stretch: (count(*stretch), seen.append(stretch))
    probe.span(2, 5)
    env.run(6)
    probe.set("room")
    probe.span(7, 8, "late")
    probe.span(9, 20)
    env.run(12)
    probe.span(20, 21)
    probe.set(BUSY)
    seen += probe.unsettled(15)
    assert [stretch for stretch in seen if stretch[0] < stretch[1]] == [
        (0, 2, IDLE),
        (2, 5, BUSY),
        (5, 6, IDLE),
        (6, 7, "room"),
        (7, 8, "late"),
        (8, 9, "room"),
        (9, 12, BUSY),
        (12, 15, BUSY),
    ]
    assert probe.totals(15) == {IDLE: 3, BUSY: 9, "room": 2, "late": 1}
