"""The three networks together: detect keypoints, encode a source once, animate it many times."""

from dataclasses import dataclass

from torch import Tensor, nn

from models.config import NetworkConfig, PaperConfig
from models.dense_motion import DenseFlow, LiveDenseMotion, PaperDenseMotion
from models.geometry import Keypoints
from models.keypoint_detector import LiveKeypointDetector, PaperKeypointDetector
from models.live_transfer import LiveMotionTransfer
from models.motion_transfer import PaperMotionTransfer


@dataclass(frozen=True, slots=True)
class Animation:
    """One animated batch: the result and the warped source, [b, 3, s, s] in [0, 1], and the flow between."""

    image: Tensor
    warped: Tensor
    flow: DenseFlow


class PortraitNet(nn.Module):
    """Keypoint detector, dense motion and motion transfer with one set of weights."""

    def __init__(
        self,
        config: NetworkConfig,
        detector: PaperKeypointDetector | LiveKeypointDetector,
        motion: PaperDenseMotion | LiveDenseMotion,
        transfer: PaperMotionTransfer | LiveMotionTransfer,
    ) -> None:
        super().__init__()
        self.config = config
        self.keypoint_detector = detector
        self.dense_motion = motion
        self.motion_transfer = transfer

    def detect_keypoints(self, image: Tensor) -> Keypoints:
        """Keypoints of `image` [b, 3, s, s] in [0, 1]."""
        keypoints: Keypoints = self.keypoint_detector(image)
        return keypoints

    def encode_source(self, image: Tensor, around: Tensor | None = None) -> dict[str, Tensor]:
        """Tensors of the source to be cached, by the names the exported graphs use.

        `around` is the source with a margin, for the live family; ValueError for the paper's, which has no use for it.
        """
        if around is None:
            return self.motion_transfer.encode_source(image)
        if not isinstance(self.motion_transfer, LiveMotionTransfer):
            raise ValueError("the paper's networks copy nothing from beyond their source; pass no margin")
        return self.motion_transfer.encode_source(image, around)

    def animate(self, features: dict[str, Tensor], source: Keypoints, driving: Keypoints) -> Animation:
        """The source with its keypoints moved to `driving`; see `held` for what of it moves less."""
        flow: DenseFlow = self.dense_motion(features["source_thumbnail"], source, driving)
        flow = held(flow, features)
        image, warped = self.motion_transfer.decode(features, flow, source, driving)
        return Animation(image, warped, flow)

    def forward(self, source: Tensor, driving: Tensor) -> Animation:
        """Everything at once, as upstream runs it for every frame: nothing is cached."""
        source_keypoints, driving_keypoints = self.detect_keypoints(source), self.detect_keypoints(driving)
        return self.animate(self.encode_source(source), source_keypoints, driving_keypoints)


def held(flow: DenseFlow, features: dict[str, Tensor]) -> DenseFlow:
    """`flow` of which each place takes the share that `features` name for it, if they do, [b, h, w, 1] in [0, 1]."""
    share = features.get("motion_share")
    return flow if share is None else flow._replace(displacement=share * flow.displacement)


def build_network(config: NetworkConfig) -> PortraitNet:
    """Freshly initialised networks of `config`."""
    if isinstance(config, PaperConfig):
        return PortraitNet(config, PaperKeypointDetector(config), PaperDenseMotion(config), PaperMotionTransfer(config))
    motion = LiveDenseMotion(config)
    return PortraitNet(config, LiveKeypointDetector(config), motion, LiveMotionTransfer(config, motion.channels_out))
