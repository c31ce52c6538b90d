"""Keypoint mathematics against independent formulas."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from models.geometry import (
    Keypoints,
    cholesky_2x2,
    coordinate_grid,
    gaussians,
    inverse_2x2,
    moments,
    sample,
    sample_rows,
    smallest_singular_value,
)


def covariances(count: int, seed: int) -> torch.Tensor:
    factor = torch.randn(count, 2, 2, generator=torch.Generator().manual_seed(seed))
    return factor @ factor.mT + 0.05 * torch.eye(2)


@given(st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_closed_forms_equal_linear_algebra(seed: int) -> None:
    matrices = covariances(5, seed)
    torch.testing.assert_close(inverse_2x2(matrices), torch.linalg.inv(matrices), rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(cholesky_2x2(matrices), torch.linalg.cholesky(matrices), rtol=1e-4, atol=1e-4)
    expected = torch.linalg.svdvals(matrices)[:, -1]
    torch.testing.assert_close(smallest_singular_value(matrices), expected, rtol=2e-2, atol=1e-3)


@pytest.mark.parametrize("corners", [True, False])
def test_moments_recover_the_gaussian_they_are_taken_of(corners: bool) -> None:
    mean = torch.tensor([[[0.1, -0.2], [-0.3, 0.25]]])
    covariance = torch.tensor([[[[0.02, 0.008], [0.008, 0.03]], [[0.015, -0.004], [-0.004, 0.01]]]])
    heatmaps = gaussians(Keypoints(mean, covariance), 64, 64, corners)
    found = moments(heatmaps / heatmaps.sum(dim=(2, 3), keepdim=True), corners)
    torch.testing.assert_close(found.mean, mean, atol=1e-3, rtol=0)
    torch.testing.assert_close(found.covariance, covariance, atol=1e-3, rtol=0)


@pytest.mark.parametrize("corners", [True, False])
def test_sampling_at_pixel_centres_is_the_identity(corners: bool) -> None:
    image = torch.rand(2, 3, 12, 12)
    grid = coordinate_grid(12, 12, corners, image.device).expand(2, -1, -1, -1)
    torch.testing.assert_close(sample(image, grid, corners), image, atol=1e-5, rtol=0)


def test_clamped_zero_padding_equals_border_padding() -> None:
    image = torch.rand(1, 2, 9, 9)
    positions = torch.rand(1, 20, 20, 2) * 4 - 2
    expected = F.grid_sample(image, positions, padding_mode="border", align_corners=False)
    torch.testing.assert_close(sample(image, positions, corners=False), expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("reach", [0.0, 0.05, 3.0])
def test_rows_are_sampled_as_pictures_are(reach: float) -> None:
    image, weight = torch.rand(1, 5, 12, 12), torch.rand(12 * 12)
    displacement = reach * (2 * torch.rand(12, 12, 2) - 1)  # the widest leave the picture on every side
    expected = sample(image, (coordinate_grid(12, 12, False, image.device) + displacement)[None], corners=False)
    found = sample_rows(image[0].flatten(1).mT, displacement, weight)
    torch.testing.assert_close(found, (expected[0].flatten(1) * weight).mT, atol=1e-5, rtol=0)


def test_corner_convention_reads_zero_outside() -> None:
    outside = torch.full((1, 1, 1, 2), 3.0)
    assert sample(torch.ones(1, 1, 4, 4), outside, corners=True).item() == 0


def test_sampling_in_half_precision_does_not_round_positions() -> None:
    ramp = torch.linspace(0, 1, 256).expand(1, 1, 256, 256)
    positions = torch.tensor([[[[0.7123, 0.0]]]])
    exact = sample(ramp, positions, corners=False)
    coarse = sample(ramp.bfloat16(), positions, corners=False).float()
    assert abs(exact.item() - coarse.item()) < 4e-3
