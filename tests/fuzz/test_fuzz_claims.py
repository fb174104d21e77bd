"""Whatever stands in a claim, it is judged of any curves, or refused in one line that names it."""

from __future__ import annotations

import math
import random
from pathlib import Path
from typing import Any

import made
import numpy as np
import pytest
from fuzzing import CONTROL, PYDANTIC, Case, check, parts
from mutating import TEXTS, mutated_bytes, toml

from grok_tui.claims import Curve, Verdict, parse, telling, verdict
from grok_tui.errors import PresetError
from grok_tui.presets import load

pytestmark = pytest.mark.timeout(600, method="thread")

EACH = 250

TOKENS = [
    *(
        "a",
        "b",
        "a.bias",
        "a.train_loss",
        "a.grok",
        "a.slingshot.peak_loss",
        "a.grok.size",
        "a.coordinates",
        "end",
        "at",
        "gain",
    ),
    *(
        "(",
        ")",
        "[",
        "]",
        ",",
        ".",
        "<",
        "<=",
        "==",
        "!=",
        "in",
        "not",
        "and",
        "or",
        "+",
        "-",
        "*",
        "/",
        "**",
    ),
    *("0", "1", "2.5", "1e-3", "1e999", "9**9**9", "0x1f", "1_0", "007", "1j", "nan", "inf", "True", "None"),
    *("if", "else", "lambda", "_", ":=", "for", "f''", "'x'", "__import__", "*a", "x=1", "//", "%", "@", "~"),
    *TEXTS,
]
CURVES = {
    "empty": [],
    "one": [0.5],
    "falling": [3.0, 2.0, 1.0, 0.5],
    "holes": [math.nan, 1.0, math.nan, -2.0],
    "infinite": [1e308, math.inf, -math.inf, 0.0],
}


class Recorded:
    """An arm whose measures all have the same curve, and an event at each of some steps."""

    def __init__(self, values: list[float], cut: bool):
        self.values, self.cut = np.array(values), cut

    def steps(self, arm: str) -> Any:
        return np.arange(len(self.values))

    def curve(self, arm: str, measure: str) -> Curve:
        return Curve(self.steps(arm), self.values)

    def cut_off(self, arm: str) -> bool:
        return self.cut

    def events(self, arm: str, event: str) -> Any:
        return self.steps(arm)[1::2]

    def event_numbers(self, arm: str, event: str, number: str) -> Any:
        return self.steps(arm)[1::2], self.values[1::2]


def claim(rng: random.Random) -> str:
    """Return a condition of the grammar, one with a mistake, or tokens in a row."""
    match rng.randrange(6):
        case 0 | 1:
            return made.condition(rng, rng.choice([1, 2, 3]))
        case 2:
            text = made.condition(rng)
            at = rng.randrange(len(text))
            return text[:at] + rng.choice(TOKENS) + text[at + rng.randrange(6) :]
        case 3:
            return " ".join(rng.choice(TOKENS) for _ in range(rng.randrange(1, 20)))
        case 4:
            deep = rng.choice([10, 49, 50, 51, 300])
            return rng.choice(["not " * deep, "(" * deep, "-" * deep, "abs(" * deep]) + made.condition(rng, 0)
        case _:
            return mutated_bytes(made.condition(rng).encode(), rng).decode(errors="replace")


def attempt(rng: random.Random, folder: Path, case: Case) -> None:
    attempt_claim(claim(rng), rng, folder, case)


def attempt_claim(text: str, rng: random.Random, folder: Path, case: Case) -> None:
    """Load a preset with a claim, and judge it of all kinds of curves; the present folder is `folder`."""
    case.shown.append(repr(text))
    table = made.preset(rng) | {"task": made.TASKS[0], "model": {"name": "linear"}, "interventions": []}
    table |= {"training": {"steps": 5, "loss": "mse"}, "measures": [], "modifiers": {}}
    arm = {"optimizer": {"name": "sgd", "lr": 0.1}}
    table |= {"arms": [arm | {"name": "a"}, arm | {"name": "b"}]}
    table["claims"] = [{"says": "c", "origin": "o", "holds": text}]
    (folder / "p.toml").write_text(toml(table), errors="replace")
    try:
        load("./p.toml")
    except PresetError as error:
        case.shown.append(f"refused: {error}")
        if error.key != "claims[0].holds" and not error.problem.startswith("claims[0].holds: "):
            case.faults.append("does not name the claim")
        if CONTROL.search(str(error)) or "\n" in str(error) or PYDANTIC.search(str(error)):
            case.faults.append("cannot be shown as it is")
        return
    except Exception as error:
        case.faults.append(f"{type(error).__name__}: {error}")
        return
    condition = parse(text)
    for name, values in CURVES.items():
        for cut in (False, True):
            judged = condition.judge([Recorded(values, cut)] * rng.choice([1, 3]))
            came_to = verdict(judged, complete=True, holds_in=1)
            shown = str(telling(judged, came_to).deciding)
            case.shown.append(f"{name}: {came_to}, {shown}")
            if CONTROL.search(shown):
                case.faults.append("what came of it cannot be shown")
            if name == "empty" and cut and came_to is Verdict.REPRODUCED and decided_by_curves(text):
                case.faults.append("is reproduced, though nothing was seen")


def decided_by_curves(text: str) -> bool:
    """Whether a condition asks for nothing but curves; constants and counts are known without any."""
    return not any(word in text for word in ("or", "count", "divergence", " < 1e308", "not"))


@pytest.mark.parametrize("part", parts())
def test_a_claim_is_judged_or_refused_in_one_line(part, tmp_path):
    check("claims", attempt, part, EACH, tmp_path)
