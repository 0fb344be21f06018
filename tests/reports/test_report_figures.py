"""The page against the document: every table and chart has its figures, and they add up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from page_parts import Page, parsed

from tlm.reports import page, read_results

Document = dict[str, Any]


def shown(*files: Path) -> Page:
    return parsed(page(read_results([str(file) for file in files])))


@pytest.fixture(scope="module")
def narrow(made: Path) -> Page:
    return shown(made / "narrow.json")


def numbers(values: list[str]) -> list[float]:
    return [float(value.replace(",", "")) for value in values]


def traces(found: Page, chart: str) -> list[dict[str, Any]]:
    traces: list[dict[str, Any]] = found.charts[chart]["figure"]["data"]
    return traces


def test_the_summary_has_the_runs_figures(narrow: Page, documents: dict[str, Document]) -> None:
    document, table = documents["narrow"], narrow.table("Runs")
    told = dict(table.rows)
    assert int(told["cycles"].replace(",", "")) == document["cycles"]
    for title, field in {
        "simulated time": "time_fs",
        "images a second": "images_per_s",
        "latency of an image": "latency_s",
        "MACs a cycle": "macs_per_cycle",
        "energy": "energy_j",
        "TOPS/W": "tops_per_w",
        "area": "area_mm2",
    }.items():
        assert float(told[title]) == document[field], title
    moved = sum(
        part["read_bytes"] + part["written_bytes"] for layer in document["layers"] for part in layer["traffic"].values()
    )
    assert float(told["off-chip bytes"]) == moved
    assert told["what binds it"] == document["accelerators"][0]["bound_by"]
    assert told["checked"] == str(document["checked"])


def test_the_resolved_scenario_is_there_and_is_data(made: Path, documents: dict[str, Document]) -> None:
    text = page(read_results([str(made / "hbm.json")]))
    import html

    begin = text.index("<pre ")
    inside = html.unescape(text[text.index(">", begin) + 1 : text.index("</pre>", begin)])
    assert json.loads(inside) == documents["hbm"]["scenario"]


def test_runs_side_by_side_are_told_by_how_many_times_the_first(made: Path, documents: dict[str, Document]) -> None:
    found = shown(made / "hbm.json", made / "narrow.json")
    row = next(row for row in found.table("Runs").rows if row[0] == "cycles")
    assert numbers(row[1:]) == [documents["hbm"]["cycles"], documents["narrow"]["cycles"]]
    text = page(read_results([str(made / "hbm.json"), str(made / "narrow.json")]))
    ratio = documents["narrow"]["cycles"] / documents["hbm"]["cycles"]
    assert f"({ratio:.3g}×)" in text  # noqa: RUF001


@pytest.mark.parametrize("name", ["narrow", "both", "ideal"])
def test_stalls_and_array_add_up_to_each_layers_cycles(made: Path, documents: dict[str, Document], name: str) -> None:
    found, layers = shown(made / f"{name}.json"), documents[name]["layers"]
    drawn = {trace["name"]: trace["x"] for trace in traces(found, "stalls-0")}
    assert drawn.pop("array") == [layer["compute_cycles"] for layer in layers]
    for reason, amounts in drawn.items():
        assert amounts == [layer["stalls"].get(reason, 0) for layer in layers]
    assert set(drawn) == {reason for layer in layers for reason in layer["stalls"]}
    table = found.table("Cycles of each layer")
    assert numbers(table.column("cycles")) == [layer["cycles"] for layer in layers]
    for reason, amounts in drawn.items():
        assert numbers(table.column(reason)) == amounts


def test_traffic_is_the_documents_by_operand_and_layer(narrow: Page, documents: dict[str, Document]) -> None:
    layers = documents["narrow"]["layers"]
    table = narrow.table("By operand, over all layers")
    for row in table.rows[:3]:
        parts = [layer["traffic"][row[0]] for layer in layers]
        sums = [sum(part[key] for part in parts) for key in ("read_bytes", "written_bytes", "uncompressed_bytes")]
        assert numbers([row[1], row[2], row[4]]) == sums
        assert float(row[3].replace(",", "")) == sums[0] + sums[1]
    drawn = {trace.get("name"): trace["x"] for trace in traces(narrow, "traffic-0")}
    assert drawn["weights read"] == [layer["traffic"]["weights"]["read_bytes"] for layer in layers]
    assert drawn[None] == [sum(part["uncompressed_bytes"] for part in layer["traffic"].values()) for layer in layers]


def test_codecs_are_the_documents(narrow: Page, documents: dict[str, Document]) -> None:
    table = narrow.table("By codec")
    for row in table.rows:
        part = documents["narrow"]["compression"][row[0]]
        assert row[1] == part["codec"]
        assert numbers(row[2:]) == [
            part[key] for key in ("encoded_bytes", "uncompressed_bytes", "ratio", "entropy_bytes")
        ]


def test_energy_is_counts_times_costs(narrow: Page, documents: dict[str, Document]) -> None:
    rows = documents["narrow"]["energy"]
    table = narrow.table("Counts and costs")
    assert [row[:2] for row in table.rows] == [[row["component"], row["event"]] for row in rows]
    assert numbers(table.column("energy")) == [row["joules"] for row in rows]
    assert numbers(table.column("count")) == [row["count"] for row in rows]
    assert [trace["x"] for trace in traces(narrow, "energy-components-0")] == [
        [row["joules"]] for row in rows if row["joules"]
    ]
    for trace in traces(narrow, "energy-layers-0"):
        assert trace["x"] == [layer["energy_j"].get(trace["name"], 0.0) for layer in documents["narrow"]["layers"]]


def test_areas_are_the_documents(narrow: Page, documents: dict[str, Document]) -> None:
    assert numbers(narrow.table("Area").column("area")) == [row["mm2"] for row in documents["narrow"]["area"]]


@pytest.mark.parametrize("name", ["narrow", "both"])
def test_no_layer_is_above_its_roofline(made: Path, documents: dict[str, Document], name: str) -> None:
    """Neither the memory's slope by what was moved meanwhile, nor what the array does by itself."""
    found, document = shown(made / f"{name}.json"), documents[name]
    for place, one in enumerate(document["accelerators"]):
        layers = {layer["name"]: layer for layer in document["layers"] if layer["accelerator"] == one["name"]}
        drawn = traces(found, f"roofline-0-{place}")
        memory, flat = drawn[0], max(y for y in drawn[1]["y"])
        slope = memory["y"][0] / memory["x"][0]
        seen = set()
        for trace in drawn[3:]:
            for (layer_name, ceiling), x, y in zip(trace["customdata"], trace["x"], trace["y"], strict=True):
                layer = layers[layer_name]
                seen.add(layer_name)
                assert y == layer["macs"] / layer["cycles"]
                assert ceiling == layer["macs"] / layer["compute_cycles"]
                assert y <= ceiling <= flat
                if x is not None:
                    assert x == pytest.approx(layer["macs"] / (layer["moving_cycles"] * slope), rel=1e-12)
                    assert y <= x * slope * (1 + 1e-12)
        assert seen == set(layers)


def test_the_memorys_slope_is_its_peak_in_the_accelerators_cycles(narrow: Page, documents: dict[str, Document]) -> None:
    document = documents["narrow"]
    peak = sum(part["rate"]["peak_per_s"] for part in document["components"] if part["kind"] == "memory channel")
    memory = traces(narrow, "roofline-0-0")[0]
    per_cycle = peak * document["time_fs"] / document["cycles"] / 1e15
    assert memory["y"][0] / memory["x"][0] == pytest.approx(per_cycle, rel=1e-12)


def test_comparisons_and_widenings_are_the_documents(narrow: Page, documents: dict[str, Document]) -> None:
    document = documents["narrow"]
    table = narrow.table("Comparisons")
    assert table.column("with")[1:] == [one["name"] for one in document["compare"]]
    assert numbers(table.column("cycles"))[1:] == [one["cycles"] for one in document["compare"]]
    assert numbers(table.column("energy"))[1:] == [one["energy_j"] for one in document["compare"]]
    widened = narrow.table("Widenings")
    assert numbers(widened.column("gained")) == [one["gained"] for one in document["widen"]]
    assert widened.column("resource") == [one["resource"] for one in document["widen"]]


def test_without_repetitions_there_is_no_such_section(made: Path) -> None:
    assert "What if" not in page(read_results([str(made / "hbm.json")]))


def test_a_partial_run_is_called_so(made: Path, documents: dict[str, Document], tmp_path: Path) -> None:
    file = tmp_path / "cut.json"
    file.write_text(json.dumps({**documents["hbm"], "partial": True}))
    assert "cut is partial: it was interrupted" in page(read_results([str(file)]))
    assert "is partial" not in page(read_results([str(made / "hbm.json")]))


def test_a_run_of_which_nothing_was_reached_is_shown(documents: dict[str, Document], tmp_path: Path) -> None:
    """A Ctrl-C at once: every count is 0."""
    document = json.loads(json.dumps(documents["hbm"]))
    for layer in document["layers"]:
        layer |= {"macs": 0, "cycles": 0, "compute_cycles": 0, "stalls": {}, "utilisation": None, "start_fs": 0}
        layer |= {"end_fs": 0, "roofline_cycles": 0, "moving_cycles": 0}
    document |= {"partial": True, "time_fs": 0, "cycles": 0, "images": 0}
    for one in document["accelerators"]:
        one |= {"cycles": 0, "images": 0}
    file = tmp_path / "nothing.json"
    file.write_text(json.dumps(document))
    assert "4 of 4 layers are not on the roofline" in page(read_results([str(file)]))
