"""What came of a run, and what can be made of it: tables, figures, a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from grok_tui.errors import GrokTuiError
from grok_tui.frontend.report import ClaimReport, EventReport

from .plotting import figure, html
from .recorded import Curve, Recorded, Vector, found
from .saving import read, save

if TYPE_CHECKING:
    import pandas
    import polars
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False, repr=False)
class Result(Recorded):
    """What came of a run.

    Attributes:
        report: the document that `--json` prints; `report.to_json()` is its text.
        arms: what came of each arm, by name.
    """

    @property
    def claims(self) -> list[ClaimReport]:
        """The claims with their verdicts and both sides of each comparison."""
        return self.report.claims

    @property
    def events(self) -> list[EventReport]:
        """What detectors saw: fit, grok, slingshot, divergence, in the order of their steps."""
        return self.report.events

    @property
    def ended(self) -> str:
        """Why the run ended: "finished", "diverged", "failed", "interrupted" or "time limit"."""
        return self.report.ended

    @property
    def as_expected(self) -> bool:
        """Whether every verdict is the expected one, of a run that came to its end."""
        return self.report.exit_code == 0

    def curve(self, what: str) -> Curve:
        """Return a measure of an arm, as in "adam.val_accuracy".

        Raises:
            GrokTuiError: there is no such arm or measure.
        """
        arm, name = self._taken_apart(what)
        return found(f"measure of {arm}", name, self.arms[arm].curves)

    def vector(self, what: str) -> Vector:
        """Return a measure with axes of an arm, as in "adamw.margins".

        Raises:
            GrokTuiError: there is no such arm or measure.
        """
        arm, name = self._taken_apart(what)
        return found(f"measure with axes of {arm}", name, self.arms[arm].vectors)

    def theta(self, arm: str) -> NDArray[np.floating[Any]]:
        """Return the weights of an arm at the end, [R, P].

        Raises:
            GrokTuiError: there is no such arm.
        """
        return found("arm", arm, self.arms).theta

    def columns(self) -> dict[str, NDArray[Any]]:
        """Return all curves as one table, a row for each arm, recorded step and replica.

        The columns are `arm`, `step`, `replica` and the measures; NaN where an arm does not have one.
        """
        names = list(dict.fromkeys(name for arm in self.arms.values() for name in arm.curves))
        parts: dict[str, list[NDArray[Any]]] = {name: [] for name in ("arm", "step", "replica", *names)}
        for name, arm in self.arms.items():
            steps = np.unique(np.concatenate([curve.steps for curve in arm.curves.values()]))
            replicas = len(arm.theta)
            parts["arm"].append(np.full(len(steps) * replicas, name, dtype=object))
            parts["step"].append(np.repeat(steps, replicas))
            parts["replica"].append(np.tile(np.arange(replicas), len(steps)))
            for measure in names:
                values = np.full((len(steps), replicas), np.nan)
                if measure in arm.curves:
                    curve = arm.curves[measure]
                    values[np.searchsorted(steps, curve.steps)] = curve.values
                parts[measure].append(values.ravel())
        return {name: np.concatenate(part) for name, part in parts.items()}

    def to_pandas(self) -> pandas.DataFrame:
        """Return `columns` as a frame of pandas.

        Raises:
            GrokTuiError: pandas is not installed.
        """
        try:
            import pandas
        except ImportError:
            raise GrokTuiError("to_pandas needs pandas: pip install pandas") from None
        return pandas.DataFrame(self.columns())

    def to_polars(self) -> polars.DataFrame:
        """Return `columns` as a frame of polars.

        Raises:
            GrokTuiError: polars is not installed.
        """
        try:
            import polars
        except ImportError:
            raise GrokTuiError("to_polars needs polars: pip install polars") from None
        columns = self.columns()
        return polars.DataFrame({**columns, "arm": columns["arm"].tolist()})

    def plot(self, *measures: str, log_x: bool = True) -> Figure:
        """Return a figure with a panel a measure and a line an arm: the median over replicas, and the range.

        Args:
            measures: by name; none are validation accuracy and loss.
            log_x: whether steps are on a logarithmic axis.

        Raises:
            GrokTuiError: matplotlib is not installed, or no arm has such a measure.
        """
        return figure(self, measures, log_x=log_x)

    def save(self, path: str | Path) -> None:
        """Write everything into one file, which `load` reads; it can run no code.

        Raises:
            GrokTuiError: it cannot be written.
        """
        save(self, Path(path))

    def __repr__(self) -> str:
        verdicts = f"{self.report.as_expected} of {len(self.claims)} verdicts as expected"
        return f"<Result of {self.report.preset}: {len(self.arms)} arms, {self.ended}, {verdicts}>"

    def _repr_html_(self) -> str:
        """Return the claims as a table and the charts as SVG, which a notebook shows."""
        return html(self)

    def _taken_apart(self, what: str) -> tuple[str, str]:
        arm, point, name = what.partition(".")
        if not point:
            raise GrokTuiError(f"'{what}' is not of the form arm.measure")
        found("arm", arm, self.arms)
        return arm, name


def load(path: str | Path) -> Result:
    """Read a result that `Result.save` wrote.

    Raises:
        GrokTuiError: it cannot be read, is no result, or is damaged.
    """
    kept = read(Path(path))
    return Result(kept.report, kept.arms)
