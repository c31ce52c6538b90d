"""Windows of pictures and of features, cut out so that a painter learns what matters at a quarter of the cost."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from models.live_transfer import CELL

# Of the side of the features. A window's margin is painted without what lies beyond it, and not looked at.
SIDE, MARGIN = 7 / 16, 1 / 16


@dataclass(frozen=True, slots=True)
class Windows:
    """One window in each picture of a batch; `corners` [b, 2] are its first column and row, in cells."""

    corners: Tensor
    side: int
    margin: int

    def first(self, count: int) -> "Windows":
        """Those of the first `count` pictures."""
        return Windows(self.corners[:count], self.side, self.margin)

    def of_features(self, features: Tensor) -> Tensor:
        """[b, c, side, side] of [b, c, s / 4, s / 4]."""
        return _cut(features, self.corners, self.side)

    def of_pictures(self, images: Tensor) -> Tensor:
        """[b, c, 4 * side, 4 * side] of [b, c, s, s]."""
        return _cut(images, CELL * self.corners, CELL * self.side)

    def within(self, images: Tensor) -> Tensor:
        """`images` of windows without their margins."""
        rim = CELL * self.margin
        return images[..., rim:-rim, rim:-rim]

    def put_into(self, images: Tensor, inner: Tensor) -> Tensor:
        """`images` [b, c, s, s] with what is `within` the windows replaced; gradients reach `inner`."""
        size, side = images.shape[-1], inner.shape[-1]
        made = []
        for image, part, (x, y) in zip(images, inner, (CELL * (self.corners + self.margin)).tolist(), strict=True):
            change = part - image[:, y : y + side, x : x + side]
            made.append(image + F.pad(change, (x, size - side - x, y, size - side - y)))
        return torch.stack(made)

    def inner_points(self, points: Tensor, size: int) -> Tensor:
        """`points` [b, m, 2] in [-1, 1] of pictures of `size`, as pixels of what is `within` the windows."""
        return (points + 1) * (size / 2) - (CELL * (self.corners + self.margin))[:, None]


def windows_at(centres: Tensor, features_size: int) -> Windows:
    """Windows about `centres` [b, 2] in [-1, 1], moved inside where they would reach beyond the picture."""
    side, margin = round(SIDE * features_size), max(1, round(MARGIN * features_size))
    corners = ((centres + 1) * (features_size / 2) - side / 2).round().long()
    return Windows(corners.clamp(0, features_size - side), side, margin)


def _cut(maps: Tensor, corners: Tensor, side: int) -> Tensor:
    places = corners.tolist()
    return torch.stack([part[:, y : y + side, x : x + side] for part, (x, y) in zip(maps, places, strict=True)])
