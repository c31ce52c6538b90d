"""Opens portraits as the user wishes them just now: framed for the networks, before the ground asked for."""

from dataclasses import replace
from pathlib import Path

from realtime.errors import CommandError
from realtime.faces.detector import FaceDetector
from realtime.frames import Pixels
from realtime.portraits.background import OWN, named_background
from realtime.portraits.grounds import Grounds
from realtime.portraits.portrait import Portrait, before_ground, make_portrait, open_portrait


class PortraitOpener:
    """One thread changes what is wished, another may open: a portrait is of the wishes when its opening began.

    network names the graph that finds keypoints, as poses that packs bring must have been found by it. margin_px: as in
    open_portrait.
    """

    def __init__(
        self, size_px: int, detector: FaceDetector | None, network: str, grounds: Grounds, margin_px: int = 0
    ) -> None:
        self._size_px, self._margin_px, self._detector, self._network = size_px, margin_px, detector, network
        self._grounds = grounds

    def open(self, path: Path) -> Portrait:
        """The portrait in a picture file or a pack. Raises SourceError, naming path."""
        return open_portrait(path, self._size_px, self._detector, self._network, self._grounds, self._margin_px)

    def of_pixels(self, pixels: Pixels) -> Portrait:
        """The portrait in pixels [h, w, 3] uint8 RGB. Raises SourceError without a face."""
        portrait = make_portrait("", pixels, self._size_px, self._detector, margin_px=self._margin_px)
        return before_ground(self._grounds.behind_person(), portrait, self._grounds).with_detail(self._grounds.told)

    def change_behind(self, text: str) -> None:
        """From the next portrait on that is behind its person. Raises CommandError for a file that is not there."""
        if text.lower() not in OWN and named_background(text) is None and not Path(text).expanduser().is_file():
            raise CommandError(
                f"behind {text}: no such file", hint="write still, keep, blur, a colour as #RRGGBB, or a picture file"
            )
        self._grounds = replace(self._grounds, behind=text)
