"""Tables of presets for people: the list of all, and one in full."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from .catalog.base import Spec
from .numbers import plural
from .presets import Claim, Preset
from .printable import printable
