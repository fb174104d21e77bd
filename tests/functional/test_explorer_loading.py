"""While a run is being loaded: what is to come stands there already, and no key is lost."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from explorer import PRESET, Explorer, FakeRun, InlineDrawer

from grok_tui.engine.run.snapshot import State
from grok_tui.engine.worker.runner import Runner
from grok_tui.options import RunOptions
from grok_tui.presets import load
from grok_tui.tui import settings
from grok_tui.tui.app import make_app
from grok_tui.tui.live.screen import LiveScreen
from grok_tui.tui.settings import UserSettings


class SlowRun(FakeRun):
    """A run that is loaded only when a test says so."""

    def begin(self) -> None:
        self.arms = {}

    def start(self) -> None:
        self.snapshot = replace(self.snapshot, doing="importing torch", version=1)

    def arrive(self) -> None:
        super().begin()
        self.publish(doing="")


@pytest.fixture
def preset(tmp_path) -> str:
    path = tmp_path / "two.toml"
    path.write_text(PRESET)
    return str(path)


def load_slowly(
    script: Callable[[Explorer], Awaitable[None]], preset: str, size: tuple[int, int] = (120, 36)
) -> None:
    """Open the explorer on a run that does not come, and carry out a script."""

    async def main() -> None:
        runs: list[SlowRun] = []

        def factory(loaded, _):
            runs.append(SlowRun(loaded))
            return runs[-1]

        drawer = InlineDrawer()
        app = make_app(preset, RunOptions(), factory=factory, draw_with=lambda: drawer, fps=50)
        async with app.run_test(size=size) as pilot:
            explorer = Explorer(pilot, app, None, drawer)
            await explorer.until(lambda: runs and isinstance(app.screen, LiveScreen))
            await explorer.until(lambda: "importing torch" in explorer.text)
            explorer.run = runs[0]
            await script(explorer)

    asyncio.run(main())


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 36), (200, 60)], ids=str)
def test_frames_of_the_charts_and_the_claims_stand_before_the_run_is_there(preset, size):
    async def script(explorer: Explorer) -> None:
        text = explorer.text
        assert "└──" in text
        for pane in explorer.live.viewing.places:
            if pane.display and pane.chart == "accuracy":
                assert "Accuracy" in text
                assert "Training and validation acc" in text
        assert "Claims none" not in text
        if size[0] >= 80:
            assert "SGD puts most" in text
        explorer.run.arrive()
        await explorer.until(lambda: "0/2" in explorer.text or size[0] < 80)
        await explorer.settled()
        assert "Training and validation acc" not in explorer.text

    load_slowly(script, preset, size)


def test_keys_pressed_meanwhile_are_kept_and_carried_out_in_order(preset):
    async def script(explorer: Explorer) -> None:
        await explorer.pilot.press("space", "a", "o", "x", "5")
        assert [text for text in explorer.toasts if "as soon as the run is there" in text]
        assert explorer.run.orders == []
        assert not explorer.live.viewing.view.log_x
        explorer.run.arrive()
        await explorer.until(lambda: len(explorer.run.orders) == 2)
        assert explorer.run.orders == ["pause", "adamw: Switch"]
        assert explorer.live.steering.selected == "adamw"
        assert explorer.live.viewing.current.chart == "update"

    load_slowly(script, preset)


def test_a_long_wait_is_counted(preset):
    async def script(explorer: Explorer) -> None:
        explorer.live.waiting.began -= 60
        await explorer.until(lambda: "importing torch, 6" in explorer.text)

    load_slowly(script, preset)


def test_a_runner_says_what_it_does_before_it_runs():
    runner = Runner(load("linear101", steps=20))
    seen = []
    tell = runner._tell
    runner._tell = lambda doing: (tell(doing), seen.append(runner.snapshot.doing))
    runner.start()
    began = time.monotonic()
    while runner.snapshot.state is not State.FINISHED and time.monotonic() < began + 60:
        time.sleep(0.02)
    assert seen[-1] == "making data and networks"
    assert runner.snapshot.doing == ""
    assert runner.close()


def test_the_charts_are_those_of_the_preset_as_soon_as_it_is_known(tmp_path):
    path = tmp_path / "two.toml"
    path.write_text(PRESET.replace('charts = ["accuracy", "loss", "weights", "norms"]', 'axis = "linear"'))

    async def script(explorer: Explorer) -> None:
        places = explorer.live.viewing.places
        assert [pane.chart for pane in places[:4]] == ["weights", "accuracy", "loss", "norms"]
        assert "Generalizers against memorizers" in explorer.text
        assert not explorer.live.viewing.view.log_x
        explorer.run.arrive()
        await explorer.settled()
        assert [chart.title for chart in explorer.charts][:2] == ["Weights", "Accuracy"]

    load_slowly(script, str(path))


def test_the_users_own_charts_and_those_chosen_meanwhile_stay(preset):
    chosen = UserSettings()
    chosen.layout.charts = ["update", "loss"]
    settings.save(chosen)

    async def script(explorer: Explorer) -> None:
        places = explorer.live.viewing.places
        assert [pane.chart for pane in places[:2]] == ["update", "loss"]
        await explorer.pilot.press("4")
        explorer.run.arrive()
        await explorer.settled()
        assert [pane.chart for pane in places[:2]] == ["norms", "loss"]

    load_slowly(script, preset)
