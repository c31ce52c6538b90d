"""The keypoint cycle: relative motion between people, and what moves a picture towards its keypoints."""

import torch

from models import PRESETS, build_network
from models.geometry import Keypoints
from training.keypoint_cycle import KeypointCycle, animate_others, relative_motion


def keypoints(seed: int, batch: int = 3, count: int = PRESETS["live-xs"].keypoint_count) -> Keypoints:
    generator = torch.Generator().manual_seed(seed)
    factor = 0.2 * torch.randn(batch, count, 2, 2, generator=generator)
    covariance = factor @ factor.mT + 0.01 * torch.eye(2)
    return Keypoints(0.5 * torch.rand(batch, count, 2, generator=generator) - 0.25, covariance)


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


def test_neighbours_are_animated_by_the_first_motions() -> None:
    network = build_network(PRESETS["live-xs"]).eval()
    pictures = torch.rand(3, 3, 64, 64)
    source, driving = keypoints(0), keypoints(1)
    animation = animate_others(network, network.encode_source(pictures), source, driving, 2)
    assert animation.image.shape == (2, 3, 64, 64)
    own, neighbour = (Keypoints(*(t[i : i + 1] for t in source)) for i in (1, 0))
    wanted = relative_motion(Keypoints(*(t[1:2] for t in driving)), neighbour, own)
    alone = network.animate(network.encode_source(pictures[:1]), neighbour, wanted)
    torch.testing.assert_close(animation.image[1:], alone.image, atol=1e-5, rtol=1e-4)


def test_descending_the_distance_moves_the_pictures_keypoints_and_not_the_detector() -> None:
    network = build_network(PRESETS["live-xs"])
    cycle = KeypointCycle(network.keypoint_detector)
    torch.manual_seed(0)
    image = torch.rand(1, 3, 64, 64).requires_grad_()
    (wanted,) = cycle.see(torch.rand(1, 3, 64, 64))
    spans = torch.tensor([[0, 1]])
    optimiser = torch.optim.Adam([image], lr=0.01)
    distances = []
    for _ in range(25):
        optimiser.zero_grad()
        distance = cycle.distance(image, wanted, spans)
        distance.backward()
        optimiser.step()
        distances.append(distance.item())
    assert distances[-1] < 0.5 * distances[0]
    assert all(parameter.grad is None for parameter in network.parameters())
