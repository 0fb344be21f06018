"""Errors a user meets: where, what, and the way out."""

from tlm.inputs.errors import BadInput, nearest


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
