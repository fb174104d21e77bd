"""What the command palette offers, each as `area: Verb`: actions, themes, presets, and what the run has."""

from __future__ import annotations

from asyncio import to_thread
from functools import partial
from typing import TYPE_CHECKING, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.markup import escape

from grok_tui.presets import names
from grok_tui.tui.keys import ACTIONS, Action, key_name
from grok_tui.tui.keys.acting import can_do
from grok_tui.tui.keys.keymap import keys_of
from grok_tui.tui.look import themes
from grok_tui.tui.parts.command import Command
from grok_tui.tui.parts.lines import clean

if TYPE_CHECKING:
    from grok_tui.tui.explorer import Explorer


MOST_RUNS = 50


class ActionProvider(Provider):
    """Everything that can be done on the screen below the palette."""

    async def startup(self) -> None:
        """List the commands once, when the palette opens."""
        self._commands = [*self._actions(), *self._of_run(), *self._themes(), *self._presets()]
        self._commands += await to_thread(self._kept_runs)

    async def discover(self) -> Hits:
        """Yield all commands."""
        for command in self._commands:
            yield DiscoveryHit(Content(command.title), command.call, command.title, escape(command.help))

    async def search(self, query: str) -> Hits:
        """Yield the commands whose title or description match."""
        matcher = self.matcher(query)
        for command in self._commands:
            score = matcher.match(command.title)
            if score > 0:
                title = matcher.highlight(command.title)
                yield Hit(score, title, command.call, command.title, escape(command.help))
            elif query.lower() in command.help.lower():
                yield Hit(0.1, Content(command.title), command.call, command.title, escape(command.help))

    @property
    def _explorer(self) -> Explorer:
        return cast("Explorer", self.app)

    def _actions(self) -> list[Command]:
        return [
            Command(action.title, self._help(action), partial(self.app.run_action, action.call))
            for action in ACTIONS
            if not action.hidden and self._can_do(action)
        ]

    def _can_do(self, action: Action) -> bool:
        """Whether the app, or the screen below the palette, carries an action out now."""
        holder = self.app if action.scope == "app" else self.screen
        return can_do(holder, action)

    def _help(self, action: Action) -> str:
        written = " ".join(key_name(key) for key in keys_of(action, self._explorer.settings.keymap))
        return f"{written}  {action.description}" if written else action.description

    def _of_run(self) -> list[Command]:
        """List what the screen below the palette has to offer besides its actions."""
        offered = getattr(self.screen, "offers", None)
        return list(offered()) if callable(offered) else []

    def _kept_runs(self) -> list[Command]:
        """List the runs that are kept, the latest first."""
        from grok_tui.engine.store.library import directories

        names = [directory.path.name for directory in directories()][-MOST_RUNS:]
        return [
            Command(
                f"run: Take up {clean(name)}",
                "Show this kept run in place of what runs now.",
                partial(self._explorer.take_up, name),
            )
            for name in reversed(names)
        ]

    def _themes(self) -> list[Command]:
        return [
            Command(f"theme: Use {name}", "Change how the program looks.", partial(self._use_theme, name))
            for name in sorted(self.app.available_themes, key=lambda name: (name not in themes.THEMES, name))
        ]

    def _use_theme(self, name: str) -> None:
        explorer = self._explorer
        explorer.settings.theme = name
        explorer.theme = themes.shown_theme(explorer, name)
        explorer.keep_settings()

    def _presets(self) -> list[Command]:
        options = self._explorer.options_of_others
        return [
            Command(
                f"preset: Start {name}",
                "Run this preset in place of what runs now.",
                partial(self._explorer.begin, name, options),
            )
            for name in names()
        ]
