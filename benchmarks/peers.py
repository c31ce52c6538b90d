"""Milliseconds per frame of a live bundle against the paper's network run as its authors run it.

Upstream encodes the source again for every frame, in eager torch; the bundle's source is cached. They take turns, so
that whatever else the machine does weighs on both alike.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from rich.progress import track

from models import PRESETS, build_network
from realtime.bundle import open_bundle
from realtime.engines.base import Engine
from realtime.engines.catalogue import open_engine
from realtime.frames import Tensor

WARM_UP_ROUNDS = 2


@dataclass(frozen=True, slots=True)
class PeerComparison:
    """Milliseconds of every round for both, one thread or more, and the ratio of the medians."""

    threads: int
    ours_ms: tuple[float, ...]
    paper_ms: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """How many times faster the bundle is."""
        return float(np.median(self.paper_ms) / np.median(self.ours_ms))

    @property
    def ratio_quartiles(self) -> tuple[float, float]:
        """First and third quartile of the per-round ratios: the spread of `ratio`."""
        low, high = np.percentile(np.divide(self.paper_ms, self.ours_ms), [25, 75])
        return float(low), float(high)


def compare_with_paper(bundle_folder: Path, rounds: int, threads: int, engine_name: str) -> PeerComparison:
    """Time `rounds` frames of each after warming up."""
    torch.set_num_threads(threads)
    bundle = open_bundle(bundle_folder)
    with open_engine(engine_name, bundle, threads) as engine:
        ours, paper = _bundle_frame(engine, _picture(bundle.image_size)), _paper_frame()
        for _ in range(WARM_UP_ROUNDS):
            ours()
            paper()
        ours_ms, paper_ms = [], []
        for _ in track(range(rounds), "Timing in turns"):
            ours_ms.append(_milliseconds(ours))
            paper_ms.append(_milliseconds(paper))
    return PeerComparison(threads, tuple(ours_ms), tuple(paper_ms))


def _picture(size: int) -> Tensor:
    return np.random.default_rng(0).random((1, 3, size, size), dtype=np.float32)


def _bundle_frame(engine: Engine, picture: Tensor) -> Callable[[], None]:
    image = engine.upload({"image": picture})
    keypoints = engine.run("detect_keypoints", image)
    still = {f"source_{name}": tensor for name, tensor in keypoints.items()} | engine.run("encode_source", image)

    def frame() -> None:
        found = engine.run("detect_keypoints", engine.upload({"image": picture}))
        moved = {f"driving_{name}": tensor for name, tensor in found.items()}
        engine.download(engine.run("animate", still | moved)["image"])

    return frame


def _paper_frame() -> Callable[[], None]:
    config = PRESETS["paper-256"]
    network = build_network(config).eval()
    image = torch.from_numpy(_picture(config.image_size))

    def frame() -> None:
        with torch.inference_mode():
            network(image, image)

    return frame


def _milliseconds(run: Callable[[], None]) -> float:
    began = time.perf_counter()
    run()
    return 1000 * (time.perf_counter() - began)
