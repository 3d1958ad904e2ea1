"""The vision transformer is torchvision's, from the first weights to the last output."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision import models
from torchvision.models.vision_transformer import VisionTransformer

import cvlib
from cvlib.data import mnist_sample
from cvlib.networks import ViT, checkpoint, pretrained
from cvlib.networks.vit import Encoder, EncoderBlock, attention_maps
from cvlib.recipes import RECIPES
from cvlib.training import evaluate

DEVICE = cvlib.device()
random_cases = settings(deadline=None, max_examples=15, derandomize=True)


def normal(*shape: int, seed: int = 0) -> Tensor:
    """Reproducible numbers, drawn by the CPU."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64).to(DEVICE)


def stirred(model: nn.Module) -> Any:
    """Give all parameters other numbers than those they begin with: heads begin with 0."""
    model = model.double().to(DEVICE).eval()
    for number, parameter in enumerate(model.parameters()):
        parameter.data = 0.3 * normal(*parameter.shape, seed=number)
    return model


@random_cases
@given(
    patch=st.sampled_from([2, 4, 5]),
    across=st.integers(1, 3),
    layers=st.integers(1, 3),
    heads=st.sampled_from([1, 2, 4]),
    mlp=st.integers(1, 9),
)
def test_outputs_gradients_and_state_are_torchvisions(
    patch: int, across: int, layers: int, heads: int, mlp: int
) -> None:
    sizes = (patch * across, patch, layers, heads, 4 * heads, mlp)
    ours = stirred(ViT(*sizes, num_classes=3, in_channels=3))
    theirs = VisionTransformer(*sizes, num_classes=3).double().to(DEVICE)
    theirs.load_state_dict(ours.state_dict())
    x = normal(2, 3, sizes[0], sizes[0])
    for training in (False, True):  # torch's fast path of attention, and the slow one
        outputs = [model.train(training)(x) for model in (ours, theirs)]
        torch.testing.assert_close(*outputs)
    named = dict(theirs.named_parameters())
    slopes = torch.autograd.grad(outputs[0].sin().sum(), list(ours.parameters()))
    expected = torch.autograd.grad(
        outputs[1].sin().sum(), [named[name] for name, _ in ours.named_parameters()]
    )
    torch.testing.assert_close(slopes, expected)


@pytest.mark.parametrize("seed", [0, 1])
def test_it_begins_with_the_weights_of_torchvisions(seed: int) -> None:
    states = []
    for make in (lambda: ViT(8, 4, 2, 2, 8, 16, in_channels=3), None):
        torch.manual_seed(seed)
        model = make() if make else VisionTransformer(8, 4, 2, 2, 8, 16, num_classes=10)
        states.append(model.state_dict())
    assert list(states[0]) == list(states[1])
    for name, value in states[0].items():
        assert torch.equal(value, states[1][name]), name


@pytest.mark.parametrize(
    ("name", "sizes"),
    [("vit_b_16", (16, 12, 12, 768, 3072)), ("vit_l_32", (32, 24, 16, 1024, 4096))],
)
def test_published_sizes_have_the_shapes_of_torchvisions(name: str, sizes: tuple[int, ...]) -> None:
    with torch.device("meta"):
        theirs = models.get_model(name, weights=None)
        ours = ViT(224, *sizes, num_classes=1000, in_channels=3)
    shapes, expected = (
        {key: value.shape for key, value in model.state_dict().items()} for model in (ours, theirs)
    )
    assert shapes == expected
    if name == "vit_b_16":
        assert sum(parameter.numel() for parameter in ours.parameters()) == 86_567_656


def test_dropout_is_torchvisions_from_the_same_seed() -> None:
    ours = stirred(ViT(8, 4, 2, 2, 8, 16, dropout=0.4, num_classes=3, in_channels=3)).train()
    theirs = VisionTransformer(8, 4, 2, 2, 8, 16, dropout=0.4, num_classes=3).double().to(DEVICE)
    theirs.load_state_dict(ours.state_dict())
    outputs = []
    for model in (ours, theirs):
        torch.manual_seed(2)
        outputs.append(model(normal(2, 3, 8, 8)))
    torch.testing.assert_close(*outputs)
    assert not torch.equal(outputs[0], ours.eval()(normal(2, 3, 8, 8)))


def test_words_are_patches_row_by_row_behind_the_class_token() -> None:
    model = stirred(ViT(12, 4, 1, 2, 8, 8, in_channels=2))
    x = normal(3, 2, 12, 12)
    words = model.embed(x)
    assert torch.equal(words[:, 0], model.class_token[0].expand(3, -1))
    weight, bias = model.conv_proj.weight.flatten(1), model.conv_proj.bias
    for number in range(9):
        row, column = (4 * place for place in divmod(number, 3))
        patch = x[:, :, row : row + 4, column : column + 4].flatten(1)
        torch.testing.assert_close(words[:, number + 1], F.linear(patch, weight, bias))


@random_cases
@given(st.integers(0, 100))
def test_without_positions_the_order_of_the_words_does_not_matter(seed: int) -> None:
    model = stirred(ViT(8, 2, 2, 2, 8, 8))
    x = normal(2, 1, 8, 8)
    order = torch.randperm(16, generator=torch.Generator().manual_seed(seed))
    patches = F.unfold(x, 2, stride=2)[..., order]
    moved = F.fold(patches, (8, 8), 2, stride=2)
    whole = model(x)
    if not torch.equal(order, torch.arange(16)):
        assert not torch.allclose(model(moved), whole)
    positions = model.encoder.pos_embedding.data
    model.encoder.pos_embedding.data = positions[:, [0, *(order + 1).tolist()]]
    torch.testing.assert_close(model(moved), whole)
    nn.init.zeros_(model.encoder.pos_embedding)
    torch.testing.assert_close(model(moved), model(x))


def test_attention_maps_are_those_that_the_network_uses() -> None:
    model = stirred(ViT(8, 4, 2, 2, 8, 8))
    x = normal(3, 1, 8, 8)
    maps = attention_maps(model, x)
    assert maps.shape == (2, 3, 2, 5, 5)
    torch.testing.assert_close(maps.sum(-1), torch.ones(2, 3, 2, 5).to(maps))
    # By hand: of the second block and head.
    block = model.encoder.layers[1]
    words = model.encoder.layers[0](model.embed(x) + model.encoder.pos_embedding)
    qkv = F.linear(
        block.ln_1(words), block.self_attention.in_proj_weight, block.self_attention.in_proj_bias
    )
    query, key = (part[..., 4:] for part in qkv.chunk(3, dim=-1)[:2])
    torch.testing.assert_close(maps[1, :, 1], (query @ key.mT / 2).softmax(-1))
    assert not maps.requires_grad


def test_encoder_normalizes_last_and_adds_positions_first() -> None:
    encoder = stirred(Encoder(5, 1, 2, 8, 16))
    x = normal(2, 5, 8)
    (block,) = encoder.layers
    expected = encoder.ln(block(x + encoder.pos_embedding))
    torch.testing.assert_close(encoder(x), expected)


def test_a_block_without_weights_hands_its_words_on() -> None:
    block = EncoderBlock(2, 8, 16).double().to(DEVICE)
    for layer in (block.self_attention.out_proj, block.mlp[3]):
        nn.init.zeros_(layer.weight)  # type: ignore[arg-type]
        nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
    x = normal(2, 5, 8)
    assert torch.equal(block(x), x)


# ---------------------------------------------------------------------------- the weights


def test_the_weights_are_what_they_say() -> None:
    with safe_open(checkpoint("vit"), framework="pt") as file:
        facts = file.metadata()
    assert facts["command"] == "python -m cvlib checkpoint vit --seed 0"
    _, test = mnist_sample().split(test=1000)
    assert evaluate(pretrained("vit"), test).accuracy == float(facts["test_accuracy"]) >= 0.95
    assert checkpoint("vit").stat().st_size < 500_000


def test_its_recipe_learns(monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = {**RECIPES["vit"].arguments, "epochs": 4, "batch_size": 25}
    pictures, _ = mnist_sample().split(test=1000)
    torch.manual_seed(0)
    model = RECIPES["vit"].make()
    cvlib.training.fit(model, pictures[:500], seed=0, progress=False, **arguments)
    found = evaluate(model, pictures[500:1500]).accuracy
    assert found is not None
    assert found > 0.3


# ---------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: ViT(28, 5), ValueError, "image_size is 28; expected a multiple of patch_size, 5"),
        (lambda: ViT(28, 0), ValueError, "patch_size is 0; expected at least 1"),
        (lambda: ViT(28.0, 4), TypeError, "image_size is 28.0; expected an integer"),  # type: ignore[arg-type]
        (lambda: ViT(num_heads=3), ValueError, "hidden_dim is 64; expected a multiple of num_h"),
        (lambda: ViT(num_layers=0), ValueError, "num_layers is 0; expected at least 1"),
        (lambda: ViT(mlp_dim=-1), ValueError, "mlp_dim is -1"),
        (lambda: ViT(num_classes=0), ValueError, "num_classes is 0"),
        (lambda: ViT(in_channels=1.5), TypeError, "in_channels is 1.5"),  # type: ignore[arg-type]
        (lambda: ViT(dropout=2), ValueError, "dropout is 2; expected a number from 0 to 1"),
        (
            lambda: ViT()(torch.zeros(1, 1, 32, 32)),
            ValueError,
            "expected (N, C, H, W), pictures of 28 × 28",
        ),
        (lambda: ViT()(torch.zeros(28, 28)), ValueError, "x has shape (28, 28)"),
        (
            lambda: attention_maps(ViT(), torch.zeros(1, 1, 28, 28)),
            ValueError,
            "model is in training mode",
        ),
    ],
)
def test_what_cannot_be_is_refused(
    call: Callable[[], object], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind) as refused:
        call()
    assert message in str(refused.value)
