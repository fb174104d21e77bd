"""Take the screenshots of the documentation from real runs.

python docs/screenshots.py
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", "TEXTUAL_COLOR_SYSTEM": "truecolor"}

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "functional"))
sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "unit"))
from explorer import INTERPOLATING
from textual.widgets import OptionList

from grok_tui.catalog.optimizers import OptimizerSpec
from grok_tui.options import RunOptions
from grok_tui.tui.app import ExplorerApp, make_app

FOLDER = Path(__file__).parent
PATIENCE = 300.0  # seconds for a run to come as far as a picture needs it


async def until(condition: Callable[[], bool]) -> None:
    """Wait until the run is as far as a picture needs it."""
    limit = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > limit:
            raise TimeoutError("the run did not come so far")
        await asyncio.sleep(0.05)
    await asyncio.sleep(2.5)  # the charts are drawn elsewhere, some frames a second


def save(app: ExplorerApp, name: str) -> None:
    """Write what the screen shows."""
    (FOLDER / f"{name}.svg").write_text(app.export_screenshot(title="grok-tui"), encoding="utf-8")


async def browser() -> None:
    """The list of presets."""
    app = make_app(None, RunOptions())
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("down", "down")
        await asyncio.sleep(1.0)
        save(app, "browser")


async def after_a_switch(size: tuple[int, int], name: str) -> None:
    """The 101 weights under AdamW, switched to SGD by hand at about step 2 000, and given some decay."""
    app = make_app("linear101", RunOptions(steps=1_000_000))
    async with app.run_test(size=size) as pilot:
        await until(lambda: bool(app.snapshot and app.snapshot.arms and app.snapshot.arms[4].step > 2000))
        await pilot.press("a", "a", "a", "a")  # the arm `adamw`
        await pilot.press("o")
        await pilot.press("}", "}")
        switched = app.snapshot.arms[4].step if app.snapshot else 0
        await until(lambda: bool(app.snapshot and app.snapshot.arms[4].step > switched + 4000))
        await pilot.press("space")
        await asyncio.sleep(2.0)
        save(app, name)
    app.close_run(10)


async def forked(home: Path) -> None:
    """Adam's interpolating solution of the 101 weights, forked by hand: SGD with decay, and AdamW."""
    file = home / "interpolating.toml"
    file.write_text(INTERPOLATING, encoding="utf-8")
    app = make_app(str(file), RunOptions())

    def optimizer(name: str) -> OptimizerSpec | None:
        arms = app.snapshot.arms if app.snapshot else ()
        return next((arm.optimizer for arm in arms if arm.name == name), None)

    def is_finished() -> bool:
        return app.snapshot is not None and app.snapshot.state == "finished"

    async with app.run_test(size=(120, 36)) as pilot:
        await until(is_finished)
        await pilot.press("f")
        await until(lambda: optimizer("adam_2") is not None)
        await pilot.press("o")
        for _ in range(5):
            await asyncio.sleep(0.5)
            await pilot.press("right_curly_bracket")
        await pilot.press("A", "f")
        await until(lambda: optimizer("adam_3") is not None)
        await pilot.press("O")
        await asyncio.sleep(1.0)
        options = app.screen.query_one(OptionList)
        options.highlighted = options.get_option_index("adamw")
        await pilot.press("enter")
        await until(lambda: getattr(optimizer("adam_3"), "name", "") == "adamw")
        await pilot.press("A", "x", "space")
        await until(is_finished)
        save(app, "fork")
    app.close_run(10)


async def main() -> None:
    """Take them all."""
    with tempfile.TemporaryDirectory() as home:
        for kind in ("CONFIG", "STATE", "CACHE"):
            os.environ[f"XDG_{kind}_HOME"] = home
        await browser()
        await after_a_switch((120, 36), "linear101-switched")
        await after_a_switch((60, 20), "small-terminal")
        await forked(Path(home))


if __name__ == "__main__":
    asyncio.run(main())
