"""The proof: equal pictures pass, each limit is found where it is broken, and a file without a proof is refused."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from realtime.bundle import Bundle, open_bundle
from realtime.engines.proof import (
    LIMITS,
    Rendering,
    Scene,
    compare,
    prove,
    read_proof,
    render,
    shortfall,
    write_proof,
)
from realtime.errors import BundleError
from realtime.manifest import Parity
from tests.fakes import FakeEngine

SIZE = 64


def _scene(drivers: int = 3) -> Scene:
    rng = np.random.default_rng(1)
    return Scene(*(rng.integers(0, 256, (count, SIZE, SIZE, 3), np.uint8) for count in (2, drivers)))


def test_an_engine_equals_itself() -> None:
    first, second = render(FakeEngine(), _scene()), render(FakeEngine(), _scene())
    parity = compare(first, second, SIZE)
    assert parity.largest_difference == 0 and parity.keypoint_px == 0 and parity.image_psnr_db == pytest.approx(150)
    assert all(shortfall(parity, precision) is None for precision in LIMITS)


def test_a_scene_gives_a_picture_per_driver_but_the_neutral_one() -> None:
    rendering = render(FakeEngine(), _scene(drivers=4))
    assert rendering.images.shape == (3, SIZE, SIZE, 3)
    assert rendering.mean.shape[0] == 2 + 4


def test_keypoints_are_measured_in_pixels_of_the_picture() -> None:
    expected = render(FakeEngine(), _scene())
    moved = dataclasses.replace(expected, mean=expected.mean + np.float32(2 / SIZE))
    assert compare(moved, expected, SIZE).keypoint_px == pytest.approx(1.0, rel=1e-4)


def test_pictures_are_measured_by_the_worst_one() -> None:
    expected = render(FakeEngine(), _scene())
    images = expected.images.copy()
    images[1] = np.where(images[1] > 0.5, images[1] - np.float32(0.1), images[1] + np.float32(0.1))
    assert compare(dataclasses.replace(expected, images=images), expected, SIZE).image_psnr_db == pytest.approx(20)


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(Rendering)])
def test_nan_anywhere_fails(field: str) -> None:
    expected = render(FakeEngine(), _scene())
    broken = getattr(expected, field).copy()
    broken.flat[0] = np.nan
    parity = compare(dataclasses.replace(expected, **{field: broken}), expected, SIZE)
    assert all(shortfall(parity, precision) for precision in LIMITS)


BROKEN = {
    "fp32 by a difference": ("fp32", Parity(largest_difference=2e-4, keypoint_px=0, image_psnr_db=99), "2.0e-04"),
    "fp16 by keypoints": ("fp16", Parity(largest_difference=1, keypoint_px=0.11, image_psnr_db=99), "0.11 px"),
    "fp16 by the picture": ("fp16", Parity(largest_difference=1, keypoint_px=0, image_psnr_db=44.9), "44.9 dB"),
    "int8 by keypoints": ("int8", Parity(largest_difference=1, keypoint_px=0.51, image_psnr_db=99), "0.51 px"),
    "int8 by the picture": ("int8", Parity(largest_difference=1, keypoint_px=0, image_psnr_db=33.9), "33.9 dB"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_each_limit_is_found_broken(case: str) -> None:
    precision, parity, told = BROKEN[case]
    assert told in (shortfall(parity, precision) or "")  # type: ignore[arg-type]


def test_the_limits_are_those_promised() -> None:
    assert LIMITS["fp32"].largest_difference == 1e-4
    assert (LIMITS["fp16"].keypoint_px, LIMITS["fp16"].image_psnr_db) == (0.1, 45)
    assert (LIMITS["int8"].keypoint_px, LIMITS["int8"].image_psnr_db) == (0.5, 34)


def test_a_proof_survives_its_file(tmp_path: Path, tiny_bundle: Bundle) -> None:
    scene = _scene()
    expected = render(FakeEngine(), scene)
    write_proof(tmp_path / "parity.npz", scene, expected)
    stored, rendering = read_proof(dataclasses.replace(tiny_bundle, path=tmp_path))
    assert np.array_equal(stored.drivers, scene.drivers) and np.array_equal(stored.portraits, scene.portraits)
    assert compare(rendering, expected, SIZE).largest_difference <= 1e-5


def test_a_bundles_proof_holds_for_the_engine_that_made_it(tiny_bundle: Bundle) -> None:
    assert shortfall(prove(FakeEngine(), tiny_bundle), "fp32") is None


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut off", b"nothing"])
def test_a_file_that_holds_no_proof_is_refused(content: bytes, own_bundle: Path) -> None:
    bundle = open_bundle(own_bundle)
    (own_bundle / "parity.npz").write_bytes(content)
    with pytest.raises(BundleError, match=r"parity\.npz: holds no proof"):
        read_proof(bundle)


def test_a_proof_that_lacks_a_part_is_refused(own_bundle: Path) -> None:
    bundle = open_bundle(own_bundle)
    np.savez(own_bundle / "parity.npz", portraits=np.zeros((1, SIZE, SIZE, 3), np.uint8))
    with pytest.raises(BundleError, match="holds no proof"):
        read_proof(bundle)
