"""What every objective takes and gives: a batch of examples, and what it costs."""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from models.geometry import Keypoints
from models.portrait_net import Animation, PortraitNet
from realtime.parts import EVERYTHING, Parts
from training.losses import gradient_l1, landmark_distance, pyramid_l1, span_distance
from training.perceptual import PerceptualDistance
from training.sections import LossSettings
from training.strangers import Openings, Strangers


@dataclass(frozen=True, slots=True)
class Example:
    """One batch: what the detector sees of the driver may be recoloured, `target` is what must come out.

    Landmarks, where there are any, are [b, m, 2], and count with `landmark_weight`; the picture around the first
    `emphasised` of them counts once more with `emphasis`, and its gradients with `emphasis_gradient`; what lies between
    the ends of `spans` [s, 2] with `span_weight`, and how they move from source to driver with `shift_weight`. `judged`
    are the groups of landmarks that a judge looks at, and `judge_weight` is how much it counts. `led` are landmarks
    that the flow leads, each with the two that hide it when they meet. `openings` are opposite lips and lids, and
    `parts` what the live program is told of keypoints. The two `face_landmarks` [b, 5, 2] are those that
    training/face_alignment.py aligns faces by. `strangers` are animated by the first motions of the batch.
    """

    source: Tensor
    driving: Tensor
    target: Tensor
    source_landmarks: Tensor | None = None
    driving_landmarks: Tensor | None = None
    landmark_weight: float = 0.0
    emphasised: int = 0
    emphasis: float = 0.0
    emphasis_gradient: float = 0.0
    spans: Tensor | None = None
    span_weight: float = 0.0
    shift_weight: float = 0.0
    openings: Openings | None = None
    parts: Parts = EVERYTHING
    source_face_landmarks: Tensor | None = None
    face_landmarks: Tensor | None = None
    judged: tuple[tuple[int, ...], ...] = ()
    judge_weight: float = 1.0
    led: tuple[tuple[int, int, int], ...] = ()
    strangers: Strangers | None = None


@dataclass(frozen=True, slots=True)
class Painted:
    """Windows to be judged: what was made [b, 3, h, w], what is true of the first of them, how much places count.

    Of strangers nothing true is known: they come after those of which it is. `where` is [b, 1, h, w].
    """

    made: Tensor
    true: Tensor
    where: Tensor


@dataclass(frozen=True, slots=True)
class Outcome:
    """Total to minimise, its named terms, and what was animated, if anything was.

    `painting` is minimised beside the total by the transfer network's weights alone. From `painted` a judge of windows
    learns, where the objective has one.
    """

    total: Tensor
    terms: dict[str, Tensor]
    animation: Animation | None
    driving_keypoints: Keypoints
    painting: Tensor | None = None
    painted: Painted | None = None


class Objective(Protocol):
    """Computes the networks' loss; owns and judges with a discriminator where there is one."""

    @property
    def discriminator(self) -> nn.Module | None:
        """The network to be trained against, if any."""

    def generator_loss(self, network: PortraitNet, example: Example, generator: torch.Generator) -> Outcome:
        """What the three networks minimise; `generator` draws whatever the loss draws."""

    def discriminator_loss(self, example: Example, outcome: Outcome) -> Tensor:
        """What the discriminator minimises, given the generator's outcome."""


class WithoutDiscriminator:
    """What an objective is that trains against nobody."""

    discriminator: nn.Module | None = None

    def discriminator_loss(self, example: Example, outcome: Outcome) -> Tensor:
        """Never called: there is no discriminator."""
        raise NotImplementedError(f"{type(self).__name__} has no discriminator")


def picture_terms(
    settings: LossSettings, image: Tensor, warped: Tensor, target: Tensor, perceptual: PerceptualDistance | None
) -> dict[str, Tensor]:
    """What results `image`, made of `warped` sources, cost that should be `target`; all [b, 3, s, s] in [0, 1]."""
    terms = {
        "picture": pyramid_l1(image, target),
        "gradient": settings.gradient * gradient_l1(image, target),
    }
    if settings.warped:
        terms["warped"] = settings.warped * pyramid_l1(warped, target)
    if perceptual is not None:
        terms["perceptual"] = settings.perceptual * perceptual(image, target)
    return terms


def shift_terms(source: Tensor, driving: Tensor, example: Example) -> dict[str, Tensor]:
    """What the way from `source` to `driving` means [b, k, 2] costs that should be the example's landmarks' way."""
    if not example.shift_weight or example.source_landmarks is None or example.driving_landmarks is None:
        return {}
    distance = landmark_distance(driving - source, example.driving_landmarks - example.source_landmarks)
    return {"shift": example.shift_weight * distance}


def landmark_terms(means: Tensor, landmarks: Tensor, example: Example) -> dict[str, Tensor]:
    """What keypoints `means` [b, k, 2] cost that should be at `landmarks` [b, m, 2], by the example's weights."""
    terms = {"landmarks": example.landmark_weight * landmark_distance(means, landmarks)}
    if example.spans is not None and example.span_weight:
        terms["spans"] = example.span_weight * span_distance(means, landmarks, example.spans)
    return terms
