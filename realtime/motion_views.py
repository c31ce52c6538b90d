"""What the motion network thinks, as pictures: masks, flow, trust, the warped portrait. For those who look into it."""

from collections.abc import Callable, Mapping

import cv2
import numpy as np

from realtime.bundle import Bundle
from realtime.engines.failures import cannot_open, cannot_run
from realtime.errors import CommandError, EngineError
from realtime.figures.dashboard import Preview, SourceView
from realtime.frames import Pixels, Tensor
from realtime.layers import moved_by

FULL_FLOW = 0.15  # of the frame's half width: a shift shown in full colour
STILL_GREY = 60  # of the mask that leaves the background where it is
_EXPORT_HINT = "export it with --split: python -m export CHECKPOINT BUNDLE --split"


class MotionViews:
    """Runs the motion network beside the engine, for the last motion. Owned by the window's thread, and paid by it.

    It needs a bundle exported in its split form. Raises CommandError where bundle is not, EngineError without ONNX
    Runtime.
    """

    def __init__(self, bundle: Bundle) -> None:
        path = bundle.split_path("dense_motion")
        if path is None:
            raise CommandError(f"view: {bundle.path.name} holds no split graphs", hint=_EXPORT_HINT)
        try:
            import onnxruntime
        except ImportError:
            raise EngineError("view: onnxruntime is not installed", hint="pip install onnxruntime") from None
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # the live loop has the others
        try:
            self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime's errors share no base class
            raise cannot_open(path, f"ONNX Runtime {onnxruntime.__version__}", error) from error
        self._inputs = [node.name for node in self._session.get_inputs()]
        self._outputs = [node.name for node in self._session.get_outputs()]

    def picture(self, view: str, preview: Preview) -> Pixels:
        """[s, s, 3] as the animated square: view is masks, flow, trust or warped. Raises CommandError.

        masks: whose proposal each pixel follows, one colour for each keypoint, grey for the background's. flow: whence
        each pixel comes, the hue its direction, the light its distance. trust: white where the portrait can be copied,
        black where it must be painted. warped: the portrait moved by the flow, and not painted yet.
        """
        source = preview.source
        if source is None or source.thumbnail is None:
            raise CommandError("view: there is no portrait with a motion network", hint="take another bundle")
        told = self._told(source, preview)
        wanted = {"masks": "masks", "trust": "occlusion"}.get(view, "displacement")
        if wanted not in told:
            raise CommandError(f"view {view}: this bundle's networks do not tell it", hint=_EXPORT_HINT)
        drawn: Mapping[str, Callable[[Tensor, SourceView], Pixels]] = {
            "masks": _masks,
            "flow": _flow,
            "trust": _trust,
            "warped": _warped,
        }
        return drawn[view](told[wanted][0], source)

    def _told(self, source: SourceView, preview: Preview) -> dict[str, Tensor]:
        """The motion network's outputs by name."""
        values = {"source_thumbnail": source.thumbnail}
        for owner, keypoints in (("source", source.keypoints), ("driving", preview.target)):
            values |= {f"{owner}_mean": keypoints.mean[None], f"{owner}_covariance": keypoints.covariance[None]}
        try:
            outputs = self._session.run(self._outputs, {name: values[name] for name in self._inputs})
        except Exception as error:  # as above
            raise cannot_run("dense_motion", "ONNX Runtime", error) from error
        return dict(zip(self._outputs, outputs, strict=True))


def _masks(masks: Tensor, source: SourceView) -> Pixels:
    """From masks [k + 1, h, w], the background's first; sums to 1 at each pixel."""
    hues = np.linspace(0, 180, len(masks) - 1, endpoint=False)
    hsv = np.stack([hues, np.full_like(hues, 255), np.full_like(hues, 255)], axis=-1)[None].astype(np.uint8)
    colours = np.concatenate([np.full((1, 3), STILL_GREY), cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)[0]])  # k+1 3
    mixed = np.tensordot(masks, colours.astype(np.float32), axes=(0, 0))  # h w 3
    return _as_large(np.rint(np.clip(mixed, 0, 255)).astype(np.uint8), source)


def _flow(displacement: Tensor, source: SourceView) -> Pixels:
    """From displacement [h, w, 2]: x and y of where each pixel comes from, less its own place."""
    x, y = displacement[..., 0], displacement[..., 1]
    hue = (np.degrees(np.arctan2(y, x)) % 360) / 2
    light = 255 * np.clip(np.hypot(x, y) / FULL_FLOW, 0, 1)
    hsv = np.stack([hue, np.full_like(hue, 255), light], axis=-1)
    return _as_large(np.asarray(cv2.cvtColor(np.rint(hsv).astype(np.uint8), cv2.COLOR_HSV2RGB)), source)


def _trust(occlusion: Tensor, source: SourceView) -> Pixels:
    """From occlusion [1, h, w] in [0, 1]."""
    grey = np.rint(255 * np.clip(occlusion[0], 0, 1)).astype(np.uint8)
    return _as_large(np.repeat(grey[..., None], 3, axis=-1), source)


def _warped(displacement: Tensor, source: SourceView) -> Pixels:
    """The portrait's square read where displacement [h, h, 2] says."""
    return moved_by(displacement, source.square)


def _as_large(small: Pixels, source: SourceView) -> Pixels:
    side = source.square.shape[0]
    return np.asarray(cv2.resize(small, (side, side), interpolation=cv2.INTER_LINEAR), np.uint8)
