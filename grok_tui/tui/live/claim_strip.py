"""The claim whose charts fill the screen: what it says, and both sides of each of its comparisons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grok_tui.tui.live.claims import sign_of
from grok_tui.tui.parts.lines import Line, Lines, Span, clean, wrapped

if TYPE_CHECKING:
    from grok_tui.engine.record.verdicts import JudgedClaim
    from grok_tui.frontend.glyphs import Glyphs

MOST_SIDES = 4  # comparisons whose values are told
SAYS_ROWS = 2
NARROW = 40  # cells that are taken for granted until the width is known


def strip_lines(one: JudgedClaim, width: int, glyphs: Glyphs) -> list[Line]:
    """Return what a claim says, its verdict, and what was seen on both sides of its comparisons."""
    sign, role = sign_of(one, glyphs)
    says = clean(one.claim.says, ascii_only=glyphs.ascii)
    first, *others = wrapped(says, width - 3, SAYS_ROWS, ellipsis=glyphs.ellipsis)
    lines: list[Line] = [(Span(f" {sign} ", role), Span(first, "title"))]
    lines += [(Span(f"   {row}", "title"),) for row in others]
    comparisons = one.telling.comparisons
    for comparison in comparisons[:MOST_SIDES]:
        text = clean(str(comparison), ascii_only=glyphs.ascii)
        look = {True: "good", False: "bad", None: "muted"}[comparison.holds]
        lines += [(Span(f"   {row}", look),) for row in wrapped(text, width - 3, 1, ellipsis=glyphs.ellipsis)]
    more = len(comparisons) - MOST_SIDES
    told = f"{one.verdict}, origin: {clean(one.claim.origin, ascii_only=glyphs.ascii)}"
    told = f"{more} more; {told}" if more > 0 else told
    keys = (
        Span("Esc", "key"),
        Span(" back  ", "muted"),
        Span("Enter", "key"),
        Span(" one chart alone", "muted"),
    )
    room = width - 3 - sum(len(span.text) for span in keys) - 2
    row = wrapped(told, room, 1, ellipsis=glyphs.ellipsis)[0] if room > NARROW else ""
    lines.append((Span(f"   {row}  " if row else "   ", "muted"), *keys))
    return lines


class ClaimStrip(Lines):
    """The strip; it takes no room while no claim is looked at."""

    def on_mount(self) -> None:
        """Take no room."""
        self.display = False

    def update_from(self, one: JudgedClaim | None) -> None:
        """Show a claim as it stands, or nothing."""
        self.display = one is not None
        if one is not None and self.is_news(one, self.size):
            self.show(strip_lines(one, self.size.width or NARROW, self.explorer.glyphs))
