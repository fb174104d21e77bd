"""The live screen on a run that does as it is told: every key, every size, and what goes wrong."""

import pytest

from grok_tui.catalog.interventions import Jump, Reset, Set, Switch
from grok_tui.charts import Bars, Heatmap, LineChart
from grok_tui.engine.snapshot import State
from grok_tui.options import RunOptions

from explorer import PRESET, Explorer, explore


@pytest.fixture
def preset(tmp_path) -> str:
    path = tmp_path / "two.toml"
    path.write_text(PRESET)
    return str(path)


def last(explorer: Explorer, arm: str = "sgd"):
    return explorer.arm(arm).interventions[-1]


def test_it_shows_where_the_run_stands(preset):
    async def script(explorer: Explorer) -> None:
        first, *_, footer = explorer.text.splitlines()
        for part in ("two", "sgd", "SGD", "100 / 2 000", "1.23k steps/s", "1:05 left", "cpu", "running"):
            assert part in first
        for part in ("Space pause", "o SGD<->AdamW", "? help", "q quit"):
            assert part in footer
        assert "SGD puts most of the weight" in explorer.text

    explore(script, preset)


def test_space_pauses_and_goes_on_also_after_the_end(preset):
    async def script(explorer: Explorer) -> None:
        await explorer.press("space")
        assert "paused" in explorer.text
        assert "Space go on" in explorer.text
        await explorer.press("space")
        assert "running" in explorer.text
        await explorer.train(2000)
        assert "finished" in explorer.text
        await explorer.press("space")
        assert "/ 4 000" in explorer.text
        assert explorer.run.orders == ["pause", "resume", "resume"]

    explore(script, preset)


def test_full_stop_takes_one_step(preset):
    async def script(explorer: Explorer) -> None:
        await explorer.press("full_stop", "full_stop")
        assert explorer.run.orders == ["step", "step"]
        assert "102 / 2 000" in explorer.text

    explore(script, preset)


def test_o_switches_from_sgd_to_adamw_and_back_to_the_settings_that_sgd_had(preset):
    async def script(explorer: Explorer) -> None:
        await explorer.press("right_square_bracket")
        lr = explorer.arm("sgd").optimizer.lr
        assert lr == pytest.approx(0.178)
        await explorer.press("o")
        done = last(explorer)
        assert isinstance(done, Switch)
        assert (done.optimizer.name, done.state, done.at_step) == ("adamw", "fresh", 100)
        assert "AdamW since 100" in explorer.text
        await explorer.press("o")
        assert explorer.arm("sgd").optimizer.name == "sgd"
        assert explorer.arm("sgd").optimizer.lr == lr

    explore(script, preset)


def test_what_was_done_is_marked_on_every_chart_the_timeline_and_in_the_log(preset):
    async def script(explorer: Explorer) -> None:
        await explorer.press("o", "v")
        for chart in explorer.charts:
            assert isinstance(chart, LineChart)
            labels = {(mark.label, mark.kind, mark.step) for mark in chart.marks}
            assert ("AdamW", "intervention", 100) in labels
            assert any(label == "grok" and kind == "event" for label, kind, _ in labels)
        timeline = explorer.text.splitlines()[-2]
        assert "grok" in timeline
        assert "AdamW" in timeline
        assert "switch to AdamW lr 0.001" in explorer.text

    explore(script, preset)


def test_brackets_and_braces_turn_learning_rate_and_decay(preset):
    async def script(explorer: Explorer) -> None:
        await explorer.press("left_square_bracket")
        assert last(explorer).value == pytest.approx(0.0562)
        await explorer.press("right_curly_bracket")
        assert (last(explorer).hyperparameter, last(explorer).value) == ("weight_decay", 1e-3)
        await explorer.press("left_curly_bracket")
        assert last(explorer).value == pytest.approx(5.62e-4)
        assert all(isinstance(done, Set) for done in explorer.arm("sgd").interventions)

    explore(script, preset)


def test_z_resets_the_state_and_j_jumps_by_a_tenth_of_the_norm(preset):
    async def script(explorer: Explorer) -> None:
        await explorer.press("z")
        assert isinstance(last(explorer), Reset)
        await explorer.press("j")
        assert isinstance(last(explorer), Jump)
        _, norms = explorer.run.arms["sgd"].history.curve("l2_norm")
        assert last(explorer).norm == pytest.approx(norms[-1, 0] / 10, rel=1e-2)

    explore(script, preset)
