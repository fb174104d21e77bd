"""The explorer as its screens and widgets know it: it holds the run and the settings, and shows no screen."""

from __future__ import annotations

import asyncio
import os
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from textual.app import App
from textual.message import Message
from textual.message_pump import MessagePump

from grok_tui.errors import GrokTuiError
from grok_tui.frontend.clock import RunClock
from grok_tui.frontend.glyphs import Glyphs, glyphs
from grok_tui.frontend.keeping import Kept, goes_on
from grok_tui.frontend.source import helper_process, runner
from grok_tui.options import label_of
from grok_tui.tui import settings
from grok_tui.tui.look import themes

if TYPE_CHECKING:
    from grok_tui.charts.style import Charset, Style
    from grok_tui.engine.run.snapshot import Snapshot
    from grok_tui.frontend.export import Subject
    from grok_tui.frontend.source import Drawing, Source, SourceFactory
    from grok_tui.options import RunOptions
    from grok_tui.presets import Preset


class Explorer(App[int]):
    """What every screen and widget may know of the program: the run, the settings, and how things look.

    Args:
        preset: name or path of what to run at once, or None for the list of presets.
        options: what is laid over presets.
        factory: makes a run of a preset.
        draw_with: makes what draws the charts.
        fps: the most frames of charts a second; None takes the user's setting.
        ascii: whether no other characters may be used.
        kept: how runs are kept on disk.

    Attributes:
        preset_name: what runs, as it was asked for.
        options: what is laid over it.
        source: the run, once it is there.
        problem: why the explorer could not open, once it has ended because of it.
        faults: the tracebacks of faults of the explorer's own, by what they say.
    """

    class Ready(Message):
        """A preset is loaded, or why it is not."""

        def __init__(self, attempt: int, source: Source | None, problem: str) -> None:
            super().__init__()
            self.attempt, self.source, self.problem = attempt, source, problem

    def __init__(
        self,
        preset: str | None,
        options: RunOptions,
        *,
        factory: SourceFactory = runner,
        draw_with: Callable[[], Drawing] = helper_process,
        fps: float | None = None,
        ascii: bool = False,  # noqa: A002  (the option's name)
        kept: Kept | None = None,
    ) -> None:
        # With a theme of true colours Textual would show grey in place of colours.
        super().__init__(ansi_color=True if os.environ.get("NO_COLOR") else None)
        self.settings, self._complaints = settings.load()
        self.fps = fps or settings.frames_per_second(self.settings)
        self.charset: Charset = "ascii" if ascii else themes.resolved_charset(self.settings.charset)
        self.preset_name = preset
        self.options = options
        self._asked = options if preset is None else replace(options, assignments=())
        self.source: Source | None = None
        self.problem: str | None = None
        self.crash: Exception | None = None
        self._factory = factory
        self._kept = kept or Kept()
        self._first = preset
        self._taken_up = 1  # which of the runs that were asked for is the kept one, if there is one
        self._attempt = 0  # counts the runs that were asked for
        self._loading = 0  # the last of them that is or was loaded
        self._draw_with = draw_with
        self._drawer: Drawing | None = None
        self._loop_here: asyncio.AbstractEventLoop | None = None
        self._style: Style | None = None
        self._ending = False
        self._clock = RunClock()
        self.faults: dict[str, str] = {}

    @property
    def snapshot(self) -> Snapshot | None:
        """The run as it stands, or None while there is none."""
        return self.source.snapshot if self.source is not None else None

    @property
    def label(self) -> str:
        """The preset's name without its folder."""
        return label_of(self.preset_name or "")

    @property
    def glyphs(self) -> Glyphs:
        """The signs that may be used."""
        return glyphs(self.charset)

    @property
    def chart_style(self) -> Style:
        """How charts look under the present theme."""
        if self._style is None:
            self._style = themes.style(self.current_theme, themes.colors_of(self), self.charset)
        return self._style

    @property
    def options_of_others(self) -> RunOptions:
        """What is laid over a preset that is opened next: what was set for one does not fit another."""
        return replace(self._asked, profile=self.options.profile)

    @property
    def drawer(self) -> Drawing:
        """What draws the charts, elsewhere."""
        if self._drawer is None:
            self._drawer = self._draw_with()
        return self._drawer

    def begin(self, name: str, options: RunOptions, *, tour: bool = False) -> None:
        """Show a preset's run, once it is loaded, and end the run that there was.

        tour: whether a tour goes through it.
        """
        raise NotImplementedError

    def show_presets(self) -> None:
        """Show the list of presets."""
        raise NotImplementedError

    def take_up(self, name: str) -> None:
        """Show a kept run in place of the present one; one that goes on elsewhere is attached to."""
        from grok_tui.frontend.keeping import with_run

        try:
            self._kept, label, profile = with_run(self._kept, name)
        except GrokTuiError as error:
            self.notify(str(error), severity="error", timeout=10, markup=False)
            return
        self._taken_up = self._attempt + 1
        self.begin(label, replace(self.options_of_others, profile=profile))

    def begin_again(self, options: RunOptions) -> None:
        """Replace the run, which takes no orders any more, by a new one of the same preset."""
        self._forget_run()
        self.options = options
        self.load()

    def _forget_run(self) -> None:
        snapshot = self.snapshot
        if snapshot is not None and goes_on(snapshot):
            self.notify(f"{snapshot.kept} goes on: grok-tui attach {snapshot.kept}", timeout=8, markup=False)
        self.close_run(0)
        self.source = None
        self._clock = RunClock()
        self._attempt += 1

    def load(self) -> None:
        """Load the preset, in a thread; called when the screen stands, which imports would keep waiting."""
        if self._loading == self._attempt:
            return
        self._loading = self._attempt
        arguments = (self._attempt, self.preset_name, self.options)
        threading.Thread(target=self._prepare, args=arguments, name="loader", daemon=True).start()

    def _prepare(self, attempt: int, name: str, options: RunOptions) -> None:
        """Load a preset and all that its run and its charts need; in a thread of its own."""
        try:
            source = self._kept.source(name, options, self._factory, first=attempt == self._taken_up)
            from grok_tui.frontend import chart_builder, knobs  # noqa: F401  (a first import takes a while)
        except GrokTuiError as error:
            self.post_message(self.Ready(attempt, None, str(error)))
        except BaseException as error:  # else the screen would wait for ever; a plugin may raise anything
            from grok_tui.catalog.blame import accounted

            self.post_message(self.Ready(attempt, None, accounted(error)))
        else:
            self.post_message(self.Ready(attempt, source, ""))

    def preset_of(self, options: RunOptions) -> Preset:
        """Return the preset that begins anew with these options.

        Raises:
            PresetError: the preset or an option cannot be used.
        """
        assert self.preset_name is not None
        if self._attempt == self._taken_up and self._kept.preset is not None and options == self.options:
            return self._kept.preset
        return options.load(self.preset_name)

    def close_run(self, timeout: float = 0.5) -> bool:
        """End the run, or leave one that goes on by itself; return whether that took `timeout` seconds."""
        if self.source is None:
            return True
        return self.source.end(timeout) if self._ending else self.source.close(timeout)

    def note(self, snapshot: Snapshot) -> None:
        """Remember what came of a run, once it has ended."""
        from grok_tui.frontend.verdicts import Verdicts, outcome

        if not self._clock.look(snapshot) or self.preset_name is None:
            return
        found = outcome(snapshot, self.options, self._clock.seconds)
        if found is not None:
            with suppress(OSError):  # the list of presets then shows older verdicts, or none
                Verdicts().remember(self.preset_name, self.options.profile, found)

    @property
    def subject(self) -> Subject | None:
        """The run as the export sees it, or None while there is none."""
        from grok_tui.frontend.export import Subject

        snapshot = self.snapshot
        if snapshot is None or snapshot.preset is None or self.preset_name is None:
            return None
        own = self._attempt == self._taken_up and self._kept.resumed is not None
        return Subject(self.preset_name, self.options, snapshot, own)

    def keep_settings(self) -> None:
        """Keep the settings for the next time."""
        try:
            settings.save(self.settings)
        except GrokTuiError as error:
            self.notify(str(error), severity="warning", markup=False)

    def _handle_exception(self, error: Exception) -> None:
        """Leave after a fault that nothing caught; the program's last resort tells of it."""
        super()._handle_exception(error)
        self._exit_renderables.clear()
        self.crash = self.crash or error

    def report(self, error: Exception) -> None:
        """Tell of a fault of the explorer's own, once, and keep its traceback for the debug screen."""
        from grok_tui.catalog.blame import accounted

        text = accounted(error)
        if text not in self.faults:
            self.faults[text] = "".join(traceback.format_exception(error))
            title = "a fault of the explorer; the run goes on"
            self.notify(text, title=title, severity="error", timeout=10, markup=False)


class OnExplorer(MessagePump):
    """A screen or widget of the explorer."""

    @property
    def explorer(self) -> Explorer:
        """The app, as what it is."""
        return cast("Explorer", self.app)
