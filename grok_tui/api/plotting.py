"""A result as a figure of matplotlib, and as what a notebook shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from grok_tui.charts.style import LIGHT
from grok_tui.errors import GrokTuiError
from grok_tui.frontend.glyphs import UNICODE, arm_look
from grok_tui.headless.run_charts import charts_from, sheet

from .recorded import Recorded, found

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .panels import ShownFigure

PANEL = (4.2, 3.0)  # inches
LINES = ("-", "--", "-.", ":")
ACCURACY = (-0.03, 1.03)
LOGARITHMIC = ("loss", "norm", "size", "distance")  # how the names of measures end that span decades


def figure(result: Recorded, measures: Sequence[str], *, log_x: bool = True) -> ShownFigure:
    """Return a figure with a panel for each measure; see `Result.plot`."""
    try:
        from .panels import ShownFigure
    except ImportError:
        raise GrokTuiError("plot needs matplotlib: pip install 'grok-tui[plot]'") from None
    names = _measured(result, measures)
    drawn = ShownFigure(figsize=(PANEL[0] * len(names), PANEL[1]), layout="constrained")
    panels = drawn.subplots(1, len(names), squeeze=False)[0]
    for panel, name in zip(panels, names, strict=True):
        _panel(panel, result, name, log_x=log_x)
    handles, labels = panels[0].get_legend_handles_labels()
    drawn.legend(handles, labels, loc="outside lower center", ncols=min(6, len(labels)), frameon=False)
    return drawn


def _panel(panel: Axes, result: Recorded, name: str, *, log_x: bool) -> None:
    for place, (arm, one) in enumerate(result.arms.items()):
        if name not in one.curves:
            continue
        steps, values = one.curves[name]
        color = LIGHT.color(arm_look(place, UNICODE.arms)[0])
        line = LINES[place // len(LINES) % len(LINES)]
        panel.plot(steps, np.median(values, axis=1), color=color, linestyle=line, label=arm, linewidth=1.4)
        if values.shape[1] > 1:
            low, high = values.min(axis=1), values.max(axis=1)
            panel.fill_between(steps, low, high, color=color, alpha=0.15, linewidth=0)
    panel.set_title(name.replace("_", " "), loc="left")
    panel.set_xlabel("step")
    panel.spines[["top", "right"]].set_visible(False)
    if log_x:
        panel.set_xscale("symlog", linthresh=1)
    if name.endswith("accuracy"):
        panel.set_ylim(*ACCURACY)
    elif name.endswith(LOGARITHMIC) and any((np.asarray(line.get_ydata()) > 0).any() for line in panel.lines):
        panel.set_yscale("log")


def html(result: Recorded) -> str:
    """Return the claims and the charts as HTML."""
    return "".join(_parts(result))


def _parts(result: Recorded) -> Iterator[str]:
    report = result.report
    yield f"<p><b>{escape(report.preset)}</b>: {escape(report.title)} "
    yield f"({escape(report.device_name)}, {escape(report.ended)}"
    yield f"; {escape(report.problem)})</p>" if report.problem else ")</p>"
    if report.claims:
        yield "<table><tr><th></th><th>claim</th><th>both sides</th><th>verdict</th></tr>"
        for claim in report.claims:
            sides = "<br>".join(escape(one.shown) for one in claim.comparisons)
            sign = UNICODE.verdict(claim.verdict)
            verdict = claim.verdict + ("" if claim.as_expected else ", not as expected")
            yield f"<tr><td>{sign}</td><td style='text-align:left'>{escape(claim.says)}</td>"
            yield f"<td style='text-align:left'><code>{sides}</code></td><td>{escape(verdict)}</td></tr>"
        yield "</table>"
    yield _svg(result)


def _svg(result: Recorded) -> str:
    """Return the charts: by matplotlib, or, where that is not installed, as a terminal shows them."""
    try:
        drawn = figure(result, ())
    except GrokTuiError:
        tables = {
            arm: {"step": one.curves["val_loss"].steps}
            | {name: curve.values for name, curve in one.curves.items()}
            for arm, one in result.arms.items()
        }
        return sheet(charts_from(tables), result.report.preset)
    return drawn._repr_svg_()


def _measured(result: Recorded, measures: Sequence[str]) -> list[str]:
    """Return the measures to show: those asked for, or accuracy and loss on the validation data.

    Raises:
        GrokTuiError: no arm has one of them.
    """
    known = {name: None for arm in result.arms.values() for name in arm.curves}
    for name in measures:
        found("measure", name, known)
    return list(measures) or [name for name in ("val_accuracy", "val_loss") if name in known]
