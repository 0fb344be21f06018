"""Runs repeated with another accelerator or codec, or with one resource doubled."""

from __future__ import annotations

import pytest
from small_networks import scenario

from tlm.core import BadInput
from tlm.system import run
from tlm.system.comparing import compare, variants
from tlm.system.widening import ranked, widen, widened
from tlm.workload.layer import Workload

NARROW = "memory={standard: ddr4-3200, width: 16}"


def test_a_comparison_is_the_run_that_one_would_have_set(small_network: Workload) -> None:
    names = ["base", "none"]
    base, none = compare(variants(scenario(NARROW), names), [small_network])
    by_hand = run(scenario(NARROW, "accelerator.preset=base"), small_network)
    raw = run(scenario(NARROW, "compression.codec=none"), small_network)
    assert [(one.name, one.cycles, one.time_fs) for one in (base, none)] == [
        ("base", by_hand.cycles, by_hand.time_fs),
        ("none", raw.cycles, raw.time_fs),
    ]
    assert none.offchip_bytes == raw.offchip_bytes != base.offchip_bytes
    assert none.layers == [layer.cycles for layer in raw.layers]


def test_a_codec_takes_the_place_of_the_weights_own_and_presets_keep_what_stands_beside_them() -> None:
    own = scenario("compression={codec: none, weights: dpred}", "accelerator.tiles=4")
    found = variants(own, ["none", "stripes"])
    assert (found["none"].compression.codec, found["none"].compression.weights) == ("none", None)
    assert (found["stripes"].accelerator.preset, found["stripes"].accelerator.tiles) == ("stripes", 4)
    assert found["stripes"].compression == own.compression


def test_all_accelerators_of_a_list_are_changed() -> None:
    two = scenario("accelerator=[{name: a, preset: base}, {name: b, preset: stripes, compression: dpred}]")
    found = variants(two, ["dstripes", "none"])
    assert [one.accelerator.preset for one in found["dstripes"].machines] == ["dstripes", "dstripes"]
    assert [one.compression.codec for one in found["none"].machines] == ["none", "none"]


def test_a_name_that_is_nothing_is_refused_with_the_nearest() -> None:
    with pytest.raises(BadInput) as caught:
        variants(scenario(), ["dpred", "strips"])
    assert str(caught.value).startswith("--compare strips: there is neither an accelerator preset nor a codec 'strips'")
    assert "did you mean 'stripes'?" in str(caught.value)


def test_each_resource_is_doubled_by_itself() -> None:
    own = scenario("memory={standard: ddr4-3200, channels: 2}")
    options = {one.resource: one for one in widened(own)}
    assert list(options) == [
        "channels", "outstanding", "decompressors", "compressors", "am", "wm", "array clock"
    ]  # fmt: skip
    assert [(one.before, one.after) for one in options.values()] == [
        ("2", "4"),
        ("64 KiB", "128 KiB"),
        ("256", "512"),
        ("64", "128"),
        ("4 MiB", "8 MiB"),
        ("320 KiB", "640 KiB"),
        ("980 MHz", "1960 MHz"),
    ]
    assert options["channels"].scenario.memory.channels == 4
    faster = options["array clock"].scenario
    assert (faster.accelerator.clock, faster.compression.clock) == (1.96e9, 0.98e9)
    assert options["am"].scenario.accelerator.am == 8 << 20


def test_what_has_no_width_or_is_at_its_most_is_left_out() -> None:
    ideal = [one.resource for one in widened(scenario("memory=ideal", "compression.decompressors=65536"))]
    assert ideal == ["outstanding", "compressors", "am", "wm", "array clock"]
    most = [one.resource for one in widened(scenario("memory={standard: hbm, channels: 4096}"))]
    assert "channels" not in most


def test_resources_of_a_list_carry_the_accelerator_s_name_and_are_doubled_one_by_one() -> None:
    two = scenario("accelerator=[{name: a, preset: base}, {name: b, preset: stripes}]")
    options = {one.resource: one.scenario for one in widened(two)}
    assert [one.accelerator.wm for one in options["b.wm"].machines] == [320 << 10, 640 << 10]
    assert [one.compression.decompressors for one in options["a.decompressors"].machines] == [512, 256]
    assert {one.memory.channels for one in options["channels"].machines} == {16}


def test_the_gain_is_told_in_the_clock_of_the_run_as_it_was(small_network: Workload) -> None:
    own = scenario("memory=ideal", "compression=none")
    base = run(own, small_network)
    options = [one for one in widened(own) if one.resource == "array clock"]
    (clock,) = widen(options, base, [small_network])
    assert clock.cycles == pytest.approx(base.cycles / 2, rel=0.05)
    assert clock.gained == base.cycles - clock.cycles


def test_what_gains_most_comes_first(small_network: Workload) -> None:
    import attrs

    own = scenario(NARROW)
    base = run(own, small_network)
    found = ranked(attrs.evolve(base, widen=list(widen(widened(own), base, [small_network])))).widen
    assert found[0].resource == "channels"
    assert [one.gained for one in found] == sorted((one.gained for one in found), reverse=True)
