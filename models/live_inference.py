"""Live networks arranged for runtimes: the results of the trained ones with less to do for a frame."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.dense_motion import DenseFlow
from models.geometry import sample_rows
from models.keypoint_detector import LiveKeypointDetector, resize
from models.live_transfer import LiveMotionTransfer, displacement_at


class KeypointInference(LiveKeypointDetector):
    """For pictures of one size: averaging, centring and squares of four are one strided convolution.

    The trained form writes the whole picture three times before the first convolution reads it.
    """

    def __init__(self, trained: LiveKeypointDetector, image_size: int) -> None:
        nn.Module.__init__(self)
        self.config, self.unet, self.prior = trained.config, trained.unet, trained.prior
        self.head, self.correction = trained.head, trained.correction
        side = image_size // (self.VIEW // 2)
        if side < 2:
            raise ValueError(f"pictures of {image_size} are smaller than the {self.VIEW} seen of them")
        impulses = torch.eye(3 * side**2).view(-1, 3, side, side)
        responses = F.pixel_unshuffle(F.avg_pool2d(impulses, side // 2), 2)[..., 0, 0]  # of 12 channels to each impulse
        self.squares = nn.Conv2d(3, 12, side, side)
        with torch.no_grad():
            self.squares.weight.copy_(responses.T.view(12, 3, side, side))
            assert self.squares.bias is not None
            self.squares.bias.fill_(-0.5)

    def view(self, image: Tensor) -> Tensor:
        """As of the trained form."""
        seen: Tensor = self.squares(image)
        return seen


class TransferInference(LiveMotionTransfer):
    """For one source at a time, from trained weights whose batch norms are folded; shares what it does not change.

    Features are cached as rows, one for each pixel: bilinear reading then copies rows and leaves channels innermost,
    as the convolutions want them. The trunk's first 1x1 convolution is linear in the sum before it, so that it is done
    once to what is cached, and once to the weights that make the motion.
    """

    def __init__(self, trained: LiveMotionTransfer, flow_size: int) -> None:
        nn.Module.__init__(self)
        meeting = next(iter(trained.trunk[0].children()))
        assert isinstance(meeting, nn.Conv2d) and meeting.bias is not None and trained.motion.bias is not None
        cached = nn.Conv2d(meeting.in_channels, meeting.out_channels, 1, bias=False)
        motion = nn.Conv2d(trained.motion.in_channels, meeting.out_channels, 1)
        matrix = meeting.weight.flatten(1)  # trunk trunk
        with torch.no_grad():
            cached.weight.copy_(meeting.weight)
            motion.weight.copy_((matrix @ trained.motion.weight.flatten(1))[..., None, None])
            assert motion.bias is not None
            motion.bias.copy_(matrix @ trained.motion.bias + meeting.bias)
        self.source_scale, self.flow_size = trained.source_scale, flow_size
        self.encoder, self.context, self.motion = trained.encoder, nn.Sequential(trained.context, cached), motion
        self.trunk = nn.Sequential(nn.ReLU(), *list(trained.trunk)[1:])
        self.widen, self.detail, self.head = trained.widen, trained.detail, trained.head

    def encode_source(self, image: Tensor, around: Tensor | None = None) -> dict[str, Tensor]:
        """As of the trained form, of one `image`; features as [(s/4)^2, trunk], and that all of it takes its motion.

        A graph may not give what no input has part in: runtimes differ in what they make of that.
        """
        tensors = super().encode_source(image, around)
        nothing = 0 * resize(tensors["source_thumbnail"], self.flow_size).mean(dim=1)[..., None]  # 1 h w 1
        features = tensors["source_features"].flatten(2)[0].mT.contiguous()
        return tensors | {"source_features": features, "motion_share": nothing + 1}

    def meet(self, encoded: Tensor, flow: DenseFlow) -> Tensor:
        """What the trunk starts from, [1, trunk, s/4, s/4]: `encoded` where the flow takes it from, and the motion."""
        assert flow.occlusion is not None and flow.features is not None
        size = round(encoded.shape[0] ** 0.5)
        trusted = resize(flow.occlusion, size).flatten()
        rows = sample_rows(encoded, displacement_at(flow.displacement, size)[0], trusted)
        return rows.view(1, size, size, -1).movedim(-1, 1) + resize(self.motion(flow.features), size)
