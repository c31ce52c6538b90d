"""Fixed pictures on which graphs are traced and compared: smooth, so that no engine is judged on noise."""

import torch
from torch import Tensor

TEST_SEED = 7


def example_pictures(size: int) -> tuple[Tensor, Tensor]:
    """Two fixed smooth pictures [1, 3, size, size] in [0, 1], the second a moved and relit form of the first."""
    generator = torch.Generator().manual_seed(TEST_SEED)
    coarse = torch.rand(1, 3, 9, 9, generator=generator)
    fine = torch.rand(1, 3, size // 4, size // 4, generator=generator)
    picture = sum(
        weight * torch.nn.functional.interpolate(layer, size=(size, size), mode="bicubic")
        for weight, layer in ((0.8, coarse), (0.2, fine))
    )
    assert isinstance(picture, Tensor)
    source = picture.clamp(0, 1)
    driving = (0.9 * source.roll((size // 20, -size // 30), dims=(2, 3)) + 0.03).clamp(0, 1)
    return source, driving
