"""What a bundle's manifest.json says: the schema, and the names of graphs and precisions."""

from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias, get_args

from pydantic import BaseModel, ConfigDict, Field

from realtime.parts import PartName

SCHEMA_VERSION = 2
MANIFEST_FILE = "manifest.json"

GraphName: TypeAlias = Literal["detect_keypoints", "encode_source", "animate"]
GRAPH_NAMES: tuple[GraphName, ...] = get_args(GraphName)
# `animate` in two parts, to profile and to look into.
SplitName: TypeAlias = Literal["dense_motion", "decode"]
SPLIT_NAMES: tuple[SplitName, ...] = get_args(SplitName)
# What a bundle's files can be in; fp32 is always there and is the reference.
Precision: TypeAlias = Literal["fp32", "fp16", "int8"]
# What an engine can compute in; bf16 is the fp32 graphs, rounded by the engine.
EnginePrecision: TypeAlias = Literal["fp32", "bf16", "fp16", "int8"]
Sha256: TypeAlias = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Keypoint: TypeAlias = Annotated[int, Field(ge=0)]
FileName: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]*$")]


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class TensorEntry(_Entry):
    """One input or output of a graph."""

    name: str
    shape: tuple[Annotated[int, Field(gt=0)], ...]
    dtype: str


class GraphEntry(_Entry):
    """One ONNX file: what it takes and gives. Both are float32 in every precision."""

    file: FileName
    sha256: Sha256
    opset: int = Field(ge=16, le=19)
    inputs: tuple[TensorEntry, ...]
    outputs: tuple[TensorEntry, ...]
    max_abs_error: float = Field(ge=0)  # over all outputs, against torch in float32


class Parity(_Entry):
    """How far the whole way of a frame through one engine was from torch in float32; the worst of all frames."""

    largest_difference: float = Field(ge=0)  # keypoints and picture
    keypoint_px: float = Field(ge=0)
    image_psnr_db: float


class HeldOut(_Entry):
    """How a rounded precision re-enacts frames that calibration never saw, in ONNX Runtime."""

    frames: int = Field(gt=0)
    keypoint_px_p99: float = Field(ge=0)  # 99 of 100 keypoints are nearer to fp32's
    keypoint_px_max: float = Field(ge=0)
    image_psnr_db: float  # the worst frame, against fp32
    error_ratio: float = Field(gt=0)  # error against the true frames over fp32's; 1.02 is 2 % worse


class PrecisionEntry(_Entry):
    """The three graphs in one precision, and the proof that they are good enough, by engine."""

    graphs: Mapping[GraphName, GraphEntry]
    parity: Mapping[str, Parity]
    held_out: HeldOut | None = None  # None for fp32
    # Convolutions left in float, by the name of their weights; int8 only.
    float_convolutions: tuple[str, ...] = ()


class TrainingEntry(_Entry):
    """What the weights were trained on, and how well they did."""

    data: str
    steps: int = Field(ge=0)
    metrics: Mapping[str, float]


class Manifest(_Entry):
    """manifest.json; the only place that says what shape the model has."""

    schema_version: Literal[2]
    name: str
    preset: str
    image_size: int = Field(ge=16, le=2048)
    image_range: tuple[float, float]
    margin: int = Field(0, ge=0)  # pixels of what is around a portrait's square that encode_source takes, on each side
    keypoint_count: int = Field(ge=1)
    parts: Mapping[PartName, tuple[Keypoint, ...]] = {}  # keypoints of the face and the hair
    openings: tuple[tuple[Keypoint, Keypoint], ...] = ()  # opposite lips and lids
    depths: tuple[float, ...] = ()  # of the face's keypoints, towards the viewer, in spreads of the face
    mirrors: tuple[tuple[Keypoint, Keypoint], ...] = ()  # keypoints of the face that are each other's mirror image
    hair_depths: tuple[tuple[float, float], ...] = ()  # of the hair's, for turns to the side and for nods, likewise
    precisions: Mapping[Precision, PrecisionEntry]
    split: Mapping[SplitName, GraphEntry] | None = None
    files: Mapping[FileName, Sha256]
    training: TrainingEntry
    tools: Mapping[str, str]
