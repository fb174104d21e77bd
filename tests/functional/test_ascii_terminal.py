"""ASCII means ASCII: no other byte reaches a terminal that is asked for it, or that can be sent no other."""

import re
import unicodedata

import pytest
from explorer import PRESET
from terminal import Terminal, explorer_command, explorer_environment

from grok_tui.charts.text import cell_width
from grok_tui.tui.look.plain import plain

ESCAPED = re.compile(rb"\\(u[0-9a-f]{2,4}|x[89a-f])")


def assert_ascii(terminal: Terminal) -> None:
    found = [char for char in terminal.text if not char.isascii()]
    assert not found, (sorted(set(found)), terminal.text[:2000])
    assert terminal.output.isascii()
    assert not ESCAPED.search(terminal.output)


def play(terminal: Terminal, *keys: str) -> None:
    for key in keys:
        terminal.send(key)
        terminal.read(0.6)


@pytest.mark.parametrize("size", [(100, 30), (20, 5), (10, 3)])
def test_every_screen_is_ascii(tmp_path, size):
    path = tmp_path / "two.toml"
    path.write_text(PRESET.replace('title = "Two arms"', 'title = "Two arms … ─ “ä” 数"'))
    command = explorer_command("--ascii", "--preset", str(path))
    with Terminal(command, size=size, environment=explorer_environment(tmp_path)) as terminal:
        terminal.wait_for("\x1b[?1049h")
        terminal.read(12.0)
        play(
            terminal,
            "\x10",
            "exp",
            "\x1b",
            "?",
            "\x1b[6~",
            "\x1b",
            "O",
            "\x1b",
            "D",
            "\x1b",
            "t",
            "v",
            "w",
            "i",
        )
        play(
            terminal, "\x1b[D", "\x1b[D", "f", "p", "\x1b[B", "\r", "x", "\x1b", "e", "b", "/", "lin", "\x1b"
        )
        assert_ascii(terminal)
        terminal.resize(20, 5)
        terminal.read(0.5)
        terminal.resize(60, 20)
        terminal.read(0.5)
        terminal.send("\x03")
        terminal.read(0.5)
        assert_ascii(terminal)


@pytest.mark.parametrize(
    "variables", [{"LC_ALL": "C", "PYTHONIOENCODING": "ascii"}, {"PYTHONIOENCODING": "iso-8859-1"}]
)
def test_a_terminal_that_can_be_sent_no_other_gets_ascii(tmp_path, variables):
    environment = explorer_environment(tmp_path) | variables
    settings = tmp_path / "config" / "grok-tui"
    settings.mkdir(parents=True)
    (settings / "settings.toml").write_text('charset = "braille"\n')
    with Terminal(explorer_command(), size=(100, 30), environment=environment) as terminal:
        terminal.wait_for("linear101")
        play(terminal, "\x1b[B", "\x1b[B", "/", "lin", "\x1b", "\x10", "the", "\x1b", "?")
        assert_ascii(terminal)


def test_what_is_ascii_has_the_width_that_it_had():
    for text in (
        "─│┌┐└┘├┼▂▄█…",
        "“ä” ─ ±",
        "数字",
        "a\N{COMBINING ACUTE ACCENT}é",
        "\N{BRAILLE PATTERN DOTS-12}",
    ):
        shown = plain(text)
        assert shown.isascii()
        assert len(shown) == cell_width(unicodedata.normalize("NFC", text))
    assert plain("\x1b[1m│ a…\x1b[0m") == "\x1b[1m| a.\x1b[0m"
