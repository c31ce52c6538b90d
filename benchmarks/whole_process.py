"""Other programs, and this one, as whole processes: a picture and a video in, a video out."""

import shlex
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.machine import ROOT
from realtime.errors import MarionetError, SettingsError

PLACES = ("source", "driving", "result")
OURS = "marionet"
LONGEST_S = 1800


class PeerError(MarionetError):
    """Another program that failed."""


@dataclass(frozen=True, slots=True)
class Program:
    """A command line whose words may hold {source}, {driving} and {result}."""

    name: str
    words: tuple[str, ...]

    def seconds(self, source: Path, driving: Path, result: Path) -> float:
        """From its start to its end. Raises PeerError if it fails or writes nothing."""
        places = {"source": source.resolve(), "driving": driving.resolve(), "result": result.resolve()}
        result.unlink(missing_ok=True)
        command = [_filled(word, places) for word in self.words]
        started_s = time.perf_counter()
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST_S, check=False)
        except OSError as error:
            raise self._failed(f"cannot be started ({error.strerror})") from None
        except subprocess.TimeoutExpired:
            raise self._failed(f"did not end within {LONGEST_S} s") from None
        spent_s = time.perf_counter() - started_s
        if done.returncode:
            said = (done.stderr.strip() or done.stdout.strip() or "nothing").splitlines()[-1]
            raise self._failed(f"ended with exit code {done.returncode}: {said[:200]}")
        if not result.is_file() or not result.stat().st_size:
            raise self._failed("wrote no video to {result}")
        return spent_s

    def _failed(self, what: str) -> PeerError:
        return PeerError(
            f"peer {self.name} {what}",
            hint=f"run it by hand, with files for {', '.join(PLACES)}: {shlex.join(self.words)}",
        )


def parse_program(text: str) -> Program:
    """The program written as NAME=COMMAND. Raises SettingsError."""
    name, _, command = text.partition("=")
    words = tuple(shlex.split(command))
    if not name or not all(any(f"{{{place}}}" in word for word in words) for place in PLACES):
        raise SettingsError(
            f"--peer {text}: not NAME=COMMAND with the three files",
            hint="write for example --peer 'other=python demo.py --source {source} --driving {driving} --out {result}'",
        )
    return Program(name, words)


def this_program(bundle: Path, engine: str) -> Program:
    """run_live.py from file to file, every frame."""
    flags = ("--bundle", str(bundle), "--engine", engine, "--offline")
    files = ("--source", "{source}", "--camera", "file:{driving}", "--sink", "file:{result}")
    return Program(OURS, (sys.executable, str(ROOT / "run_live.py"), *flags, *files))


def _filled(word: str, places: dict[str, Path]) -> str:
    for name, path in places.items():
        word = word.replace(f"{{{name}}}", str(path))
    return word
