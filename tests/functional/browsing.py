"""What the tests of the list of presets share: the explorer opened at it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from explorer import PATIENCE, FakeRun, InlineDrawer, text_of
from textual.pilot import Pilot
from textual.widgets import OptionList

from grok_tui.options import RunOptions
from grok_tui.paths import user_presets
from grok_tui.tui.app import ExplorerApp, make_app
from grok_tui.tui.browser.screen import BrowserScreen
from grok_tui.tui.parts.page import Page


@dataclass
class Browser:
    """The explorer at its list of presets."""

    pilot: Pilot
    app: ExplorerApp
    runs: list[FakeRun]

    @property
    def screen(self) -> BrowserScreen:
        screen = self.app.screen
        assert isinstance(screen, BrowserScreen)
        return screen

    @property
    def text(self) -> str:
        return text_of(self.app)

    @property
    def options(self) -> OptionList:
        return self.screen.query_one(OptionList)

    def is_written(self) -> bool:
        """Whether the details stand, where there is room for them."""
        if not self.screen.query_one("#browser-scroll").display:
            return True
        details = self.screen.query_one("#browser-details", Page).text.splitlines()
        # The title alone stands in a wide list too.
        first = [line.strip() for line in details if line.strip()][:2]
        entry = self.screen.marked
        of_marked = entry is None or entry.preset is None or self.details.startswith(entry.preset.title)
        return bool(first) and all(line in self.text for line in first) and of_marked

    @property
    def details(self) -> str:
        return " ".join(self.screen.query_one("#browser-details", Page).text.split())

    @property
    def toasts(self) -> list[str]:
        return [toast.message for toast in self.app._notifications]

    async def until(self, condition: Callable[[], object]) -> None:
        for _ in range(PATIENCE):
            if condition():
                return
            await self.pilot.pause(0.02)
        raise AssertionError(f"never came to pass; the screen shows\n{self.text}")

    async def press(self, *pressed: str) -> None:
        await self.pilot.press(*pressed)
        await self.pilot.pause()

    async def type(self, text: str) -> None:
        await self.press("slash", *text)


def browse(
    script: Callable[[Browser], Awaitable[None]],
    *,
    size: tuple[int, int] = (120, 36),
    ascii: bool = False,  # noqa: A002
) -> None:
    """Open the explorer at its list of presets, and carry out a script."""

    async def main() -> None:
        runs: list[FakeRun] = []

        def factory(preset, _):
            runs.append(FakeRun(preset))
            return runs[-1]

        app = make_app(None, RunOptions(), factory=factory, draw_with=InlineDrawer, ascii=ascii)
        async with app.run_test(size=size) as pilot:
            browser = Browser(pilot, app, runs)
            await browser.until(lambda: isinstance(app.screen, BrowserScreen) and app.screen.marked)
            if any(option.id == "linear101" for option in browser.options.options):
                browser.options.highlighted = browser.options.get_option_index("linear101")
                await browser.until(lambda: browser.screen.marked.name == "linear101")
            await browser.until(browser.is_written)
            await script(browser)

    asyncio.run(main())


def own_preset(name: str, text: str) -> Path:
    folder = user_presets()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.toml"
    path.write_text(text)
    return path
