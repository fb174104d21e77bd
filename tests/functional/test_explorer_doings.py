"""What is done to data and weights by hand: a sheet behind one key."""

from dataclasses import replace

import pytest
from explorer import PRESET, Explorer, explore
from test_explorer_plugins import mark
from textual.widgets import OptionList

from grok_tui.catalog.interventions import Acquire, Jump, Reinitialize, Relabel, Withhold
from grok_tui.frontend import doings
from grok_tui.frontend.happenings import happenings
from grok_tui.tui.live.screen import LiveScreen
from grok_tui.tui.sheets.choice import Field
from grok_tui.tui.sheets.doings import DoingsScreen

TABLE = PRESET.replace('name = "linear101"\nsamples = 10', 'name = "binary_operation"\np = 5').replace(
    'name = "linear"', 'name = "mlp"\nhidden = 6'
)
TABLE = TABLE.replace('loss = "mse"', 'loss = "cross_entropy"\nbatch_size = 4').split("[[claims]]")[0]


@pytest.fixture
def preset(tmp_path):
    path = tmp_path / "two.toml"
    path.write_text(PRESET)
    return str(path)


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "table.toml"
    path.write_text(TABLE)
    return str(path)


async def opened(explorer: Explorer) -> None:
    await explorer.press("i")
    await explorer.until(lambda: isinstance(explorer.app.screen, DoingsScreen))


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 36)], ids=str)
def test_every_one_fits_the_screen(preset, size):
    async def script(explorer: Explorer) -> None:
        await opened(explorer)
        screen = explorer.app.screen
        for name in doings.offered():
            await mark(explorer, name)
            shown = [field for field in screen.query(Field) if field.display]
            assert all(field.region.height == 1 for field in shown)
            assert screen.query_one("#choice-keys").region.bottom <= size[1]
        await explorer.press("escape")
        assert isinstance(explorer.app.screen, LiveScreen)
        assert not explorer.run.orders

    explore(script, preset, size=size, steps=1)


def test_samples_go_and_come_again_with_numbers_that_fit_the_arm(preset):
    async def script(explorer: Explorer) -> None:
        await opened(explorer)
        await mark(explorer, "acquire")
        assert "no sample is withheld" in explorer.text
        await explorer.press("enter")
        assert isinstance(explorer.app.screen, DoingsScreen), "nothing is taken that cannot be done"
        await mark(explorer, "withhold")
        assert "Change data or weights: 10 samples " in explorer.text
        await explorer.press("tab", *"11")
        assert "of the 10 training samples one has to stay" in explorer.text
        await explorer.press("backspace", "backspace", *"4", "enter")
        await opened(explorer)
        await mark(explorer, "acquire")
        assert "weights: 6 samples, 4 withheld" in explorer.text
        await explorer.press("enter")
        done = explorer.arm("sgd").interventions
        assert [type(one) for one in done] == [Withhold, Acquire]
        assert [one.n for one in done] == [4, 1]
        assert (explorer.arm("sgd").samples, explorer.arm("sgd").withheld) == (7, 3)
        marks = [label for _, label, kind in happenings(explorer.arm("sgd")) if kind == "intervention"]
        assert sorted(marks) == ["+1 sample", "-4 samples"]
        assert "acquire 1 sample at random" in explorer.text

    explore(script, preset, size=(200, 60))


def test_which_samples_may_be_said_one_by_one(preset):
    async def script(explorer: Explorer) -> None:
        await opened(explorer)
        await mark(explorer, "withhold")
        await explorer.press("tab", "delete", "tab", *"1, 99")
        assert "there are 10 training samples" in explorer.text
        await explorer.press("backspace", "backspace", *"3", "enter")
        assert explorer.arm("sgd").interventions[-1].indices == [1, 3]

    explore(script, preset)


def test_labels_are_changed_where_there_are_labels(preset, table):
    async def numbers(explorer: Explorer) -> None:
        await opened(explorer)
        await mark(explorer, "relabel")
        assert "are numbers, not labels" in explorer.text
        await explorer.press("enter")
        assert not explorer.run.orders

    async def labels(explorer: Explorer) -> None:
        await opened(explorer)
        await mark(explorer, "relabel")
        await explorer.press("enter")
        assert explorer.arm("sgd").interventions == (
            Relabel(action="relabel", arm="sgd", at_step=explorer.arm("sgd").step, share=0.1),
        )
        assert "other labels for 10 %" in explorer.text

    explore(numbers, preset)
    explore(labels, table, size=(200, 60))


def test_weights_are_drawn_anew_and_jumps_are_as_long_as_one_says(preset):
    async def script(explorer: Explorer) -> None:
        await opened(explorer)
        await mark(explorer, "reinitialize")
        assert "replica" not in [str(name) for name in explorer.text.split()], "there is one alone"
        await explorer.press("tab", *"7", "enter")
        await opened(explorer)
        await mark(explorer, "jump")
        await explorer.press("tab", *"2.5", "enter")
        drawn, jumped = explorer.arm("sgd").interventions
        assert (type(drawn), drawn.seed, drawn.replica) == (Reinitialize, 7, None)
        assert (type(jumped), jumped.norm) == (Jump, 2.5)

    explore(script, preset)


def test_a_replica_is_one_of_those_that_there_are(tmp_path):
    path = tmp_path / "three.toml"
    path.write_text(TABLE.replace("batch_size = 4", "batch_size = 4\nreplicas = 3"))

    async def script(explorer: Explorer) -> None:
        await opened(explorer)
        await mark(explorer, "reinitialize")
        await explorer.press("tab", *"3")
        assert "replica: they are counted from 0 to 2" in explorer.text
        await explorer.press("backspace", *"2", "enter")
        assert explorer.arm("sgd").interventions[-1].replica == 2

    explore(script, str(path))


def test_the_past_cannot_be_changed(preset):
    async def script(explorer: Explorer) -> None:
        await explorer.press("left", "i")
        assert isinstance(explorer.app.screen, LiveScreen)
        assert any("this is the past" in toast for toast in explorer.toasts)

    explore(script, preset)


def test_first_comes_what_can_be_done(preset):
    async def script(explorer: Explorer) -> None:
        arm = explorer.run.arms["sgd"]
        arm.status = replace(arm.status, samples=0)  # as of a run that learns online
        explorer.run.publish()
        await explorer.settled()
        await opened(explorer)
        options = explorer.app.screen.query_one(OptionList)
        assert options.get_option_at_index(options.highlighted).id == "reinitialize"
        await mark(explorer, "withhold")
        assert "learns online" in explorer.text

    explore(script, preset)
