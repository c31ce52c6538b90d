"""The portraits at hand: switching costs nothing, memory stays bounded, bad files are refused by name."""

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from realtime.animator import Animator, AnimatorOptions
from realtime.bundle import Bundle
from realtime.clock import Clock
from realtime.control.command_table import Part
from realtime.controls import Command, CommandQueue
from realtime.engines.base import DeviceTensors
from realtime.errors import CommandError, MarionetError
from realtime.frames import OutputFrame, OutputState
from realtime.loop import LiveLoop
from realtime.manifest import GraphName
from realtime.portraits.reader import WATCH_EVERY_S
from realtime.timing import RunReport
from tests.fake_clock import FakeClock
from tests.fakes import FakeEngine, RecordingSink, ScriptedCamera, plain_frame
from tests.realtime.live_runs import sender_to
from tests.tiny_bundle import SIZE

LEVELS = {"alba": 60, "bruno": 120, "carla": 180, "dario": 240}
PORTRAIT_MB = 3 * SIZE * SIZE * 7 / 1e6  # features in float32; picture, square and resting picture in uint8


def write_picture(path: Path, level: int) -> None:
    path.write_bytes(cv2.imencode(".png", np.full((SIZE, SIZE, 3), level, np.uint8))[1].tobytes())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, level in LEVELS.items():
        write_picture(tmp_path / f"{name}.png", level)
    (tmp_path / "notes.txt").write_text("not a portrait")
    return tmp_path


class Stage:
    """An animator at work: commands in, and the grey level of the picture out."""

    def __init__(self, bundle: Bundle, options: AnimatorOptions, first: Path) -> None:
        self.engine = FakeEngine()
        self.commands = CommandQueue()
        self.animator = Animator(self.engine, bundle, options, dashboard=self.commands.dashboard)
        self.animator.open_source(first)
        self._index = 0

    def frame(self) -> int:
        self.commands.carry_out(Part.ANIMATOR, self.animator.handlers)
        self._index += 1
        return int(self.animator.animate(plain_frame(self._index, captured_at=self._index / 30)).pixels[0, 0, 0])

    def do(self, name: str, argument: str = "") -> "Future[str]":
        return self.commands.post(Command(name, argument))

    def until(self, holds: Callable[[], object]) -> None:
        until_s = time.monotonic() + 30
        while not holds():
            assert time.monotonic() < until_s, "it never came true"
            self.frame()
            time.sleep(0.005)


@pytest.fixture
def stage(tiny_bundle: Bundle, folder: Path) -> Iterator[Stage]:
    stage = Stage(tiny_bundle, AnimatorOptions(portraits=folder, fade_s=0.0), folder / "alba.png")
    stage.until(lambda: stage.animator.has_settled)
    with stage.animator:
        yield stage


def test_all_are_encoded_ahead_and_switching_encodes_nothing(stage: Stage) -> None:
    assert stage.engine.runs.count("encode_source") == len(LEVELS)
    shown = []
    for command in (("portrait", "2"), ("next", ""), ("previous", ""), ("portrait", "dario"), ("portrait", "AL")):
        reply = stage.do(*command)
        shown.append(stage.frame())
        assert reply.done()
    assert shown == [120, 180, 120, 240, 60]
    assert stage.engine.runs.count("encode_source") == len(LEVELS)


def test_next_goes_round(stage: Stage) -> None:
    reply = stage.do("previous")
    assert stage.frame() == 240
    assert reply.result(timeout=0) == "portrait 4 of 4: dario"


@pytest.mark.parametrize(
    ("argument", "told", "hint"),
    [
        ("7", "portrait 7: there are 4", "1 to 4"),
        ("brumo", "no such portrait", "did you mean bruno?"),
        ("0", "there are", ""),
    ],
)
def test_a_portrait_that_is_not_there_is_refused_and_the_old_stays(
    stage: Stage, argument: str, told: str, hint: str
) -> None:
    reply = stage.do("portrait", argument)
    assert stage.frame() == 60
    with pytest.raises(CommandError, match=told) as refusal:
        reply.result(timeout=0)
    assert hint in refusal.value.hint


def test_a_file_joins_the_others(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("elsewhere") / "eva.png"
    write_picture(other, 30)
    reply = stage.do("portrait", str(other))
    stage.until(reply.done)
    assert reply.result(timeout=0) == "portrait 5 of 5: eva"
    assert stage.frame() == 30


@pytest.mark.parametrize("content", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n"])
def test_a_bad_file_is_refused_by_name_and_the_old_stays(stage: Stage, folder: Path, content: bytes) -> None:
    bad = folder / "bad.jpg"
    bad.write_bytes(content)
    reply = stage.do("portrait", str(bad))
    stage.until(reply.done)
    with pytest.raises(MarionetError, match=r"bad\.jpg"):
        reply.result(timeout=0)
    assert stage.frame() == 60
    assert "bad.jpg" in stage.commands.dashboard.notice()


def test_a_bad_file_does_not_stop_next(tiny_bundle: Bundle, folder: Path) -> None:
    (folder / "b.png").write_bytes(b"bad")
    stage = Stage(tiny_bundle, AnimatorOptions(portraits=folder, fade_s=0.0), folder / "alba.png")
    with stage.animator:
        stage.until(lambda: stage.animator.has_settled)
        refused = stage.do("next")
        stage.until(refused.done)
        assert isinstance(refused.exception(timeout=0), MarionetError)
        stage.do("next")
        assert stage.frame() == LEVELS["bruno"]


def test_memory_stays_within_its_bounds_and_the_longest_unseen_is_read_again(tiny_bundle: Bundle, folder: Path) -> None:
    options = AnimatorOptions(portraits=folder, fade_s=0.0, memory_mb=2.5 * PORTRAIT_MB)
    stage = Stage(tiny_bundle, options, folder / "alba.png")
    with stage.animator:
        stage.until(lambda: stage.animator.has_settled)
        assert stage.engine.runs.count("encode_source") == 2  # alba and, ahead, bruno
        for name in ("bruno", "carla"):
            reply = stage.do("portrait", name)
            stage.until(reply.done)
        assert stage.engine.runs.count("encode_source") == 3
        stage.do("portrait", "bruno")
        assert stage.frame() == LEVELS["bruno"]
        assert stage.engine.runs.count("encode_source") == 3
        again = stage.do("portrait", "alba")
        stage.until(again.done)
        assert stage.engine.runs.count("encode_source") == 4
        assert stage.frame() == LEVELS["alba"]


def test_a_changed_file_is_shown_by_itself(stage: Stage, folder: Path) -> None:
    write_picture(folder / "alba.png", 99)
    os.utime(folder / "alba.png", ns=(1, 1))
    started_s = time.monotonic()
    stage.until(lambda: stage.frame() == 99)
    assert time.monotonic() - started_s < 10 * WATCH_EVERY_S


def test_a_new_file_joins_and_one_that_went_leaves(stage: Stage, folder: Path) -> None:
    write_picture(folder / "bea.png", 33)
    (folder / "bruno.png").unlink()
    stage.until(lambda: stage.engine.runs.count("encode_source") == len(LEVELS) + 1)
    reply = stage.do("next")
    assert stage.frame() == 33
    assert reply.result(timeout=0) == "portrait 2 of 4: bea"


def test_reload_reads_all_again(stage: Stage) -> None:
    stage.do("reload")
    stage.until(lambda: stage.engine.runs.count("encode_source") == 2 * len(LEVELS))
    stage.frame()
    assert stage.engine.runs.count("encode_source") == 2 * len(LEVELS), "once each, and no more"


def test_a_fade_mixes_the_old_picture_with_the_new(tiny_bundle: Bundle, folder: Path) -> None:
    stage = Stage(tiny_bundle, AnimatorOptions(portraits=folder, fade_s=0.2), folder / "alba.png")
    with stage.animator:
        stage.until(lambda: stage.animator.has_settled)
        stage.do("portrait", "dario")
        shown = [stage.frame() for _ in range(8)]
    assert shown == sorted(shown)
    assert shown[0] == 60
    assert shown[3] == pytest.approx(150, abs=2)  # three of six frames on
    assert shown[6:] == [240, 240]


class Costly(FakeEngine):
    """Takes 5 ms for a frame, and 200 ms to encode a portrait."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self.clock: Clock = clock

    def run(self, graph: GraphName, *arguments: Any, **options: Any) -> DeviceTensors:
        self.clock.sleep({"animate": 0.005, "encode_source": 0.2}.get(graph, 0.0))
        return super().run(graph, *arguments, **options)


def _switching_run(bundle: Bundle, folder: Path, *, ahead: bool) -> tuple[RunReport, list[OutputFrame]]:
    """90 frames at 30 Hz, and a switch at every tenth."""
    clock, commands = FakeClock(), CommandQueue()
    animator = Animator(Costly(clock), bundle, AnimatorOptions(portraits=folder, fade_s=0.1))
    animator.open_source(folder / "alba.png")
    index = 0
    while not animator.has_settled:
        animator.animate(plain_frame(index))
        time.sleep(0.005)
    if not ahead:  # as a program does it that encodes a portrait when it is asked for

        def encode(_argument: str) -> str:
            animator.open_source(folder / "bruno.png")
            return "encoded"

        animator.handlers = {**animator.handlers, "next": encode}

    class Switching(RecordingSink):
        def send(self, frame: OutputFrame) -> None:
            super().send(frame)
            if frame.driver_index is not None and frame.driver_index % 10 == 9:
                commands.post(Command("next"))

    sink = Switching(clock=clock)
    camera = ScriptedCamera([step for _ in range(90) for step in (128, 1 / 30)], clock=clock)
    try:
        with animator:
            report = LiveLoop(camera, animator, sender_to([sink], animator, clock, 100.0), commands, clock=clock).run()
    finally:
        clock.end()
    return report, sink.frames


def test_switching_under_load_loses_no_frame_at_the_sink(tiny_bundle: Bundle, folder: Path) -> None:
    report, frames = _switching_run(tiny_bundle, folder, ahead=True)
    assert {frame.driver_index for frame in frames} - {None} == set(range(90))
    assert report.dropped == 0
    assert {frame.state for frame in frames[2:]} == {OutputState.LIVE}
    assert len({int(frame.pixels[0, 0, 0]) for frame in frames}) > len(LEVELS)  # all were shown, with fades between


def test_encoding_at_the_switch_would_lose_frames(tiny_bundle: Bundle, folder: Path) -> None:
    report, frames = _switching_run(tiny_bundle, folder, ahead=False)
    assert report.dropped > 5
    assert {frame.driver_index for frame in frames} - {None} < set(range(90))


def test_what_is_behind_the_person_changes_live(stage: Stage, folder: Path) -> None:
    """Of a picture cut out already, so that no network looks for the person."""
    cut_out = np.zeros((SIZE, SIZE, 4), np.uint8)
    cut_out[SIZE // 2 :] = 255
    (folder / "eva.png").write_bytes(cv2.imencode(".png", cut_out)[1].tobytes())
    stage.do("portrait", str(folder / "eva.png"))
    stage.until(lambda: stage.frame() == 96)
    stage.do("behind", "#323232")
    stage.until(lambda: stage.frame() == 0x32)
    stage.do("behind", "keep")
    stage.until(lambda: stage.frame() == 96)
    refused = stage.do("behind", str(folder / "gone.jpg"))
    stage.frame()
    with pytest.raises(CommandError, match="no such file"):
        refused.result()
    assert stage.frame() == 96
