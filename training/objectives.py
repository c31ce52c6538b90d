"""What a step minimises: the paper's adversarial objective, and a cheaper one without a discriminator."""

import math
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from models.geometry import Keypoints
from models.portrait_net import Animation, PortraitNet
from training.augmentation import draw_affine
from training.discriminator import Discriminator
from training.face_mesh import MeshDistance, View, open_mesh_distance
from training.identity import IdentityEmbedding, identity_distance, open_identity_embedding
from training.keypoint_cycle import KeypointCycle
from training.losses import (
    discriminator_adversarial,
    feature_matching,
    generator_adversarial,
    gradient_l1,
    keypoint_distance,
    l1_around,
    landmark_distance,
    pyramid_l1,
    span_distance,
)
from training.perceptual import PerceptualDistance, open_perceptual_distance
from training.settings import LossSettings
from training.strangers import Seen, Strangers, animate_both, carried_over, neighbours
from training.tint import cold_mouths, shades_only

# Weights of the discriminator's maps in the authors' configurations, the pixel term first.
FEATURE_WEIGHTS = (10.0, 10.0, 10.0, 10.0, 1.0)


@dataclass(frozen=True, slots=True)
class Example:
    """One batch: what the detector sees of the driver may be recoloured, `target` is what must come out.

    Landmarks, where there are any, are [b, m, 2], and count with `landmark_weight`; the picture around the first
    `emphasised` of them counts once more with `emphasis`, and what lies between the ends of `spans` [s, 2] with
    `span_weight`. `openings` [o, 2] are opposite lips and lids. The two `face_landmarks` [b, 5, 2] are those that
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
    spans: Tensor | None = None
    span_weight: float = 0.0
    openings: Tensor | None = None
    source_face_landmarks: Tensor | None = None
    face_landmarks: Tensor | None = None
    strangers: Strangers | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """Total to minimise, its named terms, and what was animated, if anything was."""

    total: Tensor
    terms: dict[str, Tensor]
    animation: Animation | None
    driving_keypoints: Keypoints


class Objective(Protocol):
    """Computes the networks' loss; owns and judges with a discriminator where there is one."""

    @property
    def discriminator(self) -> nn.Module | None:
        """The network to be trained against, if any."""

    def generator_loss(self, network: PortraitNet, example: Example, generator: torch.Generator) -> Outcome:
        """What the three networks minimise; `generator` draws whatever the loss draws."""

    def discriminator_loss(self, example: Example, outcome: Outcome) -> Tensor:
        """What the discriminator minimises, given the generator's outcome."""


class ReconstructionObjective:
    """Multi-scale L1 and gradients of the result, L1 of the warped source, and what else the settings give a weight."""

    discriminator: nn.Module | None = None

    def __init__(
        self,
        settings: LossSettings,
        perceptual: PerceptualDistance | None = None,
        embedding: IdentityEmbedding | None = None,
        mesh: MeshDistance | None = None,
        cycle: KeypointCycle | None = None,
    ) -> None:
        self.settings = settings
        self.perceptual = perceptual
        self.embedding = embedding
        self.mesh = mesh
        self.cycle = cycle

    def generator_loss(self, network: PortraitNet, example: Example, generator: torch.Generator) -> Outcome:
        """Its terms; the equivariance view is drawn from `generator`, and costs nothing at weight zero."""
        warp = draw_affine(example.driving, generator)
        views = [example.source, example.driving]
        if self.settings.equivariance:
            views.append(warp.warp(example.driving))
        if example.strangers is not None:
            views.append(example.strangers.images)
        # One batch for all views: thin networks waste a processor on small batches.
        mean, covariance = network.detect_keypoints(torch.cat(views))
        sizes = [len(view) for view in views]
        source, driving, *others = map(Keypoints, mean.split(sizes), covariance.split(sizes))
        pictures, strange = Strangers(example.source, example.source_face_landmarks), example.strangers
        if strange is None:
            own = Seen(pictures, network.encode_source(example.source), source)
            seen = neighbours(own, round(self.settings.cross * len(driving.mean)))
        else:
            features = network.encode_source(torch.cat([example.source, strange.images]))
            halves = {
                name: tensor.split([len(example.source), len(strange.images)]) for name, tensor in features.items()
            }
            own = Seen(pictures, {name: half[0] for name, half in halves.items()}, source)
            seen = Seen(strange, {name: half[1] for name, half in halves.items()}, others.pop())
        animation, strangers = animate_both(network, own, seen, driving, example.openings)
        terms = self._picture_terms(animation, example)
        if self.cycle is not None:
            terms |= self._cycle_terms(self.cycle, example, animation)
        if len(strangers.image):
            terms |= self._stranger_terms(strangers, seen.strangers, example)
        for keypoints in others:
            distance = keypoint_distance(warp.to_original(keypoints), driving)
            terms["equivariance"] = self.settings.equivariance * distance
        if example.source_landmarks is not None and example.driving_landmarks is not None:
            found = torch.cat([source.mean, driving.mean])
            landmarks = torch.cat([example.source_landmarks, example.driving_landmarks])
            terms |= _landmark_terms(found, landmarks, example)
        return Outcome(torch.stack(list(terms.values())).sum(), terms, animation, driving)

    def _picture_terms(self, animation: Animation, example: Example) -> dict[str, Tensor]:
        settings, target = self.settings, example.target
        terms = {
            "picture": pyramid_l1(animation.image, target),
            "gradient": settings.gradient * gradient_l1(animation.image, target),
            "warped": settings.warped * pyramid_l1(animation.warped, target),
        }
        if self.perceptual is not None:
            terms["perceptual"] = settings.perceptual * self.perceptual(animation.image, target)
        if self.embedding is not None and example.face_landmarks is not None:
            distance = identity_distance(self.embedding, animation.image, target, example.face_landmarks)
            terms["identity"] = settings.identity * distance
        if self.mesh is not None and example.face_landmarks is not None:
            terms["mesh"] = settings.mesh * self.mesh(shades_only(animation.image), target, example.face_landmarks)
        if example.emphasis and example.driving_landmarks is not None:
            around = example.driving_landmarks[:, : example.emphasised]
            terms["emphasis"] = example.emphasis * l1_around(animation.image, target, around)
        return terms

    def _cycle_terms(self, cycle: KeypointCycle, example: Example, own: Animation) -> dict[str, Tensor]:
        with torch.no_grad():
            (driving,) = cycle.see(example.target)
        return {"cycle": self.settings.cycle * cycle.distance(shades_only(own.image), driving, example.spans)}

    def _stranger_terms(self, animation: Animation, strangers: Strangers, example: Example) -> dict[str, Tensor]:
        settings, count, terms = self.settings, len(animation.image), {}
        image = shades_only(animation.image)
        if self.cycle is not None:
            with torch.no_grad():
                there, here, before = self.cycle.see(example.target[:count], strangers.images, example.source[:count])
                wanted = carried_over(there, here, before, example.openings)
            terms["cross_cycle"] = settings.cycle * self.cycle.distance(image, wanted, example.spans)
        portrait, neutral, driving = strangers.face_landmarks, example.source_face_landmarks, example.face_landmarks
        if portrait is None or neutral is None or driving is None:
            return terms
        neutral, driving = neutral[:count], driving[:count]
        moved = portrait + driving - neutral
        if self.mesh is not None:
            views = (
                View(strangers.images, portrait),
                View(example.source[:count], neutral),
                View(example.target[:count], driving),
            )
            terms["cross_mesh"] = settings.mesh * self.mesh.of_strangers(image, moved, *views)
        if settings.tint:
            terms["tint"] = settings.tint * cold_mouths(animation.image, animation.warped, moved)
        return terms

    def discriminator_loss(self, example: Example, outcome: Outcome) -> Tensor:
        """Never called: there is no discriminator."""
        raise NotImplementedError("the reconstruction objective has no discriminator")


class KeypointObjective:
    """The detector alone: landmarks and their spans in both frames and in a warped view, and equivariance."""

    discriminator: nn.Module | None = None

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
        _, driving, moved = (Keypoints(*pair) for pair in zip(mean.chunk(3), covariance.chunk(3), strict=True))
        warped = warp.to_warped(example.driving_landmarks)
        outside = (warped.abs() > 1).any(dim=-1, keepdim=True)
        warped = warped.masked_fill(outside, math.nan)
        landmarks = torch.cat([example.source_landmarks, example.driving_landmarks, warped])
        terms = _landmark_terms(mean, landmarks, example)
        terms["equivariance"] = self.settings.equivariance * keypoint_distance(warp.to_original(moved), driving)
        return Outcome(torch.stack(list(terms.values())).sum(), terms, None, driving)

    def discriminator_loss(self, example: Example, outcome: Outcome) -> Tensor:
        """Never called: there is no discriminator."""
        raise NotImplementedError("the keypoints objective has no discriminator")


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


def make_objective(settings: LossSettings, network: PortraitNet, device: torch.device) -> Objective:
    """The objective the configuration names for `network` as it starts, what it judges with on `device`."""
    match settings.objective:
        case "paper":
            return PaperObjective(network.config.keypoint_count, device)
        case "reconstruction":
            perceptual = open_perceptual_distance().to(device) if settings.perceptual else None
            embedding = open_identity_embedding().to(device) if settings.identity else None
            mesh = open_mesh_distance().to(device) if settings.mesh else None
            cycle = KeypointCycle(network.keypoint_detector) if settings.cycle else None
            return ReconstructionObjective(settings, perceptual, embedding, mesh, cycle)
        case "keypoints":
            return KeypointObjective(settings)


def _landmark_terms(means: Tensor, landmarks: Tensor, example: Example) -> dict[str, Tensor]:
    terms = {"landmarks": example.landmark_weight * landmark_distance(means, landmarks)}
    if example.spans is not None and example.span_weight:
        terms["spans"] = example.span_weight * span_distance(means, landmarks, example.spans)
    return terms
