"""Medians of censored times: published numbers, plain medians, and what claims make of them."""

import math
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grok_tui.claims import ClaimError, Curve, Verdict, parse, verdict
from grok_tui.claims.survival import Median, kaplan_meier, median_time

# Weeks of remission in leukemia, under 6-mercaptopurine and a placebo (Freireich et al., Blood 21, 1963).
TREATED = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
RELAPSED = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]


class TestPublishedNumbers:
    def test_the_estimate_of_kaplan_and_meier(self):
        curve = kaplan_meier(TREATED, RELAPSED)
        assert curve.times.tolist() == [6, 7, 10, 13, 16, 22, 23]
        assert curve.surviving == pytest.approx(
            [0.8571, 0.8067, 0.7529, 0.6902, 0.6275, 0.5378, 0.4482], abs=5e-5
        )

    def test_its_standard_errors_by_greenwood(self):
        curve = kaplan_meier(TREATED, RELAPSED)
        errors = curve.surviving * np.sqrt(curve.variance)
        assert errors == pytest.approx([0.0764, 0.0869, 0.0963, 0.1068, 0.1141, 0.1282, 0.1346], abs=5e-5)

    def test_medians_with_intervals_by_the_log_of_the_log(self):
        assert median_time(TREATED, RELAPSED) == Median(23, 13, None, 12, 21)
        assert median_time(PLACEBO, [True] * 21) == Median(8, 4, 11, 0, 21)


numbers = st.lists(st.integers(0, 10**6).map(float), min_size=1, max_size=30)


@given(numbers)
def test_without_censoring_it_is_the_plain_median_within_its_interval(times):
    found = median_time(times, [True] * len(times))
    assert found.value == pytest.approx(statistics.median(times))
    assert found.censored == 0
    assert found.low is None or found.low <= found.value
    assert found.high is None or found.value <= found.high


@given(numbers)
def test_without_censoring_those_that_survive_are_counted(times):
    curve = kaplan_meier(times, [True] * len(times))
    assert curve.surviving == pytest.approx([np.mean(np.array(times) > time) for time in curve.times])


@given(numbers, st.integers(0, 60))
def test_of_times_censored_at_one_end_the_median_is_that_of_all_or_not_reached(times, censored):
    cases, end = len(times) + censored, max(times) + 1
    found = median_time(times + [end] * censored, [True] * len(times) + [False] * censored)
    if 2 * censored > cases:
        assert found.value is None
    elif 2 * censored < cases:
        assert found.value == pytest.approx(statistics.median(times + [math.inf] * censored))
    else:
        assert found.value == max(times)
    assert (found.censored, found.cases) == (censored, cases)


@given(numbers, st.data())
def test_a_case_that_is_followed_for_longer_does_not_make_the_median_smaller(times, data):
    happened = data.draw(st.lists(st.booleans(), min_size=len(times), max_size=len(times)))
    followed = [time if seen else 2e6 for time, seen in zip(times, happened, strict=True)]
    shorter, longer = median_time(times, happened).value, median_time(followed, happened).value
    assert longer is None or shorter is not None


@given(numbers, st.floats(0.1, 10))
def test_in_another_unit_of_time_it_is_the_same_median(times, unit):
    found, other = (median_time([time * u for time in times], [True] * len(times)) for u in (1, unit))
    assert other.value == pytest.approx(found.value * unit)


@pytest.mark.parametrize(
    ("times", "happened"), [([], []), ([1.0], [True, False]), ([math.inf], [True]), ([math.nan], [False])]
)
def test_what_has_no_curve_is_refused(times, happened):
    with pytest.raises(ValueError, match="finite times"):
        kaplan_meier(times, happened)


class Replica:
    """Arm `a`, recorded every 10 steps until 100, that groks at a step or never, and ends with some loss."""

    def __init__(self, grok=None, loss=0.5, fit=20):
        self.seen = {"grok": grok, "fit": fit}
        self.loss = loss

    def steps(self, arm):
        return np.arange(0, 101, 10)

    def curve(self, arm, measure):
        return Curve(self.steps(arm), np.full(11, self.loss))

    def cut_off(self, arm):
        return False

    def events(self, arm, event):
        return np.array([step for step in [self.seen[event]] if step is not None], dtype=np.int64)


def replicas(*groks):
    return [Replica(grok) for grok in groks]


def shown(text, seeds):
    (judgement,) = parse(text).judge(seeds)
    (comparison,) = judgement.comparisons
    return str(comparison), judgement.holds


GROK = "median_over_replicas(first_step(a.grok))"


class TestClaims:
    def test_a_median_over_replicas_is_judged_once(self):
        text, holds = shown(f"{GROK} < 60", replicas(30, 40, 50, 90, 50, 40, 40, 60))
        assert text == f"{GROK} = 45 [30, 60] < 60"
        assert holds

    def test_replicas_in_which_it_never_came_count_as_later_than_the_record(self):
        text, holds = shown(f"{GROK} < 60", replicas(30, 40, 50, None, None))
        assert text == f"{GROK} = 50 [30, ...], not reached in 2 of 5 < 60"
        assert holds

    @pytest.mark.parametrize("operator", ["<", ">"])
    def test_where_more_than_half_never_came_the_median_is_not_reached(self, operator):
        text, holds = shown(f"{GROK} {operator} 60", replicas(30, None, 50, None, None))
        assert text == f"{GROK} = not reached in 3 of 5 {operator} 60"
        assert holds is None

    def test_such_a_claim_is_not_reproduced(self):
        judgements = parse(f"{GROK} < 60").judge(replicas(None, None))
        assert verdict(judgements, complete=True, holds_in=1) is Verdict.NOT_REPRODUCED

    @pytest.mark.parametrize(
        ("number", "told"),
        [
            ("first_step(a.grok) - first_step(a.fit)", "20"),
            ("first_step(a.grok) / first_step(a.fit)", "2"),
            ("ratio(2 * first_step(a.grok) + 20, 10)", "10"),
            ("log10(10 * first_step(a.grok))", "2.6021"),
            ("first_step(a.grok, 35)", "40"),
            ("end(a.loss)", "0.5"),
        ],
    )
    def test_what_grows_with_a_censored_time_is_censored_too(self, number, told):
        seeds = [Replica(grok) for grok in (40, 40, 40, None)]
        text, _ = shown(f"median_over_replicas({number}) > 0", seeds)
        assert text.startswith(f"median_over_replicas({number}) = {told} ") or text.endswith(f"= {told} > 0")

    @pytest.mark.parametrize(
        "number",
        [
            "first_step(a.fit) - first_step(a.grok)",
            "1 / first_step(a.grok)",
            "-first_step(a.grok)",
            "abs(first_step(a.grok))",
            "last_step(a.grok)",
            "at(first_step(a.grok), a.loss)",
            "max(a.loss, first_step(a.grok))",
            "first_step(a.loss > 0, first_step(a.grok))",
            "-1 * first_step(a.grok)",
        ],
    )
    def test_of_what_does_not_nothing_is_known(self, number):
        text, holds = shown(f"median_over_replicas({number}) < 60", replicas(40, 40, 40, None))
        assert text == f"median_over_replicas({number}) = never < 60"
        assert holds is None

    def test_a_number_that_is_missing_for_another_reason_is_not_left_out(self):
        seeds = [Replica(loss=0.5), Replica(loss=0.5), Replica(loss=math.nan)]
        text, holds = shown("median_over_replicas(end(a.loss)) < 1", seeds)
        assert text == "median_over_replicas(end(a.loss)) = not finite < 1"
        assert holds is None

    def test_of_one_replica_it_is_its_own_number(self):
        assert shown(f"{GROK} < 60", replicas(40)) == (f"{GROK} = 40 < 60", True)
        assert parse(f"{GROK} < 60").evaluate(Replica(40)).holds

    def test_each_replica_may_be_compared_with_the_median_of_all(self):
        judgements = parse(f"first_step(a.grok) <= {GROK}").judge(replicas(30, 40, 50))
        assert [judgement.holds for judgement in judgements] == [True, True, False]

    def test_a_curve_has_no_median_over_replicas(self):
        with pytest.raises(
            ClaimError, match=r"'a.loss' is a curve where median_over_replicas\(x\) needs a num"
        ):
            parse("median_over_replicas(a.loss) < 1")
