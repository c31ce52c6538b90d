"""The stripe outlives what happens to pictures, and is not seen where there is none."""

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.figures.stripe import PERIOD_MS, age_ms, birth_number, draw_stripe, read_stripe
from realtime.frames import Pixels

SIZES = ((64, 64), (256, 256), (480, 640), (720, 1280))


def _striped(number: int, height: int = 256, width: int = 256, seed: int = 0) -> Pixels:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    draw_stripe(pixels, number)
    return pixels


@settings(deadline=None)
@given(st.integers(0, PERIOD_MS - 1), st.sampled_from(SIZES))
def test_what_is_drawn_is_read(number: int, size: tuple[int, int]) -> None:
    assert read_stripe(_striped(number, *size)) == number


@settings(deadline=None, max_examples=50)
@given(st.integers(0, PERIOD_MS - 1), st.sampled_from([(128, 128), (360, 640), (300, 500)]))
def test_it_outlives_scaling_and_jpeg(number: int, size: tuple[int, int]) -> None:
    small = cv2.resize(_striped(number, 720, 1280), size[::-1], interpolation=cv2.INTER_AREA)
    _, data = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 60])
    assert read_stripe(np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)) == number


def test_it_outlives_a_video_encoder(tmp_path: Path) -> None:
    numbers = [int(number) for number in np.random.default_rng(0).integers(0, PERIOD_MS, 12)]
    path = tmp_path / "striped.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(30), options={"crf": "30", "preset": "ultrafast"})
        stream.width = stream.height = 256
        stream.pix_fmt = "yuv420p"
        for index, number in enumerate(numbers):
            pixels = np.full((256, 256, 3), 90 + index, np.uint8)
            draw_stripe(pixels, number)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())
    with av.open(str(path)) as container:
        pictures = [picture.to_ndarray(format="rgb24") for picture in container.decode(video=0)]
    assert [read_stripe(np.asarray(picture, np.uint8)) for picture in pictures] == numbers


def test_pictures_without_one_are_not_read() -> None:
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (500, 64, 96, 3), dtype=np.uint8)
    assert all(read_stripe(picture) is None for picture in noise)
    assert read_stripe(np.zeros((64, 16, 3), np.uint8)) is None


@pytest.mark.parametrize("cell", range(24))
def test_a_torn_cell_is_noticed(cell: int) -> None:
    pixels = _striped(0b1010_0110_0101_1001, 48, 240)
    pixels[:, 10 * cell : 10 * cell + 10] = 255 - pixels[:, 10 * cell : 10 * cell + 10]
    assert read_stripe(pixels) is None


@given(st.floats(0, 1e6), st.floats(0, 60))
def test_ages_survive_the_numbers_wrapping(born_s: float, age_s: float) -> None:
    # A picture half a millisecond old may be rounded to one that is not born yet.
    found = (age_ms(birth_number(born_s), born_s + age_s) + 1) % PERIOD_MS - 1
    assert found == pytest.approx(1000 * age_s, abs=0.51)
