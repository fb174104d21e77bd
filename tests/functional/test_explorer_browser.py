"""First contact: what the list of presets says of the program, of what runs cost, and of the last of them."""

from datetime import UTC, datetime

import pytest
from browsing import Browser, browse
from explorer import PRESET, Explorer, explore

from grok_tui.frontend.verdicts import Outcome, Verdicts
from grok_tui.headless.times import table_of
from grok_tui.paths import PACKAGE
from grok_tui.presets import known_seconds, load, names, shipped_statements
from grok_tui.presets.times import FILE
from grok_tui.tui.browser.costs import Estimates, about, rounded, work
from grok_tui.tui.browser.screen import BrowserScreen
from grok_tui.tui.live.screen import LiveScreen

WHEN = datetime(2026, 3, 4, 12, tzinfo=UTC)
DOCS = PACKAGE.parent / "docs"


@pytest.fixture
def preset(tmp_path) -> str:
    path = tmp_path / "two.toml"
    path.write_text(PRESET)
    return str(path)


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 36), (200, 60)], ids=str)
def test_the_first_line_says_what_the_program_is(size):
    async def script(browser: Browser) -> None:
        first = browser.text.splitlines()[0]
        assert f"{len(names())} presets" in first
        assert ("grokking" in first or "generalize" in first) == (size[0] >= 80)

    browse(script, size=size)


def test_the_story_begins_with_the_101_weights():
    first = shipped_statements().sources[0].presets
    assert first[:2] == ["linear101", "linear101-switch"]
    assert [name for name in first if name.startswith("linear101")] == first[:6]


def test_letters_move_the_mark_as_in_other_lists():
    async def script(browser: Browser) -> None:
        listed = [entry.name for entry in browser.screen._shown]
        assert browser.screen.marked.name == listed[1]
        moves = (("j", 2), ("j", 3), ("k", 2), ("G", -1), ("g", 0))
        for key, name in ((key, listed[place]) for key, place in moves):
            await browser.press(key)
            await browser.until(lambda name=name: browser.screen.marked.name == name)
        assert shipped_statements().sources[0].title in browser.text
        await browser.type("jk")
        assert "jk" in browser.text

    browse(script)


def test_the_shipped_times_are_those_of_the_pages_of_claims():
    pages = (DOCS / "claims.md", DOCS / "claims-medium.md")
    assert FILE.read_text() == table_of(page.read_text() for page in pages)
    assert set(known_seconds()["quick"]) == {
        name for source in shipped_statements().sources for name in source.presets
    }


def test_the_time_is_that_measured_here_or_by_how_much_slower_others_ran_here(tmp_path):
    verdicts = Verdicts(tmp_path / "verdicts.json")
    known = known_seconds()["quick"]
    assert Estimates(verdicts).seconds("muon", "quick") == known["muon"]
    outcome = Outcome(when=WHEN, seconds=2 * known["linear101"], verdicts={})
    verdicts.remember("linear101", "quick", outcome)
    assert Estimates(verdicts).seconds("linear101", "quick") == 2 * known["linear101"]
    assert Estimates(verdicts).seconds("muon", "quick") == pytest.approx(2 * known["muon"])
    assert Estimates(verdicts).seconds("muon", "full") is None


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.3, "about 1 s"), (3.2, "about 3 s"), (58, "about 1:00"), (63, "about 1:05"), (244, "about 4:00")],
)
def test_an_estimate_has_no_more_digits_than_it_knows(seconds, text):
    assert about(seconds) == text


def test_a_factor_has_two_digits():
    assert [rounded(number) for number in (3.2, 64.4, 2768, 12_345)] == ["3", "64", "2 800", "12 000"]


def test_details_say_what_other_profiles_cost():
    quick, full = load("nanda-p113"), load("nanda-p113", profile="full")

    async def script(browser: Browser) -> None:
        browser.options.highlighted = browser.options.get_option_index("nanda-p113")
        takes = about(known_seconds()["quick"]["nanda-p113"])
        await browser.until(lambda: f"takes {takes}" in browser.details)
        assert "medium profile: about 5:30 on a CPU" in browser.details
        times = rounded(work(full) / work(quick))
        assert f"full profile: about {times} times the work of quick, for a GPU" in browser.details
        browser.options.highlighted = browser.options.get_option_index("muon")
        await browser.until(lambda: "takes about 15 s" in browser.details)
        assert "full profile" not in browser.details

    browse(script)


def test_the_last_run_is_pictured_an_arm_a_row():
    preset = load("linear101")
    curve = [None, *[0.0] * 20, *[1.0] * 27]
    curves = {arm.name: curve for arm in preset.arms}
    Verdicts().remember("linear101", "quick", Outcome(when=WHEN, seconds=9.0, verdicts={}, curves=curves))

    async def script(browser: Browser) -> None:
        await browser.until(lambda: "Validation accuracy" in browser.details)
        assert "5 more arms" in browser.details
        row = next(line for line in browser.text.splitlines() if "● sgd" in line)
        assert "▁▁▁▁" in row
        assert "████" in row
        assert row.rstrip(" ▁▂▃▄▅▆▇█│").endswith("1.00")
        browser.options.highlighted = browser.options.get_option_index("linear101-switch")
        await browser.until(lambda: "Adam first" in browser.details)
        assert "Validation accuracy" not in browser.details

    browse(script)


def test_a_run_that_has_not_ended_is_not_dropped_without_a_question(preset):
    async def script(explorer: Explorer) -> None:
        await explorer.press("b")
        await explorer.until(
            lambda: isinstance(explorer.app.screen, BrowserScreen) and explorer.app.screen.marked
        )
        await explorer.press("enter")
        assert "two has not ended. End it for linear101?" in explorer.text
        assert not explorer.run.closed
        await explorer.press("escape")
        assert "has not ended" not in explorer.text
        await explorer.press("enter")
        await explorer.press("j")
        assert "has not ended" not in explorer.text
        await explorer.press("enter", "enter")
        await explorer.until(lambda: isinstance(explorer.app.screen, LiveScreen))
        assert explorer.run.closed
        assert explorer.app.preset_name == "linear101-switch"

    explore(script, preset)


def test_a_run_that_is_kept_or_has_ended_asks_nothing(preset):
    async def script(explorer: Explorer) -> None:
        explorer.run.publish(kept="two-1")
        await explorer.press("b")
        await explorer.until(
            lambda: isinstance(explorer.app.screen, BrowserScreen) and explorer.app.screen.marked
        )
        await explorer.press("enter")
        await explorer.until(lambda: isinstance(explorer.app.screen, LiveScreen))
        assert explorer.run.closed

    explore(script, preset)
