"""`python -m benchmarks peers [BUNDLE]`; the last line of stdout is one JSON object."""

import argparse
import json
import os
import statistics
import sys
from pathlib import Path

from benchmarks.peers import compare_with_paper
from realtime.errors import MarionetError

DEFAULT_BUNDLE = Path(__file__).parent.parent / "assets" / "bundles" / "portrait-s"


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0 with the figures printed, 2 for what the user can correct."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure the product on this machine.")
    kinds = parser.add_subparsers(dest="kind", required=True)
    peers = kinds.add_parser("peers", help="ours against the paper's network as upstream runs it")
    peers.add_argument("bundle", type=Path, nargs="?", default=DEFAULT_BUNDLE)
    peers.add_argument("--rounds", type=int, default=20)
    peers.add_argument("--threads", type=int, default=1)
    peers.add_argument("--engine", default="onnx-cpu")
    options = parser.parse_args(arguments)
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # ONNX Runtime would report to its makers
    try:
        result = compare_with_paper(options.bundle, options.rounds, options.threads, options.engine)
    except MarionetError as error:
        print(f"error: {error.message}\n{error.hint}", file=sys.stderr)
        return 2
    ours, paper = statistics.median(result.ours_ms), statistics.median(result.paper_ms)
    low, high = result.ratio_quartiles
    print(f"{options.bundle.name} on {options.engine}: {ours:.1f} ms per frame, {result.threads} thread(s)")
    print(f"paper-256, torch eager, source re-encoded: {paper:.1f} ms per frame")
    print(f"ratio {result.ratio:.1f} (quartiles {low:.1f} to {high:.1f}, {options.rounds} rounds in turns)")
    figures = {"threads": result.threads, "ours_ms": ours, "paper_ms": paper, "ratio": result.ratio}
    print(json.dumps(figures | {"ratio_quartiles": [low, high], "rounds": options.rounds}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
