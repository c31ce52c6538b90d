"""The three networks together: shapes, precision, and what must hold whatever the weights are."""

import pytest
import torch

from models import PRESETS, build_network
from models.config import LiveConfig
from models.dense_motion import affine_proposals, displaced_sources, mix, nearness, shift_proposals
from models.geometry import Keypoints, coordinate_grid
from models.live_transfer import enlarged, warp

PRESETS_WITH_SIZES = [("paper-64", 64), ("live-xs", 64), ("live-xs", 128), ("live-s", 256)]


@pytest.mark.parametrize(("preset", "size"), PRESETS_WITH_SIZES)
def test_animation_has_the_sources_shape_and_range(preset: str, size: int) -> None:
    network = build_network(PRESETS[preset]).eval()
    with torch.inference_mode():
        animation = network(torch.rand(2, 3, size, size), torch.rand(2, 3, size, size))
    count = PRESETS[preset].keypoint_count
    assert animation.image.shape == animation.warped.shape == (2, 3, size, size)
    assert animation.image.min() >= 0 and animation.image.max() <= 1
    assert animation.flow.masks.shape[1] == count + 1
    torch.testing.assert_close(animation.flow.masks.sum(dim=1), torch.ones_like(animation.flow.masks[:, 0]))


@pytest.mark.parametrize("preset", ["paper-64", "live-xs"])
def test_unmoved_keypoints_leave_the_source_where_it_is(preset: str) -> None:
    network = build_network(PRESETS[preset]).eval()
    picture = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        animation = network(picture, picture)
    # Fresh networks have a zero residual, and every proposal of equal keypoints is to stay.
    torch.testing.assert_close(animation.warped, picture, atol=2e-4, rtol=0)


def test_keypoints_stay_float32_under_autocast() -> None:
    network = build_network(PRESETS["live-xs"]).eval()
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        keypoints = network.detect_keypoints(torch.rand(1, 3, 128, 128))
    assert keypoints.mean.dtype == keypoints.covariance.dtype == torch.float32
    assert torch.linalg.eigvalsh(keypoints.covariance).min() > 0


def test_live_keypoints_start_apart() -> None:
    keypoints = build_network(PRESETS["live-s"]).eval().detect_keypoints(torch.rand(1, 3, 128, 128))
    distances = torch.cdist(keypoints.mean[0], keypoints.mean[0]) + 10 * torch.eye(24)
    assert distances.min() > 0.1


def test_affine_proposal_undoes_a_known_linear_motion() -> None:
    generator = torch.Generator().manual_seed(3)
    factor = torch.randn(1, 1, 2, 2, generator=generator)
    covariance = factor @ factor.mT + 0.1 * torch.eye(2)
    moved_by = torch.tensor([[1.2, 0.0], [0.3, 0.8]])  # lower triangular: the family's linear maps
    source = Keypoints(torch.tensor([[[0.2, -0.1]]]), covariance)
    driving = Keypoints(torch.tensor([[[-0.1, 0.3]]]), moved_by @ covariance @ moved_by.mT)
    background, proposal = affine_proposals(source, driving)[0]
    point = torch.tensor([0.4, -0.7])
    expected = torch.linalg.inv(moved_by) @ (point - driving.mean[0, 0]) + source.mean[0, 0]
    torch.testing.assert_close(proposal[:, :2] @ point + proposal[:, 2], expected, atol=1e-4, rtol=1e-4)
    assert torch.equal(background, torch.eye(2, 3))


def test_mixing_one_proposal_alone_displaces_as_it_says() -> None:
    maps = torch.tensor([[[[1.0, 0, 0], [0, 1, 0]], [[0.5, 0.1, 0.2], [0.0, 2.0, -0.3]]]])
    grid = coordinate_grid(4, 4, False, maps.device)
    still, moved = (torch.eye(2)[index].expand(1, 4, 4, 2) for index in range(2))
    assert mix(still, maps, corners=False).abs().max() == 0
    expected = grid @ maps[0, 1, :, :2].mT + maps[0, 1, :, 2] - grid
    torch.testing.assert_close(mix(moved, maps, corners=False)[0], expected, atol=1e-6, rtol=0)


def test_untrained_masks_give_each_pixel_to_its_nearest_keypoint() -> None:
    means = torch.tensor([[[-0.5, -0.5], [0.5, 0.5]]])
    keypoints = Keypoints(means, torch.eye(2).expand(1, 2, 2, 2))
    reach, pull = torch.log(torch.tensor([0.2, 0.2])), torch.tensor([0.5, 0.5])
    logits = nearness(keypoints, reach, pull, 16, 16)[0].movedim(-1, 0)
    assert logits[0].abs().max() == 0
    distances = torch.cdist(coordinate_grid(16, 16, False, means.device).flatten(0, 1), means[0])
    assert torch.equal(logits[1:].flatten(1).argmax(dim=0), distances.argmin(dim=1))
    assert logits[1].flatten()[distances[:, 0].argmin()] > 0 > logits[1].flatten()[distances[:, 0].argmax()]


def test_background_proposal_leaves_the_source_and_a_shift_moves_it() -> None:
    thumbnail = torch.rand(1, 3, 8, 8)
    source = Keypoints(torch.tensor([[[0.25, 0.0]]]), torch.eye(2).expand(1, 1, 2, 2))
    driving = Keypoints(torch.tensor([[[0.0, 0.0]]]), torch.eye(2).expand(1, 1, 2, 2))
    displaced = displaced_sources(thumbnail, shift_proposals(source, driving), corners=False)
    assert displaced.shape == (1, 2, 3, 8, 8)
    torch.testing.assert_close(displaced[:, 0], thumbnail, atol=1e-5, rtol=0)
    torch.testing.assert_close(displaced[:, 1, :, :, :-1], thumbnail[..., 1:], atol=1e-5, rtol=0)


def test_an_enlarged_source_is_read_between_its_pixels_with_less_blur() -> None:
    torch.manual_seed(0)
    image = 0.25 + torch.nn.functional.avg_pool2d(torch.rand(1, 3, 66, 66), 3, stride=1) / 2
    assert enlarged(image, 1) is image
    for scale in (2, 3):
        grown = enlarged(image, scale)
        torch.testing.assert_close(grown[..., ::scale, ::scale], image)
        torch.testing.assert_close(warp(grown, torch.zeros(1, 64, 64, 2), 64), image)
    twice = enlarged(image, 2)
    by_a_pixel = torch.full((1, 64, 64, 2), 2 / 64)
    torch.testing.assert_close(warp(twice, by_a_pixel, 64)[..., :-1, :-1], image[..., 1:, 1:])
    detail = [warp(picture, by_a_pixel / 2, 64).std() for picture in (image, twice)]
    assert detail[0] < 0.85 * image.std()
    assert detail[1] > 0.95 * image.std()


def test_presets_are_hashable_and_distinct() -> None:
    assert len(set(PRESETS.values())) == len(PRESETS)
    assert all(config.image_size == 256 for config in PRESETS.values() if isinstance(config, LiveConfig))
