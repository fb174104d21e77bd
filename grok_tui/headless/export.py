"""A kept run as files of other programs, by libraries that are extras of this package."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grok_tui.errors import GrokTuiError
from grok_tui.files import reason
from grok_tui.output import write_file

if TYPE_CHECKING:
    from grok_tui.engine.store.directory import RunDirectory

EXTRAS = {"parquet": "pyarrow", "tensorboard": "tensorboardX", "png": "resvg_py"}
"""The module that a format needs; the extra to install is called as the format."""


def text_of(directory: RunDirectory, to: str) -> str:
    """Return a kept run's measures as CSV, or the whole run but its weights as JSON.

    The JSON is a `grok_tui.frontend.report.Export`.

    Raises:
        StoreError: the folder cannot be read.
    """
    if to == "csv":
        from grok_tui.engine.store.export import csv_of

        return csv_of(directory)
    from grok_tui.frontend.kept import json_of

    return "".join(json_of(directory))


def write_text(directory: RunDirectory, to: str, out: Path) -> None:
    """Write the same to a file; beside CSV what looks back, as `NAME.looked_back.csv`, if there is anything.

    Raises:
        GrokTuiError: the run cannot be read, or `out` cannot be written.
    """
    from grok_tui.engine.store.looked_back import csv_of_looked_back

    write_file(out, text_of(directory, to), "--out")
    looked_back = csv_of_looked_back(directory) if to == "csv" else ""
    if looked_back:
        write_file(beside(out, "looked_back"), looked_back, "--out")


def export_run(directory: RunDirectory, to: str, out: Path) -> None:
    """Write a kept run.

    Args:
        directory: the run's folder.
        to: one of `FORMATS`.
        out: the file to write; of TensorBoard, the folder.

    Raises:
        GrokTuiError: an extra is not installed, the run cannot be read, or `out` cannot be written.
    """
    _WRITERS[to](directory, out)


def _needed(to: str) -> Any:
    try:
        return import_module(EXTRAS[to])
    except ImportError:
        raise GrokTuiError(f"--to {to} needs more: pip install 'grok-tui[{to}]'") from None


def _parquet(directory: RunDirectory, out: Path) -> None:
    """Write the measures as one table: arm, step, replica, and a column for each measure.

    What has axes is a table of its own beside it, `NAME.vectors.parquet`, and so is what looks back,
    `NAME.looked_back.parquet`.
    """
    _needed("parquet")
    csv, parquet = import_module("pyarrow.csv"), import_module("pyarrow.parquet")
    from grok_tui.engine.store.export import csv_of
    from grok_tui.engine.store.looked_back import csv_of_looked_back

    tables = {out: csv_of(directory), beside(out, "looked_back"): csv_of_looked_back(directory)}
    for path, text in tables.items():
        if text:
            file = io.BytesIO()
            types = _types(text.partition("\n")[0].split(","))
            options = csv.ConvertOptions(column_types=types)
            try:
                parquet.write_table(csv.read_csv(io.BytesIO(text.encode()), convert_options=options), file)
            except ValueError:  # of which those of pyarrow are some
                raise GrokTuiError(f"{directory.path}: a table of measures is damaged") from None
            write_file(path, file.getvalue(), "--out")
    columns = _vector_columns(directory)
    if columns:
        file = io.BytesIO()
        parquet.write_table(import_module("pyarrow").table(columns), file)
        write_file(beside(out, "vectors"), file.getvalue(), "--out")


def _types(columns: list[str]) -> dict[str, str]:
    """Return the types of a table's columns, by name: the same for every run, whatever its rows hold."""
    known = {"arm": "string", "step": "int64", "replica": "int64"}
    return {column: known.get(column, "float64") for column in columns}


def beside(out: Path, part: str) -> Path:
    """Return the file beside another that has a part of the same run, NAME.PART.SUFFIX."""
    return out.with_suffix(f".{part}{out.suffix}")


def _vector_columns(directory: RunDirectory) -> dict[str, Any]:
    """Return what has axes in long form: a column for each of arm, measure, step, replica, place and value.

    The place counts along all axes together, the last one fastest. There are none where nothing has axes.
    """
    import numpy as np

    from grok_tui.frontend.kept import snapshot_of

    parts: dict[str, list[Any]] = {}
    for arm in snapshot_of(directory).arms:
        for name, vector in arm.vectors.items():
            steps, values = vector.table()
            flat = values.reshape(*values.shape[:2], -1)
            step, replica, place = (grid.ravel() for grid in np.indices(flat.shape))
            part = {
                "arm": np.full(flat.size, arm.name),
                "measure": np.full(flat.size, name),
                "step": steps[step],
                "replica": replica,
                "place": place,
                "value": flat.ravel(),
            }
            for column, numbers in part.items():
                parts.setdefault(column, []).append(numbers)
    return {column: np.concatenate(several) for column, several in parts.items()}


def _npz(directory: RunDirectory, out: Path) -> None:
    """Write arrays for numpy: `ARM/step` [n], `ARM/MEASURE` [n, R]; of what has axes, `ARM/MEASURE/step` [m],
    `ARM/MEASURE/value` [m, R, ...] and `ARM/MEASURE/AXIS`, the labels of an axis that has any; of what looks
    back, `ARM/MEASURE/step` [m] and `ARM/MEASURE/value` [m, R].
    """
    import numpy as np

    from grok_tui.engine.store.export import read_measures
    from grok_tui.frontend.kept import snapshot_of

    arrays: dict[str, Any] = {}
    for arm, columns in read_measures(directory).items():
        for name, values in columns.items():
            dtype = np.int64 if name == "step" else np.float64  # None becomes NaN
            arrays[f"{arm}/{name}"] = np.array(values, dtype=dtype)
    for status in snapshot_of(directory).arms:
        for name, vector in status.vectors.items():
            where = f"{status.name}/{name}"
            arrays[f"{where}/step"], arrays[f"{where}/value"] = vector.table()
            arrays |= {f"{where}/{axis.name}": np.array(axis.labels) for axis in vector.axes if axis.labels}
        seen = status.looked_back
        for name in seen.names if len(seen) else ():
            where = f"{status.name}/{name}"
            arrays[f"{where}/step"], arrays[f"{where}/value"] = seen.steps, seen.values(name)
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    write_file(out, file.getvalue(), "--out")


def _tensorboard(directory: RunDirectory, out: Path) -> None:
    """Write a TensorBoard run for each replica of each arm.

    A row's time is not recorded: between the beginning and the newest checkpoint of a run it is taken to rise
    with the steps.
    """
    board = _needed("tensorboard")
    logging.getLogger("tensorboardX").setLevel(logging.ERROR)  # that some values are NaN is no news
    from grok_tui.engine.record.looked_back import LookedBack
    from grok_tui.engine.store.export import read_measures
    from grok_tui.engine.store.looked_back import read_looked_back

    looked_back = read_looked_back(directory)
    try:
        for arm, columns in read_measures(directory, only_finite=False).items():
            steps, seen = columns.pop("step"), looked_back.get(arm) or LookedBack.nothing()
            at = _times(directory, steps[-1])
            for replica in range(len(next(iter(columns.values()))[0])):
                folder = out / arm / f"replica-{replica}"
                if any(folder.glob("events.out.tfevents.*")):
                    raise GrokTuiError(f"--out: {folder}: holds the events of a run already")
                with board.SummaryWriter(str(folder)) as writer:
                    for measure, rows in columns.items():
                        for step, row in zip(steps, rows, strict=True):
                            writer.add_scalar(measure, row[replica], step, at(step))
                    for measure in seen.names:
                        values = seen.values(measure, replica).tolist()
                        for step, value in zip(seen.steps.tolist(), values, strict=True):
                            writer.add_scalar(measure, value, step, at(step))
    except OSError as error:
        raise GrokTuiError(f"--out: {out}: {reason(error)}") from None


def _times(directory: RunDirectory, last: int) -> Callable[[int], float]:
    """Return what gives the time of a step, in seconds since 1970."""
    began = datetime.fromisoformat(directory.describe().created).timestamp()
    saved = directory.status().saved
    seconds = datetime.fromisoformat(saved).timestamp() - began if saved else 0.0
    return lambda step: began + seconds * step / max(1, last)


def _drawn(directory: RunDirectory) -> str:
    from .run_charts import charts_of, sheet

    return sheet(charts_of(directory), f"{directory.describe().label}  {directory.path.name}")


def _svg(directory: RunDirectory, out: Path) -> None:
    write_file(out, _drawn(directory), "--out")


def _png(directory: RunDirectory, out: Path) -> None:
    image = _needed("png").svg_to_bytes(
        svg_string=_drawn(directory), font_family="DejaVu Sans Mono", monospace_family="DejaVu Sans Mono"
    )
    write_file(out, bytes(image), "--out")


_WRITERS: dict[str, Callable[[RunDirectory, Path], None]] = {
    "npz": _npz,
    "parquet": _parquet,
    "tensorboard": _tensorboard,
    "svg": _svg,
    "png": _png,
}

FORMATS = tuple(_WRITERS)
"""Files of other programs."""

TEXTS = ("csv", "json")
"""Texts, which can go to standard output."""
