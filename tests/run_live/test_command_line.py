"""The command line, as a user meets it: good runs, bad input, and how it ends."""

import logging
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

import run_live
from realtime.bundle import Bundle
from tests.conftest import CLIP_FRAMES, CLIP_RATE_HZ
from tests.recordings import recorded_frames, saved_picture

ROOT = Path(__file__).parents[2]

Lines = list[str]


@pytest.fixture
def good(tiny_bundle: Bundle, picture: Path, clip: Path, tmp_path: Path) -> list[str]:
    """Flags of a run that works; a test adds what is to go wrong."""
    return [
        *("--source", str(picture), "--bundle", str(tiny_bundle.path), "--crop", "none"),
        *("--camera", f"file:{clip}", "--sink", f"file:{tmp_path / 'out.mp4'}"),
        *("--engine", "onnx-cpu", "--precision", "fp32", "--cache", str(tmp_path / "cache")),
    ]


def _frame_times(path: Path) -> list[float]:
    return [frame.captured_at for frame in recorded_frames(path)]


def test_offline_keeps_every_frame_and_the_clips_rate(good: list[str], tmp_path: Path) -> None:
    assert run_live.main([*good, "--offline"]) == 0
    assert _frame_times(tmp_path / "out.mp4") == pytest.approx([i / CLIP_RATE_HZ for i in range(CLIP_FRAMES)], abs=1e-3)


def test_live_reports_rate_age_and_drops(good: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run_live.main(good) == 0
    report = capsys.readouterr().out
    for word in ("frames in", "fps", "dropped", "p50", "p95", "p99", "animate"):
        assert word in report


def test_latency_is_measured_from_glass_to_glass(good: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run_live.main([*good, "--output-size", "320x240", "--measure-latency"]) == 0
    assert re.search(
        r"latency from glass to glass p50 \d+ p95 \d+ p99 \d+ ms over \d+ pictures", capsys.readouterr().out
    )


def test_several_sinks_get_the_same_pictures(good: list[str], tmp_path: Path) -> None:
    flags = ["--sink", f"frames:{tmp_path / 'frames'}", "--output-size", "320x240"]
    assert run_live.main([*good, *flags, "--offline"]) == 0
    assert len(list((tmp_path / "frames").glob("*.png"))) == len(_frame_times(tmp_path / "out.mp4")) == CLIP_FRAMES
    assert saved_picture(tmp_path / "frames" / "000000.png").shape == (240, 320, 3)


def test_a_recording_says_that_it_is_synthetic(good: list[str], tmp_path: Path) -> None:
    assert run_live.main([*good, "--offline"]) == 0
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert "made by a machine" in container.metadata["comment"]


def test_max_frames_ends_an_endless_camera(good: list[str], tmp_path: Path) -> None:
    assert run_live.main([*good, "--camera", "synthetic:", "--max-frames", "3"]) == 0
    assert len(_frame_times(tmp_path / "out.mp4")) == 3


def test_the_portrait_reaches_the_sink(good: list[str], tmp_path: Path) -> None:
    assert run_live.main([*good, "--sink", f"frames:{tmp_path}", "--offline", "--no-smoothing", "--no-badge"]) == 0
    first = saved_picture(tmp_path / "000000.png")
    assert (first == (150, 120, 90)).all()  # the picture fixture is written as BGR (90, 120, 150)
    last = saved_picture(tmp_path / f"{CLIP_FRAMES - 1:06d}.png")
    assert last.mean() > first.mean() + 5


def _bad_inputs(tmp_path: Path, clip: Path, own_bundle: Path) -> dict[str, tuple[Sequence[str], str]]:
    text = tmp_path / "text.jpg"
    text.write_text("not a picture")
    tiny = tmp_path / "tiny.png"
    tiny.write_bytes(cv2.imencode(".png", np.zeros((20, 30, 3), np.uint8))[1].tobytes())
    graph = own_bundle / "animate.onnx"
    graph.write_bytes(graph.read_bytes()[:50])
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "manifest.json").write_text('{"model": "something else"}')
    return {
        "missing source": (["--source", "nowhere.jpg"], "nowhere.jpg: cannot be read"),
        "folder without portraits": (["--source", str(foreign)], "no pictures in it"),
        "unreadable source": (["--source", str(text)], "not a picture"),
        "tiny source": (["--source", str(tiny)], "30x20 pixels"),
        "no face": (["--crop", "auto"], "no face found"),
        "unknown camera": (["--camera", "pigeon:"], "unknown camera"),
        "missing clip": (["--camera", "file:nowhere.mp4"], "nowhere.mp4"),
        "missing webcam": (["--camera", "webcam:97"], "webcam:97: there is no such camera"),
        "unknown sink": (["--sink", "fax:"], "unknown sink"),
        "unwritable output": (["--sink", f"file:{clip}/out.mp4"], "cannot be written"),
        "screenshots into a file": (["--screenshots", str(text)], "text.jpg: not a folder"),
        "unknown engine": (["--engine", "warp"], "unknown engine"),
        "missing bundle": (["--bundle", "nowhere"], "there is no bundle here"),
        "truncated bundle": (["--bundle", str(own_bundle)], "wrong content"),
        "foreign bundle": (["--bundle", str(foreign)], "manifest.json"),
        "unknown flag": (["--colour", "red"], "--colour"),
    }


BAD_INPUTS = [
    *("missing source", "folder without portraits", "unreadable source", "tiny source", "no face"),
    *("unknown camera", "missing clip", "missing webcam", "unknown sink", "unwritable output"),
    *("screenshots into a file", "unknown engine", "missing bundle", "truncated bundle"),
    *("foreign bundle", "unknown flag"),
]


@pytest.mark.parametrize("case", BAD_INPUTS)
def test_bad_input_gives_two_lines_and_exit_code_2(
    case: str, good: list[str], tmp_path: Path, clip: Path, own_bundle: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    flags, told = _bad_inputs(tmp_path, clip, own_bundle)[case]
    assert run_live.main([*good, *flags]) == 2
    lines = capfd.readouterr().err.strip().splitlines()
    assert len(lines) == 2, lines
    assert lines[0].startswith("error: ")
    assert told in lines[0]


def test_a_failure_while_running_leaves_a_playable_video(
    good: list[str], tmp_path: Path, clip: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.mp4"
    data = bytearray(clip.read_bytes())
    start = data.index(b"mdat") + 1200
    data[start : start + 300] = b"\xff" * 300
    broken.write_bytes(bytes(data))
    code = run_live.main([*good, "--camera", f"file:{broken}", "--offline"])
    assert code in (0, 2)  # FFmpeg conceals some damage
    assert "Traceback" not in capfd.readouterr().err
    assert len(_frame_times(tmp_path / "out.mp4")) > 0


def test_a_bug_keeps_its_traceback(good: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_arguments: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(run_live, "chosen_bundle", broken)
    with pytest.raises(ZeroDivisionError):
        run_live.main(good)


def _start(flags: Sequence[str], **variables: str) -> subprocess.Popen[str]:
    command = [sys.executable, str(ROOT / "run_live.py"), *flags]
    environment = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"} | variables
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _wait_for_bytes(path: Path, count: int, process: subprocess.Popen[str]) -> None:
    until_s = time.monotonic() + 60
    while not (path.exists() and path.stat().st_size > count):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until_s
        time.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly_with_a_report(good: list[str], tmp_path: Path, number: signal.Signals) -> None:
    process = _start([*good, "--camera", "synthetic:"])
    _wait_for_bytes(tmp_path / "out.mp4", 3000, process)
    asked_s = time.monotonic()
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    assert time.monotonic() - asked_s < 1
    assert process.returncode == 0, err
    assert "Traceback" not in err
    assert "frames in" in out
    assert len(_frame_times(tmp_path / "out.mp4")) > 10


def test_a_killed_recording_is_playable(good: list[str], tmp_path: Path) -> None:
    process = _start([*good, "--camera", "synthetic:"])
    _wait_for_bytes(tmp_path / "out.mp4", 8000, process)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=20)
    assert len(_frame_times(tmp_path / "out.mp4")) > 10


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it is not kept under HOME")
def test_a_run_leaves_nothing_in_the_home_folder(good: list[str], tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    process = _start([*good, "--offline"], HOME=str(home), XDG_CACHE_HOME=str(home / ".cache"))
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert list(home.rglob("*")) == []


def test_help_lists_the_flags() -> None:
    process = _start(["--help"])
    out, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    for flag in ("--source", "--camera", "--sink", "--bundle", "--offline", "--no-smoothing"):
        assert flag in out


def test_without_devices_it_falls_back_and_says_why(
    good: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    if list(Path("/dev").glob("video*")):
        pytest.skip("this machine has cameras")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(run_live, "DEFAULT_CLIP", Path(good[good.index("--camera") + 1].removeprefix("file:")))
    monkeypatch.chdir(tmp_path)
    with caplog.at_level("INFO"):
        assert run_live.main([*good[: good.index("--camera")], "--max-frames", "5"]) == 0
    assert "no webcam found: playing the driving clip" in caplog.text
    assert "sink file:out/live.mp4; virtualcam: cannot be opened" in caplog.text
    assert len(_frame_times(tmp_path / "out" / "live.mp4")) == 5


def test_without_a_bundle_named_it_says_which_animates_and_why(
    clip: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """At 240 pictures a second no bundle that ships keeps up: both are measured, the faster animates."""
    caplog.set_level(logging.INFO)
    flags = ["--camera", f"file:{clip}", "--camera-rate", "240", "--sink", f"file:{tmp_path / 'out.mp4'}"]
    engine = ["--engine", "onnx-cpu", "--precision", "fp32", "--threads", "1", "--cache", str(tmp_path / "cache")]
    assert run_live.main([*flags, *engine, "--max-frames", "2"]) == 0
    assert "portrait-s would take" in caplog.text and "animating with portrait-xs" in caplog.text
    assert "with portrait-xs on onnx-cpu" in caplog.text
