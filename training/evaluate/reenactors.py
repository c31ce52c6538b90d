"""What is measured: something that animates a source picture by driving pictures. A bundle, a checkpoint, or a copy."""

from pathlib import Path
from typing import Protocol

import numpy as np
import torch

from models.checkpoint import load_checkpoint
from models.geometry import Keypoints as TorchKeypoints
from models.portrait_net import PortraitNet
from realtime.bundle import open_bundle
from realtime.closing import Closing
from realtime.engines.base import DeviceTensors, Engine
from realtime.engines.catalogue import open_engine
from realtime.frames import Keypoints, pixels_to_tensor, source_tensors, tensor_to_pixels
from realtime.motion import absolute_motion
from realtime.parts import TOLD, Parts
from realtime.resting import uncrossed
from training.clips import Pixels
from training.in_a_call import in_a_call, one_by_one, stacked


class Reenactor(Protocol):
    """Animates pictures of its own `image_size`."""

    image_size: int

    def reenact(self, source: Pixels, driving: Pixels, relative: bool) -> Pixels:
        """`source` [s, s, 3] moved as `driving` [t, s, s, 3]: [t, s, s, 3].

        Relative motion takes the first driving frame as the neutral pose; absolute motion takes the driver's own shape.
        """


class CopyReenactor:
    """Leaves the source as it is: the row to beat."""

    def __init__(self, image_size: int) -> None:
        self.image_size = image_size

    def reenact(self, source: Pixels, driving: Pixels, relative: bool) -> Pixels:
        """The source, as often as there are driving frames."""
        return np.repeat(source[None], len(driving), axis=0)


class BundleReenactor(Closing):
    """A bundle through a live engine: what the user gets."""

    def __init__(self, folder: Path, engine: str, threads: int | None = None) -> None:
        bundle = open_bundle(folder)
        self.image_size = bundle.image_size
        self._parts, self._margin = bundle.parts, bundle.margin
        self._engine: Engine = open_engine(engine, bundle, threads)

    def reenact(self, source: Pixels, driving: Pixels, relative: bool) -> Pixels:
        """Frame by frame, as in a call."""
        engine = self._engine
        shown = engine.upload(source_tensors(pixels_to_tensor(source), self._margin))
        still = engine.run("detect_keypoints", shown)
        portrait = uncrossed(self._keypoints(still), self._parts)
        seen = {"source_mean": portrait.mean[None], "source_covariance": portrait.covariance[None]}
        inputs = engine.upload(seen) | engine.run("encode_source", shown)
        neutral = None
        frames = []
        for pixels in driving:
            found = self._keypoints(engine.run("detect_keypoints", engine.upload({"image": pixels_to_tensor(pixels)})))
            neutral = neutral or found
            motion = in_a_call(found, portrait, neutral, self._parts) if relative else absolute_motion(found)
            target = {"driving_mean": motion.target.mean[None], "driving_covariance": motion.target.covariance[None]}
            result = engine.run("animate", inputs | engine.upload(target))["image"]
            frames.append(tensor_to_pixels(engine.download(result)))
        return np.stack(frames)

    def close(self) -> None:
        """Releases the engine."""
        self._engine.close()

    def _keypoints(self, found: DeviceTensors) -> Keypoints:
        mean, covariance = (self._engine.download(found[name])[0].copy() for name in ("mean", "covariance"))
        return Keypoints(mean, covariance)


class CheckpointReenactor:
    """Networks in torch, for weights that are not exported yet; frames go through in chunks."""

    CHUNK = 16

    def __init__(self, checkpoint: Path) -> None:
        self._network: PortraitNet
        self._network, notes = load_checkpoint(checkpoint)
        rows, *others = TOLD
        self._parts = Parts.named(notes.get(rows, {}), *(notes.get(name, ()) for name in others))
        self.image_size = self._network.config.image_size

    @torch.inference_mode()
    def reenact(self, source: Pixels, driving: Pixels, relative: bool) -> Pixels:
        """As the bundle does it, in batches."""
        image = torch.from_numpy(pixels_to_tensor(source))
        features = self._network.encode_source(image)
        (found,) = one_by_one(self._network.detect_keypoints(image))
        portrait = uncrossed(found, self._parts)
        still = stacked([portrait])
        neutral = None
        frames: list[Pixels] = []
        for start in range(0, len(driving), self.CHUNK):
            chunk = driving[start : start + self.CHUNK]
            seen = self._network.detect_keypoints(torch.from_numpy(np.concatenate([*map(pixels_to_tensor, chunk)])))
            drivers = list(one_by_one(seen))
            neutral = neutral or drivers[0]
            targets = [
                (in_a_call(d, portrait, neutral, self._parts) if relative else absolute_motion(d)).target
                for d in drivers
            ]
            result = self._network.animate(
                {name: tensor.expand(len(chunk), *tensor.shape[1:]) for name, tensor in features.items()},
                TorchKeypoints(*(tensor.expand(len(chunk), *tensor.shape[1:]) for tensor in still)),
                stacked(targets),
            )
            frames += [tensor_to_pixels(picture[None]) for picture in result.image.numpy()]
        return np.stack(frames)
