"""Poses at rest: a driver taken in a blink, eyes that open and do not stare, a portrait whose lips were misread."""

from collections.abc import Mapping
from contextlib import nullcontext

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.engines.base import DeviceTensor, DeviceTensors
from realtime.frames import Keypoints
from realtime.framing import Crop
from realtime.manifest import GraphName
from realtime.motion import relative_motion
from realtime.networks import Networks
from realtime.parts import Parts
from realtime.portraits.portrait import Portrait
from realtime.resting import FACING, OPEN_LIDS, RESTING_LIDS, SHUT_LIDS, at_rest, facing, uncrossed
from realtime.similarity import spread_of
from realtime.turning import sine_between
from tests.fakes import FakeEngine
from tests.realtime.keypoint_tracks import FACE, OPENINGS, PARTS, WAYS, WITH_DEPTHS, WITH_MIRRORS, face
from tests.tiny_bundle import KEYPOINTS, SIZE

SPREAD = spread_of(FACE[PARTS.face])
BLINK = 0.08  # closes the face's lids
LIDS = [end for pair in OPENINGS[:2] for end in pair]


def _lids_apart(mean: np.ndarray) -> np.ndarray:
    return np.linalg.norm(mean[[2, 3]] - mean[[0, 1]], axis=1)


def _lids_fallen_to(spreads: float) -> float:
    """What leaves the lids of `face` so many spreads apart; their fall hardly changes the spread."""
    return BLINK - spreads * SPREAD


def test_a_blink_taken_as_neutral_shuts_the_portrait_until_the_driver_opens_his_eyes() -> None:
    portrait, neutral = face(), face(lids=BLINK, shift=(0.1, 0.0))
    blinking = relative_motion(neutral, portrait, neutral, PARTS).target.mean
    np.testing.assert_allclose(_lids_apart(blinking), 0, atol=1e-6)
    ordinary = face(lids=_lids_fallen_to(RESTING_LIDS), shift=(0.1, 0.0))
    awake = relative_motion(ordinary, portrait, neutral, PARTS).target.mean
    np.testing.assert_allclose(_lids_apart(awake), BLINK, atol=2e-3)
    np.testing.assert_allclose(np.delete(awake, LIDS, axis=0), np.delete(portrait.mean, LIDS, axis=0), atol=1e-6)


def test_an_eye_opened_after_a_blink_opens_evenly_and_never_turns_back() -> None:
    portrait, neutral = face(), face(lids=BLINK)
    falls = np.linspace(BLINK, -0.02, 41)
    found = [_lids_apart(relative_motion(face(lids=f), portrait, neutral, PARTS).target.mean)[0] for f in falls]
    assert (np.diff(found) >= -1e-6).all() and np.diff(found).max() < 0.006


@given(st.floats(-1.5, 1.5), st.floats(0.5, 2.0), st.floats(-0.3, 0.3))
def test_lids_open_the_way_the_driver_holds_the_head(angle: float, scale: float, shift: float) -> None:
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]], np.float32)
    shut = face(lids=BLINK).mean
    rested = at_rest(shut, FACE, PARTS)
    tilted = at_rest((shut @ turn.T + np.float32(shift)).astype(np.float32), FACE, PARTS)
    np.testing.assert_allclose(tilted[LIDS], rested[LIDS] @ turn.T + shift, atol=1e-4)
    np.testing.assert_array_equal(np.delete(rested, [*LIDS, 8, 9], axis=0), np.delete(shut, [*LIDS, 8, 9], axis=0))


@pytest.mark.parametrize("spreads", [OPEN_LIDS + 0.01, RESTING_LIDS, 0.3])
def test_open_eyes_are_a_faces_own_however_narrow(spreads: float) -> None:
    neutral = face(lids=_lids_fallen_to(spreads)).mean
    np.testing.assert_array_equal(at_rest(neutral, FACE, PARTS)[LIDS], neutral[LIDS])


def test_between_shut_and_open_nothing_jumps() -> None:
    found = [
        at_rest(face(lids=_lids_fallen_to(spreads)).mean, FACE, PARTS)
        for spreads in np.linspace(SHUT_LIDS - 0.01, OPEN_LIDS + 0.01, 61)
    ]
    assert np.abs(np.diff(found, axis=0)).max() < 0.002


def test_a_portrait_that_sleeps_wakes_as_the_driver_opens_his_eyes() -> None:
    sleeping, neutral = face(lids=BLINK), face(lids=BLINK)
    np.testing.assert_array_equal(relative_motion(neutral, sleeping, neutral, PARTS).target.mean, sleeping.mean)
    opened = relative_motion(face(), sleeping, neutral, PARTS).target.mean
    np.testing.assert_allclose(_lids_apart(opened), BLINK, atol=1e-5)


def _turned(sine: float) -> Keypoints:
    return Keypoints(FACE + np.outer(WAYS, [sine, 0]).astype(np.float32), face().covariance)


@pytest.mark.parametrize("away", [-0.8, 0.8])
def test_a_driver_taken_as_he_looked_to_the_side_does_not_twist_the_portrait_once_he_looks_here(away: float) -> None:
    portrait = face()
    neutral = facing(_turned(away), portrait, WITH_DEPTHS)
    looking_here = relative_motion(face(), portrait, neutral, WITH_DEPTHS).target.mean
    assert sine_between(portrait.mean, looking_here, WITH_DEPTHS) == pytest.approx(FACING, rel=0.1)
    still_there = relative_motion(_turned(away), portrait, neutral, WITH_DEPTHS).target.mean
    assert sine_between(portrait.mean, still_there, WITH_DEPTHS) == pytest.approx(abs(away) - FACING, rel=0.1)


def test_a_driver_who_rests_a_little_turned_rests_so() -> None:
    neutral = _turned(FACING - 0.02)
    assert facing(neutral, face(), WITH_DEPTHS) is neutral


def test_from_a_little_turned_to_far_away_nothing_jumps() -> None:
    found = [facing(_turned(sine), face(), WITH_DEPTHS).mean for sine in np.linspace(0.2, 0.9, 141)]
    assert np.abs(np.diff(found, axis=0)).max() < 0.007


def test_a_bundle_without_lids_keeps_the_neutral_pose_itself() -> None:
    shut = face(lids=BLINK).mean
    assert at_rest(shut, FACE, Parts.named({}, OPENINGS)) is shut


def _crossed(by: float, tilt: complex = 1) -> Keypoints:
    """A face held at a tilt, whose upper lip was found so far below its lower one, and to the left of it."""
    found = face()
    mean = found.mean.copy()
    mean[8] = mean[9] + np.array((-0.02, by), np.float32)
    turned = tilt * (mean[:, 0] + 1j * mean[:, 1])
    return Keypoints(np.stack([turned.real, turned.imag], axis=1).astype(np.float32), found.covariance)


@pytest.mark.parametrize("angle", [-0.6, 0.0, 0.3])
def test_lips_found_crossed_meet_half_way_across_the_face(angle: float) -> None:
    tilt = complex(np.exp(1j * angle))
    crossed = _crossed(0.06, tilt)
    met = uncrossed(crossed, WITH_MIRRORS)
    upper, lower = (complex(*met.mean[row]) / tilt for row in (8, 9))
    assert abs((lower - upper).imag) < 0.004 and (lower - upper).real == pytest.approx(0.02, abs=0.004)
    np.testing.assert_allclose(met.mean[[8, 9]].mean(axis=0), crossed.mean[[8, 9]].mean(axis=0), atol=1e-6)
    np.testing.assert_array_equal(np.delete(met.mean, [8, 9], axis=0), np.delete(crossed.mean, [8, 9], axis=0))
    assert met.covariance is crossed.covariance


def test_lips_and_lids_in_their_order_stay_to_the_last_bit() -> None:
    for found in (face(), face(jaw=0.2), _crossed(-0.001)):
        assert uncrossed(found, WITH_MIRRORS) is found
    crossed = _crossed(0.06)
    assert uncrossed(crossed, Parts()) is crossed  # nothing is known of its lips


def test_a_portrait_whose_lips_were_found_crossed_opens_its_mouth_as_one_whose_lips_touch() -> None:
    speaking = face(jaw=0.1)

    def opened(portrait: Keypoints) -> float:
        mean = relative_motion(speaking, portrait, face(), PARTS).target.mean
        return float(mean[9, 1] - mean[8, 1])

    touching = opened(_crossed(0.0))
    assert opened(_crossed(0.06)) < 0.6 * touching
    assert opened(uncrossed(_crossed(0.06), PARTS)) == pytest.approx(touching, abs=0.001)


class _MisreadingEngine(FakeEngine):
    """Finds the second of three keypoints, a lower lip, above the first."""

    def run(
        self, graph: GraphName, inputs: Mapping[str, DeviceTensor], into: DeviceTensors | None = None
    ) -> DeviceTensors:
        outputs = super().run(graph, inputs, into)
        if graph == "detect_keypoints":
            outputs["mean"][0, :2] = (0, 0.1), (0, -0.1)
        return outputs


def test_networks_read_a_portraits_lips_uncrossed_and_its_drivers_as_they_are() -> None:
    grey = np.full((SIZE, SIZE, 3), 80, np.uint8)
    lips = Parts.named({"face": tuple(range(KEYPOINTS)), "mouth": (0, 1)}, [(0, 1)])
    networks = Networks(_MisreadingEngine(), lambda _name: nullcontext(), lips)
    source = networks.encode(Portrait("", grey, Crop(0, 0, SIZE), grey))
    np.testing.assert_array_equal(source.keypoints.mean[:2], 0)
    np.testing.assert_array_equal(source.tensors["source_mean"][0], source.keypoints.mean)
    np.testing.assert_array_equal(networks.detect(grey).mean[:2, 1], np.array((0.1, -0.1), np.float32))
