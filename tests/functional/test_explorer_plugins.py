"""The explorer with optimizers of plugins: many knobs are set like any, a broken one is told of."""

from importlib.metadata import EntryPoint
from typing import Literal

import pytest
from explorer import PRESET, Explorer, explore
from textual.widgets import Input, OptionList

from grok_tui.catalog import registry
from grok_tui.catalog.base import knob
from grok_tui.catalog.entry import Entry
from grok_tui.catalog.optimizers import OPTIMIZERS, Optimizer
from grok_tui.catalog.origin import Origin
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
