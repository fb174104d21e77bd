"""Slingshots as the explorer tells of them: marks, rows of the log, the top line, and margins."""

from dataclasses import replace

import numpy as np
import pytest
from vectors import latest

from grok_tui.catalog.interventions import Reset
from grok_tui.catalog.modifiers import Modifiers
from grok_tui.catalog.optimizers import AdamW
from grok_tui.catalog.seen import ENVELOPE
from grok_tui.charts import DARK, Bars, Style
from grok_tui.charts.draw import draw
from grok_tui.engine.arm.status import ArmStatus
from grok_tui.engine.record.history import Event, History
from grok_tui.engine.remote.mirror import Mirror
from grok_tui.engine.remote.news import Teller
from grok_tui.engine.remote.protocol import ANSWERS
from grok_tui.engine.run.snapshot import Snapshot, State
from grok_tui.frontend import past
from grok_tui.frontend.glyphs import ASCII, UNICODE
from grok_tui.frontend.happenings import happenings, slingshots
from grok_tui.frontend.margin_histogram import MOST_BINS, histogram, margins_chart
from grok_tui.tui.live.header import header_line
from grok_tui.tui.live.log import log_lines
from grok_tui.tui.live.timeline import timeline_line
from grok_tui.tui.parts.footer import footer_actions
from grok_tui.tui.parts.lines import Line

NUMBERS = {
    "duration": 113.0,
    "peak_loss": 0.0331,
    "norm_growth": 0.552,
    "update_in_lr": 4.41,
    "silent_steps": 497.0,
}
WHOLE = "slingshot: loss 0.033, norm +55 %, update 4.4 lr, 113 steps, silent 497 of 500"


def slingshot(step: int, replica: int = 0, **numbers: float) -> Event:
    return Event(step, "slingshot", replica, NUMBERS | numbers)


def arm(*events: Event, name: str = "many", **changes: object) -> ArmStatus:
    history = History(("val_accuracy",), 1)
    history.append(0, np.zeros((1, 1)), np.zeros((len(ENVELOPE), 1)))
    history.append(9950, np.zeros((1, 1)), np.zeros((len(ENVELOPE), 1)))
    status = ArmStatus(
        name=name,
        step=10_000,
        end=20_000,
        optimizer=AdamW(name="adamw"),
        since=0,
        modifiers=Modifiers(),
        batch_size="full",
        diverged=False,
        interventions=(),
        events=events,
        history=history,
    )
    return replace(status, **changes)


def written(line: Line) -> str:
    return "".join(span.text for span in line)


def log(width: int, *arms: ArmStatus, glyphs=UNICODE) -> list[str]:
    return [written(line) for line in log_lines(Snapshot(State.RUNNING, arms=arms), width, glyphs)]


REPLICAS = (
    *(Event(50 + r, "fit", r) for r in range(3)),
    slingshot(4000, 2),
    slingshot(4100, 0),
    slingshot(6000, 0),
    slingshot(7000, 2),
    slingshot(8000, 2),
)


def test_all_slingshots_of_the_replica_that_had_one_first_are_marked_and_other_events_once():
    marked = [(step, label) for step, label, _ in happenings(arm(*REPLICAS))]
    slung = [(step, "slingshot") for step in (4000, 7000, 8000)]
    assert marked == [(50, "fit"), *slung]


def test_a_slingshot_that_comes_to_light_in_an_earlier_replica_changes_no_mark():
    before = slingshots(arm(*REPLICAS))
    assert slingshots(arm(*REPLICAS, slingshot(9000, 0), slingshot(9100, 1))) == before


def test_slingshots_before_a_fork_are_those_of_its_parent():
    fork = arm(*REPLICAS, parent="many", born=4050)
    assert [event.step for event in slingshots(fork)] == [4100, 6000]
    assert not slingshots(arm(*REPLICAS, parent="many", born=9000))


def test_the_timeline_shows_every_slingshot():
    many = arm(slingshot(2000), slingshot(5000), slingshot(8000))
    for glyphs in (UNICODE, ASCII):
        assert written(timeline_line(many, 60, glyphs, log=False)).count(glyphs.event) == 3


def test_a_slingshot_has_a_row_in_the_log_with_as_many_numbers_as_have_room():
    one = arm(Event(70, "fit", 0), slingshot(9100))
    assert log(120, one)[0] == f"9 100 many ▾ {WHOLE}"
    for width in range(23, 120):
        row = log(width, one)[0]
        assert len(row) <= width
        told = row[row.index("▾") + 2 :]
        assert WHOLE.startswith(told)
        assert told == WHOLE or WHOLE[len(told)] in ",:", "no number is cut"


def test_where_names_of_arms_would_cost_the_first_number_their_signs_stand_for_them():
    one, two = arm(slingshot(9100)), arm(slingshot(9500), name="stairs")
    assert log(40, one, two)[1] == "9 100 many   ▾ slingshot: loss 0.033"
    assert log(32, one, two) == ["9 500 ▲ ▾ slingshot: loss 0.033", "9 100 ● ▾ slingshot: loss 0.033"]
    assert log(28, one, two)[1] == "9 100 many   ▾ slingshot", "where it would not help they stay"
    plain = arm(Event(9100, "divergence", 0), interventions=(Reset(action="reset", arm="a", at_step=9000),))
    assert log(20, plain)[0].startswith("9 100 many ▾ ")


def test_the_log_of_many_replicas_has_the_rows_of_one_and_counts_the_others():
    rows = log(100, arm(*REPLICAS, *(slingshot(step, 1) for step in range(8100, 9000, 10))))
    assert [row.partition("▾ ")[2].partition(":")[0] for row in rows] == [
        "slingshot",
        "slingshot",
        "95 slingshots (3 replicas so far)",
        "slingshot",
        "fit (3 replicas so far)",
    ]


@pytest.mark.parametrize(
    ("numbers", "told"),
    [
        ({"peak_loss": 12.34}, "loss 12,"),
        ({"peak_loss": 0.00512}, "loss 0.005,"),
        ({"peak_loss": 1234.5}, "loss 1 234,"),
        ({"peak_loss": 1e7}, "loss 1.0e+07,"),
        ({"norm_growth": 12.0}, "norm +1200 %"),
        ({"duration": 1.0}, ", 1 step,"),
        ({"update_in_lr": float("nan")}, "update - lr"),
    ],
)
def test_numbers_of_any_size_are_short(numbers, told):
    assert told in log(120, arm(slingshot(9100, **numbers)))[0]


def header(width: int, status: ArmStatus, *, past: bool = True) -> str:
    snapshot = Snapshot(State.FINISHED, arms=(status,), device="cpu", memory=2**28)
    return written(header_line("slingshot-hinge", snapshot, status, width, UNICODE, past=past))


def test_the_top_line_says_the_numbers_of_the_slingshot_that_is_looked_at():
    on_it = replace(arm(slingshot(4000), slingshot(9100)), step=9100)
    wide = header(160, on_it)
    for part in ("slingshot: loss 0.033", "norm +55 %", "update 4.4 lr", "113 steps", "silent 497 of 500"):
        assert part in wide
    narrow = header(80, on_it)
    assert len(narrow) == 80
    for part in ("slingshot: loss 0.033", "norm +55 %", "update 4.4 lr", "9 100 / 20 000", "the past"):
        assert part in narrow
    assert "slingshot: " not in header(160, replace(on_it, step=9101))
    assert "slingshot: " not in header(160, on_it, past=False)
    bare = replace(on_it, events=(Event(9100, "slingshot", 0),))
    assert "  slingshot  " in header(160, bare)


def test_marks_are_walked_over_the_slingshots_that_are_marked_alone():
    found = past.marks(arm(*REPLICAS), Snapshot(State.RUNNING))
    assert [step for step in found if step > 100] == [4000, 7000, 8000, 10_000]


@pytest.mark.parametrize("looking_back", [False, True])
def test_the_footer_offers_slingshots_where_there_are_any(looking_back):
    for any_there in (False, True):
        offered = footer_actions("charts", State.RUNNING, past=looking_back, slingshots=any_there)
        assert ("time.next_slingshot" in {action.id for action in offered}) == any_there


@pytest.mark.parametrize("columns", [5, 30, 43, 58, 84, 118, 200])
@pytest.mark.parametrize("seed", range(4))
def test_a_histogram_counts_all_in_equal_bins_that_meet_at_zero(columns, seed):
    values = np.random.default_rng(seed).normal(seed - 1, 10.0 ** (seed - 1), 400)
    counts, width, below = histogram(values, columns, up_to=1.0)
    edges = width * (np.arange(len(counts) + 1) - below)
    assert edges[below] == 0
    assert edges[0] <= values.min()
    assert edges[-1] >= max(values.max(), 1.0)
    assert counts.sum() == 400
    assert counts[:below].sum() == (values < 0).sum()
    assert np.abs(counts - np.histogram(values, edges)[0]).sum() <= 2, "but for rounding"
    assert len(counts) <= min(max(columns, 4), MOST_BINS)
    filled = max(columns, 4) // len(counts) * len(counts)
    assert filled >= 0.8 * min(max(columns, 4), 3 * MOST_BINS) - 2, "the bars fill the room"


@pytest.mark.parametrize("value", [0.0, -3.0, 5.0, 1e-30, -1e30])
def test_a_histogram_of_one_value_has_it_on_the_right_side(value):
    counts, _, below = histogram(np.full(7, value), 40, up_to=0.0)
    assert counts.sum() == 7
    assert counts[:below].sum() == 7 * (value < 0)


def margins(values: list[float], *, hinge: bool = True) -> Bars:
    return margins_chart(arm(vectors={"margins": latest(values, 9950)}), 40, hinge=hinge)


def test_margins_below_zero_are_shown_as_wrong_and_counted():
    chart = margins([-0.5, -0.25, 0.5, 1.5, 1.5])
    assert chart.y_label == "2 of 5 wrong at step 9 950"
    sides = {role: chart.values[[r == role for r in chart.roles]].sum() for role in ("wrong", "other")}
    assert sides == {"wrong": 2, "other": 3}
    assert chart.title == "Margins of many"


def test_hinge_loss_has_a_mark_where_it_ends():
    assert [mark.step for mark in margins([0.2, 0.3]).marks] == [1.0]
    assert margins([0.2, 0.3]).bins[1] >= 1.0, "the mark is on the axis"
    assert not margins([0.2, 0.3], hinge=False).marks


@pytest.mark.parametrize("values", [[], [np.nan], [np.inf, np.nan]])
def test_without_a_finite_margin_the_chart_says_so(values):
    lines = draw(margins(values), 40, 12, style=Style(DARK)).lines
    assert any("no margins" in line for line in lines)


def test_margins_are_drawn_with_their_axis_and_in_two_colours():
    picture = draw(margins([-1.0] + [0.5] * 300 + [2.0] * 100), 40, 14, style=Style(DARK))
    assert not picture.error
    *_, labels = picture.lines
    assert labels.split() == ["0", "2"]
    assert "no loss" in picture.lines[1]
    middle = (labels.index("0") + labels.index("2")) / 2
    assert abs(picture.lines[1].index("▾") - middle) <= 1
    colors = {run.color for row in picture.rows for run in row if set(run.text) & set("▁▂▃▄▅▆▇█")}
    palette = Style(DARK).palette
    assert colors == {palette.color("series-5"), palette.color("series-1")}, "one of 401 is seen too"


def test_margins_reach_whoever_looks_on_when_they_are_new():
    teller, mirror = Teller(), Mirror()
    first = arm(vectors={"margins": latest([-1.5, 2.25])})

    def told(version: int, status: ArmStatus):
        snapshot = Snapshot(State.RUNNING, version=version, arms=(status,))
        news = ANSWERS.validate_json(teller.news(snapshot, ()).model_dump_json())
        table = news.arms[0].vectors.get("margins")
        seen = mirror.take(news).arms[0].vectors["margins"].table()[1]
        return table is not None and len(table.steps) > 0, seen[0, 0]

    sent, seen = told(1, first)
    assert sent
    assert seen.tolist() == [-1.5, 2.25]
    sent, seen = told(2, first)
    assert not sent
    assert seen.tolist() == [-1.5, 2.25]
    first.vectors["margins"].append(2, np.array([[0.5, 0.5]]))
    first.history.append(9960, np.zeros((1, 1)), np.zeros((len(ENVELOPE), 1)))
    sent, seen = told(3, first)
    assert sent
    assert seen.tolist() == [0.5, 0.5]
