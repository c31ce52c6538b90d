"""The objective without a discriminator: results are compared with true pictures, and by what judges see in them."""

import torch
from torch import Tensor

from models.portrait_net import Animation, PortraitNet
from training.augmentation import draw_affine
from training.face_mesh import MeshDistance, View
from training.identity import IdentityEmbedding, identity_distance
from training.keypoint_cycle import KeypointCycle
from training.losses import gradient_l1_around, keypoint_distance, l1_around, lost_detail
from training.objective import Example, Outcome, WithoutDiscriminator, landmark_terms, picture_terms, shift_terms
from training.perceptual import PerceptualDistance
from training.scene import Scene, play
from training.sections import LossSettings
from training.shades import shades_only
from training.strangers import carried_over, move_both

# What teaches the transfer network alone.
PAINTING = ("painted_identity", "detail")


class ReconstructionObjective(WithoutDiscriminator):
    """Multi-scale L1 and gradients of the result, L1 of the warped source, and what else the settings give a weight."""

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
        views = [warp.warp(example.driving)] if self.settings.equivariance else []
        scene = play(network, example, self.settings.cross, move_both, views)
        terms = self._picture_terms(scene.own, example)
        if self.cycle is not None:
            terms |= self._cycle_terms(self.cycle, example, scene.own)
        if len(scene.strangers.image):
            terms |= self._stranger_terms(scene, example)
        for keypoints in scene.further:
            distance = keypoint_distance(warp.to_original(keypoints), scene.driving)
            terms["equivariance"] = self.settings.equivariance * distance
        if example.source_landmarks is not None and example.driving_landmarks is not None:
            found = torch.cat([scene.sources.keypoints.mean, scene.driving.mean])
            terms |= landmark_terms(found, torch.cat([example.source_landmarks, example.driving_landmarks]), example)
        terms |= shift_terms(scene.sources.keypoints.mean, scene.driving.mean, example)
        painting = [terms[name] for name in PAINTING if name in terms]
        total = torch.stack([term for name, term in terms.items() if name not in PAINTING]).sum()
        return Outcome(total, terms, scene.own, scene.driving, torch.stack(painting).sum() if painting else None)

    def _picture_terms(self, animation: Animation, example: Example) -> dict[str, Tensor]:
        settings, target = self.settings, example.target
        terms = picture_terms(settings, animation.image, animation.warped, target, self.perceptual)
        if settings.detail:
            terms["detail"] = settings.detail * lost_detail(animation.image, animation.warped, target)
        if self.embedding is not None and example.face_landmarks is not None:
            distance = identity_distance(self.embedding, animation.image, target, example.face_landmarks)
            if settings.identity:
                terms["identity"] = settings.identity * distance
            if settings.painted_identity:
                terms["painted_identity"] = settings.painted_identity * distance
        if self.mesh is not None and example.face_landmarks is not None:
            terms["mesh"] = settings.mesh * self.mesh(shades_only(animation.image), target, example.face_landmarks)
        if example.driving_landmarks is not None:
            around = example.driving_landmarks[:, : example.emphasised]
            if example.emphasis:
                terms["emphasis"] = example.emphasis * l1_around(animation.image, target, around)
            if example.emphasis_gradient:
                distance = gradient_l1_around(animation.image, target, around)
                terms["emphasis_gradient"] = example.emphasis_gradient * distance
        return terms

    def _cycle_terms(self, cycle: KeypointCycle, example: Example, own: Animation) -> dict[str, Tensor]:
        with torch.no_grad():
            (driving,) = cycle.see(example.target)
        return {"cycle": self.settings.cycle * cycle.distance(shades_only(own.image), driving, example.spans)}

    def _stranger_terms(self, scene: Scene, example: Example) -> dict[str, Tensor]:
        settings, terms = self.settings, {}
        animation, strangers = scene.strangers, scene.portraits.strangers
        image, count = shades_only(animation.image), len(animation.image)
        if self.cycle is not None:
            with torch.no_grad():
                there, here, before = self.cycle.see(example.target[:count], strangers.images, example.source[:count])
                wanted = carried_over(there, here, before, example.openings)
            terms["cross_cycle"] = settings.cycle * self.cycle.distance(image, wanted, example.spans)
        portrait, neutral, driving = strangers.face_landmarks, example.source_face_landmarks, example.face_landmarks
        if self.mesh is None or portrait is None or neutral is None or driving is None:
            return terms
        neutral, driving = neutral[:count], driving[:count]
        views = (
            View(strangers.images, portrait),
            View(example.source[:count], neutral),
            View(example.target[:count], driving),
        )
        distance = self.mesh.of_strangers(image, portrait + driving - neutral, *views)
        return terms | {"cross_mesh": settings.mesh * distance}
