"""The lasting camera: it comes back from every fault by itself, says so once, and hangs with no driver."""

import itertools
import logging
from collections.abc import Iterator

import pytest

from realtime.demand import Demand
from realtime.devices.lasting_camera import SILENCE_S, CameraDriver, LastingCamera
from realtime.errors import DeviceError
from tests.fake_clock import FakeClock
from tests.fake_driver import PERIOD_S, Fault, Missing, Pictures, Plug, Silence, Step

FAULTS: dict[str, list[Step]] = {
    "an error, back at once": [Pictures(5), Fault(), Pictures(5)],
    "unplugged for a while": [Pictures(5), Fault(), Missing(4), Pictures(5)],
    "frozen": [Pictures(5), Silence(60.0), Pictures(5)],
    "hung, and taken by another program": [Pictures(5), Silence(9.0), Fault(), Missing(3), Pictures(5)],
    "one fault after another": [Pictures(2), Fault(), Pictures(1), Fault(), Missing(1), Fault(), Pictures(5)],
}


@pytest.fixture
def clock() -> Iterator[FakeClock]:
    clock = FakeClock()
    yield clock
    clock.end()


@pytest.mark.parametrize("fault", FAULTS)
def test_it_comes_back_and_counts_on(fault: str, clock: FakeClock) -> None:
    plug = Plug(FAULTS[fault], clock)
    with LastingCamera(plug.open_driver, clock=clock) as camera:
        frames = list(itertools.islice(camera.frames(), 12))
    assert [frame.index for frame in frames] == list(range(12))
    times_s = [frame.captured_at for frame in frames]
    assert times_s == sorted(times_s)
    assert plug.opened >= 2


def test_the_log_says_once_that_it_went_and_once_that_it_came(
    clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    plug = Plug([Pictures(5), Fault(), Missing(20), Pictures(5)], clock)
    with caplog.at_level(logging.INFO), LastingCamera(plug.open_driver, clock=clock) as camera:
        list(itertools.islice(camera.frames(), 8))
    told = [record.message for record in caplog.records]
    assert told == ["stopped giving pictures; looking for it until it returns", "webcam:fake: back after 68 s"]


def test_it_tries_often_at_first_and_rarely_later(clock: FakeClock) -> None:
    plug = Plug([Pictures(1), Fault(), Missing(1000)], clock)
    camera = LastingCamera(plug.open_driver, clock=clock)
    tries: list[int] = []

    def watch() -> None:
        for _ in range(2):
            clock.sleep(2)
            tries.append(plug.tried)
        clock.sleep(600)
        tries.append(plug.tried)
        camera.stop()

    clock.start("user", watch)
    assert len(list(camera.frames())) == 1
    assert tries[0] >= 4
    assert tries[2] - tries[1] <= 600 / 4 + 1


def test_a_driver_that_never_answers_is_left_behind_and_named(
    clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    plug = Plug([Pictures(5), Silence(3600.0)], clock)
    camera = LastingCamera(plug.open_driver, clock=clock)
    began_s = clock.now_s()
    frames = list(itertools.islice(camera.frames(), 10))
    assert frames[5].captured_at - frames[4].captured_at < SILENCE_S + 2
    assert "webcam:fake: its driver does not answer, so it is left behind" in caplog.text
    assert clock.now_s() - began_s < 10
    camera.close()


def test_it_ends_at_once_when_told_to(clock: FakeClock) -> None:
    camera = LastingCamera(Plug([Pictures(5), Silence(3600.0)], clock).open_driver, clock=clock)
    ended_s: list[float] = []

    def use() -> None:
        list(camera.frames())
        ended_s.append(clock.now_s())

    clock.start("camera", use)
    clock.sleep(1.5)
    camera.stop()
    clock.sleep(2)
    assert ended_s and ended_s[0] < clock.now_s() - 0.5


def test_its_first_opening_is_the_callers_error(clock: FakeClock) -> None:
    with pytest.raises(DeviceError, match="the camera is gone"):
        LastingCamera(Plug([Missing(1)], clock).open_driver, clock=clock)


def test_a_bug_in_a_driver_is_not_hidden(clock: FakeClock) -> None:
    class Broken(CameraDriver):
        name, rate_hz = "broken:", 30.0

        def read(self) -> object:  # type: ignore[override]
            raise ZeroDivisionError

        def close(self) -> None:
            pass

    camera = LastingCamera(Broken, clock=clock)
    with pytest.raises(ZeroDivisionError):
        list(camera.frames())


def test_the_camera_is_given_back_while_nobody_looks_and_returns_within_a_second(clock: FakeClock) -> None:
    plug, demand = Plug([], clock), Demand(clock)
    camera = LastingCamera(plug.open_driver, demand, clock)
    open_while_idle: list[int] = []
    wanted_s: list[float] = []

    def readers_come_and_go() -> None:
        clock.sleep(1)
        demand.set(False)
        clock.sleep(5)
        open_while_idle.append(plug.open)
        wanted_s.append(clock.now_s())
        demand.set(True)

    clock.start("readers", readers_come_and_go)
    times_s = [frame.captured_at for frame in itertools.islice(camera.frames(), 60)]
    camera.close()
    assert open_while_idle == [0]
    first_back_s = next(time_s for time_s in times_s if time_s > wanted_s[0])
    assert first_back_s - wanted_s[0] < 0.2 + PERIOD_S


def test_closing_gives_the_camera_back_and_is_safe_twice(clock: FakeClock) -> None:
    plug = Plug([], clock)
    camera = LastingCamera(plug.open_driver, clock=clock)
    next(camera.frames())
    camera.close()
    camera.close()
    assert plug.open == 0


def test_its_true_rate_is_measured_and_told(clock: FakeClock, caplog: pytest.LogCaptureFixture) -> None:
    slow: list[Step] = [step for _ in range(100) for step in (Pictures(1), Silence(5 * PERIOD_S))]
    with caplog.at_level(logging.INFO), LastingCamera(Plug(slow, clock).open_driver, clock=clock) as camera:
        list(itertools.islice(camera.frames(), 40))
    assert "webcam:fake: gives 5.0 pictures a second" in caplog.text
    assert "slower than the 30 it names" in caplog.text
