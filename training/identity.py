"""Identity distance: how far two faces are apart for a network that tells people from each other.

The network is dlib's residual network of 29 convolutions, whose weights the package `face-recognition-models` carries
(public domain; King, dlib.net). It is read from dlib's own file format, number by number: nothing in it is executed.
"""

import hashlib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from training.face_alignment import aligned_faces, alignment, known_faces, known_or_in_place, mean_of_known

SHA256 = "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30"
SIZE = 150
CHANNEL_MEANS = (122.782, 117.001, 104.298)  # of red, green and blue in [0, 255]
# Channels of every residual block in order; a block with twice as many channels, or marked, halves the picture.
BLOCKS = (
    *((32, False),) * 3,
    (64, True), *((64, False),) * 3,
    (128, True), *((128, False),) * 2,
    (256, True), *((256, False),) * 2,
    (256, True),
)  # fmt: skip
DIMENSIONS = 128
# Where the network expects the landmarks of training/face_alignment.py, as shares of the side.
PLACES = ((0.7397, 0.3090), (0.5974, 0.3193), (0.2470, 0.3091), (0.3894, 0.3194), (0.4934, 0.5852))
# The kinds of layer that hold numbers, and how many integers stand between their name and the size of what they hold:
# a version, and before it the fully connected layer's outputs and inputs.
LEADING = {b"con_4": 1, b"affine_": 1, b"fc_2": 3}


class IdentityError(Exception):
    """Weights that are missing or are not the expected ones; the message says what to do."""


class IdentityEmbedding(nn.Module):
    """128 numbers of an aligned face. Its weights are fixed."""

    mean: Tensor

    def __init__(self, weights: Iterator[np.ndarray]) -> None:
        super().__init__()
        self.stem = _scaled_convolution(weights, 3, 32, 7, stride=2)
        blocks, channels = [], 32
        for wider, halves in BLOCKS:
            blocks.append(_Block(weights, channels, wider, halves))
            channels = wider
        self.blocks = nn.Sequential(*blocks)
        self.register_buffer("mean", torch.tensor(CHANNEL_MEANS).view(1, 3, 1, 1) / 255)
        self.register_buffer("projection", torch.from_numpy(next(weights).reshape(channels, DIMENSIONS)))
        self.requires_grad_(False).eval()

    def forward(self, faces: Tensor) -> Tensor:
        """Embedding [b, 128] of aligned faces [b, 3, 150, 150] in [0, 1]."""
        x = F.relu(self.stem((faces - self.mean) * (255 / 256)))
        x = self.blocks(F.max_pool2d(x, 3, 2))
        return x.mean(dim=(2, 3)) @ self.projection


def identity_distance(embedding: IdentityEmbedding, result: Tensor, target: Tensor, landmarks: Tensor) -> Tensor:
    """Mean distance of the embeddings of two pictures [b, 3, s, s] of faces at `landmarks` [b, 5, 2] in [-1, 1].

    Pictures with an unknown landmark (NaN) are skipped. Gradients reach `result` alone.
    """
    maps = alignment(known_or_in_place(landmarks, PLACES), PLACES)
    result, target = (aligned_faces(image, maps, SIZE) for image in (result, target))
    with torch.no_grad():
        expected = embedding(target).float()
    distances = (embedding(result).float() - expected).square().sum(dim=1).clamp_min(1e-8).sqrt()
    return mean_of_known(distances, known_faces(landmarks))


class _Block(nn.Module):
    """Two convolutions added to the input, which is averaged by twos and padded with zeros where they are smaller."""

    def __init__(self, weights: Iterator[np.ndarray], channels_in: int, channels_out: int, halves: bool) -> None:
        super().__init__()
        self.halves = halves
        self.first = _scaled_convolution(weights, channels_in, channels_out, 3, stride=2 if halves else 1)
        self.second = _scaled_convolution(weights, channels_out, channels_out, 3)

    def forward(self, x: Tensor) -> Tensor:
        y = self.second(F.relu(self.first(x)))
        if self.halves:
            x = F.avg_pool2d(x, 2)
        height, width = (max(a, b) for a, b in zip(x.shape[2:], y.shape[2:], strict=True))
        return F.relu(_padded(x, y.shape[1], height, width) + _padded(y, y.shape[1], height, width))


def _padded(x: Tensor, channels: int, height: int, width: int) -> Tensor:
    return F.pad(x, (0, width - x.shape[3], 0, height - x.shape[2], 0, channels - x.shape[1]))


def _scaled_convolution(
    weights: Iterator[np.ndarray], channels_in: int, channels_out: int, kernel: int, stride: int = 1
) -> nn.Conv2d:
    """The next convolution with the scale and shift that follow it folded in; dlib pads only without a stride."""
    values, affine = next(weights), next(weights)
    scale, shift = torch.from_numpy(affine).view(2, channels_out)
    matrix = torch.from_numpy(values[: channels_out * channels_in * kernel**2])
    bias = torch.from_numpy(values[channels_out * channels_in * kernel**2 :])
    layer = nn.Conv2d(channels_in, channels_out, kernel, stride, kernel // 2 if stride == 1 else 0)
    layer.load_state_dict(
        {
            "weight": matrix.view(channels_out, channels_in, kernel, kernel) * scale[:, None, None, None],
            "bias": bias * scale + shift,
        }
    )
    return layer


def open_identity_embedding() -> IdentityEmbedding:
    """The embedding with the package's weights; IdentityError if the package is missing or holds other ones."""
    # The package cannot be imported: it wants pkg_resources, which current setuptools no longer has.
    spec = find_spec("face_recognition_models")
    if spec is None or not spec.submodule_search_locations:
        raise IdentityError("an identity loss needs pip install face-recognition-models; or set identity = 0")
    models = Path(spec.submodule_search_locations[0]) / "models"
    return IdentityEmbedding(read_layers(models / "dlib_face_recognition_resnet_model_v1.dat"))


def read_layers(path: Path) -> Iterator[np.ndarray]:
    """Each layer's numbers, from input to output, of the one file this loss was made for; IdentityError for others."""
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256:
        raise IdentityError(f"{path}: SHA-256 is {found}, expected {SHA256}; install the package again")
    return parse_layers(content)


def parse_layers(content: bytes) -> Iterator[np.ndarray]:
    """The numbers of each layer that has any, in the order of the file."""
    place = 0
    while starts := [(at, name) for name in LEADING if (at := content.find(name, place)) >= 0]:
        at, name = min(starts)
        place = at + len(name)
        for _ in range(LEADING[name]):
            _, place = _packed_integer(content, place)
        count = 1
        for _ in range(4):
            size, place = _packed_integer(content, place)
            count *= size
        yield np.frombuffer(content, "<f4", count, place).copy()
        place += 4 * count


def _packed_integer(content: bytes, place: int) -> tuple[int, int]:
    """dlib's integer at `place` and where the next value starts: a byte that tells the length, then that many bytes."""
    length = content[place] & 0x0F
    return int.from_bytes(content[place + 1 : place + 1 + length], "little"), place + 1 + length
