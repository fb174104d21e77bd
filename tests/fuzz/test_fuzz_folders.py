"""Whatever has become of a run's folder, it is read, or refused in words, and never holds a command up."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import zlib
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import safetensors.numpy
from fuzzing import Case, call, check, parts
from mutating import mutated, mutated_bytes, strange, toml
from test_fuzz_commands import PRESET

from grok_tui.__main__ import main

pytestmark = pytest.mark.timeout(600, method="thread")

EACH = 75

STEPS = 4
STEERED = [
    {"arm": "a", "at_step": 1, "action": "set", "hyperparameter": "lr", "value": 0.05},
    {"arm": "a", "at_step": 2, "action": "jump", "norm": 0.5},
]


@cache
def kept() -> dict[str, bytes]:
    """Return the files of a small run, by their path in its folder."""
    import contextlib
    import io
    import tempfile

    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        preset = PRESET | {"training": {"steps": STEPS, "loss": "mse"}, "interventions": STEERED}
        (Path(folder) / "p.toml").write_text(toml(preset))
        run = Path(folder) / "run"
        with contextlib.redirect_stderr(io.StringIO()):
            main(["--preset", f"{folder}/p.toml", "--headless", "--run-dir", str(run)])
        return {str(path.relative_to(run)): path.read_bytes() for path in run.rglob("*") if path.is_file()}


def forged_json(content: bytes, rng: random.Random) -> bytes:
    """Return a document with other values in it."""
    return json.dumps(mutated(json.loads(content), rng)).encode()


def forged_lines(content: bytes, rng: random.Random, more: list[dict[str, Any]]) -> bytes:
    """Return the lines of a log with others in them, each with the checksum that it should have."""
    entries = [json.loads(line) for line in content.splitlines()]
    entries += rng.choices(more, k=rng.choice([0, 1, 2, 40]))
    rng.shuffle(entries)
    lines = []
    for entry in entries:
        entry.pop("sum", None)
        text = json.dumps(mutated(entry, rng) if rng.random() < 0.5 else entry, separators=(",", ":"))
        summed = f'{text[:-1]},"sum":"{zlib.crc32(text.encode()):08x}"}}'
        lines.append(summed if rng.random() < 0.9 else text)
    return "".join(f"{line}\n" for line in lines).encode()


def forged_checkpoint(content: bytes, rng: random.Random) -> bytes:
    """Return a checkpoint with another state or other arrays, and the digest that it should have."""
    length = int.from_bytes(content[:8], "little")
    metadata = json.loads(content[8 : 8 + length])["__metadata__"]
    arrays = safetensors.numpy.load(content)
    text = metadata["state"]
    if rng.random() < 0.7:
        text = json.dumps(mutated(json.loads(text), rng))
    else:
        name = rng.choice(sorted(arrays))
        flat = arrays[name].reshape(-1)
        match rng.randrange(5):
            case 0:
                del arrays[name]
            case 1:
                arrays[name] = flat
            case 2:
                arrays[name] = arrays[name].astype(rng.choice(["float16", "float64", "int8"]))
            case 3:
                arrays[f"{name}x"] = arrays[name]
            case _:
                raw = bytearray(flat.tobytes())
                for _ in range(rng.choice([1, 8])):
                    raw[rng.randrange(len(raw))] = rng.choice([0, 1, 0x7F, 0x80, 0xFF])
                arrays[name] = type(flat)(flat.shape, flat.dtype, bytes(raw)).reshape(arrays[name].shape)
    digest = hashlib.sha256(text.encode())
    for name in sorted(arrays):
        digest.update(f"\n{name} {arrays[name].dtype} {arrays[name].shape}\n".encode())
        digest.update(arrays[name].tobytes())
    return safetensors.numpy.save(arrays, metadata={"state": text, "sha256": digest.hexdigest()})


FORKS = [
    {"name": f"a_{n}", "parent": "a", "step": 1, "end": 4, "inherited": 1, "done": []} for n in range(2, 60)
]
BY_HAND = [
    {"scheduled": False, "intervention": {"arm": "a", "at_step": step, "action": action}}
    for step in (0, 3, 4, 2**53, -1)
    for action in ("reset", "acquire", "switch", "nope")
]


def forged(name: str, content: bytes, rng: random.Random) -> bytes:
    """Return what a file could hold that somebody has made up."""
    if name.endswith(".json"):
        return forged_json(content, rng)
    if name == "forks.jsonl":
        return forged_lines(content, rng, FORKS)
    if name == "interventions.jsonl":
        return forged_lines(content, rng, BY_HAND)
    if name.endswith(".safetensors"):
        return forged_checkpoint(content, rng)
    if name == "events.jsonl":
        return json.dumps(strange(rng)).encode() + b"\n"
    return mutated_bytes(content, rng, most=6)


def spoil(run: Path, rng: random.Random) -> str:
    """Do something to one of the files of a run; return what."""
    name = rng.choice([*kept(), "run.json", "forks.jsonl", "checkpoints", "socket", "looked_back.csv"])
    path = run / name
    what = rng.choice(
        ["mutated", "forged", "forged", "forged", "gone", "folder", "pipe", "link", "loop", "other"]
    )
    content = path.read_bytes() if path.is_file() else b""
    if what in ("mutated", "forged"):
        if path.is_file():
            made = forged if what == "forged" else lambda _, content, rng: mutated_bytes(content, rng)
            path.write_bytes(made(name, content, rng))
        return f"{name} {what}: {path.read_bytes()[:2000]!r}" if path.is_file() else f"{name} as it was"
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    match what:
        case "folder":
            (path / "in").mkdir(parents=True)
        case "pipe":
            os.mkfifo(path)
        case "link":
            path.with_name("elsewhere").write_bytes(content)
            path.symlink_to("elsewhere")
        case "loop":
            path.symlink_to(path.name)
        case "other":
            path.write_bytes(kept()[rng.choice(list(kept()))])
    return f"{name} {what}"


COMMANDS = [
    ["runs"],
    ["runs", "--json"],
    ["runs", "prune", "--keep", "0", "--yes"],
    ["runs", "end", "r"],
    ["resume", "r", "--headless"],
    ["resume", "r", "--headless", "--json"],
    ["replay", "r"],
    ["replay", "r", "--json"],
    ["export", "r", "--to", "csv"],
    ["export", "r", "--to", "json"],
    ["export", "r", "--to", "parquet", "--out", "o"],
    ["export", "r", "--to", "svg", "--out", "o"],
    ["export", "r", "--to", "npz", "--out", "o"],
    ["export", "r", "--to", "tensorboard", "--out", "o"],
]


def make_run() -> Path:
    """Return the folder of a small run, which is the only one that is kept."""
    runs = Path(os.environ["XDG_STATE_HOME"]) / "grok-tui" / "runs"
    shutil.rmtree(runs, ignore_errors=True)
    run = runs / "r"
    for name, content in kept().items():
        (run / name).parent.mkdir(parents=True, exist_ok=True)
        (run / name).write_bytes(content)
    return run


def attempt(rng: random.Random, folder: Path, case: Case) -> None:
    run = make_run()
    case.shown += [spoil(run, rng) for _ in range(rng.choice([1, 1, 2]))]
    call(case, *rng.choice(COMMANDS))


@pytest.mark.parametrize("part", parts())
def test_a_folder_is_read_or_refused_in_words(part, tmp_path):
    check("folders", attempt, part, EACH, tmp_path)
