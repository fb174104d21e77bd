"""The one table of the charts of a run; lists, keys, help and settings derive from it.

Imports no numpy, for the first frame: a chart is built by `grok_tui.frontend.chart_builder`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from grok_tui.catalog.charts import ChartName
    from grok_tui.charts.model import Line
    from grok_tui.engine.run.snapshot import Snapshot

MEASURE = "measure:"
"""What the id of the chart of a measure begins with that has no row here."""

CLAIM = "claim:"
"""What the id of the chart of a claim's comparison begins with."""

Extra = tuple[str, str, "Line"]
"""A further curve of the selected arm: its label, the measure, and how its line is broken."""

Rank = Literal["first", "offered", "asked for"]
"""Whether places that nobody has chosen a chart for show it first, show it after those, or do not show it."""


class MeasureLines(NamedTuple):
    """Curves over steps.

    Attributes:
        main: the measure of all arms.
        label: what the main curve of the selected arm is called; its name where it is the only one.
        more: further curves of the selected arm.
        y_range: the values of a linear axis, or None to fit the curves.
    """

    main: str
    label: str = ""
    more: Sequence[Extra] = ()
    y_range: tuple[float, float] | None = None


@dataclass(frozen=True)
class ChartOfRun:
    """A chart that runs have.

    Attributes:
        id: its name in settings and keys.
        title: what stands above it.
        key: the digit that shows it; "" for none.
        brief: what it shows, in a line.
        meaning: what it shows, for someone who sees it for the first time.
        drawn: its curves, or "module:function" of what makes it of a `ChartBuilder`.
        rank: when it is shown unasked.
        log_y: whether its values are on a logarithmic axis at first.
        of: the measures with axes that it is of, which have no charts of their own.
        lacking: what to say of a run that has none of these; "" where the chart is shown all the same.
    """

    id: ChartName
    title: str
    key: str
    brief: str
    meaning: str
    drawn: MeasureLines | str
    rank: Rank = "offered"
    log_y: bool = False
    of: tuple[str, ...] = ()
    lacking: str = ""


_ROWS = (
    ChartOfRun(
        "accuracy",
        "Accuracy",
        "1",
        "Training and validation accuracy.",
        "The share of samples that are right: solid on validation samples, which the model never trains on,"
        " dotted on training samples. A model that only memorizes is right on the dotted line alone. When the"
        " solid line follows long after the dotted one, that is grokking.",
        MeasureLines("val_accuracy", "val", [("train", "train_accuracy", "dotted")], (0.0, 1.0)),
        rank="first",
    ),
    ChartOfRun(
        "loss",
        "Loss",
        "2",
        "Losses, with the smallest and largest batch loss.",
        "How wrong the predictions are, as a rule on a logarithmic axis. The band spans the smallest and the"
        " largest loss of a batch since the last point, so that a spike of a single step shows.",
        MeasureLines("val_loss", "val", [("train", "train_loss", "dotted")]),
        rank="first",
        log_y=True,
    ),
    ChartOfRun(
        "weights",
        "Weights",
        "3",
        "Generalizers against memorizers.",
        "The weights in the task's own terms. A memorizer is a weight that serves one training sample; a"
        " generalizer serves all samples, unseen ones too. Both can fit the training data, and which of them"
        " grows is the optimizer's doing. The line is the generalizer, the band spans all memorizers.",
        "grok_tui.frontend.recorded_charts:weights",
        of=("coordinates", "generalizes"),
        rank="first",
    ),
    ChartOfRun(
        "pairs",
        "Pairs learnt",
        "7",
        "Which pairs of a table are right.",
        "A cell for each pair of symbols, where the task is a table: whether it is trained on, and of the"
        " others which the model gets right. A rule fills in whole diagonals at once, memory fills in"
        " nothing.",
        "grok_tui.frontend.recorded_charts:pairs",
        of=("pairs",),
        lacking="this task is no table of pairs",
    ),
    ChartOfRun(
        "margins",
        "Margins",
        "8",
        "By how much the training samples are right, and how many are wrong.",
        "How many training samples of the first replica are right by how much: the right score less the best"
        " other one. What lies left of 0 is wrong. Hinge loss is exactly 0 where all margins are above 1.",
        "grok_tui.frontend.recorded_charts:margins",
        of=("margins",),
        lacking="this task tells no classes apart, so there are no margins",
    ),
    ChartOfRun(
        "norms",
        "Norms",
        "4",
        "L2 norm and largest weight.",
        "The size of all weights together: L2, which weight decay and SGD keep small, and the largest single"
        " weight (L-infinity), which Adam's equal steps keep small.",
        MeasureLines("l2_norm", "L2", [("max", "linf_norm", "dashed")]),
        rank="first",
    ),
    ChartOfRun(
        "update",
        "Update size",
        "5",
        "How far a step moves the weights.",
        "How far a step moves the weights (L2). It falls as a solution comes near; at a sudden peak the"
        " optimizer is thrown off its path.",
        MeasureLines("update_size_max"),
        rank="first",
        log_y=True,
    ),
    ChartOfRun(
        "update_in_lr",
        "Update in units of lr",
        "9",
        "The largest change of a parameter in a step, measured in learning rates.",
        "The largest change of a single weight in a step, divided by the learning rate. Adam's steps are"
        " about 1 as long as gradients are much like those before; in a slingshot they are several.",
        MeasureLines("update_in_lr_max"),
        rank="asked for",  # much like the size of an update
        log_y=True,
    ),
)
CHARTS: dict[str, ChartOfRun] = {chart.id: chart for chart in _ROWS}
"""Every chart with a row, by id, in the order in which they take turns."""


def ranked(rank: Rank) -> tuple[str, ...]:
    """Return the ids of the charts of a rank."""
    return tuple(chart.id for chart in _ROWS if chart.rank == rank)


def measures_shown(chart: ChartOfRun) -> tuple[str, ...]:
    """Return the measures that a chart of the table shows."""
    if isinstance(chart.drawn, MeasureLines):
        return (*chart.of, chart.drawn.main, *(measure for _, measure, _ in chart.drawn.more))
    return chart.of


def chart_ids(snapshot: Snapshot) -> list[str]:
    """List the charts of a run: those of the table that it has, then one for each other measure."""
    from grok_tui.catalog.families import COORDINATES, GENERAL
    from grok_tui.catalog.measures import shipped
    from grok_tui.catalog.seen import ENVELOPE

    shown = {*shipped(COORDINATES), *ENVELOPE, *(name for chart in _ROWS for name in measures_shown(chart))}
    had_by_arms = ((*arm.history.names, *arm.vectors, *arm.looked_back.names) for arm in snapshot.arms)
    names = dict.fromkeys(name for names in had_by_arms for name in names) or shipped(GENERAL)
    had = (chart for chart in CHARTS if not lacking(chart, snapshot))
    return [*had, *(MEASURE + name for name in names if name not in shown)]


def is_vector(chart: str, snapshot: Snapshot) -> bool:
    """Whether a chart is of a measure with axes."""
    return chart.startswith(MEASURE) and _recorded((chart.removeprefix(MEASURE),), snapshot)


def lacking(chart: str, snapshot: Snapshot) -> str:
    """Return why a run has not a chart, or "" where it has it."""
    row = CHARTS.get(chart)
    return row.lacking if row is not None and not _recorded(row.of, snapshot) else ""


def _recorded(vectors: Sequence[str], snapshot: Snapshot) -> bool:
    return any(name in arm.vectors for arm in snapshot.arms for name in vectors)


def title(chart: str) -> str:
    """Return the title of a chart."""
    row = CHARTS.get(chart)
    return row.title if row else chart.removeprefix(MEASURE).replace("_", " ").capitalize()


def claim_chart(claim: int, comparison: int) -> str:
    """Return the id of the chart of a comparison, both counted from 0."""
    return f"{CLAIM}{claim}:{comparison}"


def claim_place(chart: str) -> tuple[int, int]:
    """Return the claim and the comparison that a chart is of."""
    claim, _, comparison = chart.removeprefix(CLAIM).partition(":")
    return int(claim), int(comparison)


def phrase(chart: str) -> str:
    """Return what a chart shows, in a line; nothing of a measure that nobody has said anything of."""
    from grok_tui.catalog.measures import MEASURES

    if chart in CHARTS:
        return CHARTS[chart].brief
    name = chart.removeprefix(MEASURE)
    return MEASURES[name].help if name in MEASURES else ""


def version(snapshot: Snapshot) -> tuple[object, ...]:
    """Return a value that changes when any chart of the run may have changed."""
    arms = (
        (a.name, a.history.version, len(a.interventions), len(a.events), len(a.looked_back))
        for a in snapshot.arms
    )
    return snapshot.state == "finished", snapshot.epoch, *arms
