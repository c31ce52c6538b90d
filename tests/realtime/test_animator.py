"""The animator: what reaches the engine, and what comes back for which motion."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from realtime.animator import Animator, AnimatorOptions
from realtime.bundle import Bundle
from realtime.controls import Command
from realtime.engines.base import DeviceTensor, DeviceTensors
from realtime.errors import SourceError
from realtime.frames import Frame, Pixels
from realtime.manifest import GraphName
from realtime.timing import Stopwatch
from tests.fakes import FakeEngine, plain_frame

SIZE = 64
STILL = AnimatorOptions(smoothing=False)


def _portrait() -> Pixels:
    return np.full((SIZE, SIZE, 3), 100, np.uint8)


def _driver(x: int, index: int = 0) -> Frame:
    """A bright square at x over black: its keypoints follow it."""
    pixels = np.zeros((SIZE, SIZE, 3), np.uint8)
    pixels[24:40, x : x + 8] = 255
    return Frame(pixels, index, captured_at=index / 30)


def _animator(bundle: Bundle, options: AnimatorOptions = STILL, engine: FakeEngine | None = None) -> Animator:
    animator = Animator(engine or FakeEngine(), bundle, options)
    animator.set_source(_portrait())
    return animator


def test_the_first_pose_is_neutral_and_gives_the_portrait(tiny_bundle: Bundle) -> None:
    result = _animator(tiny_bundle).animate(_driver(x=40))
    assert np.array_equal(result.pixels, _portrait())


def test_the_portrait_moves_as_the_driver_moved_since(tiny_bundle: Bundle) -> None:
    animator = _animator(tiny_bundle)
    animator.animate(_driver(x=20))
    # Eight pixels right are 16/63 of half the frame, and the tiny network brightens by that.
    brighter = animator.animate(_driver(x=28, index=1)).pixels
    assert brighter.mean() == pytest.approx(100 * (1 + 16 / 63), abs=1)


def test_calibrating_makes_the_next_pose_neutral(tiny_bundle: Bundle) -> None:
    animator = _animator(tiny_bundle)
    animator.animate(_driver(x=20))
    animator.obey(Command.CALIBRATE)
    assert np.array_equal(animator.animate(_driver(x=28, index=1)).pixels, _portrait())


def test_absolute_motion_compares_with_the_portrait_itself(tiny_bundle: Bundle) -> None:
    animator = _animator(tiny_bundle, replace(STILL, motion="absolute"))
    centre_to_pose = (32 + 3.5 - 31.5) / 31.5
    assert animator.animate(_driver(x=32)).pixels.mean() == pytest.approx(100 * (1 + centre_to_pose), abs=1)


def test_mirroring_turns_the_motion_round(tiny_bundle: Bundle) -> None:
    animator = _animator(tiny_bundle, replace(STILL, mirror=True))
    animator.animate(_driver(x=20))
    assert animator.animate(_driver(x=28, index=1)).pixels.mean() == pytest.approx(100 * (1 - 16 / 63), abs=1)


def test_a_mirrored_output_rests_mirrored_too(tiny_bundle: Bundle) -> None:
    animator = Animator(FakeEngine(), tiny_bundle, replace(STILL, mirror_output=True))
    portrait = np.tile(np.arange(SIZE, dtype=np.uint8)[None, :, None], (SIZE, 1, 3))
    animator.set_source(portrait)
    driven, next_one = animator.animate(_driver(x=20)), animator.animate(_driver(x=20, index=1))
    assert np.array_equal(animator.at_rest().pixels, portrait[:, ::-1])
    assert np.array_equal(driven.pixels, driven.resting)
    assert driven.mirrored and driven.driven and not animator.at_rest().driven
    assert driven.resting is next_one.resting, "the output keeps what it made of it"
    animator.obey(Command("mirror-output", "off"))
    assert np.array_equal(animator.at_rest().pixels, portrait)


def test_smoothing_lets_a_slow_move_in_by_degrees(tiny_bundle: Bundle) -> None:
    animator = _animator(tiny_bundle, AnimatorOptions())
    animator.animate(_driver(x=20))
    # Two pixels in a frame are slow: all of it would be 100 * (1 + 4/63), which is 106 in whole steps.
    smoothed = animator.animate(_driver(x=22, index=1)).pixels.mean()
    assert 101 < smoothed < 106


def test_the_frame_keeps_index_and_birth_time(tiny_bundle: Bundle) -> None:
    result = _animator(tiny_bundle).animate(_driver(x=20, index=5))
    assert (result.index, result.captured_at) == (5, 5 / 30)


def test_the_source_is_encoded_once_for_many_frames(tiny_bundle: Bundle) -> None:
    engine = FakeEngine()
    animator = _animator(tiny_bundle, engine=engine)
    for index in range(5):
        animator.animate(_driver(20 + index, index))
    assert engine.runs.count("encode_source") == 1
    assert engine.runs.count("animate") == 6  # the portrait at rest, and five frames


def test_a_frame_given_out_is_not_changed_by_the_next(tiny_bundle: Bundle) -> None:
    animator = _animator(tiny_bundle)
    first = animator.animate(_driver(x=20))
    before = first.pixels.copy()
    animator.animate(_driver(x=40, index=1))
    assert np.array_equal(first.pixels, before)


def test_frames_of_any_shape_are_cropped_to_the_model(tiny_bundle: Bundle) -> None:
    wide = Frame(np.zeros((90, 200, 3), np.uint8), 0, 0.0)
    assert _animator(tiny_bundle).animate(wide).pixels.shape == (SIZE, SIZE, 3)


def test_without_a_portrait_it_says_so(tiny_bundle: Bundle) -> None:
    with pytest.raises(SourceError, match="no portrait"):
        Animator(FakeEngine(), tiny_bundle).animate(plain_frame())


def test_closing_closes_the_engine(tiny_bundle: Bundle) -> None:
    engine = FakeEngine()
    with Animator(engine, tiny_bundle):
        assert engine.closed == 0
    assert engine.closed == 1


def test_stages_are_timed(tiny_bundle: Bundle) -> None:
    stopwatch = Stopwatch()
    animator = Animator(FakeEngine(), tiny_bundle, STILL, stopwatch=stopwatch)
    animator.set_source(_portrait())
    animator.animate(_driver(x=20))
    stages = ("find", "crop", "upload", "keypoints", "transfer", "animate", "download", "compose")
    assert stopwatch.visits == dict.fromkeys(stages, 1)


def test_a_model_with_a_margin_is_given_what_lies_around_the_square(tiny_bundle: Bundle) -> None:
    seen: dict[str, DeviceTensor] = {}

    class Watching(FakeEngine):
        def run(
            self, graph: GraphName, inputs: Mapping[str, DeviceTensor], into: DeviceTensors | None = None
        ) -> DeviceTensors:
            if graph == "encode_source":
                seen.update(inputs)
            return super().run(graph, inputs, into)

    margin = replace(tiny_bundle, manifest=tiny_bundle.manifest.model_copy(update={"margin": 8}))
    _animator(margin, engine=Watching())
    assert seen["image"].shape == (1, 3, SIZE, SIZE) and seen["around"].shape == (1, 3, SIZE + 16, SIZE + 16)
    assert np.array_equal(seen["around"][..., 8:-8, 8:-8], seen["image"])
