"""Batches are pairs of one clip, decided by seed and step alone."""

from collections.abc import Iterator

import numpy as np
import pytest

from training.frame_cache import FrameCache
from training.pairs import PairLoader, Sampling, draw_pairs
from training.parallel import Ranks


@pytest.fixture
def cache() -> FrameCache:
    """Three clips; every pixel of a frame holds its clip's number and its own."""
    lengths = (2, 5, 9)
    frames = np.zeros((sum(lengths), 4, 4, 3), np.uint8)
    starts = (0, *np.cumsum(lengths).tolist())
    for clip, (start, stop) in enumerate(zip(starts, starts[1:], strict=False)):
        frames[start:stop, ..., 0] = clip
        frames[start:stop, ..., 1] = np.arange(stop - start)[:, None, None]
    return FrameCache(frames, starts, ("a", "b", "c"))


def test_pairs_are_two_frames_of_one_clip(cache: FrameCache) -> None:
    for step in range(50):
        pairs = draw_pairs(cache, 8, seed=1, step=step)
        source, driving = pairs.source[:, 0, 0], pairs.driving[:, 0, 0]
        assert (source[:, 0] == driving[:, 0]).all()
        assert (source[:, 1] != driving[:, 1]).all()


def test_every_frame_is_drawn_as_source_and_as_driving(cache: FrameCache) -> None:
    batches = [draw_pairs(cache, 16, seed=2, step=step) for step in range(40)]
    for frames in ([b.source for b in batches], [b.driving for b in batches]):
        seen = {tuple(frame[0, 0, :2]) for batch in frames for frame in batch}
        assert len(seen) == 16


def test_loader_gives_the_batches_of_its_steps(cache: FrameCache) -> None:
    with PairLoader(cache, 4, seed=3, steps=range(5, 9)) as loader:
        found = list(loader)
    assert len(found) == 4
    for step, batch in enumerate(found, start=5):
        np.testing.assert_array_equal(batch.source, draw_pairs(cache, 4, seed=3, step=step).source)


def test_parts_are_the_batch_divided(cache: FrameCache) -> None:
    whole = draw_pairs(cache, 6, seed=4, step=7)
    parts = [draw_pairs(cache, 6, seed=4, step=7, part=Ranks(rank, 3).part(6)) for rank in range(3)]
    np.testing.assert_array_equal(np.concatenate([part.source_rows for part in parts]), whole.source_rows)
    np.testing.assert_array_equal(np.concatenate([part.driving for part in parts]), whole.driving)


def test_loader_hands_over_its_failure(cache: FrameCache) -> None:
    broken = FrameCache(cache.frames[:3], cache.starts, cache.names)

    def drawn() -> Iterator[object]:
        with PairLoader(broken, 16, seed=0, steps=range(20)) as loader:
            yield from loader

    with pytest.raises(IndexError):
        list(drawn())


def test_loader_closes_while_it_waits_to_hand_over(cache: FrameCache) -> None:
    loader = PairLoader(cache, 2, seed=0, steps=range(1000), ahead=1)
    loader.close()
    loader.close()
    assert not loader._thread.is_alive()


def test_weights_decide_how_often_a_frame_drives(cache: FrameCache) -> None:
    weights = np.ones(16)
    weights[7 + 3] = 20  # the fourth frame of the last clip
    batches = [draw_pairs(cache, 16, seed=4, step=step, sampling=Sampling(weights)) for step in range(60)]
    last = np.concatenate([batch.driving[:, 0, 0] for batch in batches])
    last = last[last[:, 0] == 2]
    share = (last[:, 1] == 3).mean()
    assert 0.5 < share < 0.75  # 20 of 28, less the ninth in which it is the source
    assert all((batch.source_rows != batch.driving_rows).all() for batch in batches)


def test_frames_unlike_their_source_drive_it_more_often(cache: FrameCache) -> None:
    shapes = np.zeros((16, 2), np.float32)
    shapes[7 + 5 :, 0] = 1  # the last four frames of the last clip look to the other side
    shapes[7 + 4] = np.nan  # one in which no face was found
    sampling = Sampling(np.ones(16), shapes, shape_sampling=3.0)
    shares = sampling.shares(7, 16, source=7)
    np.testing.assert_allclose(shares, np.array([0, 1, 1, 1, 1, 4, 4, 4, 4]) / 20)
    unknown = sampling.shares(7, 16, source=7 + 4)
    np.testing.assert_allclose(unknown, np.array([1, 1, 1, 1, 0, 1, 1, 1, 1]) / 8)


def test_lips_that_part_drive_closed_ones_more_often_and_their_clips_too(cache: FrameCache) -> None:
    parted = np.full(16, 0.2)
    parted[7 + 8] = 0.7  # the last frame of the last clip
    parted[7 + 1] = np.nan
    parted[:2] = np.nan  # a clip without any face
    sampling = Sampling(np.ones(16), parted=parted, lip_sampling=8.0)
    np.testing.assert_allclose(sampling.shares(7, 16, source=7), np.array([0, 1, 1, 1, 1, 1, 1, 1, 3]) / 10)
    np.testing.assert_allclose(sampling.shares(7, 16, source=8), np.array([1, 0, 1, 1, 1, 1, 1, 1, 1]) / 8)
    roots = np.sqrt([2, 5, 9]) * [1, 1, 3]
    np.testing.assert_allclose(sampling.clip_shares(np.asarray(cache.starts)), roots / roots.sum())
