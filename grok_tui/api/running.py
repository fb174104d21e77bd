"""Carry out a preset from Python."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from grok_tui.catalog.registries import take_up
from grok_tui.errors import GrokTuiError, PresetError
from grok_tui.frontend.orders import toml
from grok_tui.frontend.preset_toml import toml_text
from grok_tui.headless.controls import Controls
from grok_tui.headless.progress import Silence, narration
from grok_tui.headless.run import Wishes, begun, report_on
from grok_tui.interrupts import Interrupts, Stopped
from grok_tui.options import RunOptions, label_of
from grok_tui.presets import Preset
from grok_tui.reading import parse_toml

from .recorded import ArmResult
from .result import Result

Source = str | Path | Preset | Mapping[str, Any]
"""A preset: its name, the path of its file, the text of one, tables as a file has them, or a `Preset`."""


def preset(source: Source, *, profile: str = "quick", **given: Any) -> Preset:
    """Return a preset, checked whole.

    Args:
        source: name, path, TOML text (of several lines), tables as a file has them, or a preset.
        profile: "quick", "medium" or "full".
        given: `seed`, `replicas`, `steps` and `set`, as `run` takes them.

    Raises:
        GrokTuiError: something in it is wrong; the message names the key and the nearest valid name.
    """
    return _options(profile=profile, **given).load(_said(source))


def run(
    source: Source,
    *,
    seed: int | None = None,
    replicas: int | None = None,
    steps: int | None = None,
    set: Mapping[str, Any] | None = None,  # noqa: A002  (the option's name)
    profile: str = "quick",
    device: str = "auto",
    threads: int | None = None,
    tf32: bool = False,
    compile: str | None = None,  # noqa: A002  (likewise)
    time_limit: float | None = None,
    controls: bool = False,
    keep: bool | str | Path = False,
    plugins: Iterable[str | Path] = (),
    quiet: bool = False,
) -> Result:
    """Train the arms of a preset, judge its claims, and return what came of it.

    A run that diverges, fails or is interrupted (Ctrl-C, a notebook's stop) gives what was recorded so far:
    `Result.ended` says so.

    Args:
        source: name, path, TOML text (of several lines), tables as a file has them, or a preset.
        seed: of the first replica.
        replicas: seeds trained side by side.
        steps: of every arm.
        set: values laid over the preset by dotted key: `{"optimizer.lr": 0.01, "arms.adam.training": {...}}`.
        profile: "quick", "medium" or "full".
        device: "auto", "cpu", "cuda", "cuda:N", several as "cuda:0,cuda:1", or "all".
        threads: of torch; None for the usual number.
        tf32: let a GPU round the factors of products.
        compile: "auto", "on" or "off"; None has a run come out the same however long compiling takes.
        time_limit: seconds, after which to stop and return what there is.
        controls: judge claims under their controls too.
        keep: keep the run on disk: True in the state folder, or a folder. `grok-tui resume` goes on with it.
        plugins: Python files whose tasks, models, losses, optimizers and measures are taken up.
        quiet: say nothing on stderr meanwhile.

    Raises:
        GrokTuiError: the preset, an option or the machine does not allow the run.
        KeyboardInterrupt: somebody asked it twice to stop.
    """
    started = time.monotonic()
    take_up(map(Path, plugins))
    options = _options(
        seed=seed,
        replicas=replicas,
        steps=steps,
        set=set,
        profile=profile,
        device=device,
        threads=threads,
        tf32=tf32,
        compile=compile,
    )
    said = _said(source)
    label = label_of(str(said)) if isinstance(said, (str, Path)) else "preset"
    checked = options.load(said)
    judged = Controls(options, said, checked) if controls else None
    teller = Silence() if quiet else narration(label)
    keeping = options.keeping(label, None if keep is True else Path(keep)) if keep else None
    with teller:
        work = begun(checked, label, options, judged, keeping)
    try:
        with Interrupts() as stop:
            report = report_on(work, Wishes(time_limit=time_limit, controls=controls), teller, started, stop)
    except Stopped:
        raise KeyboardInterrupt from None
    return Result(report, {name: ArmResult.of(arm) for name, arm in work.run.arms.items()})


def _said(source: Source) -> str | Mapping[str, Any]:
    """Return the name or path of a preset's file, or its tables.

    Raises:
        PresetError: its text is not TOML.
    """
    if isinstance(source, Preset):
        return parse_toml(toml_text(source))
    if isinstance(source, str) and "\n" in source:
        try:
            return parse_toml(source)
        except ValueError as error:
            raise PresetError("the preset", "", str(error)) from None
    if isinstance(source, Path):
        return str(source if source.suffix == ".toml" else source.absolute())
    return source


def _options(*, set: Mapping[str, Any] | None = None, **given: Any) -> RunOptions:  # noqa: A002
    """Return the options that these arguments say.

    Raises:
        GrokTuiError: there is no such option.
    """
    assignments = tuple(f"{key}={toml(value)}" for key, value in (set or {}).items())
    try:
        return RunOptions(assignments=assignments, **given)
    except TypeError as error:
        raise GrokTuiError(str(error).replace("RunOptions.__init__()", "run()")) from None
