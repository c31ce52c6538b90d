"""`python -m training.average EARLIER LATER OUT`: a checkpoint between two of one line of runs.

Weights of networks of which one started from the other can be averaged as they are, and the average is often no worse
than either (Wortsman et al., "Robust fine-tuning of zero-shot models", CVPR 2022). It is for what a run learned too
well (docs/decisions/068).
"""

import argparse
import copy
import sys
from pathlib import Path

from models.checkpoint import CheckpointError, load_checkpoint, save_checkpoint
from models.portrait_net import PortraitNet
from training.initial import grown_like
from training.settings import NetworkName

NAMES: tuple[NetworkName, ...] = ("keypoint_detector", "dense_motion", "motion_transfer")


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0 when the checkpoint is written, 2 for what the user can correct."""
    parser = argparse.ArgumentParser(prog="python -m training.average", description=__doc__)
    parser.add_argument("earlier", type=Path, metavar="EARLIER", help="checkpoint that the later run started from")
    parser.add_argument("later", type=Path, metavar="LATER", help="checkpoint of the later run")
    parser.add_argument("out", type=Path, metavar="OUT", help="checkpoint to be written, in float16")
    parser.add_argument("--share", type=_share, default=0.5, help="0 is EARLIER, 1 is LATER (default 0.5)")
    only = "those to average; the others are LATER's"
    parser.add_argument("--networks", nargs="+", choices=NAMES, default=NAMES, help=only)
    options = parser.parse_args(arguments)
    try:
        (earlier, _), (later, notes) = load_checkpoint(options.earlier), load_checkpoint(options.later)
        refusal = f"{options.earlier}: of another shape than {options.later}; name the one that it started from"
        average = averaged(grown_like(later, earlier, refusal), later, options.share, options.networks)
        save_checkpoint(options.out, average, notes, half=True)
    except (CheckpointError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def averaged(
    earlier: PortraitNet, later: PortraitNet, share: float, networks: tuple[NetworkName, ...] = NAMES
) -> PortraitNet:
    """`later` with the weights and statistics of its `networks` taken back towards `earlier`'s, but for `share`."""
    result = copy.deepcopy(later)
    for name in networks:
        weights, others = result.get_submodule(name).state_dict(), earlier.get_submodule(name).state_dict()
        for key, value in weights.items():
            if value.is_floating_point():
                value.copy_(others[key].lerp(value, share))
    return result


def _share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1")
    return value


if __name__ == "__main__":
    sys.exit(main())
