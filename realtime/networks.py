"""The bundle's three graphs as functions over our own values. Owns the tensors that every frame writes anew."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from realtime.bundle import DISPLACEMENT, Bundle
from realtime.engines.base import DeviceTensors, Engine
from realtime.figures.dashboard import SourceView
from realtime.fine_detail import detailed
from realtime.frames import Keypoints, Motion, Pixels, Sides, pixels_to_tensor, tensor_to_pixels
from realtime.layers import composed, ground_share
from realtime.parts import Parts
from realtime.portraits.gallery import MOTION_SHARE, Source
from realtime.portraits.portrait import Portrait
from realtime.resting import uncrossed
from realtime.showing import motion_share

Stage = Callable[[str], AbstractContextManager[object]]


def network_id(bundle: Bundle) -> str:
    """Names the network that finds keypoints: poses saved with one mean nothing to another."""
    return bundle.graph("detect_keypoints").sha256[:12]


class Networks:
    """For one thread. stage(name) times a step of the frame; parts tell which keypoints are lips and lids."""

    def __init__(self, engine: Engine, stage: Stage, parts: Parts) -> None:
        self._engine, self._stage, self._parts = engine, stage, parts
        # Tensors of the last frame; the next one is written into them.
        self._driver: DeviceTensors | None = None
        self._detected: DeviceTensors | None = None
        self._target: DeviceTensors | None = None
        self._animated: DeviceTensors | None = None
        self._held: tuple[Source, Sides, DeviceTensors] | None = None

    def encode(self, portrait: Portrait) -> Source:
        """The portrait with everything about it that `animate` takes."""
        around = {} if portrait.around is None else {"around": pixels_to_tensor(portrait.around)}
        shown = self._engine.upload({"image": pixels_to_tensor(portrait.square)} | around)
        features = self._engine.run("encode_source", shown)
        keypoints = uncrossed(self._read_keypoints(self._engine.run("detect_keypoints", shown)), self._parts)
        tensors = features | self._upload_keypoints("source", keypoints)
        at_rest = self._engine.run("animate", tensors | self._upload_keypoints("driving", keypoints))
        resting = self._composed(tensor_to_pixels(self._engine.download(at_rest["image"])), at_rest, portrait)
        features_bytes = sum(self._engine.download(tensor).nbytes for tensor in features.values())
        size_bytes = features_bytes + portrait.size_bytes + resting.nbytes
        return Source(portrait, keypoints, tensors, resting, size_bytes, self._view(portrait, keypoints, features))

    def detect(self, driver: Pixels) -> Keypoints:
        """The keypoints of driver [s, s, 3]."""
        with self._stage("upload"):
            self._driver = self._engine.upload({"image": pixels_to_tensor(driver)}, into=self._driver)
        with self._stage("keypoints"):
            self._detected = self._engine.run("detect_keypoints", self._driver, into=self._detected)
            return self._read_keypoints(self._detected)

    def animate(self, source: Source, motion: Motion, still: Sides | None = None) -> Pixels:
        """[n, n, 3] uint8: the portrait with its keypoints where motion wants them, keeping still along some sides.

        n is the networks' size, or that of the portrait's own detail where they tell how they move it.
        """
        with self._stage("animate"):
            self._target = self._upload_keypoints("driving", motion.target, into=self._target)
            tensors = source.tensors | self._shares(source, still or Sides()) | self._target
            self._animated = self._engine.run("animate", tensors, into=self._animated)
        with self._stage("download"):
            picture = self._engine.download(self._animated["image"])
        with self._stage("compose"):
            return self._composed(tensor_to_pixels(picture), self._animated, source.portrait)

    def close(self) -> None:
        """Lets go of the tensors and closes the engine."""
        self._driver = self._detected = self._target = self._animated = self._held = None
        self._engine.close()

    def _composed(self, picture: Pixels, animated: DeviceTensors, portrait: Portrait) -> Pixels:
        """The picture as the networks painted it; where they tell their motion, with what is behind the person kept
        still, and with the portrait's own detail.
        """
        layers, detail, ground = portrait.layers, portrait.detail, None
        if DISPLACEMENT not in animated or (layers is None and detail is None):
            return picture
        displacement = self._engine.download(animated[DISPLACEMENT])[0]
        if layers is not None:
            ground = ground_share(displacement, layers)
            picture = composed(picture, layers, ground)
        return picture if detail is None else detailed(picture, displacement, detail, ground)

    def _view(self, portrait: Portrait, keypoints: Keypoints, features: DeviceTensors) -> SourceView:
        thumbnail = features.get("source_thumbnail")
        kept = None if thumbnail is None else self._engine.download(thumbnail).copy()
        return SourceView(portrait.square, keypoints, kept)

    def _shares(self, source: Source, still: Sides) -> DeviceTensors:
        """In the place of what the source was encoded with, if it is to keep still anywhere."""
        names = [name for name in source.tensors if name.endswith(MOTION_SHARE)] if any(still) else []
        if names and (self._held is None or self._held[:2] != (source, still)):
            sides = {name: self._engine.download(source.tensors[name]).shape[1] for name in names}
            shares = self._engine.upload({name: motion_share(side, still) for name, side in sides.items()})
            self._held = source, still, shares
        return self._held[2] if names and self._held else {}

    def _upload_keypoints(self, owner: str, keypoints: Keypoints, into: DeviceTensors | None = None) -> DeviceTensors:
        mean, covariance = keypoints.mean[None], keypoints.covariance[None]  # 1 k 2, 1 k 2 2
        return self._engine.upload({f"{owner}_mean": mean, f"{owner}_covariance": covariance}, into)

    def _read_keypoints(self, outputs: DeviceTensors) -> Keypoints:
        mean, covariance = (self._engine.download(outputs[name])[0] for name in ("mean", "covariance"))
        # Copies: the engine writes the next frame's result into the same memory.
        return Keypoints(mean.copy(), covariance.copy())
