"""The way from the driver's keypoints to the portrait's motion, as commands change it."""

from pathlib import Path

import numpy as np
import pytest

from realtime.errors import CommandError
from realtime.figures.dashboard import SourceView
from realtime.frames import Keypoints
from realtime.framing import Crop
from realtime.gain import LIDS_ASKED, LIPS_ASKED, Gains
from realtime.motion_mapper import MotionMapper, MotionOptions
from realtime.parts import EVERYTHING, Parts
from realtime.portraits.gallery import Source
from realtime.portraits.pack import PackWishes
from realtime.portraits.portrait import Portrait
from realtime.portraits.pose_file import PoseStore
from realtime.resting import FACING
from realtime.turning import sine_between
from tests.realtime.keypoint_tracks import FACE, OPENINGS, PARTS, RATE_HZ, UPPER_LIDS, WAYS, WITH_DEPTHS, face

BLANK = np.zeros((8, 8, 3), np.uint8)
LOWER_LIP = OPENINGS[2][1]


def _source(name: str = "juno", gain: float = 1.0) -> Source:
    portrait = Portrait(name, BLANK, Crop(0, 0, 8), BLANK, wishes=PackWishes(gain=gain))
    return Source(portrait, face(), {}, BLANK, 0, SourceView(BLANK, face()))


class Driver:
    """Gives poses at 30 Hz to a mapper, and keeps what the user is told."""

    def __init__(self, poses: PoseStore | None = None, parts: Parts = PARTS, **options: object) -> None:
        self.told: list[str] = []
        chosen = MotionOptions(smoothing=False, **options)  # type: ignore[arg-type]
        self.mapper = MotionMapper(chosen, self.told.append, parts)
        self.mapper.poses = poses
        self.source = _source()
        self._index = 0

    def moved(self, pose: Keypoints) -> np.ndarray:
        self._index += 1
        return self.mapper.motion(pose, self.source, self._index / RATE_HZ).target.mean - FACE

    def do(self, name: str, argument: str = "") -> object:
        return self.mapper.handlers[name](argument)


def test_the_first_pose_rests_and_calibrating_takes_another() -> None:
    driver = Driver()
    assert np.abs(driver.moved(face(shift=(0.1, 0)))).max() < 1e-6
    assert driver.moved(face(shift=(0.2, 0))).mean(axis=0) == pytest.approx([0.1, 0], abs=1e-5)
    driver.do("calibrate")
    assert np.abs(driver.moved(face(shift=(0.2, 0)))).max() < 1e-6


def test_lips_and_lids_are_asked_for_more_but_in_absolute_motion() -> None:
    pose, rest = face(lids=0.05, jaw=0.1), face()
    relative, absolute = Driver(), Driver(motion="absolute")
    for driver in (relative, absolute):
        driver.moved(rest)
    plain = pose.mean - FACE
    more = relative.moved(pose) - plain
    assert more[UPPER_LIDS, 1] == pytest.approx([0.8 * (LIDS_ASKED - 1) * 0.05] * 2, abs=1e-3)
    assert more[LOWER_LIP, 1] == pytest.approx(0.8 * (LIPS_ASKED - 1) * 0.1, abs=1e-3)
    np.testing.assert_array_equal(absolute.moved(pose), plain)


def test_gain_by_key_and_by_pack() -> None:
    driver = Driver()
    driver.moved(face())
    assert driver.do("gain", "+") == "overall gain 1.1"
    assert driver.moved(face(shift=(0.1, 0)))[0, 0] == pytest.approx(0.11, abs=1e-4)
    driver.source = _source(gain=0.5)
    assert driver.moved(face(shift=(0.1, 0)))[0, 0] == pytest.approx(0.055, abs=1e-4)
    assert driver.do("gain", "mouth 1.5") == "mouth gain 1.5"
    assert driver.do("gain", "head 9") == "head gain 3.0"


def test_a_gain_of_a_part_that_the_bundle_does_not_name_is_refused() -> None:
    driver = Driver(parts=EVERYTHING)
    with pytest.raises(CommandError, match="does not tell which keypoints are of the mouth"):
        driver.do("gain", "mouth +")
    assert driver.do("gain", "head +") == "head gain 1.1"


def test_the_limiter_holds_back_and_can_be_turned_off() -> None:
    driver = Driver()
    driver.moved(face())
    held = driver.moved(face(shift=(1.0, 0)))[0, 0]
    assert driver.mapper.range_used > 1
    driver.do("limiter", "off")
    assert held < 0.5 < driver.moved(face(shift=(1.0, 0)))[0, 0]


def _twist(way: np.ndarray) -> float:
    return sine_between(FACE, FACE + way, WITH_DEPTHS)


def test_a_turned_pose_is_neutral_as_it_is_only_where_the_user_takes_it() -> None:
    driver = Driver(parts=WITH_DEPTHS, limiter=False)
    aside = Keypoints(FACE + np.outer(WAYS, [0.7, 0]).astype(np.float32), face().covariance)
    assert _twist(driver.moved(aside)) > 0.3  # it looks to the side with him, from the first frame on
    assert FACING < _twist(driver.moved(face())) < 1.3 * FACING
    assert driver.told == ["you look away from the camera, and so does the portrait: calibrate (X) if you sit so"]
    driver.do("calibrate")
    assert _twist(driver.moved(aside)) < 1e-4
    assert _twist(driver.moved(face())) > 0.6


def test_best_frame_keeps_the_pose_most_like_the_portrait() -> None:
    driver = Driver()
    driver.moved(face(jaw=0.2))
    driver.do("best-frame")
    for jaw in (0.15, 0.0, 0.1):
        driver.moved(face(jaw=jaw))
    assert driver.do("best-frame") == "best frame kept as neutral"
    assert len(driver.told) == 2
    assert np.abs(driver.moved(face())).max() < 1e-6


def test_a_saved_pose_comes_back_with_its_gains(tmp_path: Path) -> None:
    store = PoseStore(tmp_path, "webcam:0", "abc")
    driver = Driver(poses=store)
    driver.moved(face(shift=(0.1, 0)))
    driver.do("gain", "2")
    assert str(tmp_path) in str(driver.do("save-pose"))
    again = Driver(poses=store)
    assert again.moved(face(shift=(0.2, 0)))[0, 0] == pytest.approx(0.2, abs=1e-4)
    assert again.told == ["juno: your saved neutral pose"]


def test_a_saved_pose_that_does_not_fit_is_told_and_left(tmp_path: Path) -> None:
    PoseStore(tmp_path, "webcam:0", "other").save("juno", face(shift=(0.5, 0)), Gains())
    driver = Driver(poses=PoseStore(tmp_path, "webcam:0", "abc"))
    assert np.abs(driver.moved(face())).max() < 1e-6
    assert "another bundle" in driver.told[0]


def test_there_is_nothing_to_save_before_a_face() -> None:
    with pytest.raises(CommandError, match="no neutral pose"):
        Driver().do("save-pose")


def test_a_new_portrait_keeps_the_drivers_neutral() -> None:
    driver = Driver()
    driver.moved(face(shift=(0.1, 0)))
    driver.source = _source("other")
    assert driver.moved(face(shift=(0.2, 0)))[0, 0] == pytest.approx(0.1, abs=1e-5)
