"""The drawings of segmentation show what they were given."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from cvlib.figures import segmentation as figures
from cvlib.figures.style import palette


def test_overlap_counts_and_colours_the_pixels() -> None:
    found, true = np.zeros((3, 4), bool), np.zeros((3, 4), bool)
    found[0:2, 0:3], true[1:3, 1:4] = True, True
    figure = figures.draw_overlap(found, true)
    assert figure.axes[2].get_title() == "both: 2, either: 10"
    colours = [patch.get_facecolor() for patch in figure.axes[2].patches]
    assert len(colours) == 12
    assert len(set(colours)) == 4
    with pytest.raises(ValueError, match=r"true has shape \(2, 4\); expected \(3, 4\)"):
        figures.draw_overlap(found, true[1:])


def test_a_u_has_a_bridge_a_level_and_sizes_that_halve() -> None:
    texts = [text.get_text() for text in figures.draw_unet([4, 8, 16], 32, 5).axes[0].texts]
    assert texts.count("bridge") == texts.count("½") == texts.count("2×") == 2
    assert {"4 × 32²", "8 × 16²", "16 × 8²", "5 × 32²"} <= set(texts)
    assert figures.draw_unet([4], 32, 5).axes[0].patches


def test_mistakes_have_a_colour_each() -> None:
    found, true = np.array([[3, 1, 0, 0]]), np.array([[1, 0, 2, 0]])
    shown = figures.mistakes(found, true)[0]
    assert shown[0].tolist() == [255] * 3
    assert shown[3].tolist() == [0] * 3
    assert shown[1].tolist() == [213, 94, 0]  # vermillion: found, and none
    assert shown[2].tolist() == [86, 180, 233]  # sky blue: missed


def test_outlines_lie_inside_and_part_neighbours() -> None:
    labels = np.zeros((8, 9), int)
    labels[1:7, 1:4], labels[1:7, 4:8] = 1, 2
    picture = np.full((8, 9), 40, np.uint8)
    shown = figures.outlined(picture, labels, gain=2)
    grey = (shown == 80).all(axis=2)
    assert grey[labels == 0].all()
    assert grey[2:6, 2].all()
    assert not grey[1:7, 1].any()
    assert shown[3, 3].tolist() != shown[3, 4].tolist()
    assert picture.max() == 40
    assert figures.outlined(picture, labels, gain=9)[0, 0].tolist() == [255] * 3
    colour = torch.zeros(3, 8, 9, dtype=torch.uint8)
    assert figures.outlined(colour, labels).shape == (8, 9, 3)


def test_masks_stand_beside_their_picture() -> None:
    mask = np.eye(5)
    panels = [("found", mask), ("mistakes", figures.mistakes(mask, mask.T))]
    figure = figures.draw_masks(torch.zeros(3, 5, 5), panels, title="Look")
    assert [axes.get_title() for axes in figure.axes] == ["picture", "found", "mistakes"]
    assert figure.get_suptitle() == "Look"
    assert palette["sky"]
