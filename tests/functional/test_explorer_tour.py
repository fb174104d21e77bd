"""The tour: each step goes on by its key or by Enter, the run waits for the reader, and Escape leaves."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from browsing import Browser, browse
from explorer import Explorer, FakeRun, InlineDrawer

from grok_tui.engine.run.snapshot import State
from grok_tui.frontend.tour import ABOUT, END, PACE, PRESET, STEPS, TITLE
from grok_tui.options import RunOptions
from grok_tui.presets import load
from grok_tui.tui import keys
from grok_tui.tui.app import make_app
from grok_tui.tui.live.screen import LiveScreen

SIZES = [(60, 20), (80, 24), (120, 36), (200, 60)]


def toured(script: Callable[[Explorer], Awaitable[None]], size: tuple[int, int] = (120, 36)) -> None:
    """Open the explorer with the tour, and carry out a script."""

    async def main() -> None:
        runs: list[FakeRun] = []

        def factory(preset, _):
            runs.append(FakeRun(preset))
            return runs[-1]

        drawer = InlineDrawer()
        app = make_app(PRESET, RunOptions(), factory=factory, draw_with=lambda: drawer, fps=50, tour=True)
        async with app.run_test(size=size) as pilot:
            explorer = Explorer(pilot, app, None, drawer)
            await explorer.until(lambda: runs and isinstance(app.screen, LiveScreen))
            await explorer.until(lambda: app.snapshot is not None and app.snapshot.arms)
            explorer.run = runs[0]
            await explorer.settled()
            await script(explorer)

    asyncio.run(main())


def said(explorer: Explorer) -> str:
    """What the strip says, on one line."""
    return " ".join(explorer.live.query_one("#tour").text.split())


async def through(explorer: Explorer, press: Callable[[str], str]) -> None:
    """Go through all steps; `press` says by which key."""
    for place, step in enumerate(STEPS):
        assert explorer.live.tour.place == place
        assert said(explorer).startswith(" ".join(step.says.split())[:60])
        assert f"{place + 1} of {len(STEPS)}" in said(explorer)
        await explorer.press(press(step.action))
        if step.until:
            await explorer.until(lambda: explorer.run.state is State.RUNNING)
            assert said(explorer).startswith(step.watch[:40])
            taken = max(arm.status.step for arm in explorer.run.arms.values())
            await explorer.train(step.until - taken)
            await explorer.until(lambda: explorer.run.state is not State.RUNNING)
        await explorer.settled()


def key_of(action: str) -> str:
    return keys.BY_ID[action].keys[0]


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_the_tour_goes_on_by_the_keys_that_it_names(size):
    async def script(explorer: Explorer) -> None:
        run = explorer.run
        assert run.orders[:2] == [f"pace {PACE}", "pause"], "it waits before the first step, and goes slowly"
        assert max(arm.status.step for arm in run.arms.values()) == 0
        assert not explorer.live.viewing.view.log_x
        await through(explorer, key_of)
        assert not explorer.live.tour.going
        assert END in explorer.toasts
        assert "adam: Switch" in run.orders
        assert run.orders[-1] == "pace None"
        assert run.arms["adam"].status.optimizer.weight_decay == 0.01

    toured(script, size)


def test_enter_does_what_each_step_says():
    async def script(explorer: Explorer) -> None:
        await through(explorer, lambda action: "enter")
        assert not explorer.live.tour.going
        await explorer.press("2", "enter")
        assert explorer.live.viewing.filling is not None, "then Enter is what it always was"

    toured(script)


def test_other_keys_work_and_do_not_move_it_and_escape_leaves():
    async def script(explorer: Explorer) -> None:
        await explorer.press("a", "x")
        assert explorer.live.tour.place == 0
        assert explorer.live.steering.selected == "undecayed"
        await explorer.press("escape")
        assert not explorer.live.tour.going
        assert not explorer.live.query_one("#tour").display
        assert explorer.run.orders[-1] == "pace None"

    toured(script)


def test_enter_hurries_while_the_run_is_under_way():
    async def script(explorer: Explorer) -> None:
        await explorer.press("space", "enter")
        assert explorer.run.orders[-1] == "pace None"
        assert explorer.live.tour.place == 0
        assert explorer.live.tour.watching

    toured(script)


def test_every_step_has_an_action_with_a_key_and_arms_that_the_preset_has():
    preset = load(PRESET)
    for step in STEPS:
        assert keys.BY_ID[step.action].keys
        assert key_of(step.action) in ("space", *"1Aog")
        assert bool(step.until) == bool(step.watch)
        assert step.until <= min(arm.training.steps for arm in preset.arms)
    assert len(STEPS) == 7
    assert {arm.name for arm in preset.arms} == {"decayed", "undecayed", "adam"}


def test_it_is_the_first_entry_of_the_list_and_starts_from_there():
    async def script(browser: Browser) -> None:
        await browser.press("g")
        await browser.until(lambda: browser.screen.marked.tour)
        assert TITLE in browser.text
        assert " ".join(ABOUT.split())[:60] in browser.details
        await browser.press("enter")
        await browser.until(lambda: browser.runs and isinstance(browser.app.screen, LiveScreen))
        await browser.until(lambda: "1 of 7" in browser.text)
        assert browser.app.preset_name == PRESET
        assert browser.app.screen.tour.going

    browse(script)


def test_a_preset_that_is_opened_later_has_no_tour():
    async def script(explorer: Explorer) -> None:
        explorer.app.begin("linear101", RunOptions())
        await explorer.until(lambda: explorer.app.source not in (None, explorer.run))
        await explorer.until(lambda: "linear101 " in explorer.text)
        await explorer.settled()
        assert not explorer.live.tour.going
        assert explorer.app.snapshot.pace is None

    toured(script)
