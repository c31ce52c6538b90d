"""From the driver's keypoints to the portrait's motion: smoothed, compared with neutral, scaled, kept in range."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from realtime.calibration import Calibration
from realtime.controls import Obey, on_or_off, stepped, switched
from realtime.errors import CommandError, MarionetError
from realtime.frames import Keypoints, Motion
from realtime.gain import Gains, followed, with_gain
from realtime.limiter import held_back, range_used
from realtime.motion import absolute_motion
from realtime.parts import EVERYTHING, PartName, Parts
from realtime.portraits.gallery import Source
from realtime.portraits.pose_file import PoseStore
from realtime.resting import facing
from realtime.smoothing import KeypointSmoother

GAIN_STEP, GAIN_BOUNDS = 0.1, (0.0, 3.0)


@dataclass(frozen=True, slots=True)
class MotionOptions:
    """How the driver's motion is read and carried over. calibration auto: a quiet moment is found, drift followed."""

    motion: Literal["relative", "absolute"] = "relative"
    smoothing: bool = True
    gains: Gains = Gains()
    limiter: bool = True
    calibration: Literal["first", "auto"] = "first"


class MotionMapper:
    """Owned by the animate thread. tell shows a line to the user."""

    def __init__(self, options: MotionOptions, tell: Callable[[str], None], parts: Parts = EVERYTHING) -> None:
        self._options = options
        self._parts = parts
        self._gains = options.gains
        self._tell = tell
        self._smoother = KeypointSmoother(parts)
        self._calibration = Calibration(options.calibration == "auto", parts)
        self._best_frame = False
        self._told_of_looking_away = False
        self._source: Source | None = None
        self.poses: PoseStore | None = None
        self.range_used = 0.0
        self.handlers: Mapping[str, Obey] = {
            "calibrate": self._obey_calibrate,
            "auto-calibrate": self._obey_auto_calibrate,
            "best-frame": self._obey_best_frame,
            "save-pose": self._obey_save_pose,
            "motion": self._obey_motion,
            "gain": self._obey_gain,
            "limiter": self._obey_limiter,
            "smoothing": self._obey_smoothing,
        }

    def calibrate(self, chosen: bool = False) -> None:
        """Takes the driver's pose in the next frame as neutral; chosen: because the user says so."""
        self._calibration.reset(chosen)
        self._smoother.reset()

    def consider(self, driving: Keypoints, portrait: Keypoints) -> float | None:
        """Takes driving as neutral if it is more like the portrait than any before; then its distance, else None."""
        return self._calibration.consider(driving, portrait)

    def motion(self, driving: Keypoints, source: Source, at_s: float) -> Motion:
        """Where the portrait's keypoints go for the driver's, found at time at_s."""
        if source is not self._source:
            self._source = source
            self._recall(source)
        if self._options.smoothing:
            driving = self._smoother.smooth(driving, at_s)
        if self._best_frame:
            self._compare(driving, source)
        motion = self._mapped(driving, source, at_s)
        gains = replace(self._gains, overall=self._gains.overall * source.portrait.wishes.gain)
        motion = with_gain(motion, source.keypoints, gains, self._parts)
        self.range_used = range_used(motion, source.keypoints, self._parts)
        if not self._options.limiter:
            return motion
        return held_back(motion, source.keypoints, self.range_used, self._parts)

    def _mapped(self, driving: Keypoints, source: Source, at_s: float) -> Motion:
        if self._options.motion == "absolute":
            return absolute_motion(driving)
        neutral = self._calibration.neutral_for(driving, at_s)
        if not self._calibration.chosen:
            neutral = self._facing(neutral, source)
        return followed(driving, source.keypoints, neutral, self._parts)

    def _facing(self, neutral: Keypoints, source: Source) -> Keypoints:
        faced = facing(neutral, source.keypoints, self._parts)
        if faced is not neutral and not self._told_of_looking_away:
            self._tell("you look away from the camera, and so does the portrait: calibrate (X) if you sit so")
            self._told_of_looking_away = True
        return faced

    def _recall(self, source: Source) -> None:
        """Takes the pose that was saved for this portrait, or that its pack brings; else the present one stays."""
        try:
            saved = self.poses.saved(source.portrait.name) if self.poses else None
        except MarionetError as error:
            self._tell(error.message)
            return
        pose = saved or source.portrait.neutral
        if pose is not None:
            self._calibration.fix(pose.keypoints)
            self._gains = pose.gains if saved else self._gains
            self._tell(f"{source.portrait.name}: your saved neutral pose")

    def _compare(self, driving: Keypoints, source: Source) -> None:
        distance = self._calibration.consider(driving, source.keypoints)
        if distance is not None:
            self._tell(f"best frame so far: {distance:.3f} from the portrait's pose")

    def _obey_calibrate(self, _argument: str) -> str:
        self._best_frame = False
        self.calibrate(chosen=True)
        return "calibrated: your present pose is neutral"

    def _obey_auto_calibrate(self, argument: str) -> str:
        self._calibration.automatic = switched(self._calibration.automatic, argument)
        self._calibration.reset()
        return f"automatic calibration {on_or_off(self._calibration.automatic)}"

    def _obey_best_frame(self, argument: str) -> str:
        self._best_frame = switched(self._best_frame, argument)
        if not self._best_frame:
            return "best frame kept as neutral"
        self._calibration.reset()
        return "looking for the pose most like the portrait: move slowly, then press again"

    def _obey_save_pose(self, _argument: str) -> str:
        neutral, poses = self._calibration.neutral, self.poses
        if neutral is None or self._source is None or poses is None:
            raise CommandError("there is no neutral pose to save yet", hint="let the camera see your face first")
        return f"saved {poses.save(self._source.portrait.name, neutral, self._gains)}"

    def _obey_motion(self, argument: str) -> str:
        absolute = argument == "absolute" or (not argument and self._options.motion == "relative")
        self._options = replace(self._options, motion="absolute" if absolute else "relative")
        return f"{self._options.motion} motion"

    def _obey_gain(self, argument: str) -> str:
        *parts, step = argument.split()
        part = parts[0] if parts else "overall"
        self._require(part)
        value = stepped(getattr(self._gains, part), step, GAIN_STEP, GAIN_BOUNDS)
        self._gains = replace(self._gains, **{part: value})
        return f"{part} gain {value:.1f}"

    def _require(self, part: str) -> None:
        of_the_face: tuple[PartName, ...] = ("mouth", "eyes")
        if any(part == name and not self._parts.tells(name) for name in of_the_face):
            raise CommandError(
                f"gain {part}: this bundle does not tell which keypoints are of the {part}",
                hint="export it from a training run whose [landmarks] name its parts, or use gain or head gain",
            )

    def _obey_limiter(self, argument: str) -> str:
        self._options = replace(self._options, limiter=switched(self._options.limiter, argument))
        return f"limiter {on_or_off(self._options.limiter)}"

    def _obey_smoothing(self, argument: str) -> str:
        self._options = replace(self._options, smoothing=switched(self._options.smoothing, argument))
        self._smoother.reset()
        return f"smoothing {on_or_off(self._options.smoothing)}"
