"""Finding faces: the detector, the portrait's framing and the driver's, on a face drawn for the purpose.

The detector takes a drawn face for a face only if it is drawn with care, so the portrait that ships serves as the face.
"""

from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime.errors import SourceError
from realtime.faces.detector import FaceDetector
from realtime.frames import Pixels
from realtime.portraits.portrait import frame_portrait, read_portrait
from realtime.settings import DEFAULT_SOURCE


@pytest.fixture(scope="module")
def detector() -> FaceDetector:
    return FaceDetector()


@pytest.fixture(scope="module")
def face() -> Pixels:
    return read_portrait(DEFAULT_SOURCE)


def _placed(face: Pixels, left: int, top: int, side: int) -> Pixels:
    """A grey 640x480 picture with the portrait in it."""
    picture = np.full((480, 640, 3), 90, np.uint8)
    picture[top : top + side, left : left + side] = cv2.resize(face, (side, side), interpolation=cv2.INTER_AREA)
    return picture


def test_a_face_is_found_where_it_is(detector: FaceDetector, face: Pixels) -> None:
    square = face[: min(face.shape[:2]), : min(face.shape[:2])]
    (small,) = detector.detect(_placed(square, left=40, top=60, side=240))
    (moved,) = detector.detect(_placed(square, left=340, top=160, side=240))
    assert moved.left_px - small.left_px == pytest.approx(300, abs=8)
    assert moved.top_px - small.top_px == pytest.approx(100, abs=8)
    assert small.score > 0.9


def test_the_largest_face_comes_first(detector: FaceDetector, face: Pixels) -> None:
    square = face[: min(face.shape[:2]), : min(face.shape[:2])]
    picture = _placed(square, left=20, top=20, side=160)
    picture[150:450, 300:600] = cv2.resize(square, (300, 300), interpolation=cv2.INTER_AREA)
    faces = detector.detect(picture)
    assert len(faces) == 2
    assert faces[0].width_px > faces[1].width_px
    assert faces[0].left_px > 300


def test_a_plain_picture_has_no_face(detector: FaceDetector) -> None:
    assert detector.detect(np.full((200, 300, 3), 127, np.uint8)) == ()


@pytest.mark.parametrize("size", [(1, 1), (8, 300), (64, 64)])
def test_small_pictures_have_no_face(detector: FaceDetector, size: tuple[int, int]) -> None:
    assert detector.detect(np.zeros((*size, 3), np.uint8)) == ()


def test_a_portrait_without_a_face_is_refused(detector: FaceDetector) -> None:
    with pytest.raises(SourceError, match="no face") as refusal:
        frame_portrait(np.full((200, 300, 3), 127, np.uint8), 64, detector)
    assert "--crop none" in refusal.value.hint


def test_without_a_detector_the_centre_square_is_used() -> None:
    pixels = np.zeros((100, 200, 3), np.uint8)
    pixels[:, 50:150] = 200
    assert (frame_portrait(pixels, 64, None) == 200).all()


def test_transparent_and_grey_pictures_are_read_as_rgb(tmp_path: Path) -> None:
    for name, channels in (("grey.png", ()), ("alpha.png", (4,))):
        path = tmp_path / name
        path.write_bytes(cv2.imencode(".png", np.full((80, 70, *channels), 200, np.uint8))[1].tobytes())
        assert read_portrait(path).shape == (80, 70, 3)


def test_red_is_read_as_red(tmp_path: Path) -> None:
    path = tmp_path / "red.png"
    path.write_bytes(cv2.imencode(".png", np.full((64, 64, 3), (0, 0, 255), np.uint8))[1].tobytes())
    assert read_portrait(path)[0, 0].tolist() == [255, 0, 0]
