"""Looks for faces in some of the driver's frames: on a thread of its own when live, in turn when every frame counts."""

import threading
from abc import abstractmethod
from dataclasses import dataclass

from realtime.closing import Closing
from realtime.faces.detector import FaceBox, FaceDetector
from realtime.frames import Frame
from realtime.framing import Crop, part_of
from realtime.mailbox import Mailbox, MailboxClosed
from realtime.priority import stand_back

# Between two searches, in the frames' own time: at first, and once the keypoints alone tell how a face is framed.
EVERY_S, SELDOM_S = 0.2, 0.4
# Near a face that is followed: this many sides of its crop, at this size.
NEAR_SIDES, NEAR_SIDE_PX = 1.6, 224


@dataclass(frozen=True, slots=True)
class Search:
    """What a search found in the frame of that index: faces, largest first. everywhere: not just near one."""

    index: int
    at_s: float
    faces: tuple[FaceBox, ...]
    everywhere: bool


class FaceFinder(Closing):
    """Called by the animate thread: offer each frame, and take what was found since."""

    def __init__(self, detector: FaceDetector) -> None:
        self._detector = detector
        self._next_s = float("-inf")

    def offer(self, frame: Frame, near: Crop | None, seldom: bool = False) -> None:
        """Has frame searched if it is time again: near a crop, or everywhere."""
        if frame.captured_at >= self._next_s or frame.captured_at < self._next_s - SELDOM_S:
            self._next_s = frame.captured_at + (SELDOM_S if seldom else EVERY_S)
            self._search(frame, near)

    def hurry(self) -> None:
        """Has the next frame searched whenever the last search was."""
        self._next_s = float("-inf")

    @abstractmethod
    def take(self) -> Search | None:
        """The newest search not taken yet. Never waits."""

    @abstractmethod
    def _search(self, frame: Frame, near: Crop | None) -> None: ...

    def _searched(self, frame: Frame, near: Crop | None) -> Search:
        if near is None:
            return Search(frame.index, frame.captured_at, self._detector.detect(frame.pixels), everywhere=True)
        part, left, top = part_of(frame.pixels, near, NEAR_SIDES)
        faces = self._detector.detect(part, NEAR_SIDE_PX) if part.size else ()
        moved = tuple(
            FaceBox(face.left_px + left, face.top_px + top, face.width_px, face.height_px, face.score) for face in faces
        )
        return Search(frame.index, frame.captured_at, moved, everywhere=False)


class PromptFaceFinder(FaceFinder):
    """Searches at once: the same frames give the same faces, however fast they come."""

    def __init__(self, detector: FaceDetector) -> None:
        super().__init__(detector)
        self._found: Search | None = None

    def take(self) -> Search | None:
        """What the last frame offered showed, if it was searched."""
        found, self._found = self._found, None
        return found

    def close(self) -> None:
        """Nothing to give back."""

    def _search(self, frame: Frame, near: Crop | None) -> None:
        self._found = self._searched(frame, near)


class BackgroundFaceFinder(FaceFinder):
    """Searches on its own thread, which stands back; a frame it has no time for is left out."""

    def __init__(self, detector: FaceDetector) -> None:
        super().__init__(detector)
        self._asked: Mailbox[tuple[Frame, Crop | None]] = Mailbox()
        self._found: list[Search] = []
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="face finder", daemon=True)
        self._thread.start()

    def take(self) -> Search | None:
        """The newest search not taken yet. Raises what the thread failed with."""
        if self._failure is not None:
            raise self._failure
        found: Search | None = None
        while self._found:
            found = self._found.pop(0)
        return found

    def close(self) -> None:
        """Ends the thread after the search it is at; closing twice is safe."""
        self._asked.close()
        self._thread.join(5.0)

    def _search(self, frame: Frame, near: Crop | None) -> None:
        self._asked.put((frame, near))

    def _work(self) -> None:
        try:
            for number, (frame, near) in enumerate(self._asked):
                if number == 1:  # OpenCV's threads, if the first search made them, are not to stand back with this one
                    stand_back()
                self._found.append(self._searched(frame, near))
        except MailboxClosed:
            return
        except BaseException as error:
            self._failure = error
