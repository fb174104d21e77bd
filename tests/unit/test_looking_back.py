"""Measures that are asked at an arm's end about the way there: exact, bounded, and the same on every way."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import count, product

import numpy as np
import pyarrow.parquet
import pytest
import torch
from arms import preset
from pydantic import ValidationError
from test_measures import CROSS_ENTROPY, slow_parts

from grok_tui.catalog.measure import LEAST_KEPT_STATES, MOST_STATES_BYTES, Measure, kept_states
from grok_tui.catalog.measures import MEASURES, measures_of
from grok_tui.catalog.models import MODELS
from grok_tui.catalog.tasks import TASKS
from grok_tui.claims import Verdict
from grok_tui.engine.arm.forks import Fork
from grok_tui.engine.record.looked_back import LookedBack, States
from grok_tui.engine.remote import news
from grok_tui.engine.remote.mirror import Mirror
from grok_tui.engine.remote.news import Teller
from grok_tui.engine.remote.protocol import ANSWERS
from grok_tui.engine.run.run import Run
from grok_tui.engine.run.snapshot import State
from grok_tui.engine.store.directory import RunDirectory
from grok_tui.engine.store.files import StoreError
from grok_tui.engine.store.looked_back import read_looked_back
from grok_tui.engine.store.replay import Replay
from grok_tui.engine.store.store import create, resume
from grok_tui.engine.worker.travel import Journey, Trail
from grok_tui.frontend import chart_builder, charts_of_runs
from grok_tui.frontend.curves import curve_of
from grok_tui.frontend.export import csv_parts
from grok_tui.frontend.kept import json_of, snapshot_of
from grok_tui.frontend.report import Export
from grok_tui.frontend.reporting import report_of
from grok_tui.frontend.view import View
from grok_tui.headless.export import export_run, write_text
from grok_tui.lab.measures import Probe, take
from grok_tui.lab.models import initial_theta
from grok_tui.lab.tasks import build_task
from grok_tui.presets import Preset
from grok_tui.presets.model import memory_needed
from grok_tui.testing import check_measure

RESTRICTED, EXCLUDED = "restricted_loss_final_keys", "excluded_loss_final_keys"
BOTH = (RESTRICTED, EXCLUDED)
P, STEPS = 11, 40
TASK = {"name": "binary_operation", "p": P}
MODEL = {"name": "mlp", "hidden": 4}
ADAMW = {"name": "adamw", "lr": 0.05, "weight_decay": 1.0}
CLAIM = {"says": "s", "origin": "o", "holds": f"end(a.{RESTRICTED}) > 0 and a.{EXCLUDED} > -1"}


def declared(*measures: object, arms: str = "a", claims=(), replicas: int = 3, **training) -> Preset:
    plain = preset(
        *({"name": name, "optimizer": ADAMW, "model": MODEL} for name in arms),
        task=TASK,
        loss="cross_entropy",
        replicas=replicas,
        **({"steps": STEPS, "record_every": 5, "seed": 3} | training),
    )
    asked = {"measures": list(measures), "claims": [CLAIM | {"holds": holds} for holds in claims]}
    return Preset.model_validate(plain.model_dump() | asked)


def done(run: Run, steps: int = STEPS, chunk: int = STEPS) -> Run:
    for arm in run.arms.values():
        while arm.step < steps:
            arm.advance(min(chunk, steps - arm.step))
    return run


def same(one: LookedBack, other: LookedBack) -> bool:
    return (
        one.names == other.names
        and np.array_equal(one.steps, other.steps)
        and one.rows.tobytes() == other.rows.tobytes()
    )


@pytest.fixture(scope="module")
def run() -> Run:
    return done(Run(declared(*BOTH, arms="ab")))


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    store = create(kept := Run(declared(*BOTH, arms="ab")), "x", at=tmp_path_factory.mktemp("kept") / "run")
    done(kept, 20)
    store.checkpoint()
    assert not (store.directory.path / "looked_back.csv").exists()
    assert snapshot_of(store.directory).arms[0].looked_back.names == BOTH
    done(kept)
    store.checkpoint("finished")
    store.close()
    return store.directory


class TestClosedForms:
    def test_it_is_what_projection_on_the_final_keys_gives_at_every_step(self):
        """The keys are those of the end; the scores, pair by pair, those of each step; by a slow loop."""
        one = Run(declared(*BOTH, "embedding_power"))
        arm = one.arms["a"]
        states = {0: arm.theta.clone()}
        while not arm.finished:
            arm.advance(5)
            states[arm.step] = arm.theta.clone()
        assert arm.looked_back.steps.tolist() == list(states)
        changed = 0
        for r, seed in enumerate(one.preset.seeds):
            task = build_task(arm.spec.task, seed, torch.float64)
            network, _ = initial_theta(arm.spec.model, arm.spec.task.shape, [seed], torch.float64)
            power = arm.vectors["embedding_power"].table()[1][:, r]
            stand_out = power > 2 * power.mean(-1, keepdims=True)
            keys = [k + 1 for k in np.flatnonzero(stand_out[-1])]
            changed += bool(keys) and (stand_out != stand_out[-1]).any()
            pairs = torch.tensor(list(product(range(P), repeat=2)))
            inputs = torch.cat([torch.nn.functional.one_hot(side, P) for side in pairs.T], -1).double()
            x, y = (task.train.inputs[:, part].argmax(-1) for part in (slice(P), slice(P, None)))
            for place, theta in enumerate(states.values()):
                scores = network.apply(network.parameters(theta[r]), inputs).reshape(P, P, P).detach()
                part, less = slow_parts(arm.spec.task, scores, keys)
                restricted = CROSS_ENTROPY((scores.mean((0, 1)) + part).reshape(-1, P), pairs.sum(-1) % P)
                excluded = CROSS_ENTROPY(less[x, y], task.train.targets)
                found = arm.looked_back.rows[place, :, r]
                np.testing.assert_allclose(found, [restricted.mean(), excluded.mean()], rtol=1e-9)
        assert changed, "the keys of the end are others than those on the way"

    def test_at_the_end_it_is_the_measure_of_that_step(self, run):
        for arm in run.arms.values():
            for name in ("restricted_loss", "excluded_loss"):
                last = arm.looked_back.last(f"{name}_final_keys")
                np.testing.assert_allclose(last, arm.history.last(name), rtol=1e-12)

    def test_on_the_way_it_differs_from_the_measure_of_that_step(self, run):
        arm = run.arms["a"]
        assert not np.allclose(arm.looked_back.values(RESTRICTED), arm.history.values("restricted_loss"))

    def test_a_replica_is_what_it_is_alone(self, run):
        alone = done(Run(declared(*BOTH, replicas=1, seed=4))).arms["a"].looked_back
        np.testing.assert_allclose(run.arms["a"].looked_back.rows[..., 1], alone.rows[..., 0], rtol=1e-9)


class TestStates:
    @pytest.mark.parametrize(("appended", "rows"), [(1, 8), (8, 8), (9, 8), (500, 8), (500, 7), (501, 16)])
    def test_what_is_kept_is_even_with_first_and_last(self, appended, rows):
        kept = States((2, 3), "float64", rows)
        for i in range(appended):
            kept.append(10 * i, np.full((2, 3), i))
            assert len(kept) <= rows
        steps = (kept.steps // 10).tolist()
        even = list(range(0, appended, kept.stride))
        assert steps == (even if even[-1] == appended - 1 else [*even, appended - 1])
        assert len(steps) > rows / 2 or appended <= rows
        assert (kept.rows == (kept.steps / 10)[:, None, None]).all()

    def test_it_goes_on_from_a_state_as_if_nothing_had_been(self):
        one, other = States((1, 2), "float32", 5), States((1, 2), "float32", 5)
        for i in range(40):
            for kept in (one, other):
                kept.append(i, np.full((1, 2), i))
            other = States((1, 2), "float32", 5)
            other.restore_state(one.export_state())
        assert other.steps.tolist() == one.steps.tolist()
        assert other.stride == one.stride

    def test_nonsense_is_refused(self):
        kept = States((1, 2), "float32", 5)
        kept.append(0, np.zeros((1, 2)))
        state = kept.export_state()
        for wrong in ({"steps": np.arange(2)}, {"counts": np.array([0, 1])}, {"counts": np.array([1, 0])}):
            with pytest.raises(ValueError, match="do not go together"):
                kept.restore_state(state | wrong)


class TestWays:
    @pytest.mark.parametrize("chunk", [3, 7])
    def test_the_bits_do_not_depend_on_chunks(self, run, chunk):
        other = done(Run(declared(*BOTH)), chunk=chunk)
        assert same(other.arms["a"].looked_back, run.arms["a"].looked_back)

    @pytest.mark.parametrize("killed_at", [17, STEPS])
    def test_a_resumed_run_has_the_same_bits(self, run, tmp_path, killed_at):
        store = create(half := Run(declared(*BOTH)), "x", at=tmp_path / "run")
        done(half, killed_at)
        store.checkpoint()
        done(half)  # what is lost when it is killed
        store.close()
        again, store = resume(store.directory, pytest.fail)
        assert again.arms["a"].step == killed_at
        done(again)
        assert same(again.arms["a"].looked_back, run.arms["a"].looked_back)
        store.checkpoint("finished")
        store.close()
        assert all(not one.difference for one in Replay(store.directory, pytest.fail).compare(id))
        (arm,) = snapshot_of(store.directory).arms
        assert same(arm.looked_back, run.arms["a"].looked_back)

    def test_a_fork_has_the_way_of_its_parent_and_its_own_end(self, run):
        origin, trail = Run(declared(*BOTH)), Trail()
        done(origin, 20)
        trail.note(origin, "a")
        done(origin)
        fork = Fork(name="a_2", parent="a", step=20, end=STEPS)
        journey = Journey(origin, "a", 20, trail, fork)
        while not journey.arrived:
            journey.advance()
        assert not len(journey.arm.looked_back)
        origin.adopt(journey.arm, journey.fork)
        done(origin)
        assert same(origin.arms["a_2"].looked_back, run.arms["a"].looked_back)

    def test_it_goes_away_when_an_arm_goes_back_and_comes_again(self, run):
        origin, trail = Run(declared(*BOTH)), Trail()
        trail.note(origin, "a")
        done(origin)
        journey = Journey(origin, "a", 25, trail)
        while not journey.arrived:
            journey.advance()
        origin.adopt(journey.arm)
        assert not len(origin.arms["a"].looked_back)
        assert same(done(origin).arms["a"].looked_back, run.arms["a"].looked_back)

    def test_it_goes_away_when_a_run_goes_on_until_the_new_end(self):
        run = done(Run(declared(*BOTH, replicas=1)))
        run.extend()
        assert not len(run.arms["a"].looked_back)
        longer = done(run, 2 * STEPS).arms["a"].looked_back
        assert longer.steps[-1] == 2 * STEPS
        assert same(
            longer, done(Run(declared(*BOTH, replicas=1, steps=2 * STEPS)), 2 * STEPS).arms["a"].looked_back
        )

    def test_labels_that_change_on_the_way_are_taken_as_they_are_in_the_end(self):
        plain = declared(EXCLUDED).model_dump()
        swapped = {"arm": "a", "at_step": 20, "action": "relabel", "share": 0.5}
        run = done(Run(Preset.model_validate(plain | {"interventions": [swapped]})))
        arm = run.arms["a"]
        assert arm.looked_back.last(EXCLUDED) == pytest.approx(arm.history.last("excluded_loss"))


class TestNobodyAsks:
    def test_nothing_is_kept_and_nothing_changes(self, run):
        plain = done(Run(declared()))
        arm, asked = plain.arms["a"], run.arms["a"]
        assert not arm.looked_back.names
        assert not any(name.startswith("states/") for name in arm.export_state()[1])
        assert arm.theta.equal(asked.theta)
        assert arm.history.names == asked.history.names

    def test_they_are_not_taken_unasked(self):
        names = declared().measures_of(declared().arms[0])
        assert not {*BOTH} & names.keys()


class TestClaims:
    HOLDS = (
        f"end(a.{RESTRICTED}) > 0",
        f"never(a.{EXCLUDED} < 0)",
        f"last_step(a.{RESTRICTED} > 0) <= last_step(a.val_loss > 0)",
        f"max(a.{RESTRICTED} - a.restricted_loss) >= 0",
    )

    def test_they_are_undecided_until_the_end(self):
        run = Run(declared(claims=self.HOLDS))
        done(run, STEPS - 1)
        for claim in run.judge():
            assert claim.verdict is Verdict.UNDECIDED
            assert all(judgement.holds is None for judgement in claim.judgements)
            assert "asked at the end" in str(claim.telling.deciding)
        done(run)
        assert [claim.verdict for claim in run.judge()] == [Verdict.REPRODUCED] * 4

    def test_they_are_undecided_again_while_a_run_goes_on_beyond_its_end(self):
        run = done(Run(declared(claims=[*self.HOLDS, "end(a.val_loss) > 0"], replicas=1)))
        run.extend()
        verdicts = [claim.verdict for claim in run.judge()]
        assert verdicts == [Verdict.UNDECIDED] * 4 + [Verdict.REPRODUCED]

    def test_a_curve_is_compared_with_others_where_both_are_known(self, run):
        own = Run(declared(RESTRICTED, EXCLUDED, claims=self.HOLDS[3:]))
        claim = done(own).judge()[0]
        mine = run.arms["a"]
        difference = mine.looked_back.values(RESTRICTED) - mine.history.values("restricted_loss")
        assert [judgement.deciding.left for judgement in claim.judgements] == pytest.approx(difference.max(0))


class TestPresets:
    def test_nothing_can_wait_for_it(self):
        plain = declared().model_dump()
        waiting = {
            "arm": "a",
            "at_step": 0,
            "action": "reset",
            "since_plateau": {"measure": f"a.{RESTRICTED}", "records": 3},
        }
        with pytest.raises(ValidationError, match="looks back from the end, for which nothing can wait"):
            Preset.model_validate(plain | {"interventions": [waiting]})

    def test_the_memory_counts_the_weights_of_the_way(self):
        plain, more = memory_needed(declared()), memory_needed(declared(*BOTH))
        arm = declared().arms[0]
        numbers = arm.model.parameter_count(arm.task.shape) * 3
        kept = 8 * numbers * kept_states(numbers, 8)
        activations = 8 * arm.model.activations(arm.task.shape) * 2 * P * P * 3
        assert more - plain == pytest.approx(kept + activations)

    def test_weights_that_do_not_fit_are_a_line(self):
        most = MOST_STATES_BYTES // (8 * LEAST_KEPT_STATES)
        with pytest.raises(
            ValidationError, match=rf"arms\.a: its measures look back on .* at most {most:,} fit"
        ):
            declared(RESTRICTED, replicas=20_000)
        declared(replicas=20_000)


class TestToWhoeverReads:
    def test_the_socket_tells_the_same(self, run, monkeypatch):
        monkeypatch.setattr(news, "_fitting", lambda rows: 4)  # so that it comes in several parts
        teller, mirror = Teller(), Mirror()
        own = Run(declared(claims=TestClaims.HOLDS))

        versions = count()

        def told():
            while True:
                snapshot = replace(own.snapshot(State.FINISHED), version=next(versions))
                status = teller.news(snapshot, [])
                answer = ANSWERS.validate_json(ANSWERS.dump_json(status))
                seen = mirror.take(answer)
                if not answer.more:
                    return seen

        assert told().arms[0].looked_back.names == BOTH
        done(own, 30)
        assert not len(told().arms[0].looked_back)
        done(own)
        seen = told()
        assert same(seen.arms[0].looked_back, run.arms["a"].looked_back)
        assert {claim.verdict for claim in seen.claims} == {Verdict.REPRODUCED}
        own.extend()
        assert not len(told().arms[0].looked_back)

    def test_reports_and_what_is_exported_have_it(self, run):
        snapshot = run.snapshot(State.FINISHED)
        a, _ = report_of(snapshot, "x", "quick").arms
        assert a.measures[RESTRICTED] == run.arms["a"].looked_back.last(RESTRICTED).tolist()
        lines = [line.split(",") for line in "".join(csv_parts(snapshot)).splitlines()]
        found = [float(value) for arm, r, _, name, value in lines if (arm, r, name) == ("a", "2", EXCLUDED)]
        assert found == run.arms["a"].looked_back.values(EXCLUDED, 2).tolist()

    def test_the_json_of_a_kept_run_has_the_curves(self, run, directory):
        document = Export.model_validate(json.loads("".join(json_of(directory))))
        curves = {(curve.arm, curve.measure): curve for curve in document.curves}
        for name, arm in run.arms.items():
            for measure in BOTH:
                assert curves[name, measure].steps == arm.looked_back.steps.tolist()
                assert curves[name, measure].values == arm.looked_back.values(measure).T.tolist()

    def test_files_of_other_programs_have_it(self, run, directory, tmp_path):
        expected = run.arms["b"].looked_back
        export_run(directory, "npz", tmp_path / "a.npz")
        with np.load(tmp_path / "a.npz") as arrays:
            assert np.array_equal(arrays[f"b/{RESTRICTED}/value"], expected.values(RESTRICTED))
            assert np.array_equal(arrays[f"b/{RESTRICTED}/step"], expected.steps)
        export_run(directory, "parquet", tmp_path / "a.parquet")
        table = pyarrow.parquet.read_table(tmp_path / "a.looked_back.parquet").to_pylist()
        found = [row[EXCLUDED] for row in table if (row["arm"], row["replica"]) == ("b", 1)]
        assert found == expected.values(EXCLUDED, 1).tolist()
        write_text(directory, "csv", tmp_path / "a.csv")
        text = (tmp_path / "a.looked_back.csv").read_text()
        assert text == (directory.path / "looked_back.csv").read_text()
        assert text.startswith(f"arm,step,replica,{RESTRICTED},{EXCLUDED}\na,0,0,")

    @pytest.mark.parametrize(
        "text",
        [
            "arm,step,replica,x\na,0,0,1\na,1\n",
            "arm,step,replica,x\na,0,0,1,2\n",
            "arm,step,replica,x\na,5,0,1\na,5,0,1\n",
            "arm,step,replica,x\na,0,1,1\n",
            "arm,step,replica,x\na,0,1000000000,1\n",
            "arm,step,replica,x\na,0,0,y\n",
            "step,replica,x\n0,0,1\n",
            "\xff",
        ],
    )
    def test_a_file_of_somebody_else_that_is_none_is_a_line(self, tmp_path, text):
        (tmp_path / "looked_back.csv").write_text(text, encoding="latin-1")
        with pytest.raises(StoreError, match=r"looked_back.csv: is no"):
            read_looked_back(RunDirectory(tmp_path))

    def test_going_back_takes_the_file_away(self, tmp_path):
        store = create(kept := Run(declared(*BOTH, arms="ab")), "x", at=tmp_path / "run")
        trail = Trail()
        trail.note(kept, "a")
        done(kept)
        store.checkpoint()
        journey = Journey(kept, "a", 20, trail)
        while not journey.arrived:
            journey.advance()
        store.rewind(journey.arm)
        kept.adopt(journey.arm)
        assert not (tmp_path / "run" / "looked_back.csv").exists()
        store.checkpoint()
        a, b = snapshot_of(store.directory).arms
        assert (len(a.looked_back), len(b.looked_back)) == (0, 9)
        store.close()

    def test_a_chart_of_it_comes_at_the_end(self):
        run, chart = Run(declared(*BOTH)), f"measure:{RESTRICTED}"

        def built():
            snapshot = run.snapshot(State.RUNNING)
            assert chart in charts_of_runs.chart_ids(snapshot)
            return charts_of_runs.version(snapshot), chart_builder.build(chart, snapshot, View(), "a", 60)

        before, early = built()
        assert early.empty == "asked at the end"
        assert not any(len(series.x) for series in early.series)
        done(run)
        after, late = built()
        assert after != before
        expected = run.arms["a"].looked_back.values(RESTRICTED)
        assert late.series[-1].y.tolist() == np.median(expected, 1).tolist()
        assert late.series[-1].high.tolist() == expected.max(1).tolist()
        assert curve_of(run.arms["a"].status(), "of_no_arm") is None


def distance_from_end(probe: Probe) -> torch.Tensor:
    return (probe.theta - probe.final.theta).norm(dim=-1)


def unlike_others(probe: Probe) -> torch.Tensor:
    return (probe.theta - probe.final.theta[:1]).norm(dim=-1)


class TestPlugins:
    ENTRY = Measure(implementation=distance_from_end, says="||theta - theta_end||_2", looks_back=True)

    def test_a_plugin_may_look_back(self, monkeypatch):
        monkeypatch.setitem(MEASURES._added, "distance_from_end", self.ENTRY)
        run = done(Run(declared("distance_from_end")))
        arm = run.arms["a"]
        found = arm.looked_back.values("distance_from_end")
        assert (found[-1] == 0).all()
        np.testing.assert_allclose(found[0], arm.history.last("distance_from_init"))

    @pytest.mark.parametrize("traced", [True, False])
    def test_what_is_traced_and_what_is_not_come_out_alike(self, run, monkeypatch, traced):
        entry = Measure(implementation=distance_from_end, says="s", looks_back=True, traced=traced)
        monkeypatch.setitem(MEASURES._added, "distance_from_end", entry)
        found = done(Run(declared("distance_from_end", RESTRICTED))).arms["a"].looked_back
        mine = run.arms["a"].looked_back
        np.testing.assert_array_equal(found.values(RESTRICTED), mine.values(RESTRICTED))
        assert (np.diff(found.values("distance_from_end")[-3:], axis=0) < 0).all()

    def test_its_contract_is_checked_with_an_end_of_its_own(self):
        check_measure(self.ENTRY)
        mixed = Measure(implementation=unlike_others, says="s", looks_back=True)
        with pytest.raises(AssertionError, match="a replica beside another is not what it is alone"):
            check_measure(mixed)

    def test_it_has_no_axes(self):
        with pytest.raises(ValueError, match="looks back and has axes"):
            Measure(implementation=distance_from_end, says="s", axes=("place",), looks_back=True)


def test_a_measure_that_looks_back_is_without_an_end_that_of_the_step():
    task = TASKS.spec("binary_operation", p=5)
    assert {*BOTH} <= measures_of(task, MODELS.spec("mlp")).keys()
    network, theta = initial_theta(MODELS.spec("mlp", hidden=8), task.shape, [0], torch.float64)
    data = build_task(task, 0, torch.float64)
    probe = Probe(theta, theta, network, data, data.train, data.validation, CROSS_ENTROPY, True)
    assert take(RESTRICTED, probe).equal(take("restricted_loss", probe))
