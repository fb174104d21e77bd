"""The app: it holds the run and the settings, and shows the screens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, ClassVar

from textual.actions import SkipAction
from textual.binding import BindingType

from grok_tui.frontend.keeping import Kept
from grok_tui.frontend.source import helper_process, runner
from grok_tui.tui import keys
from grok_tui.tui.explorer import Explorer
from grok_tui.tui.keys.acting import Acting
from grok_tui.tui.live.screen import LiveScreen
from grok_tui.tui.live.tour import prepared
from grok_tui.tui.look import themes

if TYPE_CHECKING:
    from textual.actions import ActionParseResult
    from textual.command import Provider
    from textual.dom import DOMNode
    from textual.driver import Driver

    from grok_tui.frontend.source import Drawing, SourceFactory
    from grok_tui.options import RunOptions
    from grok_tui.tui.browser.screen import BrowserScreen


def _provider() -> type[Provider]:
    from grok_tui.tui.sheets.palette import ActionProvider

    return ActionProvider


class ExplorerApp(Acting, Explorer):
    """The explorer: which screen is shown when, and what happens on all of them; see `Explorer`.

    tour: whether a tour goes through the preset that it opens with.
    """

    TITLE = "grok-tui"
    CSS_PATH: ClassVar[list[str | PurePath]] = ["live/live.tcss", "sheets/around.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = list(keys.bindings("app"))
    COMMANDS = {_provider}  # noqa: RUF012  (Textual's own declaration)
    COMMAND_PALETTE_BINDING = "ctrl+p"
    ALLOW_SELECT = False

    def get_driver_class(self) -> type[Driver]:
        """Return what writes to the terminal."""
        driver = super().get_driver_class()
        if driver.__name__ != "LinuxDriver":
            return driver
        from grok_tui.tui.look.wire import ThriftyDriver

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
            self.begin(self.preset_name, self.options, tour=self._tour)

    def __init__(self, preset: str | None, options: RunOptions, *, tour: bool = False, **given: Any) -> None:
        super().__init__(preset, options, **given)
        self._tour = tour

    def begin(self, name: str, options: RunOptions, *, tour: bool = False) -> None:
        """Show a preset's run, once it is loaded, and end the run that there was."""
        self._forget_run()
        self.preset_name, self.options, self._tour = name, options, tour
        if any(isinstance(screen, LiveScreen) for screen in self.screen_stack):
            while not isinstance(self.screen, LiveScreen):
                self.pop_screen()
            self.switch_screen(LiveScreen(tour=tour))
        else:
            self.push_screen(LiveScreen(tour=tour))

    def on_explorer_ready(self, message: Explorer.Ready) -> None:
        """Start a run that is loaded; without one go back to the presets, or out."""
        if message.attempt != self._attempt:
            return
        if message.source is not None:
            self.source = prepared(message.source) if self._tour else message.source
            self.source.start()
        elif message.attempt == 1 and self.preset_name == self._first:
            self.problem = message.problem
            self.exit()
        else:
            self.switch_screen(self._browser())
            self.notify(message.problem, severity="error", timeout=10, markup=False)

    def on_browser_screen_chosen(self, message: BrowserScreen.Chosen) -> None:
        """Run the preset that was chosen."""
        self.begin(message.name, message.options, tour=message.tour)

    def on_unmount(self) -> None:
        """Let nothing go on without a screen."""
        self.close_run(0)
        if self._drawer is not None:
            self._drawer.close()

    def end(self, code: int) -> None:
        """Leave in order, from wherever this is called."""
        if self._loop_here is not None:
            self._loop_here.call_soon_threadsafe(self._leave, code)

    def _leave(self, code: int) -> None:
        self.close_run(0)
        self.exit(code, code)

    def _browser(self) -> BrowserScreen:
        from grok_tui.tui.browser.screen import BrowserScreen

        return BrowserScreen(self.options_of_others)

    def show_presets(self) -> None:
        """Show the list of presets."""
        self.push_screen(self._browser())

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

    def show_help(self) -> None:
        """Show the keys of the screen and of the pane that has the focus."""
        from grok_tui.tui.sheets.help import HelpScreen

        screen = self.screen
        if isinstance(screen, LiveScreen):
            self.push_screen(HelpScreen("live", screen.pane))
        else:
            self.push_screen(HelpScreen("browser", ""))

    def show_debug(self) -> None:
        """Show versions, device and paths."""
        from grok_tui.tui.sheets.debug import DebugScreen

        self.push_screen(DebugScreen())

    def turn_theme(self) -> None:
        """Take the next of the designed themes."""
        names = list(themes.THEMES)
        chosen = self.settings.theme
        self.settings.theme = names[(names.index(chosen) + 1) % len(names)] if chosen in names else names[0]
        self.theme = themes.shown_theme(self, self.settings.theme)
        self.keep_settings()

    def focus_next_pane(self) -> None:
        """Move the focus."""
        self.screen.focus_next()

    def focus_previous_pane(self) -> None:
        """Move the focus back."""
        self.screen.focus_previous()

    def quit(self) -> None:
        """Leave; a run that does not go on by itself ends."""
        self._leave(0)

    def end_run(self) -> None:
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
    tour: bool = False,
) -> ExplorerApp:
    """Build the explorer (see `ExplorerApp`)."""
    given = {"factory": factory, "draw_with": draw_with, "fps": fps, "ascii": ascii, "kept": kept}
    return ExplorerApp(preset, options, tour=tour, **given)
