"""The bundled driving clip, assets/driving/default.mp4: Grace Hopper's portrait, performing a hand-made track.

    python assets/make/driving_clip.py

needs numpy, opencv-python-headless and av, and takes a few minutes on one core. With `--sheet 10` it writes every tenth
frame to a contact sheet instead. The mesh and the cut-out beside this script were measured once, with MediaPipe 0.10.21
and GrabCut. `track` says what happens when; `expression` moves lips and brows; `interior` paints mouth and lids;
`head_turn` turns the head; this file calls them in this order and encodes.
"""

import argparse
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from expression import warp_expression
from head_turn import Head, measure_head, turn
from interior import close_eyes, paint_mouth
from still import Still, read_still
from track import FRAMES_PER_S, Pose, perform

ASSETS = Path(__file__).resolve().parent.parent
CLIP_PX = 512
TEETH_PX = 9.0  # of the still


def render(still: Still, head: Head, pose: Pose) -> np.ndarray:
    """Return one frame of the clip, uint8 HWC BGR, CLIP_PX square."""
    person, mouth = warp_expression(still, pose)
    person = paint_mouth(person, mouth, TEETH_PX * still.scale)
    person = close_eyes(person, still, pose.closed)
    frame = turn(person, still, head, pose)
    return cv2.resize(frame, (CLIP_PX, CLIP_PX), interpolation=cv2.INTER_AREA).clip(0, 255).round().astype(np.uint8)


def encode(frames: Iterator[np.ndarray], target: Path) -> None:
    """Write the frames as H.264, readable by anything that plays video."""
    with av.open(str(target), "w", options={"movflags": "faststart"}) as container:
        stream = container.add_stream("libx264", rate=Fraction(FRAMES_PER_S), options={"crf": "20", "preset": "slow"})
        stream.width, stream.height, stream.pix_fmt = CLIP_PX, CLIP_PX, "yuv420p"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="bgr24")))
        container.mux(stream.encode())


def write_sheet(frames: list[np.ndarray], target: Path, columns: int) -> None:
    """Write the frames side by side, to look at."""
    blank = [np.zeros_like(frames[0])] * (-len(frames) % columns)
    cells = frames + blank
    rows = [np.hstack(cells[at : at + columns]) for at in range(0, len(cells), columns)]
    cv2.imwrite(str(target), np.vstack(rows))


def main() -> None:
    """Write the clip, or a contact sheet of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ASSETS / "driving" / "default.mp4")
    parser.add_argument(
        "--sheet", type=int, metavar="N", help="write every N-th frame to a picture instead of the clip"
    )
    arguments = parser.parse_args()
    still = read_still(ASSETS / "portraits" / "grace-hopper.jpg", ASSETS / "make" / "grace_hopper_mesh.npz")
    head = measure_head(still)
    poses = perform()
    if arguments.sheet:
        shown = [render(still, head, pose) for pose in poses[:: arguments.sheet]]
        write_sheet(shown, arguments.out.with_suffix(".png"), columns=5)
    else:
        encode((render(still, head, pose) for pose in poses), arguments.out)


if __name__ == "__main__":
    main()
