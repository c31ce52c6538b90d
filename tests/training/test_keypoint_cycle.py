"""The keypoint cycle: what moves a picture towards its keypoints."""

import torch

from models import PRESETS, build_network
from training.keypoint_cycle import KeypointCycle


def test_descending_the_distance_moves_the_pictures_keypoints_and_not_the_detector() -> None:
    torch.manual_seed(0)
    network = build_network(PRESETS["live-xs"])
    cycle = KeypointCycle(network.keypoint_detector)
    image = torch.rand(1, 3, 64, 64).requires_grad_()
    (wanted,) = cycle.see(torch.rand(1, 3, 64, 64))
    spans = torch.tensor([[0, 1]])
    optimiser = torch.optim.Adam([image], lr=0.01)
    distances = []
    for _ in range(50):
        optimiser.zero_grad()
        distance = cycle.distance(image, wanted, spans)
        distance.backward()
        optimiser.step()
        distances.append(distance.item())
    assert distances[-1] < 0.5 * distances[0]
    assert all(parameter.grad is None for parameter in network.parameters())
