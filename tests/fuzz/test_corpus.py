"""Whatever once brought a traceback, a hang or a wrong exit code: each input with what should come of it."""

from __future__ import annotations

import json
import os
import random
import shutil
from pathlib import Path

import pytest
from fuzzing import Case, call
from test_fuzz_claims import attempt_claim
from test_fuzz_commands import surroundings
from test_fuzz_folders import FORKS, make_run
from test_fuzz_frames import attempt_lines

CORPUS = Path(__file__).parent / "corpus"
LONG = "a" * 300


def entries(name: str) -> list[object]:
    found = json.loads((CORPUS / f"{name}.json").read_text())
    return list(found.items()) if isinstance(found, dict) else found


def came(case: Case, code: int, says: str, *arguments: object) -> None:
    """Call the program, and see that it does what is expected and nothing that it never may."""
    result = call(case, *map(str, arguments))
    assert not case.faults, str(case)
    assert result.code == code, str(case)
    assert says in result.err, str(case)


def test_every_preset_is_expected_to_do_something():
    assert {path.stem for path in (CORPUS / "presets").iterdir()} == dict(entries("presets")).keys()


@pytest.mark.parametrize(("name", "expected"), entries("presets"))
def test_a_preset(name, expected):
    came(Case("corpus", 0), *expected, "--preset", CORPUS / "presets" / f"{name}.toml", "--headless")
    shown = call(Case("corpus", 0), "presets", str(CORPUS / "presets" / f"{name}.toml"), "--json")
    assert shown.code == (2 if expected[0] == 2 else 0)


@pytest.mark.parametrize(("arguments", "code", "says"), entries("commands"))
def test_a_command_line(arguments, code, says, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    surroundings(tmp_path, random.Random(0))
    came(Case("corpus", 0), code, says, *(part.replace("LONG", LONG) for part in arguments))


@pytest.mark.parametrize(("text", "says"), entries("claims"))
def test_a_claim(text, says, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    case = Case("corpus", 0)
    attempt_claim(text, random.Random(0), tmp_path, case)
    assert not case.faults, str(case)
    refused = [line for line in case.shown if line.startswith("refused: ")]
    assert bool(refused) == bool(says)
    assert says in "".join(refused)


@pytest.mark.parametrize(("name", "content", "arguments", "code", "says"), entries("folders"))
def test_a_folder(name, content, arguments, code, says, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = make_run() / name
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    if content == "FOLDER":
        path.mkdir()
    elif content == "PIPE":
        os.mkfifo(path)
    else:
        many = "".join(f"{json.dumps(fork)}\n" for fork in FORKS)
        path.write_text(many if content == "MANY" else content)
    came(Case("corpus", 0), code, says, *arguments)
    assert not (tmp_path.parent / "up").exists()


@pytest.mark.parametrize(("line", "says"), entries("frames"))
def test_a_line_on_the_socket(line, says):
    case = Case("corpus", 0)
    told = attempt_lines([line.encode()], case)
    assert not case.faults, str(case)
    assert any(says in one for one in told), told
