"""Other people's faces in the driver's motion: relative motion between them, and one batch for all."""

import numpy as np
import pytest
import torch

from models import PRESETS, build_network
from models.geometry import Keypoints
from realtime.frames import Keypoints as LiveKeypoints
from realtime.motion import relative_motion as live_relative_motion
from realtime.parts import Parts
from training.strangers import (
    Openings,
    Seen,
    Strangers,
    animate_both,
    carried_over,
    move_both,
    neighbours,
    relative_motion,
)


def keypoints(seed: int, batch: int = 3, count: int = PRESETS["live-xs"].keypoint_count) -> Keypoints:
    generator = torch.Generator().manual_seed(seed)
    factor = 0.2 * torch.randn(batch, count, 2, 2, generator=generator)
    covariance = factor @ factor.mT + 0.01 * torch.eye(2)
    return Keypoints(0.5 * torch.rand(batch, count, 2, generator=generator) - 0.25, covariance)


def only(points: Keypoints, index: int) -> Keypoints:
    return Keypoints(points.mean[index : index + 1], points.covariance[index : index + 1])


def test_no_motion_leaves_the_portrait_and_its_own_motion_becomes_it() -> None:
    driving, portrait = keypoints(0), keypoints(1)
    for expected, found in (
        (portrait, relative_motion(driving, portrait, driving)),
        (driving, relative_motion(driving, portrait, portrait)),
    ):
        torch.testing.assert_close(found.mean, expected.mean)
        torch.testing.assert_close(found.covariance, expected.covariance, atol=1e-4, rtol=1e-3)
    with torch.autocast("cpu", torch.bfloat16):
        strange = relative_motion(keypoints(2), portrait, driving)
    assert strange.covariance.dtype == torch.float32
    assert torch.linalg.eigvalsh(strange.covariance).min() > 0


@pytest.mark.parametrize("mouth", [(), (2, 3, 5)])
def test_openings_open_and_close_as_they_do_live(mouth: tuple[int, ...]) -> None:
    """Faces of one size, so that the live program's proportion changes nothing."""
    portrait, neutral, driving = keypoints(1), keypoints(2), keypoints(3)
    spread = [(m - m.mean(dim=1, keepdim=True)).square().sum(-1).mean(-1).sqrt() for m in (portrait.mean, neutral.mean)]
    like = neutral.mean * (spread[0] / spread[1])[:, None, None]
    pairs = [(0, 1), (2, 3), (5, 9)]
    lips = torch.tensor([pair for pair in pairs if set(pair) <= set(mouth)], dtype=torch.long).view(-1, 2)
    assert len(lips) == bool(mouth)
    found = carried_over(driving.mean, portrait.mean, like, Openings(torch.tensor(pairs), lips))
    for index in range(3):
        there, here, before = (
            LiveKeypoints(mean[index].numpy(), points.covariance[index].numpy())
            for mean, points in ((driving.mean, driving), (portrait.mean, portrait), (like, neutral))
        )
        expected = live_relative_motion(there, here, before, Parts.named({"mouth": mouth}, pairs)).target.mean
        np.testing.assert_allclose(found[index], expected, atol=2e-6)


@pytest.mark.parametrize("count", [0, 2])
def test_strangers_and_own_sources_are_animated_as_if_alone(count: int) -> None:
    network = build_network(PRESETS["live-xs"]).eval()
    pictures = torch.rand(3, 3, 64, 64)
    source, driving = keypoints(0), keypoints(1)
    features = network.encode_source(pictures)
    own = Seen(Strangers(pictures, torch.arange(30.0).view(3, 5, 2)), features, source)
    others = neighbours(own, count)
    assert others.strangers.face_landmarks is not None and len(others.strangers.face_landmarks) == count
    first, neutral = (Keypoints(*(tensor[:count] for tensor in points)) for points in (driving, source))
    moved = relative_motion(first, others.keypoints, neutral)
    animation, strangers = animate_both(network, own, others, driving, moved)
    torch.testing.assert_close(animation.image, network.animate(features, source, driving).image, atol=1e-5, rtol=1e-4)
    assert len(animation.flow.displacement) == 3 and strangers.image.shape == (count, 3, 64, 64)
    if count:
        neighbour = only(source, 0)
        wanted = relative_motion(only(driving, 1), neighbour, only(source, 1))
        alone = network.animate(network.encode_source(pictures[:1]), neighbour, wanted)
        torch.testing.assert_close(strangers.image[1:], alone.image, atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(strangers.warped[1:], alone.warped, atol=1e-5, rtol=1e-4)


def test_strangers_teach_how_to_move_them_and_not_how_to_paint() -> None:
    torch.manual_seed(0)
    network = build_network(PRESETS["live-xs"]).train()
    network.dense_motion.head.weight.data.normal_(0, 0.01)  # as it starts, it lets nothing through
    pictures = torch.rand(3, 3, 64, 64)
    source = network.detect_keypoints(pictures)
    own = Seen(Strangers(pictures), network.encode_source(pictures), source)
    others = neighbours(own, 2)
    driving = Keypoints(source.mean.roll(1, dims=0), source.covariance)
    moved = Keypoints(driving.mean[:2], driving.covariance[:2])
    animation, strangers = move_both(network, own, others, driving, moved)
    assert network.training and all(module.training for module in network.modules())
    assert all(parameter.requires_grad for parameter in network.parameters())

    def learned(loss: torch.Tensor) -> dict[str, bool]:
        network.zero_grad()
        loss.backward(retain_graph=True)
        parts = ("keypoint_detector", "dense_motion", "motion_transfer")
        return {
            part: any(p.grad is not None and p.grad.any() for p in network.get_submodule(part).parameters())
            for part in parts
        }

    everything = {"keypoint_detector": True, "dense_motion": True, "motion_transfer": True}
    assert learned(strangers.image.mean()) == everything | {"motion_transfer": False}
    assert learned(animation.image.mean()) == everything


def test_a_stranger_is_painted_as_in_use() -> None:
    network = build_network(PRESETS["live-xs"]).eval()
    pictures, source, driving = torch.rand(3, 3, 64, 64), keypoints(0), keypoints(1)
    own = Seen(Strangers(pictures), network.encode_source(pictures), source)
    others = neighbours(own, 2)
    moved = Keypoints(driving.mean[:2], driving.covariance[:2])
    for found, expected in zip(
        move_both(network, own, others, driving, moved),
        animate_both(network, own, others, driving, moved),
        strict=True,
    ):
        torch.testing.assert_close(found.image, expected.image, atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(found.flow.displacement, expected.flow.displacement, atol=1e-5, rtol=1e-4)
    (animation, none) = move_both(network, own, neighbours(own, 0), driving, Keypoints(*(t[:0] for t in driving)))
    assert len(animation.image) == 3 and not len(none.image)
