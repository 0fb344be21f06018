"""A resolved scenario is plain, complete, and loads to an equal one."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from tlm.accelerators.preset import preset_names
from tlm.accelerators.rules import RULES
from tlm.codecs import CODECS
from tlm.inputs.units import written
from tlm.scenario import Scenario, load, resolved, shipped_scenarios

counts = st.integers(1, 4096)
clocks = st.one_of(st.floats(1, 1e12), st.integers(1, 10**6).map(lambda mhz: mhz * 1e6))
names = st.from_regex(r"[a-z][a-z_]{0,5}", fullmatch=True)
functions = st.builds("{}:{}".format, names, names)


def rules(kind: str) -> st.SearchStrategy[str | None]:
    """A rule for layers of that kind, or none."""
    return st.none() | st.sampled_from(sorted(name for name, rule in RULES.items() if kind in rule.kinds))


codecs = st.sampled_from(sorted(CODECS))
inputs = st.one_of(
    st.none(),
    functions,
    st.fixed_dictionaries({"shape": st.lists(counts, min_size=1, max_size=4)}, optional={"seed": st.integers(0, 9)}),
)

accelerators = st.fixed_dictionaries(
    {"preset": st.sampled_from(preset_names())},
    optional={
        "tiles": counts,
        "registers": st.integers(0, 9),
        "clock": clocks.map(lambda hz: written(hz, "Hz")),
        "am": st.integers(1, 1 << 30).map(lambda size: written(size, "B")),
        "rules": st.fixed_dictionaries({}, optional={kind: rules(kind) for kind in ("conv", "fc", "pointwise")}),
        "activation_memory": st.fixed_dictionaries({}, optional={"banks": counts, "latency_cycles": counts}),
    },
)
memories = st.fixed_dictionaries(
    {"standard": st.sampled_from(["ideal", "hbm", "ddr4-3200"])},
    optional={
        "channels": st.sampled_from([1, 2, 8, None]),
        "page": st.sampled_from(["open", "closed"]),
        "request": st.integers(1 << 13, 1 << 20).map(lambda size: written(size, "B")),
    },
)
compressions = st.fixed_dictionaries(
    {"codec": codecs}, optional={"weights": st.none() | codecs, "align_bits": st.sampled_from([None, 8, 64])}
)
workloads = st.one_of(
    st.fixed_dictionaries({"network": functions}, optional={"input": inputs, "ternary": st.booleans()}),
    st.fixed_dictionaries({"traces": names}, optional={"images": counts, "bits": st.integers(1, 16)}),
)
documents = st.fixed_dictionaries(
    {"accelerator": accelerators, "memory": memories, "compression": compressions, "workload": workloads},
    optional={
        "check": st.booleans(),
        "granularity": st.sampled_from(["coarse", "exact"]),
        "unmodelled": st.sampled_from(["refuse", "pass"]),
    },
)


def loaded(folder: Path, document: dict[str, Any]) -> Scenario:
    text = io.StringIO()
    YAML(typ="safe", pure=True).dump(document, text)
    file = folder / "s.yaml"
    file.write_text(text.getvalue(), encoding="utf-8")
    return load(str(file))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(documents)
def test_a_resolved_scenario_loads_to_an_equal_one(tmp_path: Path, document: dict[str, Any]) -> None:
    scenario = loaded(tmp_path, document)
    written_out = resolved(scenario)
    assert json.loads(json.dumps(written_out)) == written_out
    again = loaded(tmp_path, written_out)
    assert again == scenario
    assert resolved(again) == written_out


@pytest.mark.parametrize("name", shipped_scenarios())
def test_shipped_scenarios_resolve_and_load_again(name: str, tmp_path: Path) -> None:
    assert loaded(tmp_path, resolved(load(name))) == load(name)


def test_every_field_is_there_and_where_it_came_from_is_not() -> None:
    document = resolved(load("lenet"))
    assert list(document) == [
        "accelerator",
        "memory",
        "compression",
        "workload",
        "granularity",
        "unmodelled",
        "check",
    ]
    assert document["accelerator"]["clock"] == "980 MHz"
    assert document["accelerator"]["wm"] == "320 KiB"
    assert document["memory"]["outstanding"] == "64 KiB"
    assert document["accelerator"]["rules"] == {"conv": "dstripes", "fc": "dstripes", "pointwise": "pointwise"}
