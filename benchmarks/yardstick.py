"""How fast the machine itself is just now: a fixed task for the clock, and the most multiply-adds it can do."""

import hashlib
import time

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper

from benchmarks.recorder import Recorder
from benchmarks.schema import YARDSTICK

HASHED = bytes(2**22)
YARDSTICK_SAMPLES = 9
PEAK_SIZE = 768
PEAK_REPEATS = 8


def record_yardstick(recorder: Recorder) -> None:
    """Adds a few times of one fixed task on one thread. A machine that is busy or slowed down shows here first."""
    for _ in range(YARDSTICK_SAMPLES):
        started_s = time.perf_counter()
        hashlib.sha256(HASHED).digest()
        recorder.add(YARDSTICK, "ms", 1000 * (time.perf_counter() - started_s), better=None)


def peak_gmacs(threads: int, precision: str) -> float:
    """Billions of multiply-adds per second of the best of a few large matrix products in ONNX Runtime on the CPU.

    precision: "int8" multiplies bytes; all else float32, which is what the CPU computes fp16 in.
    """
    session = _product(threads, precision)
    rng = np.random.default_rng(0)
    left, right = rng.random((2, PEAK_SIZE, PEAK_SIZE), np.float32)
    if precision == "int8":
        left, right = (left * 255).astype(np.uint8), (right * 255 - 128).astype(np.int8)
    best_s = min(_seconds(session, left, right) for _ in range(PEAK_REPEATS))
    return PEAK_SIZE**3 / best_s / 1e9


def _seconds(session: ort.InferenceSession, left: np.ndarray, right: np.ndarray) -> float:
    started_s = time.perf_counter()
    session.run(None, {"left": left, "right": right})
    return time.perf_counter() - started_s


def _product(threads: int, precision: str) -> ort.InferenceSession:
    whole = precision == "int8"
    operator = "MatMulInteger" if whole else "MatMul"
    types = (TensorProto.UINT8, TensorProto.INT8, TensorProto.INT32) if whole else (TensorProto.FLOAT,) * 3
    left, right, product = (
        helper.make_tensor_value_info(name, kind, (PEAK_SIZE, PEAK_SIZE))
        for name, kind in zip(("left", "right", "product"), types, strict=True)
    )
    graph = helper.make_graph(
        [helper.make_node(operator, ["left", "right"], ["product"])], "peak", [left, right], [product]
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    return ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
