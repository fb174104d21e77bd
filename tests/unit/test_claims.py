"""The claim language: what parses, what it means on recorded curves, and what the verdict is."""

import math
from dataclasses import dataclass, field
from itertools import product

import numpy as np
import pytest

from grok_tui.claims import Comparison, Curve, Judgement, Verdict, parse, verdict


@dataclass
class Recorded:
    """Curves of one replica: arm -> (steps, {measure: values}), and (arm, event) -> steps."""

    arms: dict[str, tuple[list[int], dict[str, list[float]]]]
    seen: dict[tuple[str, str], list[int]] = field(default_factory=dict)

    def steps(self, arm):
        return np.array(self.arms[arm][0], dtype=np.int64)

    def curve(self, arm, measure):
        return Curve(self.steps(arm), np.array(self.arms[arm][1][measure], dtype=np.float64))

    def cut_off(self, arm):
        return False

    def events(self, arm, event):
        return np.array(self.seen.get((arm, event), []), dtype=np.int64)


NAN = math.nan
RUN = Recorded(
    {
        "sgd": ([0, 10, 20, 30], {"loss": [1.0, 0.5, 0.1, 0.2], "bias": [0.0, 0.4, 0.8, 0.99]}),
        "adam": ([0, 20, 30, 40], {"loss": [1.0, 0.6, 0.3, 0.05], "bias": [0.0, 0.3, 0.5, 0.5]}),
        "odd": ([0, 10, 20, 30], {"hole": [0.3, NAN, 0.1, 0.2], "burst": [1.0, 2.0, math.inf, NAN]}),
        "late": ([5, 15], {"loss": [1.0, 0.5]}),
        "empty": ([], {"loss": []}),
    },
    {("sgd", "grok"): [30, 20], ("adam", "grok"): [40]},
)
EVENTS = ["fit", "grok", "divergence"]


def holds(text: str, run: Recorded = RUN) -> bool | None:
    condition = parse(text)
    condition.check({arm: set(measures) for arm, (_, measures) in run.arms.items()}, EVENTS)
    return condition.evaluate(run).holds


def number(text: str, run: Recorded = RUN) -> float | None:
    return parse(f"{text} < 0").evaluate(run).comparisons[0].left


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("end(sgd.loss)", 0.2),
        ("start(sgd.loss)", 1.0),
        ("max(sgd.loss)", 1.0),
        ("min(sgd.loss)", 0.1),
        ("mean(sgd.loss)", (1.0 + 10 * 0.5 + 10 * 0.1 + 10 * 0.2) / 31),
        ("range(sgd.loss)", 0.9),
        ("max(sgd.loss, 10)", 0.5),
        ("range(sgd.loss, 10, 20)", 0.4),
        ("mean(sgd.loss, 1, 29)", 0.3),
        ("mean(sgd.loss, 9, 29)", (2 * 0.5 + 10 * 0.1) / 12),
        ("mean(sgd.loss - adam.loss)", (0 + 20 * (0.1 - 0.6) + 10 * (0.2 - 0.3)) / 31),
        ("mean(late.loss)", (1.0 + 10 * 0.5) / 11),
        ("median(sgd.loss)", 0.2),
        ("median(sgd.loss, 1)", 0.2),
        ("median(sgd.loss, 1, 29)", 0.3),
        ("share(sgd.loss < 0.3)", 20 / 31),
        ("at(0, sgd.loss)", 1.0),
        ("at(19.9, sgd.loss)", 0.5),
        ("at(20, sgd.loss)", 0.1),
        ("at(first_step(sgd.grok), sgd.bias)", 0.8),
        ("first_step(sgd.loss <= 0.5)", 10),
        ("last_step(sgd.loss >= 0.5)", 10),
        ("first_step(sgd.loss < 0.3 and sgd.bias > 0.9)", 30),
        ("first_step(not sgd.loss > end(sgd.loss))", 20),
        ("first_step(0.05 < sgd.loss < 0.3)", 20),
        ("first_step(sgd.bias in [0.3, 0.5])", 10),
        ("first_step(sgd.grok)", 20),
        ("last_step(sgd.grok)", 30),
        ("count(sgd.grok)", 2),
        ("count(sgd.divergence)", 0),
        ("abs(-2)", 2),
        ("sqrt(25/100)", 0.5),
        ("log10(1000)", 3),
        ("log(exp(2))", 2),
        ("ratio(1, 4)", 0.25),
        ("-2 ** 2", -4),
        ("2 ** -1", 0.5),
        ("max(abs(sgd.bias - 1))", 1.0),
        ("end(ratio(sgd.bias, sgd.loss))", 4.95),
        ("end(2 * sgd.loss ** 2)", 0.08),
    ],
)
def test_a_quantity_has_its_value(text, expected):
    assert number(text) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("first_step(sgd.loss < 0)", "never"),
        ("last_step(sgd.divergence)", "never"),
        ("first_step(sgd.divergence) / first_step(sgd.grok)", "never"),
        ("at(31, sgd.loss)", "not recorded after step 30"),
        ("at(4, late.loss)", "not recorded before step 5"),
        ("at(first_step(sgd.divergence), sgd.loss)", "never"),
        ("max(sgd.loss, 10, 31)", "not recorded after step 30"),
        ("max(sgd.loss, first_step(sgd.divergence))", "never"),
        ("max(sgd.loss, 11, 19)", "not recorded"),
        ("max(sgd.loss, 20, 10)", "not recorded"),
        ("end(empty.loss)", "not recorded"),
        ("at(0, empty.loss)", "not recorded"),
        ("first_step(empty.loss < 1)", "not recorded"),
        ("count(empty.grok)", "not recorded"),
        ("end(sgd.loss + late.loss)", "not recorded"),
        ("end(odd.burst)", "not finite"),
        ("at(20, odd.burst)", "not finite"),
        ("max(odd.hole)", "not finite"),
        ("1 / 0", "undefined"),
        ("0 / 0", "undefined"),
        ("sqrt(-1)", "undefined"),
        ("log(0)", "undefined"),
        ("exp(1000)", "undefined"),
        ("9**9**9", "undefined"),
        ("1 / (1 / 0)", "undefined"),
        ("(1 / 0) ** 0", "undefined"),
        ("1 ** first_step(sgd.divergence)", "never"),
        ("at(0, sgd.loss / sgd.bias)", "undefined"),
    ],
)
def test_what_is_missing_has_no_value_says_why_and_makes_a_comparison_unknown(text, shown):
    (comparison,) = parse(f"{text} < 1").evaluate(RUN).comparisons
    assert (comparison.left, comparison.holds) == (None, None)
    assert str(comparison) == f"{text} = {shown} < 1"
    assert holds(f"{text} >= 1") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("end(sgd.bias) in [0.989, 0.991] and end(sgd.loss) in [0.2, 0.2]", True),
        ("end(sgd.bias) in [1, 2]", False),
        ("end(sgd.bias) in [2, end(sgd.loss)]", False),
        ("end(sgd.bias) in [0, first_step(sgd.divergence)]", None),
        ("max(abs(sgd.bias - sgd.loss)) < 1e-4", False),
        ("first_step(sgd.grok) < first_step(adam.grok) < 100", True),
        ("first_step(adam.grok) < first_step(sgd.grok) < 100", False),
        ("first_step(sgd.grok) < first_step(odd.grok)", None),
        ("0 <= 0 < 1 == 1 != 2 > 1 >= 1", True),
        ("never(sgd.loss < 1e-2)", True),
        ("never(sgd.loss < 0.2)", False),
        ("never(0.4 < sgd.loss < 0.6)", False),
        ("never(sgd.loss == sgd.bias)", True),
        ("never(sgd.divergence)", True),
        ("never(sgd.grok)", False),
        ("not never(sgd.grok)", True),
        ("never(empty.grok)", None),
        ("never(empty.loss < 1)", None),
        ("always(empty.loss < 1 or empty.loss > 2)", None),
        ("always(sgd.loss <= 1)", True),
        ("always(sgd.loss != 0.5)", False),
        ("always(sgd.bias in [0, 1])", True),
        ("never(odd.hole < 0.05)", None),
        ("never(odd.hole < 0.15)", False),
        ("always(odd.hole < 0.15)", False),
        ("always(odd.hole < 0.15 or odd.hole >= 0.15)", None),
        ("not always(odd.hole < 9)", None),
        ("first_step(odd.hole < 0.25) == 20", None),
        ("first_step(never(sgd.divergence) and sgd.loss < 1) == 10", True),
        ("(\n  end(sgd.loss)\t< 1)\nand not\n  2 < 1", True),
    ],
)
def test_a_claim_holds_or_not_or_is_unknown(text, expected):
    assert holds(text) is expected


def test_curves_of_two_arms_are_compared_at_the_steps_they_have_in_common():
    assert number("max(abs(sgd.bias - adam.bias))") == pytest.approx(0.5)
    assert number("at(39, sgd.loss)") is None
    assert number("at(29, sgd.bias - adam.bias)") == pytest.approx(0.5)
    assert number("last_step(adam.loss > sgd.loss)") == 30
    assert number("first_step(adam.loss < 0.55 or sgd.loss < 0.55)") == 20
    assert number("end(sgd.loss * late.loss)") is None


LOGIC = {True: "1 < 2", False: "2 < 1", None: "1/0 < 1"}
STEPWISE = {True: "a.t < 2", False: "a.t > 2", None: "a.u < 2"}
ONE_STEP = Recorded({"a": ([0], {"t": [1.0], "u": [NAN]})})


@pytest.mark.parametrize("written", [LOGIC, STEPWISE], ids=["of numbers", "at a step"])
@pytest.mark.parametrize(("left", "right"), list(product([True, False, None], repeat=2)))
def test_and_or_not_follow_kleenes_tables(written, left, right):
    def told(text):
        return holds(f"always({text})" if written is STEPWISE else text, ONE_STEP)

    conjunction = False if False in (left, right) else None if None in (left, right) else True
    disjunction = True if True in (left, right) else None if None in (left, right) else False
    assert told(f"{written[left]} and {written[right]}") is conjunction
    assert told(f"{written[left]} or {written[right]}") is disjunction
    assert told(f"not ({written[left]})") is {True: False, False: True, None: None}[left]


def test_the_deciding_comparison_is_the_first_that_is_to_blame():
    judgement = parse("1 < 2 and first_step(sgd.divergence) < 9 and 3 < 2 and 5 < 4").evaluate(RUN)
    assert judgement.deciding.text == "3 < 2"
    assert parse("3 < 2 or 1 < 2").evaluate(RUN).deciding.text == "1 < 2"
    assert [comparison.holds for comparison in judgement.comparisons] == [True, None, False, False]


@pytest.mark.parametrize(
    ("text", "shown", "told"),
    [
        ("end(sgd.bias) in [0.989,  0.991]", "end(sgd.bias) = 0.99 in [0.989, 0.991]", True),
        ("end(sgd.bias) in [0, end(sgd.loss)]", "end(sgd.bias) = 0.99 in [0, 0.2]", False),
        ("1/3<1", "1/3 = 0.33333 < 1", True),
        ("(1 + 2) < 2", "1 + 2 = 3 < 2", False),
        ("-1 < end(sgd.loss)", "-1 < end(sgd.loss) = 0.2", True),
        ("first_step(sgd.grok) < 12345678 * 1", "first_step(sgd.grok) = 20 < 12345678 * 1 = 12345678", True),
        (
            "first_step(sgd.fit) < last_step(sgd.fit)",
            "first_step(sgd.fit) = never < last_step(sgd.fit) = never",
            None,
        ),
        ("not end(sgd.loss) in [0, 1e-2]", "end(sgd.loss) = 0.2 not in [0, 1e-2]", True),
        ("not end(sgd.loss) < 0.1", "end(sgd.loss) = 0.2 >= 0.1", True),
        ("never(sgd.loss < 1e-2)", "min(sgd.loss) = 0.1 >= 1e-2", True),
        ("never(1e-2 > sgd.loss)", "1e-2 <= min(sgd.loss) = 0.1", True),
        ("not never(sgd.loss < 1e-2)", "min(sgd.loss) = 0.1 < 1e-2", False),
        ("always(sgd.loss < 0.7)", "max(sgd.loss) = 1 < 0.7", False),
        ("always(sgd.loss < 2 * end(sgd.loss))", "max(sgd.loss) = 1 < 2 * end(sgd.loss) = 0.4", False),
        ("always(sgd.bias in [0, 0.9])", "at(30, sgd.bias) = 0.99 in [0, 0.9]", False),
        ("never(sgd.bias in [0.7, 0.9])", "at(20, sgd.bias) = 0.8 not in [0.7, 0.9]", False),
        ("never(sgd.loss == 0.4)", "at(10, sgd.loss) = 0.5 != 0.4", True),
        ("never(sgd.bias > adam.bias)", "at(20, sgd.bias) = 0.8 <= at(20, adam.bias) = 0.3", False),
        ("never(odd.hole < 0.05)", "at(10, odd.hole) = not finite >= 0.05", None),
        ("never(empty.loss < 0.05)", "empty.loss = not recorded >= 0.05", None),
        ("never(sgd.grok)", "count(sgd.grok) = 2 == 0", False),
        ("not never(sgd.grok)", "count(sgd.grok) = 2 != 0", True),
        ("never(0.05 < sgd.loss < 0.3)", "count(0.05 < sgd.loss < 0.3) = 2 == 0", False),
        ("always(sgd.loss < 2 or sgd.bias > 2)", "count(not (sgd.loss < 2 or sgd.bias > 2)) = 0 == 0", True),
        ("always(not odd.hole < 0)", "count(not (not odd.hole < 0)) = unknown at step 10 == 0", None),
    ],
)
def test_a_comparison_shows_both_sides(text, shown, told):
    judgement = parse(text).evaluate(RUN)
    (comparison,) = judgement.comparisons
    assert str(comparison) == shown
    assert (comparison.holds, judgement.holds) == (told, told)


def test_a_comparison_gives_its_parts():
    first, second = parse("end(sgd.bias)in[ .9,1 ] and never( sgd.loss<1e-2 )").evaluate(RUN).comparisons
    assert (first.text, first.left, first.operator, first.right) == (
        "end(sgd.bias) in [ .9,1 ]",
        0.99,
        "in",
        (0.9, 1),
    )
    assert (second.text, second.left, second.operator, second.right) == (
        "never( sgd.loss<1e-2 )",
        0.1,
        ">=",
        0.01,
    )


def test_a_chain_counts_as_several_comparisons_and_a_condition_within_first_step_as_none():
    comparisons = parse("1 < first_step(sgd.loss < 0.3) < first_step(adam.grok)").evaluate(RUN).comparisons
    assert [comparison.text for comparison in comparisons] == [
        "1 < first_step(sgd.loss < 0.3)",
        "first_step(sgd.loss < 0.3) < first_step(adam.grok)",
    ]


def test_a_condition_knows_the_arms_and_measures_it_reads():
    condition = parse("first_step(sgd.grok) < 9 and end(adam.loss) < end(adam.bias) and never(odd.hole > 1)")
    assert condition.arms() == {"sgd", "adam", "odd"}
    assert condition.measures() == {("adam", "loss"), ("adam", "bias"), ("odd", "hole")}


@pytest.mark.timeout(60)
def test_nested_chains_do_not_double_the_work_at_each_level():
    inner = "1"
    for _ in range(20):
        inner = f"first_step(0 < {inner} <= sgd.loss + 20)"
    assert holds(f"{inner} >= 0") is None


def judgements(*outcomes: bool | None) -> list[Judgement]:
    comparison = Comparison("1 < 2", 1.0, "<", 2.0, True, "1", "2")
    return [Judgement(outcome, (comparison,)) for outcome in outcomes]


@pytest.mark.parametrize(
    ("outcomes", "holds_in", "expected"),
    [
        ([True], 1.0, Verdict.REPRODUCED),
        ([True, None], 1.0, Verdict.NOT_REPRODUCED),
        ([True, False], 1.0, Verdict.NOT_REPRODUCED),
        ([True] * 7 + [False] * 3, 0.7, Verdict.REPRODUCED),
        ([True] * 6 + [None] * 4, 0.7, Verdict.NOT_REPRODUCED),
        ([None], 1.0, Verdict.NOT_REPRODUCED),
    ],
)
def test_a_complete_run_is_judged_by_the_share_of_replicas_in_which_the_claim_holds(
    outcomes, holds_in, expected
):
    assert verdict(judgements(*outcomes), complete=True, holds_in=holds_in) == expected
    assert verdict(judgements(*outcomes), complete=False, holds_in=holds_in) == Verdict.UNDECIDED


@pytest.mark.parametrize(("outcomes", "holds_in"), [([], 1.0), ([True], 0.0), ([True], 1.1)])
def test_a_verdict_over_no_replicas_or_an_impossible_share_is_refused(outcomes, holds_in):
    with pytest.raises(ValueError, match=r"replica|holds_in"):
        verdict(judgements(*outcomes), complete=True, holds_in=holds_in)


def test_a_verdict_reads_as_people_say_it():
    assert [str(item) for item in Verdict] == ["reproduced", "not reproduced", "undecided"]
