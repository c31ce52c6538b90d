"""Weights and their configuration in one safetensors file; nothing is ever unpickled."""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file

from models.config import config_from_json, config_to_json
from models.portrait_net import PortraitNet, build_network


class CheckpointError(Exception):
    """A checkpoint that cannot be used; the message says why and what to do."""


def save_checkpoint(path: Path, network: PortraitNet, notes: dict[str, Any], half: bool = False) -> None:
    """Write weights, configuration and `notes` (JSON values) to `path` in one step; `half` stores float16."""
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    if half:
        weights = {name: t.half() if t.is_floating_point() else t for name, t in weights.items()}
    metadata = {"network": json.dumps(config_to_json(network.config)), "notes": json.dumps(notes)}
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    save_file(weights, partial, metadata)
    partial.replace(path)


def load_checkpoint(path: Path) -> tuple[PortraitNet, dict[str, Any]]:
    """The network in evaluation mode, float32, and the notes written with it; CheckpointError if unusable."""
    if not path.is_file():
        raise CheckpointError(f"{path}: no such checkpoint; pass a .safetensors file written by training")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
        weights = load_file(path)
    except SafetensorError as error:
        raise CheckpointError(f"{path}: not a readable safetensors file ({error}); train or copy it again") from error
    if "network" not in metadata:
        raise CheckpointError(f"{path}: holds no network configuration; it was not written by this project")
    try:
        network = build_network(config_from_json(json.loads(metadata["network"])))
        network.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in weights.items()})
    except (ValueError, TypeError, RuntimeError) as error:
        raise CheckpointError(f"{path}: weights do not fit their configuration: {error}") from error
    broken = [name for name, tensor in network.state_dict().items() if not torch.isfinite(tensor).all()]
    if broken:
        raise CheckpointError(f"{path}: {broken[0]} holds NaN or infinity; use an earlier checkpoint")
    return network.eval(), json.loads(metadata.get("notes", "{}"))
