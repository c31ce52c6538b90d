"""Fakes written against the protocols of realtime/: an engine, a camera, a sink and a pyvirtualcam backend."""

import time
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from threading import Condition

import numpy as np

from realtime.clock import Clock, SystemClock
from realtime.devices.cameras import Camera
from realtime.devices.sinks import Sink
from realtime.engines.base import DeviceTensor, DeviceTensors, Engine
from realtime.frames import AnimatedFrame, Frame, OutputFrame, OutputState, Pixels, Tensor
from realtime.manifest import GraphName
from tests.tiny_bundle import KEYPOINTS, SIZE


def plain_frame(index: int = 0, level: int = 128, size: int = SIZE, captured_at: float | None = None) -> Frame:
    """One colour everywhere; born now unless told otherwise."""
    pixels = np.full((size, size, 3), level, np.uint8)
    return Frame(pixels, index, time.monotonic() if captured_at is None else captured_at)


def plain_animated(index: int = 0, level: int = 128, resting: int = 100, driven: bool = True) -> AnimatedFrame:
    """One colour everywhere, over a portrait of another; index / 30 seconds after its camera began."""
    return AnimatedFrame(np.full((SIZE, SIZE, 3), level, np.uint8), _still(resting), index, index / 30, driven)


@cache
def _still(level: int) -> Pixels:
    """One array for each portrait: another one is another portrait."""
    return np.full((SIZE, SIZE, 3), level, np.uint8)


def plain_picture(index: int = 0, level: int = 128, size: int = SIZE, shown_at: float | None = None) -> OutputFrame:
    """One colour everywhere; due now unless told otherwise."""
    at_s = time.monotonic() if shown_at is None else shown_at
    return picture_of(np.full((size, size, 3), level, np.uint8), index, at_s)


def picture_of(pixels: Pixels, index: int = 0, shown_at: float = 0.0) -> OutputFrame:
    """For the tests of sinks, which take no other kind of frame."""
    return OutputFrame(pixels, index, shown_at, OutputState.LIVE, index, shown_at)


class FakeEngine(Engine):
    """The networks of the tiny bundle in NumPy: brightness centroid, and brightness times 1 + movement in x."""

    def __init__(self) -> None:
        self.name, self.precision = "fake", "fp32"
        self.runs: list[str] = []
        self.closed = 0

    def upload(self, tensors: Mapping[str, Tensor], into: DeviceTensors | None = None) -> DeviceTensors:
        if into is None:
            return {name: np.array(tensor) for name, tensor in tensors.items()}
        for name, tensor in tensors.items():
            into[name][...] = tensor
        return into

    def run(
        self, graph: GraphName, inputs: Mapping[str, DeviceTensor], into: DeviceTensors | None = None
    ) -> DeviceTensors:
        self.runs.append(graph)
        outputs = {"detect_keypoints": _detect, "encode_source": _encode, "animate": _animate}[graph](inputs)
        if into is None:
            return outputs
        for name, tensor in outputs.items():
            into[name][...] = tensor
        return into

    def download(self, tensor: DeviceTensor) -> Tensor:
        return np.asarray(tensor)

    def close(self) -> None:
        self.closed += 1


def _detect(inputs: Mapping[str, Tensor]) -> DeviceTensors:
    weight = inputs["image"][0].mean(axis=0)
    places = np.linspace(-1, 1, SIZE, dtype=np.float32)
    mass = weight.sum() + 1e-6
    centre = [(weight.sum(axis=0) * places).sum() / mass, (weight.sum(axis=1) * places).sum() / mass]
    return {
        "mean": np.tile(np.array(centre, np.float32), (1, KEYPOINTS, 1)),
        "covariance": np.tile(0.02 * np.eye(2, dtype=np.float32), (1, KEYPOINTS, 1, 1)),
    }


def _encode(inputs: Mapping[str, Tensor]) -> DeviceTensors:
    return {"source_picture": inputs["image"].copy()}


def _animate(inputs: Mapping[str, Tensor]) -> DeviceTensors:
    gain = 1 + (inputs["driving_mean"] - inputs["source_mean"])[0, 0, 0]
    return {"image": np.clip(inputs["source_picture"] * gain, 0, 1)}


class TellingEngine(FakeEngine):
    """Tells its motion, unless it is silent: everything is read from so far to the right."""

    def __init__(self, from_right: float = 0.0, silent: bool = False) -> None:
        super().__init__()
        self._from_right, self._silent = from_right, silent

    def run(
        self, graph: GraphName, inputs: Mapping[str, DeviceTensor], into: DeviceTensors | None = None
    ) -> DeviceTensors:
        """As the fake does, into tensors of its own."""
        outputs = super().run(graph, inputs, None)
        if graph == "animate" and not self._silent:
            outputs |= {"displacement": np.full((1, 8, 8, 2), self._from_right, np.float32)}
        return outputs


class ScriptedCamera(Camera):
    """Plays a script: a frame's grey level, a pause in seconds (a float), an error to raise, or HANG until closed."""

    HANG = "hang"

    def __init__(
        self, script: Sequence[int | float | str | Exception], rate_hz: float = 30.0, clock: Clock | None = None
    ) -> None:
        self.name = "scripted:"
        self.rate_hz = rate_hz
        self.closed = 0
        self.script = script
        self._clock = clock or SystemClock()
        self._changed = Condition()

    def frames(self) -> Iterator[Frame]:
        index = 0
        for step in self.script:
            if isinstance(step, Exception):
                raise step
            if step == self.HANG:
                with self._changed:
                    self._clock.wait_for(self._changed, lambda: self.closed > 0, 30)
            elif isinstance(step, float):
                self._clock.sleep(step)
            else:
                yield plain_frame(index, int(step), captured_at=self._clock.now_s())
                index += 1

    def close(self) -> None:
        self.closed += 1
        with self._changed:
            self._changed.notify_all()


class RecordingSink(Sink):
    """Keeps every frame; may fail at one, or take its time over each."""

    def __init__(self, delay_s: float = 0.0, fail_at: int | None = None, clock: Clock | None = None) -> None:
        self.name = "recording:"
        self._clock = clock or SystemClock()
        self.frames: list[OutputFrame] = []
        self.closed = 0
        self._delay_s = delay_s
        self._fail_at = fail_at

    def send(self, frame: OutputFrame) -> None:
        if len(self.frames) == self._fail_at:
            raise OSError("the sink is full")
        self._clock.sleep(self._delay_s)
        self.frames.append(frame)

    def close(self) -> None:
        self.closed += 1


class FakeVirtualCamera:
    """A backend for pyvirtualcam that keeps what it is sent in the class, where a test can see it."""

    sent: list[Pixels] = []
    open = 0

    def __init__(self, *, width: int, height: int, fps: float, fourcc: int, device: str | None) -> None:
        if device not in (None, "fake"):
            raise RuntimeError("device not found")
        self._shape = (height, width, 3)
        FakeVirtualCamera.sent = []
        FakeVirtualCamera.open += 1

    def send(self, frame: Pixels) -> None:
        FakeVirtualCamera.sent.append(frame.reshape(self._shape).copy())

    def close(self) -> None:
        FakeVirtualCamera.open -= 1

    def device(self) -> str:
        return "fake"

    def native_fourcc(self) -> None:
        return None
