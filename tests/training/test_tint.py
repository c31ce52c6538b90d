"""Judges of a shape cannot ask for colours, and mouths that are colder than their own pixels cost."""

import torch

from training.face_mesh import PLACES
from training.tint import cold_mouths, shades_only

# A face that fills its crop: its landmarks are where the crop expects them.
FACE = (2 * torch.tensor(PLACES) - 1)[None]
LIPS, GREY, CYAN = (torch.tensor(colour).view(1, 3, 1, 1) for colour in ((0.7, 0.4, 0.4), (0.5,) * 3, (0.3, 0.6, 0.6)))


def picture(skin: torch.Tensor, mouth: torch.Tensor) -> torch.Tensor:
    image = skin.expand(1, 3, 96, 96).clone()
    image[..., 54:90, 27:69] = mouth
    return image


def test_who_looks_at_shades_sees_the_picture_and_asks_for_no_colour() -> None:
    image = torch.rand(2, 3, 8, 8, requires_grad=True)
    seen = shades_only(image)
    torch.testing.assert_close(seen, image)
    seen[:, 1].sum().backward()  # greener!
    assert image.grad is not None
    torch.testing.assert_close(image.grad, torch.full_like(image, 1 / 3))


def test_a_mouth_costs_when_it_is_colder_than_grey_and_than_its_own_pixels() -> None:
    lips, grey, cyan = (picture(LIPS, mouth) for mouth in (LIPS, GREY, CYAN))
    assert cold_mouths(lips, lips, FACE) == 0 and cold_mouths(grey, lips, FACE) == 0
    assert cold_mouths(cyan, lips, FACE) > 0.1
    assert cold_mouths(cyan, cyan, FACE) == 0  # a portrait painted so
    assert cold_mouths(picture(CYAN, LIPS), lips, FACE) == 0  # cold outside of the mouth alone
    unknown = torch.full_like(FACE, torch.nan)
    both = cold_mouths(torch.cat([cyan, cyan]), torch.cat([lips, lips]), torch.cat([FACE, unknown]))
    torch.testing.assert_close(both, cold_mouths(cyan, lips, FACE))


def test_a_cold_mouth_learns_to_be_warmer_and_its_source_learns_nothing() -> None:
    result, warped = picture(LIPS, CYAN).requires_grad_(), picture(LIPS, LIPS).requires_grad_()
    cold_mouths(result, warped, FACE).backward()
    assert result.grad is not None and warped.grad is None
    at_mouth = result.grad[0, :, 70, 48]
    assert at_mouth[0] < 0 < at_mouth[1]
    assert not result.grad[..., :40, :].any()


def test_without_a_known_face_nothing_is_asked() -> None:
    result = torch.rand(1, 3, 32, 32, requires_grad=True)
    loss = cold_mouths(result, result, torch.full((1, 5, 2), torch.nan))
    loss.backward()
    assert loss == 0
