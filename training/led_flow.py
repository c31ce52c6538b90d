"""The dense motion alone: where its flow leads from the driver's landmarks shall be the source's.

A picture's error hardly tells by two pixels where an iris is, and so a flow that pictures teach leads it a part of its
way. What is led is small and hidden at times, as an iris is between lids: it counts while both pictures show it. Beside
it the flow, and what else the painter is told, are held to what they were when the run began.
"""

import copy

import torch
from torch import Tensor, nn

from models.dense_motion import DenseFlow
from models.geometry import Keypoints, coordinate_grid, sample, spread_of
from models.keypoint_detector import resize
from models.live_transfer import THUMBNAIL_SIZE
from models.portrait_net import PortraitNet
from realtime.parts import Parts
from training.landmarks import HIDDEN
from training.objective import Example, Outcome, WithoutDiscriminator
from training.sections import LossSettings

Led = tuple[tuple[int, int, int], ...]  # a point, and the two that hide it when they meet

REACH = 0.35  # spreads of the face: how far around a point that is led the flow may change
HELD_THERE = 0.05  # of what is held elsewhere
OCCLUSION, FEATURES = 5.0, 3.0  # what a change of one of these counts, in pixels of the flow


class LedFlowObjective(WithoutDiscriminator):
    """Pixels by which the flow leads beside, and by which it changed elsewhere."""

    def __init__(self, settings: LossSettings, motion: nn.Module) -> None:
        self.settings = settings
        self.before = copy.deepcopy(motion).eval().requires_grad_(False)

    def generator_loss(self, network: PortraitNet, example: Example, generator: torch.Generator) -> Outcome:
        """Its two terms, in pixels of the flow. ValueError without points to lead."""
        if not example.led or example.source_landmarks is None or example.driving_landmarks is None:
            raise ValueError("the flow objective leads landmarks; name some in landmarks.led")
        network.eval()  # statistics are those of whole frames, and stay
        with torch.no_grad():
            seen = network.detect_keypoints(torch.cat([example.source, example.driving]))
            source, driving = (Keypoints(*pair) for pair in zip(*(points.chunk(2) for points in seen), strict=True))
            thumbnail = resize(example.source, THUMBNAIL_SIZE)
            before = self.before(thumbnail, source, driving)
        flow = network.dense_motion(thumbnail, source, driving)
        led = led_astray(flow.displacement, example.source_landmarks, example.driving_landmarks, example)
        near = around(example.driving_landmarks, example, flow.displacement.shape[1])
        terms = {"led": led, "hold": self.settings.hold * changed(flow, before, near)}
        return Outcome(torch.stack(list(terms.values())).sum(), terms, None, driving)


def led_astray(displacement: Tensor, source: Tensor, driving: Tensor, example: Example) -> Tensor:
    """Mean over the points that both `source` and `driving` [b, m, 2] show, in pixels of the flow [b, h, h, 2]."""
    points = [point for point, _, _ in example.led]
    places, wanted = driving[:, points], source[:, points] - driving[:, points]
    known = shown(source, example.led, example.parts) & shown(driving, example.led, example.parts)
    known &= wanted.isfinite().all(dim=-1)
    leads = sample(displacement.movedim(-1, 1), places.nan_to_num()[:, None], corners=False)[:, :, 0].movedim(1, -1)
    astray = (leads - wanted.nan_to_num()).abs().sum(dim=-1) * known
    return astray.sum() / known.sum().clamp_min(1) * (displacement.shape[1] / 2)


def shown(landmarks: Tensor, led: Led, parts: Parts) -> Tensor:
    """[b, n]: whether each point of `led` is seen in `landmarks` [b, m, 2]; not where they are unknown."""
    _, one, other = zip(*led, strict=True)
    apart = (landmarks[:, list(one)] - landmarks[:, list(other)]).norm(dim=-1)
    return apart > HIDDEN * spread_of(landmarks[:, parts.face])[:, None]


def around(landmarks: Tensor, example: Example, size: int) -> Tensor:
    """Soft discs [b, size, size] about the points that are led, 1 at each."""
    centres = landmarks[:, [point for point, _, _ in example.led]]
    radius = REACH * spread_of(landmarks[:, example.parts.face])[:, None, None, None]
    grid = coordinate_grid(size, size, False, landmarks.device)
    squared = (grid - centres[:, :, None, None]).square().sum(dim=-1) / radius.square()  # b n size size
    return torch.sigmoid(6 * (1 - squared)).nan_to_num().amax(dim=1)


def changed(flow: DenseFlow, before: DenseFlow, near: Tensor) -> Tensor:
    """Mean way between where `flow` and `before` lead, in pixels, less where it is `near`; and what else changed."""
    assert flow.occlusion is not None and before.occlusion is not None
    assert flow.features is not None and before.features is not None
    away = 1 - (1 - HELD_THERE) * near
    way = (flow.displacement - before.displacement).abs().sum(dim=-1) * (near.shape[-1] / 2)
    occlusion = (flow.occlusion - before.occlusion).abs().mean()
    features = (flow.features - before.features).abs().mean()
    return (way * away).mean() + OCCLUSION * occlusion + FEATURES * features
