"""Against the colours that judges of a face's shape would paint where no true picture holds them.

A network that finds features can be told what it likes to see, and a stretched smile looks more open to it in cyan
(docs/decisions/061, 062).
"""

import torch
from torch import Tensor

from training.face_alignment import aligned_faces, alignment, known_faces, known_or_in_place, mean_of_known
from training.face_mesh import PLACES

SIZE = 96
# Where an opened mouth is in a crop by these places, as shares of its side: rows, then columns.
MOUTH = (slice(round(0.58 * SIZE), round(0.92 * SIZE)), slice(round(0.3 * SIZE), round(0.7 * SIZE)))


def shades_only(image: Tensor) -> Tensor:
    """`image` [b, 3, s, s] as it is; what comes back through it is the same for red, green and blue.

    So whoever looks at it may ask for lighter or darker, never for another colour.
    """
    grey = image.mean(dim=1, keepdim=True)
    return image.detach() + (grey - grey.detach())


def cold_mouths(result: Tensor, warped: Tensor, landmarks: Tensor) -> Tensor:
    """How much colder than grey, and than `warped`, the mouths in `result` are on average; unknown faces are skipped.

    Both are [b, 3, s, s] of faces at `landmarks` [b, 5, 2] in [-1, 1]; `warped` are the sources' own moved pixels.
    Gradients reach `result` alone.
    """
    with torch.autocast(result.device.type, enabled=False):
        maps = alignment(known_or_in_place(landmarks, PLACES), PLACES)
        found, own = (coldness(aligned_faces(images, maps, SIZE)[..., *MOUTH]) for images in (result, warped.detach()))
        colder = (found - own.clamp_min(0)).clamp_min(0).mean(dim=(1, 2))
        return mean_of_known(colder, known_faces(landmarks))


def coldness(images: Tensor) -> Tensor:
    """How far green and blue [b, 3, h, w] lie above red; 0 is grey, lips are below."""
    return images[:, 1:].mean(dim=1) - images[:, 0]
