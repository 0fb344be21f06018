"""A paper's tables and figures again: the rows, how near they come, the document, and what is refused."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import attrs
import pytest

from tlm import papers
from tlm import reproduce as command
from tlm.papers import PAPERS, Entry, Paper, evaluate, paper, rows, tasks
from tlm.papers.dlac import role
from tlm.papers.dlac_sweep import by_buffers, by_grid, by_queue, by_resync, cycles_lost, reached
from tlm.papers.dpred import FC, loom, performance, traffic
from tlm.papers.steps import machine
from tlm.papers.zeros import of_shares
from tlm.result import Row

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "reproduce.md"
#: What needs no tensors.
QUICK = {
    *("ideal conv", "ideal fc", "stripes", "dstripes", "dstripes over stripes", "reduction", "tartan", "tartan-2bit"),
    *("tartan-2bit gain", "whole", "fill", "largest fill", "metadata", "stripes fc"),
}
OF_SHAPES = {"ideal forward", "ideal backward", "fewer operations", "smaller"}
QUICK_OF_DLAC = OF_SHAPES | {
    *("pairs forward", "pairs backward", "accuracy", "gain", "error after 5", "error after 10", "error after 20"),
    *(f"{kind} {what}" for kind in ("mean", "highest", "lowest") for what in ("flop", "dense flop", "speedup")),
    *("density", "pointwise share"),
}
KEYS = {"where", "quantity", "network", "unit", "published", "model", "ratio", "inputs", "note"}
SUSPECT = ("table 7", "VGG_M")  # above what 10 bits allow


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TLM_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def dpred() -> Paper:
    return paper("dpred")


@pytest.fixture(scope="module")
def quick(dpred: Paper) -> list[Row]:
    entries = [entry for entry in dpred.entries if entry.model in QUICK]
    return rows(entries, dict(evaluate(tasks(entries), dpred.models)))


@pytest.fixture(scope="module")
def quick_of_dlac() -> list[Row]:
    """What needs no tensors, and the convolutions of the shipped ternary network."""
    of = paper("dlac")
    entries = [entry for entry in of.entries if entry.model in QUICK_OF_DLAC]
    asked = [task for task in tasks(entries) if not task[0].startswith("ResNet-34") or task[1] in OF_SHAPES]
    return [row for row in rows(entries, dict(evaluate(asked, of.models))) if row.model is not None]


@pytest.mark.parametrize("name", PAPERS)
def test_every_published_figure_has_a_model_or_a_reason(name: str) -> None:
    one = paper(name)
    assert {entry.model for entry in one.entries if entry.model} == set(one.models)
    for entry in one.entries:
        assert bool(entry.model) != bool(entry.lacking), entry
        for network in entry.published:
            known = network == "geomean" or network in entry.networks
            assert entry.lacking or known or entry.lost, (entry.where, network)
        assert all(part in ("published", "trained here", "assumed") for part in entry.inputs.split(", "))


@pytest.mark.parametrize("name", PAPERS)
def test_places_are_tables_figures_and_sections(name: str) -> None:
    one = paper(name)
    places = r"(table|figure|section) ([\d.]+[a-f]?|[IVX]+(-[A-Z])?)|abstract|sweep of [a-z ]+"
    assert all(re.fullmatch(places, entry.where) for entry in one.entries)
    assert {*one.distributions, *one.curves, *one.scatters} <= {entry.where for entry in one.entries}


def test_dpreds_tables_and_figures_are_there(dpred: Paper) -> None:
    assert dpred.numbers("table") == [str(number) for number in range(1, 11)]
    assert {number.rstrip("abcdef") for number in dpred.numbers("figure")} == {"1", "5", "6", "7", "8", "9"}


# --- how near DPRed's come


def near(quick: list[Row], where: str, measure: str, band: float) -> dict[str, float]:
    """{network: the model's figure} of a measure, each held to `band` of the published one."""
    found = [row for row in quick if row.where == where and measure in row.measure and row.ratio is not None]
    assert found
    for row in found:
        if (where, row.network) != SUSPECT:
            assert row.ratio == pytest.approx(1, abs=band), row
    return {row.network: row.model or 0.0 for row in found}


def test_ideal_speedups(quick: list[Row]) -> None:
    near(quick, "table 3", "fully connected", 0.005)
    near(quick, "table 3", "convolutions", 0.03)


def test_convolutions(quick: list[Row]) -> None:
    stripes = near(quick, "figure 5a", "speedup of Stripes", 0.05)
    dstripes = near(quick, "figure 5a", "speedup of DStripes", 0.05)
    assert stripes == pytest.approx(
        {"AlexNet": 2.146, "VGG_S": 1.971, "VGG_M": 2.178, "VGG_19": 1.345, "geomean": 1.837}, abs=5e-4
    )
    assert dstripes == pytest.approx(
        {"AlexNet": 2.694, "VGG_S": 3.255, "VGG_M": 3.134, "VGG_19": 1.700, "geomean": 2.549}, abs=5e-4
    )
    means = [row.ratio for row in quick if row.where == "figure 5a" and row.network == "geomean"]
    assert len(means) == 2 and means == pytest.approx([1, 1], abs=0.04)


def test_fully_connected_layers(quick: list[Row]) -> None:
    found = near(quick, "table 5", "fully connected", 0.03)
    assert found == pytest.approx(
        {
            **{"AlexNet": 1.653, "VGG_S": 1.632, "VGG_M": 1.632, "VGG_19": 1.625},
            **{"NeuralTalk": 1.403, "Denoise": 1.293, "geomean": 1.533},
        },
        abs=5e-4,
    )
    near(quick, "table 7", "speedup of DStripes_T of 2 bits over BASE, fully", 0.03)


def test_a_group_has_20_bits_of_metadata(quick: list[Row]) -> None:
    near(quick, "section 4", "metadata", 0)


def test_table_1s_reductions(quick: list[Row]) -> None:
    near(quick, "table 1", "reduction", 0.15)
    near(quick, "section 6.1", "DStripes over Stripes", 0.03)


def test_whole_systems_are_run_on_synthesised_tensors() -> None:
    found = {scheme: performance(FC, "HBM", scheme, "NeuralTalk_h256") for scheme in ("NP", "DP")}
    assert 0 < found["NP"] < found["DP"] < 100
    assert traffic("dpred", "NeuralTalk_h256") == pytest.approx(60.8, abs=1)
    assert loom("loom", "NeuralTalk_h256") == pytest.approx(1, abs=0.01)  # the memory binds


# --- how near DLAC's come


def of_dlac(found: list[Row], measure: str, network: str) -> float:
    [row] = [row for row in found if row.measure == measure and row.network == network]
    assert row.model is not None
    return row.model


def test_the_shipped_ternary_network_gains_from_its_zeros(quick_of_dlac: list[Row]) -> None:
    found = {
        kind: of_dlac(quick_of_dlac, f"speedup of skipping, {kind}", "resnet18_cifar") for kind in ("lowest", "mean")
    }
    assert found == pytest.approx({"lowest": 1.012, "mean": 1.797}, abs=5e-4)  # the lowest is the first layer's
    assert of_dlac(quick_of_dlac, "skipping zeros, mean", "resnet18_cifar") == pytest.approx(1587.6, abs=0.05)
    assert of_dlac(quick_of_dlac, "not skipping, highest", "resnet18_cifar") == 1024


def test_what_follows_from_shapes_and_densities(quick_of_dlac: list[Row]) -> None:
    near = [row for row in quick_of_dlac if row.network == "ResNet-34"]
    assert {row.measure: row.ratio for row in near} == pytest.approx(
        {
            "operations of ResNet-18 over those of 2-bit ResNet-34": 1.032,
            "model of ResNet-18 over that of 2-bit ResNet-34": 1.218,
            "what skipping can gain, forward": 1.042,
            "what skipping can gain, backward": 1.010,
        },
        abs=5e-4,
    )


def test_layers_of_both_networks_have_one_role() -> None:
    assert [role(name) for name in ("conv1", "res2a/conv1", "res4f/conv2", "res5a/shortcut")] == [
        role(name) for name in ("conv1", "layer1.0.conv1", "layer3.1.conv2", "layer4.0.downsample.0")
    ]
    assert role("res2a/conv1") != role("res3a/conv1") != role("res3a/conv2")


def test_a_step_of_drawn_layers_has_products_is_empty_or_waited_for() -> None:
    spec = attrs.evolve(machine("dlac-training"), rows=2, columns=3, buffers=4, buffers_weights=2)
    layer = of_shares((0.5, 0.4), filters=6, side=5, channels=20)
    weights, acts = (layer.weights[:, :, 0, 0] != 0), (layer.inputs[0].reshape(20, -1).T != 0)
    products, empty = 0, 0
    for f in range(0, 8, 2):
        for w in range(0, 30, 2):
            of_steps = weights[f : f + 2].sum(0) * acts[w : w + 2].sum(0)
            products, empty = products + of_steps.sum(), empty + (of_steps == 0).sum()
    found = cycles_lost(layer, spec)
    assert (found.products, found.empty) == (products, empty)
    assert found.dense == 2 * 5 * 20 * 4
    assert found.products + found.empty < 6 * found.cycles < 6 * found.dense


def test_sweeps_change_what_they_are_of() -> None:
    assert (by_grid("4 x 128").rows, by_grid("4 x 128").columns) == (4, 128)
    assert (by_buffers("2 x 8").buffers, by_buffers("2 x 8").buffers_weights) == (16, 2)
    assert (by_resync("64").resync, by_queue("4").queue) == (64, 4)
    assert reached("resync", 16, "1") < 2 < reached("resync", 16, "8") < reached("resync", 16, "32") < 4.1


# --- rows


ENTRY = Entry("table 1", "speed", {"a": 2.0, "b": None, "geomean": 4.0}, model="m", assumed={"b": "b's is a guess"})


def test_a_row_says_how_near_it_comes() -> None:
    found = dict(evaluate(tasks([ENTRY]), {"m": {"a": 4.0, "b": 9.0}.__getitem__}))
    told = rows([ENTRY], found)
    assert [(row.network, row.model, row.ratio) for row in told] == [
        ("a", 4.0, 2.0),
        ("b", 9.0, None),
        ("geomean", pytest.approx(6.0), pytest.approx(1.5)),
    ]
    assert [(row.inputs, row.note) for row in told] == [
        ("published", ""),
        ("published, assumed", "b's is a guess"),
        ("published, assumed", "b's is a guess"),
    ]
    assert told[0].quantity == "a: speed (x)"


def test_what_was_interrupted_says_so() -> None:
    assert [(row.model, row.note) for row in rows([ENTRY], {("a", "m"): 1.0})][1:] == [
        (None, "not computed: interrupted; b's is a guess")
    ] * 2


def test_what_is_lost_says_so() -> None:
    entry = Entry("table 1", "speed", {"ours": None, "theirs": 2.0}, model="m", over=("ours",), lost="it is lost")
    assert tasks([entry]) == [("ours", "m")]
    assert [(row.model, row.note) for row in rows([entry], {("ours", "m"): 3.0})] == [(3.0, ""), (None, "it is lost")]


def test_all_of_one_network_is_computed_together() -> None:
    entries = [Entry("table 1", "x", {"a": 1, "b": 1}, model=model) for model in ("m", "n")]
    assert tasks(entries) == [("a", "m"), ("a", "n"), ("b", "m"), ("b", "n")]


# --- the command


def test_the_document_and_what_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["dpred", "--table", "3", "--json", "out.json", "--no-live"]) == 0
    document = json.loads(Path("out.json").read_text())
    assert (document["schema"], document["partial"], document["paper"]) == ("tlm-reproduce/1", False, PAPERS["dpred"])
    assert len(document["rows"]) == 10
    assert all(set(row) == KEYS for row in document["rows"])
    assert document["rows"][0]["ratio"] == pytest.approx(document["rows"][0]["model"] / 2.38)
    out = capsys.readouterr().out
    assert re.search(r"ideal speedup of convolutions \(x\) +AlexNet +2\.380 +2\.330 +0\.979 +published", out)
    assert "\nNeuralTalk: 512 hidden units, the gates alone\n" in out


def test_out_is_a_folder_with_document_page_and_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = Entry("figure 5a", "speed", {"a": 2.0, "b": None}, model="m")
    monkeypatch.setattr(papers, "paper", lambda name: Paper(name, "A paper", (entry,), {"m": lambda _: 1.5}, {}))
    assert command.main(["p", "--out", "new/folder", "--no-live"]) == 0
    files = {file.name: file.read_text() for file in Path("new/folder").iterdir()}
    assert set(files) == {"p.json", "p.md", "p-figure-5a.svg"}
    assert "| speed (x) | a | 2.000 | 1.500 | 0.750 | published |" in files["p.md"]
    assert files["p-figure-5a.svg"].startswith("<svg ")
    assert "![figure 5a](p-figure-5a.svg)" in files["p.md"]


def test_an_interrupt_leaves_what_there_is(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def model(network: str) -> float:
        if network == "b":
            raise KeyboardInterrupt
        return 1.0

    entry = Entry("table 1", "speed", {"a": 2.0, "b": 2.0}, model="m")
    monkeypatch.setattr(papers, "paper", lambda name: Paper(name, "A paper", (entry,), {"m": model}, {}))
    assert command.main(["p", "--json", "out.json", "--no-live"]) == 130
    document: dict[str, Any] = json.loads(Path("out.json").read_text())
    assert document["partial"] and [row["model"] for row in document["rows"]] == [1.0, None]
    assert "interrupted: 1 of 2 figures are there" in capsys.readouterr().err


REFUSED = [
    (["dpr"], "there is no paper 'dpr' (allowed: dpred, dlac, precision); did you mean 'dpred'?"),
    (["dpred", "--table", "11"], "--table: dpred has no table 11 (allowed: 1, 2, 3, 4, 5, 6, 7, 8, 9, 10)"),
    (["dpred", "--figure", "5c"], "--figure: dpred has no figure 5c (allowed: 1a"),
    (["dpred", "--figure", "x"], "--figure: dpred has no figure x (allowed: 1a, 1b,"),
    (["dpred", "--tabel", "1"], "unknown option '--tabel'; did you mean '--table'?"),
    (["dpred", "--table", "3", "--json", "no/x.json"], "no/x.json: cannot be written: there is no folder"),
    ([], "the following arguments are required: PAPER"),
]


@pytest.mark.parametrize(("args", "message"), REFUSED, ids=[" ".join(args) for args, _ in REFUSED])
def test_bad_input_is_one_message_and_exit_2(args: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        code = command.main(args)
    except SystemExit as ended:  # argparse's way
        code = int(ended.code or 0)
    out, error = capsys.readouterr()
    assert (code, out) == (2, ""), error
    assert error.startswith("error: ") and message in error, error


# --- docs/reproduce.md, and what `make reproduce` wrote


def documented(heading: str) -> dict[str, str]:
    section = PAGE.read_text(encoding="utf-8").split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return dict(re.findall(r"^\| `([\w-]+)` \|(.*)\|$", section, re.MULTILINE))


def test_every_key_of_the_document_is_documented() -> None:
    assert set(documented("The document")) == KEYS


@pytest.mark.parametrize(("name", "quickly"), [("dpred", "quick"), ("dlac", "quick_of_dlac")])
def test_what_was_written_is_of_these_figures(name: str, quickly: str, request: pytest.FixtureRequest) -> None:
    document = json.loads((ROOT / "docs" / "reproduced" / f"{name}.json").read_text(encoding="utf-8"))
    written = {(row["where"], row["quantity"]): row for row in document["rows"]}
    assert len(written) == len(document["rows"])
    assert set(written) == {(row.where, row.quantity) for row in rows(paper(name).entries, {})}
    for row in request.getfixturevalue(quickly):
        assert written[row.where, row.quantity] == row.as_json(), "`make reproduce` writes it anew"
