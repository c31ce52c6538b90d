"""The authors' networks stated again from their description: 3-D kernels one frame deep, and their names of weights.

For tests alone. align_corners is True wherever pictures are sampled, as it was in the torch of their day.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

FLAT = {"kernel_size": (1, 3, 3), "padding": (0, 1, 1)}
KP = dict[str, Tensor]


def grid(height: int, width: int) -> Tensor:
    rows = 2 * torch.arange(height).float() / (height - 1) - 1
    columns = 2 * torch.arange(width).float() / (width - 1) - 1
    return torch.stack([columns.expand(height, width), rows[:, None].expand(height, width)], dim=2)


class Block(nn.Module):
    """conv, norm, ReLU; `up` doubles the size before, `down` halves it after."""

    def __init__(self, entering: int, leaving: int, up: bool = False, down: bool = False, groups: int = 0) -> None:
        super().__init__()
        settings: dict[str, Any] = {"kernel_size": 1, "groups": groups} if groups else FLAT
        self.conv = nn.Conv3d(entering, leaving, **settings)
        self.norm = nn.BatchNorm3d(leaving)
        self.up, self.down = up, down

    def forward(self, x: Tensor) -> Tensor:
        x = F.interpolate(x, scale_factor=(1, 2, 2)) if self.up else x
        x = F.relu(self.norm(self.conv(x)))
        return F.avg_pool3d(x, (1, 2, 2)) if self.down else x


class Encoder(nn.Module):
    def __init__(self, width: int, entering: int, blocks: int, most: int) -> None:
        super().__init__()
        sizes = [entering, *(min(most, width * 2 ** (i + 1)) for i in range(blocks))]
        self.down_blocks = nn.ModuleList(Block(a, b, down=True) for a, b in zip(sizes, sizes[1:], strict=False))

    def forward(self, x: Tensor) -> list[Tensor]:
        levels = [x]
        for block in self.down_blocks:
            levels.append(block(levels[-1]))
        return levels


class Decoder(nn.Module):
    def __init__(self, width: int, entering: int, leaving: int, blocks: int, most: int, more: int = 0) -> None:
        super().__init__()
        self.up_blocks = nn.ModuleList()
        for i in reversed(range(blocks)):
            both = min(most, width * 2 ** (i + 1)) * (1 if i == blocks - 1 else 2) + more
            self.up_blocks.append(Block(both, min(most, width * 2**i), up=True))
        self.conv = nn.Conv3d(width + entering + more, leaving, **FLAT) if leaving else None  # type: ignore[arg-type]

    def forward(self, levels: list[Tensor]) -> Tensor:
        levels = list(levels)
        x = levels.pop()
        for block in self.up_blocks:
            x = torch.cat([block(x), levels.pop()], dim=1)
        return x if self.conv is None else self.conv(x)


class Hourglass(nn.Module):
    def __init__(self, width: int, entering: int, leaving: int, blocks: int, most: int) -> None:
        super().__init__()
        self.encoder = Encoder(width, entering, blocks, most)
        self.decoder = Decoder(width, entering, leaving, blocks, most)

    def forward(self, x: Tensor) -> Tensor:
        return self.decoder(self.encoder(x))


class KpDetector(nn.Module):
    def __init__(self, common: dict[str, Any], own: dict[str, Any]) -> None:
        super().__init__()
        sizes = own["block_expansion"], 3, common["num_kp"], own["num_blocks"], own["max_features"]
        self.predictor = Hourglass(*sizes)
        self.scale, self.temperature = own.get("scale_factor", 1), own["temperature"]
        self.least = own.get("clip_variance")

    def forward(self, x: Tensor) -> KP:
        x = F.interpolate(x, scale_factor=(1, self.scale, self.scale)) if self.scale != 1 else x
        scores = self.predictor(x)
        b, k, d, h, w = scores.shape
        heat = F.softmax(scores.view(b, k, d, -1) / self.temperature, dim=3).view(b, k, d, h, w, 1) + 1e-7
        places = grid(h, w)
        mean = (heat * places).sum(dim=(3, 4))
        off = places - mean[:, :, :, None, None]
        spread = ((off.unsqueeze(-1) @ off.unsqueeze(-2)) * heat.unsqueeze(-1)).sum(dim=(3, 4)).permute(0, 2, 1, 3, 4)
        if self.least:
            smallest = torch.linalg.svdvals(spread.double())[..., -1].float()[..., None, None]
            spread = torch.clamp(smallest, min=self.least) * spread / smallest
        return {"mean": mean.permute(0, 2, 1, 3), "var": spread}


def heatmaps(kp: KP, h: int, w: int) -> Tensor:
    """[b, d, k, h, w]."""
    off = grid(h, w) - kp["mean"][:, :, :, None, None]
    inverse = torch.linalg.inv(kp["var"])[:, :, :, None, None]
    return torch.exp(-0.5 * (off.unsqueeze(-2) @ inverse @ off.unsqueeze(-1)).squeeze(-1).squeeze(-1))


class MovementEmbedding(nn.Module):
    """Differences of heatmaps, and the source shifted by each keypoint's own motion; it learns nothing."""

    def __init__(self, divisor: float, scale: float, with_background: bool, with_pictures: bool) -> None:
        super().__init__()
        self.divisor, self.scale = divisor, scale
        self.with_background, self.with_pictures = with_background, with_pictures

    def forward(self, source: Tensor, driving: KP, still: KP) -> Tensor:
        source = F.interpolate(source, scale_factor=(1, self.scale, self.scale)) if self.scale != 1 else source
        b, c, _, h, w = source.shape
        heat = (heatmaps(driving, h, w) - heatmaps(still, h, w)) / self.divisor
        shift = still["mean"] - driving["mean"]
        if self.with_background:
            heat = F.pad(heat, (0, 0, 0, 0, 1, 0))
            shift = F.pad(shift, (0, 0, 1, 0))
        parts = [heat.unsqueeze(3)]
        d, k = shift.shape[1:3]
        if self.with_pictures:
            places = (grid(h, w) + shift[:, :, :, None, None]).view(b * d * k, h, w, 2)
            pictures = source[:, None, None, :, 0].expand(b, d, k, c, h, w).reshape(b * d * k, c, h, w)
            moved = F.grid_sample(pictures, places, align_corners=True)
            parts.append(moved.view(b, d, k, c, h, w))
        return torch.cat(parts, dim=3).view(b, d, -1, h, w).permute(0, 2, 1, 3, 4)


class DenseMotion(nn.Module):
    def __init__(self, common: dict[str, Any], own: dict[str, Any]) -> None:
        super().__init__()
        self.keypoints = common["num_kp"]
        self.scale = own.get("scale_factor", 1)
        self.mask_embedding = MovementEmbedding(own["mask_embedding_params"]["norm_const"], 1, True, True)
        channels = 4 * (self.keypoints + 1)
        self.group_blocks = nn.ModuleList(
            Block(channels, channels, groups=self.keypoints + 1) for _ in range(own["num_group_blocks"])
        )
        sizes = channels, self.keypoints + 3, own["num_blocks"], own["max_features"]
        self.hourglass = Hourglass(own["block_expansion"], *sizes)

    def forward(self, source: Tensor, driving: KP, still: KP) -> Tensor:
        """Absolute positions [b, d, h, w, 3]; the third is the frame, of which there is one."""
        source = F.interpolate(source, scale_factor=(1, self.scale, self.scale)) if self.scale != 1 else source
        x = self.mask_embedding(source, driving, still)
        for block in self.group_blocks:
            x = F.leaky_relu(block(x), 0.2)
        x = self.hourglass(x)
        mask = F.softmax(x[:, : self.keypoints + 1], dim=1).unsqueeze(2)
        shift = F.pad(still["mean"] - driving["mean"], (0, 0, 1, 0))  # b d k+1 2
        shift = shift.permute(0, 2, 3, 1)[..., None, None]  # b k+1 2 d 1 1
        flow = (shift * mask).sum(dim=1) + x[:, -2:]
        h, w = source.shape[3:]
        return F.pad(flow.permute(0, 2, 3, 4, 1) + grid(h, w), (0, 1))


class ResBlock(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1, self.conv2 = (nn.Conv3d(channels, channels, **FLAT) for _ in range(2))  # type: ignore[arg-type]
        self.norm1, self.norm2 = nn.BatchNorm3d(channels), nn.BatchNorm3d(channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv2(F.relu(self.norm2(self.conv1(F.relu(self.norm1(x)))))) + x


class Generator(nn.Module):
    def __init__(self, common: dict[str, Any], own: dict[str, Any]) -> None:
        super().__init__()
        width, most, blocks = own["block_expansion"], own["max_features"], own["num_blocks"]
        self.appearance_encoder = Encoder(width, 3, blocks, most)
        embedding = own["kp_embedding_params"]
        scale = embedding.get("scale_factor", 1)
        self.kp_embedding_module = MovementEmbedding(embedding["norm_const"], scale, False, False)
        self.dense_motion_module = DenseMotion(common, own["dense_motion_params"])
        more = common["num_kp"]
        self.video_decoder = Decoder(width, 3, 0, blocks, most, more)
        self.refinement_module = nn.Sequential()
        for i in range(own["num_refinement_blocks"]):
            self.refinement_module.add_module(f"r{i}", ResBlock(width + 3 + more))
        self.refinement_module.add_module("conv-last", nn.Conv3d(width + 3 + more, 3, 1))

    def forward(self, source: Tensor, driving: KP, still: KP) -> dict[str, Tensor]:
        skips = self.appearance_encoder(source)
        positions = self.dense_motion_module(source, driving, still)
        embedding = self.kp_embedding_module(source, driving, still)
        levels = [
            torch.cat([self.moved(skip, positions), F.interpolate(embedding, size=(1, *skip.shape[3:]))], dim=1)
            for skip in skips
        ]
        picture = torch.sigmoid(self.refinement_module(self.video_decoder(levels)))
        return {"prediction": picture, "deformed": self.moved(source, positions), "positions": positions}

    @staticmethod
    def moved(x: Tensor, positions: Tensor) -> Tensor:
        size = (positions.shape[1], *x.shape[3:])
        resized = F.interpolate(positions.permute(0, 4, 1, 2, 3), size=size).permute(0, 2, 3, 4, 1)
        return F.grid_sample(x, resized, align_corners=True)
