"""The objectives by name, and the two short ones: the paper's adversarial one, and that of the detector alone."""

import math

import torch
from torch import Tensor, nn

from models.checkpoint import load_checkpoint
from models.geometry import Keypoints
from models.live_transfer import LiveMotionTransfer
from models.portrait_net import PortraitNet
from training.augmentation import draw_affine
from training.discriminator import Discriminator
from training.distillation import DistillationObjective
from training.face_mesh import open_mesh_distance
from training.identity import open_identity_embedding
from training.keypoint_cycle import KeypointCycle
from training.led_flow import LedFlowObjective
from training.losses import (
    discriminator_adversarial,
    feature_matching,
    generator_adversarial,
    keypoint_distance,
)
from training.objective import Example, Objective, Outcome, WithoutDiscriminator, landmark_terms, shift_terms
from training.painting import PaintingObjective
from training.perceptual import PerceptualDistance, open_perceptual_distance
from training.reconstruction import ReconstructionObjective
from training.sections import LossSettings, TeacherSettings
from training.settings import TrainingSettings

# Weights of the discriminator's maps in the authors' configurations, the pixel term first.
FEATURE_WEIGHTS = (10.0, 10.0, 10.0, 10.0, 1.0)


class KeypointObjective(WithoutDiscriminator):
    """The detector alone: landmarks and their spans in both frames and in a warped view, and equivariance."""

    def __init__(self, settings: LossSettings) -> None:
        self.settings = settings

    def generator_loss(self, network: PortraitNet, example: Example, generator: torch.Generator) -> Outcome:
        """The three terms; ValueError if the example has no landmarks."""
        if example.source_landmarks is None or example.driving_landmarks is None:
            raise ValueError("the keypoints objective learns from landmarks; add a [landmarks] section")
        warp = draw_affine(example.driving, generator)
        mean, covariance = network.detect_keypoints(
            torch.cat([example.source, example.driving, warp.warp(example.driving)])
        )
        source, driving, moved = (Keypoints(*pair) for pair in zip(mean.chunk(3), covariance.chunk(3), strict=True))
        warped = warp.to_warped(example.driving_landmarks)
        outside = (warped.abs() > 1).any(dim=-1, keepdim=True)
        warped = warped.masked_fill(outside, math.nan)
        landmarks = torch.cat([example.source_landmarks, example.driving_landmarks, warped])
        terms = landmark_terms(mean, landmarks, example) | shift_terms(source.mean, driving.mean, example)
        terms["equivariance"] = self.settings.equivariance * keypoint_distance(warp.to_original(moved), driving)
        return Outcome(torch.stack(list(terms.values())).sum(), terms, None, driving)


class PaperObjective:
    """Least-squares adversarial loss with discriminator feature matching (paper, section 3.4)."""

    def __init__(self, keypoint_count: int, device: torch.device) -> None:
        self.judge = Discriminator(keypoint_count).to(device)
        self.discriminator: nn.Module | None = self.judge

    def generator_loss(self, network: PortraitNet, example: Example, generator: torch.Generator) -> Outcome:
        """Feature matching with the pixel term first, and the adversarial term."""
        mean, covariance = network.detect_keypoints(torch.cat([example.source, example.driving]))
        source, driving = (Keypoints(*pair) for pair in zip(mean.chunk(2), covariance.chunk(2), strict=True))
        animation = network.animate(network.encode_source(example.source), source, driving)
        fixed = driving.detach()
        generated = self.judge(animation.image, fixed)
        real = self.judge(example.target, fixed)
        terms = {
            "matching": feature_matching(generated[:-1], real[:-1], FEATURE_WEIGHTS),
            "adversarial": generator_adversarial(generated[-1]),
        }
        return Outcome(torch.stack(list(terms.values())).sum(), terms, animation, fixed)

    def discriminator_loss(self, example: Example, outcome: Outcome) -> Tensor:
        """Least squares on real and generated judgements."""
        assert outcome.animation is not None
        generated = self.judge(outcome.animation.image.detach(), outcome.driving_keypoints)[-1]
        return discriminator_adversarial(self.judge(example.target, outcome.driving_keypoints)[-1], generated)


def make_objective(settings: TrainingSettings, network: PortraitNet, device: torch.device) -> Objective:
    """The objective the configuration names for `network` as it starts, what it judges with on `device`."""
    loss = settings.loss
    match loss.objective:
        case "paper":
            return PaperObjective(network.config.keypoint_count, device)
        case "reconstruction":
            embedding = open_identity_embedding().to(device) if loss.identity or loss.painted_identity else None
            mesh = open_mesh_distance().to(device) if loss.mesh else None
            cycle = KeypointCycle(network.keypoint_detector) if loss.cycle else None
            return ReconstructionObjective(loss, _perceptual(loss, device), embedding, mesh, cycle)
        case "distillation":
            assert settings.teacher is not None
            teacher = _load_teacher(settings.teacher, device)
            return DistillationObjective(loss, settings.teacher, teacher, _perceptual(loss, device))
        case "painting":
            embedding = open_identity_embedding().to(device) if loss.painted_identity else None
            painter = _live_painter(network)
            taught_by = _live_painter(_load_teacher(settings.teacher, device)) if settings.teacher else None
            return PaintingObjective(loss, painter, device, _perceptual(loss, device), embedding, taught_by)
        case "flow":
            return LedFlowObjective(loss, network.dense_motion)
        case "keypoints":
            return KeypointObjective(loss)


def _load_teacher(settings: TeacherSettings, device: torch.device) -> PortraitNet:
    return load_checkpoint(settings.checkpoint)[0].to(device)


def _live_painter(network: PortraitNet) -> LiveMotionTransfer:
    assert isinstance(network.motion_transfer, LiveMotionTransfer)
    return network.motion_transfer


def _perceptual(settings: LossSettings, device: torch.device) -> PerceptualDistance | None:
    return open_perceptual_distance().to(device) if settings.perceptual else None
