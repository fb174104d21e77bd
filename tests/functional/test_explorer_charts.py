"""Charts picked by name: from the list with its search, and from the command palette."""

import pytest
from explorer import PRESET, Explorer, explore
from textual.widgets import Input, OptionList

from grok_tui.engine.run.run import Run
from grok_tui.engine.store.store import create
from grok_tui.presets import load
from grok_tui.tui.live.screen import LiveScreen
from grok_tui.tui.sheets.charts import ChartsScreen
from grok_tui.tui.sheets.palette import ActionProvider


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


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 36), (200, 60)], ids=str)
def test_enter_on_a_claim_shows_its_charts_with_the_condition_and_escape_goes_back(preset, size):
    async def script(explorer: Explorer) -> None:
        viewing = explorer.live.viewing
        before = [pane.chart for pane in viewing.places]
        await explorer.press("g")
        assert explorer.live.pane == "claims"
        await explorer.press("enter")
        assert [chart.title for chart in explorer.charts] == ["end(sgd.bias) > 0.8"]
        labels = [series.label for series in explorer.charts[0].series]
        assert labels == ["asked for", "sgd.bias"]
        assert "SGD puts most of the weight on the bias" in explorer.text
        assert "end(sgd.bias) = 0.96" in explorer.text
        assert not explorer.live.query_one("#side").display
        await explorer.press("escape")
        assert [pane.chart for pane in viewing.places] == before
        assert explorer.live.pane == "claims"
        await explorer.press("down", "enter")
        assert explorer.charts[0].title == "first_step(adamw.grok) > 0"
        assert "AdamW groks as well" in explorer.text

    explore(script, preset, size=size)


def test_a_claim_of_several_comparisons_has_a_chart_for_each(tmp_path):
    path = tmp_path / "two.toml"
    path.write_text(PRESET.replace("end(sgd.bias) > 0.8", "0.1 < end(sgd.bias) < 2 and max(adamw.bias) < 1"))

    async def script(explorer: Explorer) -> None:
        await explorer.press("g", "enter")
        titles = [chart.title for chart in explorer.charts]
        assert titles == ["0.1 < end(sgd.bias)", "end(sgd.bias) < 2", "max(adamw.bias) < 1"]
        await explorer.press("enter")
        assert explorer.live.viewing.filling is explorer.live.viewing.places[0]
        await explorer.press("escape")
        assert len(explorer.charts) == 3
        await explorer.press("escape")
        assert [chart.title for chart in explorer.charts] == ["Accuracy", "Loss", "Weights", "Norms"]

    explore(script, str(path))


def test_the_palette_takes_up_a_kept_run_in_place_of_the_present_one(preset):
    kept = Run(load(preset, steps=40))
    while not kept.finished:
        kept.advance()
    store = create(kept, "two", "quick", None, None)
    store.checkpoint(None)
    store.close()
    name = store.directory.name

    async def script(explorer: Explorer) -> None:
        provider = ActionProvider(explorer.app.screen)
        await provider.startup()
        command = next(one for one in provider._commands if one.title == f"run: Take up {name}")
        command.call()
        await explorer.until(lambda: explorer.app.snapshot is not None and explorer.app.snapshot.kept == name)
        await explorer.until(lambda: explorer.app.snapshot.arms)
        assert {arm.step for arm in explorer.app.snapshot.arms} == {40}
        assert explorer.run.closed
        explorer.app.take_up("nothing-of-this-name")
        await explorer.until(lambda: explorer.toasts)
        assert "unknown run 'nothing-of-this-name'" in explorer.toasts[-1]

    explore(script, preset)


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 36)], ids=str)
def test_the_list_and_a_claims_charts_are_ascii_where_that_is_asked_for(preset, size):
    async def script(explorer: Explorer) -> None:
        await listed(explorer)
        assert explorer.text.isascii()
        await explorer.press("escape")
        await explorer.press("g", "enter")
        assert "asked for" in explorer.text or size[0] < 80
        assert explorer.text.isascii()

    explore(script, preset, size=size, ascii=True)
