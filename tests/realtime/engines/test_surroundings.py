"""What engines learn of their machine: GPUs, the processor, colliding packages, and what errors of runtimes mean."""

from pathlib import Path

import onnxruntime
import pytest

from realtime.bundle import Bundle
from realtime.engines.failures import cannot_open, cannot_run, first_line
from realtime.engines.gpu import Gpu, find_gpus, first_gpu
from realtime.engines.onnx_engine import OnnxEngine, Provider
from realtime.engines.onnx_packages import collision, installed_distributions
from realtime.engines.processor import lacks_int8, machine_fingerprint, processor_flags, processor_name
from realtime.errors import EngineError

TWO_GPUS = "NVIDIA RTX 4070, 8.9, 560.35, 12282\nNVIDIA H100 80GB HBM3, 9.0, 560.35, 81559\n"
CPUINFO = "processor\t: 0\nmodel name\t: Some CPU\nflags\t\t: fpu sse2 {}\n"


def test_gpus_are_read_in_the_drivers_order() -> None:
    found = find_gpus(lambda: TWO_GPUS)
    assert found[0] == Gpu("NVIDIA RTX 4070", "8.9", "560.35", 12282)
    assert found[1].name == "NVIDIA H100 80GB HBM3"


@pytest.mark.parametrize("answer", ["", "No devices were found", "NVIDIA-SMI has failed, because, of, this"])
def test_no_gpu_is_no_gpu(answer: str) -> None:
    assert find_gpus(lambda: answer) == []
    with pytest.raises(EngineError, match="tensorrt: no NVIDIA GPU answers") as refusal:
        first_gpu("tensorrt", lambda: answer)
    assert "nvidia-smi" in refusal.value.hint


def test_the_processor_is_read_where_the_system_tells(tmp_path: Path) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(CPUINFO.format("avx2 avx512_vnni"))
    assert processor_name(cpuinfo) == "Some CPU"
    assert not lacks_int8(processor_flags(cpuinfo))
    cpuinfo.write_text(CPUINFO.format("avx2"))
    assert lacks_int8(processor_flags(cpuinfo))


def test_a_processor_nobody_tells_of_is_not_blamed(tmp_path: Path) -> None:
    assert processor_name(tmp_path / "none")
    assert not lacks_int8(processor_flags(tmp_path / "none"))


def test_the_fingerprint_changes_with_its_parts() -> None:
    assert machine_fingerprint(("a",)) == machine_fingerprint(("a",)) != machine_fingerprint(("b",))
    assert len(machine_fingerprint(())) == 16


def test_two_onnx_runtimes_are_a_fault_with_a_command() -> None:
    assert collision(["onnxruntime"]) is None and collision([]) is None
    assert collision(["onnxruntime", "onnxruntime-gpu"]) == (
        "pip uninstall -y onnxruntime onnxruntime-gpu && pip install 'onnxruntime-gpu[cuda,cudnn]'"
    )


def test_cuda_is_sought_where_pip_puts_it(tiny_bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    sought = []
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CUDAExecutionProvider"])
    monkeypatch.setattr(onnxruntime, "preload_dlls", lambda: sought.append("CUDA"))
    with pytest.raises(EngineError):  # it is not there, and says so rather than computing elsewhere
        OnnxEngine("onnx-cuda", tiny_bundle, Provider("CUDAExecutionProvider", "pip install it", device="cuda"))
    assert sought == ["CUDA"]


def test_this_environment_has_one_onnx_runtime() -> None:
    assert installed_distributions() == ["onnxruntime"]


MEANINGS = {
    "BFCArena::AllocateRawInternal Failed to allocate memory for requested buffer": "close other programs",
    "CUDA failure 2: out of memory ; GPU=0": "close other programs",
    "CUDA driver version is insufficient for CUDA runtime version": "driver",
    "libcudnn.so.9: cannot open shared object file": "onnxruntime-gpu[cuda,cudnn]",
    "Unsupported model IR version: 13, max supported IR version: 11": "update the runtime",
    "Something nobody has seen": "export the bundle anew",
}


@pytest.mark.parametrize("text", MEANINGS)
def test_a_runtimes_error_comes_with_what_helps(text: str) -> None:
    assert MEANINGS[text] in cannot_run("animate", "ONNX Runtime", RuntimeError(text)).hint
    refusal = cannot_open(Path("animate.onnx"), "ONNX Runtime 1.20", RuntimeError(text))
    assert MEANINGS[text] in refusal.hint and text[:30] in refusal.message and "animate.onnx" in refusal.message


def test_only_the_first_line_that_says_something_is_told() -> None:
    assert first_line(RuntimeError("\n\n what  \nthen a page")) == "what"
    assert first_line(RuntimeError()) == "RuntimeError"
