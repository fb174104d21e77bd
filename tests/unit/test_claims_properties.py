"""The claim language against numpy, against Python's own precedence, and against arbitrary text."""

import math

import numpy as np
import pytest
from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from grok_tui.claims import ClaimError, Curve, parse

NAN = math.nan


class Curves:
    """One arm `a` with the curves x and y, and an event `jump` with a number `size`."""

    cut = False  # whether the arm broke down after its last step

    def __init__(self, jumps=(), **curves):
        self.curves = curves
        self.jumps = dict(jumps)  # step -> size

    def steps(self, arm):
        return np.arange(len(self.curves["x"]))

    def curve(self, arm, measure):
        return Curve(self.steps(arm), self.curves[measure])

    def cut_off(self, arm):
        return self.cut

    def events(self, arm, event):
        return np.array(list(self.jumps) if event == "jump" else [], dtype=np.int64)

    def event_numbers(self, arm, event, number):
        steps = sorted(self.jumps)
        return np.array(steps, dtype=np.int64), np.array(
            [self.jumps[step] for step in steps], dtype=np.float64
        )


def value(text):
    return parse(f"{text} < 0").evaluate(XY).comparisons[0].left


def safely(function, *arrays):
    """numpy's result, missing where an operand or the result is not finite."""
    with np.errstate(all="ignore"):
        result = np.asarray(function(*arrays), dtype=np.float64)
    for array in (result, *arrays):
        result = np.where(np.isfinite(array), result, np.nan)
    return result


finite = st.floats(allow_nan=False, allow_infinity=False)
CURVE_X, CURVE_Y = np.array([0.5, -2.0, 0.0, 3.0]), np.array([1.0, 1e200, -0.25, NAN])
XY = Curves({1: 0.5, 2: NAN}, x=CURVE_X, y=CURVE_Y)
INFIX = {"+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide, "**": np.power}
PREFIX = {"-": np.negative, "abs": np.abs, "sqrt": np.sqrt, "log10": np.log10, "log": np.log, "exp": np.exp}
arithmetic = st.recursive(
    st.one_of(
        finite.map(lambda literal: (f"({literal!r})", np.asarray(literal))),
        st.sampled_from([("a.x", CURVE_X), ("a.y", CURVE_Y)]),
    ),
    lambda part: st.one_of(
        st.tuples(part, st.sampled_from(sorted(INFIX)), part).map(
            lambda t: (f"({t[0][0]} {t[1]} {t[2][0]})", safely(INFIX[t[1]], t[0][1], t[2][1]))
        ),
        st.tuples(st.sampled_from(sorted(PREFIX)), part).map(
            lambda t: (f"({t[0]}({t[1][0]}))", safely(PREFIX[t[0]], t[1][1]))
        ),
    ),
    max_leaves=10,
)


@settings(deadline=None)
@given(arithmetic)
def test_arithmetic_agrees_with_numpy(case):
    text, expected = case
    shown = [value(f"at({step}, {text} + 0 * a.x)") for step in range(4)]
    np.testing.assert_array_equal([NAN if one is None else one for one in shown], expected + 0 * CURVE_X)


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(["2.0", "0.5", "3.0", "-1.0", "-(2.0)"]), min_size=1, max_size=6),
    st.lists(st.sampled_from(sorted(INFIX)), min_size=5, max_size=5),
)
def test_precedence_is_that_of_python(numbers, operators):
    text = " ".join(part for pair in zip(numbers, operators, strict=False) for part in pair).rsplit(" ", 1)[0]
    try:
        expected = eval(text)
    except (ZeroDivisionError, OverflowError):
        expected = None
    if isinstance(expected, complex):
        expected = None
    assert value(text) == (None if expected is None else pytest.approx(expected, rel=1e-9))


NAMES = [
    "a",
    "a.x",
    "a.y",
    "b.z",
    "a.grok",
    "a.jump",
    "a.jump.size",
    "end",
    "at",
    "max",
    "first_step",
    "never",
    "always",
    "count",
    "gain",
    "share",
    "abs",
]
SIGNS = ["(", ")", "[", "]", ",", ".", "<", "<=", "==", "in", "not", "and", "or", "+", "-", "*", "/", "**"]
TOKENS = [*NAMES, *SIGNS, "0", "1", "2.5", "1e-3", "9**9", "if", "lambda", "_", "é", "'", "#", "\n", ""]
VALID = [
    "end(a.x) in [0.989, 0.991] and never(a.y < 1e-2)",
    "first_step(a.x < 1e-2) / first_step(a.y < 1) > 5 or count(a.grok) == 0",
    "max(abs(a.x - a.y), 0, 2) < sqrt(25/100) < 3",
    "share(gain(log(a.x), a.jump, 1) > 0) >= 0.8 and max(a.jump.size) < 6.6",
]
garbage = st.one_of(
    st.text(),
    st.lists(st.sampled_from(TOKENS), max_size=25).map(" ".join),
    st.tuples(st.sampled_from(VALID), st.integers(0, 60), st.integers(0, 8), st.sampled_from(TOKENS)).map(
        lambda t: t[0][: t[1]] + t[3] + t[0][t[1] + t[2] :]
    ),
)


@settings(deadline=None)
@given(garbage)
@example(VALID[0])
def test_any_text_is_a_claim_or_a_claim_error(text):
    try:
        condition = parse(text)
        condition.check({"a": ["x", "y"]}, ["grok", "jump"], {"jump": ["size"]})
    except ClaimError as error:
        event("refused")
        message = str(error)
    else:
        event("a claim")
        message = str(condition.evaluate(XY).deciding)
    assert message.isprintable()


formulas = st.recursive(
    st.sampled_from(["1 < 2", "2 < 1", "1/0 < 1", "never(a.x < 1)", "always(a.y < 1e300)", "never(a.grok)"]),
    lambda part: st.one_of(
        part.map(lambda inner: f"not ({inner})"),
        st.tuples(part, st.sampled_from(["and", "or"]), part).map(
            lambda parts: "({}) {} ({})".format(*parts)
        ),
    ),
    max_leaves=8,
)


@settings(deadline=None)
@given(formulas)
def test_the_deciding_comparison_came_out_as_the_claim_did(text):
    judgement = parse(text).evaluate(XY)
    assert judgement.deciding.holds is judgement.holds
    inverse = parse(f"not ({text})").evaluate(XY)
    assert inverse.holds is (None if judgement.holds is None else not judgement.holds)


def joined(*parts):
    return st.tuples(*(st.just(part) if isinstance(part, str) else part for part in parts)).map("".join)


def one_of(*choices):
    return st.sampled_from(choices)


def language(depth):
    """Curves, numbers, conditions and claims that nest at most `depth` deep."""
    curves, numbers = (
        one_of("a.x", "a.y", "a.jump.size"),
        one_of("0", "1", "-3", "1e308", "count(a.grok)", "first_step(a.grok)"),
    )
    conditions, claims = one_of("a.x < 1", "a.y == a.x"), one_of("never(a.grok)", "end(a.x) < 1")
    compare, whole = (
        one_of(" < ", " >= ", " == ", " != "),
        one_of("end", "start", "max", "mean", "median", "range"),
    )
    for _ in range(depth):
        curves, numbers, conditions, claims = (
            st.one_of(
                curves,
                joined("(", curves, one_of(" + ", " / ", " ** "), numbers | curves, ")"),
                joined(one_of("sqrt", "log", "-"), "(", curves, ")"),
                joined("gain(", curves, ", ", one_of("a.jump", "a.grok"), ", ", numbers, ")"),
            ),
            st.one_of(
                numbers,
                joined(whole, "(", curves, ")"),
                joined(one_of("max", "min"), "(", curves, ", ", numbers, ", ", numbers, ")"),
                joined("at(", numbers, ", ", curves, ")"),
                joined(one_of("first_step", "last_step", "share"), "(", conditions, ")"),
            ),
            st.one_of(
                joined(curves, compare, numbers | curves),
                joined(numbers, compare, curves, compare, numbers),
                joined(curves, " in [end(", curves, "), ", numbers, " + 1]"),
                joined("(", conditions, one_of(" and ", " or "), conditions | claims, ")"),
                joined("not ", conditions),
            ),
            st.one_of(
                joined(numbers, compare, numbers),
                joined(one_of("never(", "always("), conditions, ")"),
                joined("(", claims, one_of(" and ", " or "), claims, ")"),
                joined("not ", claims),
            ),
        )
    return claims


recorded = st.integers(0, 5).flatmap(
    lambda n: st.tuples(*[st.lists(st.floats(), min_size=n, max_size=n).map(np.array)] * 2)
)
jumps = st.dictionaries(st.integers(0, 6), st.floats(), max_size=4)


@settings(deadline=None)
@given(language(depth=3), recorded, jumps)
@example("never((a.x + first_step(a.grok)) < 0)", (np.array([0.0, 1.0]), np.array([0.0, 1.0])), {})
@example("never((a.jump.size + first_step(a.grok)) < 0)", (np.array([0.0]), np.array([0.0])), {})
def test_every_claim_comes_out_on_all_curves_and_is_unknown_only_for_what_is_missing(text, curves, seen):
    x, y = curves
    judgement = parse(text).evaluate(Curves(seen, x=x, y=y))
    assert judgement.deciding.holds is judgement.holds
    for comparison in judgement.comparisons:
        missing = comparison.left is None or comparison.right is None
        assert (comparison.holds is None) == missing, str(comparison)
