"""The painter alone, on windows around what a discriminator judges: opened mouths, say, and eyes.

A reconstruction is cheapest where it is nothing in particular: a grey mean of teeth, tongue and dark. A judge of detail
asks for one of them. What comes before painting stays as it is and is computed without gradients; what lies beside the
judged is held to what the painter made of it when the run began. A teacher who paints from the same features and flow
says which of them: then its picture is the aim, of what is judged and of what is not.

A share `loss.cross` of the batch also moves strangers, as a call does: their mouths open wider than any that clips
show. No true picture of them is known: the judge learns on them, too, what is painted, and their shades stay as they
were.
"""

import copy
from functools import partial

import torch
from torch import Tensor, nn

from models.live_transfer import LiveMotionTransfer, warp
from models.portrait_net import PortraitNet
from training.identity import IdentityEmbedding, identity_distance
from training.in_a_call import moved_in_calls
from training.losses import gradient_l1, lost_detail, pyramid_l1, shade_l1
from training.objective import Example, Outcome, Painted, picture_terms
from training.patch_judge import PatchJudge, convincing, mistaken, unlike_features
from training.perceptual import PerceptualDistance
from training.scene import Cast, look
from training.sections import LossSettings
from training.strangers import joined
from training.windows import Windows, windows_at

ELSEWHERE = 2  # one window about any landmark for so many judged ones
IDENTIFIED = 4  # an embedding costs as much as four windows, so it looks at one in four
JITTER = 1 / 16  # of the picture: how far a window's centre is off the judged points'
RIM = 0.2  # of the judged points' extent: what is judged beside it


class PaintingObjective:
    """What windows cost beside their true pictures or a teacher's, and by a judge that learns to tell the two apart."""

    def __init__(
        self,
        settings: LossSettings,
        painter: LiveMotionTransfer,
        device: torch.device,
        perceptual: PerceptualDistance | None = None,
        embedding: IdentityEmbedding | None = None,
        teacher: LiveMotionTransfer | None = None,
    ) -> None:
        self.settings = settings
        self.taught = teacher is not None
        self.model = (teacher or copy.deepcopy(painter)).eval().requires_grad_(False)
        self.judge = PatchJudge().to(device)
        self.discriminator: nn.Module | None = self.judge
        self.perceptual = perceptual
        self.embedding = embedding

    def generator_loss(self, network: PortraitNet, example: Example, generator: torch.Generator) -> Outcome:
        """Its terms; where windows lie is drawn from `generator`. ValueError without points to look around."""
        if not example.judged or example.driving_landmarks is None:
            raise ValueError("the painting objective looks around landmarks; name some in landmarks.judged")
        network.eval()  # windows around mouths have other statistics than the pictures that come later
        painter = network.motion_transfer
        assert isinstance(painter, LiveMotionTransfer)
        met, warped, cast = _before_painting(network, painter, example, self.settings.cross)
        own, count, size = len(example.target), len(met), example.target.shape[-1]
        boxes = torch.cat([boxes_of(points, example.judged) for points in (example.driving_landmarks, cast.moved.mean)])
        elsewhere = _any_of(example.driving_landmarks[: -(-own // ELSEWHERE)], generator)
        centres = torch.cat([centres_in_turns(boxes), elsewhere]).nan_to_num()
        windows = windows_at(_off_centre(centres, generator), met.shape[-1])
        chosen = torch.cat([torch.arange(count), torch.arange(len(elsewhere))])
        seen = windows.of_pictures(warped[chosen])
        features = windows.of_features(met[chosen])
        image = windows.within(painter.paint(features, seen))
        with torch.no_grad():
            held = windows.within(self.model.paint(features, seen))
        where = judged_places(windows, boxes[chosen], size, image.shape[-1])
        made = held + where * (image - held)
        judged = windows.first(own)
        true = held[:count] if self.taught else judged.within(judged.of_pictures(example.target))
        painted = Painted(made[:count], true, where[:count])
        terms = self._picture_terms(painted, windows.within(seen))
        terms |= self._judged_terms(painted, example)
        terms |= self._identity_terms(judged, painted, example)
        beside = image - (made - held)
        terms["hold"] = self.settings.hold * (pyramid_l1(beside, held) + gradient_l1(beside, held))
        if len(true) < count:
            strangers = slice(len(true), count)
            terms["shades"] = self.settings.hold * shade_l1(made[strangers], held[strangers])
        return Outcome(torch.stack(list(terms.values())).sum(), terms, None, cast.driving, painted=painted)

    def discriminator_loss(self, example: Example, outcome: Outcome) -> Tensor:
        """What the judge pays for taking one for the other."""
        painted = outcome.painted
        assert painted is not None
        real = self.judge(painted.true, painted.where[: len(painted.true)])[-1]
        made = self.judge(painted.made.detach(), painted.where)[-1]
        return mistaken(real, made, painted.where)

    def _picture_terms(self, painted: Painted, seen: Tensor) -> dict[str, Tensor]:
        known = len(painted.true)
        made, seen = painted.made[:known], seen[:known]
        terms = picture_terms(self.settings, made, seen, painted.true, self.perceptual)
        if self.settings.detail:
            terms["detail"] = self.settings.detail * lost_detail(made, seen, painted.true)
        return terms

    def _judged_terms(self, painted: Painted, example: Example) -> dict[str, Tensor]:
        known = len(painted.true)
        where = painted.where[:known]
        made = self.judge(painted.made, painted.where)
        with torch.no_grad():
            real = self.judge(painted.true, where)
        convince, match = (example.judge_weight * w for w in (self.settings.convincing, self.settings.matching))
        inside = (painted.made[:known] - painted.true).abs().mean(dim=1, keepdim=True) * where
        return {
            "emphasis": example.emphasis * inside.sum() / where.sum().clamp_min(1),
            "convincing": convince * convincing(made[-1], painted.where),
            "matching": match * unlike_features([maps[:known] for maps in made[:-1]], real[:-1], where),
        }

    def _identity_terms(self, windows: Windows, painted: Painted, example: Example) -> dict[str, Tensor]:
        if self.embedding is None or example.face_landmarks is None:
            return {}
        few = -(-len(painted.made) // IDENTIFIED)
        target = example.target[:few]
        whole = windows.first(few).put_into(target, painted.made[:few])
        distance = identity_distance(self.embedding, whole, target, example.face_landmarks[:few])
        return {"painted_identity": self.settings.painted_identity * distance}


def boxes_of(points: Tensor, groups: tuple[tuple[int, ...], ...]) -> Tensor:
    """The first and the last corner of what each group of `points` [b, m, 2] spans, [b, g, 2, 2]."""
    members = [points[:, list(group)] for group in groups]
    return torch.stack([torch.stack([p.amin(dim=1), p.amax(dim=1)], dim=1) for p in members], dim=1)


def centres_in_turns(judged: Tensor) -> Tensor:
    """The middle [b, 2] of the first group's corners [b, g, 2, 2] in the first picture, of the second's in the next."""
    pictures = torch.arange(len(judged))
    return judged[pictures, pictures % judged.shape[1]].mean(dim=1)


def judged_places(windows: Windows, judged: Tensor, size: int, side: int) -> Tensor:
    """[b, 1, side, side]: how much what is `within` the windows is `judged` [b, g, 2, 2], in pictures of `size`."""
    corners = windows.inner_points(judged.flatten(1, 2), size).view_as(judged)
    return ellipses(corners.flatten(0, 1), side).unflatten(0, judged.shape[:2]).amax(dim=1)


def ellipses(corners: Tensor, side: int) -> Tensor:
    """Soft ellipses [b, 1, side, side], a rim beyond `corners` [b, 2, 2] in pixels; nothing where one is NaN."""
    low, high = corners.unbind(dim=1)  # b 2
    extent = (high - low).amax(dim=1, keepdim=True)
    radius = ((high - low) / 2 + RIM * extent).clamp_min(1)
    place = torch.arange(side, device=corners.device) + 0.5
    x, y = ((place - ((low + high) / 2)[:, axis, None]) / radius[:, axis, None] for axis in (0, 1))
    squared = x.square()[:, None, :] + y.square()[:, :, None]  # b side side
    return torch.sigmoid(4 * (1 - squared)).nan_to_num()[:, None]


@torch.no_grad()
def _before_painting(
    network: PortraitNet, painter: LiveMotionTransfer, example: Example, cross: float
) -> tuple[Tensor, Tensor, Cast]:
    """Features to paint from [b, c, s / 4, s / 4], warped sources [b, 3, s, s], strangers last; and the cast."""
    cast = look(network, example, cross, move=partial(moved_in_calls, parts=example.parts))
    own, others = cast.sources, cast.portraits
    features = {name: torch.cat([maps, others.features[name]]) for name, maps in own.features.items()}
    sources, wanted = joined(own.keypoints, others.keypoints), joined(cast.driving, cast.moved)
    flow = network.dense_motion(features["source_thumbnail"], sources, wanted)
    warped = warp(features["source_image"], flow.displacement, example.source.shape[-1])
    return painter.meet(features["source_features"], flow), warped, cast


def _any_of(landmarks: Tensor, generator: torch.Generator) -> Tensor:
    """One of each picture's `landmarks` [b, m, 2], [b, 2]."""
    count, points = landmarks.shape[:2]
    return landmarks[torch.arange(count), torch.randint(points, (count,), generator=generator)]


def _off_centre(centres: Tensor, generator: torch.Generator) -> Tensor:
    return centres + (torch.rand(centres.shape, generator=generator).to(centres) * 2 - 1) * JITTER
