"""How the explorer divides the screen, looks at time, paces its frames, and writes its lines."""

from types import SimpleNamespace

import pytest

from grok_tui.frontend.view import View, last_step, roomy
from grok_tui.tui.look import pacing
from grok_tui.tui.look.layout import CHROME, plan
from grok_tui.tui.look.pacing import Pacer
from grok_tui.tui.parts.lines import wrapped


@pytest.mark.parametrize("width", range(1, 260, 13))
@pytest.mark.parametrize("height", range(1, 90, 7))
def test_every_size_has_a_plan_that_fits(width, height):
    for claims in (0, 3, 20):
        found = plan(width, height, claims=claims)
        assert found.charts >= 1
        assert 0 <= found.side <= width / 2
        if found.side:
            assert found.claims + found.log + CHROME < height


def test_a_larger_screen_never_shows_fewer_charts():
    sizes = [(60, 20), (80, 24), (100, 30), (120, 36), (170, 44), (200, 60), (250, 80)]
    counts = [plan(*size).charts for size in sizes]
    assert counts == sorted(counts)


def test_following_the_whole_run_leaves_room_to_grow():
    assert View(log_x=True).window(900, growing=True) == (1.0, 1000.0)
    assert View(log_x=False).window(900, growing=True) == (0.0, 1000.0)
    assert View(log_x=False).window(900) == (0.0, 900.0)


@pytest.mark.parametrize("step", [0, 1, 9, 10, 11, 199, 200, 201, 999_999, 10**9])
def test_the_room_to_grow_is_at_most_a_quarter(step):
    assert max(step, 10) <= roomy(step) <= max(step, 10) * 1.27


@pytest.mark.parametrize("log_x", [True, False])
def test_zooming_in_and_out_again_comes_back(log_x):
    view = View(log_x=log_x)
    assert view.zoomed(0.5).zoomed(0.5).zoomed(4.0) == view
    low, high = view.zoomed(0.25).window(10_000)
    assert high == pytest.approx(10_000)
    assert low == pytest.approx(1000 if log_x else 7500)


@pytest.mark.parametrize("log_x", [True, False])
def test_panning_stops_at_both_ends(log_x):
    view = View(log_x=log_x).zoomed(0.5)
    back = view
    for _ in range(20):
        back = back.panned(-0.5, 1000)
    low, high = back.window(1000)
    assert low == pytest.approx(1 if log_x else 0)
    assert high < 1000
    for _ in range(20):
        back = back.panned(0.5, 1000)
    assert back == view, "at the latest step it follows again"


def test_a_frozen_view_does_not_move_while_the_run_goes_on():
    view = View().frozen(100)
    assert view.window(100) == view.window(100_000)
    assert view.frozen(100_000).following


class Clock:
    """Stands for the time module: a thread that works for `cost` seconds at each frame."""

    def __init__(self, cost: float) -> None:
        self.now = self.spent = 0.0
        self.cost = cost

    def monotonic(self) -> float:
        return self.now

    def thread_time(self) -> float:
        return self.spent

    def run(self, pacer: Pacer, seconds: float) -> int:
        """Draw whenever it is due; return the number of frames."""
        frames, end = 0, self.now + seconds
        while self.now < end:
            self.now += 0.01
            if pacer.due():
                pacer.drawn()
                self.spent += self.cost
                frames += 1
        return frames


@pytest.fixture
def clock(monkeypatch):
    clock = Clock(0.0)
    monkeypatch.setattr(pacing, "time", clock)
    return clock


def test_frames_come_as_often_as_asked_while_they_are_cheap(clock):
    clock.cost = 0.001
    assert clock.run(Pacer(4), 100) == pytest.approx(400, rel=0.05)


@pytest.mark.parametrize("cost", [0.02, 0.05, 0.09])
def test_dear_frames_take_no_more_than_their_share_of_the_time(clock, cost):
    clock.cost = cost
    pacer = Pacer(20)
    clock.run(pacer, 50)
    began = clock.spent
    clock.run(pacer, 200)
    assert (clock.spent - began) / 200 == pytest.approx(pacing.SHARE, rel=0.1)


def test_the_dearest_frames_still_come(clock):
    clock.cost = 10.0
    pacer = Pacer(4)
    clock.run(pacer, 100)
    assert clock.run(pacer, 100) == pytest.approx(100 / pacing.SLOWEST, rel=0.1)


def test_a_turned_knob_does_not_wait(clock):
    pacer = Pacer(4)
    pacer.drawn()
    assert not pacer.due()
    pacer.hasten()
    assert pacer.due()


@pytest.mark.parametrize("width", range(1, 40))
def test_wrapped_text_fits_and_loses_nothing_that_has_room(width):
    text = "Minibatches of ten assign less magnitude to incomprehensibilities"
    rows = wrapped(text, width, 100)
    assert all(len(row) <= width for row in rows)
    assert "".join("".join(rows).split()) == "".join(text.split())
    assert len(wrapped(text, width, 2)) <= 2


def test_a_part_of_the_time_is_that_of_the_selected_arm():
    arms = (SimpleNamespace(name="short", step=5000), SimpleNamespace(name="long", step=50_000))
    snapshot = SimpleNamespace(arms=arms)
    assert last_step(snapshot, View(), "short") == 50_000
    assert last_step(snapshot, View().zoomed(0.5), "short") == 5000
    assert last_step(snapshot, View(overlay=False), "short") == 5000
    assert last_step(snapshot, View(overlay=False), "gone") == 50_000
