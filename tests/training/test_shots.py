"""Spans of raw footage: what a clip may hold, where it is split, why the rest is dropped."""

import numpy as np

from realtime.faces.detector import FaceBox
from training.cuts import find_cuts
from training.shots import LONGEST_S, Look, Reason, Span, plan_spans

RATE_HZ = 20.0
EVERY = 5
HEIGHT, WIDTH = 720, 1280


def face(left: float, top: float = 200, side: float = 150) -> FaceBox:
    return FaceBox(left, top, side, side, 0.99)


def looks_of(*faces: tuple[FaceBox, ...]) -> list[Look]:
    return [Look(EVERY * index, found) for index, found in enumerate(faces)]


def planned(looks: list[Look], cuts: tuple[int, ...] = ()) -> tuple[list[Span], list[tuple[int, int, Reason]]]:
    spans, dropped = plan_spans(looks, cuts, EVERY * len(looks), RATE_HZ, HEIGHT, WIDTH)
    covered = sorted([(s.start, s.stop) for s in spans] + [(d.start, d.stop) for d in dropped])
    assert [stop for _, stop in covered[:-1]] == [start for start, _ in covered[1:]]
    assert covered[0][0] == 0 and covered[-1][1] == EVERY * len(looks)
    return spans, [(part.start, part.stop, part.reason) for part in dropped]


def test_one_face_in_one_shot_is_one_span_around_the_face() -> None:
    (span,), dropped = planned(looks_of(*[(face(600),)] * 10))
    assert (span.start, span.stop) == (0, 50) and not dropped
    assert abs(span.crop.left_px + span.crop.side_px / 2 - 675) <= 1
    assert abs(150 / span.crop.side_px - 0.532) < 0.01


def test_shots_are_split_at_cuts() -> None:
    spans, dropped = planned(looks_of(*[(face(600),)] * 8, *[(face(200),)] * 8), cuts=(38,))
    assert [(span.start, span.stop) for span in spans] == [(0, 38), (38, 80)] and not dropped


def test_a_face_that_leaves_the_square_splits_the_shot() -> None:
    spans, dropped = planned(looks_of(*[(face(300),)] * 8, *[(face(500),)] * 8))
    assert [(span.start, span.stop) for span in spans] == [(0, 36), (40, 80)]
    assert dropped == [(36, 40, Reason.LEFT)]
    assert spans[1].crop.left_px - spans[0].crop.left_px == 200


def test_reasons_are_told_apart() -> None:
    two = (face(500), face(560, side=140))
    looks = looks_of(*[()] * 8, *[two] * 8, *[(face(500, side=40),)] * 8, *[(face(500),)] * 2)
    spans, dropped = planned(looks, cuts=(40, 80, 120))
    assert not spans
    assert [reason for _, _, reason in dropped] == [
        Reason.NO_FACE,
        Reason.SEVERAL_FACES,
        Reason.SMALL_FACE,
        Reason.SHORT,
    ]


def test_a_larger_face_elsewhere_changes_nothing() -> None:
    alone, joined = (face(200),), (face(900, side=180), face(200))
    (span,), dropped = planned(looks_of(*[alone] * 4, *[joined] * 4))
    assert (span.start, span.stop) == (0, 40) and not dropped


def test_a_face_missed_for_a_moment_is_still_there_and_one_gone_is_not() -> None:
    seen = (face(500),)
    (span,), _ = planned(looks_of(*[seen] * 5, (), (), *[seen] * 5))
    assert (span.start, span.stop) == (0, 60)
    spans, dropped = planned(looks_of(*[seen] * 5, (), (), (), *[seen] * 5))
    assert [(span.start, span.stop) for span in spans] == [(0, 21), (40, 65)]
    assert dropped == [(21, 40, Reason.NO_FACE)]


def test_long_shots_are_divided() -> None:
    spans, _ = planned(looks_of(*[(face(500),)] * round(2.5 * LONGEST_S * RATE_HZ / EVERY)))
    assert len(spans) == 3
    assert max(span.stop - span.start for span in spans) <= LONGEST_S * RATE_HZ + 1


def test_the_square_stays_in_the_picture() -> None:
    (span,), _ = planned(looks_of(*[(face(1120, top=560),)] * 10))
    assert span.crop.left_px + span.crop.side_px == WIDTH
    assert span.crop.top_px + span.crop.side_px == HEIGHT


def test_cuts_stand_out_from_a_lively_shot() -> None:
    generator = np.random.default_rng(0)
    changes = generator.uniform(0.01, 0.03, 100)
    assert find_cuts(changes) == []
    changes[[20, 60]] = 0.15, 0.3
    assert find_cuts(changes) == [20, 60]


def test_repeated_frames_are_no_cuts() -> None:
    changes = np.zeros(40)
    changes[::2] = 0.03
    assert find_cuts(changes) == []
