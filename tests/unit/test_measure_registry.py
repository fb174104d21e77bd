"""What holds for any measure: where it is declared, what it gives, and that plugins may bring one."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator

import pytest
import torch
from arms import preset
from pydantic import ValidationError

from grok_tui.catalog.llc import Sgld
from grok_tui.catalog.losses import LOSSES
from grok_tui.catalog.measures import MEASURES, measures_of
from grok_tui.catalog.models import MODELS
from grok_tui.catalog.plugins import PluginError
from grok_tui.catalog.registries import take_up
from grok_tui.catalog.tasks import TASKS
from grok_tui.engine.arm.arm import Arm
from grok_tui.frontend.preset_toml import toml_text
from grok_tui.lab.llc import estimate
from grok_tui.lab.losses import sample_loss
from grok_tui.lab.measures import Probe, take
from grok_tui.lab.measures.learning_coefficient import chain_loss, sample_count
from grok_tui.lab.models import initial_theta
from grok_tui.lab.tasks import Samples, build_task
from grok_tui.presets import Preset
from grok_tui.presets.plugins import plugins_of
from grok_tui.presets.problems import explain

SUMS = TASKS.spec("binary_operation", p=5)
TASK_AND_LOSS = [
    (TASKS.spec("linear101", samples=6), "mse", "linear"),
    (SUMS, "cross_entropy", "mlp"),
    (SUMS, "cross_entropy", "transformer"),
    (TASKS.spec("sparse_parity", n=6, k=2, samples=20, validation=20), "logistic", "mlp"),
]
SMALL = {
    "linear": {"init": "uniform"},
    "mlp": {"hidden": 5},
    "transformer": {"width": 4, "heads": 2},
}
QUICK = {"llc": {"draws": 20, "burn_in": 2}, "llc_rescaled": {"draws": 20, "burn_in": 2}}


def probe_of(task_spec, loss: str, model: str, seeds: list[int]) -> Probe:
    """Return replicas that have moved away from where they started."""
    tasks = [build_task(task_spec, seed, torch.float64) for seed in seeds]
    network, start = initial_theta(MODELS.spec(model, **SMALL[model]), task_spec.shape, seeds, torch.float64)
    moved = [
        torch.randn(len(t), generator=torch.Generator().manual_seed(s)).to(t)
        for s, t in zip(seeds, start, strict=True)
    ]
    theta = start + 0.1 * torch.stack(moved)
    sides = ([t.train for t in tasks], [t.validation for t in tasks])
    train, validation = (
        Samples(torch.stack([s.inputs for s in side]), torch.stack([s.targets for s in side]))
        for side in sides
    )
    return Probe(
        theta,
        start,
        network,
        tasks[0],
        train,
        validation,
        sample_loss(LOSSES.spec(loss), torch.float64),
        False,
    )


def taken() -> Iterator[tuple[object, str, str, str]]:
    for task, loss, model in TASK_AND_LOSS:
        for name in measures_of(task, MODELS.spec(model)):
            yield task, loss, model, name


@pytest.mark.parametrize(("task", "loss", "model", "name"), list(taken()))
def test_a_measure_of_many_replicas_is_that_of_each_alone(task, loss, model, name):
    measure = MEASURES.spec(name, **QUICK.get(name, {}))
    together = take(measure, probe_of(task, loss, model, [0, 1, 2]))
    alone = torch.cat([take(measure, probe_of(task, loss, model, [seed])) for seed in (0, 1, 2)])
    torch.testing.assert_close(together, alone, equal_nan=True, rtol=1e-9, atol=1e-12)


def test_every_shipped_measure_is_tried_above():
    assert {name for _, _, _, name in taken()} == set(MEASURES.shipped)


PLUGIN = """
from grok_tui.catalog.families import CLASSES
from grok_tui.catalog.measure import Measure, MeasureSpec
from grok_tui.catalog.base import knob


class Power(MeasureSpec):
    power: float = knob(1.0, gt=0, help="the exponent")


def power_sum(probe, power):
    return probe.theta.abs().pow(power).sum(-1)


sums = Measure(implementation=power_sum, says="sum |theta_i|^power", family=CLASSES, spec=Power)
"""


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    monkeypatch.setattr(MEASURES, "_added", {})
    monkeypatch.setenv("GROK_TUI_PLUGIN", "")
    path = tmp_path / "sums.py"
    path.write_text(PLUGIN)
    take_up([path])
    return path


def asking(*measures: object, task=None, claims=()) -> Preset:
    plain = preset(
        {"name": "a", "optimizer": {"name": "sgd", "lr": 0.1}},
        task=task or {"name": "binary_operation", "p": 5},
        loss="cross_entropy",
    )
    return Preset.model_validate(plain.model_dump() | {"measures": list(measures), "claims": list(claims)})


class TestPlugins:
    def test_a_measure_of_a_plugin_is_taken_where_it_is_asked_for(self, plugin):
        assert "power_sum" not in asking().measures_of(asking().arms[0])
        asked = asking("power_sum")
        spec = asked.arms[0]
        arm = Arm(spec, asked.measures_of(spec), [0, 1], torch.device("cpu"))
        expected = arm.theta.abs().sum(-1).tolist()
        assert arm.history.last("power_sum").tolist() == pytest.approx(expected)
        (used,) = plugins_of(asked)
        assert (used.kind, used.name, used.file) == ("measure", "power_sum", str(plugin))

    def test_or_claimed(self, plugin):
        claim = {"says": "small", "holds": "end(a.power_sum) < 1", "origin": "a test"}
        assert "power_sum" in asking(claims=[claim]).measures_of(asking().arms[0])

    def test_an_arm_outside_its_family_has_it_not(self, plugin):
        linear = preset({"name": "a", "optimizer": {"name": "sgd", "lr": 0.1}})
        with pytest.raises(ValidationError, match="unknown measure 'power_sum'"):
            Preset.model_validate(linear.model_dump() | {"measures": ["power_sum"]})

    def test_what_is_no_measure_is_refused(self, tmp_path):
        path = tmp_path / "wrong.py"
        path.write_text(
            "from grok_tui.catalog.entry import Entry\n"
            "from grok_tui.catalog.measure import MeasureSpec\n"
            "from typing import Literal\n"
            "class Wrong(MeasureSpec):\n    name: Literal['wrong']\n"
            "entry = Entry(Wrong, 'a:b')\n"
        )
        with pytest.raises(PluginError, match="'wrong': is Entry, not a Measure"):
            take_up([path])


SET = {"name": "llc", "chains": 3, "draws": 20, "burn_in": 5}


class TestSettings:
    def test_they_are_those_that_the_measure_is_taken_with(self):
        claim = {"says": "small", "holds": "end(a.llc) < 1", "origin": "a test"}
        asked = asking(SET, claims=[claim])
        spec = asked.arms[0]
        arm = Arm(spec, asked.measures_of(spec), [0], torch.device("cpu"))
        usual = Arm(spec, asking("llc").measures_of(spec), [0], torch.device("cpu"))
        assert arm.history.last("llc").tolist() != usual.history.last("llc").tolist()
        probe = probe_of(SUMS, "cross_entropy", "mlp", [0])
        spread = estimate(
            chain_loss(probe, 3), probe.theta, sample_count(probe), Sgld(chains=3, draws=20, burn_in=5)
        )
        assert take(asked.measures_of(spec)["llc"], probe).tolist() == spread.llc.tolist()

    def test_what_is_not_set_is_written_as_a_name(self):
        assert asking("llc").model_dump(mode="json")["measures"] == ["llc"]
        assert asking({"name": "llc"}).model_dump(mode="json")["measures"] == ["llc"]
        assert 'measures = ["llc"]' in toml_text(asking("llc"))

    def test_what_is_set_survives_every_form(self):
        asked = asking(SET, "sharpness")
        assert asked.model_dump(mode="json")["measures"] == [SET, "sharpness"]
        assert Preset.model_validate_json(asked.model_dump_json()) == asked
        assert tomllib.loads(toml_text(asked))["measures"] == [SET, "sharpness"]

    @pytest.mark.parametrize(
        ("given", "problem"),
        [
            ("shrpness", "measures[0]: unknown measure 'shrpness'; did you mean 'sharpness'?"),
            ({"name": "llc", "chainz": 3}, "measures.llc: unknown key 'chainz'; did you mean 'chains'?"),
            ({"name": "lc"}, "measures.lc: unknown measure 'lc'; did you mean 'llc'?"),
            (
                {"name": "llc", "chains": 0},
                "measures.llc.chains: should be greater than or equal to 1, not 0",
            ),
        ],
    )
    def test_what_is_wrong_with_one_is_a_line(self, given, problem):
        with pytest.raises(ValidationError) as raised:
            asking(given)
        key, text = explain(raised.value, {"measures": [given]})
        assert f"{key}: {text}" == problem

    def test_a_measure_is_asked_for_once(self):
        with pytest.raises(ValidationError, match="'llc' is asked for twice"):
            asking("llc", SET)


def test_a_measure_of_the_wrong_shape_says_so(plugin):
    probe = probe_of(SUMS, "cross_entropy", "mlp", [0, 1])
    broken = MEASURES.spec("power_sum")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MEASURES, "implementation", lambda _: lambda probe, power: probe.theta)
        with pytest.raises(ValueError, match=r"'power_sum': it gives \[2, \d+\], not \[replicas\]"):
            take(broken, probe)
