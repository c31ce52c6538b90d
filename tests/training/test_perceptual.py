"""The perceptual distance: what it finds far apart, where its gradients go, and which weights it takes."""

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from training.efficientnet import PretrainedError, read_weights
from training.perceptual import PerceptualDistance, open_perceptual_distance


@pytest.fixture(scope="module")
def distance() -> PerceptualDistance:
    return open_perceptual_distance()


@pytest.fixture
def picture() -> Tensor:
    """Stripes and a disc: edges at several sizes, [1, 3, 64, 64]."""
    y, x = torch.meshgrid(torch.arange(64.0), torch.arange(64.0), indexing="ij")
    stripes = 0.5 + 0.3 * torch.sign(torch.sin(x / 2))
    disc = ((x - 32) ** 2 + (y - 32) ** 2 < 300).float()
    return torch.stack([stripes, disc * 0.8 + 0.1, 0.5 * stripes + 0.2 * disc])[None]


def test_equal_pictures_are_no_distance_apart(distance: PerceptualDistance, picture: Tensor) -> None:
    assert distance(picture, picture).item() == 0


def test_blur_is_further_than_as_much_brightness(distance: PerceptualDistance, picture: Tensor) -> None:
    blurred = F.avg_pool2d(picture, 5, stride=1, padding=2, count_include_pad=False)
    brighter = picture + (blurred - picture).abs().mean()
    assert F.l1_loss(brighter, picture).item() == pytest.approx(F.l1_loss(blurred, picture).item(), rel=1e-4)
    assert distance(blurred, picture).item() > 2 * distance(brighter, picture).item()


def test_gradients_reach_the_result_alone(distance: PerceptualDistance, picture: Tensor) -> None:
    result, target = (picture * 0.9).requires_grad_(), picture.clone().requires_grad_()
    distance(result, target).backward()
    assert result.grad is not None and result.grad.abs().sum() > 0
    assert target.grad is None
    assert not any(parameter.requires_grad for parameter in distance.parameters())


def test_features_shrink_level_by_level(distance: PerceptualDistance, picture: Tensor) -> None:
    assert [tuple(f.shape) for f in distance.features(picture)] == [(1, 16, 32, 32), (1, 24, 16, 16), (1, 40, 8, 8)]


def test_other_weights_are_refused_by_name(tmp_path: Path) -> None:
    file = tmp_path / "weights.pth"
    file.write_bytes(b"not these")
    with pytest.raises(PretrainedError, match=r"weights\.pth: SHA-256 is"):
        read_weights(file)
