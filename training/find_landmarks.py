"""`python -m training.find_landmarks CLIPS OUT`: landmarks of every n-th frame by MediaPipe, one file per clip.

The first 478 are the points of its face mesh, the seven after them lie beside the face (training/body_landmarks.py).

MediaPipe wants an older NumPy and an OpenCV of its own, so it runs in the environment that `make evaluate` sets up:
`make .venv-evaluate/.ready; .venv-evaluate/bin/python -m training.find_landmarks CLIPS OUT`.
Clips already done are skipped, so an interrupted run continues. `--stills FOLDER OUT.npz` finds the faces of pictures
instead, in one file; `--leave-out training/evaluate/cross_pairs.csv` keeps apart those that the evaluation shows.
"""

import argparse
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from training.body_landmarks import find_body
from training.clips import ClipError, Pixels, decode_clip, find_clips
from training.stills import find_stills, read_still, write_still_landmarks

SIZE = 256
LANDMARKS = 478


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0 when every clip has its file, 2 for what the user can correct."""
    parser = argparse.ArgumentParser(prog="python -m training.find_landmarks", description="Find landmarks once.")
    parser.add_argument("clips", type=Path, help="folder of clips, or of pictures")
    parser.add_argument("out", type=Path, help="folder for one .npz per clip, or the file for all pictures")
    parser.add_argument("--stills", action="store_true", help="a folder of JPEG pictures instead of clips")
    parser.add_argument("--leave-out", type=Path, help="a CSV whose column `still` names pictures to leave out")
    parser.add_argument("--stride", type=int, default=2, help="every n-th frame (default 2)")
    options = parser.parse_args(arguments)
    try:
        import mediapipe  # noqa: F401 (only to fail early)

        clips = find_stills(options.clips, options.leave_out) if options.stills else find_clips([options.clips])
    except ImportError:
        print(
            "error: mediapipe is not installed here; run make .venv-evaluate/.ready, then .venv-evaluate/bin/python",
            file=sys.stderr,
        )
        return 2
    except ClipError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if options.stills:
        _write_stills(clips, options.out)
        return 0
    options.out.mkdir(parents=True, exist_ok=True)
    waiting = [clip for clip in clips if not (options.out / f"{clip.stem}.npz").exists()]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        found = pool.map(partial(_write, out=options.out, stride=options.stride), waiting)
        for _ in track(found, "Finding landmarks", len(waiting)):
            pass
    return 0


def _write(clip: Path, out: Path, stride: int) -> None:
    frames = decode_clip(clip, SIZE, stride)
    faces = find_faces(frames)
    points = np.concatenate([faces, find_body(frames, faces).astype(np.float16)], axis=1)
    temporary = out / f".{clip.stem}.npz"
    np.savez(temporary, stride=stride, points=points)
    temporary.replace(out / f"{clip.stem}.npz")


def _write_stills(stills: list[Path], out: Path) -> None:
    from mediapipe.python.solutions.face_mesh import FaceMesh

    names, points = [], []
    with FaceMesh(static_image_mode=True, refine_landmarks=True, min_detection_confidence=0.3) as mesh:
        for path in track(stills, "Finding landmarks"):
            faces = mesh.process(read_still(path, SIZE)).multi_face_landmarks
            if faces:
                names.append(path.name)
                points.append([(point.x, point.y) for point in faces[0].landmark])
    write_still_landmarks(out, names, np.array(points, np.float32))
    print(f"{len(names)} of {len(stills)} pictures show a face: {out}")


def find_faces(frames: Pixels) -> NDArray[np.float16]:
    """Face points [t, 478, 2] as shares of width and height; NaN for frames without a face."""
    from mediapipe.python.solutions.face_mesh import FaceMesh

    found = np.full((len(frames), LANDMARKS, 2), np.nan, np.float16)
    with FaceMesh(refine_landmarks=True, min_detection_confidence=0.3, min_tracking_confidence=0.3) as mesh:
        for index, frame in enumerate(frames):
            faces = mesh.process(frame).multi_face_landmarks
            if faces:
                found[index] = [(point.x, point.y) for point in faces[0].landmark]
    return found


if __name__ == "__main__":
    sys.exit(main())
