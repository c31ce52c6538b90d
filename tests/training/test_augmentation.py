"""Augmentations: keypoints follow their warp, colours stay colours, strength zero changes nothing."""

import pytest
import torch

from models.geometry import Keypoints, gaussians, moments
from training.augmentation import degrade, draw_affine, draw_colours, draw_flips, flip


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("seed", range(5))
def test_keypoints_found_in_a_warped_picture_return_to_the_original(seed: int) -> None:
    original = Keypoints(torch.tensor([[[0.1, -0.15]]]), torch.tensor([[[[0.01, 0.003], [0.003, 0.006]]]]))
    blob = gaussians(original, 128, 128, corners=False)
    warp = draw_affine(blob, seeded(seed))
    seen = warp.warp(blob)
    found = warp.to_original(moments(seen / seen.sum(dim=(2, 3), keepdim=True), corners=False))
    torch.testing.assert_close(found.mean, original.mean, atol=5e-3, rtol=0)
    torch.testing.assert_close(found.covariance, original.covariance, atol=1e-3, rtol=0.05)


def test_flips_treat_both_frames_alike_and_some_pairs_only() -> None:
    source, driving = torch.rand(64, 3, 4, 4), torch.rand(64, 3, 4, 4)
    mirrored = draw_flips(source, seeded(0))
    assert 10 < mirrored.sum() < 54
    for image in (source, driving):
        flipped = flip(image, mirrored)
        assert torch.equal((flipped != image).flatten(1).any(dim=1), mirrored)
        assert torch.equal(flipped[mirrored].flip(3), image[mirrored])


def test_colours_change_and_stay_in_range() -> None:
    image = torch.rand(8, 3, 16, 16)
    changed = draw_colours(image, 1.0, seeded(0)).apply(image)
    assert changed.min() >= 0 and changed.max() <= 1
    assert (changed - image).abs().mean() > 0.05
    torch.testing.assert_close(draw_colours(image, 0.0, seeded(0)).apply(image), image, atol=1e-6, rtol=0)


def test_points_go_to_the_warped_picture_as_keypoints_come_back() -> None:
    warp = draw_affine(torch.rand(4, 3, 16, 16), seeded(1))
    points = torch.rand(4, 5, 2) - 0.5
    there = Keypoints(warp.to_warped(points), torch.eye(2).expand(4, 5, 2, 2))
    torch.testing.assert_close(warp.to_original(there).mean, points)


def test_degradation_softens_and_adds_noise_but_keeps_the_picture() -> None:
    image = torch.rand(16, 3, 32, 32)
    poor = degrade(image, 1.0, seeded(0))
    changes = (poor - image).abs().mean(dim=(1, 2, 3))
    assert changes.max() > 0.05 and changes.min() < 0.02
    assert poor.min() >= 0 and poor.max() <= 1
    assert torch.equal(degrade(image, 0.0, seeded(0)), image)
