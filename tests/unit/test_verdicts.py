"""What is remembered of the runs of a preset."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from grok_tui.catalog.interventions import Reset
from grok_tui.engine.run.run import Run
from grok_tui.engine.run.snapshot import Snapshot, State
from grok_tui.frontend.verdicts import POINTS, Outcome, Verdicts, outcome, verdicts_file
from grok_tui.options import RunOptions
from grok_tui.presets import load

OUTCOME = Outcome(
    when=datetime(2026, 1, 2, tzinfo=UTC), seconds=3.5, verdicts={"end(sgd.bias) > 0": "reproduced"}
)


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Snapshot:
    path = tmp_path_factory.mktemp("presets") / "small.toml"
    path.write_text(
        """
        title = "Small"
        summary = "SGD on ten samples."
        sources = ["a test"]
        task = { name = "linear101", samples = 10 }
        model = { name = "linear" }
        training = { steps = 20, loss = "mse" }
        arms = [{ name = "sgd", optimizer = { name = "sgd", lr = 0.1 } }]
        claims = [
            { says = "The bias grows", holds = "end(sgd.bias) > 0.1", origin = "a test" },
            { says = "The bias falls", holds = "end(sgd.bias) < 0", origin = "a test" },
        ]
        """
    )
    run = Run(load(str(path)))
    while not run.finished:
        run.advance()
    arms = tuple(arm.status() for arm in run.arms.values())
    return Snapshot(State.FINISHED, preset=run.preset, arms=arms, claims=tuple(run.judge()))


def test_they_lie_in_the_xdg_state_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert verdicts_file() == tmp_path / "grok-tui" / "verdicts.json"


def test_a_finished_runs_curves_are_remembered_short_and_in_order(finished, tmp_path):
    found = outcome(finished, RunOptions(), 1.0)
    assert list(found.curves) == ["sgd"]
    curve = found.curves["sgd"]
    assert len(curve) == POINTS
    assert curve[0] == 0.0
    assert curve[-1] == 1.0
    path = tmp_path / "verdicts.json"
    Verdicts(path).remember("small", "quick", found)
    assert Verdicts(path).last("small", "quick").curves == found.curves


def test_an_outcome_is_remembered_for_its_profile_in_later_sessions(tmp_path):
    path = tmp_path / "state" / "verdicts.json"
    Verdicts(path).remember("linear101", "quick", OUTCOME)
    later = Verdicts(path)
    assert later.last("linear101", "quick") == OUTCOME
    assert later.last("linear101", "full") is None
    assert later.last("linear102", "quick") is None


def test_two_sessions_do_not_forget_each_others_outcomes(tmp_path):
    path = tmp_path / "verdicts.json"
    first, second = Verdicts(path), Verdicts(path)
    first.remember("a", "quick", OUTCOME)
    second.remember("b", "quick", OUTCOME)
    assert Verdicts(path).last("a", "quick") == Verdicts(path).last("b", "quick") == OUTCOME


@pytest.mark.parametrize("content", ["", "{", '{"outcomes": {"a quick": {"when": 3}}}', "[1, 2]", "\x00"])
def test_a_broken_file_counts_as_empty_and_is_replaced(tmp_path, content):
    path = tmp_path / "verdicts.json"
    path.write_text(content)
    assert Verdicts(path).last("a", "quick") is None
    Verdicts(path).remember("a", "quick", OUTCOME)
    assert Verdicts(path).last("a", "quick") == OUTCOME


def test_the_verdicts_of_a_finished_run_are_worth_remembering(finished):
    found = outcome(finished, RunOptions(seed=7), 1.5)
    assert found is not None
    assert found.seconds == 1.5
    claims = finished.preset.claims
    assert [found.verdict(claim) for claim in claims] == ["reproduced", "not reproduced"]
    assert found.as_expected(finished.preset) == 1


def test_a_claim_that_was_rewritten_has_no_verdict(finished):
    found = outcome(finished, RunOptions(), None)
    rewritten = finished.preset.claims[0].model_copy(update={"holds": "end(sgd.bias) > 0.2"})
    assert found.verdict(rewritten) is None


@pytest.mark.parametrize(
    "options", [RunOptions(steps=5), RunOptions(replicas=2), RunOptions(assignments=("training.seed=2",))]
)
def test_a_preset_that_was_changed_is_not_remembered(finished, options):
    assert outcome(finished, options, 1.0) is None


def test_a_run_that_goes_on_or_was_steered_by_hand_is_not_remembered(finished):
    assert outcome(replace(finished, state=State.PAUSED), RunOptions(), 1.0) is None
    steered = replace(finished.arms[0], interventions=(Reset(action="reset", arm="sgd", at_step=3),))
    assert outcome(replace(finished, arms=(steered,)), RunOptions(), 1.0) is None
