"""Saved neutral poses: one small JSON file per camera and portrait, good for the network that found the keypoints."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from realtime.errors import SourceError
from realtime.frames import Keypoints
from realtime.gain import Gains
from realtime.wrong_value import wrong_values

Pair = tuple[float, float]


class SavedPose(BaseModel):
    """A driver's pose at which the portrait rests, and the gains that go with it. detector: which network found it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    detector: str
    mean: tuple[Pair, ...]
    covariance: tuple[tuple[Pair, Pair], ...]
    gains: Gains = Gains()

    @property
    def keypoints(self) -> Keypoints:
        """As arrays."""
        return Keypoints(np.array(self.mean, np.float32), np.array(self.covariance, np.float32))


@dataclass(frozen=True, slots=True)
class PoseStore:
    """The folder of saved poses, for one camera and one network."""

    folder: Path
    camera: str
    detector: str

    def path_for(self, portrait: str) -> Path:
        """Where the pose for portrait is kept."""
        return self.folder / f"{_plain(self.camera)}--{_plain(portrait)}.json"

    def saved(self, portrait: str) -> SavedPose | None:
        """The pose saved for portrait; None without one. Raises SourceError where it cannot be used."""
        path = self.path_for(portrait)
        return read_pose(path, self.detector) if path.exists() else None

    def save(self, portrait: str, keypoints: Keypoints, gains: Gains) -> Path:
        """The file written. Raises SourceError."""
        pose = SavedPose(
            detector=self.detector,
            mean=tuple((float(x), float(y)) for x, y in keypoints.mean),
            covariance=tuple(((float(a), float(b)), (float(c), float(d))) for (a, b), (c, d) in keypoints.covariance),
            gains=gains,
        )
        path = self.path_for(portrait)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(pose.model_dump_json(), "utf-8")
        except OSError as error:
            raise SourceError(f"{path}: cannot be written ({error.strerror})", hint="allow writing there") from None
        return path


def read_pose(path: Path, detector: str) -> SavedPose:
    """The pose in path, found by detector. Raises SourceError: unreadable, not a pose, or another network's."""
    try:
        pose = SavedPose.model_validate_json(path.read_bytes())
    except OSError as error:
        raise SourceError(f"{path}: cannot be read ({error.strerror})", hint="calibrate, then: save-pose") from None
    except ValidationError as error:
        reason = wrong_values(error)[0].reason
        raise SourceError(f"{path}: not a saved pose: {reason}", hint="calibrate, then: save-pose") from None
    if pose.detector != detector or len(pose.mean) != len(pose.covariance):
        raise SourceError(
            f"{path}: saved with another bundle ({pose.detector}, this one is {detector})",
            hint="calibrate, then: save-pose",
        )
    return pose


def _plain(name: str) -> str:
    """name as part of a file's name."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-") or "unnamed"
