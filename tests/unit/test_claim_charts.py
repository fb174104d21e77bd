"""The charts of a claim: its comparisons over time, with the condition drawn in."""

import numpy as np
import pytest

from grok_tui.claims import Curve, courses, parse
from grok_tui.engine.run.run import Run
from grok_tui.engine.run.snapshot import Snapshot, State
from grok_tui.frontend.chart_builder import build
from grok_tui.frontend.view import View
from grok_tui.presets import load

PRESET = """
title = "Small"
summary = "SGD on ten samples."
sources = ["a test"]
task = {{ name = "linear101", samples = 10 }}
model = {{ name = "linear" }}
training = {{ steps = 60, loss = "mse" }}
arms = [
    {{ name = "sgd", optimizer = {{ name = "sgd", lr = 0.1 }} }},
    {{ name = "adam", optimizer = {{ name = "adam", lr = 1e-3 }} }},
]
claims = [{{ says = "Something", holds = "{holds}", origin = "a test" }}]
"""


class Nothing:
    def steps(self, arm):
        return np.empty(0, dtype=np.int64)

    def curve(self, arm, measure):
        return Curve(np.empty(0, dtype=np.int64), np.empty(0))

    def cut_off(self, arm):
        return False

    def events(self, arm, event):
        return np.empty(0, dtype=np.int64)

    def event_numbers(self, arm, event, number):
        return np.empty(0, dtype=np.int64), np.empty(0)


@pytest.fixture
def chart(tmp_path):
    def drawn(holds: str, part: int = 0, view: View = View()):  # noqa: B008  (frozen)
        path = tmp_path / "small.toml"
        path.write_text(PRESET.format(holds=holds))
        run = Run(load(str(path)))
        while not run.finished:
            run.advance()
        arms = tuple(arm.status() for arm in run.arms.values())
        snapshot = Snapshot(State.FINISHED, preset=run.preset, arms=arms, claims=tuple(run.judge()))
        return build(f"claim:0:{part}", snapshot, view, "sgd", 80)

    return drawn


def named(chart) -> dict[str, object]:
    return {series.label: series for series in chart.series}


def test_a_threshold_is_a_line_across_beside_the_curve(chart):
    found = chart("end(sgd.bias) > 0.5")
    assert found.title == "end(sgd.bias) > 0.5"
    assert list(named(found)) == ["asked for", "sgd.bias"]
    line, curve = found.series
    assert set(line.y) == {0.5}
    assert line.x[0] <= 1
    assert line.x[-1] >= 60
    assert line.line == "dashed"
    assert curve.x[-1] == 60
    assert curve.y[-1] > curve.y[0]
    assert not found.marks


def test_an_interval_has_both_ends(chart):
    found = named(chart("end(sgd.bias) in [0.2, 0.4]"))
    assert set(found["from"].y) == {0.2}
    assert set(found["to"].y) == {0.4}


def test_steps_that_a_condition_names_are_marked(chart):
    found = chart("max(sgd.bias, 10, 40) > at(20, adam.bias)")
    assert [(mark.step, mark.label) for mark in found.marks] == [
        (10, "from 10"),
        (40, "to 40"),
        (20, "at 20"),
    ]
    assert list(named(found)) == ["sgd.bias", "adam.bias"]
    assert found.series[0].color != found.series[1].color


def test_when_something_came_is_seen_in_its_curve_with_the_step_asked_for(chart):
    found = chart("first_step(sgd.bias > 0.3) < 50")
    assert list(named(found)) == ["asked for", "sgd.bias"]
    labels = [mark.label.split()[0] for mark in found.marks]
    assert labels == ["first", "<"]
    assert found.marks[1].step == 50
    found = chart("first_step(sgd.grok) in [3, 50]")
    assert set(named(found)["asked for"].y) == {0.99}
    assert [mark.label for mark in found.marks][-2:] == ["from 3", "to 50"]


def test_each_comparison_is_a_chart_and_a_difference_is_drawn_as_one(chart):
    holds = "never(adam.grok) and abs(end(sgd.bias) - end(adam.bias)) > 0.1"
    assert list(named(chart(holds))) == ["asked for", "adam.val_accuracy"]
    found = chart(holds, 1)
    assert list(named(found)) == ["asked for", "left side"]
    assert found.series[1].y[-1] > 0.1


def test_what_is_not_on_the_axis_of_its_curve_has_no_line(chart):
    assert list(named(chart("range(sgd.bias) < 0.9"))) == ["sgd.bias"]


def test_values_far_apart_are_on_a_logarithmic_axis(chart):
    assert chart("end(sgd.train_loss) < 1e-6").log_y
    assert not chart("end(sgd.bias) < 1").log_y


def test_the_past_ends_at_the_cursor(chart):
    found = chart("end(sgd.bias) > 0.5", view=View(cursor=20))
    assert found.series[1].x[-1] <= 20
    assert found.marks[-1].kind == "cursor"


@pytest.mark.parametrize("name", ["linear101-switch", "slingshot-hinge", "progress-measures", "grok-switch"])
def test_every_comparison_of_a_preset_can_be_drawn_before_anything_is_recorded(name):
    preset = load(name)

    for claim in preset.claims:
        condition = claim.condition
        found = courses(condition, Nothing())
        assert len(found) == len(condition.evaluate(Nothing()).comparisons)
        assert all(course.text for course in found)


def test_a_condition_has_as_many_courses_as_comparisons():
    condition = parse("1 < max(a.x) < 3 and not (never(a.grok) or end(a.y) in [1, 2])")
    texts = [course.text for course in courses(condition, Nothing())]
    assert texts == ["1 < max(a.x)", "max(a.x) < 3", "never(a.grok)", "end(a.y) in [1, 2]"]
