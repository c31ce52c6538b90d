"""The mesh read into torch: each kind of layer, and the distance of features in results on own and on others' faces."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from tests.training.tiny_graph import tiny_graph, weights
from training import face_mesh
from training.face_mesh import LAYERS, PLACES, SPANS, FaceMesh, FaceMeshError, MeshDistance, View, open_mesh_distance


def test_layers_compute_what_tensorflow_says_they_do() -> None:
    picture = torch.rand(2, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    kept = {name: torch.from_numpy(value) for name, value in weights().items()}
    # TensorFlow pads the odd pixel of a stride of two at the far side.
    wide = F.conv2d(F.pad(picture, (0, 1, 0, 1)), kept["wide"].permute(0, 3, 1, 2), stride=2)
    thin = F.conv2d(wide, kept["thin"].permute(3, 0, 1, 2), padding=1, groups=3)
    bent = F.prelu(wide + thin, kept["slopes"].flatten())
    pooled = F.max_pool2d(torch.cat([bent, torch.zeros(2, 1, 2, 2)], dim=1), 2)
    points = F.conv2d(pooled, kept["points"].permute(0, 3, 1, 2)).view(2, 468, 3)[..., :2]
    torch.testing.assert_close(FaceMesh(tiny_graph())(picture), points * (2 / 192) - 1)


def test_a_layer_of_another_kind_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(LAYERS, "MAX_POOL_2D")
    with pytest.raises(FaceMeshError, match="a layer MAX_POOL_2D"):
        FaceMesh(tiny_graph())


class Spots(torch.nn.Module):
    """Stands for the mesh: every point is at the brightest place of the crop."""

    def forward(self, crops: Tensor) -> Tensor:
        size = crops.shape[-1]
        axis = (2 * torch.arange(size) + 1) / size - 1
        bright = crops.mean(dim=1).flatten(1).mul(8).softmax(dim=1).view(-1, size, size)
        place = torch.stack([(bright.sum(dim=1) * axis).sum(1), (bright.sum(dim=2) * axis).sum(1)], dim=-1)
        return place[:, None].repeat(1, face_mesh.POINTS, 1)


def picture_of(x: float | Tensor, y: float) -> Tensor:
    """A bright spot at (x, y) in [-1, 1]."""
    axis = (2 * torch.arange(64) + 1) / 64 - 1
    return torch.exp(-((axis[None] - x) ** 2 + (axis[:, None] - y) ** 2) / 0.02).expand(1, 3, 64, 64)


PLACED = (2 * torch.tensor(PLACES) - 1)[None]


def test_the_distance_pulls_the_results_features_to_the_targets() -> None:
    distance = MeshDistance(Spots())  # type: ignore[arg-type]
    target = picture_of(0.2, 0.1)
    assert distance(target, target, PLACED).item() < 1e-6
    across = torch.tensor(-0.1, requires_grad=True)
    distance(picture_of(across, 0.1), target, PLACED).backward()
    assert across.grad is not None and across.grad < -0.1
    assert distance(picture_of(0.1, 0.1), target, PLACED) < distance(picture_of(-0.1, 0.1), target, PLACED)
    assert distance(picture_of(0, 0), target, PLACED * float("nan")).item() == 0


def test_strangers_features_are_moved_as_the_drivers_are() -> None:
    distance = MeshDistance(Spots())  # type: ignore[arg-type]
    portrait, neutral, driving = picture_of(0.0, -0.2), picture_of(0.1, 0.0), picture_of(0.25, 0.1)
    views = (View(portrait, PLACED), View(neutral, PLACED), View(driving, PLACED))
    followed = distance.of_strangers(picture_of(0.15, -0.1), PLACED, *views).item()
    stayed = distance.of_strangers(portrait, PLACED, *views).item()
    assert followed < 0.25 * stayed
    smaller = 0.5 * PLACED + 0.1  # the landmarks say where the crop is, not where the features are
    assert distance.of_strangers(picture_of(0.15, -0.1), smaller, *views).item() < 0.5 * stayed


def test_spans_are_pairs_of_the_meshes_points() -> None:
    assert all(0 <= end < face_mesh.POINTS for span in SPANS for end in span)
    assert len(set(SPANS)) == len(SPANS)


def test_a_missing_or_other_network_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(face_mesh, "find_spec", lambda _: None)
    with pytest.raises(FaceMeshError, match="pip install --no-deps mediapipe"):
        open_mesh_distance()


def test_points_are_numbers_of_the_crop() -> None:
    found = FaceMesh(tiny_graph())(torch.zeros(1, 3, 4, 4))
    np.testing.assert_allclose(found, -1)
