"""Optimizers against torch's: steps, state, groups, and what either saves for the other."""

from __future__ import annotations

import copy
import inspect
import math
import pickle
from functools import partial
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F

import cvlib
from cvlib.data import digits
from cvlib.layers import BatchNorm2d
from cvlib.training import fit, optimizers
from cvlib.training.optimizers import (
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    AdamW,
    DenseOptimizer,
    RMSprop,
    parameter_groups,
)

DEVICE = cvlib.device()
OURS: dict[str, Any] = {
    **{"SGD": SGD, "Adagrad": Adagrad, "RMSprop": RMSprop},
    **{"Adadelta": Adadelta, "Adam": Adam, "AdamW": AdamW},
}
NAMES = st.sampled_from(sorted(OURS))
random_cases = settings(deadline=None, max_examples=40, derandomize=True)
SHAPES = ((), (3,), (2, 1), (0,), (2, 2, 2))

penalties = st.sampled_from([0.0, 0.01, 0.5])
shares = st.floats(0, 0.999)
ARGUMENTS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "SGD": {"momentum": st.just(0) | shares, "dampening": st.floats(0, 1)},
    "Adagrad": {"lr_decay": st.floats(0, 1), "eps": st.floats(1e-10, 1)},
    "RMSprop": {
        **{"alpha": st.floats(0.5, 0.999), "eps": st.floats(1e-8, 1), "centered": st.booleans()},
        "momentum": st.just(0) | shares,
    },
    "Adadelta": {"rho": shares, "eps": st.floats(1e-8, 1)},
    "Adam": {
        **{"betas": st.tuples(shares, shares), "eps": st.floats(1e-8, 1)},
        "amsgrad": st.booleans(),
    },
}
ARGUMENTS["AdamW"] = ARGUMENTS["Adam"]


@st.composite
def arguments(draw: st.DrawFn, name: str) -> dict[str, Any]:
    chosen = {key: draw(values) for key, values in ARGUMENTS[name].items()}
    chosen |= {"lr": draw(st.floats(1e-4, 0.3)), "weight_decay": draw(penalties)}
    if name == "SGD" and chosen["momentum"] > 0 and draw(st.booleans()):
        chosen |= {"nesterov": True, "dampening": 0}
    return chosen


@st.composite
def cases(draw: st.DrawFn) -> tuple[str, list[dict[str, Any]], bool]:
    """An optimizer, the arguments of three groups, and whether to climb."""
    name = draw(NAMES)
    return name, [draw(arguments(name)) for _ in range(3)], draw(st.booleans())


def positional(kind: Any) -> list[str]:
    """List the arguments that may come without a name."""
    found = inspect.signature(kind).parameters.values()
    return [argument.name for argument in found if argument.kind == argument.POSITIONAL_OR_KEYWORD]


def parameters(dtype: torch.dtype = torch.float64) -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    drawn = [torch.randn(shape, generator=generator, dtype=dtype) for shape in SHAPES]
    return [tensor.to(DEVICE).requires_grad_() for tensor in drawn]


def walk(steps: int, *sides: tuple[Any, list[Tensor]], seed: int = 0) -> None:
    """Give all sides the gradients of where the last one is, some left out, and step.

    Each its own would tell rounding errors apart: beside a small gradient, Adam without a memory
    of squares makes them thousands of times as large.
    """
    generator = torch.Generator().manual_seed(seed)
    for _ in range(steps):
        skipped = torch.rand(len(SHAPES), generator=generator) < 0.2
        noise = [torch.randn(s, generator=generator, dtype=torch.float64) for s in SHAPES]
        last = [parameter.detach().clone() for parameter in sides[-1][1]]
        for optimizer, moved in sides:
            for parameter, there, added, skip in zip(moved, last, noise, skipped, strict=True):
                gradient = (there.sin() + added.to(there)).to(parameter)
                parameter.grad = None if skip else gradient
            optimizer.step()


def grouped(moved: list[Tensor], groups: list[dict[str, Any]]) -> list[dict[str, Any]]:
    parts = (moved[:2], moved[2:3], moved[3:])
    return [{"params": part, **group} for part, group in zip(parts, groups, strict=True)]


def assert_same(ours: Any, torchs: Any, mine: list[Tensor], theirs: list[Tensor]) -> None:
    """Parameters are equal to 1e-6, and state keys and values are torch's."""
    for parameter, reference in zip(mine, theirs, strict=True):
        torch.testing.assert_close(parameter, reference, rtol=1e-6, atol=1e-6)
        state, expected = ours.state.get(parameter, {}), torchs.state.get(reference, {})
        assert state.keys() == expected.keys()
        torch.testing.assert_close(dict(state), dict(expected), rtol=1e-6, atol=1e-6)


@random_cases
@given(cases())
def test_a_hundred_steps_are_torchs(case: tuple[str, list[dict[str, Any]], bool]) -> None:
    name, groups, maximize = case
    mine, theirs = parameters(), parameters()
    ours = OURS[name](grouped(mine, groups), maximize=maximize)
    torchs = getattr(torch.optim, name)(grouped(theirs, groups), maximize=maximize)
    walk(100, (ours, mine), (torchs, theirs))
    assert_same(ours, torchs, mine, theirs)


@pytest.mark.parametrize("name", OURS)
def test_defaults_are_torchs(name: str) -> None:
    mine, theirs = parameters(), parameters()
    ours, torchs = OURS[name](mine), getattr(torch.optim, name)(theirs)
    assert ours.defaults.items() <= torchs.defaults.items()
    ordered = [positional(kind) for kind in (OURS[name], getattr(torch.optim, name))]
    assert ordered[0] == ordered[1][: len(ordered[0])]
    assert set(ordered[1][len(ordered[0]) :]) <= {
        "foreach",
        "maximize",
        "capturable",
        "differentiable",
    }
    walk(20, (ours, mine), (torchs, theirs))
    assert_same(ours, torchs, mine, theirs)


@random_cases
@given(cases())
def test_either_goes_on_with_what_the_other_has_saved(
    case: tuple[str, list[dict[str, Any]], bool],
) -> None:
    name, groups, maximize = case
    kinds = (OURS[name], getattr(torch.optim, name))
    moved = [parameters(), parameters()]
    before = [
        kind(grouped(place, groups), maximize=maximize)
        for kind, place in zip(kinds, moved, strict=True)
    ]
    walk(10, *zip(before, moved, strict=True))
    after = [kind(grouped(place, [{}] * 3)) for kind, place in zip(kinds, moved, strict=True)]
    after[0].load_state_dict(copy.deepcopy(before[1].state_dict()))
    after[1].load_state_dict(copy.deepcopy(before[0].state_dict()))
    walk(10, *zip(after, moved, strict=True), seed=1)
    assert_same(*after, *moved)


@pytest.mark.parametrize("name", OURS)
def test_a_state_saved_before_the_first_step_is_taken(name: str) -> None:
    moved = [parameters(), parameters()]
    after = [OURS[name](moved[0], lr=0.5), getattr(torch.optim, name)(moved[1], lr=0.5)]
    after[1].load_state_dict(OURS[name](parameters(), lr=0.1).state_dict())
    after[0].load_state_dict(getattr(torch.optim, name)(parameters(), lr=0.1).state_dict())
    assert [side.param_groups[0]["lr"] for side in after] == [0.1, 0.1]
    walk(5, *zip(after, moved, strict=True))
    assert_same(*after, *moved)


@pytest.mark.parametrize("name", OURS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_other_dtypes_keep_theirs(name: str, dtype: torch.dtype) -> None:
    mine, theirs = parameters(dtype), parameters(dtype)
    walk(20, (ours := OURS[name](mine), mine), (getattr(torch.optim, name)(theirs), theirs))
    tolerance = 1e-6 if dtype == torch.float32 else 0.05
    for parameter, reference in zip(mine, theirs, strict=True):
        assert parameter.dtype == dtype
        torch.testing.assert_close(parameter, reference, rtol=tolerance, atol=tolerance)
        state = ours.state.get(parameter, {})
        assert {state[key].dtype for key in state if key != "step"} <= {dtype}


@pytest.mark.parametrize("name", OURS)
def test_a_network_learns_the_same(name: str) -> None:
    networks = []
    for kind in (OURS[name], getattr(torch.optim, name)):
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(5, 7), nn.Tanh(), nn.Linear(7, 3)).to(DEVICE)
        optimizer = kind(model.parameters(), lr=0.02)
        x = torch.randn(16, 5, generator=torch.Generator().manual_seed(1)).to(DEVICE)
        labels = torch.arange(16, device=DEVICE) % 3
        for _ in range(100):
            optimizer.zero_grad()
            F.cross_entropy(model(x), labels).backward()
            optimizer.step()
        networks.append(model.state_dict())
    torch.testing.assert_close(*networks, rtol=1e-4, atol=1e-5)


# ---------------------------------------------------------------------------- what the text says


def test_decay_in_adam_depends_on_the_weight_and_beside_it_does_not() -> None:
    for kind, expected in ((Adam, [0.9, 99.9]), (AdamW, [0.99, 99.0])):
        x = torch.tensor([1.0, 100.0], requires_grad=True)
        x.grad = torch.zeros(2)
        kind([x], lr=0.1, weight_decay=0.1).step()
        assert x.tolist() == pytest.approx(expected, abs=1e-5)


def test_adam_that_was_decoupled_stays_so_and_adamw_always_is() -> None:
    moved = [parameters(), parameters()]
    torchs = torch.optim.Adam(parameters(), weight_decay=0.3, decoupled_weight_decay=True)
    sides = [Adam(moved[0]), torch.optim.Adam(moved[1])]
    for side in sides:
        side.load_state_dict(torchs.state_dict())
    walk(5, *zip(sides, moved, strict=True))
    assert_same(*sides, *moved)
    assert not torch.equal(moved[0][1], parameters()[1])
    coupled = AdamW(parameters())
    coupled.load_state_dict(Adam(parameters(), weight_decay=0.3).state_dict())
    assert coupled.param_groups[0]["decoupled_weight_decay"]


def test_centred_variance_of_a_constant_gradient_is_never_below_0() -> None:
    x = torch.zeros(1000, requires_grad=True, device=DEVICE)
    gradient = torch.rand(1000, generator=torch.Generator().manual_seed(0)).to(DEVICE)
    optimizer = RMSprop([x], lr=1e-9, alpha=0.5, centered=True)
    for _ in range(100):
        x.grad = gradient
        optimizer.step()
    assert x.isfinite().all()


def test_gradients_are_left_as_they_came() -> None:
    for name, kind in OURS.items():
        moved = parameters()
        optimizer = kind(moved, lr=0.1, weight_decay=0.5)
        if name == "SGD":
            optimizer = SGD(moved, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.5)
        for _ in range(3):
            for parameter in moved:
                parameter.grad = torch.ones_like(parameter)
            optimizer.step()
            assert all(bool((p.grad == 1).all()) for p in moved if p.grad is not None)


# ---------------------------------------------------------------------------- torch's machinery


@pytest.mark.parametrize("name", OURS)
def test_closure_copy_pickle_and_schedulers_work(name: str) -> None:
    x = torch.ones(2, requires_grad=True)
    optimizer = OURS[name]([x], lr=0.5)
    assert optimizer.step() is None  # no gradient yet
    assert not optimizer.state_dict()["state"]

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = x.square().sum()
        loss.backward()
        return loss

    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1, gamma=0.5)
    assert optimizer.step(closure).item() == 2
    scheduler.step()
    assert optimizer.param_groups[0]["lr"] == 0.25
    assert not torch.equal(x, torch.ones(2))
    for twin in (copy.deepcopy(optimizer), pickle.loads(pickle.dumps(optimizer))):
        assert type(twin) is type(optimizer)
        torch.testing.assert_close(
            twin.state_dict()["state"], optimizer.state_dict()["state"], rtol=0, atol=0
        )


def test_rate_may_be_a_tensor() -> None:
    x = torch.ones(2, requires_grad=True)
    x.grad = torch.ones(2)
    SGD([x], lr=torch.tensor(0.25)).step()
    assert x.tolist() == [0.75, 0.75]


def test_fit_takes_them() -> None:
    train, test = digits().split(test=0.2)
    for kind, lr in ((SGD, 0.5), (AdamW, 0.01)):
        torch.manual_seed(0)
        model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
        history = fit(model, train, test, epochs=3, optimizer=partial(kind, lr=lr), device="cpu")
        assert history.epochs[-1].validation_accuracy is not None
        assert history.epochs[-1].validation_accuracy > 0.8


# ---------------------------------------------------------------------------- parameter groups


def sorted_names(model: nn.Module) -> list[list[str]]:
    """Name the parameters of each group."""
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    return [[names[id(each)] for each in group["params"]] for group in parameter_groups(model, 0.1)]


def normalized() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        *(nn.Conv2d(1, 4, 3), BatchNorm2d(4), nn.Tanh(), nn.LayerNorm([4, 2, 2])),
        *(nn.Flatten(), nn.Linear(16, 3)),
    ).to(DEVICE)


def test_weights_decay_and_neither_biases_nor_normalizations() -> None:
    assert sorted_names(normalized()) == [
        ["0.weight", "5.weight"],
        ["0.bias", "1.weight", "1.bias", "3.weight", "3.bias", "5.bias"],
    ]
    assert [group["weight_decay"] for group in parameter_groups(normalized(), 0.1)] == [0.1, 0.0]


@pytest.mark.parametrize(
    "layer",
    [
        *(nn.BatchNorm1d(3), nn.BatchNorm3d(3), nn.SyncBatchNorm(3), BatchNorm2d(3)),
        *(nn.InstanceNorm2d(3, affine=True), nn.GroupNorm(1, 3)),
        *(nn.LayerNorm([2, 3]), nn.RMSNorm([2, 3])),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_no_normalization_decays_whatever_its_shape(layer: nn.Module) -> None:
    assert sorted_names(layer) == [[], [name for name, _ in layer.named_parameters()]]


@pytest.mark.parametrize("name", OURS)
def test_groups_make_torchs_steps_and_only_weights_decay(name: str) -> None:
    models = [normalized(), normalized()]
    kinds = (OURS[name], getattr(torch.optim, name))
    before = copy.deepcopy(models[0].state_dict())
    for model, kind in zip(models, kinds, strict=True):
        model[5].weight.requires_grad_(False)  # frozen
        optimizer = kind(parameter_groups(model, 0.1), lr=0.01)
        for parameter in model.parameters():
            parameter.grad = torch.zeros_like(parameter) if parameter.requires_grad else None
        for _ in range(3):
            optimizer.step()
    torch.testing.assert_close(models[0].state_dict(), models[1].state_dict())
    for key, value in models[0].named_parameters():
        assert torch.equal(value, before[key]) == (key != "0.weight")


def test_a_frozen_parameter_is_there_for_when_it_thaws() -> None:
    model = normalized().requires_grad_(False)
    assert sum(len(group["params"]) for group in parameter_groups(model, 0.1)) == 8


def test_a_tied_weight_is_in_one_group_once() -> None:
    model = nn.Sequential(nn.Embedding(5, 3), nn.Linear(3, 5), nn.LayerNorm(3))
    model[1].weight = model[0].weight
    assert sorted_names(model) == [["0.weight"], ["1.bias", "2.weight", "2.bias"]]
    AdamW(parameter_groups(model, 0.1))  # torch refuses what is in two groups
    norm = nn.LayerNorm([5, 3], bias=False)
    norm.weight = model[0].weight
    assert sorted_names(model.append(norm))[0] == []


def test_groups_may_be_empty() -> None:
    model = nn.Sequential(nn.Linear(3, 2, bias=False), nn.Linear(2, 2, bias=False))
    assert sorted_names(model) == [["0.weight", "1.weight"], []]
    assert sorted_names(nn.BatchNorm1d(3)) == [[], ["weight", "bias"]]
    for kind in (AdamW, torch.optim.AdamW):
        for network in (model, nn.BatchNorm1d(3)):
            groups = parameter_groups(network, 0.1)
            for parameter in network.parameters():
                parameter.grad = torch.zeros_like(parameter)
            kind(groups, lr=0.1).step()
    assert [group["params"] for group in parameter_groups(nn.Flatten(), 0.1)] == [[], []]


def test_fit_takes_groups() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    optimizer = AdamW(parameter_groups(model, 0.1), lr=0.01)
    history = fit(model, digits()[:500], epochs=3, optimizer=optimizer, device="cpu")
    assert history.epochs[-1].train_loss < history.epochs[0].train_loss


def test_groups_refuse_what_is_no_network_no_strength_and_no_shape() -> None:
    with pytest.raises(TypeError, match=r"model is list; expected a torch\.nn\.Module"):
        parameter_groups([], 0.1)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"weight_decay is -0.1; expected a number of at least 0"):
        parameter_groups(nn.Linear(2, 2), -0.1)
    with pytest.raises(TypeError, match="weight_decay is 'some'"):
        parameter_groups(nn.Linear(2, 2), "some")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"model has no shape for 0\.weight"):
        parameter_groups(nn.Sequential(nn.LazyLinear(2)), 0.1)


# ---------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("name", "wrong", "message"),
    [
        ("SGD", {"lr": -0.1}, "lr is -0.1; expected at least 0"),
        ("SGD", {"momentum": -1}, "momentum is -1; expected at least 0"),
        ("SGD", {"dampening": math.nan}, "dampening is nan; expected what is finite"),
        ("SGD", {"nesterov": True}, "nesterov is True with momentum 0 and dampening 0"),
        (
            "SGD",
            {"nesterov": True, "momentum": 0.9, "dampening": 0.1},
            "nesterov is True with momentum 0.9 and dampening 0.1",
        ),
        ("Adagrad", {"lr_decay": -1}, "lr_decay is -1; expected at least 0"),
        ("Adagrad", {"initial_accumulator_value": -1}, "initial_accumulator_value is -1"),
        ("RMSprop", {"alpha": 1}, "alpha is 1; expected at least 0 and below 1"),
        ("Adadelta", {"rho": -0.5}, "rho is -0.5; expected at least 0 and below 1"),
        ("Adam", {"betas": (0.9, 1.0)}, r"betas is \(0.9, 1.0\); expected at least 0 and below 1"),
        ("Adam", {"eps": -1e-8}, "eps is -1e-08; expected at least 0"),
        ("AdamW", {"weight_decay": -0.1}, "weight_decay is -0.1; expected at least 0"),
        ("AdamW", {"lr": math.inf}, "lr is inf; expected what is finite"),
    ],
)
def test_a_bad_argument_is_named(name: str, wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        OURS[name](parameters(), **wrong)
    with pytest.raises(ValueError, match=message):  # torch looks at no group's own arguments
        OURS[name]([{"params": parameters(), **wrong}])


@pytest.mark.parametrize(
    ("name", "wrong", "message"),
    [
        ("Adam", {"betas": 0.9}, "betas is 0.9; expected two numbers"),
        ("Adam", {"betas": (0.9,)}, r"betas is \(0.9,\); expected two numbers"),
        ("Adam", {"betas": (0.9, None)}, r"betas is \(0.9, None\); expected a number"),
        ("SGD", {"lr": "fast"}, "lr is 'fast'; expected a number"),
        ("SGD", {"lr": torch.ones(2)}, "lr is tensor.*; expected a number"),
    ],
)
def test_what_is_no_number_is_refused(name: str, wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        OURS[name](parameters(), **wrong)


@pytest.mark.parametrize("dtype", [torch.int64, torch.complex64])
def test_parameters_are_floating_point_numbers(dtype: torch.dtype) -> None:
    with pytest.raises(TypeError, match=f"params has {dtype}; expected floating-point"):
        SGD([torch.zeros(2, dtype=dtype)])
    optimizer = SGD([torch.zeros(2)])
    with pytest.raises(TypeError, match="params has"):
        optimizer.add_param_group({"params": torch.zeros(2, dtype=dtype)})
    assert len(optimizer.param_groups) == 1


def test_no_parameter_and_a_sparse_gradient_are_refused() -> None:
    with pytest.raises(ValueError, match="empty parameter list"):
        Adam([])
    x = torch.zeros(3, requires_grad=True)
    x.grad = torch.sparse_coo_tensor(
        torch.tensor([[1]]), torch.ones(1), (3,), check_invariants=True
    )
    with pytest.raises(ValueError, match="params has a sparse gradient; expected a dense one"):
        SGD([x]).step()


def test_an_optimizer_without_an_update_says_so() -> None:
    x = torch.zeros(1, requires_grad=True)
    x.grad = torch.ones(1)
    with pytest.raises(NotImplementedError, match="DenseOptimizer has no update"):
        DenseOptimizer([x], {"lr": 0.1, "weight_decay": 0}).step()


def test_modules_export_what_is_tested() -> None:
    assert set(optimizers.__all__) == {"DenseOptimizer", "parameter_groups", *OURS}
