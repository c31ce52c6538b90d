"""Another background behind a portrait's person: where the person is found, what is kept of it, and what is refused."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime.errors import EngineError, SourceError
from realtime.faces.detector import FaceDetector
from realtime.frames import Background, Pixels, Tensor
from realtime.framing import Crop
from realtime.portraits.behind import ground_behind, replaced
from realtime.portraits.grounds import Grounds
from realtime.portraits.opener import PortraitOpener
from realtime.portraits.person import PersonFinder
from realtime.portraits.portrait import FINER, Portrait, open_portrait
from realtime.settings import DEFAULT_SOURCE, PERSON_MASK

PORTRAITS = sorted(path for path in DEFAULT_SOURCE.parent.glob("*.jpg"))
GREEN = (0, 177, 64)


@pytest.fixture(scope="module")
def detector() -> FaceDetector:
    return FaceDetector()


@pytest.fixture(scope="module")
def person() -> PersonFinder:
    return PersonFinder()


def opened(path: Path, behind: str, detector: FaceDetector | None, person: PersonFinder) -> Portrait:
    return open_portrait(path, 256, detector, grounds=Grounds(behind=behind, person=person))


def before(ground: Background, pixels: Pixels, opacity: Tensor) -> Pixels:
    return replaced(pixels, opacity, ground_behind(pixels, opacity, ground))


@pytest.mark.parametrize("path", PORTRAITS, ids=[path.stem for path in PORTRAITS])
def test_every_portrait_that_ships_is_cut_out(path: Path, detector: FaceDetector, person: PersonFinder) -> None:
    """The middle of the face stays to the last bit; both upper corners of the square become the colour."""
    kept, cut = opened(path, "keep", detector, person), opened(path, "#00b140", detector, person)
    assert np.array_equal(kept.square[100:160, 110:146], cut.square[100:160, 110:146])
    for corner in (cut.square[:12, :12], cut.square[:12, -12:]):
        assert np.abs(corner.astype(int) - GREEN).mean() < 8
    assert cut.crop == kept.crop and cut.picture.shape == kept.picture.shape
    assert (cut.detail is None) == (kept.detail is None) == (kept.crop.side_px < FINER * 256)
    if cut.detail is not None and cut.detail.still is not None:
        assert np.abs(cut.detail.still[:24, :24]).mean() < 0.3


def test_a_disc_of_opacity_keeps_its_inside_and_takes_no_old_colour_along() -> None:
    """A red disc with a soft edge on blue, before green: nowhere does blue remain."""
    y, x = np.mgrid[:200, :200]
    opacity = ((70 - np.hypot(x - 100, y - 100)) / 6 + 0.5).clip(0, 1).astype(np.float32)[..., None]
    pixels = np.rint(opacity * (200, 20, 20) + (1 - opacity) * (20, 20, 220)).astype(np.uint8)
    green = before(Background(colour=GREEN), pixels, opacity)
    assert green[100, 100].tolist() == [200, 20, 20] and green[5, 5].tolist() == list(GREEN)
    assert green[..., 2].max() < 90
    wall = np.full((50, 80, 3), 77, np.uint8)
    assert before(Background(picture=wall), pixels, opacity)[5, 5].tolist() == [77, 77, 77]


def test_blur_softens_what_is_behind_without_the_person_in_it() -> None:
    """Stripes become grey; the white person leaves no halo in them."""
    stripes = np.where(np.arange(200) // 4 % 2, 140, 60).astype(np.uint8)
    pixels = np.repeat(np.tile(stripes, (200, 1))[..., None], 3, axis=2)
    opacity = np.zeros((200, 200, 1), np.float32)
    opacity[60:, 70:130] = 1
    pixels[60:, 70:130] = 255
    blurred = before(Background(), pixels, opacity)
    around = blurred[70:190, 50:68].astype(int)
    assert np.abs(around - 100).max() < 12
    assert (blurred[60:, 70:130] == 255).all()


def test_what_the_user_wishes_goes_before_the_pack_and_keep_keeps(
    tmp_path: Path, detector: FaceDetector, person: PersonFinder
) -> None:
    pack = tmp_path / "pack"
    pack.mkdir()
    (pack / "face.jpg").write_bytes(DEFAULT_SOURCE.read_bytes())
    (pack / "portrait.toml").write_text('behind = "#0000ff"')
    plain = opened(DEFAULT_SOURCE, "auto", detector, person).picture
    assert np.array_equal(opened(pack, "keep", detector, person).picture, plain)
    corners = [opened(pack, wish, detector, person).picture[3, 3].tolist() for wish in ("auto", "#00b140")]
    assert corners == [[0, 0, 255], list(GREEN)]
    (pack / "portrait.toml").write_text('behind = "keep"')
    assert np.array_equal(opened(pack, "auto", detector, person).picture, plain)
    (pack / "portrait.toml").write_text('behind = "wall.png"')
    with pytest.raises(SourceError, match=r"wall\.png"):
        opened(pack, "auto", detector, person)


def test_a_picture_cut_out_already_stands_before_it_without_being_searched(tmp_path: Path) -> None:
    transparent = np.zeros((80, 80, 4), np.uint8)
    transparent[20:, 20:60] = (90, 90, 90, 255)
    path = tmp_path / "cut.png"
    path.write_bytes(cv2.imencode(".png", transparent)[1].tobytes())
    finder = PersonFinder(tmp_path / "never opened.onnx")
    picture = opened(path, "#00b140", None, finder).picture
    assert picture[5, 5].tolist() == list(GREEN) and picture[50, 40].tolist() == [90, 90, 90]
    assert opened(path, "blur", None, finder).picture[5, 5].tolist() == [96, 96, 96]
    before_green = opened(path, "#00b140", None, finder)
    assert before_green.layers is not None and (before_green.layers.ground == GREEN).all()
    assert before_green.layers.opacity[250, 128] == 255 and before_green.layers.opacity[5, 5] == 0
    assert opened(path, "keep", None, finder).layers is None


def test_pixels_of_an_api_user_are_treated_alike(detector: FaceDetector, person: PersonFinder) -> None:
    pixels = opened(DEFAULT_SOURCE, "keep", detector, person).picture
    for wish in ("#00b140", "keep", "auto"):
        opener = PortraitOpener(256, detector, "", Grounds(behind=wish, person=person))
        found, wanted = opener.of_pixels(pixels), opened(DEFAULT_SOURCE, wish, detector, person)
        assert np.array_equal(found.square, wanted.square) and (found.layers is None) == (wish == "keep")


@pytest.mark.parametrize("path", PORTRAITS, ids=[path.stem for path in PORTRAITS])
def test_its_own_background_is_apart_from_the_person_and_whole(
    path: Path, detector: FaceDetector, person: PersonFinder
) -> None:
    """The picture stays; where the person is, the ground is as soft as what it is continued from is around it."""
    portrait, kept = opened(path, "auto", detector, person), opened(path, "keep", detector, person)
    assert kept.layers is None and portrait.layers is not None
    np.testing.assert_array_equal(portrait.square, kept.square)
    opacity, ground = portrait.layers.opacity, portrait.layers.ground
    assert opacity[128, 128] == 255 and opacity[4, 4] == 0
    beside = cv2.dilate(opacity, np.ones((15, 15), np.uint8)) == 0
    np.testing.assert_array_equal(ground[beside], portrait.square[beside])
    detail = [np.abs(cv2.Laplacian(image, cv2.CV_32F))[opacity == 255].mean() for image in (ground, portrait.square)]
    assert detail[0] < 0.2 * detail[1]
    fine = 0 if portrait.detail is None or portrait.detail.still is None else portrait.detail.still.nbytes
    assert portrait.size_bytes - kept.size_bytes == opacity.nbytes + ground.nbytes + fine
    still = opened(path, "still", detector, person).layers
    assert still is not None and np.array_equal(still.ground, ground)


def test_another_ground_keeps_still_too_and_none_does_without_the_networks_motion(
    detector: FaceDetector, person: PersonFinder, tmp_path: Path
) -> None:
    green = opened(DEFAULT_SOURCE, "#00b140", detector, person).layers
    assert green is not None and (green.ground == GREEN).all()
    for wish in ("auto", "#00b140"):
        silent = Grounds(behind=wish, person=person, told=False)
        assert open_portrait(DEFAULT_SOURCE, 256, detector, grounds=silent).layers is None
    with pytest.raises(SourceError, match="the bundle does not tell its motion"):
        open_portrait(DEFAULT_SOURCE, 256, detector, grounds=Grounds(behind="still", person=person, told=False))
    clouds = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 255, (128, 128, 3)).astype(np.uint8), (0, 0), 9)
    nobody = tmp_path / "clouds.png"
    nobody.write_bytes(cv2.imencode(".png", clouds)[1].tobytes())
    assert opened(nobody, "auto", None, person).layers is None
    with pytest.raises(SourceError, match="cannot be told from what is behind"):
        opened(nobody, "still", None, person)


def test_no_person_a_damaged_network_and_a_missing_one_are_named(tmp_path: Path, person: PersonFinder) -> None:
    clouds = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 255, (128, 128, 3)).astype(np.uint8), (0, 0), 9)
    nobody: Pixels = np.asarray(clouds, np.uint8)
    with pytest.raises(SourceError, match="cannot be told from what is behind"):
        person.opacity(nobody, Crop(0, 0, 128))
    damaged = tmp_path / "mask.onnx"
    data = bytearray(PERSON_MASK.read_bytes())
    data[len(data) // 2] ^= 1
    damaged.write_bytes(data)
    with pytest.raises(EngineError, match="not the file that belongs here"):
        PersonFinder(damaged).opacity(nobody, Crop(0, 0, 128))
    with pytest.raises(EngineError, match="cannot be read"):
        PersonFinder(tmp_path / "gone.onnx").opacity(nobody, Crop(0, 0, 128))


def test_the_margin_is_of_the_same_ground_as_the_square(detector: FaceDetector, person: PersonFinder) -> None:
    grounds = Grounds(behind="#00b140", person=person)
    portrait = open_portrait(DEFAULT_SOURCE, 256, detector, grounds=grounds, margin_px=32)
    assert portrait.around is not None and portrait.around.shape == (320, 320, 3)
    assert np.array_equal(portrait.around[32:-32, 32:-32], portrait.square)
    assert np.abs(portrait.around[:12, :12].astype(int) - GREEN).mean() < 8
    plain = open_portrait(DEFAULT_SOURCE, 256, detector, grounds=grounds)
    assert np.array_equal(plain.square, portrait.square)
    assert portrait.size_bytes - plain.size_bytes == portrait.around.nbytes
