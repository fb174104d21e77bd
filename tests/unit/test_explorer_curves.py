"""What the explorer's charts show of a run."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from vectors import latest

from grok_tui.catalog.families import COORDINATES, GENERAL
from grok_tui.catalog.interventions import Switch
from grok_tui.catalog.losses import LOSSES
from grok_tui.catalog.measures import MEASURES as REGISTRY
from grok_tui.catalog.measures import shipped
from grok_tui.catalog.modifiers import Modifiers
from grok_tui.catalog.optimizers import Sgd
from grok_tui.catalog.seen import ENVELOPE
from grok_tui.charts import Bars, Heatmap, LineChart
from grok_tui.charts.draw import draw
from grok_tui.charts.style import DARK, Style
from grok_tui.engine.arm.status import ArmStatus
from grok_tui.engine.record.history import Event, History
from grok_tui.engine.record.vectors import Axis, VectorHistory
from grok_tui.engine.run.snapshot import Snapshot, State
from grok_tui.frontend import chart_builder, charts_of_runs, curves
from grok_tui.frontend.recorded_charts import NO_COORDINATES
from grok_tui.frontend.view import View
from grok_tui.tui import keys

_FAMILIES = (*shipped(GENERAL), *shipped(COORDINATES))
MEASURES = (*(name for name in _FAMILIES if not REGISTRY[name].costly), "bias")
SAMPLES = 12


def arm(name: str, steps: int = 500, replicas: int = 1, **changes: object) -> ArmStatus:
    """An arm that has recorded every step; replica r's measures are m + r, m being the step / 1000."""
    history = History(MEASURES, replicas)
    labels = (*(f"w{i}" for i in range(SAMPLES)), "bias")
    coordinates = VectorHistory([Axis("coordinate", SAMPLES + 1, labels)], 1)
    for step in range(steps + 1):
        row = np.full((len(MEASURES), 1), step / 1000) + np.arange(replicas)
        envelope = np.array([[0.5], [2.0], [1e-3], [1e-2], [1.0]]) * np.ones(replicas)
        history.append(step, row, envelope)
        coordinates.append(step, np.linspace(0, 1, SAMPLES + 1)[None] * step)
    status = ArmStatus(
        name=name,
        step=steps,
        end=1000,
        optimizer=Sgd(name="sgd"),
        since=0,
        modifiers=Modifiers(),
        batch_size="full",
        diverged=False,
        interventions=(),
        events=(),
        history=history,
        vectors={"coordinates": coordinates, "generalizes": latest([*([0] * SAMPLES), 1])},
    )
    return replace(status, **changes)


def run(*arms: ArmStatus, state: State = State.FINISHED) -> Snapshot:
    return Snapshot(state, arms=arms)


def build(chart: str, snapshot: Snapshot, view: View = View(), columns: int = 60):  # noqa: B008  (frozen)
    return chart_builder.build(
        chart, snapshot, view, snapshot.arms[-1].name if snapshot.arms else "", columns
    )


def test_every_run_has_the_same_charts_and_one_for_each_other_measure():
    own = ["measure:distance_from_init", "measure:bias"]
    everywhere = [chart for chart in charts_of_runs.CHARTS if chart not in ("pairs", "margins")]
    assert charts_of_runs.chart_ids(run(arm("a"))) == [*everywhere, *own]
    tabled = replace(arm("a"), vectors={"pairs": latest(np.zeros((3, 3))), "margins": latest(np.ones(9))})
    assert charts_of_runs.chart_ids(run(tabled)) == [*charts_of_runs.CHARTS, *own]
    assert charts_of_runs.title("measure:bias") == "Bias"


@pytest.mark.parametrize("weights", ["trajectories", "bars", "heatmap"])
@pytest.mark.parametrize("log_x", [True, False])
def test_every_chart_of_every_state_can_be_drawn(log_x, weights):
    young = arm("young", steps=0)
    blank = replace(young, vectors={})
    broken = arm("broken", diverged=True, events=(Event(3, "divergence", 0),))
    broken.history.append(501, np.full((len(MEASURES), 1), np.nan), np.full((len(ENVELOPE), 1), np.inf))
    tabled = replace(young, vectors={"pairs": latest([[-1, 0], [1, 2], [3, 3]])})
    shown = [run(), run(young), run(blank), run(tabled), run(arm("a"), broken), run(arm("r", replicas=3))]
    for snapshot in shown:
        for view in [
            View(log_x=log_x, weights=weights),
            View(log_x=log_x, span=0.1, end=50.0, weights=weights),
        ]:
            for chart in charts_of_runs.chart_ids(snapshot):
                picture = draw(build(chart, snapshot, view), 50, 12, style=Style(DARK))
                assert not picture.error


def test_the_selected_arm_is_shown_in_full_and_of_the_others_one_curve():
    snapshot = run(arm("a"), arm("b"), arm("c"))
    accuracy = build("accuracy", snapshot)
    assert [series.label for series in accuracy.series] == ["a", "b", "train", "val"]
    assert accuracy.y_range == (0.0, 1.0)
    assert len({series.color for series in accuracy.series}) == 3
    alone = build("accuracy", snapshot, View(overlay=False))
    assert [series.label for series in alone.series] == ["train", "val"]


def test_an_arm_has_the_same_colour_and_sign_on_all_charts_whoever_is_selected():
    snapshot = run(arm("a"), arm("b"))
    for chart in ("accuracy", "norms", "measure:bias"):
        for selected in ("a", "b"):
            found = chart_builder.build(chart, snapshot, View(), selected, 60)
            mains = [series for series in found.series if series.line == "solid"]
            assert {(series.color, series.marker) for series in mains} == {
                ("series-1", "●"),
                ("series-2", "▲"),
            }


def test_a_spike_of_one_step_stays_in_the_envelope_of_the_loss():
    spiky = arm("a", steps=2000)
    spiky.history.append(2001, np.ones((len(MEASURES), 1)), np.array([[1.0], [1e6], [0.0], [0.0], [0.0]]))
    train = next(s for s in build("loss", run(spiky), columns=10).series if s.label == "train")
    assert train.high.max() == 1e6
    assert len(train.x) < 2000, "it was thinned"


def test_of_replicas_the_median_and_the_range_are_shown():
    (bias,) = build("measure:bias", run(arm("a", replicas=5))).series
    assert np.allclose(bias.y - bias.low, 2)
    assert np.allclose(bias.high - bias.y, 2)


def test_thinning_keeps_the_ends_and_the_extremes_of_every_column():
    rng = np.random.default_rng(0)
    steps = np.arange(5000.0)
    values = rng.standard_normal(5000)
    values[1234] = 50
    values[77] = np.nan
    for log in (True, False):
        kept = curves.extremes(steps, [values], 40, log)
        assert {0, 4999, 1234} <= set(kept)
        assert len(kept) <= 4 * 41
        assert np.nanmin(values) in values[kept]


def test_the_window_leaves_out_what_is_not_seen():
    view = View(log_x=False, span=0.1)
    (bias,) = build("measure:bias", run(arm("a")), view).series
    assert 445 <= bias.x.min() <= 450
    assert bias.x.max() == 500


def test_what_happened_to_the_selected_arm_is_marked():
    done = Switch(action="switch", arm="a", at_step=40, optimizer=Sgd(name="sgd"))
    events = (Event(30, "fit", 1), Event(20, "fit", 0), Event(90, "grok", 0))
    chart = build("norms", run(arm("a", events=events, interventions=(done,))))
    marks = {(mark.step, mark.label, mark.kind) for mark in chart.marks}
    assert marks == {(20, "fit", "event"), (90, "grok", "event"), (40, "SGD", "intervention")}


def test_the_update_is_shown_in_units_of_the_learning_rate_as_well():
    chart = build("update_in_lr", run(arm("a", replicas=3)))
    (line,) = chart.series
    assert chart.title == "Update in units of lr"
    assert chart.log_y
    assert set(line.y) == {1.0}


def test_hinge_loss_is_that_of_the_arm_whose_margins_are_shown():
    both = [arm(name, steps=5, vectors={"margins": latest([-0.5, 0.5])}) for name in ("a", "b")]
    task = SimpleNamespace(spectral=False)
    preset = SimpleNamespace(
        arms=[
            SimpleNamespace(name="a", task=task, training=SimpleNamespace(loss=LOSSES.spec("logistic"))),
            SimpleNamespace(name="b", task=task, training=SimpleNamespace(loss=LOSSES.spec("hinge"))),
        ]
    )
    snapshot = replace(run(*both), preset=preset)
    for selected, marks in (("a", []), ("b", [1.0])):
        chart = chart_builder.build("margins", snapshot, View(), selected, 60)
        assert chart.title == f"Margins of {selected}"
        assert [mark.step for mark in chart.marks] == marks


def test_weights_are_trajectories_with_a_band_bars_or_a_heatmap():
    snapshot = run(arm("a"))
    paths = build("weights", snapshot)
    assert isinstance(paths, LineChart)
    assert [series.label for series in paths.series] == ["memorizers", "generalizer"]
    bars = build("weights", snapshot, View(weights="bars"))
    assert isinstance(bars, Bars)
    assert bars.values[-1] == 500
    assert bars.roles == (*["memorizer"] * SAMPLES, "generalizer")
    heatmap = build("weights", snapshot, View(weights="heatmap"), columns=20)
    assert isinstance(heatmap, Heatmap)
    assert heatmap.labels[0] == "bias"
    assert heatmap.z[0, -1] == 500
    assert heatmap.z.shape[1] <= 2 * 20
    assert heatmap.x[-1] == 500


def test_frozen_bars_show_the_weights_of_that_step():
    view = View(weights="bars", end=100.0)
    assert build("weights", run(arm("a")), view).values[-1] == pytest.approx(100, abs=2)


def test_a_task_without_coordinates_says_so():
    plain = replace(arm("a"), vectors={})
    assert build("weights", run(plain)).empty == NO_COORDINATES


def test_the_version_changes_with_every_row_event_and_intervention():
    one = arm("a")
    versions = {charts_of_runs.version(run(one))}
    one.history.append(501, np.zeros((len(MEASURES), 1)), np.zeros((len(ENVELOPE), 1)))
    versions.add(charts_of_runs.version(run(one)))
    versions.add(charts_of_runs.version(run(replace(one, events=(Event(1, "fit", 0),)))))
    done = Switch(action="switch", arm="a", at_step=40, optimizer=Sgd(name="sgd"))
    versions.add(charts_of_runs.version(run(replace(one, interventions=(done,)))))
    versions.add(charts_of_runs.version(run(one, state=State.RUNNING)))
    assert len(versions) == 5


def test_a_chart_of_the_table_has_a_key_of_its_own_and_is_called_by_it():
    rows = charts_of_runs.CHARTS.values()
    assert len({chart.key for chart in rows}) == len(rows)
    for chart in rows:
        action = keys.BY_ID[f"chart.{chart.id}"]
        assert (action.keys, action.given) == ((chart.key,), (chart.id,))
    assert charts_of_runs.ranked("first") == ("accuracy", "loss", "weights", "norms", "update")
    assert View().log_y == {"loss", "update", "update_in_lr"}


def test_a_run_that_has_not_a_chart_is_said_to_lack_it():
    plain = run(arm("a"))
    assert charts_of_runs.lacking("pairs", plain) == "this task is no table of pairs"
    assert "no margins" in charts_of_runs.lacking("margins", plain)
    assert not any(charts_of_runs.lacking(chart, plain) for chart in charts_of_runs.chart_ids(plain))
    tabled = replace(arm("a"), vectors={"pairs": latest(np.zeros((3, 3))), "margins": latest(np.ones(9))})
    assert not charts_of_runs.lacking("pairs", run(tabled)) + charts_of_runs.lacking("margins", run(tabled))
