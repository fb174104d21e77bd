"""The table of the times that presets take, made of the pages of all claims.

python -m grok_tui.headless.times docs/claims.md docs/claims-medium.md > grok_tui/presets/times.toml
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

HEAD = (
    "# Seconds on one thread of a CPU, by profile and preset; made by `python -m grok_tui.headless.times`.\n"
)

_PRESET = re.compile(r"## (?P<name>[\w-]+):")
_FACTS = re.compile(r"(?P<profile>\w+) profile, cpu .*? (?P<time>[\d:.]+)( s)? of wall time")


def table_of(pages: Iterable[str]) -> str:
    """Return the table of what pages of claims say of the time that presets took, as TOML."""
    found: dict[str, dict[str, float]] = {}
    for page in pages:
        for name, profile, seconds in _read(page):
            found.setdefault(profile, {})[name] = seconds
    lines = [HEAD]
    for profile, times in found.items():
        lines += [f"[{profile}]\n", *(f"{name} = {seconds:g}\n" for name, seconds in times.items()), "\n"]
    return "".join(lines).rstrip() + "\n"


def _read(page: str) -> Iterator[tuple[str, str, float]]:
    name = ""
    for line in page.splitlines():
        if preset := _PRESET.match(line):
            name = preset["name"]
        elif name and (facts := _FACTS.match(line)):
            yield name, facts["profile"], _seconds(facts["time"])
            name = ""


def _seconds(written: str) -> float:
    """Return the seconds of "18.6", "3:01" or "1:02:03"."""
    total = 0.0
    for part in written.split(":"):
        total = 60 * total + float(part)
    return total


if __name__ == "__main__":
    sys.stdout.write(table_of(Path(page).read_text(encoding="utf-8") for page in sys.argv[1:]))
