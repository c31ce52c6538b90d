"""The doctor: what it finds, how bad it calls it, its exit codes, and that it keeps names of homes to itself."""

import json
from pathlib import Path

import pytest

import run_live
from realtime.bundle import Bundle
from realtime.doctor import Diagnosis, Finding, as_json, as_text, collisions, engines_finding
from realtime.engines.trials import Trial

GOOD = Trial(engine="onnx-cpu", precision="fp32", frame_ms=20.0)
BAD = Trial(engine="onnx-cuda", precision="fp32", complaint="no CUDA here", hint="pip install onnxruntime-gpu")


SEVERITIES = [("ok", "all is well"), ("degraded", "missing"), ("fatal", "cannot run")]


@pytest.mark.parametrize(("severity", "told"), SEVERITIES)
def test_the_worst_finding_decides(severity: str, told: str) -> None:
    findings = (Finding("Python", "ok", "3.11"), Finding("thing", severity, "found"))  # type: ignore[arg-type]
    diagnosis = Diagnosis(findings, {})
    assert diagnosis.severity == severity
    assert told in as_text(diagnosis).splitlines()[-1]


def test_colliding_packages_come_with_the_command_that_mends_them() -> None:
    assert collisions(["onnxruntime"], ["opencv-python-headless"]) == []
    onnx, opencv = collisions(["onnxruntime", "onnxruntime-gpu"], ["opencv-python", "opencv-python-headless"])
    assert onnx.severity == opencv.severity == "degraded"
    assert onnx.hint.startswith("pip uninstall -y onnxruntime onnxruntime-gpu")
    assert opencv.hint.endswith("pip install opencv-python-headless")


def test_one_good_engine_is_enough_and_none_is_fatal() -> None:
    assert engines_finding("tiny", [GOOD, BAD]).severity == "ok"
    assert engines_finding("tiny", [BAD]).severity == "fatal"


def test_json_tells_frames_per_second_and_hides_the_home() -> None:
    finding = Finding("bundle", "fatal", f"{Path.home()}/secret-name/manifest.json: broken", "export it anew")
    told = as_json(Diagnosis((finding,), {"tiny": (GOOD, BAD)}))
    assert str(Path.home()) not in told
    parsed = json.loads(told)
    assert {engine["bundle"] for engine in parsed["engines"]} == {"tiny"}
    assert parsed["severity"] == "fatal" and parsed["engines"][0]["fps"] == 50.0 and parsed["engines"][1]["fps"] is None


def test_the_command_measures_the_engines_and_exits_by_severity(
    tiny_bundle: Bundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run_live.main(["doctor", "--json", "--bundle", str(tiny_bundle.path), "--cache", str(tmp_path)])
    told = json.loads(capsys.readouterr().out)
    assert code == {"ok": 0, "degraded": 1, "fatal": 2}[told["severity"]]
    subjects = {finding["subject"] for finding in told["findings"]}
    assert subjects >= {
        "Python",
        "packages",
        "processor",
        "NVIDIA GPU",
        "camera",
        "virtual camera",
        "bundle",
        "engines",
    }
    good = {engine["engine"] for engine in told["engines"] if engine["complaint"] is None}
    assert good >= {"onnx-cpu", "openvino-cpu"}
    assert all(finding["hint"] for finding in told["findings"] if finding["severity"] != "ok")


def test_every_bundle_named_is_measured(
    tiny_bundle: Bundle, own_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = own_bundle / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"tiny"', '"other"'))
    named = ["--bundle", str(tiny_bundle.path), "--bundle", str(own_bundle)]
    run_live.main(["doctor", "--json", *named, "--cache", str(tmp_path)])
    told = json.loads(capsys.readouterr().out)
    assert {engine["bundle"] for engine in told["engines"]} == {"tiny", "other"}
    assert [finding["found"].split(":")[0] for finding in told["findings"] if finding["subject"] == "bundle"] == [
        "tiny",
        "other",
    ]


def test_a_broken_bundle_cannot_run(own_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (own_bundle / "animate.onnx").write_bytes(b"")
    assert run_live.main(["doctor", "--bundle", str(own_bundle), "--cache", str(tmp_path)]) == 2
    assert "FAIL bundle: " in capsys.readouterr().out
