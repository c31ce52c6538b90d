"""`python -m export.import_original CHECKPOINT.pth.tar --config vox.yaml OUT`: the authors' weights into ours.

The authors' networks are 3-D, but every kernel is one frame deep, so that ours, in 2-D, compute the same. Nothing is
unpickled freely: torch reads the file with weights_only=True.
"""

import argparse
import pickle
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from export.original_config import OriginalConfigError, read_original_config
from models.checkpoint import save_checkpoint
from models.config import PaperConfig
from models.portrait_net import PortraitNet, build_network

Weights = dict[str, Tensor]

# Parts of a checkpoint that training alone needs, and a norm's bookkeeping that evaluation never reads.
TRAINING_PARTS = {
    *("discriminator", "optimizer_generator", "optimizer_discriminator", "optimizer_kp_detector"),
    *("optimizer_kp_extractor", "epoch", "it", "iter"),
}
BOOKKEEPING = ("num_batches_tracked", "_tmp_running_mean", "_tmp_running_var", "_running_iter")
NORM = ("weight", "bias", "running_mean", "running_var")


class ImportOriginalError(Exception):
    """A checkpoint that is not one of the authors' for this configuration; the message says what to do."""


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0 when the checkpoint is written, 2 for what the user can correct."""
    parser = argparse.ArgumentParser(prog="python -m export.import_original", description=__doc__)
    parser.add_argument("checkpoint", type=Path, help=".pth.tar file of the authors' repository")
    parser.add_argument("out", type=Path, help=".safetensors file to write; `python -m export` makes a bundle of it")
    parser.add_argument("--config", type=Path, required=True, help="the YAML it was trained with, such as vox.yaml")
    options = parser.parse_args(arguments)
    try:
        network = import_original(options.checkpoint, read_original_config(options.config))
    except (ImportOriginalError, OriginalConfigError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    size = network.config.image_size
    notes = {"preset": f"paper-{size}", "data": f"by the authors of Monkey-Net, {options.config.name}", "steps": 0}
    save_checkpoint(options.out, network, notes)
    print(f"{options.out}: {size}x{size}, {network.config.keypoint_count} keypoints, every weight accounted for")
    return 0


def import_original(path: Path, config: PaperConfig) -> PortraitNet:
    """Our network with the authors' weights, for evaluation. Raises ImportOriginalError if a weight is left over."""
    parts = _read(path)
    detector = parts.get("kp_detector", parts.get("kp_extractor"))
    generator = parts.get("generator")
    if not isinstance(detector, Mapping) or not isinstance(generator, Mapping):
        raise ImportOriginalError(
            f"{path}: holds {', '.join(map(str, sorted(parts, key=str)))}; expected kp_detector and generator. "
            "Name a checkpoint of AliaksandrSiarohin/monkey-net"
        )
    unknown = set(parts) - TRAINING_PARTS - {"kp_detector", "kp_extractor", "generator"}
    if unknown:
        raise ImportOriginalError(f"{path}: holds {sorted(map(str, unknown))}, which that repository never wrote")
    given = _named("kp_detector", detector) | _named("generator", generator)
    network = build_network(config)
    network.load_state_dict(_renamed(path, given, config, network))
    return network.eval()


def _read(path: Path) -> Mapping[str, Any]:
    try:
        parts = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise ImportOriginalError(f"{path}: no such file; name a .pth.tar file of the authors' repository") from None
    except (OSError, EOFError, RuntimeError, ValueError, KeyError, pickle.UnpicklingError) as error:
        reason = str(error).strip().splitlines()[0][:160] if str(error).strip() else type(error).__name__
        raise ImportOriginalError(
            f"{path}: not a checkpoint of tensors alone ({reason}). It is cut off, or holds code, which is never run"
        ) from error
    if not isinstance(parts, Mapping):
        raise ImportOriginalError(f"{path}: holds a {type(parts).__name__}, not the parts of a checkpoint")
    return parts


def _named(part: str, weights: Mapping[str, Tensor]) -> Weights:
    """One part's weights by their full names, without the prefix that parallel training adds."""
    return {f"{part}.{name.removeprefix('module.')}": tensor for name, tensor in weights.items()}


def _renamed(path: Path, given: Weights, config: PaperConfig, network: PortraitNet) -> Weights:
    """Our state, every value of it from `given`; raises if either side has a name that the other lacks."""
    expected = network.state_dict()
    ours: Weights = {name: tensor for name, tensor in expected.items() if name.endswith("num_batches_tracked")}
    left = {name for name in given if not name.endswith(BOOKKEEPING)}
    for theirs, mine in name_pairs(config):
        if theirs not in given:
            raise ImportOriginalError(f"{path}: {theirs} is missing; is --config the file it was trained with?")
        tensor = given[theirs].float()
        # 3-D kernels [out, in, 1, h, w] lose the axis of time.
        tensor = tensor.squeeze(2) if tensor.ndim == 5 and tensor.shape[2] == 1 else tensor
        if tensor.shape != expected[mine].shape:
            raise ImportOriginalError(
                f"{path}: {theirs} has shape {list(given[theirs].shape)}, the configuration says "
                f"{list(expected[mine].shape)}; is --config the file it was trained with?"
            )
        if not torch.isfinite(tensor).all():
            raise ImportOriginalError(f"{path}: {theirs} holds NaN or infinity; use another checkpoint")
        ours[mine] = tensor
        left.discard(theirs)
    if left:
        raise ImportOriginalError(f"{path}: {sorted(left)[0]} and {len(left) - 1} more weights have no place in ours")
    return ours


def name_pairs(config: PaperConfig) -> Iterator[tuple[str, str]]:
    """Every weight by the authors' name and by ours."""
    yield from _hourglass("kp_detector.predictor", "keypoint_detector", config.detector_blocks)
    motion = "generator.dense_motion_module"
    for i in range(config.group_blocks):
        yield from _block(f"{motion}.group_blocks.{i}", f"dense_motion.groups.{i}")
    yield from _hourglass(f"{motion}.hourglass", "dense_motion", config.motion_blocks)
    for i in range(config.generator_blocks):
        yield from _block(f"generator.appearance_encoder.down_blocks.{i}", f"motion_transfer.encoder.blocks.{i}")
        yield from _block(f"generator.video_decoder.up_blocks.{i}", f"motion_transfer.decoder.blocks.{i}")
    for i in range(config.refinement_blocks):
        theirs, mine = f"generator.refinement_module.r{i}", f"motion_transfer.refinement.{i}"
        for layer in ("1", "2"):
            yield from ((f"{theirs}.norm{layer}.{kind}", f"{mine}.norm{layer}.{kind}") for kind in NORM)
            yield from _convolution(f"{theirs}.conv{layer}", f"{mine}.conv{layer}")
    yield from _convolution("generator.refinement_module.conv-last", "motion_transfer.head")


def _hourglass(theirs: str, mine: str, blocks: int) -> Iterator[tuple[str, str]]:
    for i in range(blocks):
        yield from _block(f"{theirs}.encoder.down_blocks.{i}", f"{mine}.hourglass.encoder.blocks.{i}")
        yield from _block(f"{theirs}.decoder.up_blocks.{i}", f"{mine}.hourglass.decoder.blocks.{i}")
    yield from _convolution(f"{theirs}.decoder.conv", f"{mine}.head")


def _block(theirs: str, mine: str) -> Iterator[tuple[str, str]]:
    yield from _convolution(f"{theirs}.conv", f"{mine}.0")
    yield from ((f"{theirs}.norm.{kind}", f"{mine}.1.{kind}") for kind in NORM)


def _convolution(theirs: str, mine: str) -> Iterator[tuple[str, str]]:
    yield from ((f"{theirs}.{kind}", f"{mine}.{kind}") for kind in ("weight", "bias"))


if __name__ == "__main__":
    sys.exit(main())
