"""`python -m training.person_mask.find_masks CLIPS OUT.npz [--stills FOLDER]`: where MediaPipe sees persons.

Of every clip some frames at even distances, and every still. Near a mask's edge the picture's colours have their say,
as they have when a portrait is read. It runs in the environment of `make evaluate`, as `training.find_landmarks` does.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from rich.progress import track

from realtime.portraits.person_edge import weighed_by_colours
from training.clips import ClipError, Pixels, decode_frames, find_clips
from training.person_mask.pictures import SIZE, write_masked_pictures
from training.stills import find_stills, read_still

FRAMES_PER_CLIP = 6


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0 when the file is written, 2 for what the user can correct."""
    parser = argparse.ArgumentParser(prog="python -m training.person_mask.find_masks", description="Find masks once.")
    parser.add_argument("clips", type=Path, help="folder of clips")
    parser.add_argument("out", type=Path, help="the .npz to write")
    parser.add_argument("--stills", type=Path, help="folder of JPEG pictures beside the clips")
    parser.add_argument("--leave-out", type=Path, help="a CSV whose column `still` names pictures to leave out")
    options = parser.parse_args(arguments)
    try:
        from mediapipe.python.solutions.selfie_segmentation import SelfieSegmentation
    except ImportError:
        print(
            "error: mediapipe is not installed here; run make .venv-evaluate/.ready, then .venv-evaluate/bin/python",
            file=sys.stderr,
        )
        return 2
    try:
        pictures = list(_pictures(options.clips, options.stills, options.leave_out))
    except ClipError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    with SelfieSegmentation(model_selection=0) as person:
        masks = [
            weighed_by_colours(person.process(picture).segmentation_mask, picture)
            for picture in track(pictures, "Finding masks")
        ]
    write_masked_pictures(options.out, np.stack(pictures), np.stack([np.rint(mask * 255) for mask in masks]))
    print(f"{len(pictures)} pictures: {options.out}")
    return 0


def _pictures(clips: Path, stills: Path | None, leave_out: Path | None) -> Iterator[Pixels]:
    for clip in track(find_clips([clips]), "Reading clips"):
        yield from spread_frames(clip)
    for still in find_stills(stills, leave_out) if stills else ():
        yield read_still(still, SIZE)


def spread_frames(clip: Path) -> list[Pixels]:
    """Some frames [s, s, 3] at even distances, the first and the last among them."""
    frames = [frame for _, frame in decode_frames(clip, SIZE, lambda _index: True)]
    rows = np.unique(np.linspace(0, len(frames) - 1, FRAMES_PER_CLIP).round().astype(int)) if frames else ()
    return [frames[row] for row in rows]


if __name__ == "__main__":
    sys.exit(main())
