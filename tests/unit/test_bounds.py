"""What is large takes time in proportion, or is refused: claims, replicas, events, checkpoints."""

import ast
from types import SimpleNamespace

import pytest
from arms import SUMS, preset

from grok_tui.claims import parse
from grok_tui.engine.record import verdicts
from grok_tui.engine.record.history import History
from grok_tui.engine.run.run import Run
from grok_tui.engine.store.store import create
from grok_tui.headless import run as headless
from grok_tui.options import RunOptions
from grok_tui.presets import model, named

SGD = {"name": "sgd", "optimizer": {"name": "sgd", "lr": 0.1}}
MANY = 1500


def claims(count, arms=("sgd",)):
    return [
        {"says": "c", "origin": "o", "holds": f"end({arms[n % len(arms)]}.bias) > {n}"} for n in range(count)
    ]


def test_a_claim_is_parsed_once(monkeypatch):
    parsed = []
    monkeypatch.setattr(
        ast, "parse", lambda text, *rest, of=ast.parse, **more: parsed.append(text) or of(text, *rest, **more)
    )
    parse.cache_clear()
    found = preset(SGD, claims=claims(MANY))
    for claim in found.claims:
        assert claim.condition.references
    assert len(parsed) == MANY


def test_claims_are_gone_through_once_for_all_arms(monkeypatch):
    calls = []
    monkeypatch.setattr(model, "gathered", lambda *all_: calls.append(1) or named.gathered(*all_))
    arms = [SGD | {"name": f"a{n}"} for n in range(12)]
    found = preset(*arms, claims=claims(24, [arm["name"] for arm in arms]))
    for arm in found.arms:
        found.measures_of(arm)
    assert len(calls) == 1


def test_a_copy_with_other_claims_names_what_those_do():
    claim = {"says": "c", "origin": "o", "holds": "end(sgd.sharpness) > 0"}
    arm = SGD | {"model": {"name": "mlp", "hidden": 4}}
    two = preset(arm, claims=[claim], task=SUMS)
    one = two.model_copy(update={"claims": []})
    assert "sharpness" in two.measures_of(two.arms[0])
    assert "sharpness" not in one.measures_of(one.arms[0])
    assert two == preset(arm, claims=[claim], task=SUMS)


def test_more_judgements_than_anybody_waits_for_are_refused():
    preset(SGD, claims=claims(10), replicas=100_000)
    with pytest.raises(ValueError, match=r"11 claims are judged .* at most 90,909 replicas, not 100,000"):
        preset(SGD, claims=claims(11), replicas=100_000)


def test_all_replicas_share_one_look_at_the_events(monkeypatch):
    looks = []
    original = History.events_by_replica
    monkeypatch.setattr(History, "events_by_replica", lambda self: looks.append(1) or original(self))
    holds = "first_step(sgd.fit) > first_step(sgd.grok) and count(sgd.slingshot) == 0"
    run = Run(preset(SGD, claims=[{"says": "c", "origin": "o", "holds": holds}], replicas=40, steps=5))
    while not run.finished:
        run.advance()
    looks.clear()
    run.judge()
    assert len(looks) == 1


def test_checkpoints_judge_anew_only_what_is_new(monkeypatch, tmp_path):
    judged = []
    original = verdicts.judge
    monkeypatch.setattr(
        "grok_tui.engine.record.judging.judge", lambda *all_: judged.append(1) or original(*all_)
    )
    run = Run(preset(SGD, claims=claims(3), steps=5))
    store = create(run, "p", at=tmp_path / "run")
    for _ in range(3):
        assert store.checkpoint()
    assert len(judged) == 3
    while not run.finished:
        run.advance()
    assert store.checkpoint("finished")
    assert len(judged) == 6
    assert sum(store.directory.status().verdicts.values()) == 3
    store.close()


def test_the_time_limit_is_one_of_training(monkeypatch, tmp_path, capsys):
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(headless, "time", SimpleNamespace(monotonic=lambda: clock.now))
    original = headless.start

    def slow(*all_):
        clock.now += 1000.0  # as long as imports and a large preset may take
        return original(*all_)

    monkeypatch.setattr(headless, "start", slow)
    path = tmp_path / "p.toml"
    path.write_text(
        'title = "t"\nsummary = "s"\nsources = ["x"]\ntask = { name = "linear101", samples = 8 }\n'
        'model = { name = "linear" }\ntraining = { steps = 3, loss = "mse" }\n'
        '[[arms]]\nname = "a"\noptimizer = { name = "sgd", lr = 0.1 }\n'
    )
    assert headless.run_headless(str(path), RunOptions(), headless.Wishes(time_limit=5.0)) == 0
    assert "3 steps" in capsys.readouterr().out
