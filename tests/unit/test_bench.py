"""The benchmark has contestants take turns, compares within rounds, and gives what it has when stopped."""

from __future__ import annotations

import json

from grok_tui.headless.bench import Effort, Score, _publish, measure
from grok_tui.headless.contestants import PROBLEMS

LINEAR = PROBLEMS[0]


def builders(turns, speeds):
    def build(name):
        def stretch(seconds):
            turns.append(name)
            return speeds[name] * (1 + len(turns) // 4)  # a machine that changes its pace

        return lambda: stretch

    return {name: build(name) for name in speeds}


def test_contestants_take_turns_and_are_compared_within_a_round():
    turns = []
    scores = measure(LINEAR, builders(turns, {"plain": 10.0, "fast": 40.0}), Effort(3, 1.0))
    assert turns[2:] == ["plain", "fast"] * 3
    assert [len(score.rounds) for score in scores] == [3, 3]
    assert scores[0].ratios == [1.0, 1.0, 1.0]


def test_what_was_measured_before_an_interrupt_is_given():
    turns = []
    scores = measure(LINEAR, builders(turns, {"plain": 1.0, "fast": 2.0}), Effort(9), lambda: len(turns) >= 5)
    assert [(score.contestant, len(score.rounds)) for score in scores] == [("plain", 2), ("fast", 1)]


def test_the_json_document_holds_every_round(capsys):
    score = Score("linear101", "plain", [1.0, 5.0, 3.0], [1.0, 1.0, 1.0])
    _publish([score], {"device": "cpu"}, Effort(3), as_json=True)
    document = json.loads(capsys.readouterr().out)
    (found,) = document["scores"]
    assert (found["steps_per_second"], found["rounds"]) == (3.0, [1.0, 5.0, 3.0])


def test_a_contestant_that_cannot_be_built_is_left_out_and_that_is_said(capsys):
    from grok_tui.headless.contestants import UnavailableError

    def cannot():
        raise UnavailableError("there is no compiler")

    built = builders([], {"plain": 1.0, "fast": 2.0})
    scores = measure(LINEAR, {"plain": built["plain"], "no": cannot, "fast": built["fast"]}, Effort(1))
    assert [score.contestant for score in scores] == ["plain", "fast"]
    assert "no: left out: there is no compiler" in capsys.readouterr().err


def test_the_engine_and_the_plain_loop_train_what_they_say():
    import torch

    from grok_tui.headless.contestants import contestants

    built = contestants(LINEAR, torch.device("cpu"))
    assert list(built) == [
        "plain torch loop, no recording",
        "own step in torch.compile",
        "eager",
        "compiled",
        "compiled, 64 replicas",
    ]
    for name in ("plain torch loop, no recording", "eager"):
        assert built[name]()(0.01) > 0


def test_on_a_gpu_the_engine_meets_what_somebody_who_knows_cuda_would_write():
    import torch

    from grok_tui.headless.contestants import contestants

    names = list(contestants(LINEAR, torch.device("cuda")))
    assert names[1:4] == [
        "the same, AdamW(fused=True)",
        "own CUDA graph, capturable AdamW",
        "own step in torch.compile",
    ]
