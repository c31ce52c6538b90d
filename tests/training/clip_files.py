"""Small clips of a moving disc on a gradient, in every format training reads."""

from pathlib import Path

import cv2
import numpy as np

from training.clips import Pixels


def disc_frames(count: int, size: int, seed: int) -> Pixels:
    """[count, size, size, 3]: a coloured disc that circles over a gradient."""
    generator = np.random.default_rng(seed)
    colour = [int(c) for c in generator.integers(120, 255, 3)]
    ramp = np.linspace(0, 100, size, dtype=np.uint8)
    background = np.repeat(np.add.outer(ramp, ramp)[..., None], 3, axis=2)
    frames = []
    for t in range(count):
        angle = 2 * np.pi * t / count
        centre = (int(size * (0.5 + 0.25 * np.cos(angle))), int(size * (0.5 + 0.25 * np.sin(angle))))
        frames.append(cv2.circle(background.copy(), centre, size // 6, colour, -1))
    return np.stack(frames)


def write_stacked_png(path: Path, frames: Pixels) -> None:
    """The paper's form: all frames of a clip side by side in one PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.concatenate(list(frames), axis=1)[..., ::-1])


def write_frame_folder(path: Path, frames: Pixels) -> None:
    """A folder of numbered PNGs."""
    path.mkdir(parents=True, exist_ok=True)
    for index, frame in enumerate(frames):
        cv2.imwrite(str(path / f"{index:04d}.png"), frame[..., ::-1])


def write_video(path: Path, frames: Pixels) -> None:
    """An MPEG-4 file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    size = frames.shape[1]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 25, (size, size))
    for frame in frames:
        writer.write(np.ascontiguousarray(frame[..., ::-1]))
    writer.release()


def write_gif(path: Path, frames: Pixels) -> None:
    """An animated GIF, through PyAV, which has an encoder for it on every system."""
    import av

    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("gif", rate=10)
        stream.width = stream.height = frames.shape[1]
        stream.pix_fmt = "rgb8"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
