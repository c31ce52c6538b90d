"""Network 3, the paper's form: encoder, flow-warped skips, decoder with keypoint embedding, refinement."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.blocks import HourglassDecoder, HourglassEncoder, PreActivationBlock
from models.config import PaperConfig
from models.dense_motion import DenseFlow, heatmap_difference
from models.geometry import Keypoints, coordinate_grid, sample


class PaperMotionTransfer(nn.Module):
    """Seven (256) or five (64) warped skips; the picture itself is the first of them."""

    def __init__(self, config: PaperConfig) -> None:
        super().__init__()
        self.config = config
        k = config.keypoint_count
        self.encoder = HourglassEncoder(config.width, 3, config.generator_blocks, config.maximum_width)
        self.decoder = HourglassDecoder(config.width, 3, config.generator_blocks, config.maximum_width, embedding=k)
        channels = self.decoder.channels_out
        self.refinement = nn.Sequential(*(PreActivationBlock(channels) for _ in range(config.refinement_blocks)))
        self.head = nn.Conv2d(channels, 3, 1)

    def encode_source(self, image: Tensor) -> dict[str, Tensor]:
        """Every skip of `image` [b, 3, s, s], and its thumbnail at working scale for the motion network."""
        skips = self.encoder(image)
        thumbnail = image
        if self.config.working_scale != 1:
            thumbnail = F.interpolate(image, scale_factor=self.config.working_scale)
        features = {f"source_skip_{level}": skip for level, skip in enumerate(skips[1:], start=1)}
        return {"source_image": image, "source_thumbnail": thumbnail, **features}

    def decode(
        self, features: dict[str, Tensor], flow: DenseFlow, source: Keypoints, driving: Keypoints
    ) -> tuple[Tensor, Tensor]:
        """Result and warped source, both [b, 3, s, s] in [0, 1]."""
        height, width = flow.displacement.shape[1:3]
        grid = coordinate_grid(height, width, True, flow.displacement.device)
        positions = (flow.displacement + grid).movedim(-1, 1)
        embedding = heatmap_difference(source, driving, height, width, True) / self.config.heatmap_divisor
        skips = [features["source_image"]]
        skips += [features[f"source_skip_{level}"] for level in range(1, self.config.generator_blocks + 1)]
        warped = [self._warp(skip, positions) for skip in skips]
        levels = [
            torch.cat([skip, F.interpolate(embedding, size=skip.shape[2:]).to(skip.dtype)], dim=1) for skip in warped
        ]
        return torch.sigmoid(self.head(self.refinement(self.decoder(levels)))), warped[0]

    @staticmethod
    def _warp(skip: Tensor, positions: Tensor) -> Tensor:
        size = skip.shape[2:]
        return sample(skip, F.interpolate(positions, size=size).movedim(1, -1), corners=True)
