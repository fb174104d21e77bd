"""Whatever stands on the command line, it is carried out, or refused in one line."""

from __future__ import annotations

import os
import random
from pathlib import Path

import made
import pytest
from fuzzing import Case, call, check, parts, refused_in_one_line
from mutating import NUMBERS, TEXTS, mutated_bytes, strange, toml

pytestmark = pytest.mark.timeout(600, method="thread")

EACH = 250

PRESET = {
    "title": "t",
    "summary": "s",
    "sources": ["x"],
    "task": {"name": "linear101", "samples": 8},
    "model": {"name": "linear"},
    "training": {"steps": 3, "loss": "mse"},
    "arms": [{"name": "a", "optimizer": {"name": "sgd", "lr": 0.1}}],
    "claims": [{"says": "c", "holds": "end(a.bias) > 0", "origin": "o"}],
}
NAMES = [
    *(
        "p.toml",
        "./p.toml",
        "nope",
        "nope.toml",
        ".",
        "..",
        "/",
        "/dev/zero",
        "/dev/null",
        "pipe.toml",
        "lost.toml",
    ),
    *(
        "folder.toml",
        "bytes.toml",
        "linear10",
        "LINEAR101",
        "",
        "p.toml/x",
        "~nobody",
        "a" * 300,
        "é" * 200,
        "\udcff.toml",
    ),
]
STRANGE = [
    *TEXTS,
    *map(str, NUMBERS[:-4]),
    "9" * 5000,
    "\udcff",
    "--",
    "-",
    "-x",
    "--headless",
    "--help",
    "=",
    ",",
]

KEYS = [
    *(
        "training.steps",
        "training.seed",
        "training.replicas",
        "training.batch_size",
        "training.loss",
        "training",
    ),
    *(
        "optimizer.lr",
        "optimizer.momentum",
        "optimizer.name",
        "optimizer",
        "arms.a.optimizer.lr",
        "arms.a",
        "arms",
    ),
    *(
        "arms.a.name",
        "arms.b.x",
        "arms.0",
        "task.samples",
        "task.name",
        "task",
        "model.depth",
        "model",
        "title",
    ),
    *(
        "claims",
        "claims.0",
        "interventions",
        "measures",
        "sources",
        "modifiers.warmup",
        "frame",
        "full",
        "x.y.z",
    ),
    *(
        "",
        ".",
        "a..b",
        "training.",
        ".steps",
        "modifiers",
        "arms.a.frame",
        "arms.a.frame.seed",
        "pace",
        "nope",
    ),
]
VALUES = {
    "--profile": ["quick", "medium", "full"],
    "--seed": ["0", "5", str(2**31 - 1), str(2**31)],
    "--replicas": ["1", "2"],
    "--steps": ["1", "3"],
    "--device": ["cpu", "auto", "all", "cuda", "cuda:7", "cpu,cpu", "meta", "mps"],
    "--threads": ["1", "2", "0", "-1", "99999999999999999999"],
    "--compile": ["off", "maybe"],
    "--time-limit": ["10s", "1m", "0", "-1", "1x", "1e9", "9" * 400],
    "--junit": ["j.xml", "nowhere/j.xml", "."],
    "--run-dir": ["kept", "p.toml", ""],
    "--fps": ["1", "0", "nan"],
    "--color": ["none", "many"],
    "--plugin": ["p.toml", "nope.py", ".", "~nobody/x.py", "a" * 300],
}
FLAGS = [
    "--json",
    "--headless",
    "--tf32",
    "--deterministic",
    "--keep",
    "--ascii",
    "--no-mouse",
    "--keep-running",
]
FLAGS += ["--controls", "--version", "--nope"]
RUNNING = [*VALUES, "--set", "--set", "--set", *FLAGS]
COMMANDS: dict[str, tuple[list[str], list[str]]] = {
    # command: what it is given, its options
    "presets": ([*NAMES, "linear101"], ["--json", "--plugin", "--nope"]),
    "coverage": ([], ["--json", "--markdown", "--nope"]),
    "plugins": ([], ["--json", "--plugin", "--nope"]),
    "runs": (["prune", "end", "nope"], ["--json", "--keep", "--yes"]),
    "resume": (
        ["nope", "", ".", "a" * 300],
        ["--headless", "--json", "--threads", "--device", "--keep-running"],
    ),
    "replay": (["nope", "", "..", "\udcff"], ["--json", "--device"]),
    "export": (["nope", "", "/", "./p.toml"], ["--to", "--out"]),
    "attach": (["nope", "", "."], ["--plugin"]),
    "llc": (
        NAMES[:4],
        ["--arm", "--at", "--step-sizes", "--nbetas", "--gamma", "--chains", "--json", "--set"],
    ),
    "verify": (["nope", "", "\udcff"], ["--json", "--jobs", "--seeds", "--junit", "--markdown", "--seed"]),
    "bench": (["nope"], ["--rounds", "--quick"]),
}
VALUES |= {
    "--to": ["csv", "json", "parquet", "svg", "nope"],
    "--out": ["o", "nowhere/o", "."],
    "--markdown": ["m.md", ".", "p.toml"],
    "--keep": ["0", "20", "-1"],
    "--jobs": ["1", "0"],
    "--rounds": ["0", "-1", "x"],
    "--step-sizes": ["1e-3", "1e-3,1e-4", ",", "x"],
    "--arm": ["a", "b"],
    "--chains": ["1", "0"],
}


def assignment(rng: random.Random) -> str:
    """Return what `--set` is given."""
    text = f"{rng.choice(KEYS)}={rng.choice(['1', '0.5', 'sgd', 'true', toml({'v': strange(rng)})[6:-1]])}"
    if rng.random() < 0.3:
        return rng.choice(STRANGE)
    return text if rng.random() < 0.8 else mutated_bytes(text.encode(), rng).decode(errors="surrogateescape")


def option(rng: random.Random, name: str) -> list[str]:
    """Return an option with its value, which may be none that it takes."""
    if name == "--set":
        return [name, assignment(rng)]
    if name not in VALUES:
        return [name]
    value = rng.choice(STRANGE if rng.random() < 0.2 else VALUES[name])
    return [name] if rng.random() < 0.03 else [name, value]


def command_line(rng: random.Random) -> list[str]:
    """Return the arguments of the program."""
    if rng.random() < 0.45:
        name = rng.choice(["p.toml"] * 5 + ["made.toml", *NAMES])
        line = ["--preset", name] * (rng.random() < 0.95)
        line += ["--headless"] * (rng.random() < 0.9)
        options = RUNNING
        end = ["--steps", "3", "--time-limit", "10s"]
    else:
        command = rng.choice(list(COMMANDS))
        given, options = COMMANDS[command]
        line = [command] + ([rng.choice(given)] if given and rng.random() < 0.8 else [])
        # What is slow where it succeeds is given what it refuses.
        end = {"bench": ["--rounds", "0"], "llc": ["--steps", "3", "--draws", "2", "--burn-in", "0"]}.get(
            command, []
        )
        if command == "verify":
            end = ["--jobs", "0"] if rng.random() < 0.5 else ["nope"]
    for _ in range(rng.choice([0, 1, 1, 2, 3])):
        line += option(rng, rng.choice(options))
    if "--steps" not in line or rng.random() < 0.9:
        line += end
    if rng.random() < 0.05:
        line.insert(rng.randrange(len(line)), rng.choice(STRANGE))
    return [part.replace("\0", "") for part in line]  # which no process can be given


def surroundings(folder: Path, rng: random.Random) -> None:
    """Fill the present folder with what a command line may name."""
    (folder / "p.toml").write_text(toml(PRESET))
    (folder / "made.toml").write_text(toml(made.preset(rng)))
    (folder / "folder.toml").mkdir()
    (folder / "bytes.toml").write_bytes(b"a = '\xff'\n")
    (folder / "lost.toml").symlink_to("nowhere")
    (folder / "\udcff.toml").write_text(toml(PRESET))
    os.mkfifo(folder / "pipe.toml")


def attempt(rng: random.Random, folder: Path, case: Case) -> None:
    surroundings(folder, rng)
    came = call(case, *command_line(rng))
    if not came.err.startswith(("p: ", "made: ", "\\udcff: ")):
        refused_in_one_line(case, came)


@pytest.mark.parametrize("part", parts())
def test_a_command_line_is_carried_out_or_refused_in_one_line(part, tmp_path):
    check("commands", attempt, part, EACH, tmp_path)
