"""The border between frames and graphs."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from realtime.frames import Pixels, pixels_to_tensor, tensor_to_pixels

pictures = arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(3)))


@given(pictures)
def test_pixels_survive_the_round_trip_exactly(pixels: Pixels) -> None:
    assert np.array_equal(tensor_to_pixels(pixels_to_tensor(pixels)), pixels)


def test_tensor_is_planar_float32_in_unit_range() -> None:
    pixels = np.zeros((2, 3, 3), np.uint8)
    pixels[1, 2] = (255, 51, 0)
    tensor = pixels_to_tensor(pixels)
    assert tensor.shape == (1, 3, 2, 3)
    assert tensor.dtype == np.float32
    assert tensor.flags.c_contiguous
    np.testing.assert_allclose(tensor[0, :, 1, 2], [1.0, 0.2, 0.0], atol=1e-7)


def test_values_beyond_the_range_are_clipped() -> None:
    tensor = np.array([-0.5, 0.5, 1.5], np.float32).reshape(1, 3, 1, 1)
    assert tensor_to_pixels(tensor).ravel().tolist() == [0, 128, 255]
