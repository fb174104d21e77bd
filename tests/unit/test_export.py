"""Exports: the numbers that were recorded, a command that does the run again, and no file overwritten."""

import csv
import json
import shlex
import subprocess
import tomllib
from dataclasses import replace
from io import StringIO
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grok_tui.catalog.interventions import Jump, Set, Switch
from grok_tui.catalog.optimizers import AdamW, Sgd
from grok_tui.engine.record.history import Event
from grok_tui.engine.run.run import Run
from grok_tui.engine.run.snapshot import Snapshot, State
from grok_tui.frontend import report
from grok_tui.frontend.export import (
    ExportError,
    Subject,
    command,
    csv_parts,
    json_parts,
    save_all,
    save_command,
    script,
)
from grok_tui.frontend.preset_toml import toml_text
from grok_tui.frontend.reporting import report_of
from grok_tui.options import RunOptions
from grok_tui.presets import PROFILES, load, names

PRESET = """
title = "Two \\u001b[31marms"
summary = "SGD and AdamW on ten samples."
sources = ["a test"]

[task]
name = "linear101"
samples = 10

[model]
name = "linear"
init = "uniform"

[training]
steps = 60
loss = "mse"
seed = 3
replicas = 2

[[arms]]
name = "sgd"
optimizer = { name = "sgd", lr = 0.1 }

[[arms]]
name = "adamw"
optimizer = { name = "adamw", lr = 1e-2 }
training = { batch_size = 4 }

[[interventions]]
arm = "sgd"
at_step = 25
action = "reset"

[[interventions]]
arm = "sgd"
at_step = 50
action = "set"
hyperparameter = "lr"
value = 0.2

[[claims]]
says = "SGD puts weight on the bias"
holds = "end(sgd.bias) > 0.1"
origin = "a test"
"""


@pytest.fixture(scope="module")
def preset_file(tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("presets") / "two arms.toml"
    path.write_text(PRESET)
    return str(path)


@pytest.fixture(scope="module")
def subject(preset_file) -> Subject:
    """A run that was left alone until its end."""
    return finished(preset_file, RunOptions())


def snapshot_of(run: Run) -> Snapshot:
    arms = tuple(arm.status() for arm in run.arms.values())
    state = State.FINISHED if run.finished else State.PAUSED
    return Snapshot(state, preset=run.preset, arms=arms, claims=tuple(run.judge()), device="cpu", threads=1)


def finished(name: str, options: RunOptions) -> Subject:
    run = Run(options.load(name))
    while not run.finished:
        run.advance()
    return Subject(name, options, snapshot_of(run))


def rows(subject: Subject) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO("".join(csv_parts(subject.snapshot)))))


def document(subject: Subject, tmp_path) -> dict:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    return json.loads("".join(json_parts(subject, tmp_path / "x.toml")), parse_constant=refuse)


def same_curves(one: Snapshot, other: Snapshot) -> bool:
    for a, b in zip(one.arms, other.arms, strict=True):
        for name in a.history.names:
            (steps, values), (more_steps, more_values) = a.history.curve(name), b.history.curve(name)
            assert np.array_equal(steps, more_steps), (a.name, name)
            assert np.array_equal(values, more_values, equal_nan=True), (a.name, name)
    return True


def test_csv_has_a_row_for_every_value_of_every_replica(subject):
    table = rows(subject)
    assert list(table[0]) == ["arm", "replica", "step", "measure", "value"]
    for arm in subject.snapshot.arms:
        for name in arm.history.names:
            steps, values = arm.history.curve(name)
            for replica in (0, 1):
                own = [
                    row
                    for row in table
                    if (row["arm"], row["measure"], row["replica"]) == (arm.name, name, str(replica))
                ]
                assert [int(row["step"]) for row in own] == steps.tolist()
                read = np.array([float(row["value"]) for row in own])
                assert np.array_equal(read, values[:, replica], equal_nan=True)


def test_json_has_settings_events_interventions_claims_and_curves(subject, tmp_path):
    found = document(subject, tmp_path)
    assert found["preset"] == "two arms"
    assert found["seeds"] == [3, 4]
    assert found["settings"]["arms"][1]["training"]["batch_size"] == 4
    assert [done["at_step"] for done in found["interventions"]] == [25, 50]
    assert found["claims"][0]["verdict"] == "reproduced"
    assert "end(sgd.bias) = " in found["claims"][0]["comparisons"][0]["shown"]
    assert {event["name"] for event in found["events"]} <= {"fit", "grok"}
    assert found["versions"]["torch"]
    curve = next(c for c in found["curves"] if (c["arm"], c["measure"]) == ("sgd", "bias"))
    steps, values = subject.snapshot.arms[0].history.curve("bias")
    assert curve["steps"] == steps.tolist()
    assert np.array_equal(np.array(curve["values"]).T, values)


def test_json_satisfies_the_schema_and_says_what_any_report_of_the_run_says(subject, tmp_path):
    found = document(subject, tmp_path)
    schema = json.loads((Path(report.__file__).parent / report.SCHEMA_FILE).read_text())
    jsonschema.validate(found, {**schema, "$ref": "#/$defs/Export"})
    told = json.loads(report_of(subject.snapshot, "two arms", "quick").model_dump_json())
    assert {key: found[key] for key in told} == told


def test_what_was_measured_of_a_slingshot_is_in_the_report(subject):
    numbers = {
        "duration": 3.0,
        "peak_loss": 2.5,
        "norm_growth": 0.5,
        "update_in_lr": 40.0,
        "silent_steps": 9.0,
    }
    arm = subject.snapshot.arms[0]
    shot = replace(subject.snapshot, arms=(replace(arm, events=(Event(7, "slingshot", 0, numbers),)),))
    assert report_of(shot, "two arms", "quick").events[0].numbers == numbers


def test_a_diverged_run_is_exported_as_strict_json(preset_file, tmp_path):
    subject = finished(preset_file, RunOptions(assignments=("arms.sgd.optimizer.lr=1e30",)))
    assert subject.snapshot.arms[0].diverged
    found = document(subject, tmp_path)
    losses = [curve["values"] for curve in found["curves"] if curve["measure"] == "train_loss"]
    assert any(value is None for columns in losses for column in columns for value in column)
    assert any(row["value"] in ("nan", "inf") for row in rows(subject))


def test_the_command_of_an_untouched_run_is_what_was_asked_for(tmp_path):
    options = RunOptions(
        profile="full",
        assignments=("arms.sgd.optimizer.lr=1e-2", "title='a b'"),
        seed=7,
        steps=300,
        threads=2,
    )
    subject = Subject("linear101", options, Snapshot(State.PAUSED, preset=load("linear101")))
    words = shlex.split(command(subject, tmp_path / "never.toml"))
    assert words == [
        *("grok-tui", "--preset", "linear101", "--profile", "full"),
        *("--set", "arms.sgd.optimizer.lr=1e-2", "--set", "title='a b'"),
        *("--seed", "7", "--steps", "300", "--threads", "2"),
    ]


def test_the_command_of_a_preset_given_as_a_path_works_from_any_folder(preset_file, tmp_path, monkeypatch):
    monkeypatch.chdir(Path(preset_file).parent)
    subject = Subject("two arms.toml", RunOptions(), Snapshot(State.PAUSED, preset=load(preset_file)))
    assert shlex.split(command(subject, tmp_path / "never.toml"))[2] == preset_file


def steered(name: str, options: RunOptions) -> Subject:
    """Do to a run all that a user can do to it, beyond its end too."""
    run = Run(options.load(name))
    arm = run.arms["adamw"]
    when = {"arm": "adamw", "at_step": 0}
    run.advance_together(17)
    arm.intervene(Jump(action="jump", norm=0.3, **when))
    arm.intervene(Switch(action="switch", optimizer=Sgd(name="sgd", lr=0.05, momentum=0.9), **when))
    run.advance_together(20)
    arm.intervene(Set(action="set", hyperparameter="batch_size", value=7, **when))
    arm.intervene(Switch(action="switch", optimizer=AdamW(name="adamw"), state="kept", **when))
    arm.intervene(Set(action="set", hyperparameter="betas", value=[0.8, 0.99], **when))
    while not run.finished:
        run.advance()
    arm.intervene(Jump(action="jump", norm=0.1, **when))
    run.extend()
    run.advance_together(23)
    return Subject(name, options, snapshot_of(run))


def test_a_run_that_was_steered_by_hand_is_done_again_to_the_bit_by_its_exported_preset(
    preset_file, tmp_path
):
    subject = steered(preset_file, RunOptions(seed=5))
    line, files = save_command(subject, tmp_path)
    words = shlex.split(line)
    assert words[:2] == ["grok-tui", "--preset"]
    assert sorted(file.name for file in files) == ["two_arms-1.sh", "two_arms-1.toml"]
    again = finished(words[2], RunOptions())
    assert not again.steered
    assert same_curves(subject.snapshot, again.snapshot)


def test_what_was_planned_after_the_present_step_stays_planned(preset_file, tmp_path):
    run = Run(load(preset_file))
    run.advance_together(30)
    run.arms["sgd"].intervene(Jump(action="jump", arm="sgd", at_step=0, norm=0.5))
    subject = Subject(preset_file, RunOptions(), snapshot_of(run))
    _, files = save_command(subject, tmp_path)
    written = load(str(next(file for file in files if file.suffix == ".toml")))
    assert [(i.at_step, i.action) for i in written.interventions] == [
        (25, "reset"),
        (30, "jump"),
        (50, "set"),
    ]
    while not run.finished:
        run.advance()
    again = Run(written)
    while not again.finished:
        again.advance()
    assert same_curves(snapshot_of(run), snapshot_of(again))


def test_the_script_tells_what_was_done_and_runs_in_a_shell(preset_file, tmp_path):
    subject = steered(preset_file, RunOptions())
    text = script(subject, tmp_path / "two.toml")
    assert "adamw at step 17: random jump of norm 0.3" in text
    assert "momentum 0.9" in text
    assert "sgd, adamw for 83 steps" in text
    assert "\x1b" not in text
    echoed = subprocess.run(
        ["sh"],
        input=f"grok-tui() {{ printf '%s\\n' \"$@\"; }}\n{text}".replace("grok-tui", "grok_tui"),
        capture_output=True,
        text=True,
        check=True,
    )
    assert echoed.stdout.splitlines() == ["--preset", str(tmp_path / "two.toml")]


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("name", names())
def test_every_shipped_preset_comes_back_equal_from_its_text(tmp_path, name, profile):
    preset = load(name, profile=profile)
    path = tmp_path / "written.toml"
    path.write_text(toml_text(preset), encoding="utf-8")
    assert load(str(path)) == preset


@given(st.text(st.characters(blacklist_categories=["Cs"]), min_size=1, max_size=60))
@settings(max_examples=100, deadline=None)
def test_every_text_comes_back_equal(text):
    preset = load("linear101-switch").model_copy(update={"summary": text})
    assert tomllib.loads(toml_text(preset))["summary"] == text


def test_nothing_is_overwritten(subject, tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "two_arms-1.svg").write_text("mine")
    first = save_all(subject, folder, "<svg/>")
    second = save_all(subject, folder, "<svg/>")
    assert {file.stem for file in first} == {"two_arms-2"}
    assert {file.stem for file in second} == {"two_arms-3"}
    assert (folder / "two_arms-1.svg").read_text() == "mine"
    assert {file.suffix for file in first} == {".csv", ".json", ".svg", ".sh"}


def test_a_name_that_no_file_can_have_is_made_one(subject, tmp_path):
    subject = replace(subject, name="../ü/..:*?.toml")
    files = save_all(subject, tmp_path, "<svg/>")
    assert {file.parent for file in files} == {tmp_path}
    assert {file.stem for file in files} == {"run-1"}


def test_a_folder_that_cannot_be_written_is_told_of_in_one_line(subject, tmp_path):
    with pytest.raises(ExportError, match=r"cannot write to .*missing: no such file or directory"):
        save_all(subject, tmp_path / "missing", "<svg/>")
    (tmp_path / "file").touch()
    with pytest.raises(ExportError, match=r"cannot write to .*file: not a directory"):
        save_command(subject, tmp_path / "file")


def test_before_there_is_a_run_nothing_is_exported(tmp_path):
    with pytest.raises(ExportError, match="no run"):
        save_all(Subject("linear101", RunOptions(), Snapshot(State.LOADING)), tmp_path, "")
    assert list(tmp_path.iterdir()) == []
