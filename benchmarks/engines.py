"""`python -m benchmarks.engines [BUNDLE]`: every engine and precision here into the table of docs/engines.md.

Each is measured in a process of its own, so that start-up and memory are its own.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

from realtime.bundle import GRAPH_NAMES, EnginePrecision, open_bundle
from realtime.engines.automatic import candidates_for_all
from realtime.engines.base import graph_precision
from realtime.engines.catalogue import open_engine
from realtime.engines.processor import processor_name
from realtime.engines.proof import prove, shortfall
from realtime.engines.trials import time_frames
from realtime.errors import MarionetError
from realtime.settings import DEFAULT_BUNDLE

DOCUMENT = Path(__file__).parent.parent / "docs" / "engines.md"
BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"
HEAD = """| engine | precision | ms, 1 thread | ms, 2 threads | PSNR dB | keypoints px | MB | start s | memory MB |
|---|---|---|---|---|---|---|---|---|"""
THREADS = (1, 2)
SECONDS = 5.0


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0 with the table written, 2 for what the user can correct."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.engines", description=__doc__)
    parser.add_argument("bundle", type=Path, nargs="?", default=DEFAULT_BUNDLE)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="per engine, precision and number of threads")
    parser.add_argument("--document", type=Path, default=DOCUMENT)
    parser.add_argument("--one", nargs=3, metavar=("ENGINE", "PRECISION", "THREADS"), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    try:
        if options.one:
            name, precision, threads = options.one
            print(json.dumps(measure_one(options.bundle, name, precision, int(threads), options.seconds)))
            return 0
        write_table(options.document, [HEAD, *_rows(options.bundle, options.seconds)])
    except MarionetError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def measure_one(
    folder: Path, name: str, precision: EnginePrecision, threads: int, seconds: float
) -> dict[str, float | str]:
    """Figures of one engine in this process. Raises EngineError where it does not run."""
    bundle = open_bundle(folder)
    began = time.perf_counter()
    with open_engine(name, bundle, threads, precision) as engine:
        start_s = time.perf_counter() - began
        parity = prove(engine, bundle)
        return {
            "frame_ms": time_frames(engine, bundle, seconds),
            "psnr_db": parity.image_psnr_db,
            "keypoint_px": parity.keypoint_px,
            "start_s": start_s,
            "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "verdict": shortfall(parity, precision) or "good",
        }


def write_table(document: Path, lines: list[str]) -> None:
    """Put the lines between the document's two marks."""
    before, _, rest = document.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    document.write_text("\n".join([before + BEGIN, f"{processor_name()}, by this command.", "", *lines, END + after]))


def _rows(folder: Path, seconds: float) -> list[str]:
    bundle = open_bundle(folder)
    rows = []
    for name, precision in candidates_for_all(bundle):
        found = [_in_own_process(folder, name, precision, threads, seconds) for threads in THREADS]
        if None in found:
            continue
        one, two = (figures for figures in found if figures is not None)
        size = sum(bundle.graph_path(g, graph_precision(precision)).stat().st_size for g in GRAPH_NAMES) / 1e6
        rows.append(
            f"| {name} | {precision} | {one['frame_ms']:.1f} | {two['frame_ms']:.1f} | {one['psnr_db']:.1f} "
            f"| {one['keypoint_px']:.3f} | {size:.1f} | {one['start_s']:.2f} | {one['memory_mb']:.0f} |"
        )
        print(rows[-1], flush=True)
    return rows


def _in_own_process(folder: Path, name: str, precision: str, threads: int, seconds: float) -> dict[str, float] | None:
    own = ["--one", name, precision, str(threads), "--seconds", str(seconds)]
    command = [sys.executable, "-m", "benchmarks.engines", str(folder), *own]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print(f"{name} {precision}: {done.stderr.strip().splitlines()[0] if done.stderr else 'failed'}")
        return None
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


if __name__ == "__main__":
    sys.exit(main())
