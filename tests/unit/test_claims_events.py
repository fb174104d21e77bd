"""The claim language: numbers of events, gains across them, shares and medians."""

import math
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grok_tui.claims import Curve, parse
from grok_tui.engine.record.envelope import empty_envelope
from grok_tui.engine.record.history import Event, History
from grok_tui.engine.record.verdicts import RecordedArm, ReplicaCurves

NAN = math.nan


@dataclass
class Recorded:
    """One replica: arm -> (steps, {measure: values}), and (arm, event) -> {step: {number: value}}."""

    arms: dict[str, tuple[list[int], dict[str, list[float]]]]
    seen: dict[tuple[str, str], dict[int, dict[str, float]]] = field(default_factory=dict)

    def steps(self, arm):
        return np.array(self.arms[arm][0], dtype=np.int64)

    def curve(self, arm, measure):
        return Curve(self.steps(arm), np.array(self.arms[arm][1][measure], dtype=np.float64))

    def cut_off(self, arm):
        return False

    def events(self, arm, event):
        return np.array(sorted(self.seen.get((arm, event), {}), reverse=True), dtype=np.int64)

    def event_numbers(self, arm, event, number):
        seen = sorted(self.seen.get((arm, event), {}).items())
        steps = np.array([step for step, _ in seen], dtype=np.int64)
        return steps, np.array([numbers[number] for _, numbers in seen], dtype=np.float64)


RUN = Recorded(
    {
        "adamw": (
            [0, 100, 200, 300, 400, 500],
            {"llc": [9.0, 8.0, 4.0, 4.0, 2.0, 3.0], "hole": [1.0, NAN, 3.0, 4.0, 5.0, 6.0]},
        ),
        "sgd": ([0, 250, 500], {"llc": [9.0, 9.0, 9.0]}),
        "empty": ([], {"llc": []}),
    },
    {
        ("adamw", "slingshot"): {
            150: {"peak_loss": 0.5, "norm_growth": 0.25},
            300: {"peak_loss": 2.0, "norm_growth": NAN},
            450: {"peak_loss": 0.125, "norm_growth": 0.75},
        },
        ("sgd", "slingshot"): {300: {"peak_loss": 8.0, "norm_growth": 1.0}},
        ("empty", "slingshot"): {7: {"peak_loss": 1.0, "norm_growth": 1.0}},
        ("adamw", "grok"): {320: {}},
    },
)
NUMBERS = {"slingshot": ["peak_loss", "norm_growth"]}


def judged(text):
    condition = parse(text)
    measures = {arm: set(measures) for arm, (_, measures) in RUN.arms.items()}
    condition.check(measures, ["grok", "slingshot", "divergence"], NUMBERS)
    return condition.evaluate(RUN)


def number(text):
    return judged(f"{text} < 0").comparisons[0].left


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("max(adamw.slingshot.peak_loss)", 2.0),
        ("start(adamw.slingshot.peak_loss)", 0.5),
        ("end(adamw.slingshot.peak_loss)", 0.125),
        ("mean(adamw.slingshot.peak_loss)", 0.875),
        ("median(adamw.slingshot.peak_loss)", 0.5),
        ("max(adamw.slingshot.peak_loss, 301)", 0.125),
        ("max(adamw.slingshot.peak_loss, 100, 200)", 0.5),
        ("max(adamw.slingshot.peak_loss, 301, 500)", 0.125),
        ("mean(adamw.slingshot.norm_growth, 400)", 0.75),
        ("at(299, adamw.slingshot.peak_loss)", 0.5),
        ("at(500, adamw.slingshot.peak_loss)", 0.125),
        ("at(first_step(adamw.grok), adamw.slingshot.peak_loss)", 2.0),
        ("first_step(adamw.slingshot.peak_loss < 0.2)", 450),
        ("last_step(adamw.slingshot.norm_growth > 0)", 450),
        ("first_step(adamw.slingshot, 150)", 150),
        ("first_step(adamw.slingshot, 151)", 300),
        ("first_step(adamw.llc <= 4, 100 + 150)", 300),
        ("end(2 * log(adamw.slingshot.peak_loss) ** 2)", 2 * math.log(0.125) ** 2),
        ("max(adamw.slingshot.peak_loss - sgd.slingshot.peak_loss)", -6.0),
        ("max(adamw.slingshot.peak_loss - adamw.llc)", -2.0),
        ("share(adamw.slingshot.peak_loss > 0.2)", 2 / 3),
        ("share(adamw.slingshot.peak_loss > 0.25)", 2 / 3),
        ("share(not adamw.slingshot.peak_loss > 0.25)", 1 / 3),
        ("share(adamw.llc <= 4)", 400 / 501),
        ("share(adamw.llc > 10)", 0),
        ("share(adamw.llc < 9 and never(adamw.divergence))", 500 / 501),
        ("median(adamw.llc)", 4.0),
        ("median(adamw.llc, 200, 500)", 3.0),
        ("mean(adamw.slingshot.peak_loss + adamw.llc)", 6.0),
    ],
)
def test_a_number_of_an_event_is_a_curve_over_the_steps_of_the_event(text, expected):
    assert number(text) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "gains"),
    [
        ("gain(adamw.llc, adamw.slingshot, 100)", {150: 4.0 - 8.0, 300: 2.0 - 4.0}),
        ("gain(adamw.llc, adamw.slingshot, 50)", {150: 4.0 - 8.0, 300: 4.0 - 4.0, 450: 3.0 - 2.0}),
        ("gain(adamw.llc, adamw.slingshot, 200)", {150: 4.0 - 8.0, 300: 3.0 - 4.0}),
        ("gain(adamw.llc, adamw.slingshot, 201)", {150: 4.0 - 8.0}),
        ("gain(2 * adamw.llc, adamw.slingshot, 10**2)", {150: -8.0, 300: -4.0}),
        ("gain(adamw.llc, sgd.slingshot, 100)", {300: -2.0}),
        ("gain(adamw.llc - sgd.llc, sgd.slingshot, 200)", {300: -6.0}),
        ("gain(adamw.slingshot.peak_loss, adamw.grok, 130)", {320: 0.125 - 2.0}),
        (
            "gain(adamw.llc, adamw.slingshot, 100) / adamw.slingshot.peak_loss",
            {150: -8.0, 300: -1.0},
        ),
    ],
)
def test_a_gain_is_the_later_value_less_the_last_one_before_the_event(text, gains):
    assert number(f"at({min(gains)}, {text})") == gains[min(gains)]
    assert number(f"start({text})") == gains[min(gains)]
    assert number(f"end({text})") == gains[max(gains)]
    assert number(f"mean({text})") == pytest.approx(sum(gains.values()) / len(gains))
    below = sum(one < -1.5 for one in gains.values()) / len(gains)
    assert number(f"share({text} < -1.5)") == pytest.approx(below)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("max(sgd.divergence.size)", "never"),
        ("median(1 / sgd.divergence.size, 0, 500)", "never"),
        ("at(100, sgd.divergence.size)", "never"),
        ("first_step(sgd.divergence.size > 1)", "never"),
        ("first_step(adamw.slingshot, 451)", "never"),
        ("first_step(adamw.slingshot, first_step(sgd.grok))", "never"),
        ("share(sgd.divergence.size > 1)", "never"),
        ("max(sgd.divergence.size - sgd.slingshot.peak_loss)", "never"),
        ("mean(gain(sgd.llc, sgd.divergence, 1))", "never"),
        ("max(adamw.slingshot.peak_loss, 151, 299)", "never"),
        ("at(149, adamw.slingshot.peak_loss)", "never before step 150"),
        ("at(501, adamw.slingshot.peak_loss)", "not recorded after step 500"),
        ("max(adamw.slingshot.peak_loss, 0, 501)", "not recorded after step 500"),
        ("max(adamw.slingshot.norm_growth)", "not finite"),
        ("at(300, adamw.slingshot.norm_growth)", "not finite"),
        ("max(empty.slingshot.peak_loss)", "not recorded"),
        ("share(empty.llc > 1)", "not recorded"),
        ("share(adamw.slingshot.norm_growth > 0)", "unknown at step 300"),
        ("share(adamw.hole > 0)", "unknown at step 100"),
        ("max(gain(empty.llc, adamw.slingshot, 9))", "not recorded"),
        ("share(gain(adamw.llc, adamw.slingshot, 351) < 0)", "not recorded after step 500"),
        ("mean(gain(adamw.llc, adamw.slingshot, 1 / 0))", "undefined"),
        ("mean(gain(adamw.llc, adamw.slingshot, first_step(sgd.grok)))", "never"),
        ("start(gain(adamw.llc, adamw.slingshot, 49))", "not recorded"),
        ("start(gain(adamw.llc, adamw.slingshot, -50))", "not recorded"),
        ("start(gain(adamw.hole, adamw.slingshot, 50))", "not finite"),
        ("max(gain(adamw.slingshot.peak_loss, adamw.slingshot, 1))", "not recorded"),
        ("median(adamw.hole)", "not finite"),
        ("median(empty.llc)", "not recorded"),
    ],
)
def test_of_events_that_were_not_seen_nothing_is_known(text, shown):
    (comparison,) = parse(f"{text} < 1").evaluate(RUN).comparisons
    assert (str(comparison), comparison.holds) == (f"{text} = {shown} < 1", None)


@pytest.mark.parametrize(
    ("text", "shown", "told"),
    [
        ("max(adamw.slingshot.peak_loss) < 6.6", "max(adamw.slingshot.peak_loss) = 2 < 6.6", True),
        ("always(adamw.slingshot.peak_loss > 0.2)", "min(adamw.slingshot.peak_loss) = 0.125 > 0.2", False),
        ("never(adamw.slingshot.peak_loss > 3)", "max(adamw.slingshot.peak_loss) = 2 <= 3", True),
        (
            "always(adamw.slingshot.norm_growth > 0.1)",
            "at(300, adamw.slingshot.norm_growth) = not finite > 0.1",
            None,
        ),
        ("always(sgd.divergence.size > 0)", "sgd.divergence.size = never > 0", None),
        ("never(0 < sgd.divergence.size < 1)", "count(0 < sgd.divergence.size < 1) = never == 0", None),
        (
            "always(gain(adamw.llc, adamw.slingshot, 100) < -1)",
            "max(gain(adamw.llc, adamw.slingshot, 100)) = -2 < -1",
            True,
        ),
        (
            "share(gain(adamw.llc, adamw.slingshot, 50) < 0) >= 0.8",
            "share(gain(adamw.llc, adamw.slingshot, 50) < 0) = 0.33333 >= 0.8",
            False,
        ),
        ("not share(adamw.llc < 5) > 0.5", "share(adamw.llc < 5) = 0.7984 <= 0.5", False),
        ("median(adamw.llc) in [3, 5]", "median(adamw.llc) = 4 in [3, 5]", True),
    ],
)
def test_a_comparison_over_events_shows_its_values(text, shown, told):
    judgement = parse(text).evaluate(RUN)
    assert ([str(one) for one in judgement.comparisons], judgement.holds) == ([shown], told)


def test_a_condition_names_the_arm_and_the_event_of_all_it_refers_to():
    condition = parse("mean(gain(a.llc, b.slingshot, 9)) > max(c.divergence.size)")
    assert [(one.arm, one.name) for one in condition.references] == [
        ("a", "llc"),
        ("b", "slingshot"),
        ("c", "divergence"),
    ]
    assert condition.arms() == {"a", "b", "c"}
    assert condition.measures() == {("a", "llc")}


def test_the_numbers_of_an_event_are_those_of_the_replica_judged():
    history = History(["x"], replicas=2)
    for step in range(0, 50, 10):
        history.append(step, np.array([[1.0, step]]), empty_envelope(2))
    history.events += [
        Event(30, "slingshot", 1, {"peak_loss": 3.0}),
        Event(20, "slingshot", 1, {"peak_loss": 2.0}),
        Event(20, "slingshot", 0, {"peak_loss": 9.0}),
    ]
    condition = parse("end(a.slingshot.peak_loss) == 3 and mean(gain(a.x, a.slingshot, 10)) == 20")
    arms = {"a": RecordedArm(history, True)}
    first, second = (condition.evaluate(ReplicaCurves(arms, replica)) for replica in range(2))
    assert [str(one) for one in first.comparisons] == [
        "end(a.slingshot.peak_loss) = 9 == 3",
        "mean(gain(a.x, a.slingshot, 10)) = 0 == 20",
    ]
    assert second.holds


values = st.floats(-1e6, 1e6)
ascending = st.lists(st.integers(0, 60), unique=True, max_size=12).map(sorted)


@settings(deadline=None)
@given(
    ascending.flatmap(lambda steps: st.tuples(st.just(steps), st.tuples(*[values] * len(steps)))), st.data()
)
def test_gains_are_those_of_a_walk_over_the_records(curve, data):
    recorded = dict(zip(*curve, strict=True))
    seen, after = data.draw(ascending), data.draw(st.integers(0, 40))
    arms = {"a": (list(recorded), {"x": list(recorded.values())})}
    run = Recorded(arms, {("a", "e"): {step: {} for step in seen}})
    gains = []
    for event in seen:
        if recorded and event + after <= max(recorded):
            before = [step for step in recorded if step < event]
            later = [step for step in recorded if event <= step <= event + after]
            gains.append(recorded[later[-1]] - recorded[before[-1]] if before and later else NAN)
    text = f"mean(gain(a.x, a.e, {after})) > 0 and share(gain(a.x, a.e, {after}) > 0) > 0"
    mean, share = parse(text).evaluate(run).comparisons
    known = gains and not np.isnan(gains).any()
    assert mean.left == (pytest.approx(np.mean(gains), abs=1e-6) if known else None)
    assert share.left == (sum(gain > 0 for gain in gains) / len(gains) if known else None)


@settings(deadline=None)
@given(
    ascending.filter(bool).flatmap(
        lambda steps: st.tuples(st.just(steps), st.tuples(*[values] * len(steps)))
    ),
    values,
    st.integers(0, 30),
)
def test_mean_median_and_share_are_those_of_a_curve_recorded_at_every_step(curve, level, first):
    steps, numbers = curve
    every = list(range(min(steps), max(steps) + 1))
    filled = [numbers[next(i for i, recorded in enumerate(steps) if recorded >= step)] for step in every]
    told = []
    for at, recorded in ((list(steps), list(numbers)), (every, filled)):
        run = Recorded({"a": (at, {"x": recorded})})
        text = f"mean(a.x, {first}) > 0 and median(a.x, {first}) > 0 and share(a.x > {level!r}) > 0"
        told.append([comparison.left for comparison in parse(text).evaluate(run).comparisons])
    assert told[0] == [one if one is None else pytest.approx(one, abs=1e-9) for one in told[1]]


@settings(deadline=None)
@given(st.lists(values | st.just(NAN), max_size=9), values)
def test_a_share_and_that_of_the_opposite_are_all_unless_something_is_unknown(numbers, level):
    run = Recorded({"a": (list(range(99)), {})}, {("a", "e"): {s: {"n": n} for s, n in enumerate(numbers)}})
    both = parse(f"share(a.e.n > {level!r}) >= 0 and share(not a.e.n > {level!r}) >= 0").evaluate(run)
    above, below = (comparison.left for comparison in both.comparisons)
    if not numbers or np.isnan(numbers).any():
        assert above is below is None
    else:
        assert above + below == pytest.approx(1)
        assert above == np.mean(np.array(numbers) > level)


@settings(deadline=None)
@given(st.lists(values, min_size=1, max_size=9))
def test_a_median_has_as_many_values_below_it_as_above(numbers):
    run = Recorded({"a": (list(range(len(numbers))), {"x": numbers})})
    median = parse("median(a.x) > 0").evaluate(run).comparisons[0].left
    assert sum(one < median for one in numbers) <= len(numbers) / 2
    assert sum(one > median for one in numbers) <= len(numbers) / 2
