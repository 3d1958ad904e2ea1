"""Receptive fields against the pixels that a gradient reaches."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from cvlib.layers.cost import ReceptiveField, summarize
from cvlib.layers.receptive_field import Axis
from cvlib.networks import LeNet

random_cases = settings(deadline=None, max_examples=50, derandomize=True)
PIXELS = Axis(1, ((0, 0),))


def positive(model: nn.Module) -> nn.Module:
    """Let no path cancel another one."""
    for parameter in model.parameters():
        nn.init.ones_(parameter)
    return model.double().eval()


def support(model: nn.Module, size: tuple[int, ...], place: tuple[int, int]) -> list[list[int]]:
    """First and last row, first and last column that the outputs at one place depend on."""
    x = torch.ones(1, *size, dtype=torch.float64, requires_grad=True)
    model(x)[0, :, place[0], place[1]].sum().backward()
    assert x.grad is not None
    seen = x.grad[0].sum(0) > 0
    sides = (seen.any(dim).nonzero().flatten() for dim in (1, 0))
    return [[int(side.min()), int(side.max())] if len(side) else [] for side in sides]


def last(model: nn.Module, size: tuple[int, ...]) -> ReceptiveField:
    field = summarize(model, size).layers[-1].receptive_field
    assert field is not None
    return field


class Split(nn.Module):
    """Branches of different reach that meet in a sum or side by side."""

    def __init__(self, *branches: nn.Module, join: str) -> None:
        super().__init__()
        self.branches, self.join = nn.ModuleList(branches), join

    def forward(self, x: Tensor) -> Tensor:
        results = [branch(x) for branch in self.branches]
        return torch.cat(results, 1) if self.join == "cat" else sum(results)


def same(channels: int, kernel: tuple[int, int], stride: int, dilation: int) -> nn.Module:
    padding = tuple(dilation * (k - 1) // 2 for k in kernel)
    return nn.Conv2d(channels, 1, kernel, stride, padding, dilation)


@st.composite
def networks(draw: st.DrawFn) -> nn.Module:
    layers: list[nn.Module] = []
    channels = 1
    odd, number = st.sampled_from([1, 3, 5]), st.integers(1, 3)
    for _ in range(draw(st.integers(1, 3))):
        kind = draw(st.sampled_from(["conv", "average", "split", "pointwise"]))
        kernel, stride = (draw(number), draw(number)), draw(st.integers(1, 2))
        if kind == "conv":
            padding = (draw(number), draw(number))
            layers.append(nn.Conv2d(channels, 1, kernel, stride, padding, draw(number)))
            channels = 1
        elif kind == "average":
            layers.append(nn.AvgPool2d(kernel, stride, padding=min(kernel) // 2))
        elif kind == "split":
            join, count = draw(st.sampled_from(["sum", "cat"])), draw(st.integers(1, 3))
            branches = [
                same(channels, (draw(odd), draw(odd)), stride, draw(number)) for _ in range(count)
            ]
            layers.append(Split(*branches, join=join))
            channels = count if join == "cat" else 1
        else:
            layers.append(draw(st.sampled_from([nn.ReLU(), nn.Sigmoid(), nn.Softplus()])))
    return positive(nn.Sequential(*layers))


@random_cases
@given(networks())
def test_field_is_the_support_of_the_gradient(model: nn.Module) -> None:
    channels = 1
    reach = last(model, (channels, 64, 64)).size
    size = (channels, 3 * reach[0] + 8, 3 * reach[1] + 11)
    field = last(model, size)
    shape = summarize(model, size).layers[-1].output_shape
    place = (shape[1] // 2, shape[2] // 2)
    starts = [s + j * i for s, j, i in zip(field.start, field.jump, place, strict=True)]
    expected = [[s, s + reach - 1] for s, reach in zip(starts, field.size, strict=True)]
    inside = all(a >= 0 and b < n for (a, b), n in zip(expected, size[1:], strict=True))
    assume(inside)
    assert support(model, size, place) == expected


@pytest.mark.parametrize(
    "layer",
    [
        nn.ConvTranspose2d(1, 1, 3, stride=2, padding=1, output_padding=1),
        nn.ConvTranspose2d(1, 1, 4, stride=2, padding=1),
        nn.ConvTranspose2d(1, 1, 3, stride=3, dilation=2),
        nn.ConvTranspose2d(1, 1, 2, stride=2, dilation=2),
        nn.Upsample(scale_factor=2),
        nn.Upsample(size=(31, 31)),
        nn.Upsample(scale_factor=2, mode="bilinear"),
        nn.Upsample(size=(31, 31), mode="bilinear", align_corners=True),
        nn.AdaptiveAvgPool2d(13),
        nn.ZeroPad2d((1, 2, 3, 0)),
    ],
    ids=str,
)
def test_every_position_of_what_enlarges_or_resizes(layer: nn.Module) -> None:
    """Not only the size: each place of the map, on layers whose pattern has a period."""
    model = positive(nn.Sequential(nn.Conv2d(1, 1, 3, stride=2), layer, nn.Conv2d(1, 1, 2)))
    size = (1, 40, 40)
    field, sizes = last(model, size), []
    height = summarize(model, size).layers[-1].output_shape[1]
    for i in range(4, height - 4):
        rows, columns = support(model, size, (i, i))
        if rows and columns:
            sizes.append((rows[1] - rows[0] + 1, columns[1] - columns[0] + 1))
    assert tuple(map(max, zip(*sizes, strict=True))) == field.size


def test_max_pooling_sees_what_averaging_sees() -> None:
    settings_: dict[str, Any] = {"kernel_size": (2, 3), "stride": 2, "padding": 1}
    fields = {last(kind(**settings_), (1, 9, 9)) for kind in (nn.MaxPool2d, nn.AvgPool2d)}
    assert fields == {ReceptiveField((2, 3), (2, 2), (-1, -1))}
    assert last(nn.MaxPool2d(3, 1, dilation=2), (1, 9, 9)).size == (5, 5)
    assert last(nn.AvgPool2d(3), (1, 9, 9)).jump == (3, 3)


def test_lenet_sees_5_6_14_16_32() -> None:
    rows = summarize(LeNet(), (1, 28, 28)).layers
    fields = [row.receptive_field for row in rows if row.kind in ("Conv2d", "MaxPool2d", "Linear")]
    assert [field.size[0] for field in fields if field][:5] == [5, 6, 14, 16, 32]
    assert [field.jump[0] for field in fields if field][:5] == [1, 2, 2, 4, 0]


WHOLE = {
    "GroupNorm": nn.GroupNorm(2, 4),
    "InstanceNorm2d": nn.InstanceNorm2d(4),
    "LayerNorm": nn.LayerNorm([4, 12, 12]),
    "BatchNorm2d of batches": nn.BatchNorm2d(4, track_running_stats=False),
}


@pytest.mark.parametrize("layer", [*WHOLE.values(), nn.AdaptiveAvgPool2d(1)], ids=str)
def test_statistics_of_the_whole_map_see_all_of_it(layer: nn.Module) -> None:
    field = last(nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), layer), (1, 12, 12))
    assert field.size == (14, 14)
    assert (field.jump[0], field.start) in ((0, (-1, -1)), (12, (-1, -1)))


@pytest.mark.parametrize(
    "layer",
    [
        nn.BatchNorm2d(4),
        nn.LocalResponseNorm(3),
        nn.ChannelShuffle(2),
        nn.Softmax(dim=1),
        nn.Dropout2d(),
        nn.PReLU(),
        nn.Hardswish(inplace=True),
    ],
    ids=str,
)
def test_what_stays_in_its_place_sees_no_more(layer: nn.Module) -> None:
    field = last(nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), layer), (1, 12, 12))
    assert field == ReceptiveField((3, 3), (1, 1), (-1, -1))


def test_a_picture_padded_unevenly_begins_where_it_is_padded() -> None:
    field = last(nn.ZeroPad2d((1, 2, 3, 5)), (1, 9, 9))
    assert field == ReceptiveField((1, 1), (1, 1), (-3, -1))


class Squeeze(nn.Module):
    """Scale each channel by what is seen anywhere."""

    def forward(self, x: Tensor) -> Tensor:
        return x * x.mean((2, 3), keepdim=True).sigmoid()


class Rotate(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.transpose(2, 3)


def test_squeeze_and_excitation_sees_everything() -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 3), Squeeze(), nn.Conv2d(2, 1, 3))
    assert last(model, (1, 12, 12)) == ReceptiveField((12, 12), (0, 0), (0, 0))


class Joined(nn.Module):
    """Two branches: what each place sees, and what is seen at a single place, copied to all."""

    def __init__(self, join: Any, branch: nn.Module) -> None:
        super().__init__()
        self.near, self.far, self.join = nn.Conv2d(1, 1, 3, padding=1), branch, join

    def forward(self, x: Tensor) -> Tensor:
        return self.join(self.near(x), self.far(x))


EVERYWHERE = ReceptiveField((18, 18), (0, 0), (-1, -1))  # with the padding


@pytest.mark.parametrize("stride", [1, 5, 16])
@pytest.mark.parametrize(
    "join",
    [
        lambda near, far: near * far.sigmoid(),
        lambda near, far: far + near,
        lambda near, far: torch.where(near > 0, near, far),
        lambda near, far: torch.lerp(near, far, 0.5),
        lambda near, far: torch.cat([near, far.expand(-1, -1, 16, 16)], 1),
        lambda near, far: torch.cat([near, F.interpolate(far, 16)], 1),
        lambda near, far: near + F.interpolate(far, 16, mode="bilinear"),
        lambda near, far: near - F.adaptive_avg_pool2d(far, 16),
    ],
    ids=["times", "plus", "where", "lerp", "expand", "nearest", "bilinear", "adaptive"],
)
def test_a_single_number_copied_over_the_picture_is_seen_by_all(join: Any, stride: int) -> None:
    model = Joined(join, nn.Conv2d(1, 1, 16, stride))
    assert last(model, (1, 16, 16)) == EVERYWHERE


@pytest.mark.parametrize("pool", [nn.AdaptiveAvgPool2d(1), nn.MaxPool2d(16), nn.AvgPool2d(16)])
def test_what_pools_to_a_single_number_is_seen_by_all(pool: nn.Module) -> None:
    branch = nn.Sequential(pool, nn.Conv2d(1, 1, 1), nn.Sigmoid())
    assert last(Joined(torch.mul, branch), (1, 16, 16)) == EVERYWHERE


def test_a_row_copied_down_the_picture_keeps_its_columns() -> None:
    field = last(Joined(torch.add, nn.Conv2d(1, 1, (16, 1))), (1, 16, 16))
    assert field == ReceptiveField((18, 3), (0, 1), (-1, -1))
    field = last(Joined(torch.add, nn.Conv2d(1, 1, (1, 16))), (1, 16, 16))
    assert field == ReceptiveField((3, 18), (1, 0), (-1, -1))


def test_a_single_number_that_is_not_copied_keeps_its_steps() -> None:
    """What a network sees does not depend on how small the picture is that one shows it."""
    model = nn.Sequential(nn.Conv2d(1, 1, 3, 2, 1), nn.ReLU(), nn.Conv2d(1, 1, 3, 2, 1))
    fields = {last(model, (1, side, side)) for side in (1, 2, 32)}
    assert fields == {ReceptiveField((7, 7), (4, 4), (-3, -3))}


@pytest.mark.parametrize(
    "layer",
    [
        nn.AvgPool2d((3,), stride=(2,), padding=(1,)),
        nn.MaxPool2d((3,), stride=(2,), padding=(1,)),
        nn.AvgPool2d(3, stride=[2], padding=1),
    ],
    ids=str,
)
def test_one_number_stands_for_both_sides_as_torch_has_it(layer: nn.Module) -> None:
    assert last(layer, (1, 12, 12)) == ReceptiveField((3, 3), (2, 2), (-1, -1))


def test_a_view_that_keeps_rows_and_columns_keeps_the_field() -> None:
    """Whatever becomes of the batch and the channels: (N, C, H, W) to (C, H, W), or more sizes."""
    before, after = nn.Conv2d(1, 4, 3, padding=1), nn.MaxPool2d(3, stride=2)
    for view in (nn.Flatten(0, 1), nn.Unflatten(0, (1, 1)), nn.Unflatten(1, (2, 2))):
        kept = last(nn.Sequential(before, view), (1, 12, 12))
        assert kept == ReceptiveField((3, 3), (1, 1), (-1, -1))
    pooled = last(nn.Sequential(before, nn.Flatten(0, 1), after), (1, 12, 12))
    assert pooled == ReceptiveField((5, 5), (2, 2), (-1, -1))


@pytest.mark.parametrize(
    "layer", [Rotate(), nn.Softmax(dim=-1), nn.Unfold(3), nn.Linear(12, 12)], ids=str
)
def test_what_is_not_understood_is_not_guessed(layer: nn.Module) -> None:
    summary = summarize(nn.Sequential(nn.Conv2d(1, 1, 3, padding=1), layer), (1, 12, 12))
    assert summary.layers[0].receptive_field is not None
    assert summary.layers[-1].receptive_field is None
    assert str(summary).splitlines()[-2].split()[-3:] == ["?", "?", "?"]


def test_stacked_enlargements_keep_a_short_period() -> None:
    axis = PIXELS
    for _ in range(10):
        axis = axis.transposed(4, stride=2, padding=1).window(4, stride=2, padding=1)
    assert len(axis.spans) == 1
    assert axis.jump == 1
    assert axis.transposed(4, stride=2, padding=1).jump == 0.5


def test_positions_that_see_nothing() -> None:
    axis = PIXELS.transposed(1, stride=2)
    assert [axis.at(i) for i in range(4)] == [(0, 0), None, (1, 1), None]
    assert (axis.size, axis.start) == (1, 0)
    assert axis.window(2).size == 1
    nothing = Axis(1, (None,))
    assert (nothing.size, nothing.start) == (0, 0)
    assert Axis(3, (None, (4, 5))).start == 4
