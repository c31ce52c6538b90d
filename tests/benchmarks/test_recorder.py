"""What was measured is kept, and half a round is not."""

from benchmarks.recorder import Recorder


def test_series_go_by_name_and_labels() -> None:
    recorder = Recorder()
    recorder.add("age", "ms", 1.0, labels={"threads": "1"})
    recorder.add("age", "ms", 2.0, labels={"threads": "2"})
    recorder.add("age", "ms", 3.0, 4.0, labels={"threads": "1"})
    assert [series.samples for series in recorder.series()] == [(1.0, 3.0, 4.0), (2.0,)]


def test_an_interrupted_round_is_cut_from_all_who_took_turns() -> None:
    recorder = Recorder()
    for value in (1.0, 2.0):
        recorder.add("frame", "ms", value, rounds="frames", labels={"what": "a"})
    recorder.add("frame", "ms", 3.0, rounds="frames", labels={"what": "b"})
    recorder.add("alone", "ms", 1.0, 2.0)
    assert [series.samples for series in recorder.series()] == [(1.0,), (3.0,), (1.0, 2.0)]


def test_a_note_is_kept_once() -> None:
    recorder = Recorder()
    recorder.note("untrained")
    recorder.note("untrained")
    assert recorder.notes == ("untrained",)
