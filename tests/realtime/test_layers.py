"""The person moves and what is behind keeps still: composed from a picture, its motion, a mask and a ground."""

from contextlib import nullcontext

import cv2
import numpy as np
import pytest

from realtime.frames import Keypoints, Motion, Pixels, Tensor
from realtime.framing import Crop
from realtime.layers import Layers, composed, ground_share
from realtime.networks import Networks
from realtime.parts import EVERYTHING
from realtime.portraits.portrait import Portrait
from tests.fakes import FakeEngine, TellingEngine
from tests.tiny_bundle import KEYPOINTS, SIZE

SIDE, CELLS = 256, 64
CENTRE, RADIUS, STEP_PX, FADING_PX = 110, 50, 24, 32
PERSON = np.array((200, 60, 40), np.uint8)
STRIPES = np.where(np.arange(SIDE) // 8 % 2, 140, 90).astype(np.uint8)
GROUND = np.repeat(np.tile(STRIPES, (SIDE, 1))[..., None], 3, axis=2)  # upright


def disc(x: float) -> Tensor:
    """[s, s]: 1 within the person whose middle is at x."""
    rows, columns = np.mgrid[:SIDE, :SIDE]
    return (np.hypot(columns - x, rows - SIDE / 2) <= RADIUS).astype(np.float32)


def layers() -> Layers:
    return Layers((disc(CENTRE) * 255).astype(np.uint8), GROUND)


def with_person(x: float) -> Pixels:
    return np.where(disc(x)[..., None] > 0, PERSON, GROUND).astype(np.uint8)


def motion_to(x: float) -> Tensor:
    """[h, h, 2]: the person's, that fades out beside it."""
    rows, columns = (np.mgrid[:CELLS, :CELLS] + 0.5) * SIDE / CELLS
    beyond = (np.hypot(columns - x, rows - SIDE / 2) - RADIUS).clip(0)
    displacement = np.zeros((CELLS, CELLS, 2), np.float32)
    displacement[..., 0] = (CENTRE - x) / (SIDE / 2) * (1 - beyond / FADING_PX).clip(0, 1)
    return displacement


def painted(displacement: Tensor) -> Pixels:
    """What a network makes of it: the portrait, read where the motion says."""
    places = cv2.resize(displacement, (SIDE, SIDE)) * SIDE / 2 + np.stack(
        np.meshgrid(np.arange(SIDE), np.arange(SIDE)), axis=-1
    )
    x, y = cv2.split(places.astype(np.float32))
    return np.asarray(cv2.remap(with_person(CENTRE), x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def test_what_does_not_move_stays_as_it_was_painted() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3)).astype(np.uint8)
    share = ground_share(np.zeros((CELLS, CELLS, 2), np.float32), layers())
    np.testing.assert_array_equal(composed(picture, layers(), share), picture)


@pytest.mark.parametrize("step_px", [STEP_PX, -STEP_PX])
def test_what_a_person_drags_along_is_not_shown_and_where_it_has_gone_the_ground_is(step_px: int) -> None:
    displacement = motion_to(CENTRE + step_px)
    picture = painted(displacement)
    found = composed(picture, layers(), ground_share(displacement, layers())).astype(int)
    wanted = with_person(CENTRE + step_px).astype(int)
    edge = cv2.dilate(disc(CENTRE + step_px), np.ones((19, 19))) > 0
    wrong, still_wrong = ((np.abs(image - wanted).mean(axis=2) > 10)[~edge].sum() for image in (picture, found))
    assert wrong > 4000 and still_wrong < 0.15 * wrong
    inside = disc(CENTRE + step_px) > 0
    np.testing.assert_array_equal(found[inside], picture[inside])


def animated(engine: FakeEngine, kept: Layers | None) -> Pixels:
    grey = np.full((SIZE, SIZE, 3), 80, np.uint8)
    networks = Networks(engine, lambda _name: nullcontext(), EVERYTHING)
    source = networks.encode(Portrait("", grey, Crop(0, 0, SIZE), grey, layers=kept))
    still = Keypoints(np.zeros((KEYPOINTS, 2), np.float32), np.tile(np.eye(2, dtype=np.float32), (KEYPOINTS, 1, 1)))
    return networks.animate(source, Motion(still))


def test_networks_keep_still_what_is_behind_where_it_is_known_and_the_bundle_tells_its_motion() -> None:
    white = np.full((SIZE, SIZE, 3), 255, np.uint8)
    nobody, everybody = (Layers(np.full((SIZE, SIZE), level, np.uint8), white) for level in (0, 255))
    engine, silent = TellingEngine(-0.5), TellingEngine(silent=True)
    assert (animated(engine, nobody) == 255).all()
    painted_alone = animated(engine, None)
    assert (painted_alone < 255).all()
    for case in (animated(engine, everybody), animated(silent, nobody)):
        np.testing.assert_array_equal(case, painted_alone)
