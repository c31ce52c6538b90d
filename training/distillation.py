"""A smaller network learns from a trained one: where keypoints are, how pictures flow, what becomes of strangers.

True pairs teach the picture itself. Of a stranger in the driver's motion there is none: the teacher's result is it.
"""

from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor

from models.geometry import Keypoints
from models.portrait_net import PortraitNet
from training.losses import keypoint_distance, l1_around
from training.objective import Example, Outcome, WithoutDiscriminator, picture_terms
from training.perceptual import PerceptualDistance
from training.scene import Scene, play
from training.settings import LossSettings, TeacherSettings


class DistillationObjective(WithoutDiscriminator):
    """Pictures as in the reconstruction, keypoints and flow as the teacher's, who sees the driver undegraded."""

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
        scene = play(network, example, self.settings.cross)
        with torch.no_grad():
            lesson = play(self.teacher, replace(example, driving=example.target), self.settings.cross)
        image, wanted = _both(scene), torch.cat([example.target, lesson.strangers.image])
        warped = torch.cat([scene.own.warped, scene.strangers.warped])
        terms = picture_terms(self.settings, image, warped, wanted, self.perceptual) | {
            "keypoints": self.weights.keypoints * keypoint_distance(_seen(scene), _seen(lesson)),
            "flow": self.weights.flow * F.l1_loss(_displacement(scene), _displacement(lesson)),
        }
        if self.weights.emphasis:
            around = torch.cat([lesson.driving.mean, lesson.moved.mean])[:, : self.weights.emphasised]
            terms["emphasis"] = self.weights.emphasis * l1_around(image, wanted, around)
        return Outcome(torch.stack(list(terms.values())).sum(), terms, scene.own, scene.driving)


def _both(scene: Scene) -> Tensor:
    return torch.cat([scene.own.image, scene.strangers.image])


def _displacement(scene: Scene) -> Tensor:
    return torch.cat([scene.own.flow.displacement, scene.strangers.flow.displacement])


def _seen(scene: Scene) -> Keypoints:
    """The keypoints of all that was looked at."""
    views = (scene.source, scene.driving, scene.portraits.keypoints)
    return Keypoints(torch.cat([view.mean for view in views]), torch.cat([view.covariance for view in views]))
