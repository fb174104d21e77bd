"""Charts picked by name: from the list with its search, and from the command palette."""

import pytest
from explorer import PRESET, Explorer, explore
from textual.widgets import Input, OptionList

from grok_tui.tui.live.screen import LiveScreen
from grok_tui.tui.sheets.charts import ChartsScreen


@pytest.fixture
def preset(tmp_path) -> str:
    path = tmp_path / "two.toml"
    path.write_text(PRESET)
    return str(path)


async def listed(explorer: Explorer) -> OptionList:
    """Open the list, and return it once it is filled."""
    await explorer.press("6")
    await explorer.until(lambda: isinstance(explorer.app.screen, ChartsScreen))
    options = explorer.app.screen.query_one(OptionList)
    await explorer.until(lambda: options.option_count)
    return options


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 36), (200, 60)], ids=str)
def test_the_list_has_every_chart_of_the_run_with_a_phrase(preset, size):
    async def script(explorer: Explorer) -> None:
        ids = explorer.live.viewing.chart_ids()
        options = await listed(explorer)
        assert [option.id for option in options.options] == ids
        assert options.highlighted_option.id == "accuracy"
        assert f"{len(ids)} of {len(ids)}" in explorer.text
        assert "Distance from init" in explorer.text or size[1] < 30
        if size[0] >= 80:
            assert "Training and validation accuracy." in explorer.text

    explore(script, preset, size=size)


def test_typing_searches_names_and_phrases_and_enter_shows_the_chart_here(preset):
    async def script(explorer: Explorer) -> None:
        await explorer.press("4")
        options = await listed(explorer)
        await explorer.press(*"distance")
        await explorer.until(
            lambda: options.highlighted_option and "istance" in options.highlighted_option.id
        )
        assert all("distance" in option.id or "init" in str(option.prompt) for option in options.options)
        await explorer.press("down", "up", "enter")
        await explorer.until(lambda: isinstance(explorer.app.screen, LiveScreen))
        await explorer.settled()
        assert explorer.charts[3].title == "Distance from init"

    explore(script, preset)


def test_escape_leaves_the_charts_as_they_are_and_nothing_found_is_said(preset):
    async def script(explorer: Explorer) -> None:
        options = await listed(explorer)
        await explorer.press(*"zzz")
        await explorer.until(lambda: options.option_count == 0)
        assert "0 of" in explorer.text
        await explorer.press("enter")
        assert isinstance(explorer.app.screen, ChartsScreen)
        assert explorer.app.screen.query_one(Input).value == "zzz"
        await explorer.press("escape")
        await explorer.settled()
        assert explorer.charts[0].title == "Accuracy"

    explore(script, preset)


def test_the_palette_knows_measures_arms_and_events(preset):
    async def script(explorer: Explorer) -> None:
        await explorer.train(400)
        offered = {command.title: command for command in explorer.live.offers()}
        offered["chart: Show distance from init"].call()
        offered["arm: Select adamw"].call()
        await explorer.settled()
        assert explorer.charts[0].title == "Distance from init"
        assert explorer.live.steering.selected == "adamw"
        grok = next(title for title in offered if title.startswith("time: Look at grok of sgd, step "))
        offered[grok].call()
        await explorer.settled()
        assert explorer.live.steering.selected == "sgd"
        assert explorer.live.viewing.cursor == next(e.step for e in explorer.arm("sgd").events)

    explore(script, preset)
