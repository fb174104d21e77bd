"""The explorer: live charts and live knobs in a terminal."""

from __future__ import annotations

import atexit
import os
import shlex
import signal
import sys
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Literal

from grok_tui.engine.run.place import AS_IT_WAS, Place
from grok_tui.errors import GrokTuiError
from grok_tui.interrupts import exit_code
from grok_tui.options import RunOptions, label_of
from grok_tui.output import complain

if TYPE_CHECKING:
    from grok_tui.engine.store.directory import RunDirectory
    from grok_tui.frontend.keeping import Kept
    from grok_tui.tui.app import ExplorerApp

Color = Literal["auto", "256", "16", "none"]

COLOR_SYSTEMS = {"256": "256", "16": "standard"}
SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
PATIENCE = 2.0  # seconds that an orderly end may take after a signal
KEPT_PATIENCE = 30.0  # likewise, where the last checkpoint has to be written
SWITCH_INTERVAL = 0.001  # seconds that the trainer may keep a key waiting for the interpreter


def run_explorer(
    preset: str | None = None,
    options: RunOptions | None = None,
    *,
    fps: float | None = None,
    ascii: bool = False,  # noqa: A002  (the option's name)
    mouse: bool = True,
    color: Color = "auto",
    keep: bool = False,
    run_dir: Path | None = None,
    keep_running: bool = False,
    resumed: ResumedRun | None = None,
    tour: bool = False,
) -> int:
    """Open the explorer on this terminal, and end the process or return its exit code.

    Once torch is loaded the process is ended here: the interpreter would take seconds to take torch apart,
    and the shell would wait for it.

    Args:
        preset: name or path of what to run at once; None opens the list of presets.
        options: what is laid over it.
        fps: the most frames of charts a second; None takes the user's setting.
        ascii: use no other characters.
        mouse: whether to listen to the mouse.
        color: how many colours to use; "auto" asks the terminal.
        keep: whether to keep runs on disk.
        run_dir: where to keep the first of them; None makes a folder in the state folder.
        keep_running: whether runs are kept and go on, each in a process of its own, when the explorer is
            left or its terminal is gone.
        resumed: a kept run to take up, in place of a preset.
        tour: whether a tour goes through it.

    Raises:
        GrokTuiError: the preset or an option cannot be used.
        Exception: a fault of the explorer's own.
    """
    _prepare_environment(color)
    from grok_tui.tui.app import make_app

    sys.setswitchinterval(SWITCH_INTERVAL)
    kept = (
        _resumed(resumed, keep_running) if resumed is not None else _kept(keep, keep_running, preset, run_dir)
    )
    options = options or RunOptions()
    if resumed is not None:
        preset, options = resumed.label, replace(options, profile=resumed.profile)
    app = make_app(preset, options, fps=fps, ascii=ascii, kept=kept, tour=tour)
    endings = _Endings(app, KEPT_PATIENCE if keep or resumed is not None else PATIENCE)
    with endings:
        app.run(mouse=mouse)
    app.close_run(endings.patience)
    _tell_kept(app)
    if app.crash is not None:
        raise app.crash
    if app.problem is not None:
        raise GrokTuiError(app.problem)
    code = endings.code or app.return_code or 0
    if "torch" in sys.modules:
        atexit._run_exitfuncs()
        _leave_now(code)
    return code


@dataclass(frozen=True)
class ResumedRun:
    """A kept run to take up, or one to attach to.

    Attributes:
        directory: its folder.
        label: the name of its preset.
        profile: its profile.
        place: where and how to compute it, as far as that is otherwise than before.
        running: whether it goes on elsewhere, and is attached to.
    """

    directory: RunDirectory
    label: str
    profile: str
    place: Place = AS_IT_WAS
    running: bool = False


def _kept(keep: bool, lasting: bool, name: str | None, folder: Path | None) -> Kept:
    """Return how the explorer has to do with runs on disk.

    Raises:
        StoreError: the folder holds something, or cannot be made.
    """
    from grok_tui.frontend.keeping import Kept

    if folder is not None:
        from grok_tui.engine.store.directory import create_directory

        create_directory(label_of(name or "run"), folder)
    return Kept(keep or lasting or folder is not None, folder, lasting=lasting)


def _resumed(run: ResumedRun, lasting: bool) -> Kept:
    """Return how a kept run is taken up, or one that goes on attached to.

    Raises:
        StoreError: it cannot be.
    """
    from grok_tui.engine.store.directory import preset_of
    from grok_tui.frontend.keeping import Kept, attached, taken_up

    preset = preset_of(run.directory.describe(), run.directory)
    if run.running:
        return Kept(resumed=attached(run.directory, preset), preset=preset)
    where = taken_up(run.directory, preset, run.place, lasting=lasting)
    return Kept(lasting, resumed=where, preset=preset, lasting=lasting)


def _tell_kept(app: ExplorerApp) -> None:
    """Say on the terminal, which is the shell's again, how to go on with a kept run."""
    from grok_tui.frontend.keeping import goes_on

    snapshot = app.snapshot
    if snapshot is None or not snapshot.kept:
        return
    name = shlex.quote(snapshot.kept)
    if goes_on(snapshot):
        complain(f"the run goes on; to see it: grok-tui attach {name}")
    else:
        complain(f"kept; to go on: grok-tui resume {name}")


def _prepare_environment(color: Color) -> None:
    """Set what Textual reads when it is imported."""
    os.environ["TEXTUAL_ANIMATIONS"] = "none"
    if color in COLOR_SYSTEMS:
        os.environ["TEXTUAL_COLOR_SYSTEM"] = COLOR_SYSTEMS[color]
    elif os.environ.get("TMUX"):
        # tmux calls itself "screen", which is taken for 16 colours, but turns any into what its terminal has.
        os.environ.setdefault("TEXTUAL_COLOR_SYSTEM", "truecolor")
    if color == "none":
        os.environ["NO_COLOR"] = "1"
    elif not os.environ.get("NO_COLOR"):
        os.environ.pop("NO_COLOR", None)  # empty, it asks for nothing (no-color.org)


def _leave_now(code: int) -> None:
    """End the process at once, whatever its threads are doing."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


class _Endings:
    """While it is entered, signals end the explorer in order, and soon even if it cannot answer.

    Attributes:
        code: the exit code for the signal that came, or None.
        patience: seconds that an orderly end may take.
    """

    def __init__(self, app: ExplorerApp, patience: float) -> None:
        self.code: int | None = None
        self.patience = patience
        self._app = app
        self._before = {number: signal.getsignal(number) for number in SIGNALS}

    def __enter__(self) -> None:
        for number in SIGNALS:
            signal.signal(number, self._end)

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _end(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002  (a handler's signature)
        if self.code is None:
            self.code = exit_code(number)
            # The terminal may be gone, and with it whoever reads what the explorer still has to write.
            last_resort = threading.Timer(self.patience, _leave_now, (self.code,))
            last_resort.daemon = True
            last_resort.start()
            self._app.end(self.code)
