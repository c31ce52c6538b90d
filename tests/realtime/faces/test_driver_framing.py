"""The driver's crop: on real faces along known paths, and on a scripted detector for what must not go wrong."""

import threading
import time
from collections.abc import Iterator, Sequence

import cv2
import numpy as np
import pytest

from benchmarks.framing import measured, smooth_path
from realtime.bundle import Bundle, open_bundle
from realtime.controls import Command
from realtime.devices.cameras import open_recorded_camera
from realtime.engines.base import Engine
from realtime.engines.catalogue import open_engine
from realtime.errors import CommandError
from realtime.faces.anchor import LONGEST_MEMORY
from realtime.faces.detector import FaceBox, FaceDetector
from realtime.faces.driver_framing import DriverFraming
from realtime.faces.finder import EVERY_S, SELDOM_S, BackgroundFaceFinder, FaceFinder, PromptFaceFinder
from realtime.frames import Frame, Keypoints, Pixels
from realtime.framing import Crop, centre_crop, crop_around, ideal_crop
from realtime.settings import DEFAULT_BUNDLE, DEFAULT_CLIP

HEIGHT, WIDTH = 480, 640
RATE_HZ = 30
NOISE = 4.0  # grey levels, as of a webcam in a room


class ScriptedDetector(FaceDetector):
    """Sees what it is told: boxes in pixels of the whole picture, each a square (x, y of its middle, side)."""

    def __init__(self, *faces: tuple[float, float, float]) -> None:
        self.faces: Sequence[tuple[float, float, float]] = faces
        self.searched: list[tuple[int, ...]] = []

    def detect(self, pixels: Pixels, search_side_px: int = 512) -> tuple[FaceBox, ...]:
        self.searched.append(pixels.shape[:2])
        boxes = [FaceBox(x - side / 2, y - side / 2, side, side, 1.0) for x, y, side in self.faces]
        return tuple(sorted(boxes, key=lambda box: box.width_px, reverse=True))


class WholePictures(PromptFaceFinder):
    """Always searches everywhere, so that a scripted detector's boxes are those of the picture."""

    def _search(self, frame: Frame, near: Crop | None) -> None:
        super()._search(frame, None)


def _frame(index: int, rate_hz: float = RATE_HZ) -> Frame:
    return Frame(np.zeros((HEIGHT, WIDTH, 3), np.uint8), index, index / rate_hz)


def _keypoints_of(face: tuple[float, float, float], crop: Crop) -> Keypoints:
    """Four keypoints at the corners of the face, as they are seen within crop."""
    x, y, side = face
    corners = np.array([(x + dx * side / 2, y + dy * side / 2) for dx in (-1, 1) for dy in (-1, 1)])
    mean = (corners - (crop.left_px, crop.top_px)) / crop.side_px * 2 - 1
    return Keypoints(mean.astype(np.float32), np.tile(0.01 * np.eye(2, dtype=np.float32), (4, 1, 1)))


def _follow(
    framing: DriverFraming, detector: ScriptedDetector, path: Sequence[tuple[float, float, float]]
) -> list[Crop | None]:
    """The crops for a face that moves along path, with keypoints that sit on it."""
    crops = []
    for index, face in enumerate(path):
        detector.faces = [face]
        frame = _frame(index)
        crop = framing.crop_for(frame)
        if crop is not None:
            framing.saw(frame, crop, _keypoints_of(face, crop), mirrored=False)
        crops.append(crop)
    return crops


@pytest.fixture(scope="module")
def real() -> Iterator[tuple[Bundle, Engine, FaceDetector]]:
    bundle = open_bundle(DEFAULT_BUNDLE)
    with open_engine("onnx-cpu", bundle, 1) as engine:
        yield bundle, engine, FaceDetector()


@pytest.fixture(scope="module")
def driving() -> list[Frame]:
    """Every second frame of the clip that ships, for six seconds."""
    with open_recorded_camera(f"file:{DEFAULT_CLIP}") as camera:
        frames = [frame for frame, _ in zip(camera.frames(), range(180), strict=False)][::2]
    half = [cv2.resize(frame.pixels, (256, 256), interpolation=cv2.INTER_AREA) for frame in frames]
    return [
        Frame(np.asarray(pixels, np.uint8), index, frame.captured_at)
        for index, (frame, pixels) in enumerate(zip(frames, half, strict=True))
    ]


def test_a_moving_driver_is_followed_within_3_percent_without_jitter(
    real: tuple[Bundle, Engine, FaceDetector], driving: list[Frame]
) -> None:
    result = measured(driving, smooth_path(len(driving), 15, seed=3), *real)
    assert result.missed_frames == 0
    assert result.mean_percent < 3
    assert result.jitter_px < 0.5


def test_a_still_driver_before_a_noisy_camera_has_a_still_crop(
    real: tuple[Bundle, Engine, FaceDetector], driving: list[Frame]
) -> None:
    random = np.random.default_rng(0)
    still = [
        Frame(
            np.clip(driving[0].pixels + random.normal(0, NOISE, driving[0].pixels.shape), 0, 255).astype(np.uint8),
            index,
            index / 15,
        )
        for index in range(60)
    ]
    standing = np.tile([330.0, 250.0, 1.0], (len(still), 1))
    result = measured(still, standing, *real)
    assert result.mean_percent < 1.5
    assert result.jitter_px < 0.1


def test_a_face_that_moves_evenly_is_followed_without_lag() -> None:
    detector = ScriptedDetector()
    framing = DriverFraming(WholePictures(detector))
    path = [(200 + 1.5 * index, 240 + 0.5 * index, 120.0) for index in range(120)]
    crops = _follow(framing, detector, path)
    last = crops[-1]
    assert last is not None
    ideal = ideal_crop(FaceBox(path[-1][0] - 60, path[-1][1] - 60, 120, 120, 1.0))
    assert last.centre_px == pytest.approx(ideal.centre_px, abs=1.0)
    assert last.side_px == pytest.approx(ideal.side_px, rel=0.01)


def test_a_nod_stays_in_the_crop() -> None:
    detector = ScriptedDetector()
    framing = DriverFraming(WholePictures(detector))
    nods = [(320.0, 240 + 12 * np.sin(2 * np.pi * 2.5 * index / RATE_HZ), 120.0) for index in range(120)]
    crops = [crop for crop in _follow(framing, detector, nods)[60:] if crop is not None]
    travel = np.ptp([crop.centre_px[1] for crop in crops])
    assert len(crops) == 60
    assert travel < 0.75 * 24


def test_the_crop_goes_with_a_driver_who_leans_in() -> None:
    detector = ScriptedDetector()
    framing = DriverFraming(WholePictures(detector))
    crops = _follow(framing, detector, [(320.0, 240.0, 100 * 1.004**index) for index in range(150)])
    first, last = crops[0], crops[-1]
    assert first is not None
    assert last is not None
    assert last.side_px / first.side_px == pytest.approx(1.004**149, rel=0.05)


def test_the_largest_face_is_taken_then_followed_past_a_larger_one() -> None:
    detector = ScriptedDetector((200, 240, 120), (450, 240, 80))
    framing = DriverFraming(WholePictures(detector))
    first = framing.crop_for(_frame(0))
    detector.faces = [(200, 240, 120), (450, 240, 200)]  # the other comes nearer
    crops = [framing.crop_for(_frame(index)) for index in range(1, 60)]
    assert first is not None
    assert all(crop is not None and crop.centre_px[0] < 260 for crop in crops)
    framing.reset()
    again = framing.crop_for(_frame(60))
    assert again is not None
    assert again.centre_px[0] == pytest.approx(450, abs=5)


def test_a_face_that_has_gone_is_missed_and_found_again() -> None:
    detector = ScriptedDetector((320, 240, 120))
    framing = DriverFraming(WholePictures(detector))
    assert framing.crop_for(_frame(0)) is not None
    detector.faces = []
    crops = [framing.crop_for(_frame(index)) for index in range(1, 60)]
    assert crops[5] is not None, "one search that fails is no reason to let go"
    assert crops[-1] is None
    detector.faces = [(100, 100, 90)]
    found = [framing.crop_for(_frame(index)) for index in range(60, 80)][-1]
    assert found is not None
    assert found.centre_px == pytest.approx((100, 100), abs=5)


def test_a_face_never_seen_gives_no_crop() -> None:
    framing = DriverFraming(WholePictures(ScriptedDetector()))
    assert [framing.crop_for(_frame(index)) for index in range(100)] == [None] * 100


def test_a_picture_framed_already_is_used_whole_until_the_face_leaves_its_middle() -> None:
    detector = ScriptedDetector((128, 131, 130))
    framing = DriverFraming(WholePictures(detector))
    square = Frame(np.zeros((256, 256, 3), np.uint8), 0, 0.0)
    assert framing.crop_for(square) == Crop(0, 0, 256)


def test_without_tracking_the_crop_stays() -> None:
    detector = ScriptedDetector()
    framing = DriverFraming(WholePictures(detector), track=False)
    crops = _follow(framing, detector, [(300 + 0.5 * index, 240.0, 120.0) for index in range(90)])
    assert len({(crop.left_px, crop.side_px) for crop in crops if crop}) == 1


def test_without_a_finder_it_is_the_centre_square() -> None:
    assert DriverFraming(None).crop_for(_frame(0)) == centre_crop(HEIGHT, WIDTH)


def test_zoom_and_pan_move_the_view_and_recentre_undoes_them() -> None:
    framing = DriverFraming(None)
    before = framing.crop_for(_frame(0))
    framing.handlers["zoom"]("2")
    framing.handlers["pan"]("0.25 -0.125")
    x, y = centre_crop(HEIGHT, WIDTH).centre_px
    assert framing.crop_for(_frame(1)) == crop_around((x + 60, y - 30), 240)
    framing.handlers["pan"]("left")
    framing.handlers["recentre"]("")
    assert framing.crop_for(_frame(2)) == before


@pytest.mark.parametrize("argument", ["sideways", "1", "1 2 3", "a b"])
def test_a_pan_that_is_no_direction_is_refused(argument: str) -> None:
    with pytest.raises(CommandError, match="not a direction"):
        DriverFraming(None).handlers["pan"](argument)
    assert Command("pan", "left").control.name == "pan"


def test_a_followed_face_is_searched_for_near_its_place_only() -> None:
    detector = ScriptedDetector((320, 240, 120))
    framing = DriverFraming(PromptFaceFinder(detector))
    framing.crop_for(_frame(0))
    framing.crop_for(_frame(1 + int(EVERY_S * RATE_HZ)))
    assert detector.searched[0] == (HEIGHT, WIDTH)
    assert max(detector.searched[1]) < 0.8 * WIDTH


def test_a_face_whose_keypoints_tell_enough_is_searched_for_half_as_often() -> None:
    detector, face = ScriptedDetector((320, 240, 120)), (320.0, 240.0, 120.0)
    framing = DriverFraming(WholePictures(detector))
    _follow(framing, detector, [face] * int(LONGEST_MEMORY * EVERY_S * RATE_HZ))
    at_first = len(detector.searched)
    assert at_first == pytest.approx(LONGEST_MEMORY, abs=2)
    frames = [_frame(index) for index in range(1000, 1000 + 12 * RATE_HZ)]
    for frame in frames:
        crop = framing.crop_for(frame)
        assert crop is not None
        framing.saw(frame, crop, _keypoints_of(face, crop), mirrored=False)
    assert len(detector.searched) - at_first == pytest.approx(12 / SELDOM_S, abs=3)
    framing.reset()  # nothing is known of whom one sees next
    before = len(detector.searched)
    for frame in frames[: 2 * RATE_HZ]:
        framing.crop_for(frame)
    assert len(detector.searched) - before == pytest.approx(2 / EVERY_S, abs=1)


def test_detection_is_off_the_way_of_a_frame() -> None:
    searching = threading.Event()

    class Slow(ScriptedDetector):
        def detect(self, pixels: Pixels, search_side_px: int = 512) -> tuple[FaceBox, ...]:
            searching.wait(20)
            return super().detect(pixels, search_side_px)

    with BackgroundFaceFinder(Slow((320, 240, 120))) as finder:
        framing = DriverFraming(finder)
        assert [framing.crop_for(_frame(index)) for index in range(30)] == [None] * 30  # none of them waited
        searching.set()
        until_s = time.monotonic() + 20
        while framing.crop_for(_frame(31)) is None:
            assert time.monotonic() < until_s
            time.sleep(0.01)


def test_a_detector_that_fails_is_not_hidden() -> None:
    class Broken(ScriptedDetector):
        def detect(self, pixels: Pixels, search_side_px: int = 512) -> tuple[FaceBox, ...]:
            raise ZeroDivisionError

    with BackgroundFaceFinder(Broken()) as finder:
        finder.offer(_frame(0), None)
        with pytest.raises(ZeroDivisionError):
            _take_for_a_while(finder)


def _take_for_a_while(finder: FaceFinder) -> None:
    until_s = time.monotonic() + 20
    while time.monotonic() < until_s:
        finder.take()
        time.sleep(0.01)
