"""What a run leaves outside of the program: curves as CSV and JSON, the screen, and how to do it again."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from grok_tui.errors import GrokTuiError
from grok_tui.files import free_stem, reason, write_new
from grok_tui.frontend.orders import by_hand, steered
from grok_tui.numbers import grouped
from grok_tui.options import label_of
from grok_tui.printable import printable

if TYPE_CHECKING:
    from grok_tui.engine.run.snapshot import Snapshot
    from grok_tui.options import RunOptions
    from grok_tui.presets import Preset

SUFFIXES = (".csv", ".json", ".svg", ".toml", ".sh")
CSV_HEAD = "arm,replica,step,measure,value\n"


class ExportError(GrokTuiError):
    """Nothing could be exported: where, and why."""


@dataclass(frozen=True)
class Subject:
    """A run, and how it was asked for.

    Attributes:
        name: the preset's name or path.
        options: what is laid over it.
        snapshot: the run as it stands; its preset must be known.
        own: whether its preset may be another than the name and the options give.
    """

    name: str
    options: RunOptions
    snapshot: Snapshot
    own: bool = False

    @property
    def label(self) -> str:
        """The preset's name without its folder."""
        return label_of(self.name)

    @property
    def preset(self) -> Preset:
        """The preset as it is carried out."""
        preset = self.snapshot.preset
        if preset is None:
            raise ExportError("there is no run to export yet")
        return preset

    @property
    def steered(self) -> bool:
        """Whether the preset and its options alone would not do the same."""
        return self.own or bool(_prolonged(self)) or steered(self.snapshot)


def save_all(subject: Subject, folder: Path, svg: str) -> list[Path]:
    """Write the curves, the screen and the command line, and the preset too if the run was steered by hand.

    All files have the same new number, so that nothing is overwritten.

    Args:
        subject: what to export.
        folder: where to write.
        svg: the screen.

    Returns:
        The files: CSV, JSON, SVG, command line, preset.

    Raises:
        ExportError: the folder cannot be written, or there is no run yet.
    """
    stem = _stem(subject, folder)
    preset_file = folder / f"{stem}.toml"
    parts: dict[str, Iterator[str]] = {
        ".csv": csv_parts(subject.snapshot),
        ".json": json_parts(subject, preset_file),
        ".svg": iter([svg]),
        **_repetition(subject, preset_file),
    }
    return _written(folder, stem, parts)


def save_command(subject: Subject, folder: Path) -> tuple[str, list[Path]]:
    """Write the command line that does the run again, and the preset too if it was steered by hand.

    Returns:
        The command line, and the files.

    Raises:
        ExportError: as `save_all`.
    """
    stem = _stem(subject, folder)
    preset_file = folder / f"{stem}.toml"
    files = _written(folder, stem, _repetition(subject, preset_file))
    return command(subject, preset_file), files


def command(subject: Subject, preset_file: Path) -> str:
    """Return the command line that does the run again.

    Args:
        subject: the run.
        preset_file: where its preset is written if it was steered by hand.
    """
    options = subject.options
    words = ["grok-tui"]
    if subject.steered:
        words += ["--preset", str(preset_file.resolve())]
    else:
        path = Path(subject.name)
        is_file = subject.name.endswith(".toml") or path.name != subject.name
        words += ["--preset", str(path.resolve()) if is_file else subject.name]
        if options.profile != "quick":
            words += ["--profile", options.profile]
        for assignment in options.assignments:
            words += ["--set", assignment]
        for option in ("seed", "replicas", "steps"):
            value = getattr(options, option)
            if value is not None:
                words += [f"--{option}", str(value)]
    if options.device != "auto":
        words += ["--device", options.device]
    if options.threads is not None:
        words += ["--threads", str(options.threads)]
    if options.tf32:
        words.append("--tf32")
    return shlex.join(words)


def script(subject: Subject, preset_file: Path) -> str:
    """Return the command line as a shell script that says in comments what the run was."""
    lines = [f"# {printable(subject.preset.title)}"]
    if subject.steered:
        lines.append(f"# Steered by hand; {preset_file.name} does all of it by itself:")
        lines += [
            f"#   {arm.name} is a fork of {arm.parent} at step {grouped(arm.born)}"
            for arm in subject.snapshot.arms
            if arm.parent
        ]
        for arm, doings in by_hand(subject.snapshot).items():
            lines += [f"#   {arm} at step {grouped(done.at_step)}: {done.told()}" for done in doings]
        lines += [f"#   {', '.join(arms)} for {grouped(steps)} steps" for steps, arms in _prolonged(subject)]
    return "\n".join([*lines, command(subject, preset_file), ""])


def csv_parts(snapshot: Snapshot) -> Iterator[str]:
    """Yield all curves as CSV in long format: arm, replica, step, measure, value."""
    yield CSV_HEAD
    for arm in snapshot.arms:
        seen = arm.looked_back
        on_the_way = ((name, *arm.history.curve(name)) for name in arm.history.names)
        at_the_end = ((name, seen.steps, seen.values(name)) for name in seen.names)
        for measure, steps, values in chain(on_the_way, at_the_end):
            for replica, column in enumerate(values.T.tolist()):
                rows = zip(steps.tolist(), column, strict=True)
                yield "".join(f"{arm.name},{replica},{step},{measure},{value}\n" for step, value in rows)


def json_parts(subject: Subject, preset_file: Path) -> Iterator[str]:
    """Yield one JSON document, a `grok_tui.frontend.report.Export`, curve by curve.

    A curve has its steps [n] and the values [R][n] of its replicas; null stands for NaN and infinities.
    """
    from grok_tui.frontend.reporting import curves_of, document, report_of, vectors_of

    snapshot = subject.snapshot
    yield from document(
        report_of(snapshot, subject.label, subject.options.profile),
        curves_of(snapshot),
        vectors_of(snapshot),
        state=snapshot.state,
        command=command(subject, preset_file),
        steered=subject.steered,
    )


def _repetition(subject: Subject, preset_file: Path) -> dict[str, Iterator[str]]:
    from grok_tui.frontend.preset_toml import as_done, toml_text

    parts = {".sh": iter([script(subject, preset_file)])}
    if subject.steered:
        parts[".toml"] = iter([toml_text(as_done(subject.preset, subject.snapshot.arms))])
    return parts


def _prolonged(subject: Subject) -> list[tuple[int, list[str]]]:
    """List the arms that went beyond their end, by the steps that they took."""
    planned = {arm.name: arm.training.steps for arm in subject.preset.arms}
    found: dict[int, list[str]] = {}
    for arm in subject.snapshot.arms:
        if arm.step > planned[arm.name]:
            found.setdefault(arm.step, []).append(arm.name)
    return list(found.items())


def _stem(subject: Subject, folder: Path) -> str:
    try:
        return free_stem(folder, subject.label, SUFFIXES)
    except OSError as error:
        raise _cannot_write(folder, error) from None


def _written(folder: Path, stem: str, parts: dict[str, Iterator[str]]) -> list[Path]:
    paths: list[Path] = []
    for suffix, part in parts.items():
        path = folder / f"{stem}{suffix}"
        try:
            write_new(path, part)
        except OSError as error:
            raise _cannot_write(folder, error) from None
        paths.append(path)
    return paths


def _cannot_write(folder: Path, error: OSError) -> ExportError:
    return ExportError(f"cannot write to {folder.resolve()}: {reason(error)}")
