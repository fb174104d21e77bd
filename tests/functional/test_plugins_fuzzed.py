"""Whatever a plugin of any kind does is one line that names it, and never a traceback."""

import json
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from plugin_kinds import (
    EACH_DECLARED,
    EACH_PLACE,
    KINDS,
    PLACES,
    RAISED,
    after,
    forget,
    in_spec,
    last_line,
)

pytestmark = pytest.mark.usefixtures("own_registries")


def test_plugins_that_keep_their_contract_are_trained_with(broken):
    for kind in KINDS.values():
        assert broken(kind.kind, kind.name, kind.name, "--steps", "20").code == 0, kind


@pytest.mark.parametrize(
    ("kind", "place", "raised"),
    [
        (kind, place, raised)
        for kind, places in PLACES.items()
        for place in places
        for raised in (RAISED if place == places[0] else ("one without words", "an exit"))
    ],
)
def test_what_its_code_raises_is_one_line(broken, kind, place, raised):
    statement, said = RAISED[raised]
    called = broken(kind, place, after(kind, place, statement))
    assert called.code == (3 if kind == "intervention" else 2)
    line = last_line(called)
    assert f"mine.py: {kind} '{KINDS[kind].name}': {said}" in line


@pytest.mark.parametrize("raised", RAISED)
@pytest.mark.parametrize(("kind", "place"), EACH_DECLARED)
def test_what_its_spec_raises_is_one_line_before_anything_runs(broken, kind, place, raised):
    statement, said = RAISED[raised]
    called = broken(kind, *in_spec(kind, place, statement), check=True)
    assert called.code == 2
    line = last_line(called)
    assert said in line
    assert "mine.py" in line


THINGS = st.sampled_from(
    [
        *(
            "None",
            "3",
            "[]",
            "{}",
            "(1, 2)",
            "'x'",
            "float('nan')",
            "lambda *a: None",
            "{'a': 1}",
            "object()",
        ),
        *(
            "torch.zeros(3)",
            "torch.zeros(2, 2, 2)",
            "torch.zeros((), dtype=torch.int32)",
            "torch.zeros(1, 0)",
        ),
        *("torch.ones(1) * torch.nan", "torch.zeros(1, device='meta')", "torch.zeros(1, dtype=torch.cfloat)"),
        *(
            "{'mean': None}",
            "{'step': torch.zeros(7)}",
            "(torch.zeros(1, 11), None)",
            "torch.zeros(1, 11).half()",
        ),
    ]
)


@settings(
    max_examples=35,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    database=None,
)
@given(where=st.sampled_from(EACH_PLACE), returned=THINGS)
def test_what_its_code_returns_is_trained_with_or_one_line(broken, where, returned):
    kind, place = where
    called = broken(kind, place, after(kind, place, f"return {returned}"), "--steps", "20")
    assert called.code in (0, 2, 3)
    if called.code:
        line = last_line(called)
        assert "mine.py" in line or "diverged" in line


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    database=None,
)
@given(
    where=st.sampled_from(EACH_DECLARED),
    returned=st.sampled_from(
        [
            *("None", "-1", "1.5", "'x'", "[]", "True", "float('nan')", "'x' * 10_000", "'\\x1b[31m\\n'"),
            *("Shape(4, 3, 1)._replace(samples=-1)", "Shape('a', 3, 1)", "Shape(0, 3, 1)", "(4, 3, 1, 0, 1)"),
        ]
    ),
)
def test_what_its_spec_says_is_taken_or_one_line(broken, where, returned):
    kind, place = where
    called = broken(kind, *in_spec(kind, place, f"return {returned}"), check=True)
    assert called.code in (0, 2)
    if called.code:
        assert "mine.py" in last_line(called)


@pytest.mark.parametrize("kind", [kind for kind, places in PLACES.items() if places])
def test_another_signature_is_one_line(broken, kind):
    for place in PLACES[kind]:
        if place.startswith("super"):
            continue
        called = broken(kind, place, re.sub(r"\(.*\)", "()", place))
        assert called.code in (2, 3)
        assert "mine.py" in last_line(called)
        assert "TypeError" in called.err


LATE = "        if 100 < step.max() < 2**40:\n            "
CHANGING = {"optimizer": '-hyper["lr"]', "modifier": "lr.new_tensor(spec.shift)"}
LATER = [
    *(
        (kind, f"return {{{name}: {CHANGING[kind]}}}", returned)
        for kind, name in (("optimizer", '"step"'), ("modifier", '"by"'))
        for returned in ("return None", "return {'step': 3}", "return {'step': torch.zeros(7)}", "1 / 0")
    ),
    ("optimizer", 'return {"step": -hyper["lr"]}', "return {'other': -hyper['lr']}"),
    ("modifier", 'return {"by": lr.new_tensor(spec.shift)}', "return {'other': lr / step}"),
    *(
        ("measure", "return probe", value)
        for value in ("raise Outside()", "return None", "return torch.ones(3)")
    ),
]


@pytest.mark.parametrize(("kind", "right", "wrong"), LATER)
def test_what_goes_wrong_on_the_way_fails_the_run_in_one_line(broken, kind, right, wrong, tmp_path, grok_tui):
    if kind == "measure":
        old = KINDS[kind].code
        code = old.replace("says=", "traced=False, says=")
        new = code.replace(right, f"if late():\n        {wrong}\n    {right}")
    else:
        varying = right.replace(CHANGING[kind], f"0 * step + {CHANGING[kind]} / step")
        old, new = f"        {right}", f"{LATE}{wrong}\n        {varying}"
    kept = tmp_path / "kept"
    called = broken(kind, old, new, "--run-dir", str(kept))
    said = f"training failed: plugin {tmp_path / 'mine.py'}: {kind} '{KINDS[kind].name}': "
    assert called.code == 3
    assert said in last_line(called)
    assert json.loads((kept / "status.json").read_text())["ended"] == "failed"
    forget()
    again = grok_tui("resume", kept, "--headless", "--plugin", tmp_path / "mine.py")
    assert again.code == 3
    assert "Traceback" not in again.err
    assert said in again.err.splitlines()[-1]
