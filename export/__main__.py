"""`python -m export CHECKPOINT BUNDLE [--provenance FILE.json]`."""

import argparse
import json
import os
import sys
from pathlib import Path

from export.card import Provenance
from export.parity import ParityError
from export.write_bundle import BundleWriteError, write_bundle
from models.checkpoint import CheckpointError


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0 when the bundle is in place, 2 for what the user can correct; then nothing was changed."""
    parser = argparse.ArgumentParser(prog="python -m export", description="Turn a checkpoint into a live bundle.")
    parser.add_argument("checkpoint", type=Path, help=".safetensors file written by training")
    parser.add_argument("bundle", type=Path, help="folder to write, such as assets/bundles/portrait-s")
    parser.add_argument("--provenance", type=Path, help="JSON with data, steps and metrics for the card")
    options = parser.parse_args(arguments)
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # ONNX Runtime would report to its makers
    try:
        provenance = read_provenance(options.provenance) if options.provenance else None
        bundle = write_bundle(options.checkpoint, options.bundle, provenance)
    except (CheckpointError, ParityError, BundleWriteError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    for name, graph in bundle.manifest.graphs.items():
        print(f"{name}: {graph.file}, largest difference from torch {graph.max_abs_error:.1e}")
    return 0


def read_provenance(path: Path) -> Provenance:
    """What a JSON file says of the weights; BundleWriteError if it does not say it."""
    try:
        values = json.loads(path.read_text())
        return Provenance(
            str(values["data"]), int(values["steps"]), {k: float(v) for k, v in values["metrics"].items()}
        )
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise BundleWriteError(f"{path}: not a provenance file with data, steps and metrics: {error!r}") from error


if __name__ == "__main__":
    sys.exit(main())
