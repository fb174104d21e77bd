import contextlib
import io
import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import grok_tui
from grok_tui.charts import COLORLESS, Drawer, LineChart, Series, Style, process
from grok_tui.charts.draw import draw

STYLE = Style(COLORLESS, "ascii")
PATIENCE = 30.0  # seconds; nothing here takes more than one


def chart(title="t"):
    return LineChart(title, (Series("a", [0, 1, 2], [0, 1, 0]),))


def collect(drawer, *keys):
    """Poll until there is a picture for every key."""
    found = {}
    deadline = time.monotonic() + PATIENCE
    while set(keys) - set(found):
        assert time.monotonic() < deadline, f"only {sorted(found)} of {keys}"
        found |= drawer.poll()
        time.sleep(0.005)
    return found


def wait_for(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def is_running(pid):
    """Whether a process exists and is no zombie."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


@pytest.fixture
def drawer():
    with Drawer() as drawer:
        yield drawer


def test_the_helper_draws_what_is_drawn_here(drawer):
    drawer.submit("loss", chart(), 40, 10, style=STYLE)
    assert collect(drawer, "loss") == {"loss": draw(chart(), 40, 10, style=STYLE)}
    assert drawer.pid != os.getpid()
    assert drawer.poll() == {}


def test_of_requests_under_one_key_the_newest_is_drawn_last_and_old_ones_are_dropped(drawer):
    titles = [f"t{number}" for number in range(200)]
    for title in titles:
        drawer.submit("loss", chart(title), 40, 10, style=STYLE)
    seen = []
    while not seen or not seen[-1].startswith("t199 "):
        seen.append(collect(drawer, "loss")["loss"].lines[0])
    assert len(seen) < len(titles)


def test_a_key_that_is_asked_for_again_and_again_does_not_hold_the_others_up(drawer):
    drawer.submit("busy", chart(), 40, 10, style=STYLE)
    drawer.submit("patient", chart(), 40, 10, style=STYLE)
    found = {}
    deadline = time.monotonic() + PATIENCE
    while "patient" not in found and time.monotonic() < deadline:
        drawer.submit("busy", chart(), 40, 10, style=STYLE)
        found |= drawer.poll()
    assert "patient" in found


def test_a_killed_helper_is_replaced_and_at_last_charts_are_drawn_here(drawer):
    pids = set()
    for number in range(8):
        drawer.submit(number, chart(), 40, 10, style=STYLE)
        assert collect(drawer, number)[number] == draw(chart(), 40, 10, style=STYLE)
        pids.add(drawer.pid)
        if drawer.pid is not None:
            os.kill(drawer.pid, signal.SIGKILL)
    assert 2 < len(pids) < 8
    assert drawer.pid is None


def test_a_request_that_the_helper_dies_on_is_not_lost(drawer):
    wait_for(lambda: drawer.pid is not None)
    os.kill(drawer.pid, signal.SIGSTOP)
    drawer.submit("loss", chart(), 40, 10, style=STYLE)
    wait_for(lambda: not drawer._waiting)
    os.kill(drawer.pid, signal.SIGKILL)
    assert collect(drawer, "loss")["loss"] == draw(chart(), 40, 10, style=STYLE)


def test_a_helper_that_hangs_is_ended_and_the_picture_says_so(drawer, monkeypatch):
    drawer.submit("first", chart(), 40, 10, style=STYLE)
    collect(drawer, "first")
    monkeypatch.setattr(process, "_TIME_LIMIT", 0.05)
    os.kill(drawer.pid, signal.SIGSTOP)
    drawer.submit("slow", chart(), 40, 10, style=STYLE)
    assert "too long" in collect(drawer, "slow")["slow"].error
    monkeypatch.undo()
    drawer.submit("next", chart(), 40, 10, style=STYLE)
    assert collect(drawer, "next")["next"].error == ""


def test_charts_are_drawn_here_when_no_helper_can_be_started(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with Drawer() as drawer:
        drawer.submit("loss", chart(), 40, 10, style=STYLE)
        assert collect(drawer, "loss")["loss"] == draw(chart(), 40, 10, style=STYLE)
        assert drawer.pid is None


def test_what_cannot_be_sent_becomes_an_error_and_later_charts_are_drawn(drawer):
    drawer.submit("odd", lambda: None, 40, 10, style=STYLE)
    drawer.submit("loss", chart(), 40, 10, style=STYLE)
    found = collect(drawer, "odd", "loss")
    assert "pickle" in found["odd"].error
    assert found["loss"].error == ""


def test_an_interrupt_does_not_end_the_helper(drawer):
    drawer.submit("loss", chart(), 40, 10, style=STYLE)
    collect(drawer, "loss")
    pid = drawer.pid
    os.kill(pid, signal.SIGINT)
    drawer.submit("loss", chart("again"), 40, 10, style=STYLE)
    assert collect(drawer, "loss")["loss"].lines[0].startswith("again")
    assert drawer.pid == pid
    assert os.getsid(pid) != os.getsid(0)


def test_closing_ends_the_helper_even_while_it_draws():
    drawer = Drawer()
    wait_for(lambda: drawer.pid is not None)
    pid = drawer.pid
    os.kill(pid, signal.SIGSTOP)
    drawer.submit("loss", chart(), 40, 10, style=STYLE)
    drawer.close()
    drawer.close()
    wait_for(lambda: not is_running(pid))
    wait_for(lambda: not drawer._thread.is_alive())
    assert drawer.pid is None


def test_the_helper_ends_when_its_parent_is_killed():
    code = (
        "import time; from grok_tui.charts import Drawer; d = Drawer()\nwhile not d.pid: time.sleep(0.01)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code + "print(d.pid, flush=True); time.sleep(60)"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(grok_tui.__file__).parents[1],
    )
    with parent:
        helper = int(parent.stdout.readline())
        assert is_running(helper)
        parent.kill()
    wait_for(lambda: not is_running(helper))


def test_the_helper_answers_until_there_is_nothing_more_to_read():
    requests, pictures = io.BytesIO(), io.BytesIO()
    for width in (30, 40):
        pickle.dump(process.Request(chart(), width, 8, STYLE), requests)
    requests.seek(0)
    with pytest.raises(EOFError):
        process.answer(requests, pictures)
    pictures.seek(0)
    assert [pickle.load(pictures).width for _ in range(2)] == [30, 40]
