"""`python -m export CHECKPOINT BUNDLE [--precision fp32,fp16,int8] [--split]`; `python -m export --verify BUNDLE`."""

import argparse
import json
import logging
import os
import sys
from pathlib import Path
from typing import get_args

from export.card import Provenance
from export.parity import ParityError
from export.verify import verify
from export.write_bundle import BundleWriteError, ExportOptions, write_bundle
from models.checkpoint import CheckpointError
from realtime.bundle import Bundle
from realtime.errors import MarionetError
from realtime.manifest import Precision


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0 when the bundle is in place (or verified), 2 for what the user can correct; then nothing changed."""
    parser = _parser()
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # ONNX Runtime would report to its makers
    try:
        if options.verify:
            return _verify(options.verify, options.engine)
        if not (options.checkpoint and options.bundle):
            raise BundleWriteError("name a checkpoint and a bundle, or --verify BUNDLE; --help says more")
        provenance = read_provenance(options.provenance) if options.provenance else None
        chosen = ExportOptions(_precisions(options.precision), options.split, options.calibration)
        _report(write_bundle(options.checkpoint, options.bundle, provenance, chosen))
    except (CheckpointError, ParityError, BundleWriteError, MarionetError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m export", description="Turn a checkpoint into a live bundle.")
    add = parser.add_argument
    add("checkpoint", type=Path, nargs="?", help=".safetensors file written by training")
    add("bundle", type=Path, nargs="?", help="folder to write, such as assets/bundles/portrait-s")
    add("--precision", default="fp32", help="comma-separated: fp32, fp16, int8 (default: fp32, which is always there)")
    add("--calibration", type=Path, metavar="FOLDER", help="clips for int8 (default: the driving clip that ships)")
    add("--split", action="store_true", help="also write animate in two parts, to profile and to look into")
    add("--provenance", type=Path, metavar="FILE", help="JSON with data, steps and metrics for the card")
    add("--verify", type=Path, metavar="BUNDLE", help="prove a bundle again on this machine, write nothing")
    add("--engine", help="with --verify: this engine alone, as NAME or NAME:PRECISION (default: every installed one)")
    return parser


def _precisions(text: str) -> tuple[Precision, ...]:
    asked = [part.strip() for part in text.split(",") if part.strip()]
    known = get_args(Precision)
    unknown = [part for part in asked if part not in known]
    if unknown:
        raise BundleWriteError(f"unknown precision {unknown[0]!r}; choose among {', '.join(known)}")
    return tuple(precision for precision in known if precision in asked or precision == "fp32")


def _report(bundle: Bundle) -> None:
    for precision, entry in bundle.manifest.precisions.items():
        size = sum((bundle.path / graph.file).stat().st_size for graph in entry.graphs.values()) / 1e6
        print(f"{precision}: {size:.1f} MB")
        if (found := entry.held_out) is not None:
            keypoints = f"keypoints p99 {found.keypoint_px_p99:.3f} px, max {found.keypoint_px_max:.3f} px"
            print(f"  {found.frames} held-out frames: error x{found.error_ratio:.3f}, {keypoints}")
            print(f"  their worst picture: {found.image_psnr_db:.1f} dB")
        for engine, parity in entry.parity.items():
            print(f"  {engine}: keypoints {parity.keypoint_px:.3f} px, picture {parity.image_psnr_db:.1f} dB")
    total = sum(path.stat().st_size for path in bundle.path.iterdir()) / 1e6
    print(f"{bundle.path}: {total:.1f} MB")


def _verify(folder: Path, engine: str | None) -> int:
    verdicts = verify(folder, engine)
    for verdict in verdicts:
        what = f"{verdict.engine} {verdict.precision}"
        if verdict.parity is None:
            print(f"{what}: does not run here: {verdict.complaint}")
            continue
        figures = f"keypoints {verdict.parity.keypoint_px:.3f} px, picture {verdict.parity.image_psnr_db:.1f} dB"
        print(f"{what}: {figures}: {verdict.complaint or 'good'}")
    failed = any(v.complaint and not v.is_refused for v in verdicts)
    if failed or all(v.is_refused for v in verdicts):
        print("error: not every engine computes what torch does; pass --engine and --precision of one that does")
        return 2
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
