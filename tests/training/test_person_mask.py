"""The training of the person's mask: picture and mask stay together, a network learns, bad input is named."""

import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from models.person_mask import PersonMask
from realtime.settings import DEFAULT_SOURCE
from training.clips import Pixels
from training.efficientnet import load_pretrained, packaged_weights
from training.person_mask.__main__ import main, overlap, train, with_drawings
from training.person_mask.drawings import HANDS, drawn
from training.person_mask.find_masks import main as find_masks
from training.person_mask.find_masks import spread_frames
from training.person_mask.pictures import MaskedPictures, write_masked_pictures
from training.person_mask.scenes import continued, placed, varied
from training.stills import read_still

SIZE = 64


@pytest.fixture
def discs() -> MaskedPictures:
    """Four bright ellipses that stand on the lower edge, before dark noise."""
    noise = np.random.default_rng(0).integers(0, 90, (4, SIZE, SIZE, 3)).astype(np.uint8)
    y, x = np.mgrid[:SIZE, :SIZE]
    inside = np.stack([((x - 24 - 5 * i) / 14) ** 2 + ((y - SIZE) / 45) ** 2 < 1 for i in range(4)])
    return MaskedPictures(np.where(inside[..., None], 200, noise).astype(np.uint8), 255 * inside.astype(np.uint8))


@pytest.fixture
def clip_of_ten(tmp_path: Path) -> Path:
    """A folder of ten frames, each 20 levels lighter than the one before."""
    folder = tmp_path / "clip"
    folder.mkdir()
    for index in range(10):
        data = cv2.imencode(".png", np.full((SIZE, SIZE, 3), 20 * index, np.uint8))[1]
        (folder / f"{index:02}.png").write_bytes(data.tobytes())
    return folder


@pytest.fixture
def photo() -> Pixels:
    """A portrait that ships, small."""
    return read_still(DEFAULT_SOURCE, 2 * SIZE)


def tensors(pictures: MaskedPictures) -> tuple[Tensor, Tensor]:
    return (
        torch.from_numpy(pictures.pictures).permute(0, 3, 1, 2).float() / 255,
        torch.from_numpy(pictures.masks)[:, None].float() / 255,
    )


def test_picture_and_mask_are_moved_together_and_stand_on_the_lower_edge(discs: MaskedPictures) -> None:
    _, masks = tensors(discs)
    moved = placed(torch.cat([masks.repeat(16, 1, 1, 1)] * 2, dim=1), torch.Generator().manual_seed(0))
    torch.testing.assert_close(moved[:, 0], moved[:, 1])
    shares = moved[:, 0].mean(dim=(1, 2)) / masks.mean()
    assert shares.min() < 0.5 and shares.max() > 1.2
    assert (moved[:, 0, -1].amax(dim=-1) > 0.5).float().mean() > 0.9


def test_a_background_goes_on_where_its_person_stood(discs: MaskedPictures) -> None:
    pictures, masks = tensors(discs)
    behind = continued(pictures, masks)
    outside = (masks < 0.1).expand_as(pictures)
    torch.testing.assert_close(behind[outside], pictures[outside])
    assert behind[~outside].max() < 0.35


def test_scenes_are_pictures_and_the_same_seed_gives_the_same(discs: MaskedPictures) -> None:
    first, again = (varied(*tensors(discs), torch.Generator().manual_seed(3)) for _ in range(2))
    for found, wanted in zip(first, again, strict=True):
        torch.testing.assert_close(found, wanted)
        assert found.min() >= 0 and found.max() <= 1
    assert first[0].shape == (4, 3, SIZE, SIZE) and first[1].shape == (4, 1, SIZE, SIZE)


@pytest.mark.parametrize("hand", HANDS, ids=lambda hand: hand.__name__.strip("_"))
def test_every_hand_draws_what_is_there(hand: Callable[[Pixels, np.random.Generator], Pixels], photo: Pixels) -> None:
    picture = hand(photo, np.random.default_rng(0))
    assert picture.shape == photo.shape and picture.dtype == np.uint8
    grey, before = (cv2.cvtColor(x, cv2.COLOR_RGB2GRAY).ravel() for x in (picture, photo))
    assert np.corrcoef(grey, before)[0, 1] > 0.5
    assert np.abs(grey.astype(int) - before).mean() > 1


def test_a_drawing_that_fades_takes_its_mask_along(photo: Pixels) -> None:
    everywhere = np.full(photo.shape[:2], 255, np.uint8)
    for seed in range(40):
        picture, mask = drawn(photo, everywhere, np.random.default_rng(seed))
        bare = mask == 0
        if bare.mean() > 0.1:
            break
    assert bare[0, 0] and not bare[len(photo) // 2, len(photo) // 2]
    corner = cv2.blur(picture, (9, 9))[4, 4]
    assert corner.min() > 255 - 80 and np.abs(corner - picture[bare].mean(axis=0)).max() < 30


def test_so_many_are_drawn_and_the_same_seed_draws_the_same(discs: MaskedPictures) -> None:
    many = MaskedPictures(np.tile(discs.pictures, (10, 1, 1, 1)), np.tile(discs.masks, (10, 1, 1)))
    some = with_drawings(many, 0.4, seed=3)
    changed = (some.pictures != many.pictures).any(axis=(1, 2, 3))
    assert 8 <= changed.sum() <= 24
    assert np.array_equal(some.pictures, with_drawings(many, 0.4, seed=3).pictures)
    assert np.array_equal(some.masks[~changed], many.masks[~changed])


def test_it_learns_what_stands_before_the_noise(discs: MaskedPictures, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = PersonMask()
    load_pretrained(network.encoder, packaged_weights())
    before = overlap(network.eval(), discs)
    train(network, discs, steps=60, batch=4, out=tmp_path / "mask.safetensors")
    assert overlap(network, discs) > max(0.8, before + 0.2)
    stored = load_file(tmp_path / "mask.safetensors")
    assert {tensor.dtype for tensor in stored.values() if tensor.is_floating_point()} == {torch.float16}


def test_frames_are_spread_over_a_clip(clip_of_ten: Path) -> None:
    levels = [int(frame[0, 0, 0]) for frame in spread_frames(clip_of_ten)]
    assert levels == [0, 40, 80, 100, 140, 180]


def test_without_mediapipe_the_way_to_it_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "mediapipe.python.solutions.selfie_segmentation", None)
    assert find_masks([str(tmp_path), str(tmp_path / "masks.npz")]) == 2
    assert "make .venv-evaluate/.ready" in capsys.readouterr().err


def test_missing_masks_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "gone.npz"), "--validation", str(tmp_path / "gone.npz")]) == 2
    assert "gone.npz: missing" in capsys.readouterr().err


def test_masks_survive_their_file(discs: MaskedPictures, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "masks.npz"
    write_masked_pictures(file, discs.pictures, discs.masks)
    out = tmp_path / "mask.safetensors"
    assert main([str(file), "--validation", str(file), "--steps", "1", "--batch", "2", "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert '"overlap"' in printed and '"drawn"' in printed and out.exists()
