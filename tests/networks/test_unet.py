"""U-Net answers for each pixel of a picture of any size, and sees as far as it should."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from torch import Tensor, nn

import cvlib
from cvlib.data import scenes
from cvlib.networks import UNet, checkpoint, pretrained
from cvlib.recipes import RECIPES, nucleus_pixels
from cvlib.tasks.segmentation import LabelMaps
from cvlib.training import evaluate, fit

random_cases = settings(deadline=None, max_examples=20, derandomize=True)
UPSAMPLING = ("resize", "transposed", "overlapping")
NAMES = ("unet", "unet_0", "unet_1", "unet_2", "unet_nuclei")


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def count(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


@random_cases
@given(
    st.tuples(st.integers(1, 2), st.integers(1, 40), st.integers(1, 40)),
    st.integers(0, 4),
    st.sampled_from(UPSAMPLING),
    st.integers(1, 4),
)
def test_the_answer_is_as_large_as_the_picture(
    shape: tuple[int, int, int], levels: int, upsampling: str, classes: int
) -> None:
    pictures, height, width = shape
    model = UNet(2, classes, 2, levels, upsampling).eval()
    assert model(normal(pictures, 2, height, width)).shape == (pictures, classes, height, width)


def by_hand(model: UNet, x: Tensor, bridge: float = 1.0) -> Tensor:
    """Two levels, written out."""
    first = model.encoder[0](x)
    second = model.encoder[1](F.max_pool2d(first, 2))
    bottom = model.encoder[2](F.max_pool2d(second, 2))
    joined = torch.cat([bridge * second, model.up[1](bottom)], dim=1)
    joined = torch.cat([bridge * first, model.up[0](model.decoder[1](joined))], dim=1)
    return model.head(model.decoder[0](joined))


@pytest.mark.parametrize("upsampling", UPSAMPLING)
def test_bridges_join_maps_of_one_size_or_zeros(upsampling: str) -> None:
    model, x = UNet(3, 2, 4, 2, upsampling).eval(), normal(2, 3, 16, 24)
    with torch.no_grad():
        torch.testing.assert_close(model(x), by_hand(model, x))
        model.bridges = False
        torch.testing.assert_close(model(x), by_hand(model, x, bridge=0))
        assert not torch.allclose(model(x), by_hand(model, x))
    assert count(UNet(1, 2, 4, 2, bridges=False)) == count(UNet(1, 2, 4, 2))


def test_a_picture_of_odd_size_is_continued_by_its_last_row_and_column() -> None:
    model, x = UNet(1, 2, 3, 2).eval(), normal(1, 1, 13, 18)
    rows, columns = torch.arange(16).clamp(max=12), torch.arange(20).clamp(max=17)
    with torch.no_grad():
        whole = model(x[:, :, rows][..., columns])
        torch.testing.assert_close(model(x), whole[..., :13, :18])


def published(levels: int, width: int, in_channels: int, classes: int) -> int:
    """Count the parameters as the layers say: of an encoder, a decoder and a head."""
    widths = [width * 2**level for level in range(levels + 1)]
    convolutions = sum(
        9 * below * above + 9 * above * above + 4 * above
        for below, above in zip([in_channels, *widths], widths, strict=False)
    )
    up = sum(2 * each * each + each for each in widths[:-1])
    decoder = sum(9 * 2 * each * each + 9 * each * each + 4 * each for each in widths[:-1])
    return convolutions + up + decoder + classes * (width + 1)


@pytest.mark.parametrize(("levels", "width"), [(0, 5), (1, 8), (3, 8), (4, 3)])
def test_the_number_of_parameters_is_that_of_the_plan(levels: int, width: int) -> None:
    assert count(UNet(3, 7, width, levels)) == published(levels, width, 3, 7)


@pytest.mark.parametrize("levels", [0, 1, 2, 3])
def test_a_picture_that_moves_by_a_whole_field_moves_its_answer(levels: int) -> None:
    model, step = UNet(1, 2, 3, levels).eval(), 2**levels
    far = 16 * max(2, step)
    x = normal(1, 1, 2 * far + step, 2 * far + step)
    with torch.no_grad():
        here = model(x[..., :-step, :-step])
        there = model(x[..., step:, step:])
    middle = slice(far - step, far + step)
    expected = here[..., far : far + 2 * step, far : far + 2 * step]
    torch.testing.assert_close(there[..., middle, middle], expected, atol=1e-5, rtol=1e-4)


def test_what_is_64_pixels_away_counts_for_nothing() -> None:
    model = UNet(1, 1, 2, 3).eval()
    for parameter in model.parameters():
        nn.init.uniform_(parameter, 0.1, 1.0)  # so that nothing is rectified, and nothing cancels
    reach = []
    for place in range(72, 80):  # all eight places in a field of the lowest map
        x = normal(1, 1, 16, 160, seed=place).abs().requires_grad_()
        (slope,) = torch.autograd.grad(model(x)[0, 0, 8, place], x)
        seen = slope.abs().sum((0, 1, 2)).nonzero()[:, 0]
        reach += [place - int(seen[0]), int(seen[-1]) - place]
    assert 40 < max(reach) <= 64


@pytest.mark.parametrize("upsampling", UPSAMPLING)
def test_only_resizing_keeps_an_even_map_even(upsampling: str) -> None:
    torch.manual_seed(0)
    layer = UNet(1, 1, 8, 1, upsampling).up[0]
    with torch.no_grad():
        middle = layer(torch.ones(1, 16, 9, 9))[0, :, 2:-2, 2:-2]
    assert bool((middle.std((1, 2)) < 1e-6).all()) == (upsampling == "resize")


def test_overlapping_and_transposed_double_exactly() -> None:
    for upsampling, kernel in (("transposed", 2), ("overlapping", 3)):
        (layer,) = UNet(1, 1, 1, 1, upsampling).up
        assert isinstance(layer, nn.ConvTranspose2d)
        assert layer.kernel_size == (kernel, kernel)
        assert layer(torch.zeros(1, 2, 5, 7)).shape[2:] == (10, 14)


# ---------------------------------------------------------------------------- the weights


@pytest.mark.parametrize("name", NAMES)
def test_the_weights_are_what_they_say(name: str) -> None:
    with safe_open(checkpoint(name), framework="pt") as file:
        facts = file.metadata()
        assert {file.get_tensor(key).dtype for key in file.keys()} <= {  # noqa: SIM118
            torch.float16,
            torch.int64,
        }
    assert facts["command"] == f"python -m cvlib checkpoint {name} --seed 0"
    assert checkpoint(name).stat().st_size < 300_000
    model = pretrained(name)
    assert isinstance(model, UNet)
    assert not model.training
    if name in ("unet", "unet_nuclei"):
        crowd = LabelMaps.of_scenes(scenes(500, split="test", seed=1))
        test = crowd if name == "unet" else nucleus_pixels()[1]
        metrics = RECIPES[name].metrics
        found = evaluate(model, test, batch_size=50, metrics=metrics).metrics["mean_iou"]
        assert found == pytest.approx(float(facts["test_mean_iou"]), abs=1e-4)


def test_its_recipe_learns() -> None:
    recipe = RECIPES["unet_nuclei"]
    train, test = recipe.sets()
    torch.manual_seed(0)
    model = UNet(in_channels=1, width=4, levels=1)
    arguments = {**recipe.arguments, "epochs": 1, "batch_size": 10}
    fit(model, train, seed=0, progress=False, device="cpu", **arguments)
    found = evaluate(model, test, metrics=recipe.metrics).metrics["mean_iou"]
    assert found > 0.7


# ---------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: UNet(in_channels=0), ValueError, "in_channels is 0; expected at least 1"),
        (lambda: UNet(num_classes=0), ValueError, "num_classes is 0; expected at least 1"),
        (lambda: UNet(width=0), ValueError, "width is 0; expected at least 1"),
        (lambda: UNet(levels=-1), ValueError, "levels is -1; expected at least 0"),
        (lambda: UNet(levels=1.5), TypeError, "levels is 1.5; expected an integer"),  # type: ignore[arg-type]
        (lambda: UNet(upsampling="nearest"), ValueError, "upsampling is 'nearest'; expected 'res"),
        (lambda: UNet()(torch.zeros(3, 8, 8)), ValueError, "x has shape (3, 8, 8); expected (N, "),
        (lambda: UNet()([1.0]), TypeError, "x is a list; expected a tensor"),
    ],
)
def test_what_cannot_be_is_refused(
    call: Callable[[], object], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind) as refused:
        call()
    assert message in str(refused.value)


def test_it_runs_where_networks_run() -> None:
    place = cvlib.device()
    assert UNet().eval().to(place)(torch.zeros(1, 3, 8, 8, device=place)).device.type == place.type
