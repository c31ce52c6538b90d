"""A batch as one network sees and animates it: its own sources, and strangers moved as its first drivers moved."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from models.geometry import Keypoints
from models.portrait_net import Animation, PortraitNet
from training.objective import Example
from training.strangers import Seen, Strangers, neighbours, relative_motion

Move = Callable[[Keypoints, Keypoints, Keypoints], Keypoints]  # by drivers, portraits, since a neutral pose
AnimateBoth = Callable[[PortraitNet, Seen, Seen, Keypoints, Keypoints], tuple[Animation, Animation]]


@dataclass(frozen=True, slots=True)
class Cast:
    """What is seen in the batch's sources and in portraits of strangers, and what both are moved to."""

    sources: Seen
    driving: Keypoints
    further: tuple[Keypoints, ...]
    portraits: Seen
    moved: Keypoints


@dataclass(frozen=True, slots=True)
class Scene(Cast):
    """The results, too."""

    own: Animation
    strangers: Animation


def play(
    network: PortraitNet, example: Example, cross: float, animate: AnimateBoth, further: Sequence[Tensor] = ()
) -> Scene:
    """What `network` makes of what it sees by `look`; `animate`, of training/strangers.py, says what it learns."""
    cast = look(network, example, cross, further)
    own, strangers = animate(network, cast.sources, cast.portraits, cast.driving, cast.moved)
    return Scene(cast.sources, cast.driving, cast.further, cast.portraits, cast.moved, own, strangers)


def look(
    network: PortraitNet, example: Example, cross: float, further: Sequence[Tensor] = (), move: Move | None = None
) -> Cast:
    """What `network` sees in `example` and in `further` views [b, 3, s, s].

    Strangers are the example's, or where it has none, for the share `cross` of the batch, the neighbours' sources. They
    are moved by `move`, without it by relative motion that teaches whatever moves them.
    """
    pictures, strange = Strangers(example.source, example.source_face_landmarks), example.strangers
    views = [example.source, example.driving, *further, *([strange.images] if strange else [])]
    # One batch for all views: thin networks waste a processor on small batches.
    mean, covariance = network.detect_keypoints(torch.cat(views))
    sizes = [len(view) for view in views]
    source, driving, *others = map(Keypoints, mean.split(sizes), covariance.split(sizes))
    if strange is None:
        own = Seen(pictures, network.encode_source(example.source), source)
        portraits = neighbours(own, round(cross * len(example.source)))
    else:
        count = len(example.source)
        features = network.encode_source(torch.cat([example.source, strange.images]))
        own = Seen(pictures, {name: tensor[:count] for name, tensor in features.items()}, source)
        portraits = Seen(strange, {name: tensor[count:] for name, tensor in features.items()}, others.pop())
    count = len(portraits.strangers.images)
    first, neutral = (Keypoints(*(tensor[:count] for tensor in points)) for points in (driving, source))
    move = move or partial(relative_motion, openings=example.openings)
    return Cast(own, driving, tuple(others), portraits, move(first, portraits.keypoints, neutral))
