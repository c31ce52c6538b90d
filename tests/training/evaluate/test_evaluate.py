"""The ruler end to end on tiny clips: copies score as copies, bundles as their checkpoints, outputs can be seen."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import av
import cv2
import numpy as np
import psutil
import pytest
import torch

from export.write_bundle import write_bundle
from models import PRESETS, build_network
from models.checkpoint import save_checkpoint
from tests.training.clip_files import disc_frames, write_stacked_png
from tests.training.evaluate.synthetic_faces import BrightnessFaces
from training.clips import ClipError, Pixels
from training.evaluate import __main__ as command
from training.evaluate.clip_job import ClipJob, Workplace
from training.evaluate.cross_reenactment import CrossPair, read_cross_pairs, reenact_pair
from training.evaluate.faces import Embedding, FaceToolError, Landmarks, MeshAndEmbedding
from training.evaluate.picture_measures import compare_pictures
from training.evaluate.processes import measure_clips
from training.evaluate.reenactors import BundleReenactor, CheckpointReenactor, CopyReenactor
from training.evaluate.report import cross_figures, format_table, self_figures
from training.evaluate.self_reenactment import prepare_task, reenact_clip

# Processor time after which a process has imported all and animates.
BUSY_S = 4.0


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("checkpoint") / "xs.safetensors"
    save_checkpoint(path, build_network(PRESETS["live-xs"]).eval(), {"preset": "live-xs", "steps": 0})
    return path


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    for index in range(2):
        write_stacked_png(tmp_path / "clips" / f"{index}.png", disc_frames(12, 64, seed=index))
    return tmp_path / "clips"


def brightening(frames: int, size: int = 192) -> Pixels:
    """Frames [t, size, size, 3], each brighter than the last."""
    levels = np.linspace(60, 200, frames).astype(np.uint8)
    return np.broadcast_to(levels[:, None, None, None], (frames, size, size, 3)).copy()


class BrightnessReenactor:
    """Gives the source the driver's brightness: follows perfectly."""

    image_size = 192

    def reenact(self, source: Pixels, driving: Pixels, relative: bool) -> Pixels:
        """See Reenactor."""
        return driving.copy()


def test_equal_pictures_are_equal_and_known_differences_are_known() -> None:
    frames = brightening(3)
    same = compare_pictures(frames, frames)
    assert same.l1 == 0 and same.psnr_db == pytest.approx(100) and same.ms_ssim == pytest.approx(1)
    darker = compare_pictures(frames - 51, frames)
    assert darker.l1 == pytest.approx(0.2, abs=1e-6) and darker.psnr_db == pytest.approx(13.98, abs=0.01)
    assert compare_pictures(frames[:, :64, :64], frames[:, :64, :64]).ms_ssim is None


def test_blur_is_lost_detail_and_stripes_are_too_much() -> None:
    frames = np.random.default_rng(0).integers(0, 200, (2, 64, 64, 3)).astype(np.uint8)
    blurred = np.stack([cv2.blur(frame, (3, 3)) for frame in frames])
    striped = frames + (50 * (np.arange(64) % 2)).astype(np.uint8)[:, None]
    aside, flat = np.roll(frames, 1, axis=2), np.full_like(frames, 90)
    assert compare_pictures(frames, frames).detail == compare_pictures(flat, flat).detail == 1
    assert compare_pictures(aside, frames).detail == pytest.approx(1, abs=0.01)
    assert compare_pictures(blurred, frames).detail < 0.5
    assert compare_pictures(striped, frames).detail > 1.05


def test_self_figures_of_a_copy_and_of_a_perfect_follower() -> None:
    frames, tools = brightening(12), BrightnessFaces()
    task = prepare_task(frames, tools)
    copied = self_figures([reenact_clip(CopyReenactor(192), task, tools).measures])
    perfect = self_figures([reenact_clip(BrightnessReenactor(), task, tools).measures])
    assert perfect["self_l1"] == 0 and perfect["self_landmark_distance_px"] == 0
    assert perfect["self_identity_distance"] == 0 and perfect["self_missing_faces"] == 0
    assert copied["self_l1"] == pytest.approx(np.abs(frames[1:] - frames[:1].astype(int)).mean() / 255)
    assert copied["self_landmark_distance_px"] and copied["self_landmark_distance_px"] > 0
    assert copied["self_identity_distance"] and copied["self_identity_distance"] > 0.5


def test_results_without_a_face_are_counted_as_missing() -> None:
    class Blackout(BrightnessReenactor):
        def reenact(self, source: Pixels, driving: Pixels, relative: bool) -> Pixels:
            result = driving.copy()
            result[::2] = 0
            return result

    tools = BrightnessFaces()
    figures = self_figures([reenact_clip(Blackout(), prepare_task(brightening(11), tools), tools).measures])
    assert figures["self_missing_faces"] == pytest.approx(0.5)


def test_cross_figures_of_a_copy_and_of_a_perfect_follower() -> None:
    driver, tools = brightening(40), BrightnessFaces()
    pair = CrossPair("still", "clip", "photo")
    points = tools.landmarks(driver, consecutive=True)
    copied = cross_figures([reenact_pair(CopyReenactor(192), pair, driver[0], driver, points, tools).measures])
    perfect = cross_figures([reenact_pair(BrightnessReenactor(), pair, driver[0], driver, points, tools).measures])
    assert perfect["following_mouth"] == pytest.approx(1) and perfect["gain_mouth"] == pytest.approx(1)
    assert perfect["jitter"] == pytest.approx(1) and perfect["pairs_yaw"] == 0 and perfect["following_yaw"] is None
    assert copied["following_mouth"] == 0 and copied["jitter"] == 0 and copied["cross_identity_distance"] == 0
    assert copied["background_deviation"] == 0
    assert "| following_yaw | – | – |" in format_table({"copy": copied, "perfect": perfect})


def test_a_bundle_scores_as_its_checkpoint(checkpoint: Path, tmp_path: Path) -> None:
    write_bundle(checkpoint, tmp_path / "bundle")
    clip = np.stack([cv2.resize(frame, (256, 256)) for frame in disc_frames(3, 64, seed=3)]).astype(np.uint8)
    torch_result = CheckpointReenactor(checkpoint)
    with BundleReenactor(tmp_path / "bundle", "onnx-cpu") as bundle:
        for relative in (False, True):
            found = bundle.reenact(clip[0], clip[1:], relative).astype(int)
            assert np.abs(found - torch_result.reenact(clip[0], clip[1:], relative)).max() <= 1


def test_command_writes_table_sheet_and_json(
    checkpoint: Path, clips: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [str(checkpoint), "--clips", str(clips), "--out", str(tmp_path / "out"), "--pictures-only"]
    assert command.main(arguments) == 0
    *_, last = capsys.readouterr().out.strip().splitlines()
    figures = json.loads(last)
    assert figures["clips"] == 2 and figures["copy"]["self_l1"] > 0 and figures["figures"]["self_ms_ssim"] <= 1
    sheet = cv2.imread(str(tmp_path / "out" / "self.png"))
    assert sheet is not None and sheet.shape == (2 * 160, 9 * 160, 3)


def test_cross_reenactment_leaves_a_video_of_still_driver_and_result(checkpoint: Path, tmp_path: Path) -> None:
    first, *others = read_cross_pairs(command.CROSS_PAIRS)
    pairs = [first, *(pair for pair in others if pair.clip == first.clip)]
    write_stacked_png(tmp_path / "clips" / f"{first.clip}.png", disc_frames(12, 64, seed=0))
    (tmp_path / "stills").mkdir()
    for pair in pairs:
        cv2.imwrite(str(tmp_path / "stills" / f"{pair.still}.jpg"), disc_frames(1, 64, seed=1)[0])
    request = command.Request(
        checkpoint, (tmp_path / "clips",), tmp_path / "stills", 5, 60, "onnx-cpu", tmp_path / "out"
    )
    figures = command.evaluate(request, BrightnessFaces)
    assert isinstance(figures["figures"], dict) and "jitter" in figures["figures"]
    assert figures["pairs"] == len(pairs) >= 2
    with av.open(str(tmp_path / "out" / "cross.mp4")) as video:
        frames = [frame.to_ndarray(format="rgb24") for frame in video.decode(video=0)]
    assert len(frames) == 12 * len(pairs) and frames[0].shape == (256, 768, 3)


def test_every_face_is_looked_at_once(checkpoint: Path) -> None:
    class Counting(BrightnessFaces):
        def __init__(self) -> None:
            self.embedded: list[bytes] = []

        def embedding(self, frame: Pixels, points: Landmarks) -> Embedding:
            self.embedded.append(frame.tobytes())
            return super().embedding(frame, points)

    tools, frames = Counting(), brightening(22)
    task = prepare_task(frames, tools)
    figures = [reenact_clip(one, task, tools).measures for one in (CopyReenactor(192), BrightnessReenactor())]
    # Five of 21 targets, the copied source, and the five results.
    assert len(tools.embedded) == 5 + 1 + 5 and len(set(tools.embedded)) == 6
    assert figures[0].faces and figures[0].faces.identity_distance > 0.5


def test_a_sample_is_spread_evenly(checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for index in range(5):
        write_stacked_png(tmp_path / "clips" / f"{index}.png", disc_frames(7, 64, seed=index))
    found = sorted((tmp_path / "clips").iterdir())
    assert [path.stem for path in command.spread_evenly(found, 3)] == ["0", "2", "4"]
    assert command.spread_evenly(found, 9) == command.spread_evenly(found, None) == found
    arguments = [str(checkpoint), "--clips", str(tmp_path / "clips"), "--out", str(tmp_path / "out")]
    assert command.main([*arguments, "--pictures-only", "--sample", "2", "--processes", "1"]) == 0
    figures = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
    assert (figures["clips"], figures["clips_found"], figures["clips_chosen"]) == (2, 5, "evenly spaced")


@pytest.fixture
def one_thread() -> Iterator[None]:
    """As each of several processes has: sums over two threads are rounded otherwise, to another level of a colour."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("one_thread")
def test_processes_find_what_one_finds(checkpoint: Path, clips: Path, tmp_path: Path) -> None:
    write_stacked_png(clips / "2.png", disc_frames(12, 64, seed=2))
    request = command.Request(checkpoint, (clips,), tmp_path, 5, 0, "onnx-cpu", tmp_path / "one")
    alone = command.evaluate(request, None)
    together = command.evaluate(replace(request, processes=2, out=tmp_path / "two"), None)
    assert together == alone
    np.testing.assert_array_equal(
        cv2.imread(str(tmp_path / "two/self.png")), cv2.imread(str(tmp_path / "one/self.png"))
    )


def test_processes_end_with_the_one_that_asked(checkpoint: Path, clips: Path, tmp_path: Path) -> None:
    long = np.concatenate([disc_frames(12, 64, seed=0)] * 200)
    for index in range(2):
        write_stacked_png(clips / f"{index}.png", long)
    words = [sys.executable, "-m", "training.evaluate", str(checkpoint), "--clips", str(clips), "--pictures-only"]
    words += ["--every", "1", "--processes", "2", "--out", str(tmp_path / "out")]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as asking:
        workers: list[psutil.Process] = []
        while len(workers) < 2 or min(worker.cpu_times().user for worker in workers) < BUSY_S:
            assert asking.poll() is None
            time.sleep(0.1)
            children = psutil.Process(asking.pid).children()
            workers = [child for child in children if "spawn_main" in " ".join(child.cmdline())]
        asking.kill()
    _, alive = psutil.wait_procs(workers, timeout=30)
    assert alive == []


def test_an_error_in_a_process_is_told(clips: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bundle").mkdir()
    arguments = [str(tmp_path / "bundle"), "--clips", str(clips), "--pictures-only", "--processes", "2"]
    assert command.main(arguments) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) >= 2


def test_outcomes_come_one_by_one(checkpoint: Path, clips: Path) -> None:
    jobs = [ClipJob(clips / "0.png", 5, clips), ClipJob(clips / "missing.png", 5, clips)]
    outcomes = measure_clips(jobs, Workplace(checkpoint, "onnx-cpu", None), 1)
    assert next(outcomes).found.pictures.l1 > 0
    with pytest.raises(ClipError, match="missing"):
        next(outcomes)


def test_the_fixed_pairs_are_sixty_of_both_kinds() -> None:
    pairs = read_cross_pairs(command.CROSS_PAIRS)
    assert len(pairs) == len(set(pairs)) == 60
    assert {pair.kind for pair in pairs} == {"photo", "painted"}


def test_missing_face_packages_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "dlib", None)  # as if it were not installed, wherever this runs
    with pytest.raises(FaceToolError, match="--pictures-only"):
        MeshAndEmbedding()


def test_user_errors_end_with_exit_code_2(clips: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [str(tmp_path / "none.safetensors"), "--clips", str(clips), "--pictures-only"]
    assert command.main(arguments) == 2
    assert "none.safetensors" in capsys.readouterr().err
    (tmp_path / "diary.txt").touch()
    assert command.main([*arguments, "--out", str(tmp_path / "diary.txt")]) == 2
    told = capsys.readouterr().err
    assert "diary.txt" in told and "none.safetensors" not in told, "before anything is measured"
