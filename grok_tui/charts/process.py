"""Charts drawn by a helper process, so that drawing takes no time from the interpreter that trains.

The helper reads pickled requests from its standard input and writes pickled pictures to its standard output,
one after the other; it ends when its input does, and so never outlives its parent.
"""

from __future__ import annotations

import contextlib
import math
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Hashable
from typing import IO, NamedTuple

from grok_tui.charts.model import Chart
from grok_tui.charts.picture import Grid, Picture
from grok_tui.charts.style import Style

_MOST_STARTS = 4
_TIME_LIMIT = 20.0  # seconds that one chart may take before the helper is ended
_CLOSE_LIMIT = 0.2  # seconds
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


class Request(NamedTuple):
    """The arguments of `draw`."""

    chart: Chart
    width: int
    height: int
    style: Style


class Drawer:
    """Draws charts in a helper process and hands out the pictures when asked.

    `submit` and `poll` return at once and may be called from any thread.
    When the helper dies it is started again and gets the same chart; when it has died too often, charts are
    drawn here.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: dict[Hashable, Request] = {}
        self._done: dict[Hashable, Picture] = {}
        self._drawing = False
        self._closed = False
        self._helper: subprocess.Popen[bytes] | None = None
        self._starts = 0
        self._deadline = math.inf
        self._overdue = False
        self._thread = threading.Thread(target=self._run, name="charts", daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int | None:
        """The process id of the helper, or None while there is none."""
        helper = self._helper
        return helper.pid if helper is not None and helper.poll() is None else None

    def submit(self, key: Hashable, chart: Chart, width: int, height: int, *, style: Style) -> None:
        """Ask for a chart; an older request under the same key that still waits is dropped."""
        with self._changed:
            self._waiting[key] = Request(
                chart, width, height, style
            )  # keeps its turn when the key was waiting
            self._changed.notify()

    @property
    def busy(self) -> bool:
        """Whether a chart waits, is being drawn, or is ready to be polled."""
        with self._changed:
            return bool(self._waiting or self._done) or self._drawing

    def poll(self) -> dict[Hashable, Picture]:
        """Return the newest picture of each key that was finished since the last call."""
        with self._changed:
            done, self._done = self._done, {}
            if time.monotonic() > self._deadline and self._helper is not None:
                self._overdue = True
                self._helper.kill()
        return done

    def close(self) -> None:
        """End the helper at once and drop what waits; nothing is drawn any more."""
        with self._changed:
            self._closed = True
            self._waiting.clear()
            if self._helper is not None:
                self._helper.kill()
            self._changed.notify()
        self._thread.join(_CLOSE_LIMIT)

    def __enter__(self) -> Drawer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self) -> None:
        self._start()
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                if self._closed:
                    break
                key = next(iter(self._waiting))
                request = self._waiting.pop(key)
                self._drawing = True
            try:
                picture = self._draw(request)
            except Exception as error:  # without this thread no chart would ever be drawn again
                picture = _blank(request, f"{type(error).__name__}: {error}")
            with self._changed:
                self._done[key] = picture
                self._drawing = False
        self._stop()

    def _draw(self, request: Request) -> Picture:
        """Have the helper draw, as often as it can be started again; then draw here."""
        message = pickle.dumps(request, pickle.HIGHEST_PROTOCOL)
        while self._helper is not None:
            try:
                return self._ask(self._helper, message)
            except (OSError, EOFError, pickle.UnpicklingError):
                self._stop()
                self._start()
            if self._overdue:
                return _blank(request, "drawing took too long")
        if self._closed:
            return _blank(request, "closed")
        from grok_tui.charts.draw import draw  # plotext is loaded in this process only when it must be

        return draw(*request[:3], style=request.style)

    def _ask(self, helper: subprocess.Popen[bytes], message: bytes) -> Picture:
        assert helper.stdin is not None
        assert helper.stdout is not None
        with self._changed:
            self._deadline, self._overdue = time.monotonic() + _TIME_LIMIT, False
        try:
            helper.stdin.write(message)
            helper.stdin.flush()
            picture: Picture = pickle.load(helper.stdout)
        finally:
            with self._changed:
                self._deadline = math.inf
        return picture

    def _start(self) -> None:
        """Start the helper, unless it was started too often or cannot be."""
        with self._changed:
            if not self._closed and self._starts < _MOST_STARTS:
                self._starts += 1
                with contextlib.suppress(OSError):
                    self._helper = _spawn()

    def _stop(self) -> None:
        """Leave nothing of the helper behind."""
        helper, self._helper = self._helper, None
        if helper is None:
            return
        helper.kill()
        for pipe in (helper.stdin, helper.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):  # what was buffered has no reader any more
                    pipe.close()
        helper.wait()


def _blank(request: Request, error: str) -> Picture:
    return Grid(request.width, request.height).picture(error=error)


def _spawn() -> subprocess.Popen[bytes]:
    """Start a helper that shares this interpreter's search path, and not its terminal."""
    code = "import sys; sys.path[:] = sys.argv[1:]; from grok_tui.charts.process import serve; serve()"
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, sys.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | _ONE_THREAD,
        start_new_session=True,  # a Ctrl-C in the terminal does not reach it
    )


def serve() -> None:
    """Draw what comes in until there is no more: the main function of the helper."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    pictures = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # whatever prints must not get between the pictures
    with contextlib.suppress(EOFError, BrokenPipeError):
        answer(sys.stdin.buffer, pictures)


def answer(requests: IO[bytes], pictures: IO[bytes]) -> None:
    """Write a pickled picture for each pickled request; raise EOFError at their end."""
    from grok_tui.charts.draw import draw

    while True:
        request: Request = pickle.load(requests)
        pickle.dump(draw(*request[:3], style=request.style), pictures, pickle.HIGHEST_PROTOCOL)
        pictures.flush()
