"""What each graph is fed on real frames, what torch answers, and how far from it a quantised graph may answer."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime

from realtime.engines.base import Engine
from realtime.engines.proof import LIMITS
from realtime.frames import Pixels, Tensor, pixels_to_tensor, source_tensors
from realtime.manifest import GRAPH_NAMES, GraphName

Tensors = dict[str, Tensor]
# A graph alone must be better than the whole path may be. Keypoints most: where they are off, the whole picture is.
MARGIN_PX, MARGIN_DB = 0.4, 2.0
# One keypoint in a hundred sees nothing to hold on to and may jump whatever the arithmetic.
KEYPOINTS_JUDGED = 99


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One call of a graph; source counts the clips."""

    source: int
    inputs: Tensors
    outputs: Tensors


Samples = dict[GraphName, list[Sample]]


def collect(reference: Engine, clips: Iterable[Pixels], margin: int) -> Samples:
    """Every call that re-enacting `clips` makes: each clip's first frame is the source of all later ones."""
    samples: Samples = {graph: [] for graph in GRAPH_NAMES}

    def call(source: int, graph: GraphName, inputs: Tensors) -> Tensors:
        answer = reference.run(graph, reference.upload(inputs))
        outputs = {name: reference.download(tensor) for name, tensor in answer.items()}
        samples[graph].append(Sample(source, inputs, outputs))
        return outputs

    for index, (first, *driving) in enumerate(clips):
        still = call(index, "detect_keypoints", {"image": pixels_to_tensor(first)})
        features = call(index, "encode_source", source_tensors(pixels_to_tensor(first), margin))
        inputs = features | {f"source_{name}": tensor for name, tensor in still.items()}
        for frame in driving:
            moved = call(index, "detect_keypoints", {"image": pixels_to_tensor(frame)})
            call(index, "animate", inputs | {f"driving_{name}": tensor for name, tensor in moved.items()})
    return samples


def error_of(graph: GraphName, reference: Engine, samples: Samples, size_px: int) -> Callable[[Path], float]:
    """How wrong a file that computes `graph` in int8 is on the samples, in units of what is allowed less a margin."""
    limits = LIMITS["int8"]

    def of_keypoints(path: Path) -> float:
        found = _answers(path, samples["detect_keypoints"])
        pairs = zip(found, samples["detect_keypoints"], strict=True)
        off = [np.abs(f["mean"] - s.outputs["mean"]) for f, s in pairs]
        return float(np.percentile(off, KEYPOINTS_JUDGED) * size_px / 2 / (limits.keypoint_px - MARGIN_PX))

    def of_picture(path: Path) -> float:
        found = _answers(path, samples["animate"])
        pairs = zip(found, samples["animate"], strict=True)
        return _excess(min(psnr_db(f["image"], s.outputs["image"]) for f, s in pairs), limits.image_psnr_db + MARGIN_DB)

    def of_features(path: Path) -> float:
        # Features mean nothing by themselves: what torch paints with them is judged.
        encoded = _answers(path, samples["encode_source"])
        worst = np.inf
        for sample in samples["animate"]:
            features = encoded[sample.source]
            image = reference.run("animate", reference.upload(sample.inputs | features))["image"]
            worst = min(worst, psnr_db(reference.download(image), sample.outputs["image"]))
        return _excess(worst, limits.image_psnr_db + MARGIN_DB)

    errors: dict[GraphName, Callable[[Path], float]] = {
        "detect_keypoints": of_keypoints,
        "encode_source": of_features,
        "animate": of_picture,
    }
    return errors[graph]


def _excess(found_db: float, allowed_db: float) -> float:
    """The root mean square error over that allowed."""
    return float(10 ** ((allowed_db - found_db) / 20))


def _answers(path: Path, samples: list[Sample]) -> list[Tensors]:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return [dict(zip(names, session.run(names, sample.inputs), strict=True)) for sample in samples]


def psnr_db(found: Tensor, expected: Tensor) -> float:
    """Peak signal-to-noise ratio of two pictures in [0, 1]."""
    return float(-10 * np.log10(max(np.square(found - expected).mean(), 1e-15)))
