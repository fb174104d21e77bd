"""Fewer bytes on the wire: a look is changed where it differs, not said anew for every piece of text.

Textual writes each piece as `ESC [ look m text ESC [ 0 m`, and three quarters of what it sends for a chart
are such codes. Over a slow connection that is what makes the difference.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from textual.drivers.linux_driver import LinuxDriver

from .plain import plain

WEIGHTS = frozenset("12")  # bold and dim; code 22 ends both
_LOOK = re.compile(r"\x1b\[([\d;]*)m")


class _Look(NamedTuple):
    """What a look sets; colours are the codes that set them, or nothing for the terminal's own."""

    color: str = ""
    background: str = ""
    others: frozenset[str] = frozenset()


def thrifty(data: str) -> str:
    """Return terminal output that shows the same with fewer codes; it begins and ends with the plain look."""
    plain, *rest = _LOOK.split(data)
    parts = [plain]
    shown = wanted = ""
    for codes, text in zip(rest[::2], rest[1::2], strict=True):
        wanted = _after(wanted, codes)
        if text:
            parts += [_change(shown, wanted), text]
            shown = wanted
    parts.append(_change(shown, ""))
    return "".join(parts)


@lru_cache(maxsize=8192)
def _after(codes: str, more: str) -> str:
    """Return the codes of a look that has been changed by more codes."""
    if more in ("", "0"):
        return ""
    return f"{codes};{more}" if codes else more


@lru_cache(maxsize=8192)
def _change(shown: str, wanted: str) -> str:
    """Return what turns one look into another."""
    if shown == wanted:
        return ""
    old, new = _parsed(shown), _parsed(wanted)
    ended, begun = old.others - new.others, new.others - old.others
    if ended - WEIGHTS or not wanted:
        codes = ["0", new.color, new.background, *sorted(new.others)]
    else:
        codes = (
            ["22", *sorted((begun | new.others) & WEIGHTS), *sorted(begun - WEIGHTS)]
            if ended
            else sorted(begun)
        )
        if new.color != old.color:
            codes.append(new.color or "39")
        if new.background != old.background:
            codes.append(new.background or "49")
    return f"\x1b[{';'.join(filter(None, codes))}m" if any(codes) else ""


def _parsed(codes: str) -> _Look:
    color = background = ""
    others: set[str] = set()
    numbers = codes.split(";") if codes else []
    while numbers:
        number = int(numbers[0] or 0)
        size = {"2": 5, "5": 3}.get(numbers[1], 1) if number in (38, 48) and len(numbers) > 1 else 1
        code, numbers = ";".join(numbers[:size]), numbers[size:]
        if number == 0:
            color, background, others = "", "", set()
        elif 30 <= number <= 38 or 90 <= number <= 97:
            color = code
        elif 40 <= number <= 48 or 100 <= number <= 107:
            background = code
        elif number in (39, 49):
            color, background = ("", background) if number == 39 else (color, "")
        else:
            others.add(code)
    return _Look(color, background, frozenset(others))


class ThriftyDriver(LinuxDriver):
    """Writes the same screen with fewer bytes, and in ASCII where nothing else may be used."""

    def write(self, data: str) -> None:
        """Write to the terminal."""
        if getattr(self._app, "charset", None) == "ascii":
            data = plain(data)  # here, since Textual has scroll bars, borders and ellipses of its own
        super().write(thrifty(data))

    def _sigcont_application(self, *arguments: object) -> None:
        """Go on after a stop, also after SIGSTOP, which left this driver at work.

        Textual would start a second thread for input beside the first, and then never end.
        """
        if self._key_thread is None or not self._key_thread.is_alive():
            super()._sigcont_application(*arguments)
        elif self._auto_restart:
            # Whoever had the terminal may have changed its modes. A handler must not wait for locks itself.
            self._loop.call_soon_threadsafe(self._start_again)

    def _start_again(self) -> None:
        self.suspend_application_mode()
        self.resume_application_mode()
