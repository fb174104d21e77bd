"""Around the live screen: the presets to choose from, help, palette, another optimizer, and exports."""

import asyncio
import json
import re
import shlex
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from browsing import Browser, browse, own_preset
from explorer import PRESET, Explorer, explore
from textual.command import CommandPalette
from textual.widgets import Input

from grok_tui.catalog.interventions import Switch
from grok_tui.catalog.optimizers import OPTIMIZERS
from grok_tui.engine.run.snapshot import State
from grok_tui.frontend.charts_of_runs import CHARTS
from grok_tui.frontend.glyphs import UNICODE
from grok_tui.frontend.verdicts import Outcome, Verdicts
from grok_tui.options import RunOptions
from grok_tui.paths import shipped_presets, user_presets
from grok_tui.presets import load, names, shipped_statements
from grok_tui.tui import keys, settings
from grok_tui.tui.app import make_app
from grok_tui.tui.browser.entries import TOUR
from grok_tui.tui.browser.screen import BrowserScreen
from grok_tui.tui.live.screen import LiveScreen
from grok_tui.tui.settings import UserSettings, settings_file
from grok_tui.tui.sheets import guide
from grok_tui.tui.sheets.choice import Field
from grok_tui.tui.sheets.debug import DebugScreen
from grok_tui.tui.sheets.help import HelpScreen, help_lines
from grok_tui.tui.sheets.optimizer import OptimizerScreen, check
from grok_tui.tui.sheets.palette import ActionProvider

SIZES = [(60, 20), (80, 24), (120, 36), (200, 60)]


@pytest.fixture
def only_own_presets(monkeypatch, tmp_path):
    monkeypatch.setattr(sys.modules["grok_tui.presets.load"], "shipped_presets", lambda: tmp_path / "none")


@pytest.fixture
def preset(tmp_path) -> str:
    path = tmp_path / "two.toml"
    path.write_text(PRESET)
    return str(path)


def test_the_browser_stands_without_torch():
    code = """
import asyncio, sys
from grok_tui.options import RunOptions
from grok_tui.tui.app import make_app

async def main():
    app = make_app(None, RunOptions())
    async with app.run_test() as pilot:
        while not getattr(app.screen, "marked", None):
            await pilot.pause(0.02)
        sys.stdout.write("torch" if "torch" in sys.modules else "light")

asyncio.run(main())
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "light"


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_it_lists_presets_with_title_and_claims_at_every_size(size):
    async def script(browser: Browser) -> None:
        lines = browser.text.splitlines()
        assert len(lines) == size[1]
        assert f"{len(names())} presets" in lines[0]
        assert "? help" in lines[-1]
        assert "Enter start" in lines[-1]
        assert re.search(r"linear101 +about 10 s", browser.text)
        assert "101 weights: SGD" in browser.text
        assert ("A linear model has one weight" in browser.text) == (size[0] >= 80)

    browse(script, size=size)


def test_presets_stand_under_their_sources_in_the_order_of_the_story():
    own_preset("mine", (shipped_presets() / "linear101.toml").read_text())

    async def script(browser: Browser) -> None:
        ids = [option.id for option in browser.options.options if option.id is not None]
        sources = shipped_statements().sources
        expected = [line for source in sources for line in (f"above {source.presets[0]}", *source.presets)]
        assert ids.pop(0) == TOUR
        assert ids == [*expected, "above mine", "mine"]
        assert browser.text.index(sources[0].title) < browser.text.index("linear101")
        await browser.type("linear")
        assert not any(option.id.startswith("above") for option in browser.options.options if option.id)
        assert sources[0].title not in browser.text

    browse(script)


def test_a_narrow_but_tall_screen_has_the_details_below():
    async def script(browser: Browser) -> None:
        await browser.until(lambda: "A linear model has one weight" in browser.text)

    browse(script, size=(60, 50))


def test_resizing_gives_and_takes_the_details():
    async def script(browser: Browser) -> None:
        await browser.pilot.resize_terminal(60, 20)
        await browser.until(lambda: "A linear model" not in browser.text)
        await browser.pilot.resize_terminal(120, 36)
        await browser.until(lambda: "A linear model" in browser.text)

    browse(script)


def test_details_tell_what_is_claimed_where_it_stands_and_what_its_author_took_back():
    async def script(browser: Browser) -> None:
        text, preset = browser.details, load("linear101")
        for claim in preset.claims:
            assert claim.says in text
            assert f"origin: {claim.origin}" in text
        retracted = next(claim for claim in preset.claims if claim.retracted)
        assert f"retracted: {retracted.retracted}" in text
        assert f"not expected to be reproduced: {retracted.because}" in text
        assert all(source in text for source in preset.sources)
        assert "adamw_wd_1 adamw lr 0.001, weight_decay 1; steps 50000" in text
        assert "not run here yet" in text

    browse(script)


def test_what_came_of_the_last_run_is_shown():
    preset = load("linear101-switch")
    verdicts = {claim.holds: claim.expected for claim in preset.claims}
    verdicts[preset.claims[0].holds] = "not reproduced"
    outcome = Outcome(when=datetime(2026, 3, 4, 12, tzinfo=UTC), seconds=14.2, verdicts=verdicts)
    Verdicts().remember("linear101-switch", "quick", outcome)

    async def script(browser: Browser) -> None:
        assert re.search(r"linear101-switch +✗✓✓✓✓ +14.2 s", browser.text)
        browser.options.highlighted = browser.options.get_option_index("linear101-switch")
        await browser.until(lambda: "4 as expected on 2026-03-04, took 14.2 s" in browser.details)
        assert "last time: not reproduced" in browser.details

    browse(script)


def test_typing_filters_by_name_claim_or_optimizer_and_enter_starts():
    async def script(browser: Browser) -> None:
        await browser.type("coupled l2")
        assert browser.screen.marked.name == "linear101-coupled-l2"
        assert "linear101-eps" not in browser.text
        await browser.press("enter")
        await browser.until(lambda: browser.runs and isinstance(browser.app.screen, LiveScreen))
        assert browser.runs[0].preset == load("linear101-coupled-l2")

    browse(script)


def test_arrows_move_the_mark_while_the_filter_is_typed():
    async def script(browser: Browser) -> None:
        await browser.type("linear")
        first = browser.screen.marked.name
        await browser.press("down")
        assert browser.screen.marked.name != first
        await browser.press("up")
        assert browser.screen.marked.name == first

    browse(script)


def test_a_filter_that_nothing_passes_says_so_and_escape_shows_all_again():
    async def script(browser: Browser) -> None:
        await browser.type("[nothing]")
        assert "No preset has '[nothing]'." in browser.text
        await browser.press("enter")
        assert not browser.runs
        await browser.press("escape")
        assert "No preset" not in browser.text
        assert "linear101-switch" in browser.text
        await browser.press("enter")
        await browser.until(lambda: browser.runs)

    browse(script)


def test_a_broken_preset_is_listed_with_what_is_wrong_and_is_not_started():
    path = own_preset("mine", PRESET.replace('"linear101"', '"linear11"'))

    async def script(browser: Browser) -> None:
        await browser.type("mine")
        assert "cannot be used" in browser.text
        assert "did you mean 'linear101'?" in browser.details
        assert path.name in browser.details.replace(" ", "")
        await browser.press("enter")
        assert "linear11" in browser.toasts[-1]
        assert not browser.runs

    browse(script, size=(160, 36))


def test_a_preset_may_say_anything_without_harm():
    title = r"[red]not red[/] [@click=app.quit]x[/] \u001b[31m \u0007 日本語 \u202e"
    own_preset("odd", PRESET.replace('title = "Two arms"', f'title = "{title}"'))

    async def script(browser: Browser) -> None:
        await browser.type("not red")
        assert "[red]not red[/]" in browser.text
        assert "\x1b" not in browser.text
        assert "\x07" not in browser.text

    browse(script, size=(200, 36))


def test_a_users_preset_takes_the_place_of_a_shipped_one_of_its_name():
    own_preset("linear101", PRESET)

    async def script(browser: Browser) -> None:
        assert "Two arms" in browser.text
        assert f"{len(names())} presets" in browser.text

    browse(script)


def test_without_any_presets_it_says_where_to_look(only_own_presets):
    async def script() -> None:
        app = make_app(None, RunOptions())
        async with app.run_test() as pilot:
            browser = Browser(pilot, app, [])
            await browser.until(lambda: "There are no presets." in browser.text)
            await browser.press("enter", "D")
            await browser.until(lambda: isinstance(app.screen, DebugScreen) and "Paths" in browser.text)
            rows = ["".join(span.text for span in line) for line in app.screen.page(500)]
            assert any(
                row.split() == ["your", "presets", str(user_presets()), "(not", "there)"] for row in rows
            )

    asyncio.run(script())


def test_hundreds_of_presets_are_listed_and_found(only_own_presets):
    for number in range(300):
        own_preset(f"p{number:03}", PRESET)

    async def script(browser: Browser) -> None:
        assert "300 presets" in browser.text
        await browser.type("p299")
        assert browser.screen.marked.name == "p299"

    browse(script)


def test_ctrl_f_goes_from_profile_to_profile():
    own_preset("both", PRESET + "[full.training]\nsteps = 9000\n[medium.training]\nsteps = 700\n")

    async def script(browser: Browser) -> None:
        await browser.type("both")
        assert "steps 2000" in browser.details
        await browser.press("ctrl+f")
        await browser.until(lambda: "steps 700" in browser.details)
        assert "medium profile" in browser.text
        await browser.press("ctrl+f")
        await browser.until(lambda: "steps 9000" in browser.details)
        assert "full profile" in browser.text
        await browser.press("enter")
        await browser.until(lambda: browser.runs)
        assert browser.runs[0].preset.training.steps == 9000
        assert browser.app.options.profile == "full"

    browse(script)


def test_from_a_run_to_the_presets_and_back_to_it(preset):
    async def script(explorer: Explorer) -> None:
        await explorer.press("b")
        await explorer.until(lambda: isinstance(explorer.app.screen, BrowserScreen))
        await explorer.until(lambda: "back to two" in explorer.text)
        await explorer.press("escape")
        assert isinstance(explorer.app.screen, LiveScreen)
        assert explorer.run.orders == ["pause"]

    explore(script, preset)


def test_presets_opened_one_after_the_other_do_not_pile_up_and_begin_as_they_stand(preset):
    async def script(explorer: Explorer) -> None:
        explorer.app.options = replace(explorer.app.options, assignments=("task.samples=20",), seed=7)
        for _ in range(3):
            run = explorer.app.source
            await explorer.press("b")
            await explorer.until(
                lambda: isinstance(explorer.app.screen, BrowserScreen) and explorer.app.screen.marked
            )
            await explorer.press("enter")
            if any(arm.step for arm in run.snapshot.arms):  # it would be lost
                await explorer.press("enter")
            await explorer.until(lambda before=run: explorer.app.source not in (None, before))
            assert len(explorer.app.screen_stack) == 2
            assert explorer.app.options == RunOptions()

    explore(script, preset)


def test_ascii_is_ascii():
    async def script(browser: Browser) -> None:
        await browser.press("question_mark")
        sheet = [line for line in browser.text.splitlines() if "Enter" in line]
        assert sheet
        assert all(line.isascii() for line in sheet)

    browse(script, ascii=True)


@pytest.mark.parametrize("width", [46, 66, 98, 160])
@pytest.mark.parametrize(
    ("scope", "pane"), [("browser", ""), *(("live", pane) for pane in ("", *keys.PANES))]
)
def test_help_has_every_action_with_its_keys_and_those_of_the_pane_first(scope, pane, width):
    rows = ["".join(span.text for span in line) for line in help_lines(scope, pane, {}, width, UNICODE)]
    assert max(map(len, rows)) <= width
    for action in (*keys.of_scope(scope), *keys.of_scope("app")):
        start = action.verb[:24]  # a longer one may go on in the next row
        row = next(row for row in rows if start in row)
        names = [keys.key_name(key) for key in (*action.keys, *action.local)]
        assert names[:1] == row.split(start)[0].split()[:1] or not names
    assert rows[0] == (keys.PANES[pane] if pane else "What you see" if scope == "live" else "Browser")


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_help_opens_scrolls_and_closes_at_every_size(preset, size):
    async def script(explorer: Explorer) -> None:
        await explorer.press("question_mark")
        await explorer.until(lambda: "Help" in explorer.text and "Charts" in explorer.text)
        assert len(explorer.text.splitlines()) == size[1]
        await explorer.press("end")
        await explorer.until(lambda: "preset" in explorer.text and "Charts" not in explorer.text)
        await explorer.press("escape")
        assert isinstance(explorer.app.screen, LiveScreen)

    explore(script, preset, size=size, steps=1)


def test_help_shows_the_users_own_keys(preset):
    settings.save(UserSettings(keymap={"optimizer.swap": "S,ctrl+o"}))

    async def script(explorer: Explorer) -> None:
        await explorer.press("question_mark")
        screen = explorer.app.screen
        assert isinstance(screen, HelpScreen)
        rows = ["".join(span.text for span in line) for line in screen.page(110)]
        assert any(row.startswith("S Ctrl-O") and "Switch SGD <-> AdamW" in row for row in rows)
        await explorer.press("question_mark", "S")
        assert explorer.arm("sgd").optimizer.name == "adamw"

    explore(script, preset)


def test_the_guide_explains_every_chart_and_every_pane():
    page = help_lines("live", "", {}, 110, UNICODE)
    rows = ["".join(span.text for span in line).strip() for line in page]
    for chart in CHARTS.values():
        assert any(row.startswith(chart.title) for row in rows)
        assert any(chart.meaning[:40] in row for row in rows)
    assert set(guide.PANES) == set(keys.PANES)


async def offered(explorer: Explorer) -> list:
    provider = ActionProvider(explorer.app.screen)
    await provider.startup()
    return [hit async for hit in provider.discover()]


def test_the_palette_offers_every_action_theme_and_preset(preset):
    async def script(explorer: Explorer) -> None:
        titles = {hit.text for hit in await offered(explorer)}
        for action in (*keys.of_scope("live"), *keys.of_scope("app")):
            now = action.id != "time.return"  # which needs a past that is looked at
            assert (action.title in titles) == (now and not action.hidden)
        assert {f"theme: Use {name}" for name in explorer.app.available_themes} <= titles
        assert {f"preset: Start {name}" for name in names()} <= titles
        assert not any(title.startswith("browser") for title in titles)
        assert all(re.fullmatch(r"[a-z]+: [A-Z].*", title) for title in titles)

    explore(script, preset)


def test_what_is_chosen_in_the_palette_is_done(preset):
    async def script(explorer: Explorer) -> None:
        await explorer.press("ctrl+p")
        await explorer.until(lambda: CommandPalette.is_open(explorer.app))
        await explorer.press(*"raise the learning")
        await explorer.until(lambda: "optimizer: Raise the learning rate" in explorer.text)
        await explorer.press("enter")
        await explorer.until(lambda: explorer.arm("sgd").optimizer.lr > 0.1)

    explore(script, preset)


def test_a_theme_chosen_in_the_palette_is_kept(preset, monkeypatch):
    monkeypatch.setattr("textual.constants.COLOR_SYSTEM", "truecolor")

    async def script(explorer: Explorer) -> None:
        hit = next(hit for hit in await offered(explorer) if hit.text == "theme: Use nord")
        hit.command()
        await explorer.settled()
        assert explorer.app.theme == "nord"
        assert settings.load().settings.theme == "nord"

    explore(script, preset)


def test_a_preset_chosen_in_the_palette_takes_the_place_of_the_run(preset):
    async def script(explorer: Explorer) -> None:
        hit = next(hit for hit in await offered(explorer) if hit.text == "preset: Start linear101-eps")
        hit.command()
        await explorer.until(lambda: explorer.app.source not in (None, explorer.run))
        assert explorer.app.source.preset == load("linear101-eps")
        assert explorer.run.closed

    explore(script, preset, options=RunOptions(assignments=("arms.adamw.optimizer.lr=0.5",)))


@pytest.mark.parametrize("size", SIZES[:3], ids=str)
def test_every_optimizer_fits_the_screen_and_can_be_chosen(preset, size):
    async def script(explorer: Explorer) -> None:
        await explorer.press("O")
        screen = explorer.app.screen
        assert isinstance(screen, OptimizerScreen)
        for name, entry in OPTIMIZERS.shipped.items():
            shown = [field for field in screen.query(Field) if field.display]
            assert len(shown) == len(entry.spec.model_fields) - 1
            assert screen.query_one("#choice-keys").region.bottom <= size[1]
            assert all(field.region.height == 1 for field in shown)
            last = name
            await explorer.press("down")
        await explorer.press("up", "enter")
        assert explorer.arm("sgd").optimizer.name == last
        assert isinstance(explorer.arm("sgd").interventions[-1], Switch)

    explore(script, preset, size=size, steps=1)


def test_values_are_checked_as_they_are_typed_and_a_wrong_one_is_not_taken(preset):
    async def script(explorer: Explorer) -> None:
        await explorer.press("O")
        await explorer.until(lambda: isinstance(explorer.app.screen, OptimizerScreen))
        await explorer.press("tab", *"-1")
        assert "lr: should be greater than or equal to 0" in explorer.text
        await explorer.press("enter")
        assert isinstance(explorer.app.screen, OptimizerScreen)
        await explorer.press("backspace", "backspace", *"0.5")
        assert "learning rate; >= 0" in explorer.text
        await explorer.press("enter")
        assert explorer.arm("sgd").optimizer.lr == 0.5

    explore(script, preset)


def test_a_rule_over_two_hyperparameters_is_told_of(preset):
    async def script(explorer: Explorer) -> None:
        await explorer.press("O")
        await explorer.until(lambda: isinstance(explorer.app.screen, OptimizerScreen))
        fields = {field.query_one(Input): field for field in explorer.app.screen.query(Field)}
        list(fields)[4].focus()
        await explorer.press(*"yes")
        assert "nesterov needs momentum > 0" in explorer.text
        await explorer.press("escape")
        assert isinstance(explorer.app.screen, LiveScreen)
        assert not explorer.run.orders

    explore(script, preset)


def test_old_state_is_taken_up_where_it_is_asked_for_and_that_is_kept(preset):
    async def script(explorer: Explorer) -> None:
        await explorer.press("O")
        await explorer.until(lambda: isinstance(explorer.app.screen, OptimizerScreen))
        explorer.app.screen.query_one("#optimizer-state").focus()
        await explorer.press("space")
        assert "[x] take up its earlier state" in explorer.text
        await explorer.press("enter")
        assert explorer.arm("sgd").interventions[-1].state == "kept"
        assert settings.load().settings.switch_state == "kept"

    explore(script, preset)


def test_check_names_every_field_that_is_wrong():
    from grok_tui.catalog.base import parameters
    from grok_tui.frontend.knobs import Knob

    rows = {
        p.name: Knob(f"optimizer.{p.name}", "Optimizer", p.default, p, True)
        for p in parameters(OPTIMIZERS["adamw"].spec)
    }
    texts = {"lr": "fast", "betas": "0.9", "eps": "1e-8", "weight_decay": ""}
    spec, problems = check("adamw", [(rows[name], text) for name, text in texts.items()])
    assert spec is None
    assert set(problems) == {"lr", "betas", "weight_decay"}
    texts = {"lr": "1", "betas": "0.9 1", "eps": "1e-8", "weight_decay": "0"}
    assert set(check("adamw", [(rows[name], text) for name, text in texts.items()])[1]) == {"betas"}


def test_debug_shows_what_a_report_needs_and_copies_it(preset, monkeypatch):
    monkeypatch.setenv("SSH_CONNECTION", "10.0.0.1 1 10.0.0.2 22")

    async def script(explorer: Explorer) -> None:
        await explorer.press("D")
        await explorer.until(
            lambda: isinstance(explorer.app.screen, DebugScreen) and "textual" in explorer.text
        )
        await explorer.press("c")
        text = explorer.app.clipboard
        for part in (
            "python",
            "torch",
            "textual",
            "plotext",
            "numpy",
            "TERM",
            "120 x 36",
            str(settings_file()),
        ):
            assert part in text
        assert re.search(r"over SSH +yes", text)
        assert re.search(r"device +cpu", text)
        path = Path(explorer.toasts[-1].rpartition(" ")[2])
        assert path.read_text() == text

    explore(script, preset)


def test_debug_shows_where_a_run_failed(preset):
    async def script(explorer: Explorer) -> None:
        explorer.run.fail("out of memory")
        await explorer.settled()
        await explorer.press("D")
        await explorer.until(lambda: isinstance(explorer.app.screen, DebugScreen))
        rows = ["".join(span.text for span in line) for line in explorer.app.screen.page(100)]
        assert any("out of memory" in row for row in rows)
        assert "Traceback" in rows

    explore(script, preset)


def test_debug_stands_before_there_is_a_run_and_where_the_folder_is_gone(monkeypatch, tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()

    async def script(browser: Browser) -> None:
        await browser.press("D")
        await browser.until(lambda: "Versions" in browser.text)
        await browser.press("escape")
        assert browser.screen.marked

    browse(script)
    monkeypatch.chdir(tmp_path)


def test_e_exports_curves_and_screen_and_tells_where(preset, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)

    async def script(explorer: Explorer) -> None:
        await explorer.press("e")
        await explorer.until(lambda: explorer.toasts)
        assert "two-1.csv" in explorer.toasts[-1]
        assert str(tmp_path) in explorer.toasts[-1]
        await explorer.press("e")
        await explorer.until(lambda: (tmp_path / "two-2.sh").exists())

    explore(script, preset)
    assert (tmp_path / "two-1.svg").read_text().startswith("<svg")
    assert json.loads((tmp_path / "two-1.json").read_text())["preset"] == "two"
    header, first, *_ = (tmp_path / "two-1.csv").read_text().splitlines()
    assert (header, first) == ("arm,replica,step,measure,value", "sgd,0,0,train_loss,0.5")


@pytest.mark.parametrize("key", ["e", "E"])
def test_exports_tell_of_a_folder_that_is_gone(preset, monkeypatch, tmp_path, key):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")

    async def script(explorer: Explorer) -> None:
        (tmp_path / "gone").rmdir()
        await explorer.press(key)
        await explorer.until(lambda: explorer.toasts)
        assert "cannot write to the present folder: no such file" in explorer.toasts[-1]

    explore(script, preset)


def test_the_copied_command_does_again_what_was_done_by_hand(preset, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)

    async def script(explorer: Explorer) -> None:
        await explorer.press("o", "E")
        await explorer.until(lambda: explorer.app.clipboard)
        words = shlex.split(explorer.app.clipboard)
        again = load(words[words.index("--preset") + 1])
        assert [(done.arm, done.at_step, done.action) for done in again.interventions] == [
            ("sgd", 100, "switch")
        ]
        assert "two-1" in explorer.toasts[-1]

    explore(script, preset)


def test_a_finished_run_is_remembered_for_the_list(monkeypatch, tmp_path):
    own_preset("two", PRESET)

    async def script(browser: Browser) -> None:
        await browser.type("two arms")
        await browser.press("enter")
        await browser.until(lambda: browser.runs and isinstance(browser.app.screen, LiveScreen))
        browser.runs[0].train(2000)
        assert browser.runs[0].snapshot.state is State.FINISHED
        await browser.until(lambda: Verdicts().last("two", "quick"))
        await browser.press("b")
        await browser.until(lambda: isinstance(browser.app.screen, BrowserScreen) and browser.screen.marked)
        await browser.type("two arms")
        assert "2 claims, 2 as expected on" in browser.details

    browse(script)
