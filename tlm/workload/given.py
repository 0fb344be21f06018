"""What a scenario gives to be captured: a network with its weights, and the images of the run."""

from __future__ import annotations

from pathlib import Path

import attrs
from torch import Tensor, nn

from ..inputs.blame import blamed_on_user
from ..inputs.errors import BadInput
from ..inputs.extras import needs
from ..inputs.sources import sources
from ..inputs.usercode import Find
from .checkpoint import Checkpoint
from .images import Images, load_images
from .loading import load_function
from .quantisation import Reals
from .spec import WorkloadSpec

KEY = "workload.network"


@attrs.frozen(eq=False)
class Given:
    """A network that holds the checkpoint's weights, that checkpoint or None, images, and the network's local files."""

    network: nn.Module
    checkpoint: Checkpoint | None
    images: Images
    files: tuple[Path, ...]


def of_function(spec: WorkloadSpec, checkpoint: Checkpoint | None, search: Find) -> Given:
    """The network that a `module:function` gives."""
    assert spec.network is not None
    build = load_function(spec.network, KEY, search)
    network = build(**(checkpoint.options_of(spec.network) if checkpoint else {}))
    if not isinstance(network, nn.Module):
        raise BadInput(f"{spec.network!r} must give an nn.Module, not {type(network).__name__}", key=KEY)
    if checkpoint:
        checkpoint.restore(network)
    return Given(network, checkpoint, load_images(spec, _example_input(network), search), sources(build.code))


def of_file(spec: WorkloadSpec, checkpoint: Checkpoint | None, search: Find) -> Given:
    """The network that an ONNX file holds."""
    needs("onnx", "onnx", key="workload.onnx")
    from .onnx.network import load_onnx

    found = load_onnx(spec, search)
    if checkpoint and found.codes:
        message = f"{spec.onnx} has codes of its own, which a checkpoint would change"
        raise BadInput(message, key="workload.weights")
    if checkpoint:
        checkpoint.restore(found.network)
    return Given(found.network, checkpoint or found.codes, found.images, found.files)


def _example_input(network: nn.Module) -> Reals | None:
    with blamed_on_user(KEY):
        example = getattr(network, "example_input", None)
        if example is None:
            return None
        if not isinstance(example, Tensor):
            raise BadInput(f"`example_input` must be a tensor [N, ...], not {type(example).__name__}", key=KEY)
        if example.ndim < 2 or not len(example) or example.device.type != "cpu":
            told = f"{list(example.shape)} on {example.device}"
            raise BadInput(f"`example_input` must be a tensor [N, ...] of images in memory, not {told}", key=KEY)
        return (example.float() if example.is_floating_point() else example).detach().numpy()
