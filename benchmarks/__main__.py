"""`python -m benchmarks KIND`: measures one thing; the last line of stdout is the result as one JSON object.

stages, live, glass, peers, quality, train, scale, soak, engines, start and framing measure; compare and report read
what they saved. Ctrl-C ends a run early and keeps what was measured.
"""

import argparse
import importlib
import logging
import os
import shlex
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol, cast, get_args

from benchmarks.machine import ROOT, describe_commit, describe_machine
from benchmarks.parser import Parser
from benchmarks.recorder import Recorder
from benchmarks.schema import Kind, Result, Setting, write_result
from benchmarks.summary import print_summary
from benchmarks.yardstick import record_yardstick
from realtime.errors import MarionetError, SettingsError

RESULTS = ROOT / "benchmarks" / "results"
KINDS: tuple[Kind, ...] = get_args(Kind)
READERS = ("compare", "report")
INTERRUPTED = 130  # what a shell calls a program that Ctrl-C ended
NOT_SETTINGS = ("save", "save_to")


class Benchmark(Protocol):
    """What each module of a kind offers."""

    HELP: str

    def add_flags(self, parser: argparse.ArgumentParser) -> None:
        """Declares its flags."""

    def measure(self, options: argparse.Namespace, recorder: Recorder) -> None:
        """Adds what it measures to the recorder. Raises MarionetError."""


def main(arguments: Sequence[str] | None = None) -> int:
    """0 after a run; 1 for a regression found by compare; 2 for what the user can mend; 130 after Ctrl-C."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # ONNX Runtime would report to its makers
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    try:
        kind = _kind(given)
        if kind in READERS:
            return int(importlib.import_module(f"benchmarks.{kind}").main(given[1:]))
        return _run(cast(Kind, kind), given[1:])
    except MarionetError as error:
        print(f"error: {error.message}\n{error.hint}", file=sys.stderr)
        return 2


def _kind(given: Sequence[str]) -> str:
    parser = Parser(prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("kind", choices=(*KINDS, *READERS), help="KIND --help lists its flags")
    return str(parser.parse_args(given[:1]).kind)


def _run(kind: Kind, given: Sequence[str]) -> int:
    benchmark = _load(kind)
    parser = Parser(prog=f"python -m benchmarks {kind}", description=f"Measure {benchmark.HELP}.")
    benchmark.add_flags(parser)
    parser.add_argument("--save", action="store_true", help="keep the result in benchmarks/results/")
    parser.add_argument("--save-to", type=Path, metavar="FOLDER", help="keep the result in another folder")
    options = parser.parse_args(given)
    recorder, started_at, started_s = Recorder(), datetime.now(UTC), time.monotonic()
    record_yardstick(recorder)
    ending = _measured(benchmark, options, recorder)
    result = Result(
        kind=kind,
        started_at=started_at,
        seconds=round(time.monotonic() - started_s, 3),
        machine=describe_machine(),
        commit=describe_commit(),
        command=shlex.join(["python", "-m", "benchmarks", kind, *_without_saving(given)]),
        settings={name: _plain(value) for name, value in vars(options).items() if name not in NOT_SETTINGS},
        complete=ending is None,
        series=recorder.series(),
        notes=recorder.notes,
    )
    print_summary(result)
    if options.save or options.save_to:
        print(f"saved as {_plain(write_result(result, options.save_to or RESULTS))}")
    print(result.model_dump_json(), flush=True)
    if isinstance(ending, MarionetError):
        raise ending
    return INTERRUPTED if ending else 0


def _measured(
    benchmark: Benchmark, options: argparse.Namespace, recorder: Recorder
) -> MarionetError | KeyboardInterrupt | None:
    """What ended it early. What was measured by then is in the recorder; with nothing there, an error is raised."""
    before = len(recorder.series())
    try:
        benchmark.measure(options, recorder)
        record_yardstick(recorder)
    except KeyboardInterrupt as interruption:
        print("interrupted: what was measured until now is kept", file=sys.stderr)
        return interruption
    except MarionetError as error:
        if len(recorder.series()) == before:
            raise
        return error
    return None


def _load(kind: str) -> Benchmark:
    try:
        return cast(Benchmark, importlib.import_module(f"benchmarks.{kind}"))
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"{kind} needs the package {error.name}", hint="pip install -e '.[cpu,benchmarks,train,export]'"
        ) from None


def _plain(value: object) -> Setting:
    """A setting as JSON has it; a path below the project from there, any other by its name alone."""
    if isinstance(value, Path):
        path = value.resolve()
        return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else path.name
    if value is None or isinstance(value, str | int | float | bool):
        return value.replace(f"{ROOT}/", "") if isinstance(value, str) else value
    return ", ".join(str(_plain(item)) for item in cast(Sequence[object], value))


def _without_saving(given: Sequence[str]) -> list[str]:
    kept = list(given)
    if "--save-to" in kept:
        place = kept.index("--save-to")
        del kept[place : place + 2]
    return [argument for argument in kept if argument != "--save" and not argument.startswith("--save-to=")]


if __name__ == "__main__":
    sys.exit(main())
