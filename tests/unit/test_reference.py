"""The committed reference is the one that the declarations give."""

from __future__ import annotations

from pathlib import Path

from grok_tui.reference import reference

DOCS = Path(__file__).parents[2] / "docs"


def test_the_reference_is_up_to_date():
    assert (DOCS / "presets.md").read_text(encoding="utf-8") == reference()
