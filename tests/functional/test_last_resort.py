"""What nobody foresaw is one line, a code of its own, and a file that has the traceback."""

import builtins
import re
from pathlib import Path

import pytest

import grok_tui.crash
import grok_tui.headless.run
from grok_tui.__main__ import main
from grok_tui.paths import crashes_folder


class UnforeseenError(Exception):
    pass


class SpeechlessError(Exception):
    def __str__(self):
        raise RuntimeError("no words")


@pytest.fixture(
    params=[UnforeseenError("two\nlines \x1b[2J"), SpeechlessError()], ids=["lines and codes", "speechless"]
)
def broken(request, monkeypatch):
    def fails(*_, **__):
        raise request.param

    monkeypatch.setattr(grok_tui.headless.run, "run_headless", fails)
    return request.param


def test_a_fault_of_the_program_is_one_line_and_names_its_traceback(broken, capfd):
    assert main(["--preset", "linear101", "--headless"]) == 70
    said = capfd.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert "\x1b" not in said.err
    [path] = crashes_folder().iterdir()
    assert str(path) in said.err
    text = path.read_text()
    assert f"{type(broken).__name__}" in text
    assert "in fails" in text
    assert re.search(r"^grok-tui \d", text, re.MULTILINE)


def test_where_no_file_can_be_written_the_line_has_the_place(broken, monkeypatch, capfd):
    monkeypatch.setattr(grok_tui.crash, "crashes_folder", lambda: Path("/proc/nowhere"))
    monkeypatch.setattr(grok_tui.crash, "gettempdir", lambda: "/proc/nowhere")
    assert main(["--preset", "linear101", "--headless"]) == 70
    assert re.search(r"test_last_resort\.py:\d+", capfd.readouterr().err)


def test_a_library_that_cannot_be_loaded_is_no_fault_of_the_program(monkeypatch, capfd):
    def fails(*_, **__):
        raise ImportError("libtorch_cpu.so: failed to map segment from shared object", name="_C")

    monkeypatch.setattr(grok_tui.headless.run, "run_headless", fails)
    assert main(["--preset", "linear101", "--headless"]) == 2
    said = capfd.readouterr().err
    assert said.count("\n") == 1
    assert "cannot be loaded" in said
    assert "failed to map segment" in said


def test_being_interrupted_while_the_command_line_is_imported_is_no_traceback(monkeypatch, capfd):
    def interrupted(name, *rest, original=builtins.__import__):
        if name == "grok_tui.cli":
            raise KeyboardInterrupt
        return original(name, *rest)

    monkeypatch.setattr(builtins, "__import__", interrupted)
    assert main(["--help"]) == 130
    assert capfd.readouterr() == ("", "")
