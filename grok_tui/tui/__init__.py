"""The explorer: live charts and live knobs in a terminal."""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
from types import FrameType
from typing import TYPE_CHECKING, Literal

from grok_tui.errors import GrokTuiError
from grok_tui.interrupts import exit_code
from grok_tui.options import RunOptions

if TYPE_CHECKING:
    from grok_tui.tui.app import ExplorerApp

Color = Literal["auto", "256", "16", "none"]

COLOR_SYSTEMS = {"256": "256", "16": "standard"}
SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
PATIENCE = 2.0  # seconds that an orderly end may take after a signal
SWITCH_INTERVAL = 0.001  # seconds that the trainer may keep a key waiting for the interpreter


def run_explorer(
    preset: str | None = None,
    options: RunOptions | None = None,
    *,
    fps: float | None = None,
    ascii: bool = False,  # noqa: A002  (the option's name)
    mouse: bool = True,
    color: Color = "auto",
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

    Raises:
        GrokTuiError: the preset or an option cannot be used.
    """
    _prepare_environment(color)
    from grok_tui.tui.app import make_app

    sys.setswitchinterval(SWITCH_INTERVAL)
    app = make_app(preset, options or RunOptions(), fps=fps, ascii=ascii)
    endings = _Endings(app)
    with endings:
        app.run(mouse=mouse)
    app.close_run()
    if app.problem is not None:
        raise GrokTuiError(app.problem)
    code = endings.code or app.return_code or 0
    if "torch" in sys.modules:
        atexit._run_exitfuncs()
        _leave_now(code)
    return code


def _prepare_environment(color: Color) -> None:
    """Set what Textual reads when it is imported."""
    os.environ["TEXTUAL_ANIMATIONS"] = "none"
    if color in COLOR_SYSTEMS:
        os.environ["TEXTUAL_COLOR_SYSTEM"] = COLOR_SYSTEMS[color]
    if color == "none":
        os.environ["NO_COLOR"] = "1"


def _leave_now(code: int) -> None:
    """End the process at once, whatever its threads are doing."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


class _Endings:
    """While it is entered, signals end the explorer in order, and soon even if it cannot answer.

    Attributes:
        code: the exit code for the signal that came, or None.
    """

    def __init__(self, app: ExplorerApp) -> None:
        self.code: int | None = None
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
            last_resort = threading.Timer(PATIENCE, _leave_now, (self.code,))
            last_resort.daemon = True
            last_resort.start()
            self._app.end(self.code)
