"""What training here has left: accuracies, pairs of non-zero operands, and what each part of a recipe is worth."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from statistics import mean
from typing import Any

from ruamel.yaml import YAML

from ..scenario.files import find_file

ACCURACY, STUDY = "nets/checkpoints/accuracy.yaml", "nets/checkpoints/study.yaml"
UNSHIPPED = "nets/checkpoints/precision_study.yaml"  # as ACCURACY, of networks too large to ship


def built(network: str) -> str:
    """The workload of a network of `nets/` as it is built, on the images that its kind is trained on here."""
    data = "digits" if network in ("lenet", "vgg") else "patterns"
    return f'{{network: "nets.{network}:build", input: "nets.data:{data}"}}'


def checkpoint(network: str, form: str) -> str:
    """The workload of a shipped checkpoint."""
    return f"{built(network)[:-1]}, weights: nets/checkpoints/{network}-{form}.pt}}"


def right(network: str, form: str) -> float:
    """Of test images, of the network of that format, in percent."""
    told = {**_document(ACCURACY), **_document(UNSHIPPED)}
    return 100 * float(told[f"{network}-{form}"]["accuracy"]["test"])


def pairs(way: str, network: str) -> float:
    """The share of multiplications of two non-zero operands, `forward` or `backward`, of a ternary network, in percent.

    Of a batch of its last epoch of training.
    """
    return 100 * float(_document(ACCURACY)[f"{network}-ternary"]["pairs"][way])


def accuracy(part: str) -> float:
    """Of test images, with a part of the recipe, the mean over seeds, in percent."""
    return 100 * float(mean(_rows()[part]["accuracy"]))


def gain(part: str) -> float:
    """What a part of the recipe adds to a ternary network's accuracy, in points."""
    return accuracy(part) - accuracy("ternary, no part")


def error_after(epoch: int, part: str) -> float:
    """The share of training images that were wrong in an epoch, counted from 1, of the first seed, in percent."""
    return 100 * float(_rows()[part]["error_by_epoch"][epoch - 1])


def error_curves() -> dict[str, list[float]]:
    """{part: training error in every epoch, in percent}, of the first seed."""
    return {part: [100 * error for error in row["error_by_epoch"]] for part, row in _rows().items()}


def pair_curves() -> dict[str, list[float]]:
    """{part and way: pairs of non-zero operands in every epoch, in percent}, of the first seed."""
    return {
        f"{part}, {way}": [100 * share for share in row[f"{way}_by_epoch"]]
        for part, row in _rows().items()
        for way in ("forward", "backward")
    }


def _rows() -> Mapping[str, Any]:
    rows: Mapping[str, Any] = _document(STUDY)["rows"]
    return rows


@cache
def _document(name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = YAML(typ="safe").load(find_file(name))
    return found
