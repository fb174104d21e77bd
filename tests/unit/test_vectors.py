"""Measures with axes: against closed forms, bounded, and the same on every way to whoever reads them."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace

import numpy as np
import pyarrow.parquet
import pytest
import torch
from arms import PARITY, preset
from pydantic import ValidationError

from grok_tui.catalog.measures import MEASURES
from grok_tui.catalog.sizes import FEWEST_ROWS, MOST_VECTOR_BYTES
from grok_tui.charts.draw import draw
from grok_tui.charts.model import Bars, Heatmap, LineChart
from grok_tui.charts.style import DARK, Style
from grok_tui.engine.record.vectors import (
    ROWS,
    Axis,
    VectorError,
    VectorHistory,
    bounded,
)
from grok_tui.engine.remote.mirror import Mirror
from grok_tui.engine.remote.news import Teller
from grok_tui.engine.remote.protocol import ANSWERS
from grok_tui.engine.run.run import Run
from grok_tui.engine.run.snapshot import Snapshot, State
from grok_tui.engine.store.replay import Replay
from grok_tui.engine.store.store import create, resume
from grok_tui.errors import GrokTuiError, PresetError
from grok_tui.frontend import chart_builder, charts_of_runs
from grok_tui.frontend.kept import json_of, snapshot_of
from grok_tui.frontend.report import Export
from grok_tui.frontend.view import View
from grok_tui.headless.export import export_run
from grok_tui.lab.measures import take
from grok_tui.presets import Preset, load
from grok_tui.presets.model import memory_needed

VECTORS = ["singular_values", "embedding_power"]
POWER = "measure:embedding_power"


def declared(*measures: object, p: int = 7, claims=(), **training) -> Preset:
    plain = preset(
        {"name": "a", "optimizer": {"name": "adamw", "lr": 0.01}, "model": {"name": "mlp", "hidden": 4}},
        {"name": "b", "optimizer": {"name": "sgd", "lr": 0.1}, "model": {"name": "mlp", "hidden": 4}},
        task={"name": "binary_operation", "p": p},
        loss="cross_entropy",
        **({"steps": 40, "record_every": 5, "replicas": 2} | training),
    )
    return Preset.model_validate(plain.model_dump() | {"measures": list(measures), "claims": list(claims)})


def done(run: Run, steps: int = 40) -> Run:
    for arm in run.arms.values():
        while arm.step < steps:
            arm.advance(steps - arm.step)
    return run


@pytest.fixture(scope="module")
def run() -> Run:
    return done(Run(declared(*VECTORS)))


class TestClosedForms:
    def test_the_power_of_a_single_wave_is_all_at_its_frequency(self):
        from test_measures import looked_up, spec

        p, k = 11, 3
        angles = 2 * math.pi * k * torch.arange(p, dtype=torch.float64) / p
        embedding = torch.stack([2 * torch.cos(angles), torch.sin(angles) + 5], 1)
        probe = looked_up(spec(p=p), torch.zeros(p, p, p, dtype=torch.float64), embedding=embedding)
        power = take("embedding_power", probe)
        expected = torch.zeros(1, (p - 1) // 2, dtype=torch.float64)
        expected[0, k - 1] = (4 + 1) * p / 2
        torch.testing.assert_close(power, expected, rtol=1e-9, atol=1e-9)

    @pytest.mark.parametrize(("part", "name"), [("readout", "readout.weight"), ("first", "hidden.weight")])
    def test_singular_values_are_the_roots_of_the_eigenvalues_of_the_gram_matrix(self, part, name):
        from test_measure_registry import SUMS, probe_of

        probe = probe_of(SUMS, "cross_entropy", "mlp", [0, 1])
        found = take(MEASURES.spec("singular_values", part=part), probe)
        for r, values in enumerate(found):
            weights = probe.weights.parameters[name][r]
            gram = weights @ weights.T if len(weights) < weights.shape[1] else weights.T @ weights
            torch.testing.assert_close(values, torch.linalg.eigvalsh(gram).flip(0).clamp(min=0).sqrt())

    def test_a_part_that_the_network_lacks_is_a_line(self):
        asked = declared({"name": "singular_values", "part": "embedding"})
        with pytest.raises(GrokTuiError, match="'singular_values': the network has no part 'embedding'"):
            Run(asked)


class TestTheRecord:
    def test_it_is_bounded_with_first_and_last(self):
        record = VectorHistory((Axis("place", 2),), 3)
        for i in range(5000):
            record.append(i, np.full((3, 2), i))
        steps, rows = record.table()
        assert ROWS / 2 <= len(steps) <= ROWS
        assert (steps[0], steps[-1]) == (0, 4999)
        assert (rows == steps[:, None, None]).all()

    def test_a_large_one_keeps_fewer_steps(self):
        side = math.isqrt(MOST_VECTOR_BYTES // 4 // 100)
        record = bounded("gram", (Axis("row", side), Axis("column", side)), 1)
        assert 100 <= record.rows < ROWS
        assert record.rows * 4 * side**2 <= MOST_VECTOR_BYTES

    def test_one_that_would_fill_the_memory_is_refused_with_what_would_fit(self):
        most = MOST_VECTOR_BYTES // 4 // FEWEST_ROWS
        bounded("wide", (Axis("place", most // 2),), 2)
        with pytest.raises(VectorError, match=f"'wide': .* of 2 replicas .* at most {most:,} fit"):
            bounded("wide", (Axis("place", most // 2 + 1),), 2)

    def test_all_recorded_steps_and_replicas_are_in_it(self, run):
        for arm in run.arms.values():
            steps, rows = arm.vectors["embedding_power"].table()
            assert steps.tolist() == arm.history.steps.tolist()
            assert rows.shape == (9, 2, 3)
            _, last = arm.vectors["singular_values"].table()
            weights = arm._trainer._learner.network.parameters(arm.theta)["readout.weight"]
            expected = torch.linalg.svdvals(weights).numpy()
            np.testing.assert_allclose(last[-1], expected, rtol=1e-6)
        (axis,) = run.arms["a"].vectors["embedding_power"].axes
        assert axis == Axis("frequency", 3, ("k=1", "k=2", "k=3"))

    def test_they_change_neither_training_nor_the_other_measures(self, run):
        usual = done(Run(declared()))
        for name, arm in usual.arms.items():
            assert not arm.vectors
            assert torch.equal(arm.theta, run.arms[name].theta)
            assert arm.history.names == run.arms[name].history.names
            (_, arrays), (_, more) = arm.export_state(), run.arms[name].export_state()
            assert {k for k in more if k not in arrays} == {
                f"vectors/{vector}/{part}" for vector in VECTORS for part in ("steps", "rows")
            }
            assert all(arrays[k].tobytes() == more[k].tobytes() for k in arrays)

    def test_a_claim_about_one_is_refused_with_its_axis(self):
        claim = {"says": "x", "holds": "end(a.embedding_power) > 1", "origin": "a test"}
        with pytest.raises(ValidationError, match=r"'a.embedding_power' has the axis frequency"):
            declared(claims=[claim])


def test_whoever_looks_on_sees_the_same():
    run, teller, mirror = Run(declared(*VECTORS)), Teller(), Mirror()
    for version, steps in enumerate((10, 25, 40), 1):
        arms = tuple(arm.status() for arm in done(run, steps).arms.values())
        snapshot = Snapshot(State.RUNNING, version=version, preset=run.preset, arms=arms)
        status = ANSWERS.validate_json(teller.news(snapshot, ()).model_dump_json())
        seen = mirror.take(status)
        for mine, its in zip(arms, seen.arms, strict=True):
            assert list(its.vectors) == VECTORS
            for name in VECTORS:
                assert its.vectors[name].axes == mine.vectors[name].axes
                for here, there in zip(mine.vectors[name].table(), its.vectors[name].table(), strict=True):
                    assert here.tolist() == there.tolist()
    assert len(status.arms[0].vectors["embedding_power"].steps) == 8 * 3, "what is known is not said again"


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    run = Run(declared(*VECTORS))
    store = create(run, "small", at=tmp_path_factory.mktemp("kept") / "run")
    for steps in (20, 40):
        done(run, steps)
        assert store.checkpoint()
    store.close()
    return store.directory


class TestKept:
    def test_a_checkpoint_gives_them_back(self, directory, run):
        again, store = resume(directory, print)
        store.close()
        for name, arm in again.arms.items():
            for vector in VECTORS:
                for here, there in zip(
                    arm.vectors[vector].table(), run.arms[name].vectors[vector].table(), strict=True
                ):
                    assert here.tobytes() == there.tobytes()
        assert all(not compared.difference for compared in Replay(directory, print).compare(lambda _: None))

    def test_json_has_them_with_their_axes(self, directory, run):
        found = Export.model_validate_json("".join(json_of(directory)))
        assert [(one.arm, one.measure) for one in found.vectors] == [(a, v) for a in "ab" for v in VECTORS]
        power = found.vectors[1]
        assert power.axes[0].labels == ["k=1", "k=2", "k=3"]
        steps, rows = run.arms["a"].vectors["embedding_power"].table()
        assert power.steps == steps.tolist()
        np.testing.assert_array_equal(np.array(power.values, dtype=np.float32), rows.swapaxes(0, 1))

    def test_json_of_a_run_without_any_has_no_word_of_them(self, tmp_path):
        run = Run(declared(steps=5))
        store = create(run, "small", at=tmp_path / "run")
        done(run, 5)
        assert store.checkpoint()
        store.close()
        assert "vectors" not in json.loads("".join(json_of(store.directory)))

    def test_npz_has_them_beside_the_curves(self, directory, run, tmp_path):
        export_run(directory, "npz", tmp_path / "run.npz")
        with np.load(tmp_path / "run.npz") as found:
            steps, rows = run.arms["b"].vectors["embedding_power"].table()
            assert found["b/embedding_power/step"].tolist() == steps.tolist()
            assert found["b/embedding_power/value"].tolist() == rows.tolist()
            assert found["b/embedding_power/frequency"].tolist() == ["k=1", "k=2", "k=3"]
            np.testing.assert_allclose(found["b/val_loss"], run.arms["b"].history.values("val_loss"))

    def test_parquet_has_them_in_a_table_of_their_own(self, directory, run, tmp_path):
        export_run(directory, "parquet", tmp_path / "run.parquet")
        table = pyarrow.parquet.read_table(tmp_path / "run.vectors.parquet").to_pylist()
        steps, rows = run.arms["b"].vectors["embedding_power"].table()
        of_b = [row for row in table if (row["arm"], row["measure"]) == ("b", "embedding_power")]
        assert len(of_b) == rows.size
        for row in of_b:
            assert row["value"] == rows[steps.tolist().index(row["step"]), row["replica"], row["place"]]

    def test_a_kept_run_has_them_as_the_run_itself(self, directory, run):
        (arm, _) = snapshot_of(directory).arms
        mine = run.arms["a"].vectors["singular_values"].table()
        assert arm.vectors["singular_values"].table()[1].tobytes() == mine[1].tobytes()


class TestCharts:
    def built(self, run: Run, **view: object):
        snapshot = Snapshot(State.FINISHED, arms=tuple(arm.status() for arm in run.arms.values()))
        return chart_builder.build(POWER, snapshot, View(**view), "a", 60)

    def test_a_vector_has_a_chart(self, run):
        snapshot = Snapshot(State.FINISHED, arms=tuple(arm.status() for arm in run.arms.values()))
        assert {POWER, "measure:singular_values"} <= set(charts_of_runs.chart_ids(snapshot))
        assert charts_of_runs.is_vector(POWER, snapshot)
        assert not charts_of_runs.is_vector("measure:sharpness", snapshot)

    @pytest.mark.parametrize(("cursor", "row"), [(None, 8), (12, 2)])
    def test_lines_go_along_the_axis_at_the_step_that_is_looked_at(self, run, cursor, row):
        chart = self.built(run, cursor=cursor)
        assert isinstance(chart, LineChart)
        assert chart.x_label == "frequency"
        assert [line.label for line in chart.series] == ["b", "a"]
        _, rows = run.arms["a"].vectors["embedding_power"].table()
        line = chart.series[-1]
        assert line.x.tolist() == [1, 2, 3]
        np.testing.assert_allclose(line.y, np.median(rows[row], 0), rtol=1e-6)
        np.testing.assert_allclose(line.high, rows[row].max(0))

    def test_bars_and_a_heatmap_are_other_views_of_it(self, run):
        _, rows = run.arms["a"].vectors["embedding_power"].table()
        bars = self.built(run, weights="bars")
        assert isinstance(bars, Bars)
        np.testing.assert_allclose(bars.values, np.median(rows[-1], 0), rtol=1e-6)
        heatmap = self.built(run, weights="heatmap")
        assert isinstance(heatmap, Heatmap)
        assert heatmap.labels == ("k=1", "k=2", "k=3")
        np.testing.assert_allclose(heatmap.z[:, -1], np.median(rows[-1], 0), rtol=1e-6)

    def test_a_matrix_is_a_table_of_its_axes(self, run):
        record = VectorHistory((Axis("row", 2), Axis("column", 3)), 1)
        record.append(0, np.arange(6).reshape(1, 2, 3))
        status = replace(run.arms["a"].status(), vectors={"embedding_power": record})
        chart = chart_builder.build(POWER, Snapshot(State.FINISHED, arms=(status,)), View(), "a", 60)
        assert isinstance(chart, Heatmap)
        assert chart.z.tolist() == [[0, 1, 2], [3, 4, 5]]
        assert chart.x_label == "column"

    @pytest.mark.parametrize("view", ["trajectories", "bars", "heatmap"])
    def test_all_are_drawn(self, run, view):
        picture = draw(self.built(run, weights=view), 50, 12, style=Style(DARK))
        assert not picture.error


def test_the_memory_of_a_preset_counts_the_records_of_its_vectors():
    plain, more = (memory_needed(declared(*measures)) for measures in ((), ("pairs", "margins")))
    assert more - plain == 2 * 2 * MOST_VECTOR_BYTES, "two vectors of two arms"


@pytest.mark.parametrize(
    ("task", "model"),
    [
        ({"name": "binary_operation", "p": 7}, {"name": "mlp", "hidden": 4}),
        ({"name": "binary_operation", "p": 8}, {"name": "mlp", "hidden": 9}),
        ({"name": "binary_operation", "p": 7, "operation": "divide"}, {"name": "linear"}),
        ({"name": "binary_operation", "operation": "s4_compose"}, {"name": "embedding_mlp", "width": 3}),
        ({"name": "sparse_parity", "n": 9, "k": 2, "samples": 20}, {"name": "mlp", "hidden": 5}),
        ({"name": "linear101", "samples": 6}, {"name": "linear"}),
    ],
    ids=str,
)
def test_how_long_axes_are_is_known_before_there_are_data(task, model):
    loss = {"binary_operation": "cross_entropy", "sparse_parity": "hinge", "linear101": "mse"}[task["name"]]
    arm = {"name": "a", "optimizer": {"name": "sgd", "lr": 0.1}, "model": model}
    plain = preset(arm, task=task, loss=loss, steps=1)
    shown = plain.arms[0]
    along = [
        name for name, one in MEASURES.shipped.items() if one.axes and one.applies(shown.task, shown.model)
    ]
    first = {"name": "singular_values", "part": "first"} if model["name"] == "mlp" else "singular_values"
    asked = [first if name == "singular_values" else name for name in along]
    run = Run(Preset.model_validate(plain.model_dump() | {"measures": asked}))
    for spec in run.preset.measures:
        sizes = MEASURES[spec.name].lengths(shown.task, shown.model, spec.settings)
        found = tuple(axis.size for axis in run.arms["a"].vectors[spec.name].axes)
        assert sizes == found or (sizes is None and spec.name == "singular_values"), spec.name


@pytest.mark.parametrize(
    ("measure", "changes", "said"),
    [
        (
            "margins",
            {"samples": 600_000},
            "measures[0]: 'margins': 600,000 (sample) of 1 replicas are 600,000 numbers a recorded step;"
            " at most 524,288 fit",
        ),
        (
            {"name": "coordinates"},
            {"n": 9000, "replicas": 64},
            "measures[0]: 'coordinates': 9,000 (coordinate) of 64 replicas are 576,000 numbers a recorded"
            " step; at most 524,288 fit, of 58 replicas",
        ),
    ],
    ids=["margins", "coordinates"],
)
def test_one_that_is_too_large_is_refused_when_the_preset_is_read(measure, changes, said, write):
    replicas = changes.pop("replicas", 1)
    (key, value), *_ = changes.items()
    text = PARITY.replace({"samples": "samples = 40", "n": "n = 9"}[key], f"{key} = {value}")
    asked = '"margins"' if measure == "margins" else '{ name = "coordinates" }'
    path = write(f"measures = [{asked}]\n{text}")
    with pytest.raises(PresetError, match=re.escape(said)):
        load(path, replicas=replicas)


def test_what_charts_show_can_be_asked_for_of_all_replicas_and_comes_with_exports(tmp_path):
    names = ("coordinates", "generalizes", "margins", "pairs")
    run = Run(declared(*names))
    store = create(run, "x", at=tmp_path / "run")
    done(run)
    store.checkpoint()
    store.close()
    out = tmp_path / "a.npz"
    export_run(store.directory, "npz", out)
    with np.load(out) as arrays:
        for arm in run.arms.values():
            for name in names:
                values = arrays[f"{arm.name}/{name}/value"]
                assert values.shape[:2] == (9, 2), "every record of both replicas"
                assert np.array_equal(values, arm.vectors[name].table()[1], equal_nan=True)
        assert len(arrays["a/coordinates/coordinate"]) == arrays["a/coordinates/value"].shape[2]
