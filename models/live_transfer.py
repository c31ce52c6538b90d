"""Network 3, the live form: a residual trunk on warped features, a short detail stage, and the warped picture itself.

All that depends on the source alone is in `encode_source` and is cached; `decode` is what a live frame pays for.
"""

import functools

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.blocks import ResidualBlock, SeparableBlock, UNet, convolution
from models.config import LiveConfig
from models.dense_motion import DenseFlow
from models.geometry import Keypoints, coordinate_grid, sample
from models.keypoint_detector import resize

THUMBNAIL_SIZE = 32
CELL = 4  # pixels of the picture to one of the features that the painter starts from
LANCZOS_REACH = 3


class LiveMotionTransfer(nn.Module):
    """Two warps: features at a quarter of the picture's size, and the picture at its own."""

    def __init__(self, config: LiveConfig, motion_channels: int) -> None:
        super().__init__()
        trunk, detail = config.trunk_width, config.detail_width
        source = config.source_width or trunk
        self.source_scale = config.source_scale
        self.encoder = nn.Sequential(
            convolution(12, config.encoder_width),
            convolution(config.encoder_width, source, stride=2),
            ResidualBlock(source),
        )
        self.context: nn.Module = Context(source, config.context_widths) if config.context_widths else nn.Identity()
        self.motion = nn.Conv2d(motion_channels, source, 1)
        block = SeparableBlock if config.separable_trunk else ResidualBlock
        self.trunk = nn.Sequential(
            # 1x1: here source and motion only meet, and 3x3 would be a seventh of a frame.
            convolution(source, trunk, kernel=1),
            *(block(trunk) for _ in range(config.trunk_blocks)),
        )
        self.widen = nn.Conv2d(trunk, 4 * detail, 1)
        self.detail = nn.Sequential(
            convolution(detail + 12, detail),
            *(convolution(detail, detail) for _ in range(config.detail_convolutions - 1)),
        )
        self.head = nn.Conv2d(detail, 16, 3, padding=1)
        start_from_copying(self.head)

    def encode_source(self, image: Tensor, around: Tensor | None = None) -> dict[str, Tensor]:
        """Cached tensors of `image` [b, 3, s, s] in [0, 1].

        `around` [b, 3, s + 2m, s + 2m] is the same with a margin, which is copied from where the flow leads beyond
        `image`; without it the border goes on as it ends.
        """
        features = self.context(self.encoder(F.pixel_unshuffle(image - 0.5, 2)))  # b trunk s/4 s/4
        return {
            "source_image": enlarged(image if around is None else around, self.source_scale),
            "source_thumbnail": resize(image, THUMBNAIL_SIZE),
            "source_features": features,
        }

    def decode(
        self, features: dict[str, Tensor], flow: DenseFlow, source: Keypoints, driving: Keypoints
    ) -> tuple[Tensor, Tensor]:
        """Result and warped source, both [b, 3, s, s] in [0, 1]; the mask chooses between copying and painting."""
        met, picture = self.meet(features["source_features"], flow), features["source_image"]
        warped = warp(picture, flow.displacement, CELL * met.shape[-1], picture.shape[-1] // self.source_scale)
        return self.paint(met, warped), warped

    def paint(self, met: Tensor, warped: Tensor) -> Tensor:
        """Result [b, 3, s, s] of what `meet` returns and the `warped` source; or of a window of both."""
        x = F.pixel_shuffle(self.widen(self.trunk(met)), 2)  # b detail s/2 s/2
        copied = F.pixel_unshuffle(warped, 2)  # b 12 s/2 s/2, in the order of the head's colours
        x = self.detail(torch.cat([x, (copied - 0.5).to(x.dtype)], dim=1))
        painted, mask = self.head(x).float().sigmoid().split([12, 4], dim=1)
        mask = torch.cat([mask, mask, mask], dim=1)
        return F.pixel_shuffle(painted + mask * (copied - painted), 2)

    def meet(self, encoded: Tensor, flow: DenseFlow) -> Tensor:
        """What the trunk starts from, [b, source, s/4, s/4]: `encoded` where the flow takes it from, and the motion."""
        assert flow.occlusion is not None and flow.features is not None
        size = encoded.shape[-1]
        warped = warp(encoded, flow.displacement, size) * resize(flow.occlusion, size).to(encoded.dtype)
        return warped + resize(self.motion(flow.features), size)


class Context(nn.Module):
    """Features [b, c, h, w] and what all of them together tell each, such as the side of a face that is turned away.

    It adds nothing before it has learned, so that trained networks can be given one.
    """

    def __init__(self, channels: int, widths: tuple[int, ...]) -> None:
        super().__init__()
        self.unet = UNet(channels, widths)
        self.head = nn.Conv2d(self.unet.channels_out, channels, 1)
        self.add_nothing()

    def forward(self, features: Tensor) -> Tensor:
        return features + self.head(self.unet(features))

    def add_nothing(self) -> None:
        """Forget what to add; what was seen in the features stays."""
        for parameter in self.head.parameters():
            nn.init.zeros_(parameter)


def start_from_copying(head: nn.Conv2d) -> None:
    """Bias the mask's four sub-pixels, so that the first gradients reach the flow through the copied picture."""
    assert head.bias is not None
    with torch.no_grad():
        head.bias[12:] = 2.0


def enlarged(image: Tensor, scale: int) -> Tensor:
    """`image` [b, c, s, s] in [0, 1] at `scale` times its size; pixels stay, and Lanczos fills the way to the next."""
    if scale == 1:
        return image
    with torch.autocast(image.device.type, enabled=False):
        matrix = enlargement(image.shape[-1], scale).to(image.device)
        return (matrix @ image.float() @ matrix.T).clamp(0, 1)


def warp(image: Tensor, displacement: Tensor, size: int, whole: int | None = None) -> Tensor:
    """`image`, enlarged to [b, c, s, s], moved by `displacement` [b, h, w, 2] and read at `size`.

    Of `whole` pixels before it was enlarged, the middle `size` are the picture that moves, and the others its margin.
    """
    whole = whole or size
    scale, share = image.shape[-1] // whole, size / whole
    # Pixel i of the picture is pixel `scale` * i of the enlarged one.
    grid = share * coordinate_grid(size, size, False, image.device) - (scale - 1) / (scale * whole)
    displacement = displacement if share == 1 else share * displacement
    return sample(image, displacement_at(displacement, size) + grid, corners=False)


def displacement_at(displacement: Tensor, size: int) -> Tensor:
    """`displacement` [b, h, h, 2] as [b, size, size, 2]."""
    if size == displacement.shape[1]:
        return displacement
    # As two products: runtimes take three times as long to interpolate.
    matrix = interpolation(displacement.shape[1], size).to(displacement)
    return (matrix @ displacement.movedim(-1, 1) @ matrix.T).movedim(1, -1)


@functools.cache
def interpolation(current: int, size: int) -> Tensor:
    """The matrix [size, current] that resizes a column bilinearly, as `resize` does."""
    with torch.inference_mode(False):  # kept for all: what is made while measuring could not be trained with
        columns = torch.eye(current)[None, :, None, :]  # 1 current 1 current
        if size < current:
            return F.avg_pool1d(columns[:, :, 0], current // size)[0].T.contiguous()
        return F.interpolate(columns, size=(1, size), mode="bilinear", align_corners=False)[0, :, 0].T.contiguous()


@functools.cache
def enlargement(size: int, scale: int) -> Tensor:
    """The matrix [scale * size, size] of `enlarged`; beyond its ends a column goes on as it ends."""
    with torch.inference_mode(False):
        rows = torch.arange(scale * size)
        whole, part = rows // scale, (rows % scale) / scale
        matrix = torch.zeros(scale * size, size)
        for step in range(1 - LANCZOS_REACH, LANCZOS_REACH + 1):
            distance = step - part
            weight = torch.sinc(distance) * torch.sinc(distance / LANCZOS_REACH)
            matrix[rows, (whole + step).clamp(0, size - 1)] += weight
        return matrix / matrix.sum(dim=1, keepdim=True)
