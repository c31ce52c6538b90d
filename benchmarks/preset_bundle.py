"""Bundles of presets that nobody has trained: what a network costs does not depend on its weights."""

from pathlib import Path

import torch

from export.write_bundle import write_bundle
from models.checkpoint import save_checkpoint
from models.config import NetworkConfig
from models.portrait_net import build_network


def write_untrained_bundle(config: NetworkConfig, name: str, folder: Path) -> Path:
    """folder/name, now holding a bundle of config with random weights, good for timing alone."""
    torch.manual_seed(0)
    network = build_network(config).eval()
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint = folder / f"{name}.safetensors"
    save_checkpoint(checkpoint, network, {"preset": name, "steps": 0})
    return write_bundle(checkpoint, folder / name).path
