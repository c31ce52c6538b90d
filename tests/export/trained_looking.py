"""A small network that computes as a trained one does."""

import torch

from models import PRESETS, build_network
from models.portrait_net import PortraitNet


def trained_looking(preset: str) -> PortraitNet:
    """A network whose norms and heads are not at their initial values."""
    torch.manual_seed(0)
    network = build_network(PRESETS[preset])
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.weight.uniform_(0.5, 1.5)
                module.bias.uniform_(-0.2, 0.2)
                assert module.running_mean is not None and module.running_var is not None
                module.running_mean.uniform_(-0.2, 0.2)
                module.running_var.uniform_(0.5, 1.5)
        network.dense_motion.head.weight.normal_(0, 0.02)
        network.get_submodule("keypoint_detector.correction").get_parameter("weight").normal_(0, 0.02)
    return network.eval()
