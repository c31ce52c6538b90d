"""A bundle: the immutable folder that carries a trained model. Open, verify, refuse."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from pydantic import ValidationError

from realtime.errors import BundleError
from realtime.manifest import (
    GRAPH_NAMES,
    MANIFEST_FILE,
    SCHEMA_VERSION,
    GraphEntry,
    GraphName,
    Manifest,
    Precision,
    SplitName,
    TensorEntry,
)
from realtime.parts import Parts, odd_depths
from realtime.wrong_value import wrong_values

# What `animate` takes beside the outputs of `encode_source`.
KEYPOINT_INPUTS = ("source_mean", "source_covariance", "driving_mean", "driving_covariance")
# What `animate` may tell beside the image, [1, h, h, 2]: how far from each place the portrait was read, in [-1, 1].
DISPLACEMENT = "displacement"
_Shapes: TypeAlias = Mapping[str, tuple[int, ...]]

_GET_ANOTHER = "get the bundle again, or export it anew with `python -m export CHECKPOINT BUNDLE`"


@dataclass(frozen=True, slots=True)
class Bundle:
    """A verified bundle: every file in it is the one the manifest names."""

    path: Path
    manifest: Manifest

    @property
    def image_size(self) -> int:
        """Side of the model's square picture in pixels."""
        return self.manifest.image_size

    @property
    def margin(self) -> int:
        """Pixels of what is around a portrait's square that encode_source takes, on each side."""
        return self.manifest.margin

    @property
    def tells_motion(self) -> bool:
        """Whether `animate` tells how far from each place the portrait was read."""
        return DISPLACEMENT in _shapes(self.graph("animate").outputs)

    @property
    def parts(self) -> Parts:
        """Which keypoints are of the face, the mouth and the eyes."""
        told = self.manifest
        return Parts.named(told.parts, told.openings, told.depths, told.mirrors, told.hair_depths)

    @property
    def precisions(self) -> tuple[Precision, ...]:
        """The precisions that the bundle holds."""
        return tuple(self.manifest.precisions)

    def graph(self, graph: GraphName, precision: Precision = "fp32") -> GraphEntry:
        """What the manifest says of a graph. Raises BundleError if the bundle lacks the precision."""
        if precision not in self.manifest.precisions:
            raise BundleError(
                f"{self.path}: holds {', '.join(self.precisions)}; asked for {precision}",
                hint=f"export it with --precision fp32,{precision}, or pass --precision {self.precisions[0]}",
            )
        return self.manifest.precisions[precision].graphs[graph]

    def graph_path(self, graph: GraphName, precision: Precision = "fp32") -> Path:
        """The ONNX file of a graph. Raises BundleError if the bundle lacks the precision."""
        return self.path / self.graph(graph, precision).file

    def split_path(self, graph: SplitName) -> Path | None:
        """The ONNX file of a part of `animate`; None where the bundle was exported without them."""
        return None if self.manifest.split is None else self.path / self.manifest.split[graph].file


def open_bundle(path: Path) -> Bundle:
    """The bundle in the folder path, verified to the last byte. Raises BundleError naming file, expected and found."""
    manifest = _read_manifest(path / MANIFEST_FILE)
    if "fp32" not in manifest.precisions:
        raise BundleError(f"{path / MANIFEST_FILE}: precision fp32 is missing", hint=_GET_ANOTHER)
    for precision, entry in manifest.precisions.items():
        missing = [name for name in GRAPH_NAMES if name not in entry.graphs]
        if missing:
            raise BundleError(f"{path / MANIFEST_FILE}: {precision}: graph {missing[0]} is missing", hint=_GET_ANOTHER)
    for name, expected in _hashes(manifest).items():
        _verify_file(path / name, expected)
    _verify_keypoints(str(path / MANIFEST_FILE), manifest)
    for precision, entry in manifest.precisions.items():
        _verify_interfaces(f"{path / MANIFEST_FILE}: {precision}", manifest, entry.graphs)
    return Bundle(path, manifest)


def sha256_of(path: Path) -> str:
    """The file's SHA-256 as 64 lower-case hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read_manifest(path: Path) -> Manifest:
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        raise BundleError(
            f"{path}: there is no bundle here",
            hint="name a bundle's folder with --bundle, e.g. assets/bundles/portrait-s",
        ) from None
    except OSError as error:
        raise BundleError(f"{path}: cannot be read ({error.strerror})", hint=_GET_ANOTHER) from None
    try:
        return Manifest.model_validate_json(text)
    except ValidationError as error:
        wrong = wrong_values(error)[0]
        raise BundleError(
            f"{path}: {wrong.field or 'the file'}: {wrong.reason}; found {_shortened(wrong.value)}",
            hint=f"this program reads bundles of schema {SCHEMA_VERSION}; {_GET_ANOTHER}",
        ) from None


def _shortened(value: object) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else f"{text[:57]}..."


def _verify_file(path: Path, expected: str) -> None:
    try:
        found = sha256_of(path)
    except OSError as error:
        raise BundleError(
            f"{path}: cannot be read ({error.strerror}); the manifest names it", hint=_GET_ANOTHER
        ) from None
    if found != expected:
        raise BundleError(
            f"{path}: wrong content: expected sha256 {expected[:12]}..., found {found[:12]}...", hint=_GET_ANOTHER
        )


def _hashes(manifest: Manifest) -> dict[str, str]:
    graphs = [graph for entry in manifest.precisions.values() for graph in entry.graphs.values()]
    graphs += (manifest.split or {}).values()
    return {entry.file: entry.sha256 for entry in graphs} | dict(manifest.files)


def _verify_keypoints(where: str, manifest: Manifest) -> None:
    """What is told of keypoints is told of such as there are."""
    count = manifest.keypoint_count
    pairs = (("an opening", manifest.openings), ("a pair of mirrors", manifest.mirrors))
    for name, rows in (*manifest.parts.items(), *((name, ends) for name, of_all in pairs for ends in of_all)):
        if rows and max(rows) >= count:
            raise BundleError(f"{where}: parts: {name} names keypoint {max(rows)} of {count}", hint=_GET_ANOTHER)
    odd = odd_depths(manifest.parts, manifest.depths, manifest.hair_depths)
    if odd:
        raise BundleError(f"{where}: {odd}", hint=_GET_ANOTHER)
    beside = {end for ends in manifest.mirrors for end in ends}.difference(manifest.parts.get("face", ()))
    if beside:
        raise BundleError(f"{where}: mirrors: keypoint {min(beside)} is not of the face", hint=_GET_ANOTHER)


def _verify_interfaces(where: str, manifest: Manifest, graphs: Mapping[GraphName, GraphEntry]) -> None:
    """The three graphs fit together and have the shapes the manifest promises."""
    size, count = manifest.image_size, manifest.keypoint_count
    image: _Shapes = {"image": (1, 3, size, size)}
    whole = size + 2 * manifest.margin
    around: _Shapes = {"around": (1, 3, whole, whole)} if manifest.margin else {}
    keypoints = {"mean": (1, count, 2), "covariance": (1, count, 2, 2)}
    features = _shapes(graphs["encode_source"].outputs)
    motion = {name: keypoints[name.removeprefix("source_").removeprefix("driving_")] for name in KEYPOINT_INPUTS}
    told = {t.name: (1, *t.shape[1:2] * 2, 2) for t in graphs["animate"].outputs if t.name == DISPLACEMENT}
    expected: dict[GraphName, tuple[_Shapes, _Shapes]] = {
        "detect_keypoints": (image, keypoints),
        "encode_source": ({**image, **around}, features),
        "animate": (features | motion, {**image, **told}),
    }
    for graph, (inputs, outputs) in expected.items():
        entry = graphs[graph]
        for kind, wanted, found in (("inputs", inputs, entry.inputs), ("outputs", outputs, entry.outputs)):
            if wanted != _shapes(found):
                raise BundleError(
                    f"{where}: {graph}: expected {kind} {_described(wanted)}, found {_described(_shapes(found))}",
                    hint=_GET_ANOTHER,
                )


def _shapes(tensors: tuple[TensorEntry, ...]) -> dict[str, tuple[int, ...]]:
    return {tensor.name: tensor.shape for tensor in tensors}


def _described(shapes: _Shapes) -> str:
    return ", ".join(f"{name} {'x'.join(map(str, shape))}" for name, shape in sorted(shapes.items()))
