"""The networks as three tensor-only modules, the graphs of a bundle, with every batch norm folded away."""

from dataclasses import dataclass
from typing import Generic, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from models.dense_motion import DenseFlow
from models.geometry import Keypoints
from models.keypoint_detector import LiveKeypointDetector
from models.live_inference import KeypointInference, TransferInference
from models.live_transfer import LiveMotionTransfer
from models.portrait_net import PortraitNet, held
from realtime.bundle import DISPLACEMENT
from realtime.manifest import GraphName, SplitName

KEYPOINT_TENSORS = ("source_mean", "source_covariance", "driving_mean", "driving_covariance")
FLOW_TENSORS = ("displacement", "occlusion", "motion_features")
MARGIN_PART = 8  # of the picture's side, once on each side of it (docs/decisions/088)


Name_co = TypeVar("Name_co", bound=str, covariant=True)


@dataclass(frozen=True, slots=True)
class Graph(Generic[Name_co]):
    """A module to export with example inputs, by name and in order, and the names of its outputs."""

    name: Name_co
    module: nn.Module
    inputs: dict[str, Tensor]
    output_names: tuple[str, ...]

    @torch.no_grad()
    def run(self) -> dict[str, Tensor]:
        """The outputs of the example inputs."""
        outputs = self.module(*self.inputs.values())
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        return dict(zip(self.output_names, outputs, strict=True))


class DetectKeypoints(nn.Module):
    """image -> mean, covariance."""

    def __init__(self, network: PortraitNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        keypoints = self.network.detect_keypoints(image)
        return keypoints.mean, keypoints.covariance


class EncodeSource(nn.Module):
    """image, and around where there is a margin -> the cached source tensors."""

    def __init__(self, network: PortraitNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor, around: Tensor | None = None) -> tuple[Tensor, ...]:
        # A graph may not hand an input through unchanged: runtimes differ in how they alias it.
        tensors = self.network.encode_source(image, around).values()
        return tuple(tensor + 0 if tensor is image else tensor for tensor in tensors)


class Animate(nn.Module):
    """cached source tensors, source and driving keypoints -> image, and how far from each place it was read."""

    def __init__(self, network: PortraitNet, feature_names: tuple[str, ...]) -> None:
        super().__init__()
        self.network = network
        self.feature_names = feature_names

    def forward(self, *tensors: Tensor) -> tuple[Tensor, Tensor]:
        features = dict(zip(self.feature_names, tensors[: len(self.feature_names)], strict=True))
        source_mean, source_covariance, driving_mean, driving_covariance = tensors[len(self.feature_names) :]
        source, driving = Keypoints(source_mean, source_covariance), Keypoints(driving_mean, driving_covariance)
        animation = self.network.animate(features, source, driving)
        return animation.image, animation.flow.displacement


class DenseMotion(nn.Module):
    """source_thumbnail, source and driving keypoints -> displacement, occlusion and features if any, and masks.

    `decode` has no use for the masks: they are for those who look.
    """

    def __init__(self, network: PortraitNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, thumbnail: Tensor, *keypoints: Tensor) -> tuple[Tensor, ...]:
        flow = self.network.dense_motion(thumbnail, Keypoints(*keypoints[:2]), Keypoints(*keypoints[2:]))
        told = (flow.displacement, flow.occlusion, flow.features, flow.masks)
        return tuple(tensor for tensor in told if tensor is not None)


class Decode(nn.Module):
    """cached source tensors, the flow's tensors, and keypoints where the network paints with them -> image."""

    def __init__(self, network: PortraitNet, feature_names: tuple[str, ...], flow_count: int) -> None:
        super().__init__()
        self.network, self.feature_names, self.flow_count = network, feature_names, flow_count

    def forward(self, *tensors: Tensor) -> Tensor:
        count = len(self.feature_names)
        features = dict(zip(self.feature_names, tensors[:count], strict=True))
        displacement, *others = tensors[count : count + self.flow_count]
        occlusion, learned = others or (None, None)
        flow = held(DenseFlow(displacement, displacement, occlusion, learned), features)  # the masks are not used again
        # The live family paints without keypoints.
        keypoints = tensors[count + self.flow_count :] or (displacement,) * 4
        image: Tensor = self.network.motion_transfer.decode(
            features, flow, Keypoints(*keypoints[:2]), Keypoints(*keypoints[2:])
        )[0]
        return image


def margin_of(network: PortraitNet) -> int:
    """How many pixels of what is around its square a portrait's bundle takes, on each side; the paper's takes none."""
    return 0 if network.config.family == "paper" else network.config.image_size // MARGIN_PART


@torch.no_grad()
def make_graphs(network: PortraitNet, source: Tensor, driving: Tensor) -> list[Graph[GraphName]]:
    """detect_keypoints, encode_source and animate on example pictures [1, 3, s, s]; `network` is folded in place."""
    margin = margin_of(network)
    fold_batch_norm(network.eval())
    if isinstance(network.motion_transfer, LiveMotionTransfer):
        flow_size = network(source, driving).flow.displacement.shape[1]
        network.motion_transfer = TransferInference(network.motion_transfer, flow_size)
    detector, size = network.keypoint_detector, source.shape[-1]
    if isinstance(detector, LiveKeypointDetector) and size >= detector.VIEW:
        network.keypoint_detector = KeypointInference(detector, size)
    shown = {"image": source} | ({"around": F.pad(source, [margin] * 4, "replicate")} if margin else {})
    features = network.encode_source(*shown.values())
    keypoints = [*network.detect_keypoints(source), *network.detect_keypoints(driving)]
    names = tuple(features)
    animate_inputs = {**features, **dict(zip(KEYPOINT_TENSORS, keypoints, strict=True))}
    return [
        Graph("detect_keypoints", DetectKeypoints(network), {"image": driving}, ("mean", "covariance")),
        Graph("encode_source", EncodeSource(network), shown, names),
        Graph("animate", Animate(network, names), animate_inputs, ("image", DISPLACEMENT)),
    ]


@torch.no_grad()
def make_split_graphs(network: PortraitNet, animate: Graph[GraphName]) -> list[Graph[SplitName]]:
    """`animate` in two parts, to profile and to look into, on the same example: dense_motion, then decode."""
    keypoints = {name: animate.inputs[name] for name in KEYPOINT_TENSORS}
    features = {name: tensor for name, tensor in animate.inputs.items() if name not in keypoints}
    motion_inputs = {"source_thumbnail": features["source_thumbnail"]} | keypoints
    motion = DenseMotion(network)
    *told, _masks = motion(*motion_inputs.values())
    flow = dict(zip(FLOW_TENSORS, told, strict=False))
    painted = {name: tensor for name, tensor in features.items() if name != "source_thumbnail"}
    decode_inputs = painted | flow | (keypoints if network.config.family == "paper" else {})
    return [
        Graph("dense_motion", motion, motion_inputs, (*flow, "masks")),
        Graph("decode", Decode(network, tuple(painted), len(flow)), decode_inputs, ("image",)),
    ]


def fold_batch_norm(module: nn.Module) -> None:
    """Merge every batch norm that follows a convolution in a Sequential into that convolution, in place."""
    for child in module.children():
        fold_batch_norm(child)
    if not isinstance(module, nn.Sequential):
        return
    for index in range(len(module) - 1):
        first, second = module[index], module[index + 1]
        if isinstance(first, nn.Conv2d) and isinstance(second, nn.BatchNorm2d):
            module[index] = fuse_conv_bn_eval(first, second)
            module[index + 1] = nn.Identity()
