"""The explorer with optimizers of plugins: many knobs are set like any, a broken one is told of."""

import asyncio
import time
from importlib.metadata import EntryPoint
from typing import Literal

import pytest
from explorer import PATIENCE, PRESET, Explorer, InlineDrawer, explore, text_of
from plugin_kinds import EXCEPTIONS, HEAD, KINDS, RAISED, after
from textual.widgets import Input, OptionList

from grok_tui.catalog import registry
from grok_tui.catalog.base import knob
from grok_tui.catalog.entry import Entry
from grok_tui.catalog.optimizers import OPTIMIZERS, Optimizer
from grok_tui.catalog.origin import Origin
from grok_tui.catalog.registries import take_up
from grok_tui.engine.run.snapshot import State
from grok_tui.engine.worker.orders import Step
from grok_tui.engine.worker.runner import Runner
from grok_tui.options import RunOptions
from grok_tui.presets import load
from grok_tui.tui.app import make_app
from grok_tui.tui.sheets.optimizer import OptimizerScreen


class Tiger(Optimizer):
    """An optimizer with more knobs than any that ships."""

    name: Literal["tiger"]
    lr: float = knob(0.01, live=True, ge=0, help="learning rate")
    weight_decay: float = knob(0.0, live=True, ge=0, help="none")
    a: float = knob(1.0, live=True, help="a")
    b: float = knob(1.0, live=True, help="b")
    c: float = knob(1.0, live=True, help="c")
    d: float = knob(1.0, live=True, help="d")
    e: float = knob(1.0, live=True, help="e")
    f: float = knob(1.0, live=True, help="f")
    g: float = knob(1.0, live=True, help="g")
    h: float = knob(1.0, live=True, help="h")
    stripes: float = knob(7.0, live=True, ge=0, help="how many stripes it has")


@pytest.fixture
def preset(tmp_path, monkeypatch):
    tiger = Entry(Tiger, "nowhere:Tiger", Origin(file="/tiger.py"))
    monkeypatch.setattr(OPTIMIZERS, "_added", {"tiger": tiger})
    broken = EntryPoint("panther", "nowhere_at_all:PANTHER", "grok_tui.optimizers")
    monkeypatch.setattr(
        registry, "offered", lambda group: {"panther": (broken,)} if group == broken.group else {}
    )
    path = tmp_path / "two.toml"
    path.write_text(PRESET)
    return str(path)


async def mark(explorer: Explorer, name: str) -> None:
    options = explorer.app.screen.query_one(OptionList)
    options.highlighted = options.get_option_index(name)
    await explorer.press()


def test_its_knobs_are_there_and_it_can_be_chosen(preset):
    async def script(explorer: Explorer) -> None:
        await explorer.press("O")
        await explorer.until(lambda: isinstance(explorer.app.screen, OptimizerScreen))
        await mark(explorer, "tiger")
        await explorer.until(lambda: "stripes" in explorer.text)
        list(explorer.app.screen.query(Input))[10].focus()
        await explorer.press(*"-")
        assert "stripes" in explorer.text
        await explorer.press("backspace", *"5", "enter")
        assert explorer.arm("sgd").optimizer == OPTIMIZERS.spec("tiger", stripes=5.0)

    explore(script, preset, size=(120, 36))


def test_one_that_cannot_be_loaded_is_told_of_and_not_taken(preset):
    async def script(explorer: Explorer) -> None:
        await explorer.press("O")
        await explorer.until(lambda: isinstance(explorer.app.screen, OptimizerScreen))
        await mark(explorer, "panther")
        await explorer.until(lambda: "No module named 'nowhere_at_all'" in explorer.text)
        await explorer.press("enter")
        assert isinstance(explorer.app.screen, OptimizerScreen)
        assert not explorer.run.orders
        await mark(explorer, "adamw")
        await explorer.press("enter")
        assert explorer.arm("sgd").optimizer.name == "adamw"

    explore(script, preset, size=(120, 36))


@pytest.mark.usefixtures("own_registries")
@pytest.mark.parametrize(
    ("kind", "place", "raised"),
    [
        ("task", "def build(spec, seed, dtype):", "an exit"),
        ("measure", "def spread(probe):", "what is no Exception"),
        ("intervention", "def nudge(arm, intervention, after):", "one without words"),
    ],
)
def test_one_that_fails_stops_the_run_which_says_its_name(tmp_path, kind, place, raised):
    one, file, path = KINDS[kind], tmp_path / "mine.py", tmp_path / "mine.toml"
    statement, said = RAISED[raised]
    file.write_text(HEAD + EXCEPTIONS + one.code.replace(place, after(kind, place, statement)))
    path.write_text(one.preset())
    take_up([file])

    async def script() -> None:
        app = make_app(str(path), RunOptions(), draw_with=InlineDrawer, fps=50)
        async with app.run_test(size=(160, 40)) as pilot:
            for _ in range(PATIENCE):
                if "Training stopped" in text_of(app):
                    break
                await pilot.pause(0.02)
            assert app.snapshot.failure == f"plugin {file}: {kind} '{one.name}': {said}"
            assert "Training stopped" in text_of(app)
            assert not app.faults

    asyncio.run(script())


@pytest.mark.usefixtures("own_registries")
def test_steps_by_hand_in_which_one_fails_stop_the_run_as_any_do(tmp_path):
    one, file, path = KINDS["measure"], tmp_path / "mine.py", tmp_path / "mine.toml"
    code = one.code.replace("says=", "traced=False, says=")
    right = "    return probe"
    file.write_text(
        HEAD + EXCEPTIONS + code.replace(right, f"    if late(): raise ValueError('late')\n{right}")
    )
    path.write_text(one.preset())
    take_up([file])
    run = Runner(load(str(path)), paused=True)
    run.start()
    run.give(Step(steps=100))
    deadline = time.monotonic() + 60
    while run.snapshot.state is not State.FAILED and time.monotonic() < deadline:
        time.sleep(0.01)
    run.close()
    assert run.snapshot.failure == f"plugin {file}: measure 'spread': ValueError: late"
    assert not run.refusals
