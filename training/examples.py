"""From a batch of frame pairs to what the objective sees: flips, colours, a poorer camera, landmarks."""

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from realtime.parts import Parts
from training.augmentation import degrade, draw_colours, draw_flips, flip
from training.face_alignment import LANDMARKS as FACE_LANDMARKS
from training.frame_cache import FrameCache
from training.landmarks import LandmarkTrack, asides, open_landmarks, parted, shapes_of, unusual_frames
from training.objective import Example
from training.pairs import PairBatch, Sampling
from training.sections import LandmarkSettings
from training.settings import TrainingSettings
from training.stills import Stills
from training.strangers import Openings
from training.validation import to_tensor


def open_guide(settings: TrainingSettings, cache: FrameCache) -> LandmarkTrack | None:
    """The landmarks of the cache's frames, if the configuration names any; those that align faces come last."""
    guide = settings.landmarks
    if guide is None:
        return None
    points = (*guide.points, *(FACE_LANDMARKS if settings.aligns_faces else ()))
    return open_landmarks(guide.folder, cache, settings.data.stride, points)


def pair_sampling(settings: TrainingSettings, cache: FrameCache, landmarks: LandmarkTrack | None) -> Sampling | None:
    """How often each frame drives, or None where all drive alike."""
    guide = settings.landmarks
    if landmarks is None or guide is None:
        return None
    weights = np.ones(cache.starts[-1])
    if guide.span_sampling and guide.spans:
        weights += guide.span_sampling * unusual_frames(landmarks, cache.starts, guide.spans)
    if not (guide.turn_sampling or guide.led_sampling or guide.lip_sampling):
        return Sampling(weights)
    points, face = landmarks.points, list(guide.parts["face"])
    shapes = shapes_of(points[:, face]) if guide.turn_sampling else None
    if guide.led_sampling:
        shapes = asides(points, np.asarray(guide.led), face)
    apart = parted(points, guide.told.lips, face) if guide.lip_sampling else None
    return Sampling(weights, shapes, guide.turn_sampling or guide.led_sampling, apart, guide.lip_sampling)


def make_example(
    settings: TrainingSettings,
    pairs: PairBatch,
    landmarks: LandmarkTrack | None,
    stills: Stills | None,
    step: int,
    generator: torch.Generator,
    device: torch.device,
) -> Example:
    """The batch on `device`, augmented by what `generator` draws; landmarks weigh what they weigh at `step`."""
    source, driving = to_tensor(pairs.source, device), to_tensor(pairs.driving, device)
    mirrored = draw_flips(source, generator)
    source, driving = flip(source, mirrored), flip(driving, mirrored)
    room = draw_colours(source, settings.colour_jitter, generator)
    source, target = room.apply(source), room.apply(driving)
    camera = draw_colours(source, settings.driving_colour_jitter, generator)
    driving = degrade(camera.apply(target), settings.driving_degradation, generator)
    example = Example(source, driving, target)
    if stills is not None:
        count = round(settings.loss.cross * len(source))
        example = replace(example, strangers=stills.draw(count, settings.colour_jitter, generator, device))
    guide = settings.landmarks
    if landmarks is None or guide is None:
        return example
    guided, told = len(guide.points), guide.told
    source_landmarks = _landmarks_of(landmarks, pairs.source_rows, mirrored)
    driving_landmarks = _landmarks_of(landmarks, pairs.driving_rows, mirrored)
    return replace(
        example,
        source_landmarks=source_landmarks[:, :guided],
        driving_landmarks=driving_landmarks[:, :guided],
        source_face_landmarks=source_landmarks[:, guided:] if settings.aligns_faces else None,
        face_landmarks=driving_landmarks[:, guided:] if settings.aligns_faces else None,
        landmark_weight=_weight_at(guide, step),
        emphasised=guide.emphasised,
        emphasis=guide.emphasis,
        emphasis_gradient=guide.emphasis_gradient,
        spans=torch.tensor(guide.spans, device=device) if guide.spans else None,
        span_weight=guide.span_weight,
        shift_weight=guide.shift_weight,
        judge_weight=float(step >= settings.loss.head_start),
        judged=guide.judged,
        led=guide.led,
        openings=_openings(told, device) if guide.openings else None,
        parts=told,
    )


def _openings(parts: Parts, device: torch.device) -> Openings:
    return Openings(*(torch.from_numpy(pairs).to(device) for pairs in (parts.openings, parts.lips)))


def _landmarks_of(track: LandmarkTrack, rows: NDArray[np.int64], mirrored: Tensor) -> Tensor:
    plain, flipped = (torch.from_numpy(points[rows]).to(mirrored.device) for points in (track.points, track.mirrored))
    return torch.where(mirrored[:, None, None], flipped, plain)


def _weight_at(guide: LandmarkSettings, step: int) -> float:
    start, end = guide.weight
    return end + (start - end) * max(0.0, 1 - step / guide.steps)
