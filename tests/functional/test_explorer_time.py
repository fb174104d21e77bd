"""Through time in the explorer: looking back, going back, forking."""

import asyncio
from dataclasses import replace

import numpy as np
import pytest
from explorer import INTERPOLATING, PRESET, Explorer, explore

from grok_tui.charts import LineChart
from grok_tui.engine.record.history import Event
from grok_tui.engine.worker import orders as ask
from grok_tui.frontend import past
from grok_tui.options import RunOptions
from grok_tui.presets import load
from grok_tui.tui.app import Kept, make_app


@pytest.fixture
def preset(tmp_path) -> str:
    path = tmp_path / "two.toml"
    path.write_text(PRESET)
    return str(path)


def cursors(explorer: Explorer) -> set[float]:
    return {
        mark.step
        for chart in explorer.charts
        if isinstance(chart, LineChart)
        for mark in chart.marks
        if mark.kind == "cursor"
    }


def test_looking_back_shows_curves_weights_and_knobs_as_they_were(preset):
    async def script(explorer: Explorer) -> None:
        await explorer.press("right_square_bracket")
        await explorer.train(50)
        assert explorer.arm("sgd").optimizer.lr == pytest.approx(0.178)
        assert not cursors(explorer)
        await explorer.press("left_parenthesis", "left_parenthesis")
        step = explorer.live.viewing.cursor
        assert step is not None
        assert step < 100
        assert cursors(explorer) == {step}
        assert "the past" in explorer.text
        assert "lr              0.1 " in explorer.text
        assert f"{step} / 2 000" in explorer.text
        for chart in explorer.charts:
            ahead = [series for series in chart.series if series.legend == "never"]
            shown = [series for series in chart.series if series.legend != "never"]
            assert ahead
            assert all(series.x.min() >= step for series in ahead)
            assert all(series.x.max() <= step for series in shown)
        await explorer.press("3", "w")
        (bars,) = [chart for chart in explorer.charts if not isinstance(chart, LineChart)]
        kept = [at for at in range(step + 1) if at % max(1, at // 50) == 0]
        assert bars.values[-1] == pytest.approx(1 - np.exp(-kept[-1] / 30), abs=1e-5)
        await explorer.press("escape")
        assert explorer.live.viewing.cursor is None
        assert "the past" not in explorer.text

    explore(script, preset)


def test_it_is_walked_over_recorded_steps_and_over_marks(preset):
    async def script(explorer: Explorer) -> None:
        await explorer.press("o")
        await explorer.train(50)
        await explorer.press("left")
        assert explorer.live.viewing.cursor == 148
        await explorer.press("left_parenthesis")
        assert explorer.live.viewing.cursor == 100
        await explorer.press("left_parenthesis", "left_parenthesis", "left_parenthesis")
        assert explorer.live.viewing.cursor == 0
        await explorer.press("right", "right_parenthesis")
        assert explorer.live.viewing.cursor == 70, "where it grokked"
        await explorer.press("right_parenthesis", "right_parenthesis")
        assert explorer.live.viewing.cursor is None, "past the last mark it is now"

    explore(script, preset)


def test_zoomed_in_the_cursor_stays_in_sight(preset):
    async def script(explorer: Explorer) -> None:
        await explorer.press("x", "plus", "plus", "left_parenthesis")
        for _ in range(3):
            low, high = explorer.charts[0].x_range
            assert low <= explorer.live.viewing.cursor <= high
            await explorer.press("left_parenthesis")

    explore(script, preset)


def test_going_back_asks_first(preset):
    async def script(explorer: Explorer) -> None:
        await explorer.press("left_parenthesis", "enter")
        assert "Take sgd back to step 70 and drop what it did since?" in explorer.text
        await explorer.press("escape")
        assert "drop what" not in explorer.text
        assert explorer.live.viewing.cursor == 70
        assert not explorer.run.orders
        await explorer.press("enter", "enter")
        assert explorer.run.orders == ["rewind sgd 70"]
        assert explorer.live.viewing.cursor is None
        assert "sgd is back at step 70" in explorer.toasts[-1]

    explore(script, preset)


def test_enter_fills_the_screen_where_nobody_looks_back(preset):
    async def script(explorer: Explorer) -> None:
        await explorer.press("enter")
        assert len(explorer.charts) == 1

    explore(script, preset)


async def slung(explorer: Explorer, *steps: int) -> None:
    """Let the selected arm have had slingshots."""
    arm = explorer.run.arms["sgd"]
    numbers = {
        "duration": 2.0,
        "peak_loss": 0.033,
        "norm_growth": 0.5,
        "update_in_lr": 4.4,
        "silent_steps": 9.0,
    }
    found = tuple(Event(step, "slingshot", 0, numbers) for step in steps)
    arm.status = replace(arm.status, events=(*arm.status.events, *found))
    await explorer.train(1)


def test_keys_walk_from_one_slingshot_to_the_next_and_say_its_numbers(preset):
    async def script(explorer: Explorer) -> None:
        assert "slingshots" not in explorer.text
        await slung(explorer, 30, 62)
        assert "▾ slingshot" in explorer.text
        assert "slingshot: " not in explorer.text
        await explorer.press("N")
        assert explorer.live.viewing.cursor == 62
        assert "slingshot: loss 0.033  norm +50 %  update 4.4 lr" in explorer.text.splitlines()[0]
        assert "N n slingshots" in explorer.text
        await explorer.press("N")
        assert explorer.live.viewing.cursor == 30
        await explorer.press("right", "n")
        assert explorer.live.viewing.cursor == 62, "from wherever one looks"
        assert not explorer.toasts
        await explorer.press("n")
        assert explorer.live.viewing.cursor is None, "past the last one it is now"
        marks = {mark.step for mark in explorer.charts[0].marks if mark.label == "slingshot"}
        assert marks == {30, 62}

    explore(script, preset, size=(140, 36))


def test_where_there_is_no_slingshot_that_is_said(preset):
    async def script(explorer: Explorer) -> None:
        for key in ("n", "N"):
            await explorer.press(key)
            assert explorer.toasts[-1] == "sgd has had no slingshot so far"
            assert explorer.live.viewing.cursor is None
        await slung(explorer, 30)
        await explorer.press("n")
        assert explorer.toasts[-1] == "sgd has had no slingshot since"
        await explorer.press("N", "N")
        assert explorer.toasts[-1] == "sgd had no slingshot before"
        assert explorer.live.viewing.cursor == 30
        await explorer.press("a", "n")
        assert explorer.toasts[-1] == "adamw has had no slingshot so far"

    explore(script, preset)


def test_the_past_takes_no_interventions(preset):
    async def script(explorer: Explorer) -> None:
        await explorer.press("left", "o")
        assert not explorer.run.orders
        assert "this is the past" in explorer.toasts[-1]

    explore(script, preset)


def test_a_fork_is_selected_marked_and_drawn_from_where_it_began(preset):
    async def script(explorer: Explorer) -> None:
        await explorer.press("left_parenthesis", "f")
        assert explorer.run.orders == ["fork sgd 70 sgd_2"]
        assert explorer.live.steering.selected == "sgd_2"
        assert "changed by hand" in explorer.text
        chart = explorer.charts[0]
        assert (70, "fork of sgd") in {(mark.step, mark.label) for mark in chart.marks}
        assert min(series.x.min() for series in chart.series if series.label in ("train", "val")) == 70
        await explorer.press("v")
        assert "fork of sgd" in explorer.text

    explore(script, preset, size=(120, 36))


def test_settings_of_every_kind_are_told_as_they_were(preset):
    from explorer import FakeRun

    from grok_tui.catalog.interventions import Set, Switch
    from grok_tui.catalog.optimizers import AdamW

    run = FakeRun(load(preset))
    for name, value in (("lr", 0.5), ("batch_size", 5)):
        run.train(10)
        run.give(
            ask.Intervene(
                intervention=Set(action="set", arm="sgd", at_step=0, hyperparameter=name, value=value)
            )
        )
    run.train(10)
    new = AdamW(name="adamw", lr=0.01)
    run.give(ask.Intervene(intervention=Switch(action="switch", arm="sgd", at_step=0, optimizer=new)))
    run.train(10)

    def then(step: int):
        return past.as_it_was(run.snapshot, step).arms[0]

    assert [then(step).optimizer.lr for step in (10, 11)] == [0.1, 0.5]
    assert [then(step).batch_size for step in (20, 21)] == ["full", 5]
    assert [then(step).optimizer.name for step in (30, 31)] == ["sgd", "adamw"]
    assert [then(step).since for step in (30, 31)] == [0, 30]
    assert then(40) == run.snapshot.arms[0]


def test_adam_that_interpolates_is_forked_to_sgd_with_decay_and_to_adamw(tmp_path):
    """With a real run, kept on disk: both branches leave Adam's solution, and SGD finds the generalizer."""
    file = tmp_path / "adam.toml"
    file.write_text(INTERPOLATING)

    async def main() -> None:
        app = make_app(str(file), RunOptions(), kept=Kept(True, tmp_path / "run"))
        async with app.run_test(size=(120, 36)) as pilot:
            explorer = Explorer(pilot, app, None, None)

            def arm(name: str):
                return next((one for one in app.snapshot.arms if one.name == name), None)

            def last(name: str, measure: str) -> float:
                return float(arm(name).history.curve(measure)[1][-1, 0])

            await explorer.until(lambda: app.snapshot is not None and app.snapshot.state == "finished")
            await explorer.settled()
            assert last("adam", "train_loss") < 1e-6
            bias = last("adam", "bias")
            await pilot.press("f")
            await explorer.until(lambda: arm("adam_2"))
            await explorer.until(lambda: app.screen.steering.selected == "adam_2")
            await pilot.press("o")
            await explorer.until(lambda: arm("adam_2").optimizer.name == "sgd")
            for decay in (0.001, 0.00178, 0.00317, 0.00564, 0.01):
                await pilot.press("right_curly_bracket")
                await explorer.until(lambda: arm("adam_2").optimizer.weight_decay >= decay)  # noqa: B023
            await pilot.press("A")
            await explorer.until(lambda: app.screen.steering.selected == "adam")
            await pilot.press("f")
            await explorer.until(lambda: arm("adam_3"))
            await explorer.until(lambda: app.screen.steering.selected == "adam_3")
            await pilot.press("o")
            await explorer.until(lambda: arm("adam_3").optimizer.name == "sgd")
            await pilot.press("o")
            await explorer.until(lambda: arm("adam_3").optimizer.name == "adamw")
            await pilot.press("space")
            await explorer.until(lambda: app.snapshot.state == "finished")
            await explorer.settled()
            assert arm("adam").step == 3000
            assert {arm(name).step for name in ("adam_2", "adam_3")} == {6000}
            assert last("adam", "bias") == bias
            assert last("adam_2", "bias") > 0.95
            assert abs(last("adam_3", "bias") - bias) < 0.2
            assert "fork of adam" in explorer.text
        assert app.close_run(30)

    asyncio.run(main())
    from grok_tui.engine.store.directory import RunDirectory
    from grok_tui.engine.store.replay import Replay

    compared = list(Replay(RunDirectory(tmp_path / "run"), print).compare(lambda _: None))
    assert {one.arm for one in compared} == {"adam", "adam_2", "adam_3"}
    assert not [one for one in compared if one.difference]
