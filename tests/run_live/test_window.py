"""The real window, under a display without a screen, with real keys and a real mouse: what changed on it.

The screenshots are kept in out/window/.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime.bundle import Bundle
from tests.realtime.portraits.test_gallery import write_picture

ROOT = Path(__file__).parents[2]
SCREENSHOTS = ROOT / "out" / "window"
LEVELS = {"alba": 60, "bruno": 120, "carla": 180}
SCREEN_WIDTH, SCREEN_HEIGHT = 800, 600
PATIENCE_S = 40.0

pytestmark = pytest.mark.skipif(
    shutil.which("Xvfb") is None or shutil.which("xdotool") is None,
    reason="Xvfb and xdotool are needed: apt-get install xvfb xdotool",
)


class Desktop:
    """An X server that draws into a file, and a hand on its keyboard and mouse."""

    def __init__(self, folder: Path) -> None:
        ours, theirs = os.pipe()
        self._buffer = folder / "Xvfb_screen0"
        size = f"{SCREEN_WIDTH}x{SCREEN_HEIGHT}x24"
        command = ["Xvfb", "-displayfd", str(theirs), "-screen", "0", size, "-fbdir", str(folder), "-nolisten", "tcp"]
        self._server = subprocess.Popen(command, pass_fds=(theirs,), stderr=subprocess.DEVNULL)
        os.close(theirs)
        with os.fdopen(ours) as number:
            self.display = f":{number.readline().strip()}"

    def close(self) -> None:
        self._server.terminate()
        self._server.wait(10)

    def picture(self) -> np.ndarray:
        """What the screen shows now [h, w, 3], out of the server's XWD file."""
        data = self._buffer.read_bytes()
        head = np.frombuffer(data[:100], ">u4")
        start, height, row_bytes, colours = int(head[0]), int(head[5]), int(head[12]), int(head[19])
        rows = np.frombuffer(data, np.uint8, height * row_bytes, start + 12 * colours).reshape(
            height, row_bytes // 4, 4
        )
        return rows[:, :SCREEN_WIDTH, 2::-1].copy()

    def do(self, *words: str) -> str:
        """One xdotool command."""
        environment = {**os.environ, "DISPLAY": self.display}
        done = subprocess.run(
            ["xdotool", *words], env=environment, capture_output=True, text=True, timeout=30, check=True
        )
        return done.stdout.strip()

    def until(self, holds: Callable[[np.ndarray], bool], name: str) -> np.ndarray:
        """The first picture for which something holds; it is kept under name."""
        until_s = time.monotonic() + PATIENCE_S
        while True:
            picture = self.picture()
            if holds(picture) or time.monotonic() > until_s:
                SCREENSHOTS.mkdir(parents=True, exist_ok=True)
                cv2.imwrite(str(SCREENSHOTS / f"{name}.png"), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
                assert holds(picture), f"{name}: see {SCREENSHOTS}"
                return picture
            time.sleep(0.05)


@pytest.fixture
def desktop(tmp_path: Path) -> Iterator[Desktop]:
    desktop = Desktop(tmp_path)
    yield desktop
    desktop.close()


@pytest.fixture
def run(desktop: Desktop, tiny_bundle: Bundle, tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """The program with a window of 512x512 and three grey portraits, moved by the drawn face."""
    folder = tmp_path / "portraits"
    folder.mkdir()
    for name, level in LEVELS.items():
        write_picture(folder / f"{name}.png", level)
    command = [
        *(sys.executable, str(ROOT / "run_live.py"), "--bundle", str(tiny_bundle.path), "--crop", "none"),
        *("--portraits", str(folder), "--camera", "synthetic:", "--sink", "window:", "--fade", "0", "--gain", "0"),
    ]
    environment = {**os.environ, "DISPLAY": desktop.display, "XDG_RUNTIME_DIR": str(tmp_path)}
    environment.pop("SDL_VIDEODRIVER", None)
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    yield process
    process.kill()
    process.communicate(timeout=20)


def _level(picture: np.ndarray) -> float:
    """Grey in the middle of a 512x512 window at the screen's corner."""
    return float(np.median(picture[200:300, 350:450]))


def _dark(part: np.ndarray) -> float:
    """The share of part that is darker than any portrait."""
    return float((part.max(axis=2) < 45).mean())


def _status(tmp_path: Path) -> dict[str, object]:
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)}
    command = [sys.executable, str(ROOT / "run_live.py"), "ctl", "status"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True)
    return dict(json.loads(done.stdout))


def test_keys_and_mouse_change_what_the_window_shows(
    desktop: Desktop, run: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    desktop.until(lambda picture: abs(_level(picture) - 60) < 4, "1-start")
    window = desktop.do("search", "--sync", "--name", "^marionet - ").splitlines()[0]
    assert window in desktop.do("search", "--class", "^marionet$").splitlines()
    desktop.do("windowmove", window, "0", "0")
    desktop.do("windowfocus", "--sync", window)

    desktop.do("key", "2")
    told = desktop.until(lambda picture: abs(_level(picture) - 120) < 4, "2-second-portrait")
    desktop.until(lambda picture: _dark(picture[480:512, 150:360]) > 0.2, "3-message")
    assert _dark(told[100:400, 100:400]) < 0.01
    assert _status(tmp_path)["portrait"] == "bruno"

    desktop.do("key", "question")
    desktop.until(lambda picture: _dark(picture[20:300, 20:200]) > 0.5, "4-help")
    desktop.do("key", "F1")
    desktop.until(lambda picture: _dark(picture[20:300, 20:200]) < 0.05, "5-no-help")
    desktop.do("key", "i")
    desktop.until(lambda picture: _dark(picture[5:60, 5:200]) > 0.5, "6-figures")
    desktop.do("key", "i")

    desktop.do("mousemove", "250", "250", "click", "4")
    desktop.until(lambda picture: _dark(picture[480:512, 200:310]) > 0.2, "7-zoomed")
    time.sleep(3)  # until the message has gone
    desktop.do("mousedown", "1", "mousemove_relative", "--", "60", "30", "mouseup", "1")
    desktop.until(lambda picture: _dark(picture[480:512, 200:310]) > 0.2, "8-panned")

    desktop.do("windowsize", window, "700", "300")
    wide = desktop.until(lambda picture: _dark(picture[20:200, 5:180]) > 0.95, "9-resized")
    assert abs(float(np.median(wide[100:200, 300:400])) - 120) < 4, "the picture is fitted, not stretched"
    desktop.do("key", "q")
    out, err = run.communicate(timeout=60)
    assert run.returncode == 0, err
    assert "frames in" in out
    assert "Traceback" not in err
