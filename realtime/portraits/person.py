"""Where in a portrait the person is: a network's mask, whose edge the picture's own colours and edges tell."""

import hashlib
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import cv2
import numpy as np

from realtime.errors import EngineError, SourceError
from realtime.frames import Pixels, Tensor, pixels_to_tensor
from realtime.framing import Crop, cut_out
from realtime.portraits.person_edge import DOUBT, laid_along_edges, weighed_by_colours
from realtime.settings import PERSON_MASK

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

SHA256 = "de286815279e9aabbe6fec4721e8431f87147f59b3fbb3ba9fa4b8a5e1518e13"
SIDE_PX = 256
SEAM = 0.1  # of the square's side: how gradually its own mask takes over from the whole picture's
LARGEST_HOLE = 0.005  # of the picture; smaller ones are badges and reflections
SMALLEST_FACE_SHARE = 0.6  # of the animated square's middle; less is no person that could be told from the rest


class PersonFinder:
    """One ONNX Runtime session on the CPU, opened when it is first needed. Safe to call from several threads."""

    def __init__(self, path: Path = PERSON_MASK) -> None:
        self._path = path
        self._session: InferenceSession | None = None
        self._opening = Lock()

    def opacity(self, pixels: Pixels, face: Crop) -> Tensor:
        """[h, w, 1] in [0, 1], 1 where the person is whose face the square `face` of pixels [h, w, 3] shows.

        Raises SourceError where no person can be told from what is behind, EngineError for a damaged network.
        """
        height, width = pixels.shape[:2]
        longer = max(height, width)
        whole = Crop((width - longer) // 2, (height - longer) // 2, longer)
        mask = _laid_back(self._mask(pixels, whole), whole, height, width)
        near = self._mask(pixels, face)
        middle = near[SIDE_PX // 4 : 3 * SIDE_PX // 4, SIDE_PX // 4 : 3 * SIDE_PX // 4]
        if middle.mean() < SMALLEST_FACE_SHARE:
            raise SourceError(
                "the person cannot be told from what is behind",
                hint="use a picture with a plainer background, one cut out as PNG, or --behind keep",
            )
        # The square shows the face larger than the whole picture does, so that its mask is the finer one.
        weight = _laid_back(_seam(), face, height, width)
        mask += weight * (_laid_back(near, face, height, width) - mask)
        return laid_along_edges(_in_one_piece(mask, face), pixels)[..., None]

    def _mask(self, pixels: Pixels, square: Crop) -> Tensor:
        """[256, 256] in [0, 1] of what the square shows."""
        shown = cut_out(pixels, square, SIDE_PX)
        found = self._opened().run(None, {"image": pixels_to_tensor(shown)})
        return weighed_by_colours(np.asarray(found[0][0, 0], np.float32), shown)

    def _opened(self) -> "InferenceSession":
        import onnxruntime

        with self._opening:
            if self._session is None:
                options = onnxruntime.SessionOptions()
                options.intra_op_num_threads = 1
                self._session = onnxruntime.InferenceSession(
                    self._checked(), options, providers=["CPUExecutionProvider"]
                )
            return self._session

    def _checked(self) -> bytes:
        """The network's file, after a look at its checksum."""
        try:
            data = self._path.read_bytes()
        except OSError as error:
            raise EngineError(
                f"{self._path}: cannot be read ({error.strerror})", hint="install this program again, or --behind keep"
            ) from None
        if hashlib.sha256(data).hexdigest() != SHA256:
            raise EngineError(f"{self._path}: not the file that belongs here", hint="install this program again")
        return data


def _laid_back(square: Tensor, place: Crop, height: int, width: int) -> Tensor:
    """[height, width]: the square [256, 256] where `place` is, zero beside it."""
    scale = place.side_px / SIDE_PX
    matrix = np.array(
        [[scale, 0, place.left_px + (scale - 1) / 2], [0, scale, place.top_px + (scale - 1) / 2]], np.float32
    )
    return np.asarray(cv2.warpAffine(square, matrix, (width, height), flags=cv2.INTER_LINEAR), np.float32)


def _seam() -> Tensor:
    """[256, 256]: 1 in the middle, falling to 0 at the left, right and upper edge; persons go on below."""
    ramp = np.minimum(1, np.arange(SIDE_PX, dtype=np.float32) / (SEAM * SIDE_PX))
    sides = np.minimum(ramp, ramp[::-1])
    return np.minimum(sides[None], np.minimum(ramp, np.float32(1))[:, None])


def _in_one_piece(mask: Tensor, face: Crop) -> Tensor:
    """The mask [h, w] without what does not hang together with the face, and without small holes."""
    pieces, labels = cv2.connectedComponents((mask > DOUBT).astype(np.uint8))
    x, y = (round(place) for place in face.centre_px)
    reach = round(face.side_px / 8)
    around = labels[max(0, y - reach) : y + reach + 1, max(0, x - reach) : x + reach + 1]
    own = np.bincount(around[around > 0], minlength=pieces).argmax() if (around > 0).any() else 0
    whole = np.where(labels == own, mask, 0).astype(np.float32)
    _, labels, figures, _ = cv2.connectedComponentsWithStats((whole < 0.5).astype(np.uint8))
    small = figures[:, cv2.CC_STAT_AREA] < LARGEST_HOLE * mask.size
    small[0] = False  # the piece itself
    whole[small[labels]] = 1
    return whole
