"""One engine measured in a process of its own, so that its start and its memory are its own: `engines` runs this.

`python -m benchmarks.engine_process BUNDLE ENGINE PRECISION THREADS SECONDS` prints one JSON object.
"""

import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import get_args

from pydantic import BaseModel, ConfigDict

from benchmarks.machine import ROOT
from realtime.bundle import open_bundle
from realtime.engines.catalogue import open_engine
from realtime.engines.proof import prove, shortfall
from realtime.engines.trials import frame_times_ms
from realtime.errors import EngineError, MarionetError
from realtime.manifest import EnginePrecision


class EngineFigures(BaseModel):
    """What came of one engine. opened_s: until its graphs are ready; shortfall: which limit it misses, None if none."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    frame_ms: tuple[float, ...]
    psnr_db: float
    keypoint_px: float
    opened_s: float
    memory_mb: float
    shortfall: str | None


def measure_apart(folder: Path, name: str, precision: EnginePrecision, threads: int, seconds: float) -> EngineFigures:
    """The figures, from a fresh process. Raises EngineError where the engine does not run here."""
    words = [str(folder.resolve()), name, precision, str(threads), str(seconds)]
    command = [sys.executable, "-m", "benchmarks.engine_process", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or ["it ended without a word"]
        raise EngineError(f"{name} {precision}: {said[0][:200]}", hint="run_live.py doctor says what is missing")
    return EngineFigures.model_validate_json(done.stdout.splitlines()[-1])


def measure_here(folder: Path, name: str, precision: EnginePrecision, threads: int, seconds: float) -> EngineFigures:
    """The figures, of this process. Raises MarionetError."""
    bundle = open_bundle(folder)
    began_s = time.perf_counter()
    with open_engine(name, bundle, threads, precision) as engine:
        opened_s = time.perf_counter() - began_s
        parity = prove(engine, bundle)
        return EngineFigures(
            frame_ms=tuple(frame_times_ms(engine, bundle, seconds)),
            psnr_db=parity.image_psnr_db,
            keypoint_px=parity.keypoint_px,
            opened_s=opened_s,
            memory_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            shortfall=shortfall(parity, precision),
        )


def main(arguments: list[str]) -> int:
    """0 with the figures printed, 2 with two lines where the engine does not run."""
    folder, name, named, threads, seconds = arguments
    precision = next(precision for precision in get_args(EnginePrecision) if precision == named)
    try:
        print(measure_here(Path(folder), name, precision, int(threads), float(seconds)).model_dump_json())
    except MarionetError as error:
        print(f"{error.message}\n{error.hint}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
