import pytest

from tlm.core import BadInput, Clock, Command, Payload, Status, nearest


@pytest.mark.parametrize(
    ("frequency_hz", "period_fs"), [(980e6, 1020408), (1e9, 10**6), (1e15 / 468750, 468750), (1e15, 1)]
)
def test_a_clock_rounds_its_period_once(frequency_hz, period_fs):
    assert Clock(frequency_hz).period_fs == period_fs


def test_clock_edges_and_cycles():
    clock = Clock(1e9)
    assert [clock.next_edge(time) for time in (0, 1, 10**6, 10**6 + 1)] == [0, 10**6, 10**6, 2 * 10**6]
    assert clock.cycles(3 * 10**6) == 3
    with pytest.raises(ValueError, match="not a whole number"):
        clock.cycles(3 * 10**6 + 1)


@pytest.mark.parametrize("frequency_hz", [0, -1.0, 3e15, float("nan")])
def test_a_clock_that_cannot_be(frequency_hz):
    with pytest.raises(ValueError, match="Hz"):
        Clock(frequency_hz)


def test_payload_defaults_are_tlm_2():
    payload = Payload()
    assert (payload.command, payload.address, payload.data) == (Command.IGNORE, 0, None)
    assert (payload.data_length, payload.streaming_width, payload.byte_enable) == (0, 0, None)
    assert (payload.dmi_allowed, payload.response_status) == (False, Status.INCOMPLETE)


def test_payload_length_is_the_datas_unless_given():
    assert Payload(Command.READ, 0, bytearray(8)).data_length == 8
    payload = Payload(Command.READ, 0, None, 64)
    assert (payload.data_length, payload.streaming_width) == (64, 64)


@pytest.mark.parametrize("status", Status)
def test_only_ok_is_a_success(status):
    payload = Payload()
    payload.response_status = status
    assert payload.is_response_ok == (status == Status.OK)
    assert payload.is_response_error == (status != Status.OK)


def test_a_payload_says_what_it_is():
    assert repr(Payload(Command.WRITE, 0x40, None, 64)) == "Payload(WRITE 0x40, 64 B, INCOMPLETE)"


def test_bad_input_says_where_what_and_the_way_out():
    error = BadInput(
        "there is no preset 'dstrips'",
        file="a.yaml",
        line=3,
        key="accelerator.preset",
        given="dstrips",
        allowed=["base", "dstripes"],
    )
    assert str(error) == (
        "a.yaml:3: accelerator.preset: there is no preset 'dstrips' (allowed: base, dstripes); did you mean 'dstripes'?"
    )
    assert str(BadInput("no")) == "no"


def test_nearest():
    assert nearest("HMB", ["hbm", "ddr4-3200"]) == "hbm"
    assert nearest("hbm", ["hbm"]) is None
    assert nearest("zzz", ["hbm"]) is None
    assert nearest(None, ["hbm"]) is None
