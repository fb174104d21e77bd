"""Orders that could not be carried out: what is said of them, and when a run cannot go on after one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from grok_tui.catalog.blame import accounted, blamed
from grok_tui.errors import GrokTuiError
from grok_tui.presets.problems import first_problem
from grok_tui.printable import message_of, printable, shortened

if TYPE_CHECKING:
    from grok_tui.engine.run.run import Run

GPU_BROKE = "CUDA error: "  # is said of what every later call will say as well

LONGEST = 400  # characters of a line


def broken(error: BaseException, run: Run) -> bool:
    """Tell whether a run cannot go on after an order failed so.

    It cannot from within a step, nor where a GPU broke, nor where the arms made room for others and then
    found none for themselves.
    """
    from grok_tui.engine.run.memory import LostError

    return not run.whole or isinstance(error, LostError) or GPU_BROKE in message_of(error)


def refusal(error: Exception) -> str:
    """Return in one line why an order is refused."""
    from grok_tui.engine.run.memory import in_a_line, out_of_memory

    if not isinstance(error, GrokTuiError) and out_of_memory(error):
        return _fitting(f"no memory for that: {in_a_line(error)}")
    if isinstance(error, GrokTuiError | ValueError) or blamed(error) is not None:
        return line_of(error)
    return f"that failed: {accounted(error)}"  # whatever it is, its type says more than its words


def line_of(error: BaseException) -> str:
    """Return what an error says in one line, or its type; a plugin's with the plugin named."""
    if blamed(error) is not None:
        return accounted(error)
    said = first_problem(error) if isinstance(error, ValidationError) else message_of(error)
    return _fitting(said) or type(error).__name__


def _fitting(text: str) -> str:
    return shortened(printable(text), LONGEST)
