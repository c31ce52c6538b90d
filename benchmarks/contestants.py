"""Who takes part in `peers`: one frame of each, as a call that can be timed."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import torch

from benchmarks.rig import EngineOpener
from models import PRESETS, build_network
from models.portrait_net import PortraitNet
from realtime.bundle import Bundle, open_bundle
from realtime.engines.base import Engine
from realtime.frames import Tensor, source_tensors

PAPER = "paper-256"

OneFrame = Callable[[], None]


def paper_frames() -> Mapping[str, OneFrame]:
    """The paper's network in eager torch: as its authors run it, and with all that depends on the source kept."""
    network = build_network(PRESETS[PAPER]).eval()
    return {
        f"{PAPER} in eager torch, source encoded for every frame": _re_encoding(network),
        f"{PAPER} in eager torch, source cached": _cached(network),
    }


def bundle_frame(folder: Path, engine: str, threads: int, opened: ExitStack, opener: EngineOpener) -> OneFrame:
    """What a bundle does for every frame of a call: keypoints of the driver, then the animated portrait."""
    bundle = open_bundle(folder)
    return frame_of(opened.enter_context(opener(engine, bundle, threads)), bundle)


def frame_of(engine: Engine, bundle: Bundle) -> OneFrame:
    """The same, on an open engine."""
    picture = random_picture(bundle.image_size)
    shown = engine.upload(source_tensors(picture, bundle.margin))
    keypoints = engine.run("detect_keypoints", shown)
    still = {f"source_{name}": tensor for name, tensor in keypoints.items()} | engine.run("encode_source", shown)

    def frame() -> None:
        found = engine.run("detect_keypoints", engine.upload({"image": picture}))
        moved = {f"driving_{name}": tensor for name, tensor in found.items()}
        engine.download(engine.run("animate", still | moved)["image"])

    return frame


def random_picture(size: int) -> Tensor:
    """[1, 3, size, size] float32 in [0, 1], the same every time: what a network costs does not depend on its input."""
    return np.random.default_rng(0).random((1, 3, size, size), dtype=np.float32)


def _re_encoding(network: PortraitNet) -> OneFrame:
    image = torch.from_numpy(random_picture(network.config.image_size))

    def frame() -> None:
        with torch.inference_mode():
            network(image, image)

    return frame


def _cached(network: PortraitNet) -> OneFrame:
    image = torch.from_numpy(random_picture(network.config.image_size))
    with torch.inference_mode():
        source, features = network.detect_keypoints(image), network.encode_source(image)

    def frame() -> None:
        with torch.inference_mode():
            network.animate(features, source, network.detect_keypoints(image))

    return frame
