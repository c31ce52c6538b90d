"""The three graphs of a bundle in each precision: written, described, and proven on every engine of this machine."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx

from export.calibration import collect, error_of
from export.footage import Footage
from export.graphs import Graph
from export.half_precision import convert_to_fp16
from export.onnx_export import OPSET, export_graph
from export.parity import largest_error
from export.quantize import quantize
from export.reference import ReferenceEngine
from export.upsampling import share_products
from realtime.bundle import sha256_of
from realtime.manifest import GraphEntry, GraphName, Precision, PrecisionEntry, TensorEntry

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """What is exported, to where, and by what it is judged."""

    graphs: list[Graph[GraphName]]
    reference: ReferenceEngine
    footage: Footage
    folder: Path
    image_size: int
    margin: int


def write_precisions(job: Job, precisions: tuple[Precision, ...]) -> dict[Precision, PrecisionEntry]:
    """Files and entries of each precision, not yet proven; fp32 is always among them and is made first."""
    entries: dict[Precision, PrecisionEntry] = {}
    for graph in job.graphs:
        export_graph(graph, _file(job, graph.name, "fp32"))
    # int8 first: the quantiser knows convolutions, not the transposed ones that come next.
    kept = _write_int8(job) if "int8" in precisions else ()
    for path in job.folder.glob("*.onnx"):
        share_products(path)
    entries["fp32"] = _entry(job, "fp32")
    if "fp16" in precisions:
        for graph in job.graphs:
            convert_to_fp16(_file(job, graph.name, "fp32"), _file(job, graph.name, "fp16"))
        entries["fp16"] = _entry(job, "fp16")
    if "int8" in precisions:
        entries["int8"] = _entry(job, "int8").model_copy(update={"float_convolutions": kept})
    return entries


def _write_int8(job: Job) -> tuple[str, ...]:
    """The names of the weights that stay in float."""
    log.info("calibrating int8 on %d clips", len(job.footage.clips))
    calibration, held_out = (
        collect(job.reference, clips, job.margin) for clips in (job.footage.calibration(), job.footage.held_out())
    )
    kept: list[str] = []
    for graph in job.graphs:
        feeds = [sample.inputs for sample in calibration[graph.name]]
        source, target = _file(job, graph.name, "fp32"), _file(job, graph.name, "int8")
        result = quantize(source, target, feeds, error_of(graph.name, job.reference, held_out, job.image_size))
        total = len(result.convolutions)
        log.info("%s: %d of %d convolutions in int8", graph.name, total - len(result.float_convolutions), total)
        kept += result.float_convolutions
    return tuple(kept)


def _file(job: Job, graph: GraphName, precision: Precision) -> Path:
    return job.folder / f"{graph}.{precision}.onnx"


def _entry(job: Job, precision: Precision) -> PrecisionEntry:
    graphs = {graph.name: describe(graph, _file(job, graph.name, precision)) for graph in job.graphs}
    return PrecisionEntry(graphs=graphs, parity={})


def describe(graph: Graph[str], path: Path) -> GraphEntry:
    """The manifest's entry for the graph in a file."""
    model = onnx.load(str(path), load_external_data=False)
    return GraphEntry(
        file=path.name,
        sha256=sha256_of(path),
        opset=OPSET,
        inputs=tuple(_tensor_entry(value) for value in model.graph.input),
        outputs=tuple(_tensor_entry(value) for value in model.graph.output),
        max_abs_error=largest_error(graph, path),
    )


def _tensor_entry(value: Any) -> TensorEntry:
    tensor = value.type.tensor_type
    shape = tuple(dimension.dim_value for dimension in tensor.shape.dim)
    dtype = onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type).name
    return TensorEntry(name=value.name, shape=shape, dtype=dtype)
