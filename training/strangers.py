"""Other people's faces in the driver's motion, as in a call: there is no true picture to compare them with.

They are stills where the configuration names some, else the neighbours' sources in the batch.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.dense_motion import DenseFlow
from models.geometry import Keypoints, cholesky_2x2, inverse_2x2, spread_of
from models.portrait_net import Animation, PortraitNet
from realtime.motion import LARGEST_CLOSING_RATIO
from realtime.resting import TOUCHING_LIPS, UPPER_LIP_SHARE
from realtime.similarity import SMALLEST_SPREAD


@dataclass(frozen=True, slots=True)
class Openings:
    """Rows of points at opposite sides of what opens and closes: all of them [o, 2], and those of the mouth [l, 2]."""

    all: Tensor
    lips: Tensor


@dataclass(frozen=True, slots=True)
class Strangers:
    """Pictures [c, 3, s, s] for the first c motions of a batch, and the landmarks [c, 5, 2] of their faces if known."""

    images: Tensor
    face_landmarks: Tensor | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """Strangers with what the networks see in them."""

    strangers: Strangers
    features: dict[str, Tensor]
    keypoints: Keypoints


def neighbours(own: Seen, count: int) -> Seen:
    """For each of the first `count` of a batch, the source of the one before it."""
    batch = own.strangers
    faces = batch.face_landmarks
    return Seen(
        Strangers(of_neighbours(batch.images, count), None if faces is None else of_neighbours(faces, count)),
        {name: of_neighbours(tensor, count) for name, tensor in own.features.items()},
        Keypoints(*(of_neighbours(tensor, count) for tensor in own.keypoints)),
    )


def of_neighbours(tensor: Tensor, count: int) -> Tensor:
    """For each of the first `count` of a batch what its neighbour has."""
    return tensor.roll(1, dims=0)[:count]


def animate_both(
    network: PortraitNet, own: Seen, strangers: Seen, driving: Keypoints, moved: Keypoints
) -> tuple[Animation, Animation]:
    """The batch's own sources moved to `driving`, and the strangers' pictures to `moved`.

    In one batch: batch norm would take a stranger alone for the whole of mankind.
    """
    if not len(moved.mean):
        animation = network.animate(own.features, own.keypoints, driving)
        return animation, _part(animation, slice(0))
    both = network.animate(
        {name: torch.cat([tensor, strangers.features[name]]) for name, tensor in own.features.items()},
        joined(own.keypoints, strangers.keypoints),
        joined(driving, moved),
    )
    size = len(driving.mean)
    return _part(both, slice(size)), _part(both, slice(size, None))


def move_both(
    network: PortraitNet, own: Seen, strangers: Seen, driving: Keypoints, moved: Keypoints
) -> tuple[Animation, Animation]:
    """The same, but the strangers' results teach how to move them alone, not how to paint.

    Who judges them has no true picture, and a painter learns to please it: in stripes across an open mouth, say
    (docs/decisions/068). It paints strangers as it will in use, with the statistics of all batches.
    """
    if not len(moved.mean):
        return animate_both(network, own, strangers, driving, moved)
    name, size = "source_thumbnail", len(driving.mean)
    thumbnails = torch.cat([own.features[name], strangers.features[name]])
    both = network.dense_motion(thumbnails, joined(own.keypoints, strangers.keypoints), joined(driving, moved))
    flow, others = _part_of_flow(both, slice(size)), _part_of_flow(both, slice(size, None))
    animation = Animation(*network.motion_transfer.decode(own.features, flow, own.keypoints, driving), flow)
    # The motion's features tell the painter what to paint.
    seen = others._replace(features=None if others.features is None else others.features.detach())
    features = {name: tensor.detach() for name, tensor in strangers.features.items()}
    with as_it_is(network.motion_transfer):
        painted = network.motion_transfer.decode(features, seen, strangers.keypoints, moved)
    return animation, Animation(*painted, others)


@contextmanager
def as_it_is(module: nn.Module) -> Iterator[None]:
    """What `module` computes meanwhile teaches it nothing, but what it computes from."""
    in_training, learned = (
        [m for m in module.modules() if m.training],
        [p for p in module.parameters() if p.requires_grad],
    )
    module.eval().requires_grad_(False)
    try:
        yield
    finally:
        for part in in_training:  # one by one: parts may be frozen
            part.training = True
        for parameter in learned:
            parameter.requires_grad_(True)


def _part(animation: Animation, rows: slice) -> Animation:
    return Animation(animation.image[rows], animation.warped[rows], _part_of_flow(animation.flow, rows))


def _part_of_flow(flow: DenseFlow, rows: slice) -> DenseFlow:
    displacement, masks, occlusion, features = flow
    return DenseFlow(displacement[rows], masks[rows], _rows(occlusion, rows), _rows(features, rows))


def _rows(tensor: Tensor | None, rows: slice) -> Tensor | None:
    return None if tensor is None else tensor[rows]


def joined(own: Keypoints, others: Keypoints) -> Keypoints:
    """Both batches in one."""
    return Keypoints(torch.cat([own.mean, others.mean]), torch.cat([own.covariance, others.covariance]))


def relative_motion(
    driving: Keypoints, portrait: Keypoints, neutral: Keypoints, openings: Openings | None = None
) -> Keypoints:
    """The portrait's keypoints moved as from `neutral` to `driving` (paper, section 3.5); see `carried_over`.

    Covariances by congruence with the map between the Cholesky factors, which keeps them positive definite.
    """
    with torch.autocast(portrait.mean.device.type, enabled=False):
        change = cholesky_2x2(driving.covariance) @ inverse_2x2(cholesky_2x2(neutral.covariance))
        covariance = change @ portrait.covariance @ change.mT
        return Keypoints(carried_over(driving.mean, portrait.mean, neutral.mean, openings), covariance)


def carried_over(driving: Tensor, portrait: Tensor, neutral: Tensor, openings: Openings | None) -> Tensor:
    """`portrait` [b, n, 2] moved as from `neutral` to `driving`, as the live program does it for faces of one size.

    Before it asks for more of lips and lids, that is: what networks fail to show is theirs to learn. And lids that are
    shut in `neutral` count as they are: how far apart they rest is known for keypoints, not for any points.

    What lies between the ends of openings opens as far, and closes by the same share; a mouth that is open in `neutral`
    opens the portrait's.
    """
    if openings is None:
        return portrait + driving - neutral
    neutral = _at_rest(neutral, portrait, openings.lips)
    moved = portrait + driving - neutral
    upper, lower = openings.all.T
    at_rest, now, own = (points[:, lower] - points[:, upper] for points in (neutral, driving, portrait))
    width = at_rest.norm(dim=-1, keepdim=True).clamp_min(SMALLEST_SPREAD)
    direction = at_rest / width
    closed = ((at_rest - now) * direction).sum(dim=-1, keepdim=True).clamp_min(0).minimum(width)
    ratio = (own.norm(dim=-1, keepdim=True) / width).clamp_max(LARGEST_CLOSING_RATIO)
    spared = direction * closed * (1 - ratio) / 2
    return moved.index_add(1, upper, -spared).index_add(1, lower, spared)


def _at_rest(neutral: Tensor, portrait: Tensor, lips: Tensor) -> Tensor:
    """`neutral` with its `lips` [l, 2] no further apart than the portrait's."""
    upper, lower = lips.T
    apart = neutral[:, lower] - neutral[:, upper]
    width = apart.norm(dim=-1, keepdim=True).clamp_min(SMALLEST_SPREAD)
    own = (portrait[:, lower] - portrait[:, upper]).norm(dim=-1, keepdim=True)
    parted = (width - own.maximum(TOUCHING_LIPS * spread_of(portrait)[:, None, None])).clamp_min(0)
    together = apart * parted / width
    rested = neutral.index_add(1, upper, UPPER_LIP_SHARE * together)
    return rested.index_add(1, lower, (UPPER_LIP_SHARE - 1) * together)
