"""The vision transformer: a picture as a row of words, and attention between all of them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from functools import partial
from typing import cast

import torch
from torch import Tensor, nn

from cvlib.arguments import check_pictures, integer, number

__all__ = ["Encoder", "EncoderBlock", "ViT", "attention_maps"]


class EncoderBlock(nn.Module):
    """Attention between the words, then two layers for each word alone, both added to their input.

    The normalization stands in front of each branch (pre-norm), so nothing stands on the road.

    Parameters
    ----------
    num_heads
        How many heads attention has; it must divide ``hidden_dim``.
    hidden_dim
        How many numbers a word has.
    mlp_dim
        How many units the hidden layer of the second branch has.
    dropout
        The probability with which dropout zeroes a number of a branch while training.

    References
    ----------
    Dosovitskiy et al., "An image is worth 16x16 words" (2021), figure 1 and equations 2 and 3.

    Examples
    --------
    >>> EncoderBlock(num_heads=2, hidden_dim=8, mlp_dim=16)(torch.zeros(1, 50, 8)).shape
    torch.Size([1, 50, 8])
    """

    def __init__(self, num_heads: int, hidden_dim: int, mlp_dim: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.ln_1 = nn.LayerNorm(hidden_dim, eps=1e-6)
        self.self_attention = nn.MultiheadAttention(hidden_dim, num_heads, batch_first=True)
        self.dropout = nn.Dropout(dropout)
        self.ln_2 = nn.LayerNorm(hidden_dim, eps=1e-6)
        self.mlp = nn.Sequential(
            nn.Linear(hidden_dim, mlp_dim),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(mlp_dim, hidden_dim),
            nn.Dropout(dropout),
        )
        for layer in self.mlp:
            if isinstance(layer, nn.Linear):
                nn.init.xavier_uniform_(layer.weight)
                nn.init.normal_(layer.bias, std=1e-6)

    def forward(self, x: Tensor) -> Tensor:
        """Add to each word what the others tell it, and then what it makes of that.

        Parameters
        ----------
        x
            ``(N, words, hidden_dim)``.

        Returns
        -------
        Tensor
            As ``x``.
        """
        y = self.ln_1(x)
        x = x + self.dropout(self.self_attention(y, y, y, need_weights=False)[0])
        return x + self.mlp(self.ln_2(x))


class Encoder(nn.Module):
    """Positions that are added to the words, blocks one behind the other, and a normalization.

    Parameters
    ----------
    seq_length
        How many words come in.
    num_layers
        How many blocks there are.
    num_heads, hidden_dim, mlp_dim, dropout
        As in :class:`EncoderBlock`.

    Examples
    --------
    >>> Encoder(50, 2, num_heads=2, hidden_dim=8, mlp_dim=16)(torch.zeros(1, 50, 8)).shape
    torch.Size([1, 50, 8])
    """

    def __init__(
        self,
        seq_length: int,
        num_layers: int,
        num_heads: int,
        hidden_dim: int,
        mlp_dim: int,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.pos_embedding = nn.Parameter(torch.empty(1, seq_length, hidden_dim).normal_(std=0.02))
        self.dropout = nn.Dropout(dropout)
        block = partial(EncoderBlock, num_heads, hidden_dim, mlp_dim, dropout)
        self.layers = nn.Sequential(
            OrderedDict((f"encoder_layer_{number}", block()) for number in range(num_layers))
        )
        self.ln = nn.LayerNorm(hidden_dim, eps=1e-6)

    def forward(self, x: Tensor) -> Tensor:
        """Let the words tell one another what they hold, block by block.

        Parameters
        ----------
        x
            ``(N, seq_length, hidden_dim)``.

        Returns
        -------
        Tensor
            As ``x``.
        """
        return self.ln(self.layers(self.dropout(x + self.pos_embedding)))


class ViT(nn.Module):
    """A vision transformer: patches as words, a class token before them, and pre-norm blocks.

    Names, arguments and first weights are torchvision's ``VisionTransformer``'s, and so is the
    state. With the sizes that it comes with it has 49 words and 105,546 parameters, and reads grey
    pictures of 28 × 28; ``ViT(224, 16, 12, 12, 768, 3072, num_classes=1000, in_channels=3)`` is
    ViT-B/16, with 86,567,656.

    Parameters
    ----------
    image_size
        Rows of a picture, and columns.
    patch_size
        Rows of a patch, and columns; it must divide ``image_size``.
    num_layers
        How many blocks there are.
    num_heads, hidden_dim, mlp_dim, dropout
        As in :class:`EncoderBlock`.
    num_classes
        How many outputs, one for each class.
    in_channels
        Channels of a picture: 3 for colour, 1 for grey.

    Raises
    ------
    TypeError
        If a size is no integer, or ``dropout`` no number.
    ValueError
        If a size is below 1, ``patch_size`` does not divide ``image_size``, ``num_heads`` does not
        divide ``hidden_dim``, or ``dropout`` is no probability.

    References
    ----------
    Dosovitskiy et al., "An image is worth 16x16 words: transformers for image recognition at
    scale", ICLR 2021, section 3.1.

    Examples
    --------
    >>> model = ViT()
    >>> model(torch.zeros(1, 1, 28, 28)).shape
    torch.Size([1, 10])
    >>> model.embed(torch.zeros(1, 1, 28, 28)).shape  # 49 words and the class token
    torch.Size([1, 50, 64])
    """

    def __init__(
        self,
        image_size: int = 28,
        patch_size: int = 4,
        num_layers: int = 3,
        num_heads: int = 4,
        hidden_dim: int = 64,
        mlp_dim: int = 128,
        dropout: float = 0.0,
        num_classes: int = 10,
        in_channels: int = 1,
    ) -> None:
        super().__init__()
        sizes = {"num_layers": num_layers, "mlp_dim": mlp_dim, "num_classes": num_classes}
        for name, size in {**sizes, "in_channels": in_channels}.items():
            integer(name, size, least=1)
        self.image_size = _multiple("image_size", image_size, "patch_size", patch_size)
        _multiple("hidden_dim", hidden_dim, "num_heads", num_heads)
        number("dropout", dropout, most=1)
        self.conv_proj = nn.Conv2d(in_channels, hidden_dim, patch_size, stride=patch_size)
        self.class_token = nn.Parameter(torch.zeros(1, 1, hidden_dim))
        words = (image_size // patch_size) ** 2 + 1
        self.encoder = Encoder(words, num_layers, num_heads, hidden_dim, mlp_dim, dropout)
        self.heads = nn.Sequential(OrderedDict(head=nn.Linear(hidden_dim, num_classes)))
        nn.init.trunc_normal_(self.conv_proj.weight, std=(in_channels * patch_size**2) ** -0.5)
        for zero in (self.conv_proj.bias, *self.heads.parameters()):
            nn.init.zeros_(zero)  # type: ignore[arg-type]

    def embed(self, x: Tensor) -> Tensor:
        """Cut pictures into patches, make a word of each, and put the class token before them.

        Parameters
        ----------
        x
            Pictures of shape (N, in_channels, image_size, image_size).

        Returns
        -------
        Tensor
            ``(N, 1 + patches, hidden_dim)``, the patches row by row.

        Raises
        ------
        ValueError
            If the pictures have another size.
        """
        check_pictures(x)
        if x.ndim == 3 or x.shape[2:] != (self.image_size, self.image_size):
            raise ValueError(
                f"x has shape {tuple(x.shape)}; "
                f"expected (N, C, H, W), pictures of {self.image_size} × {self.image_size}"
            )
        words = self.conv_proj(x).flatten(2).mT
        # Not len(x): that makes an int of a batch size which is still open in an export.
        return torch.cat([self.class_token.expand(x.shape[0], -1, -1), words], dim=1)

    def forward(self, x: Tensor) -> Tensor:
        """Compute one output (logit) for each class, from the class token.

        Parameters
        ----------
        x
            Pictures of shape (N, in_channels, image_size, image_size), ``float32``.

        Returns
        -------
        Tensor
            Logits of shape (N, num_classes).
        """
        x = self.embed(x)
        x = self.encoder(x)
        return self.heads(x[:, 0])


@torch.no_grad()
def attention_maps(model: ViT, x: Tensor) -> Tensor:
    """Say how much each word attends to each other one, in every block and head.

    Parameters
    ----------
    model
        The network, in evaluation mode.
    x
        Pictures of shape (N, in_channels, image_size, image_size).

    Returns
    -------
    Tensor
        ``(layers, N, heads, words, words)``: weights from 0 to 1. Those of a query, the second
        dimension from the right, add up to 1 over the keys, the last one. Word 0 is the class
        token.

    Raises
    ------
    ValueError
        If the network is in training mode, or the pictures have another size.

    Examples
    --------
    >>> attention_maps(ViT().eval(), torch.zeros(2, 1, 28, 28)).shape
    torch.Size([3, 2, 4, 50, 50])
    """
    if model.training:
        raise ValueError("model is in training mode; expected evaluation mode: call model.eval()")
    x = model.embed(x) + model.encoder.pos_embedding
    maps, blocks = [], cast("Iterable[EncoderBlock]", model.encoder.layers)
    for block in blocks:
        y = block.ln_1(x)
        maps.append(block.self_attention(y, y, y, average_attn_weights=False)[1])
        x = block(x)
    return torch.stack(maps)


def _multiple(name: str, value: int, divisor_name: str, divisor: int) -> int:
    """Return a size that another one divides."""
    integer(divisor_name, divisor, least=1)
    if integer(name, value, least=1) % divisor:
        raise ValueError(f"{name} is {value}; expected a multiple of {divisor_name}, {divisor}")
    return value
