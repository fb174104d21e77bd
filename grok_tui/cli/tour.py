"""`grok-tui tour`: the explorer, with a tour through it."""

from __future__ import annotations

from grok_tui.cli import options as opt
from grok_tui.errors import GrokTuiError
from grok_tui.options import RunOptions
from grok_tui.output import has_terminal


def tour(
    ascii_only: opt.Ascii = False, no_mouse: opt.NoMouse = False, color: opt.Colors = opt.ColorChoice.AUTO
) -> int:
    """See in seven steps what grokking is, and what an optimizer has to do with it."""
    if not has_terminal():
        raise GrokTuiError("the tour needs a terminal")
    from grok_tui.frontend.tour import PRESET
    from grok_tui.tui import run_explorer

    return run_explorer(
        PRESET, RunOptions(), ascii=ascii_only, mouse=not no_mouse, color=color.value, tour=True
    )
