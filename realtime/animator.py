"""The animator: a frame of the driver in, a frame of the portrait out."""

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Literal

from realtime.bundle import Bundle
from realtime.closing import Closing
from realtime.controls import Command, Obey, on_or_off, switched
from realtime.driver_framing import DriverFraming
from realtime.engines.base import DeviceTensors, Engine
from realtime.errors import SourceError
from realtime.face_detector import FaceDetector
from realtime.frames import AnimatedFrame, Frame, Keypoints, Motion, Pixels, pixels_to_tensor, tensor_to_pixels
from realtime.framing import cut_out, mirrored
from realtime.motion import absolute_motion, relative_motion
from realtime.portrait import frame_portrait
from realtime.smoothing import KeypointSmoother
from realtime.timing import Stopwatch


@dataclass(frozen=True, slots=True)
class AnimatorOptions:
    """How the driver's motion is read and carried over."""

    motion: Literal["relative", "absolute"] = "relative"
    smoothing: bool = True
    mirror: bool = False
    mirror_output: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A portrait, encoded once: everything about it that `animate` takes, on the engine's device."""

    keypoints: Keypoints
    tensors: DeviceTensors
    resting: Pixels


class Animator(Closing):
    """Owns the encoded portrait, the calibration and the filters. After set_source, one thread calls all else.

    Without a detector, portrait and driver are cropped to their centre squares.
    """

    def __init__(
        self,
        engine: Engine,
        bundle: Bundle,
        options: AnimatorOptions | None = None,
        detector: FaceDetector | None = None,
        stopwatch: Stopwatch | None = None,
    ) -> None:
        self._engine = engine
        self._size_px = bundle.image_size
        self._options = options or AnimatorOptions()
        self._detector = detector
        self._framing = DriverFraming(detector)
        self._smoother = KeypointSmoother()
        self._stage = stopwatch.stage if stopwatch else lambda _name: nullcontext()
        self._source: Source | None = None
        self._neutral: Keypoints | None = None
        # Results of the last frame; the engine writes the next ones into them.
        self._detected: DeviceTensors | None = None
        self._animated: DeviceTensors | None = None
        self.handlers: Mapping[str, Obey] = {
            "calibrate": self._obey_calibrate,
            "motion": self._obey_motion,
            "smoothing": self._obey_smoothing,
            "mirror-input": self._obey_mirror_input,
            "mirror-output": self._obey_mirror_output,
        }

    def set_source(self, pixels: Pixels) -> None:
        """Makes pixels [h, w, 3] uint8 RGB the portrait, framed and encoded once. Raises SourceError without a face."""
        image = self._upload_image(frame_portrait(pixels, self._size_px, self._detector))
        features = self._engine.run("encode_source", image)
        keypoints = self._read_keypoints(self._engine.run("detect_keypoints", image))
        tensors = features | self._upload_keypoints("source", keypoints)
        at_rest = self._engine.run("animate", tensors | self._upload_keypoints("driving", keypoints))
        self._source = Source(keypoints, tensors, tensor_to_pixels(self._engine.download(at_rest["image"])))

    def obey(self, command: Command) -> str:
        """Carries out a command between two frames, and says what it did. Raises MarionetError if it cannot."""
        return self.handlers[command.name](command.argument)

    def calibrate(self) -> None:
        """Takes the driver's pose in the next frame as neutral, and finds the face anew."""
        self._framing.reset()
        self._neutral = None
        self._smoother.reset()

    def at_rest(self) -> AnimatedFrame:
        """The portrait before any driver. Raises SourceError before set_source."""
        resting = self._portrait().resting
        return AnimatedFrame(resting, resting, index=-1, captured_at=0.0, driven=False)

    def animate(self, frame: Frame) -> AnimatedFrame:
        """The portrait [s, s, 3] in the driver's pose, with the frame's index and birth time.

        While the driver's face is not found yet, the portrait at rest. Raises SourceError before set_source.
        """
        source = self._portrait()
        motion = self._read_motion(frame, source)
        if motion is None:
            return AnimatedFrame(source.resting, source.resting, frame.index, frame.captured_at, driven=False)
        with self._stage("animate"):
            inputs = source.tensors | self._upload_keypoints("driving", motion.target)
            self._animated = self._engine.run("animate", inputs, into=self._animated)
        with self._stage("download"):
            picture = self._engine.download(self._animated["image"])
        with self._stage("compose"):
            pixels = tensor_to_pixels(picture)
            shown = mirrored(pixels) if self._options.mirror_output else pixels
            return AnimatedFrame(shown, source.resting, frame.index, frame.captured_at)

    def close(self) -> None:
        """Closes the engine; closing twice is safe."""
        self._source = self._detected = self._animated = None
        self._engine.close()

    def _portrait(self) -> Source:
        if self._source is None:
            raise SourceError("there is no portrait yet", hint="call set_source first")
        return self._source

    def _read_motion(self, frame: Frame, source: Source) -> Motion | None:
        with self._stage("find"):
            crop = self._framing.crop_for(frame.pixels)
        if crop is None:
            return None
        with self._stage("crop"):
            driver = cut_out(frame.pixels, crop, self._size_px)
            driver = mirrored(driver) if self._options.mirror else driver
        with self._stage("upload"):
            image = self._upload_image(driver)
        with self._stage("keypoints"):
            self._detected = self._engine.run("detect_keypoints", image, into=self._detected)
            driving = self._read_keypoints(self._detected)
        with self._stage("transfer"):
            return self._transfer(driving, frame, source)

    def _transfer(self, driving: Keypoints, frame: Frame, source: Source) -> Motion:
        if self._options.smoothing:
            driving = self._smoother.smooth(driving, frame.captured_at)
        if self._options.motion == "absolute":
            return absolute_motion(driving)
        if self._neutral is None:
            self._neutral = driving
        return relative_motion(driving, source.keypoints, self._neutral)

    def _obey_calibrate(self, _argument: str) -> str:
        self.calibrate()
        return "calibrated: your present pose is neutral"

    def _obey_motion(self, argument: str) -> str:
        absolute = argument == "absolute" or (not argument and self._options.motion == "relative")
        self._options = replace(self._options, motion="absolute" if absolute else "relative")
        return f"{self._options.motion} motion"

    def _obey_smoothing(self, argument: str) -> str:
        self._options = replace(self._options, smoothing=switched(self._options.smoothing, argument))
        self._smoother.reset()
        return f"smoothing {on_or_off(self._options.smoothing)}"

    def _obey_mirror_input(self, argument: str) -> str:
        self._options = replace(self._options, mirror=switched(self._options.mirror, argument))
        self.calibrate()
        return f"mirror of the input {on_or_off(self._options.mirror)}"

    def _obey_mirror_output(self, argument: str) -> str:
        self._options = replace(self._options, mirror_output=switched(self._options.mirror_output, argument))
        return f"mirror of the output {on_or_off(self._options.mirror_output)}"

    def _upload_image(self, pixels: Pixels) -> DeviceTensors:
        return self._engine.upload({"image": pixels_to_tensor(pixels)})

    def _upload_keypoints(self, owner: str, keypoints: Keypoints) -> DeviceTensors:
        mean, covariance = keypoints.mean[None], keypoints.covariance[None]  # 1 k 2, 1 k 2 2
        return self._engine.upload({f"{owner}_mean": mean, f"{owner}_covariance": covariance})

    def _read_keypoints(self, outputs: DeviceTensors) -> Keypoints:
        mean, covariance = (self._engine.download(outputs[name])[0] for name in ("mean", "covariance"))
        # Copies: the engine writes the next frame's result into the same memory.
        return Keypoints(mean.copy(), covariance.copy())
