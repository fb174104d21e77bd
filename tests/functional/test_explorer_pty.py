"""The explorer in a real terminal, with a real run."""

import os
import re
import signal

import pytest
from explorer import PRESET
from terminal import Terminal, explorer_command, explorer_environment

from grok_tui.engine.store.checkpoints import read_checkpoint
from grok_tui.engine.store.directory import RunDirectory, RunStatus
from grok_tui.presets import load

RESTORED = "\x1b[?1049l", "\x1b[?25h"  # the normal screen, and the cursor


@pytest.fixture
def opened(tmp_path):
    """The explorer, training at full speed for as long as anybody wants."""
    path = tmp_path / "two.toml"
    path.write_text(PRESET.replace("steps = 2000", "steps = 100_000_000"))
    command = explorer_command("--preset", str(path))
    with Terminal(command, size=(100, 30), environment=explorer_environment(tmp_path)) as terminal:
        terminal.wait_for("two", "Space")
        terminal.wait_for("running", "steps/s")
        yield terminal


def left_clean(terminal: Terminal) -> bool:
    return all(code in terminal.text[-3000:] for code in RESTORED) and terminal.modes == terminal.before


def assert_it_answers(terminal: Terminal, since: int) -> None:
    """Pause, then leave."""
    terminal.send(" ")
    terminal.wait_for("paused", since=since)
    terminal.send("q")
    assert terminal.wait_for_end() == 0
    assert left_clean(terminal)


def test_switch_resize_and_quit_while_training(opened):
    since = len(opened.output)
    opened.send("o")
    since = opened.wait_for("AdamW", "since", since=since)
    opened.resize(80, 24)
    since = opened.wait_for("\x1b[24;", since=since)
    opened.resize(140, 45)
    opened.wait_for("\x1b[45;", since=since)
    opened.send("q")
    assert opened.wait_for_end() == 0
    assert left_clean(opened)


def test_a_signal_to_end_is_obeyed_while_training(opened):
    opened.process.send_signal(signal.SIGTERM)
    assert opened.wait_for_end() == 143
    assert left_clean(opened)


def test_a_hang_up_is_obeyed_while_torch_is_being_loaded(tmp_path):
    environment = explorer_environment(tmp_path)
    with Terminal(
        explorer_command("--preset", "linear101"), size=(80, 24), environment=environment
    ) as terminal:
        terminal.wait_for("reading the preset")
        terminal.process.send_signal(signal.SIGHUP)
        assert terminal.wait_for_end() == 129
        assert left_clean(terminal)


def test_it_is_suspended_and_comes_back(opened):
    opened.send("\x1a")
    opened.wait_for(*RESTORED)
    opened.read(0.3)
    assert opened.modes == opened.before
    stopped = len(opened.output)
    opened.read(0.5)
    assert len(opened.output) == stopped, "nothing is written while it is suspended"
    opened.process.send_signal(signal.SIGCONT)
    since = opened.wait_for("\x1b[?1049h", "running", since=stopped)
    assert_it_answers(opened, since)


def test_it_goes_on_after_stops_that_gave_no_warning(opened):
    for _ in range(2):
        os.killpg(opened.process.pid, signal.SIGSTOP)
        opened.read(0.3)
        since = len(opened.output)
        os.killpg(opened.process.pid, signal.SIGCONT)
        since = opened.wait_for("\x1b[?1049h", "running", since=since)
    assert_it_answers(opened, since)


def test_a_kept_run_is_taken_up_in_the_explorer_where_it_was_left(tmp_path):
    path, folder = tmp_path / "two.toml", tmp_path / "run"
    path.write_text(PRESET.replace("steps = 2000", "steps = 100_000_000"))
    environment = explorer_environment(tmp_path)
    command = explorer_command("--preset", str(path), "--run-dir", str(folder))
    with Terminal(command, size=(120, 30), environment=environment) as terminal:
        terminal.wait_for("running", "steps/s")
        terminal.send("f")
        terminal.wait_for("paused", "sgd_2")
        terminal.send("o")
        terminal.wait_for("changed by hand")
        terminal.send("q")
        assert terminal.wait_for_end() == 0
        assert f"grok-tui resume {folder}" in terminal.text
        assert left_clean(terminal)
    states = read_checkpoint(RunDirectory(folder).checkpoints()[-1][1], load(str(path))).state.arms
    assert states["sgd_2"].optimizer == "adamw"
    with Terminal(
        explorer_command("resume", str(folder)), size=(120, 30), environment=environment
    ) as terminal:
        since = terminal.wait_for("paused", "sgd_2", f"{states['sgd'].step:,}".replace(",", " "))
        terminal.send(" ")
        terminal.wait_for("running", " left", since=since)
        terminal.process.send_signal(signal.SIGHUP)
        assert terminal.wait_for_end() == 129
    assert RunDirectory(folder).state() is RunStatus.STOPPED
    again = read_checkpoint(RunDirectory(folder).checkpoints()[-1][1], load(str(path))).state.arms
    assert sum(state.step for state in again.values()) > sum(state.step for state in states.values())


def test_no_color_is_no_colour(tmp_path):
    environment = explorer_environment(tmp_path) | {"NO_COLOR": "1"}
    with Terminal(
        explorer_command("--preset", "linear101"), size=(100, 30), environment=environment
    ) as terminal:
        terminal.wait_for("running", "steps/s")
        since = len(terminal.output)
        terminal.send("t?")
        since = terminal.wait_for("Show accuracy", since=since)
        terminal.send("q")
        terminal.wait_for("Claims", since=since)
        terminal.send("q")
        assert terminal.wait_for_end() == 0
        looks = {code for codes in re.findall(r"\x1b\[([\d;]*)m", terminal.text) for code in codes.split(";")}
        assert looks <= {"", "0", "1", "2", "3", "4", "7", "22", "23", "24", "27"}


@pytest.mark.parametrize(("tmux", "expected"), [("", False), ("/tmp/tmux-0/default,1,0", True)])
def test_colours_are_not_few_in_tmux(tmp_path, tmux, expected):
    """By its default name, "screen", tmux is taken for a terminal of 16 colours."""
    environment = explorer_environment(tmp_path) | {"TERM": "screen", "COLORTERM": "", "TMUX": tmux}
    with Terminal(explorer_command(), size=(100, 30), environment=environment) as terminal:
        terminal.wait_for("linear101")
        terminal.send("q")
        assert terminal.wait_for_end() == 0
        assert ("38;2;" in terminal.text) is expected


def test_a_preset_that_does_not_exist_is_told_on_a_clean_terminal(tmp_path):
    environment = explorer_environment(tmp_path)
    with Terminal(
        explorer_command("--preset", "nonsense"), size=(80, 24), environment=environment
    ) as terminal:
        assert terminal.wait_for_end() == 2
        assert "unknown preset 'nonsense'" in terminal.text
        assert terminal.modes == terminal.before
