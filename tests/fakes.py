"""Fakes written against the protocols of realtime/: an engine, a camera, a sink and a pyvirtualcam backend."""

import time
from collections.abc import Iterator, Mapping, Sequence
from threading import Event

import numpy as np

from realtime.bundle import GraphName
from realtime.devices.cameras import Camera
from realtime.devices.sinks import Sink
from realtime.engines.base import DeviceTensor, DeviceTensors, Engine
from realtime.frames import Frame, Pixels, Tensor
from tests.tiny_bundle import KEYPOINTS, SIZE


def plain_frame(index: int = 0, level: int = 128, size: int = SIZE, captured_at: float | None = None) -> Frame:
    """One colour everywhere; born now unless told otherwise."""
    pixels = np.full((size, size, 3), level, np.uint8)
    return Frame(pixels, index, time.monotonic() if captured_at is None else captured_at)


class FakeEngine(Engine):
    """The networks of the tiny bundle in NumPy: brightness centroid, and brightness times 1 + movement in x."""

    def __init__(self) -> None:
        self.name = "fake"
        self.runs: list[str] = []
        self.closed = 0

    def upload(self, tensors: Mapping[str, Tensor]) -> DeviceTensors:
        return dict(tensors)

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
    return {"source_picture": inputs["image"]}


def _animate(inputs: Mapping[str, Tensor]) -> DeviceTensors:
    gain = 1 + (inputs["driving_mean"] - inputs["source_mean"])[0, 0, 0]
    return {"image": np.clip(inputs["source_picture"] * gain, 0, 1)}


class ScriptedCamera(Camera):
    """Plays a script: a frame's grey level, a pause in seconds (a float), an error to raise, or HANG until closed."""

    HANG = "hang"

    def __init__(self, script: Sequence[int | float | str | Exception], rate_hz: float = 30.0) -> None:
        self.name = "scripted:"
        self.rate_hz = rate_hz
        self.closed = 0
        self.script = script
        self._released = Event()

    def frames(self) -> Iterator[Frame]:
        index = 0
        for step in self.script:
            if isinstance(step, Exception):
                raise step
            if step == self.HANG:
                self._released.wait(30)
            elif isinstance(step, float):
                time.sleep(step)
            else:
                yield plain_frame(index, int(step))
                index += 1

    def close(self) -> None:
        self.closed += 1
        self._released.set()


class RecordingSink(Sink):
    """Keeps every frame; may fail at one, or take its time over each."""

    def __init__(self, delay_s: float = 0.0, fail_at: int | None = None) -> None:
        self.name = "recording:"
        self.frames: list[Frame] = []
        self.closed = 0
        self._delay_s = delay_s
        self._fail_at = fail_at

    def send(self, frame: Frame) -> None:
        if len(self.frames) == self._fail_at:
            raise OSError("the sink is full")
        time.sleep(self._delay_s)
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
