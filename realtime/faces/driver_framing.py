"""The driver's crop: the face is found, followed as the driver moves and leans, evened, and missed when it has gone."""

import logging
from collections import deque
from collections.abc import Mapping

from realtime.controls import Obey, on_or_off, stepped, switched
from realtime.errors import CommandError
from realtime.faces.anchor import FaceAnchor, Gathering, gathered
from realtime.faces.crop_follower import CropFollower
from realtime.faces.detector import FaceBox
from realtime.faces.finder import FaceFinder, Search
from realtime.faces.levels import LevelFollower
from realtime.frames import Frame, Keypoints, Pixels
from realtime.framing import FRAMED_OVERLAP, Crop, centre_crop, crop_around, ideal_crop, overlap
from realtime.parts import EVERYTHING, Parts

REMEMBERED_FRAMES = 90
MISSES_UNTIL_LOST = 2  # searches everywhere that saw no face
SAME_FACE_OVERLAP = 0.3
UNFRAMED_OVERLAP = 0.65
SQUARE_ENOUGH = 1.1  # a picture of this shape may be framed already, a camera's never is
ZOOM_STEP, ZOOM_BOUNDS = 0.1, (0.5, 3.0)
PAN_STEP, PAN_BOUND = 0.04, 0.75  # shares of the crop's side
_STEPS = {"left": (-PAN_STEP, 0.0), "right": (PAN_STEP, 0.0), "up": (0.0, -PAN_STEP), "down": (0.0, PAN_STEP)}

log = logging.getLogger(__name__)


class DriverFraming:
    """Owned by the animate thread. Without a finder the crop is the centre square, and nobody is ever missed.

    With track off the crop stays where the face was found first.
    """

    def __init__(self, finder: FaceFinder | None, track: bool = True, parts: Parts = EVERYTHING) -> None:
        self._finder = finder
        self._light = LevelFollower()
        self._face = parts.face
        self._track = track
        self._zoom, self._pan = 1.0, (0.0, 0.0)
        self.handlers: Mapping[str, Obey] = {
            "tracking": self._obey_tracking,
            "zoom": self._obey_zoom,
            "pan": self._obey_pan,
            "recentre": self._obey_recentre,
        }
        self.reset()

    def reset(self) -> None:
        """Looks for the face anew, from the next frame on: the largest one."""
        self._follower: CropFollower | None = None
        self._anchor = FaceAnchor()
        self._misses = 0
        self._is_framed = False
        self._seen: deque[tuple[int, Gathering]] = deque(maxlen=REMEMBERED_FRAMES)
        self._found: tuple[int, Crop] | None = None  # in a frame whose keypoints are not known yet
        self._light.reset()
        if self._finder:
            self._finder.hurry()

    def crop_for(self, frame: Frame) -> Crop | None:
        """The crop for frame; None while no face has been found, or after it has gone."""
        height, width = frame.pixels.shape[:2]
        if self._finder is None:
            return self._viewed(centre_crop(height, width))
        near = self._follower.crop_at(frame.captured_at) if self._follower and not self._misses else None
        self._finder.offer(frame, near, seldom=near is not None and self._track and self._anchor.has_settled)
        search = self._finder.take()
        if search is not None:
            self._take(search, height, width)
        if self._follower is None:
            return None
        if self._is_framed:
            return self._viewed(centre_crop(height, width))
        return self._viewed(self._follower.crop_at(frame.captured_at))

    def saw(self, frame: Frame, crop: Crop, keypoints: Keypoints, mirrored: bool) -> None:
        """Takes in the keypoints found in frame within crop: between two searches they tell where the face is."""
        if self._finder is None or self._follower is None or not self._track or self._misses:
            return
        gathering = gathered(keypoints, crop, mirrored, self._face)
        if gathering is None:
            return
        self._seen.append((frame.index, gathering))
        if self._found and self._found[0] == frame.index:
            self._anchor.learn(gathering, self._found[1])
            self._found = None
        told = self._anchor.crop_for(gathering)
        if told is not None:
            self._follower.update(told, frame.captured_at)

    def evened(self, crop: Pixels, at_s: float) -> Pixels:
        """The picture of a crop at time at_s, seconds, lit as by day; without a finder, which knows no face, itself."""
        return self._light.evened(crop, at_s) if self._finder else crop

    def close(self) -> None:
        """Ends the search for faces."""
        if self._finder:
            self._finder.close()

    def _take(self, search: Search, height: int, width: int) -> None:
        face = self._followed(search.faces)
        if face is None:
            self._miss(search)
            return
        self._misses = 0
        ideal = ideal_crop(face)
        centre = centre_crop(height, width)
        if self._follower is None or not self._is_same(ideal, search.at_s):
            self._start(ideal, search, centre)
        elif self._is_framed and self._track and overlap(ideal, centre) < UNFRAMED_OVERLAP:
            self._is_framed = False
            self._follower = CropFollower(centre, search.at_s)  # from here it goes to the face without a jump
        gathering = next((seen for index, seen in self._seen if index == search.index), None)
        if gathering is not None:
            self._anchor.learn(gathering, ideal)
        else:
            self._found = search.index, ideal

    def _start(self, ideal: Crop, search: Search, centre: Crop) -> None:
        self._follower = CropFollower(ideal, search.at_s)
        self._anchor = FaceAnchor()
        self._seen.clear()
        beside_px = max(centre.left_px, centre.top_px)  # what the picture has beside its centre square
        squarish = 2 * beside_px <= (SQUARE_ENOUGH - 1) * centre.side_px
        self._is_framed = squarish and overlap(ideal, centre) >= FRAMED_OVERLAP

    def _miss(self, search: Search) -> None:
        """A face missed near its place is looked for everywhere; missed there again, it has gone."""
        self._misses += 1
        if self._finder:
            self._finder.hurry()
        if self._follower and search.everywhere and self._misses > MISSES_UNTIL_LOST:
            log.info("the driver's face is not in the picture")
            self._follower = None

    def _followed(self, faces: tuple[FaceBox, ...]) -> FaceBox | None:
        """The face followed so far, if it is among faces; else the largest."""
        if not faces or self._follower is None:
            return faces[0] if faces else None
        last = self._follower.crop_at(float("inf"))
        nearest = max(faces, key=lambda face: overlap(ideal_crop(face), last))
        return nearest if overlap(ideal_crop(nearest), last) > 0 else faces[0]

    def _is_same(self, ideal: Crop, at_s: float) -> bool:
        return self._follower is not None and overlap(ideal, self._follower.crop_at(at_s)) >= SAME_FACE_OVERLAP

    def _viewed(self, crop: Crop) -> Crop:
        """crop, as the user has zoomed and panned it."""
        if self._zoom == 1.0 and self._pan == (0.0, 0.0):
            return crop
        x, y = crop.centre_px
        side_px = crop.side_px / self._zoom
        return crop_around((x + self._pan[0] * side_px, y + self._pan[1] * side_px), side_px)

    def _obey_tracking(self, argument: str) -> str:
        self._track = switched(self._track, argument)
        self.reset()
        return f"tracking {on_or_off(self._track)}"

    def _obey_zoom(self, argument: str) -> str:
        self._zoom = stepped(self._zoom, argument, ZOOM_STEP, ZOOM_BOUNDS)
        return f"zoom {self._zoom:.1f}"

    def _obey_pan(self, argument: str) -> str:
        x, y = _STEPS.get(argument) or _two_shares(argument)
        self._pan = (_bounded(self._pan[0] + x), _bounded(self._pan[1] + y))
        return f"pan {self._pan[0]:+.2f} {self._pan[1]:+.2f}"

    def _obey_recentre(self, _argument: str) -> str:
        self._zoom, self._pan = 1.0, (0.0, 0.0)
        self.reset()
        return "view as found"


def _two_shares(text: str) -> tuple[float, float]:
    try:
        x, y = (float(word) for word in text.split())
    except ValueError:
        raise CommandError(
            f"pan {text}: not a direction", hint="write: pan left, or two shares: pan 0.1 -0.05"
        ) from None
    return x, y


def _bounded(share: float) -> float:
    return min(max(share, -PAN_BOUND), PAN_BOUND)
