"""Crops in which a face stands as a network expects it, by the corners of the eyes and the base of the nose."""

import torch
import torch.nn.functional as F
from torch import Tensor

# MediaPipe's numbers of the outer and inner corners of the eyes and of the base of the nose, each with its mirror
# image's.
LANDMARKS = ((263, 33), (362, 133), (33, 263), (133, 362), (2, 2))
Places = tuple[tuple[float, float], ...]


def known_faces(landmarks: Tensor) -> Tensor:
    """Which of the faces [b, 5, 2] have all their landmarks (none is NaN), [b]."""
    return landmarks.isfinite().all(dim=2).all(dim=1)


def known_or_in_place(landmarks: Tensor, places: Places) -> Tensor:
    """The landmarks [b, 5, 2], in float32; of unknown faces those of a face that fills the picture as `places` say.

    So a batch keeps its shape, and nothing waits for a GPU to tell which faces are known; see `mean_of_known`.
    """
    in_place = 2 * torch.tensor(places, device=landmarks.device) - 1
    return torch.where(known_faces(landmarks)[:, None, None], landmarks.float(), in_place)


def mean_of_known(values: Tensor, known: Tensor) -> Tensor:
    """The mean of the `values` [b] of the faces that are `known` [b]; zero without any."""
    return (values * known).sum() / known.sum().clamp_min(1)


def alignment(landmarks: Tensor, places: Places) -> Tensor:
    """Maps [b, 2, 3] from a point (x, y, 1) of the crop to the picture's, both in [-1, 1].

    The similarity that brings `places`, shares of the crop's side, nearest to `landmarks` [b, 5, 2] (Umeyama, PAMI
    1991, without the flip).
    """
    expected = 2 * landmarks.new_tensor(places) - 1
    from_centre, to_centre = expected - expected.mean(dim=0), landmarks - landmarks.mean(dim=1, keepdim=True)
    # A similarity of the plane is one complex number: scale and turn.
    power = from_centre.square().sum()
    along = (from_centre * to_centre).sum(dim=(1, 2)) / power
    across = (from_centre[:, 0] * to_centre[..., 1] - from_centre[:, 1] * to_centre[..., 0]).sum(dim=1) / power
    turn = torch.stack([along, -across, across, along], dim=-1).view(-1, 2, 2)
    shift = landmarks.mean(dim=1) - (turn @ expected.mean(dim=0)[:, None]).squeeze(-1)
    return torch.cat([turn, shift[..., None]], dim=2)


def aligned_faces(images: Tensor, maps: Tensor, size: int) -> Tensor:
    """The crops [b, 3, size, size] that `maps` [b, 2, 3] take out of `images` [b, 3, s, s], in float32."""
    grid = F.affine_grid(maps, [len(maps), 3, size, size], align_corners=False)
    return F.grid_sample(images.float(), grid, align_corners=False)
