"""What was not seen decides nothing: a truth table of every function, and less to see never decides more."""

import math

import numpy as np
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from test_claims_properties import Curves, jumps, language, recorded

from grok_tui.claims import Verdict, parse, telling, verdict

NAN = math.nan

RECORDS = {
    "whole": {"x": [3.0, 2.0, 1.0, 2.0], "jumps": {1: 0.5, 3: 1.5}},
    "a hole": {"x": [3.0, NAN, 1.0, 2.0], "jumps": {1: 0.5, 3: NAN}},
    "cut off": {"x": [3.0, 2.0, 1.0, 2.0], "jumps": {1: 0.5, 3: 1.5}, "cut": True},
    "empty": {"x": [], "jumps": {}},
}
TABLE = {
    # function: (whole, a hole, cut off, empty)
    "start(a.x)": (3, 3, 3, None),
    "end(a.x)": (2, 2, None, None),
    "max(a.x)": (3, None, None, None),
    "max(a.x, 2, 3)": (2, 2, 2, None),
    "min(a.x)": (1, None, None, None),
    "mean(a.x)": (2, None, None, None),
    "median(a.x)": (2, None, None, None),
    "range(a.x)": (2, None, None, None),
    "at(2, a.x)": (1, 1, 1, None),
    "at(1, a.x)": (2, None, 2, None),
    "first_step(a.x < 2.5)": (1, None, 1, None),
    "first_step(a.x < 2.5, 2)": (2, 2, 2, None),
    "first_step(a.x < 0)": ("never", None, None, None),
    "last_step(a.x > 2.5)": (0, None, None, None),
    "last_step(a.x < 1.5)": (2, 2, None, None),
    "count(a.jump)": (2, 2, None, None),
    "count(a.grok)": (0, 0, None, None),
    "count(a.divergence)": (0, 0, 0, None),
    "first_step(a.jump)": (1, 1, 1, None),
    "first_step(a.grok)": ("never", "never", None, None),
    "last_step(a.jump)": (3, 3, None, None),
    "share(a.x < 2.5)": (0.75, None, None, None),
    "share(a.jump.size > 1)": (0.5, None, None, None),
    "max(a.jump.size)": (1.5, None, None, None),
    "mean(gain(a.x, a.jump, 0))": (0, None, None, None),
}
TRUTHS = {
    "never(a.x < 0)": (True, None, None, None),
    "never(a.x < 1.5)": (False, False, False, None),
    "always(a.x > 0)": (True, None, None, None),
    "always(a.x > 0 and a.x < 9)": (True, None, None, None),
    "never(a.jump)": (False, False, False, None),
    "never(a.grok)": (True, True, None, None),
    "never(a.divergence)": (True, True, True, None),
    "not never(a.grok)": (False, False, None, None),
}


def replica(x, jumps, cut=False):
    curves = Curves(jumps, x=np.array(x), y=np.array(x))
    curves.cut = cut
    return curves


CASES = [
    (text, record, expected)
    for table in (TABLE, TRUTHS)
    for text, row in table.items()
    for record, expected in zip(RECORDS, row, strict=True)
]


@pytest.mark.parametrize(("text", "record", "expected"), CASES)
def test_what_a_function_makes_of_what_was_seen(text, record, expected):
    judgement = parse(text if text in TRUTHS else f"{text} >= 0").evaluate(replica(**RECORDS[record]))
    [comparison] = judgement.comparisons
    if text in TRUTHS:
        assert judgement.holds is expected
    else:
        assert comparison.left == (None if expected == "never" else expected)
    assert judgement.undecided is (expected is None)
    complete = verdict([judgement], complete=True, holds_in=1)
    if expected is None:
        assert complete is Verdict.UNDECIDED
    else:
        assert complete is (Verdict.REPRODUCED if judgement.holds else Verdict.NOT_REPRODUCED)


def test_the_table_has_every_function():
    from grok_tui.claims import FUNCTIONS

    elementwise = {"abs", "sqrt", "log", "log10", "exp", "ratio"}
    of_replicas = {"median_over_replicas"}
    written = " ".join([*TABLE, *TRUTHS])
    assert {name for name in FUNCTIONS if f"{name}(" in written} == set(FUNCTIONS) - elementwise - of_replicas


def with_holes(curve, holes):
    return np.where(np.isin(np.arange(len(curve)), list(holes)), NAN, curve)


@settings(deadline=None, max_examples=300)
@given(language(depth=3), recorded, jumps, st.sets(st.integers(0, 4)), st.booleans())
def test_less_to_see_never_decides_what_more_did_not_or_otherwise(text, curves, seen, holes, cut):
    condition = parse(text)
    poorer = Curves(
        seen, **{name: with_holes(curve, holes) for name, curve in zip("xy", curves, strict=True)}
    )
    poorer.cut = cut
    before, after = condition.evaluate(Curves(seen, x=curves[0], y=curves[1])), condition.evaluate(poorer)
    event(f"{before.holds} becomes {after.holds}")
    assert after.holds in (before.holds, None)
    verdicts = [verdict([one], complete=True, holds_in=1) for one in (before, after)]
    assert verdicts[1] is not Verdict.REPRODUCED or verdicts[0] is Verdict.REPRODUCED


def outcome(text, **record):
    return parse(text).evaluate(replica(**(RECORDS["whole"] | record)))


@pytest.mark.parametrize(
    ("held", "not_held", "unseen", "holds_in", "expected"),
    [
        (1, 0, 0, 1, Verdict.REPRODUCED),
        (1, 0, 1, 1, Verdict.UNDECIDED),
        (1, 1, 1, 1, Verdict.NOT_REPRODUCED),
        (3, 0, 1, 0.75, Verdict.REPRODUCED),
        (2, 1, 1, 0.75, Verdict.UNDECIDED),
        (2, 2, 0, 0.75, Verdict.NOT_REPRODUCED),
    ],
)
def test_replicas_that_were_not_seen_leave_a_claim_open_if_they_would_decide_it(
    held, not_held, unseen, holds_in, expected
):
    text = "end(a.x) < 3"
    judgements = (
        [outcome(text)] * held + [outcome(text, x=[3.0])] * not_held + [outcome(text, cut=True)] * unseen
    )
    came_to = verdict(judgements, complete=True, holds_in=holds_in)
    assert came_to is expected
    shown = telling(judgements, came_to)
    if expected is Verdict.UNDECIDED:
        assert shown.undecided
    else:
        assert shown.holds is (expected is Verdict.REPRODUCED)
