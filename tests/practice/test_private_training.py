"""DP-SGD, held to single backward passes and to Opacus."""

from __future__ import annotations

import math
import warnings
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from opacus import GradSampleModule
from opacus.optimizers import DPOptimizer
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from cvlib.data import ImageSet
from cvlib.networks import LeNet
from cvlib.practice import private_training as training

cases = settings(deadline=None, max_examples=6, derandomize=True)


def small(seed: int, outputs: int = 3) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.GroupNorm(1, 2), nn.Tanh(), nn.Flatten(), nn.Linear(18, outputs)
    )


def some(seed: int, count: int, side: int = 5, classes: int = 3) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    images = torch.randn(count, 1, side, side, generator=generator)
    return images, torch.randint(classes, (count,), generator=generator)


def some_set(count: int = 60) -> ImageSet:
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(256, (count, 1, 5, 5), dtype=torch.uint8, generator=generator)
    return ImageSet(images, torch.arange(count) % 3, ("a", "b", "c"), "noise")


@cases
@given(st.integers(0, 99), st.integers(0, 6))
def test_gradients_are_those_of_single_backward_passes(seed: int, count: int) -> None:
    model = small(seed)
    images, labels = some(seed, count)
    found = training.per_example_gradients(model, images, labels)
    assert list(found) == [name for name, _ in model.named_parameters()]
    assert all(each.shape[0] == count for each in found.values())
    for at in range(count):
        model.zero_grad()
        cross_entropy(model(images[at : at + 1]), labels[at : at + 1]).backward()
        for name, parameter in model.named_parameters():
            torch.testing.assert_close(found[name][at], parameter.grad)


def by_opacus(model: nn.Module, images: Tensor, labels: Tensor) -> GradSampleModule:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wrapped = GradSampleModule(model)
        cross_entropy(wrapped(images), labels).backward()
    return wrapped


def test_gradients_of_lenet_are_those_of_opacus() -> None:
    torch.manual_seed(0)
    model = LeNet()
    images, labels = some(1, 6, side=28, classes=10)
    mine = training.per_example_gradients(model, images, labels)
    wrapped = by_opacus(model, images, labels)
    theirs = {name: each.grad_sample for name, each in wrapped._module.named_parameters()}
    assert mine.keys() == theirs.keys()
    for name, each in mine.items():
        torch.testing.assert_close(each, theirs[name], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(("max_norm", "noise"), [(0.5, 0.0), (100.0, 0.0), (0.5, 1.0)])
def test_a_step_is_that_of_opacus(max_norm: float, noise: float) -> None:
    images, labels = some(3, 8)
    mine = training.private_gradient(
        training.per_example_gradients(small(0), images, labels),
        max_norm=max_norm,
        noise_multiplier=noise,
        expected_batch_size=10,
        generator=torch.Generator().manual_seed(5),
    )
    model = by_opacus(small(0), images, labels)
    optimizer = DPOptimizer(
        torch.optim.SGD(model.parameters(), lr=0.1),
        noise_multiplier=noise,
        max_grad_norm=max_norm,
        expected_batch_size=10,
        generator=torch.Generator().manual_seed(5),
    )
    optimizer.step()
    for name, parameter in model._module.named_parameters():
        torch.testing.assert_close(mine[name], parameter.grad, rtol=1e-4, atol=1e-6)


@cases
@given(st.integers(0, 99), st.integers(0, 6), st.floats(0.01, 20))
def test_clipping_shortens_what_is_longer_and_nothing_else(
    seed: int, count: int, max_norm: float
) -> None:
    gradients = training.per_example_gradients(small(seed), *some(seed, count))
    before = training.gradient_norms(gradients)
    clipped = training.clip_gradients(gradients, max_norm)
    after = training.gradient_norms(clipped)
    assert (after <= max_norm * (1 + 1e-5)).all()
    long = before > max_norm
    torch.testing.assert_close(after[long], torch.full_like(after[long], max_norm))
    for name, each in gradients.items():
        assert clipped[name][~long].equal(each[~long])
        scale = (max_norm / before[long]).reshape(-1, *[1] * (each.ndim - 1))
        torch.testing.assert_close(clipped[name][long], each[long] * scale)
    for at in range(count):
        whole = torch.cat([each[at].flatten() for each in gradients.values()])
        torch.testing.assert_close(before[at], whole.norm())


def test_one_example_moves_the_sum_by_no_more_than_the_limit() -> None:
    images, labels = some(0, 7)
    images[3] *= 1000

    def total(keep: Tensor) -> Tensor:
        gradients = training.per_example_gradients(small(0), images[keep], labels[keep])
        sums = training.private_gradient(
            gradients, max_norm=0.7, noise_multiplier=0, expected_batch_size=1
        )
        return torch.cat([each.flatten() for each in sums.values()])

    everyone = torch.arange(7)
    for at in range(7):
        assert (total(everyone) - total(everyone[everyone != at])).norm() <= 0.7 * (1 + 1e-5)


def test_noise_has_the_promised_size_and_an_empty_batch_gives_noise_alone() -> None:
    gradients = {"weight": torch.zeros(0, 200, 100), "bias": torch.zeros(0, 5)}
    found = training.private_gradient(
        gradients,
        max_norm=0.5,
        noise_multiplier=3.0,
        expected_batch_size=4,
        generator=torch.Generator().manual_seed(0),
    )
    assert found["bias"].shape == (5,)
    assert float(found["weight"].std()) == pytest.approx(0.5 * 3 / 4, rel=0.02)
    assert float(found["weight"].mean()) == pytest.approx(0, abs=0.01)


def test_batches_are_drawn_by_coins() -> None:
    generator = torch.Generator().manual_seed(0)
    drawn = torch.zeros(300)
    sizes = []
    for _ in range(400):
        batch = training.poisson_sample(300, 0.1, generator)
        assert batch.equal(batch.unique())
        drawn[batch] += 1
        sizes.append(float(len(batch)))
    assert float(drawn.mean() / 400) == pytest.approx(0.1, rel=0.02)
    assert float(drawn.std()) == pytest.approx(math.sqrt(400 * 0.1 * 0.9), rel=0.1)
    assert float(torch.tensor(sizes).std()) == pytest.approx(math.sqrt(300 * 0.1 * 0.9), rel=0.15)
    assert training.poisson_sample(5, 1.0).tolist() == [0, 1, 2, 3, 4]
    assert training.poisson_sample(5, 0.0).tolist() == []


def test_training_is_a_step_of_sgd_by_the_private_gradient() -> None:
    data = some_set()
    model, by_hand = small(0), small(0)
    options: dict[str, Any] = {"steps": 2, "batch_size": 20, "learning_rate": 0.5, "momentum": 0.5}
    seen = training.train_privately(
        model, data, max_norm=0.4, noise_multiplier=1.5, seed=3, **options
    )
    coins, noise = (torch.Generator().manual_seed(3 + more) for more in (0, 2**31))
    optimizer = torch.optim.SGD(by_hand.parameters(), lr=0.5, momentum=0.5)
    for step in seen:
        drawn = training.poisson_sample(60, 1 / 3, coins)
        gradients = training.per_example_gradients(
            by_hand, data.images[drawn] / 255, data.labels[drawn]
        )
        assert step.pictures == len(drawn)
        norms = training.gradient_norms(gradients)
        assert step.clipped == pytest.approx(float((norms > 0.4).double().mean()))
        private = training.private_gradient(
            gradients, max_norm=0.4, noise_multiplier=1.5, expected_batch_size=20, generator=noise
        )
        for name, parameter in by_hand.named_parameters():
            parameter.grad = private[name]
        optimizer.step()
    for one, other in zip(model.parameters(), by_hand.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)


def test_noise_is_not_drawn_from_the_stream_of_the_coins(monkeypatch: pytest.MonkeyPatch) -> None:
    streams: dict[str, Tensor] = {}

    def watch(name: str) -> None:
        function = getattr(training, name)

        def watched(*given: Any, **named: Any) -> Any:
            generator = named.get("generator", given[-1])
            copy = torch.Generator()
            copy.set_state(generator.get_state())
            streams.setdefault(name, torch.rand(9, generator=copy))
            return function(*given, **named)

        monkeypatch.setattr(training, name, watched)

    watch("poisson_sample")
    watch("private_gradient")
    training.train_privately(
        small(0),
        some_set(),
        steps=1,
        batch_size=9,
        max_norm=1,
        noise_multiplier=1,
        learning_rate=1,
    )
    assert not streams["poisson_sample"].isclose(streams["private_gradient"]).any()


def test_without_a_limit_it_is_plain_descent() -> None:
    data = some_set()
    plain, wide = small(1), small(1)
    options: dict[str, Any] = {"steps": 4, "batch_size": 20, "learning_rate": 0.2}
    for model, limit in ((plain, math.inf), (wide, 1e6)):
        seen = training.train_privately(model, data, max_norm=limit, noise_multiplier=0, **options)
        assert [step.clipped for step in seen] == [0] * 4
    for one, other in zip(plain.parameters(), wide.parameters(), strict=True):
        torch.testing.assert_close(one, other)


def test_a_frozen_layer_stays_and_an_empty_batch_is_borne() -> None:
    model = small(0)
    model[0].requires_grad_(False)
    kept = model[0].weight.clone()
    for limit, noise in ((0.5, 1.0), (math.inf, 0.0)):
        seen = training.train_privately(
            model,
            some_set(3),
            steps=6,
            batch_size=0.5,
            max_norm=limit,
            noise_multiplier=noise,
            learning_rate=0.1,
        )
        assert 0 in [step.pictures for step in seen]
        assert all(math.isnan(step.clipped) == (step.pictures == 0) for step in seen)
    assert model[0].weight.equal(kept)
    assert all(each.isfinite().all() for each in model.parameters())


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: training.poisson_sample(5, 1.1), "q is 1.1"),
        (lambda: training.clip_gradients({"a": torch.ones(1, 1)}, 0), "max_norm is 0"),
        (lambda: training.gradient_norms({}), "gradients is empty"),
        (
            lambda: training.per_example_gradients(small(0), some(0, 3)[0], some(0, 2)[1]),
            "labels holds 2; expected 3",
        ),
        (
            lambda: training.per_example_gradients(
                nn.Sequential(nn.BatchNorm2d(1), nn.Flatten()), *some(0, 3)
            ),
            "model has batch normalization, 0; expected layers that look at each example alone",
        ),
        (
            lambda: training.train_privately(
                small(0),
                some_set(),
                steps=1,
                batch_size=9,
                max_norm=math.inf,
                noise_multiplier=1,
                learning_rate=1,
            ),
            "max_norm is inf and noise_multiplier 1",
        ),
        (
            lambda: training.train_privately(
                small(0),
                some_set(),
                steps=1,
                batch_size=61,
                max_norm=1,
                noise_multiplier=1,
                learning_rate=1,
            ),
            "batch_size is 61",
        ),
        (
            lambda: training.train_privately(
                small(0),
                some_set()[:0],
                steps=1,
                batch_size=1,
                max_norm=1,
                noise_multiplier=1,
                learning_rate=1,
            ),
            "train is empty",
        ),
        (
            lambda: training.private_gradient(
                {"a": torch.ones(1, 1)}, max_norm=1, noise_multiplier=1, expected_batch_size=0
            ),
            "expected_batch_size is 0",
        ),
    ],
)
def test_what_cannot_be_is_refused(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
