"""What a report of a fault needs: versions, device, terminal, paths, and what went wrong."""

from __future__ import annotations

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from platformdirs import user_state_path
from textual.binding import Binding, BindingType

from grok_tui.files import reason, replace_file
from grok_tui.frontend.verdicts import verdicts_file
from grok_tui.numbers import memory
from grok_tui.paths import shipped_presets, user_presets
from grok_tui.tui.look import themes
from grok_tui.tui.parts.lines import Line, Span, clean, wrapped
from grok_tui.tui.settings import settings_file
from grok_tui.tui.sheets.sheet import Sheet

if TYPE_CHECKING:
    from grok_tui.tui.explorer import Explorer

Facts = dict[str, str]

COLUMN = 14
NO_LIMIT = 1000  # rows; a page is scrolled, not cut


class DebugScreen(Sheet):
    """Shows what is known of this session; `c` copies it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "copy", "Copy", show=False),
        Binding("D", "close", "Close", show=False),
    ]
    HEADING = "Versions, device, terminal and paths"
    KEYS = (("c", "copy"), *Sheet.KEYS)

    def page(self, width: int) -> list[Line]:
        """Return the sections."""
        ascii_only = self.explorer.glyphs.ascii
        rows: list[Line] = []
        for title, facts in sections(self.explorer).items():
            rows += [(Span(title, "accent"),)]
            for name, value in facts.items():
                lines = wrapped(clean(value, ascii_only=ascii_only), width - COLUMN, NO_LIMIT) or [""]
                leads = [name, *[""] * (len(lines) - 1)]
                rows += [
                    (Span(lead.ljust(COLUMN), "muted"), Span(line))
                    for lead, line in zip(leads, lines, strict=True)
                ]
            rows.append(())
        for line in traceback_of(self.explorer).splitlines():
            rows.append((Span(clean(line, ascii_only=ascii_only), "bad"),))
        return rows

    def action_copy(self) -> None:
        """Copy everything to the clipboard, and write it to a file for terminals that do not take it."""
        text = as_text(self.explorer)
        self.app.copy_to_clipboard(text)
        path = user_state_path("grok-tui") / "debug.txt"
        try:
            replace_file(path, text)
        except OSError as error:
            self.notify(f"copied; {path}: {reason(error)}", severity="warning", markup=False)
        else:
            self.notify(f"copied, and written to {path}", markup=False)


def sections(app: Explorer) -> dict[str, Facts]:
    """Return what is known, by section and name."""
    found = {"Versions": _versions(), "Paths": _paths(), "Terminal": _terminal(app)}
    run = _run(app)
    return {"Run": run} | found if run else found


def traceback_of(app: Explorer) -> str:
    """Return where the run failed, or nothing."""
    snapshot = app.snapshot
    return snapshot.details if snapshot is not None else ""


def as_text(app: Explorer) -> str:
    """Return everything as plain text."""
    parts = [
        "\n".join([title, *(f"  {name:<{COLUMN}}{value}" for name, value in facts.items())])
        for title, facts in sections(app).items()
    ]
    return "\n\n".join([*parts, traceback_of(app)]).strip() + "\n"


def _versions() -> Facts:
    found = _installed()
    found["torch"] += " (imported)" if "torch" in sys.modules else " (not imported yet)"
    return found


def _run(app: Explorer) -> Facts:
    snapshot = app.snapshot
    if snapshot is None:
        return {}
    facts = {
        "preset": app.preset_name or "",
        "state": str(snapshot.state),
        "device": snapshot.device or "not known yet",
        "threads": str(snapshot.threads),
        "memory": f"{snapshot.memory / 2**20:.0f} MiB",
        **{f"taken of {gpu.device}": memory(gpu.used, gpu.total) for gpu in snapshot.gpus},
        "steps/s": f"{snapshot.steps_per_second:.4g}",
    }
    if snapshot.failure is not None:
        facts["failure"] = snapshot.failure
    return facts


def _terminal(app: Explorer) -> Facts:
    width, height = app.size
    remote = os.environ.get("SSH_CONNECTION") is not None
    return {
        "size": f"{width} x {height}",
        "TERM": os.environ.get("TERM", "not set"),
        "COLORTERM": os.environ.get("COLORTERM", "not set"),
        "colours": themes.colors_of(app),
        "theme": app.theme,
        "characters": app.charset,
        "locale": os.environ.get("LC_ALL") or os.environ.get("LANG") or "not set",
        "over SSH": "yes" if remote else "no",
        "in tmux": "yes" if "TMUX" in os.environ else "no",
        "frames/s": f"at most {app.fps:g}",
    }


def _paths() -> Facts:
    def seen(path: Path) -> str:
        return f"{path}{'' if path.exists() else ' (not there)'}"

    return {
        "settings": seen(settings_file()),
        "your presets": seen(user_presets()),
        "presets": seen(shipped_presets()),
        "verdicts": seen(verdicts_file()),
        "exports": _here(),
        "python": sys.executable,
    }


def _here() -> str:
    try:
        return str(Path.cwd())
    except OSError as error:  # somebody took the folder away
        return reason(error)


def _installed() -> dict[str, str]:
    """Return the versions of what computes and draws; nothing is imported for it."""
    found = {"python": platform.python_version(), "platform": platform.platform()}
    for package in ("grok-tui", "torch", "numpy", "textual", "plotext"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found
