"""Each switch of the recipe does what it says, held against a plain loop where there is something to compute."""

from __future__ import annotations

from dataclasses import replace

import pytest
import small_runs
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nets.training import session as sessions
from nets.training.images import vary
from nets.training.initialise import fit_to
from nets.training.layers import layers, shadow_weights
from nets.training.loop import accuracy
from nets.training.narrow import narrow
from nets.training.prune import sparsity_at
from nets.training.quantise import FakeWeights, coded_layers, codes_of
from nets.training.relu import Rectifiers
from nets.training.session import Session, losses_of
from nets.training.settings import RECIPES, Settings


@pytest.fixture(autouse=True)
def few_images(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "load_images", lambda name, path, shape: small_runs.few())


def after(settings: Settings, epochs: int) -> Session:
    session = Session(settings)
    for _ in range(epochs):
        session.run_epoch()
    return session


def shadows(session: Session) -> list[Tensor]:
    return [shadow_weights(layer).clone() for _, layer in layers(session.network)]


def test_dlacs_recipe_is_what_ternary_uses() -> None:
    recipe = RECIPES["ternary"]
    assert recipe.skip_right
    assert not recipe.first_layer
    assert (recipe.relu_threshold, recipe.schedule, recipe.threshold) == (0.01, "plateau", 0.7)
    assert recipe.l1 > 0
    assert Settings("x", "ternary", epochs=40).full_epochs == 10


# --- pre-initialisation from full precision


def test_the_first_epochs_are_those_of_full_precision() -> None:
    one = after(small_runs.settings("ternary", preinit=2), 2)
    other = after(small_runs.settings("fp32"), 2)
    assert all(map(torch.equal, shadows(one), shadows(other)))


def test_then_the_format_is_switched_on() -> None:
    session = after(small_runs.settings("ternary", preinit=2), 2)
    weights = session.network[0].weight  # type: ignore[index]
    assert weights.unique().numel() > 3  # type: ignore[operator]
    session.run_epoch()
    assert session.network[0].weight.unique().numel() <= 3  # type: ignore[index,operator,union-attr]


def test_a_run_from_a_checkpoint_needs_no_full_precision_of_its_own() -> None:
    settings = small_runs.settings("int8", epochs=8)
    assert settings.full_epochs == 2
    assert replace(settings, start="x.pt").full_epochs == 0


# --- the first layer


@pytest.mark.parametrize("first", [True, False])
def test_the_first_layer_may_stay_in_full_precision(first: bool) -> None:
    session = Session(small_runs.settings("ternary", first_layer=first))
    names = [name for name, *_ in coded_layers(session.network)]
    assert names == (["0", "3", "7"] if first else ["3", "7"])


# --- the threshold of ternary weights


def test_the_threshold_reaches_the_weights() -> None:
    session = Session(small_runs.settings("ternary", threshold=0.2))
    steps = [step for module in session.network.modules() if isinstance(module, FakeWeights) for step in [module]]
    assert [step.threshold for step in steps] == [0.2] * 3


# --- the learning rate


def test_the_learning_rate_falls_when_the_error_does_not() -> None:
    session = Session(small_runs.settings("ternary", preinit=0, schedule="plateau", lower_after=2))
    rates, best, waited, rate = [], float("inf"), 0, 1e-3
    for error in (0.5, 0.4, 0.4, 0.45, 0.3, 0.3, 0.2, 0.2, 0.2, 0.2):
        best, waited = (error, 0) if error < best else (best, waited + 1)
        if waited == 2:
            rate, waited = rate / 3, 0
        session._lower_learning_rate(error)
        rates.append((session.optimiser.param_groups[0]["lr"], rate))
    assert all(found == pytest.approx(expected) for found, expected in rates)
    assert rates[-1][0] == pytest.approx(1e-3 / 9)


def test_the_plateau_waits_until_the_format_is_on() -> None:
    session = Session(small_runs.settings("ternary", preinit=3, schedule="plateau"))
    for _ in range(5):
        session._lower_learning_rate(0.5)
    assert session.optimiser.param_groups[0]["lr"] == 1e-3


# --- zero error for samples that are right


def test_samples_that_are_right_have_no_error() -> None:
    network = nn.Linear(4, 3)
    inputs, labels = torch.rand(6, 4), torch.tensor([0, 1, 2, 0, 1, 2])
    losses, right = losses_of(network(inputs), labels, skip_right=True)
    losses.mean().backward()
    found = network.weight.grad
    assert found is not None
    assert 0 < int(right.sum()) < 6
    expected = torch.zeros(3, 4)
    for value, label in zip(inputs, labels, strict=True):
        outputs = network(value)
        if outputs.argmax() != label:
            expected += torch.autograd.grad(F.cross_entropy(outputs, label), network.weight)[0] / 6
    assert torch.allclose(found, expected, atol=1e-6)


class AlwaysZero(nn.Module):
    """Takes every image for a 0, whatever its weights are."""

    def __init__(self) -> None:
        super().__init__()
        self.scores = nn.Linear(1, 10)
        self.example_input = torch.rand(1, *small_runs.SHAPE)

    def forward(self, images: Tensor) -> Tensor:
        answer = F.one_hot(torch.zeros(len(images), dtype=torch.int64), 10).float()
        return 9 * answer + self.scores(images.mean((1, 2, 3))[:, None])


@pytest.mark.parametrize("skip", [True, False])
def test_a_batch_that_is_all_right_makes_no_step(skip: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    images = replace(small_runs.few(), train_labels=torch.zeros(96, dtype=torch.int64))
    monkeypatch.setattr(sessions, "load_images", lambda name, path, shape: images)
    monkeypatch.setattr(sessions, "build", lambda name, options: AlwaysZero())
    session = Session(small_runs.settings("fp32", skip_right=skip))
    before = shadows(session)
    epoch = session.run_epoch()
    assert epoch.error == 0
    assert epoch.skipped == (3 if skip else 0)
    assert bool(epoch.pairs) == (not skip)
    assert torch.equal(before[0], shadows(session)[0]) == skip


# --- L1 on activations


def test_the_penalty_is_the_sum_of_the_mean_activations() -> None:
    network = small_runs.build().train()
    rectifiers = Rectifiers(network)
    rectifiers.kept = True
    images = small_runs.few().train
    network(images)
    penalty = rectifiers.penalty()
    assert rectifiers.penalty().item() == 0
    first = network[1](network[0](images))
    second = network[5](network[4](network[3](network[2](first))))
    assert penalty.item() == pytest.approx((first.mean() + second.mean()).item())
    assert penalty.requires_grad


def test_l1_makes_activations_smaller() -> None:
    runs = [replace(small_runs.settings("fp32", l1=weight), learning_rate=1e-2) for weight in (0.0, 1.0)]
    plain, sparse = (after(settings, 4) for settings in runs)
    images = small_runs.few().test
    sums = [session.network.eval()[:2](images).mean().item() for session in (plain, sparse)]  # type: ignore[index]
    assert sums[1] < 0.8 * sums[0]


# --- the ReLU threshold


def test_a_relu_puts_out_zero_up_to_its_threshold() -> None:
    network = nn.Sequential(nn.ReLU())
    Rectifiers(network, 0.25)
    assert network(torch.tensor([-1.0, 0.1, 0.25, 0.26, 3.0])).tolist() == pytest.approx([0, 0, 0, 0.26, 3.0])


def test_the_threshold_holds_in_the_last_epochs() -> None:
    session = Session(small_runs.settings("ternary", epochs=5, preinit=1, relu_threshold=0.02, relu_epochs=2))
    thresholds = []
    for _ in range(5):
        session.run_epoch()
        thresholds.append(session.rectifiers.threshold)
    assert thresholds == [0, 0, 0, 0.02, 0.02]


def test_full_precision_may_have_a_threshold_too() -> None:
    assert after(small_runs.settings("fp32", epochs=2, relu_threshold=0.02), 2).rectifiers.threshold == 0.02


# --- variation


def test_about_half_of_the_images_stay_exactly_as_they_are() -> None:
    torch.manual_seed(0)
    images = small_runs.few().train
    varied = vary(images)
    same = [torch.equal(one, other) for one, other in zip(varied, images, strict=True)]
    assert 30 < sum(same) < 66
    assert varied.shape == images.shape
    assert (varied - images).abs().mean() < 0.2


# --- pruning


def test_pruning_follows_its_ramp_within_an_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []
    monkeypatch.setattr(sessions, "PRUNE_AGAIN", 2)
    monkeypatch.setattr(sessions.prune, "prune", lambda network, share: asked.append(share))
    after(replace(small_runs.settings("fp32", epochs=2, prune=0.8), batch=24), 2)
    assert asked == pytest.approx([sparsity_at(progress, 0.8) for progress in (0, 0.25, 0.5, 0.75)])


# --- weights to start from


def test_the_start_is_fitted_to_the_data() -> None:
    network, sample = small_runs.build().eval(), small_runs.few().sample
    fit_to(network, sample)
    maps = network[0](sample)
    assert maps.mean((0, 2, 3)).tolist() == pytest.approx([0] * 4, abs=1e-5)
    assert maps.std((0, 2, 3)).tolist() == pytest.approx([1] * 4, abs=1e-4)
    assert network(sample).std(0).tolist() == pytest.approx([1] * 10, abs=1e-4)


# --- stopping early


def test_training_stops_when_the_loss_no_longer_falls() -> None:
    session = Session(replace(small_runs.settings("fp32", epochs=50), patience=3))
    losses = [2.0, 1.0, 1.5, 1.2]
    session.history = [sessions.Epoch(0, loss, 0, 0, 0, {}) for loss in losses]
    assert not session.over
    session.history.append(session.history[-1])
    assert session.over


def test_training_does_not_stop_before_the_last_phase_has_had_its_chance() -> None:
    settings = replace(small_runs.settings("ternary", epochs=20, relu_threshold=0.01, relu_epochs=4), patience=2)
    assert settings.settled_epoch == 16
    session = Session(settings)
    session.history = [sessions.Epoch(0, 1.0, 0, 0, 0, {})] * 16
    assert not session.over
    session.history *= 2
    assert session.over


# --- precision-aware codes


def test_bits_are_taken_away_while_accuracy_stays() -> None:
    session = after(small_runs.settings("int8", epochs=6, preinit=2), 6)
    images, labels = session.images.some(96)
    before = accuracy(session.network, images, labels)
    needed = narrow(session.network, lambda: accuracy(session.network, images, labels), 0.02)
    assert accuracy(session.network, images, labels) >= before - 0.02
    assert min(bits for layer in needed.values() for bits in layer.values()) < 8
    for name, layer, weights, inputs in coded_layers(session.network):
        assert needed[name] == {"weights": weights.bits, "inputs": inputs.bits}
        assert codes_of(layer).codes.abs().max() == 2 ** (weights.bits - 1) - 1
        assert inputs.scale.item() == pytest.approx(inputs.peak.item() / (2**inputs.bits - 1))  # type: ignore[union-attr]


def test_no_bit_more_could_have_been_taken_from_a_layer() -> None:
    session = after(small_runs.settings("int8", epochs=6, preinit=2), 6)
    images, labels = session.images.some(96)
    least = accuracy(session.network, images, labels)
    narrow(session.network, lambda: accuracy(session.network, images, labels), 0.0)
    last = coded_layers(session.network)[-1][3]
    last.set_bits(last.bits - 1)  # type: ignore[operator]
    assert last.bits == 1 or accuracy(session.network, images, labels) < least
