"""A smaller network learns to paint as a trained one does, whose keypoints, flow and encoded sources it takes over.

Both paint from the same features and the same flow, so that nothing is left to guess: what the teacher makes of a
picture is one answer, where the true picture is one of many that the same motion may lead to.
"""

from pathlib import Path

import torch
from torch import Tensor

from models.checkpoint import CheckpointError
from models.dense_motion import DenseFlow
from models.geometry import Keypoints
from models.portrait_net import PortraitNet
from training.losses import l1_around
from training.objective import Example, Outcome, WithoutDiscriminator, picture_terms
from training.perceptual import PerceptualDistance
from training.scene import play
from training.sections import LossSettings, TeacherSettings
from training.strangers import Seen, animate_both

# All that says what both paint from.
TAKEN_OVER = (
    "keypoint_detector",
    "dense_motion",
    "motion_transfer.encoder",
    "motion_transfer.context",
    "motion_transfer.motion",
)


class DistillationObjective(WithoutDiscriminator):
    """Pictures as the teacher's, of the batch's own sources and of strangers."""

    def __init__(
        self,
        settings: LossSettings,
        weights: TeacherSettings,
        teacher: PortraitNet,
        perceptual: PerceptualDistance | None = None,
    ) -> None:
        self.settings = settings
        self.weights = weights
        self.teacher = teacher.requires_grad_(False).eval()
        self.perceptual = perceptual

    def generator_loss(self, network: PortraitNet, example: Example, generator: torch.Generator) -> Outcome:
        """Its terms; nothing is drawn from `generator`."""
        scene = play(network, example, self.settings.cross, animate_both)
        own = self._paint(scene.sources, scene.own.flow, scene.driving)
        others = self._paint(scene.portraits, scene.strangers.flow, scene.moved)
        image, wanted = torch.cat([scene.own.image, scene.strangers.image]), torch.cat([own, others])
        warped = torch.cat([scene.own.warped, scene.strangers.warped])
        terms = picture_terms(self.settings, image, warped, wanted, self.perceptual)
        if self.weights.emphasis:
            around = torch.cat([scene.driving.mean, scene.moved.mean])[:, : self.weights.emphasised]
            terms["emphasis"] = self.weights.emphasis * l1_around(image, wanted, around)
        return Outcome(torch.stack(list(terms.values())).sum(), terms, scene.own, scene.driving)

    @torch.no_grad()
    def _paint(self, pictures: Seen, flow: DenseFlow, driving: Keypoints) -> Tensor:
        """What the teacher makes of `pictures`, whose features are its own."""
        if not len(pictures.strangers.images):
            return pictures.strangers.images
        image, _ = self.teacher.motion_transfer.decode(pictures.features, flow, pictures.keypoints, driving)
        return image


def take_over(network: PortraitNet, teacher: PortraitNet, path: Path) -> None:
    """Give `network` what TAKEN_OVER names of the teacher from `path`; CheckpointError if it has no room for it."""
    try:
        for name in TAKEN_OVER:
            network.get_submodule(name).load_state_dict(teacher.get_submodule(name).state_dict())
    except (RuntimeError, AttributeError):
        raise CheckpointError(
            f"{path}: its keypoint detector, dense motion and encoder are not as wide as the preset's, which takes "
            "them over; choose a preset and a teacher that share them, such as live-xs and live-s"
        ) from None
