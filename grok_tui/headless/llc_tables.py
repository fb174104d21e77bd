"""Estimates of a local learning coefficient for people: a table by step size and n beta, and two traces."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isclose

import numpy as np
from numpy.typing import NDArray
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.text import Text

from grok_tui.charts.sparkline import sparkline
from grok_tui.numbers import duration, grouped, plural, short
from grok_tui.printable import printable

from .calibration import Calibration, Cell
from .tables import GOOD, OPEN, PlainTable

WIDEST = 60  # characters of a trace


def calibration_tables(calibration: Calibration) -> RenderableType:
    """Return all there is to say: heading, table, warnings, the traces of one cell, and the cost."""
    warnings = list(_warnings(calibration))
    return Group(
        _heading(calibration),
        Text(),
        _Estimates(calibration),
        Text(),
        *(warnings or [Text("no chain has left", style=GOOD)]),
        Text(),
        _Traces(calibration.shown),
        Text(),
        Text(_cost(calibration), style="dim"),
    )


def _heading(calibration: Calibration) -> Text:
    facts = (
        f"seed {calibration.seed}",
        f"step {grouped(calibration.step)}",
        f"{grouped(calibration.samples)} samples",
        f"training loss {short(float(calibration.shown.losses[0]))}",
        calibration.device,
    )
    title = f"{printable(calibration.preset)} {printable(calibration.arm)}"
    return Text.assemble((title, "bold"), "  local learning coefficient\n", (", ".join(facts), "dim"))


@dataclass(frozen=True)
class _Estimates:
    calibration: Calibration

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        cells = self.calibration.cells
        about = "+-" if options.ascii_only else "±"
        table = PlainTable()
        table.add_column("step size", style="bold", no_wrap=True)
        for nbeta in dict.fromkeys(cell.nbeta for cell in cells):
            usual = " = n / log n" if isclose(nbeta, self.calibration.default, rel_tol=1e-3) else ""
            table.add_column(f"n beta {nbeta:.3g}{usual}", justify="right", no_wrap=True)
        for epsilon in dict.fromkeys(cell.settings.step_size for cell in cells):
            row = (_entry(cell, about) for cell in cells if cell.settings.step_size == epsilon)
            table.add_row(f"{epsilon:g}", *row)
        yield table


def _entry(cell: Cell, about: str) -> Text:
    error = "" if np.isnan(cell.error) else f" {about} {cell.error:.2g}"
    return Text(f"{_number(cell.llc)}{error} {'!' if cell.warnings else ' '}", OPEN if cell.warnings else "")


def _number(llc: float) -> str:
    return f"{llc:.3g}" if np.isfinite(llc) else "-"


def _warnings(calibration: Calibration) -> Iterator[Text]:
    for cell in calibration.cells:
        if cell.warnings:
            yield Text(f"! {_where(cell)}: {'; '.join(cell.warnings)}", style=OPEN)


def _where(cell: Cell) -> str:
    return f"step size {cell.settings.step_size:g}, n beta {cell.nbeta:.3g}"


@dataclass(frozen=True)
class _Traces:
    cell: Cell

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        settings = self.cell.settings
        yield Text(
            f"{_where(self.cell)}, gamma {settings.gamma:g}: mean of {plural(settings.chains, 'chain')} over"
            f" {plural(settings.steps, 'step')}, of which the first {grouped(settings.burn_in)} do not count",
            style="dim",
        )
        rows = (("loss", self.cell.losses), ("distance", self.cell.distances))
        ends = [f"{short(float(trace[0]))} to {short(float(trace[-1]))}" for _, trace in rows]
        width = min(WIDEST, options.max_width - len("distance  ") - max(map(len, ends)) - 2)
        for (name, trace), end in zip(rows, ends, strict=True):
            line = _spark(trace, width, options.ascii_only) if width > 0 else ""
            yield Text.assemble((f"{name:<10}", "dim"), (line, "cyan"), f"  {end}")


def _spark(trace: NDArray[np.float64], width: int, ascii_only: bool) -> str:
    there = np.where(np.isfinite(trace), trace, np.nan)
    low, high = np.nanmin(there), np.nanmax(there)
    heights = (there - low) / (high - low) if high > low else there - low
    return sparkline(np.linspace(0, 1, len(there)), heights, width, "ascii" if ascii_only else "braille")


def _cost(calibration: Calibration) -> str:
    return (
        f"{plural(len(calibration.cells), 'estimate')}, {grouped(calibration.gradients)} gradients over"
        f" {plural(calibration.samples, 'sample')} in {duration(calibration.seconds)}"
    )
