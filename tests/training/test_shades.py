"""Judges of a shape cannot ask for colours."""

import torch

from training.shades import shades_only


def test_who_looks_at_shades_sees_the_picture_and_asks_for_no_colour() -> None:
    image = torch.rand(2, 3, 8, 8, requires_grad=True)
    seen = shades_only(image)
    torch.testing.assert_close(seen, image)
    seen[:, 1].sum().backward()  # greener!
    assert image.grad is not None
    torch.testing.assert_close(image.grad, torch.full_like(image, 1 / 3))
