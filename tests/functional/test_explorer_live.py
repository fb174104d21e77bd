"""The live screen on a run that does as it is told: every key, every size, and what goes wrong."""

import asyncio
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from explorer import PRESET, Explorer, explore
from vectors import latest

from grok_tui.catalog.interventions import Jump, Reset, Set, Switch
from grok_tui.charts import Bars, Heatmap, LineChart
from grok_tui.engine.record.vectors import Axis, VectorHistory
from grok_tui.engine.run.snapshot import State
from grok_tui.options import RunOptions
from grok_tui.tui.app import make_app

SCREENS = Path(__file__).parent / "screens"


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
        assert "→ AdamW lr 0.001" in explorer.text

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


def test_z_resets_the_state_and_j_jumps_by_a_tenth_of_the_norm_or_as_far_as_steps_to_come(preset):
    async def script(explorer: Explorer) -> None:
        await explorer.press("z")
        assert isinstance(last(explorer), Reset)
        await explorer.press("j")
        assert isinstance(last(explorer), Jump)
        _, norms = explorer.run.arms["sgd"].history.curve("l2_norm")
        assert last(explorer).norm == pytest.approx(norms[-1, 0] / 10, rel=1e-2)
        await explorer.press("J")
        assert last(explorer).of_next_steps == 30

    explore(script, preset)


def test_r_starts_again_and_big_r_with_another_seed(preset):
    async def script(explorer: Explorer) -> None:
        await explorer.press("o", "r")
        assert explorer.run.orders[-1] == "restart"
        assert explorer.arm("sgd").step == 0
        assert explorer.arm("sgd").optimizer.name == "sgd"
        await explorer.press("R")
        assert explorer.run.preset.training.seed == 1
        assert explorer.app.options.seed == 1

    explore(script, preset)


def test_ctrl_r_starts_again_with_the_knobs_as_they_stand(preset):
    async def script(explorer: Explorer) -> None:
        await explorer.press("o", "ctrl+r")
        assert explorer.run.preset.arms[0].optimizer.name == "adamw"
        assert "changed by hand" in explorer.text

    explore(script, preset)


def test_angle_brackets_walk_from_slow_motion_to_full_speed(preset):
    async def script(explorer: Explorer) -> None:
        await explorer.press("less_than_sign", "less_than_sign")
        assert explorer.run.orders == ["pace 500.0", "pace 200.0"]
        assert "of 400 steps/s" in explorer.text
        for _ in range(7):
            await explorer.press("greater_than_sign")
        assert explorer.run.orders[-1] == "pace None"

    explore(script, preset)


def test_a_selects_the_arm_that_knobs_go_to(preset):
    async def script(explorer: Explorer) -> None:
        await explorer.press("a")
        assert explorer.live.steering.selected == "adamw"
        assert "adamw  AdamW" in explorer.text.splitlines()[0]
        await explorer.press("right_square_bracket")
        assert explorer.run.orders == ["adamw: Set"]
        await explorer.press("A")
        assert explorer.live.steering.selected == "sgd"

    explore(script, preset)


def test_s_shows_one_arm_or_all(preset):
    async def script(explorer: Explorer) -> None:
        accuracy = explorer.charts[0]
        assert isinstance(accuracy, LineChart)
        assert [series.label for series in accuracy.series] == ["adamw", "train", "val"]
        await explorer.press("s")
        assert [series.label for series in explorer.charts[0].series] == ["train", "val"]

    explore(script, preset)


def test_the_loss_is_logarithmic_and_has_an_envelope(preset):
    async def script(explorer: Explorer) -> None:
        loss = explorer.charts[1]
        assert isinstance(loss, LineChart)
        assert loss.log_y
        train = next(series for series in loss.series if series.label == "train")
        assert train.low is not None
        assert train.high is not None
        assert (train.low[1:] < train.y[1:]).all()
        assert (train.high[1:] > train.y[1:]).all()

    explore(script, preset)


def test_w_cycles_through_trajectories_bars_and_heatmap(preset):
    async def script(explorer: Explorer) -> None:
        weights = explorer.charts[2]
        assert isinstance(weights, LineChart)
        memorizers = next(series for series in weights.series if series.label == "memorizers")
        assert memorizers.low is not None
        await explorer.press("w")
        bars = explorer.charts[2]
        assert isinstance(bars, Bars)
        assert bars.roles.count("generalizer") == 1
        await explorer.press("w")
        heatmap = explorer.charts[2]
        assert isinstance(heatmap, Heatmap)
        assert heatmap.labels[0] == "bias"
        await explorer.press("w")
        assert isinstance(explorer.charts[2], LineChart)

    explore(script, preset)


def test_x_and_y_swap_logarithmic_and_linear_axes(preset):
    async def script(explorer: Explorer) -> None:
        assert all(chart.log_x for chart in explorer.charts)
        await explorer.press("x")
        assert not any(chart.log_x for chart in explorer.charts)
        await explorer.press("2", "y")
        assert not explorer.charts[1].log_y

    explore(script, preset)


def test_zoom_and_pan_move_the_window_of_all_charts(preset):
    async def script(explorer: Explorer) -> None:
        await explorer.press("x", "plus")
        assert {chart.x_range for chart in explorer.charts} == {(50.0, 100.0)}
        await explorer.press("h", "h")
        assert {chart.x_range for chart in explorer.charts} == {(25.0, 75.0)}
        await explorer.train(100)
        assert {chart.x_range for chart in explorer.charts} == {(0.0, 75.0)}, "it stands still while panned"
        await explorer.press("0")
        assert {chart.x_range for chart in explorer.charts} == {(0.0, 200.0)}
        await explorer.press("up", "h")
        assert explorer.charts[0].x_range == (75.0, 175.0)

    explore(script, preset)


def test_shift_f_holds_the_charts_still_and_follows_again(preset):
    async def script(explorer: Explorer) -> None:
        await explorer.press("x", "F")
        await explorer.train(100)
        assert explorer.charts[0].x_range == (0.0, 100.0)
        await explorer.press("F")
        assert explorer.charts[0].x_range == (0.0, 200.0)

    explore(script, preset)


@pytest.mark.parametrize("key", ["m", "enter"])
def test_one_chart_fills_the_screen(preset, key):
    async def script(explorer: Explorer) -> None:
        await explorer.press("2", key)
        (loss,) = explorer.charts
        assert loss.title == "Loss"
        assert "Parameters" not in explorer.text
        await explorer.press("escape")
        assert len(explorer.charts) == 4

    explore(script, preset)


def test_a_double_click_fills_the_screen_with_a_chart(preset):
    async def script(explorer: Explorer) -> None:
        await explorer.train(10)
        await explorer.pilot.click(explorer.live.viewing.places[1], times=2)
        await explorer.settled()
        assert explorer.live.viewing.filling is explorer.live.viewing.places[1]

    explore(script, preset)


def test_c_puts_the_next_chart_in_its_place(preset):
    async def script(explorer: Explorer) -> None:
        await explorer.press("4", "c")
        assert explorer.charts[3].title == "Update size"
        await explorer.press("C", "C")
        assert explorer.charts[3].title == "Weights"
        await explorer.press("5")
        assert explorer.charts[3].title == "Update size", (
            "what is not on the screen comes to the current place"
        )

    explore(script, preset)


def test_a_parameter_is_changed_in_its_row(preset):
    async def script(explorer: Explorer) -> None:
        await explorer.press("p", "down", "enter")
        assert "learning rate" in explorer.text
        await explorer.press("minus", "1", "enter")
        assert "should be greater than or equal" in explorer.text
        assert not explorer.run.orders
        await explorer.press("backspace", "backspace", "0", "full_stop", "5", "enter")
        assert explorer.arm("sgd").optimizer.lr == 0.5
        await explorer.press("down", "down", "down", "down", "enter")
        assert "nesterov needs momentum" in explorer.text
        assert not explorer.arm("sgd").optimizer.nesterov

    explore(script, preset)


def test_escape_leaves_a_field_without_a_change(preset):
    async def script(explorer: Explorer) -> None:
        await explorer.press("p", "down", "enter", "9", "escape")
        assert not explorer.run.orders
        assert explorer.arm("sgd").optimizer.lr == 0.1
        await explorer.press("o")
        assert explorer.run.orders == ["sgd: Switch"], "keys are keys again"

    explore(script, preset)


def test_a_parameter_that_needs_a_restart_waits_for_it(preset):
    async def script(explorer: Explorer) -> None:
        await knob(explorer, "task.samples")
        await explorer.press("enter", "2", "0", "enter")
        assert explorer.live.steering.pending == {"task.samples": "20"}
        assert explorer.run.preset.task.samples == 10
        await explorer.press("r")
        assert explorer.run.preset.task.samples == 20
        assert explorer.app.options.assignments == ("task.samples=20",)
        assert not explorer.live.steering.pending

    explore(script, preset)


def test_choices_are_stepped_through(preset):
    async def script(explorer: Explorer) -> None:
        await knob(explorer, "training.dtype")
        await explorer.press("enter", "r")
        assert explorer.run.preset.arms[0].training.dtype == "float64"

    explore(script, preset)


async def knob(explorer: Explorer, key: str):
    """Put the mark on a knob, unfolding its section if need be; return the screen."""
    from grok_tui.tui.live.parameters import Parameters

    await explorer.press("p")
    panel = explorer.live.query_one(Parameters)
    if key not in [row.key for row in panel.knobs]:
        await knob(explorer, f"fold.more_{key.partition('.')[0]}")
        await explorer.press("enter")
    while panel.marked.key != key:
        assert panel.marked is not panel.knobs[-1]
        await explorer.press("down")
    return explorer.live


def test_what_matters_is_seen_without_scrolling_and_the_rest_unfolds(preset):
    async def script(explorer: Explorer) -> None:
        for row in ("lr", "weight decay", "batch size", "more modifiers", "steps", "loss", "more training"):
            assert f"  {row} " in explorer.text
        assert "grokfast" not in explorer.text
        await knob(explorer, "modifiers.grokfast")
        await explorer.press("enter")
        assert explorer.arm("sgd").modifiers.grokfast == "ema"
        await knob(explorer, "fold.fewer_modifiers")
        await explorer.press("enter")
        for row in ("grokfast        ema", "grokfast factor 2", "grokfast decay  0.98", "more modifiers"):
            assert row in explorer.text
        assert "dropout" not in explorer.text
        await explorer.press("a")
        assert "grokfast" not in explorer.text, "the other arm has none"

    explore(script, "linear101")


def test_keys_pressed_faster_than_the_run_obeys_are_not_lost(preset, monkeypatch):
    async def script(explorer: Explorer) -> None:
        obey, sent = explorer.run.give, []
        monkeypatch.setattr(explorer.run, "give", sent.append)
        await explorer.press(*["right_square_bracket"] * 4, "o", "left_square_bracket")
        for order in sent:
            obey(order)
        await explorer.settled()
        first, last = sent[3].intervention, sent[5].intervention
        assert first.value == pytest.approx(1.0, rel=0.01), "four quarters of a decade above 0.1"
        assert last.value == pytest.approx(1e-3 / 10**0.25, rel=0.01), "from where the switch has led"
        assert explorer.arm("sgd").optimizer.name == "adamw"
        sent.clear()
        await explorer.press("right_square_bracket")
        assert sent[0].intervention.value == pytest.approx(1e-3, rel=0.01), "and then from where it stands"

    explore(script, preset)


def test_after_a_refusal_keys_start_from_what_the_run_has(preset, monkeypatch):
    async def script(explorer: Explorer) -> None:
        sent = []
        monkeypatch.setattr(explorer.run, "give", lambda order: sent.append(order.intervention))
        await explorer.press("right_square_bracket")
        explorer.run.refusals.append("not today")
        await explorer.train(1)
        await explorer.press("right_square_bracket")
        assert sent[0].value == sent[1].value

    explore(script, preset)


def test_the_pairs_are_shown_where_there_are_any(preset):
    async def script(explorer: Explorer) -> None:
        await explorer.press("7")
        assert explorer.toasts == ["this task is no table of pairs"]
        for arm in explorer.run.arms.values():
            pairs = latest(np.zeros((5, 5)))
            arm.status = replace(arm.status, vectors={**arm.status.vectors, "pairs": pairs})
        await explorer.train(1)
        await explorer.press("7")
        assert "Pairs of sgd" in explorer.text

    explore(script, preset)


def test_margins_are_shown_where_there_are_any_and_updates_in_lr_of_every_arm(preset):
    async def script(explorer: Explorer) -> None:
        await explorer.press("8")
        assert explorer.toasts == ["this task tells no classes apart, so there are no margins"]
        await explorer.press("9")
        assert "Update in units of lr" in explorer.text
        for arm in explorer.run.arms.values():
            arm.status = replace(arm.status, vectors={**arm.status.vectors, "margins": latest([-1, 2, 3])})
        await explorer.train(1)
        await explorer.press("8")
        assert "Margins of sgd" in explorer.text
        assert "1 of 3 wrong" in explorer.text

    explore(script, preset)


def test_a_measure_with_an_axis_is_shown_along_it_and_turned_with_the_weights(preset):
    async def script(explorer: Explorer) -> None:
        power = VectorHistory((Axis("frequency", 3),), 1)
        power.append(0, np.array([[1.0, 2.0, 3.0]]))
        for arm in explorer.run.arms.values():
            arm.status = replace(arm.status, vectors={"embedding_power": power})
        await explorer.train(1)
        assert "measure:embedding_power" in explorer.live.viewing.chart_ids()
        for pane in explorer.live.viewing.places:
            pane.chart = "measure:embedding_power"
        explorer.live.hasten()
        await explorer.settled()
        assert "Embedding power by frequency, step 0" in explorer.text
        await explorer.press("w")
        assert "Embedding power of sgd" in explorer.text
        assert {pane.chart for pane in explorer.live.viewing.places} == {"measure:embedding_power"}

    explore(script, preset)


@pytest.mark.parametrize("size", [(200, 60), (250, 80)])
def test_of_the_charts_on_a_wide_screen_no_two_are_the_same(preset, size):
    async def script(explorer: Explorer) -> None:
        vectors = {"margins": latest([-1, 2, 3]), "pairs": latest(np.zeros((5, 5)))}
        for arm in explorer.run.arms.values():
            arm.status = replace(arm.status, vectors={**arm.status.vectors, **vectors})
        await explorer.train(1)
        for pane in explorer.live.viewing.places[5:]:
            pane.chart = "measure"  # as in a run that begins with them
        explorer.live.hasten()
        await explorer.settled()
        shown = [pane.chart for pane in explorer.live.viewing.places if pane.display]
        assert len(set(shown)) == len(shown)
        assert shown[5] == "pairs"

    explore(script, preset, size=size)


@pytest.mark.parametrize(("key", "ended"), [("q", False), ("Q", True)])
def test_one_key_leaves_a_run_that_lasts_and_another_ends_it(preset, key, ended):
    async def script(explorer: Explorer) -> None:
        await explorer.pilot.press(key)
        await explorer.until(lambda: explorer.run.closed)
        assert ("end" in explorer.run.orders) == ended

    explore(script, preset)


def test_claims_show_verdicts_values_and_what_was_retracted(preset):
    async def script(explorer: Explorer) -> None:
        assert "… AdamW groks as well" in explorer.text
        await explorer.train(2000)
        assert "✓ SGD puts" in explorer.text
        assert "✗ AdamW groks" in explorer.text
        assert "2/2 as expected" in explorer.text
        explorer.live.query_one("#claims").focus()
        await explorer.press("down")
        for part in ("first_step(adamw.grok)", "retracted: it does not", "not reproduced"):
            assert part in explorer.text
        await explorer.press("up")
        assert "end(sgd.bias) = 1" in explorer.text

    explore(script, preset)


def test_a_run_that_was_changed_by_hand_is_said_to_be_so(preset):
    async def script(explorer: Explorer) -> None:
        assert "changed by hand" not in explorer.text
        await explorer.press("z")
        assert "changed by hand" in explorer.text

    explore(script, preset)


def test_a_run_that_failed_leaves_the_explorer_up_and_can_be_started_again(preset):
    async def script(explorer: Explorer) -> None:
        explorer.run.fail("OutOfMemoryError: tried to allocate 2 GiB")
        await explorer.settled()
        assert "Training stopped" in explorer.text
        assert "OutOfMemoryError: tried to allocate 2 GiB" in explorer.text
        await explorer.press("o")
        assert "takes no orders" in " ".join(explorer.toasts)
        await explorer.press("r")
        await explorer.until(lambda: explorer.app.snapshot is not None and "running" in explorer.text)
        assert "Training stopped" not in explorer.text
        assert explorer.app.source is not explorer.run

    explore(script, preset)


def test_what_the_run_refuses_is_told(preset):
    async def script(explorer: Explorer) -> None:
        explorer.run.refusals.append("batch_size 20 is more than the 10 training samples")
        await explorer.train(1)
        assert explorer.toasts == ["batch_size 20 is more than the 10 training samples"]

    explore(script, preset)


def test_a_chart_that_cannot_be_made_shows_why(preset, monkeypatch):
    from grok_tui.frontend import chart_builder

    def broken(*arguments):
        raise ZeroDivisionError("no luck")

    async def script(explorer: Explorer) -> None:
        monkeypatch.setattr(chart_builder, "build", broken)
        await explorer.train(10)
        assert "ZeroDivisionError: no luck" in explorer.text
        monkeypatch.undo()
        await explorer.train(10)
        assert "ZeroDivisionError" not in explorer.text

    explore(script, preset)


def test_nothing_is_drawn_while_nothing_changes(preset):
    async def script(explorer: Explorer) -> None:
        await explorer.press("space")
        count = explorer.drawer.count
        for _ in range(5):
            explorer.live.beat()
            await explorer.pilot.pause()
        assert explorer.drawer.count == count

    explore(script, preset)


@pytest.mark.parametrize(
    ("size", "charts", "side"),
    [
        pytest.param((40, 10), 1, False, id="too small"),
        pytest.param((60, 20), 1, True, id="smallest with parameters"),
        pytest.param((80, 24), 2, True, id="classic"),
        pytest.param((120, 36), 4, True, id="normal"),
        pytest.param((200, 60), 6, True, id="wide"),
        pytest.param((250, 80), 9, True, id="huge"),
    ],
)
def test_what_has_room_at_each_size(preset, size, charts, side):
    async def script(explorer: Explorer) -> None:
        assert len(explorer.charts) == charts
        assert ("batch size" in explorer.text) is side
        lines = explorer.text.splitlines()
        assert all(len(line) == size[0] for line in lines)
        assert "running" in lines[0]
        if charts >= 2:
            assert [chart.title for chart in explorer.charts[:2]] == ["Accuracy", "Loss"]

    explore(script, preset, size=size)


def test_any_resize_is_survived(preset):
    async def script(explorer: Explorer) -> None:
        for size in [(200, 60), (1, 1), (60, 20), (3, 40), (80, 24), (250, 4), (120, 36)]:
            await explorer.pilot.resize_terminal(*size)
            await explorer.settled()
        assert len(explorer.charts) == 4
        assert all(pane.picture is not None for pane in explorer.live.viewing.places if pane.display)

    explore(script, preset)


def test_claims_parameters_and_log_take_turns_on_the_smallest_screen(preset):
    async def script(explorer: Explorer) -> None:
        await explorer.press("v")
        assert "Claims" in explorer.text
        await explorer.press("v")
        assert "Events" in explorer.text
        await explorer.press("v")
        assert "batch size" in explorer.text

    explore(script, preset, size=(60, 20))


def test_ascii_means_ascii(preset):
    async def script(explorer: Explorer) -> None:
        for keys in (["o"], ["w"], ["w"], ["p"], ["v"]):
            await explorer.press(*keys)
            assert explorer.text.isascii(), [char for char in explorer.text if ord(char) > 127]

    explore(script, preset, size=(200, 60), ascii=True)


def test_a_preset_that_does_not_exist_ends_the_explorer_with_the_reason():
    app = make_app("nonsense", RunOptions())
    app.run(headless=True)
    assert app.problem is not None
    assert "unknown preset 'nonsense'" in app.problem


def test_q_leaves_and_ends_the_run(preset):
    async def script(explorer: Explorer) -> None:
        await explorer.pilot.press("q")
        await explorer.until(lambda: explorer.run.closed)
        assert explorer.app.return_code == 0

    explore(script, preset)


def test_the_end_of_a_run_is_shown(preset):
    async def script(explorer: Explorer) -> None:
        await explorer.train(2000)
        assert explorer.run.state is State.FINISHED
        assert "finished" in explorer.text.splitlines()[0]

    explore(script, preset)


@pytest.mark.parametrize(
    "size", [(60, 20), (80, 24), (120, 36), (200, 60)], ids=lambda size: "x".join(map(str, size))
)
def test_the_screen_looks_as_it_did(preset, size):
    """Set UPDATE_SCREENS to write the files anew, then look at what has changed."""
    file = SCREENS / f"live-{size[0]}x{size[1]}.txt"

    async def script(explorer: Explorer) -> None:
        await explorer.press("o")
        await explorer.train(60)
        shown = "\n".join(line.rstrip() for line in explorer.text.splitlines()) + "\n"
        if os.environ.get("UPDATE_SCREENS"):
            file.write_text(shown)
        assert shown == file.read_text()

    explore(script, preset, size=size)


def test_a_real_run_is_watched_to_its_verdicts(preset, tmp_path):
    """With the engine's runner in its thread and the helper process that draws."""
    from grok_tui.frontend.verdicts import Verdicts

    async def main() -> None:
        app = make_app(preset, RunOptions(steps=300))
        async with app.run_test(size=(100, 30)) as pilot:
            explorer = Explorer(pilot, app, None, None)
            await explorer.until(lambda: app.snapshot is not None and app.snapshot.state == "finished")
            await explorer.settled()
            for part in ("finished", "✓ SGD puts most", "✗ AdamW groks", "2/2 at --steps 300"):
                assert part in explorer.text
            assert all(pane.picture is not None for pane in explorer.live.viewing.places if pane.display)
            await pilot.press("o", "space")
            await explorer.until(lambda: app.snapshot.arms[0].optimizer.name == "adamw")
            await explorer.until(lambda: "changed by hand" in explorer.text)
            await explorer.until(lambda: app.snapshot.state == "finished")
            assert {arm.step for arm in app.snapshot.arms} == {600}

    asyncio.run(main())
    assert Verdicts().last(preset, "quick") is None, "other options are another experiment"
