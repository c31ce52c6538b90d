"""`start`: how long a user waits: importing the program, and from the command to the end of a run of one frame.

Every time is of a fresh process. The cache is a folder of its own, warmed by a first run that is kept apart.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.machine import ROOT
from benchmarks.recorder import Recorder
from realtime.engines.automatic import AUTO
from realtime.errors import EngineError
from realtime.settings import DEFAULT_BUNDLE, DEFAULT_CLIP, DEFAULT_SOURCE

HELP = "importing the program, and from the command to the end of a run of one frame"
IMPORTING = "import time; began = time.perf_counter(); import run_live; print(time.perf_counter() - began)"
LONGEST_S = 300


def add_flags(parser: argparse.ArgumentParser) -> None:
    """The flags of `start`."""
    add = parser.add_argument
    add("bundle", type=Path, nargs="?", default=DEFAULT_BUNDLE, help="model bundle (default: portrait-s)")
    add("--engines", nargs="+", default=[AUTO], help="for each, NAME or NAME:PRECISION (default auto)")
    add("--rounds", type=int, default=5, help="processes of each, in turns (default 5)")
    add("--source", type=Path, default=DEFAULT_SOURCE, metavar="PICTURE", help="portrait")
    add("--driving", type=Path, default=DEFAULT_CLIP, metavar="CLIP", help="clip that stands for the webcam")
    add("--crop", choices=("auto", "none"), default="auto", help="find the faces, or use the centre squares")


def measure(options: argparse.Namespace, recorder: Recorder) -> None:
    """Adds `import`, and `one_frame` of each engine with a cold and with a warm cache."""
    with tempfile.TemporaryDirectory() as folder:
        for engine in options.engines:
            labels = {"engine": engine, "cache": "cold"}
            recorder.add("one_frame", "s", _one_frame(engine, options, Path(folder)), better=None, labels=labels)
        for _ in recorder.track(range(options.rounds), "Starts in turns"):
            recorder.add("import", "s", float(_ran([sys.executable, "-c", IMPORTING])))
            for engine in options.engines:
                labels = {"engine": engine, "cache": "warm"}
                recorder.add("one_frame", "s", _one_frame(engine, options, Path(folder)), labels=labels)


def _one_frame(engine: str, options: argparse.Namespace, cache: Path) -> float:
    name, _, precision = engine.partition(":")
    # Offline, where the first frame is animated for sure: live, a face that is still searched for leaves it at rest.
    words = [sys.executable, str(ROOT / "run_live.py"), "--engine", name, "--offline", "--max-frames", "1"]
    words += ["--precision", precision] if precision else []
    words += ["--bundle", str(options.bundle), "--source", str(options.source), "--camera", f"file:{options.driving}"]
    words += ["--sink", "null:", "--crop", options.crop, "--cache", str(cache)]
    began_s = time.perf_counter()
    said = _ran(words)
    spent_s = time.perf_counter() - began_s
    if not said.startswith("1 frame"):
        raise EngineError(f"{engine}: a run of one frame ended with {said[:200]!r}", hint="run it by hand")
    return spent_s


def _ran(words: list[str]) -> str:
    """What a program prints on stdout. Raises EngineError with what it says of its failure."""
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=ROOT, timeout=LONGEST_S)
    if done.returncode:
        first, *others = done.stderr.strip().splitlines()[-2:] or ["it ended without a word"]
        raise EngineError(first, hint=others[0] if others else "run it by hand")
    return done.stdout.strip()
