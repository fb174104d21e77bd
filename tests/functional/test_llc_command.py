"""`grok-tui llc`: what it prints, and the one line with which it answers what it cannot do."""

import json

import pytest

from grok_tui.cli.llc import _numbers
from grok_tui.errors import GrokTuiError

QUICK = ("--step-sizes", "1e-3,3e-3", "--nbetas", "4.34,50", "--draws", "40", "--burn-in", "10")
SECOND_ARM = """
[[arms]]
name = "fast"
optimizer = { name = "sgd", lr = 0.2 }
"""


def document(called) -> dict:
    assert called.code == 0
    return json.loads(called.out)


class TestResult:
    def test_the_table_has_a_row_a_step_size_and_a_column_an_n_beta(self, grok_tui, preset_file):
        called = grok_tui("llc", preset_file(), *QUICK, "--step-sizes", "1e-3,1")
        assert called.code == 0
        head, *rest = called.out.splitlines()
        assert head.startswith("small sgd")
        assert any("n beta 4.34 = n / log n" in line and "n beta 50" in line for line in rest)
        rows = [line for line in rest if line.startswith(("0.001 ", "1 "))]
        assert [row.count("±") for row in rows] == [2, 0]
        assert [row.count("!") for row in rows] == [0, 2]
        assert any(line.startswith("! step size 1, n beta 50: a chain ran away") for line in rest)
        assert any(line.startswith("distance ") for line in rest)
        assert "4 estimates, 400 gradients over 10 samples" in called.out

    def test_the_document_has_all_estimates_and_the_traces_of_one(self, grok_tui, preset_file):
        found = document(grok_tui("llc", preset_file(), *QUICK, "--at", 20, "--chains", 3, "--json"))
        assert (found["arm"], found["step"], found["samples"]) == ("sgd", 20, 10)
        cells = [(cell["step_size"], cell["nbeta"], cell["chains"]) for cell in found["estimates"]]
        assert cells == [(1e-3, 4.34, 3), (1e-3, 50.0, 3), (3e-3, 4.34, 3), (3e-3, 50.0, 3)]
        traces = found["traces"]
        assert (traces["step_size"], traces["nbeta"]) == (1e-3, 4.34)
        assert len(traces["loss"]) == len(traces["distance"]) == 50
        assert (traces["loss"][0], traces["distance"][0]) == (found["loss"], 0)
        assert found["cost"]["gradients"] == 4 * 3 * 50

    def test_the_same_question_has_the_same_answer(self, grok_tui, preset_file):
        path = preset_file()
        first, again, other = (
            document(grok_tui("llc", path, *QUICK, "--json", "--at", at)) for at in (30, 30, 0)
        )
        assert first["traces"] == again["traces"]
        assert first["loss"] < other["loss"]

    def test_a_chain_that_ran_away_has_no_number(self, grok_tui, preset_file):
        called = grok_tui("llc", preset_file(), "--step-sizes", 1, "--nbetas", "1e9", "--json")
        (cell,) = document(called)["estimates"]
        assert cell["llc"] is None
        assert "not finite" in cell["warnings"][0]
        assert grok_tui("llc", preset_file(), "--step-sizes", 1, "--nbetas", "1e9").code == 0

    def test_only_the_arm_that_is_asked_for_trains(self, grok_tui, preset_file):
        path = preset_file(more=SECOND_ARM)
        found = document(grok_tui("llc", path, "--arm", "fast", *QUICK, "--json"))
        assert found["arm"] == "fast"


class TestRefusals:
    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (["--arm", "sdg"], "--arm: 'small' has no arm 'sdg'; did you mean 'sgd'?"),
            (["--at", "201"], "--at: arm 'sgd' ends at step 200"),
            (["--step-sizes", "1e-3,x"], "--step-sizes: '1e-3,x' is no list of numbers"),
            (["--step-sizes", "0"], "--step-sizes: should be greater than 0"),
            (["--nbetas", "inf"], "--nbetas: should be a finite number"),
            (["--burn-in", "0"], "--burn-in: should be greater than or equal to 1"),
            (["--chains", "0"], "--chains: should be"),
            (["--gamma", "-1"], "--gamma: should be"),
        ],
    )
    def test_what_cannot_be_is_one_line(self, grok_tui, preset_file, arguments, words):
        called = grok_tui("llc", preset_file(), *arguments)
        assert (called.code, called.out) == (2, "")
        (line,) = called.err.splitlines()
        assert words in line

    def test_of_several_arms_one_must_be_named(self, grok_tui, preset_file):
        called = grok_tui("llc", preset_file(more=SECOND_ARM))
        assert called.code == 2
        assert "name one of sgd, fast" in called.err

    def test_training_that_diverges_ends_it(self, grok_tui, preset_file):
        called = grok_tui("llc", preset_file({"lr = 0.1": "lr = 1e6"}))
        assert (called.code, called.out) == (3, "")
        assert "diverged" in called.err.splitlines()[-1]


def test_a_list_of_numbers_keeps_its_order_and_loses_repeats():
    assert _numbers("--nbetas", "3, 1e-3,3") == (3.0, 1e-3)
    with pytest.raises(GrokTuiError, match="--nbetas"):
        _numbers("--nbetas", "1,,2")
