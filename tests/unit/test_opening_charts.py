"""On which charts and along which axis a preset opens."""

import pytest

from grok_tui.errors import PresetError
from grok_tui.frontend.charts_of_runs import CHARTS, MEASURE, ranked
from grok_tui.frontend.opening_charts import chart_of, opening_charts
from grok_tui.frontend.preset_toml import toml_text
from grok_tui.presets import load, names

PRESET = """
title = "Small"
summary = "SGD on ten samples."
sources = ["a test"]
{view}
task = {{ name = "linear101", samples = 10 }}
model = {{ name = "linear" }}
training = {{ steps = 20, loss = "mse" }}
arms = [{{ name = "sgd", optimizer = {{ name = "sgd", lr = 0.1 }} }}]
"""


@pytest.fixture
def preset(tmp_path):
    def loaded(view: str):
        path = tmp_path / "small.toml"
        path.write_text(PRESET.format(view=view))
        return load(str(path))

    return loaded


@pytest.mark.parametrize(
    ("name", "charts"),
    [
        ("linear101", ["weights", "norms", "loss", "accuracy"]),
        ("linear101-switch", ["weights", "accuracy"]),
        ("movement", ["loss", "measure:distance_from_init", "measure:linf_distance_from_init"]),
        ("grok-optimizers", ["accuracy", "loss"]),
        ("progress-measures", ["measure:restricted_loss", "accuracy", "measure:excluded_loss"]),
        ("parity-hidden-progress", ["measure:secret_share", "accuracy"]),
        ("slingshot-hinge", ["loss", "accuracy", "margins", "update_in_lr"]),
    ],
)
def test_a_preset_opens_on_what_its_claims_are_about(name, charts):
    assert opening_charts(load(name))[: len(charts)] == charts


@pytest.mark.parametrize("name", names())
def test_every_preset_opens_on_charts_that_its_runs_have(name):
    preset = load(name)
    charts = opening_charts(preset)
    assert len(charts) == len(set(charts))
    assert set(ranked("first")) <= set(charts)
    measures = {measure for arm in preset.arms for measure in preset.measures_of(arm)}
    assert all(chart in CHARTS or chart.removeprefix(MEASURE) in measures for chart in charts)


def test_slingshots_are_looked_at_along_a_linear_axis():
    assert load("slingshot-hinge").view.axis == "linear"
    assert load("linear101").view.axis == "log"


@pytest.mark.parametrize(
    ("name", "chart"),
    [
        ("val_loss", "loss"),
        ("step_loss_max", "loss"),
        ("bias", "weights"),
        ("linf_norm", "norms"),
        ("grok", "accuracy"),
        ("slingshot", "loss"),
        ("update_in_lr_max", "update_in_lr"),
        ("secret_share", "measure:secret_share"),
    ],
)
def test_a_measure_or_event_is_seen_in_its_chart(name, chart):
    assert chart_of(name) == chart


def test_a_preset_without_claims_opens_on_the_charts_of_every_run(preset):
    assert opening_charts(preset("")) == list(ranked("first"))


def test_named_charts_come_first_and_measures_stand_for_their_charts(preset):
    found = preset('view = { charts = ["bias", "update"], axis = "linear" }')
    assert opening_charts(found)[:3] == ["weights", "update", "accuracy"]


@pytest.mark.parametrize(
    ("view", "problem"),
    [
        (
            'charts = ["acuracy"]',
            "view.charts[0]: unknown chart or measure 'acuracy'; did you mean 'accuracy'?",
        ),
        ('charts = ["loss", "secret_share"]', "view.charts[1]: unknown chart or measure 'secret_share'"),
        ('charts = ["pairs"]', "view.charts[0]: unknown chart or measure 'pairs'"),
        ('charts = ["loss", "loss"]', "view.charts[1]: 'loss' is named twice"),
        ('axis = "logg"', "view.axis: unknown value 'logg'; did you mean 'log'?"),
        ('chart = ["loss"]', "unknown key 'chart'; did you mean 'charts'?"),
    ],
)
def test_what_no_run_could_show_is_an_error_with_the_nearest_name(preset, view, problem):
    with pytest.raises(PresetError) as caught:
        preset(f"view = {{ {view} }}")
    assert problem in str(caught.value)


def test_an_exported_preset_opens_as_the_preset_does(tmp_path):
    path = tmp_path / "again.toml"
    path.write_text(toml_text(load("slingshot-hinge")))
    assert load(str(path)).view == load("slingshot-hinge").view
