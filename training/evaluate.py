"""`python -m training.evaluate CHECKPOINT_OR_BUNDLE`: self-reenactment error on held-out clips.

Source is a clip's first frame, driving every n-th later frame, both of the same person, so the driving frame is what
must come out. Copying the source is the figure to beat. The last line printed is one JSON object.
"""

import argparse
import json
import os
import sys
from pathlib import Path

import torch

from models.checkpoint import CheckpointError, load_checkpoint
from realtime.bundle import open_bundle
from realtime.engines.catalogue import open_engine
from realtime.errors import MarionetError
from training.bundle_evaluation import bundle_self_reenactment
from training.clips import ClipError
from training.frame_cache import open_frame_cache
from training.validation import self_reenactment

DEFAULT_CLIPS = Path("../shared/data/portraits/val")


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0 with the figures printed, 2 for what the user can correct."""
    parser = argparse.ArgumentParser(
        prog="python -m training.evaluate", description="Measure a checkpoint or a bundle."
    )
    parser.add_argument("target", type=Path, help="a .safetensors checkpoint or a bundle folder")
    parser.add_argument("--clips", type=Path, nargs="+", default=[DEFAULT_CLIPS], help="folders of held-out clips")
    parser.add_argument("--every", type=int, default=10, help="take every n-th frame (default 10)")
    parser.add_argument("--cache", type=Path, default=Path("out/frame_cache"), help="where decoded frames are kept")
    parser.add_argument("--engine", default="onnx-cpu", help="runtime of a bundle (default onnx-cpu)")
    options = parser.parse_args(arguments)
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # ONNX Runtime would report to its makers
    try:
        figures = evaluate(options.target, options.clips, options.every, options.cache, options.engine)
    except (CheckpointError, ClipError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except MarionetError as error:
        print(f"error: {error.message}\n{error.hint}", file=sys.stderr)
        return 2
    print(json.dumps(figures))
    return 0


def evaluate(
    target: Path, clips: list[Path], every: int, cache: Path, engine_name: str
) -> dict[str, float | str | int]:
    """Mean absolute errors in [0, 1] at the model's own size, clips weighing alike."""
    if target.is_dir():
        bundle = open_bundle(target)
        held_out = open_frame_cache(clips, bundle.image_size, every, cache)
        with open_engine(engine_name, bundle) as engine:
            result = bundle_self_reenactment(engine, held_out)
    else:
        network, _ = load_checkpoint(target)
        held_out = open_frame_cache(clips, network.config.image_size, every, cache)
        result = self_reenactment(network, held_out, 1, torch.device("cpu"))
    print(f"copying the source  L1 {result.copy_l1:.4f}")
    print(f"{target!s:18}  L1 {result.result_l1:.4f}  ({100 * result.improvement:.1f} % lower)")
    return {
        "target": target.name,
        "clips": held_out.clip_count,
        "every": every,
        "copy_l1": round(result.copy_l1, 5),
        "result_l1": round(result.result_l1, 5),
        "improvement": round(result.improvement, 4),
    }


if __name__ == "__main__":
    sys.exit(main())
