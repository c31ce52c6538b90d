"""What the user is told while live: the last message and the run's figures. Any thread writes, any thread reads."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Protocol

from realtime.errors import CommandError
from realtime.frames import Keypoints, Pixels, Tensor

NOTICE_S = 2.5


@dataclass(frozen=True, slots=True)
class Figures:
    """How a run is doing: rates and ms per stage of the last second or two; ages and drops of the whole run.

    camera_fps: as frames really come; camera_named_fps: as the camera agreed to.
    """

    fps: float = 0.0
    camera_fps: float = 0.0
    camera_named_fps: float = 0.0
    age_p50_ms: float = 0.0
    age_p95_ms: float = 0.0
    dropped: int = 0
    stages_ms: Mapping[str, float] = field(default_factory=dict)
    engine: str = ""
    precision: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class SourceView:
    """The portrait as its networks see it: square [s, s, 3], keypoints, and what the motion network gets [1, 3, h, w].

    thumbnail is None where a bundle's motion network takes something else.
    """

    square: Pixels
    keypoints: Keypoints
    thumbnail: Tensor | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Preview:
    """What the window alone may show over the animated square: the driver as the model sees it, and keypoints.

    driver [s, s, 3] is a picture of the camera: it reaches no sink.
    """

    driver: Pixels
    driving: Keypoints
    target: Keypoints
    source: SourceView | None = None


class Explainer(Protocol):
    """Draws what the networks think."""

    def picture(self, view: str, preview: Preview) -> Pixels:
        """[s, s, 3] as the animated square: what view names, for the motion of preview. Raises MarionetError."""


def _nobody() -> Explainer:
    raise CommandError("view: this run has no networks", hint="start run_live.py with a bundle")


class Dashboard:
    """Values are replaced whole, so that readers need no lock."""

    def __init__(self) -> None:
        self.figures = Figures()
        self.preview: Preview | None = None
        self.open_explainer: Callable[[], Explainer] = _nobody
        self.bundle = ""
        self.portrait = ""
        self.range_used = 0.0  # share of the motion the portrait can follow; over 1 the limiter works
        self._notice = ("", float("-inf"))

    def notify(self, text: str) -> None:
        """Shows text for a moment."""
        self._notice = (text, time.monotonic())

    def notice(self) -> str:
        """The message to show now; empty when there is none."""
        text, since_s = self._notice
        return text if time.monotonic() - since_s < NOTICE_S else ""

    def status(self) -> str:
        """The figures as one line of JSON."""
        more = {"bundle": self.bundle, "portrait": self.portrait, "range_used": round(self.range_used, 3)}
        return json.dumps(asdict(self.figures) | more)
