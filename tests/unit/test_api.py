"""The Python interface: what is given is carried out as on the command line, and comes back whole."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load as unpack
from safetensors.numpy import save as pack

import grok_tui as gt
from grok_tui.api import exploring

TABLES = {
    "title": "t",
    "summary": "<b>s</b>",
    "sources": ["x"],
    "task": {"name": "linear101", "samples": 10},
    "model": {"name": "linear"},
    "training": {"steps": 40, "loss": "mse", "record_every": 10, "replicas": 2},
    "measures": ["coordinates"],
    "arms": [
        {"name": "a", "optimizer": {"name": "sgd", "lr": 0.1}},
        {"name": "b", "optimizer": {"name": "adamw", "lr": 0.01}, "training": {"steps": 20}},
    ],
    "claims": [
        {
            "says": "<i>it</i> learns",
            "holds": "end(a.train_loss) < 0.01",
            "origin": "x",
            "fails_with": {"a": "b"},
        }
    ],
}


@pytest.fixture(scope="module")
def result() -> gt.Result:
    return gt.run(TABLES, quiet=True)


def test_importing_it_takes_no_time_and_no_torch():
    seen = "import grok_tui, sys; print(*{'torch', 'numpy', 'pydantic', 'typer'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", seen], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_it_offers_what_it_says_and_nothing_else():
    assert set(gt.__all__) <= set(dir(gt))
    assert all(hasattr(gt, name) for name in gt.__all__)
    assert not hasattr(gt, "nonsense")


def test_curves_are_those_of_the_report(result):
    steps, values = result.curve("a.train_loss")
    assert steps.tolist() == [0, 10, 20, 30, 40]
    assert values.shape == (5, 2)
    assert values[-1].tolist() == result.report.arms[0].measures["train_loss"]
    assert result.curve("b.train_loss").steps.tolist() == [0, 10, 20]
    assert result.theta("a").shape == (2, 11)
    assert {name: one.shape for name, one in result.arms["a"].parameters.items()} == {"weight": (2, 1, 11)}
    assert result.ended == "finished"


def test_what_has_axes_comes_with_their_names(result):
    vector = result.vector("a.coordinates")
    assert vector.values.shape == (len(vector.steps), 2, 11)
    assert vector.axes == ("coordinate",)


def test_a_verdict_is_that_of_the_command_line(result, tmp_path, capfd):
    from grok_tui.frontend.preset_toml import toml_text

    path = tmp_path / "p.toml"
    path.write_text(toml_text(gt.preset(TABLES)))
    done = subprocess.run(
        [sys.executable, "-m", "grok_tui", "--preset", str(path), "--headless", "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    document = json.loads(done.stdout)
    assert document["claims"] == json.loads(result.report.to_json())["claims"]
    assert document["arms"] == json.loads(result.report.to_json())["arms"]
    assert (done.returncode == 0) == result.as_expected


def same(one: gt.Result, other: gt.Result) -> bool:
    return all(
        np.array_equal(curve.values, other.arms[arm].curves[name].values, equal_nan=True)
        for arm, mine in one.arms.items()
        for name, curve in mine.curves.items()
    )


def test_a_preset_may_be_tables_text_a_path_or_itself(result, tmp_path):
    from grok_tui.frontend.preset_toml import toml_text

    checked = gt.preset(TABLES)
    text = toml_text(checked)
    (tmp_path / "p.toml").write_text(text)
    for given in (checked, text, tmp_path / "p.toml", str(tmp_path / "p.toml")):
        assert gt.preset(given) == checked
    assert same(gt.run(checked, quiet=True), result)
    assert TABLES["training"]["steps"] == 40, "what was given stays as it was"


def test_options_are_laid_over_it():
    asked = {
        "optimizer.lr": 0.5,
        "arms.b.training.steps": 7,
        "schedule": {"lr": {"name": "cosine", "over": 9}},
        "title": 'say "x"\n',
    }
    found = gt.preset(TABLES, seed=3, replicas=1, set=asked)
    assert found.seeds == [3]
    assert [arm.optimizer.lr for arm in found.arms] == [0.5, 0.5]
    assert [arm.training.steps for arm in found.arms] == [40, 7]
    assert found.arms[1].schedule["lr"][0].over == 9
    assert found.title == 'say "x"\n'


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("linear11", {}), "did you mean 'linear101'?"),
        ((TABLES, {"steps": 0}), "training.steps: should be greater than or equal to 1"),
        ((TABLES, {"set": {"optimizer.rate": 1}}), "optimizer.rate: no arm has this"),
        ((TABLES | {"measure": []}, {}), "unknown key 'measure'; did you mean 'measures'?"),
        (({}, {}), "title: missing"),
        (("title = \n", {}), "is not TOML"),
        ((TABLES, {"profile": "fast"}), "unknown profile 'fast'"),
        ((TABLES, {"device": "tpu"}), "tpu"),
        ((TABLES, {"plugins": ["nowhere.py"]}), "nowhere.py"),
        ((Path("nowhere.toml"), {}), "no such file"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(given, words):
    source, options = given
    with pytest.raises(gt.GrokTuiError) as raised:
        gt.run(source, quiet=True, **options)
    assert words in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("c.train_loss", "unknown arm: 'c'"),
        ("a.train_los", "did you mean 'train_loss'?"),
        ("a", "is not of the form arm.measure"),
    ],
)
def test_an_unknown_curve_is_named_with_the_nearest(result, what, words):
    with pytest.raises(gt.GrokTuiError, match=words.replace("?", r"\?")):
        result.curve(what)


def test_the_table_has_a_row_an_arm_a_step_and_a_replica(result):
    columns = result.columns()
    assert len(columns["arm"]) == 2 * (5 + 3)
    frame = result.to_pandas()
    one = frame[(frame.arm == "a") & (frame.step == 30) & (frame.replica == 1)]
    assert one["train_loss"].item() == result.curve("a.train_loss").values[3, 1]
    assert result.to_polars().to_dict(as_series=False)["step"] == frame["step"].tolist()


def test_a_figure_has_a_panel_a_measure_and_a_line_an_arm(result):
    drawn = result.plot("train_loss", "val_accuracy", "l2_norm")
    assert [panel.get_title(loc="left") for panel in drawn.axes] == ["train loss", "val accuracy", "l2 norm"]
    lines = drawn.axes[0].get_lines()
    assert [line.get_label() for line in lines] == ["a", "b"]
    np.testing.assert_array_equal(
        lines[0].get_ydata(), np.median(result.curve("a.train_loss").values, axis=1)
    )
    with pytest.raises(gt.GrokTuiError, match="unknown measure: 'los'"):
        result.plot("los")


@pytest.mark.parametrize("installed", [True, False])
def test_a_notebook_shows_claims_and_charts_and_no_markup_of_others(result, monkeypatch, installed):
    if not installed:
        monkeypatch.setitem(sys.modules, "grok_tui.api.panels", None)
    page = result._repr_html_()
    assert "<svg" in page
    assert "&lt;i&gt;it&lt;/i&gt; learns" in page
    assert "<i>it" not in page
    assert "end(a.train_loss) = " in page


def test_what_is_saved_is_read_again_whole(result, tmp_path):
    path = tmp_path / "r.safetensors"
    result.save(path)
    again = gt.load(path)
    assert again.report == result.report
    assert same(result, again)
    assert same(again, result)
    np.testing.assert_array_equal(again.theta("b"), result.theta("b"))
    vector, before = again.vector("a.coordinates"), result.vector("a.coordinates")
    np.testing.assert_array_equal(vector.values, before.values)
    assert vector.axes == before.axes
    assert again.arms["a"].layout == result.arms["a"].layout


def test_what_is_no_result_is_refused_in_a_line(result, tmp_path):
    path = tmp_path / "r.safetensors"
    result.save(path)
    whole = path.read_bytes()
    cut, other, short = (tmp_path / name for name in ("cut", "other", "short"))
    cut.write_bytes(whole[: len(whole) // 2])
    other.write_bytes(pack({"x": np.zeros(3)}))
    arrays = {name: one[:-1] if name.endswith("theta") else one for name, one in unpack(whole).items()}
    length = int.from_bytes(whole[:8], "little")
    texts = json.loads(whole[8 : 8 + length])["__metadata__"]
    short.write_bytes(pack(arrays, texts))
    for bad in (cut, other, short, tmp_path, tmp_path / "missing"):
        with pytest.raises(gt.GrokTuiError) as raised:
            gt.load(bad)
        assert str(bad) in str(raised.value)
        assert "\n" not in str(raised.value)
    with pytest.raises(gt.GrokTuiError):
        result.save(tmp_path / "no" / "folder")


def test_a_run_that_is_stopped_gives_what_there_is():
    asked = {"training.steps": 10**9, "arms.b.training.steps": 10**9}
    stopped = gt.run(TABLES, quiet=True, time_limit=10, set=asked)
    assert stopped.ended == "time limit"
    assert not stopped.as_expected
    assert len(stopped.curve("a.train_loss").steps) > 1


def test_a_kept_run_can_be_resumed(tmp_path):
    gt.run(TABLES, quiet=True, keep=tmp_path / "run", steps=20)
    assert (tmp_path / "run" / "run.json").exists()


def test_the_explorer_is_opened_on_a_terminal_alone(monkeypatch):
    with pytest.raises(gt.GrokTuiError, match="needs a terminal"):
        gt.explore("linear101")
    commands = []

    class Terminal:
        def isatty(self) -> bool:
            return True

    def done(command, check):
        commands.append([*command, Path(command[-1].partition("=")[2]).read_text() if len(commands) else ""])
        return subprocess.CompletedProcess(command, 130)

    monkeypatch.setattr(exploring.sys, "stdin", Terminal())
    monkeypatch.setattr(exploring.sys, "stdout", Terminal())
    monkeypatch.setattr(exploring.subprocess, "run", done)
    assert gt.explore("linear101", seed=7, keep=True, tf32=False, set={"optimizer.lr": 0.1}) == 130
    assert commands[0][3:-1] == [
        "--profile=quick",
        "--set=optimizer.lr=0.1",
        "--seed=7",
        "--keep",
        "--preset=linear101",
    ]
    gt.explore(TABLES)
    assert 'title = "t"' in commands[1][-1]
