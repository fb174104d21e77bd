"""Something that the command palette offers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple


class Command(NamedTuple):
    """Something the palette offers: its title as `area: Verb`, a line of help, and what does it."""

    title: str
    help: str
    call: Callable[[], Awaitable[object] | None]
