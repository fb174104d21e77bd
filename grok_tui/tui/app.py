"""The app: it holds the run and the settings, and shows the screens."""

from __future__ import annotations

import asyncio
import os
import threading
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, ClassVar

from textual.actions import SkipAction
from textual.app import App
from textual.binding import BindingType
from textual.message import Message

from grok_tui.errors import GrokTuiError
from grok_tui.tui import keys, settings, themes
from grok_tui.tui.clock import RunClock
from grok_tui.tui.glyphs import Glyphs, glyphs
from grok_tui.tui.keeping import Kept, goes_on
from grok_tui.tui.screens.live import LiveScreen
from grok_tui.tui.source import helper_process, runner
from grok_tui.tui.writer import Writer

if TYPE_CHECKING:
    from textual.actions import ActionParseResult
    from textual.command import Provider
    from textual.dom import DOMNode
    from textual.driver import Driver

    from grok_tui.charts.style import Charset, Style
    from grok_tui.engine.snapshot import Snapshot
    from grok_tui.options import RunOptions
    from grok_tui.presets import Preset
    from grok_tui.tui.export import Subject
    from grok_tui.tui.screens.browser import BrowserScreen
    from grok_tui.tui.source import Drawing, Source, SourceFactory


def _provider() -> type[Provider]:
    from grok_tui.tui.palette import ActionProvider

    return ActionProvider


class ExplorerApp(App[int]):
    """The explorer.

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
        writer: writes what is to be kept of the run.
        faults: the tracebacks of faults of the explorer's own, by what they say.
    """

    TITLE = "grok-tui"
    CSS_PATH: ClassVar[list[str | PurePath]] = ["live.tcss", "around.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = list(keys.bindings("app"))
    COMMANDS = {_provider}  # noqa: RUF012  (Textual's own declaration)
    COMMAND_PALETTE_BINDING = "ctrl+p"
    ALLOW_SELECT = False

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
        super().__init__(ansi_color=True if "NO_COLOR" in os.environ else None)
        self.settings, self._complaints = settings.load()
        self.fps = fps or settings.frames_per_second(self.settings)
        self.charset: Charset = "ascii" if ascii else themes.resolved_charset(self.settings.charset)
        self.preset_name = preset
        self.options = options
        self._asked = options if preset is None else replace(options, assignments=())
        self.source: Source | None = None
        self.problem: str | None = None
        self._factory = factory
        self._kept = kept or Kept()
        self._first = preset
        self._attempt = 0  # counts the runs that were asked for
        self._loading = 0  # the last of them that is or was loaded
        self._draw_with = draw_with
        self._drawer: Drawing | None = None
        self._loop_here: asyncio.AbstractEventLoop | None = None
        self._style: Style | None = None
        self.writer = Writer(self)
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
        return Path(self.preset_name or "").stem

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

    def get_driver_class(self) -> type[Driver]:
        """Return what writes to the terminal."""
        driver = super().get_driver_class()
        if driver.__name__ != "LinuxDriver":
            return driver
        from grok_tui.tui.wire import ThriftyDriver

        return ThriftyDriver

    def on_mount(self) -> None:
        """Take up the settings and show the first screen."""
        self._loop_here = asyncio.get_running_loop()
        themes.register(self)
        self.theme = themes.shown_theme(self, self.settings.theme)
        self.set_keymap(self.settings.keymap)
        self.set_class(self.charset == "ascii", "-ascii")
        self.theme_changed_signal.subscribe(self, lambda _: self._restyle())
        for complaint in self._complaints:
            self.notify(complaint, severity="warning", timeout=10, markup=False)
        if self.preset_name is None:
            self.push_screen(self._browser())
        else:
            self.begin(self.preset_name, self.options)

    def begin(self, name: str, options: RunOptions) -> None:
        """Show a preset's run, once it is loaded, and end the run that there was."""
        self._forget_run()
        self.preset_name, self.options = name, options
        if any(isinstance(screen, LiveScreen) for screen in self.screen_stack):
            while not isinstance(self.screen, LiveScreen):
                self.pop_screen()
            self.switch_screen(LiveScreen())
        else:
            self.push_screen(LiveScreen())

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
            source = self._kept.source(name, options, self._factory, first=attempt == 1)
            from grok_tui.tui import curves, knobs  # noqa: F401  (a first import takes a while)
        except GrokTuiError as error:
            self.post_message(self.Ready(attempt, None, str(error)))
        except Exception as error:  # else the screen would wait for ever
            self.post_message(self.Ready(attempt, None, f"{type(error).__name__}: {error}"))
        else:
            self.post_message(self.Ready(attempt, source, ""))

    def preset_of(self, options: RunOptions) -> Preset:
        """Return the preset that begins anew with these options.

        Raises:
            PresetError: the preset or an option cannot be used.
        """
        assert self.preset_name is not None
        if self._attempt == 1 and self._kept.preset is not None and options == self.options:
            return self._kept.preset
        return options.load(self.preset_name)

    def on_explorer_app_ready(self, message: Ready) -> None:
        """Start a run that is loaded; without one go back to the presets, or out."""
        if message.attempt != self._attempt:
            return
        if message.source is not None:
            self.source = message.source
            self.source.start()
        elif message.attempt == 1 and self.preset_name == self._first:
            self.problem = message.problem
            self.exit()
        else:
            self.switch_screen(self._browser())
            self.notify(message.problem, severity="error", timeout=10, markup=False)

    def on_browser_screen_chosen(self, message: BrowserScreen.Chosen) -> None:
        """Run the preset that was chosen."""
        self.begin(message.name, message.options)

    def on_unmount(self) -> None:
        """Let nothing go on without a screen."""
        self.close_run(0)
        if self._drawer is not None:
            self._drawer.close()

    def close_run(self, timeout: float = 0.5) -> bool:
        """End the run, or leave one that goes on by itself; return whether that took `timeout` seconds."""
        if self.source is None:
            return True
        return self.source.end(timeout) if self._ending else self.source.close(timeout)

    def end(self, code: int) -> None:
        """Leave in order, from wherever this is called."""
        if self._loop_here is not None:
            self._loop_here.call_soon_threadsafe(self._leave, code)

    def _leave(self, code: int) -> None:
        self.close_run(0)
        self.exit(code, code)

    def _browser(self) -> BrowserScreen:
        from grok_tui.tui.screens.browser import BrowserScreen

        return BrowserScreen(self.options_of_others)

    def note(self, snapshot: Snapshot) -> None:
        """Remember what came of a run, once it has ended."""
        from grok_tui.tui.verdicts import Verdicts, outcome

        if not self._clock.look(snapshot) or self.preset_name is None:
            return
        found = outcome(snapshot, self.options, self._clock.seconds)
        if found is not None:
            with suppress(OSError):  # the list of presets then shows older verdicts, or none
                Verdicts().remember(self.preset_name, self.options.profile, found)

    @property
    def subject(self) -> Subject | None:
        """The run as the export sees it, or None while there is none."""
        from grok_tui.tui.export import Subject

        snapshot = self.snapshot
        if snapshot is None or snapshot.preset is None or self.preset_name is None:
            return None
        own = self._attempt == 1 and self._kept.resumed is not None
        return Subject(self.preset_name, self.options, snapshot, own)

    def show_presets(self) -> None:
        """Show the list of presets."""
        self.push_screen(self._browser())

    def keep_settings(self) -> None:
        """Keep the settings for the next time."""
        try:
            settings.save(self.settings)
        except GrokTuiError as error:
            self.notify(str(error), severity="warning", markup=False)

    def _restyle(self) -> None:
        self._style = None
        for screen in self.screen_stack:
            if isinstance(screen, LiveScreen):
                screen.restyle()

    async def run_action(
        self,
        action: str | ActionParseResult,
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """Carry out an action; a fault in it is told, and the explorer stays."""
        try:
            return await super().run_action(action, default_namespace, namespaces)
        except SkipAction:
            raise
        except Exception as error:
            self.report(error)
            return True

    def report(self, error: Exception) -> None:
        """Tell of a fault of the explorer's own, once, and keep its traceback for the debug screen."""
        line = " ".join(str(error).split())
        text = f"{type(error).__name__}: {line}"
        if text not in self.faults:
            self.faults[text] = "".join(traceback.format_exception(error))
            title = "a fault of the explorer; the run goes on"
            self.notify(text, title=title, severity="error", timeout=10, markup=False)

    def action_explorer_help(self) -> None:
        """Show the keys of the screen and of the pane that has the focus."""
        from grok_tui.tui.screens.help import HelpScreen

        screen = self.screen
        if isinstance(screen, LiveScreen):
            self.push_screen(HelpScreen("live", screen.pane))
        else:
            self.push_screen(HelpScreen("browser", ""))

    def action_explorer_debug(self) -> None:
        """Show versions, device and paths."""
        from grok_tui.tui.screens.debug import DebugScreen

        self.push_screen(DebugScreen())

    def action_explorer_theme(self) -> None:
        """Take the next of the designed themes."""
        names = list(themes.THEMES)
        chosen = self.settings.theme
        self.settings.theme = names[(names.index(chosen) + 1) % len(names)] if chosen in names else names[0]
        self.theme = themes.shown_theme(self, self.settings.theme)
        self.keep_settings()

    def action_explorer_palette(self) -> None:
        """Search everything that can be done."""
        self.action_command_palette()

    def action_explorer_next_pane(self) -> None:
        """Move the focus."""
        self.screen.focus_next()

    def action_explorer_previous_pane(self) -> None:
        """Move the focus back."""
        self.screen.focus_previous()

    def action_explorer_suspend(self) -> None:
        """Stop the process until the shell lets it go on."""
        self.action_suspend_process()

    def action_explorer_quit(self) -> None:
        """Leave; a run that does not go on by itself ends."""
        self._leave(0)

    def action_explorer_end(self) -> None:
        """End the run, also one that would go on by itself, and leave."""
        self._ending = True
        self._leave(0)


def make_app(
    preset: str | None,
    options: RunOptions,
    *,
    factory: SourceFactory = runner,
    draw_with: Callable[[], Drawing] = helper_process,
    fps: float | None = None,
    ascii: bool = False,  # noqa: A002  (the option's name)
    kept: Kept | None = None,
) -> ExplorerApp:
    """Build the explorer (see `ExplorerApp`)."""
    return ExplorerApp(preset, options, factory=factory, draw_with=draw_with, fps=fps, ascii=ascii, kept=kept)
