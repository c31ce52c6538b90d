"""The three networks of Monkey-Net, in torch only; training/ and export/ build them, the live runtime never does."""

from models.config import PRESETS, LiveConfig, NetworkConfig, PaperConfig
from models.portrait_net import Animation, PortraitNet, build_network

__all__ = ["PRESETS", "Animation", "LiveConfig", "NetworkConfig", "PaperConfig", "PortraitNet", "build_network"]
