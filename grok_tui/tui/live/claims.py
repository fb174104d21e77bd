"""The claims of the preset with their verdicts so far, and what was seen of the one that is looked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.events import Click

from grok_tui.charts.text import fit
from grok_tui.frontend.describe import out_of
from grok_tui.tui import keys
from grok_tui.tui.parts.lines import Line, Lines, Span, clean, wrapped

if TYPE_CHECKING:
    from grok_tui.engine.record.verdicts import JudgedClaim
    from grok_tui.engine.run.snapshot import Snapshot
    from grok_tui.frontend.glyphs import Glyphs
    from grok_tui.options import RunOptions
    from grok_tui.presets import Claim

TALL = 3  # rows of what a claim says when it is looked at


def claim_lines(
    judged: Sequence[JudgedClaim],
    width: int,
    rows: int,
    glyphs: Glyphs,
    *,
    opened: int | None,
    note: str = "",
) -> list[Line]:
    """Return the panel in at most `rows` rows: a row a claim, and all that is known of the one that is open.

    Args:
        judged: the claims.
        width: in cells.
        rows: that there are.
        glyphs: the signs to use.
        opened: the place of the claim that is looked at, or None.
        note: what else to know of these verdicts, in a few words.
    """
    lines = [_heading(judged, width, note)]
    blocks = [
        _block(one, width, glyphs, tall=place == opened, values=rows > 2 * len(judged) + 1)
        for place, one in enumerate(judged)
    ]
    first = 0
    while opened is not None and sum(map(len, blocks[first : opened + 1])) > rows - 1 and first < opened:
        first += 1
    for block in blocks[first:]:
        lines += block
    return lines[:rows]


def waiting_lines(claims: Sequence[Claim], width: int, rows: int, glyphs: Glyphs) -> list[Line]:
    """Return the panel in at most `rows` rows while there is no run yet that could be judged."""
    count = f" {len(claims)}, none judged yet" if claims else " being read"
    lines: list[Line] = [(Span("Claims", "title"), Span(fit(count, width - len("Claims")), "muted"))]
    for claim in claims:
        says = fit(clean(claim.says, ascii_only=glyphs.ascii), width - 2, ellipsis=glyphs.ellipsis)
        lines.append((Span(f"{glyphs.undecided} ", "muted"), Span(says, "muted")))
    return lines[:rows]


def _heading(judged: Sequence[JudgedClaim], width: int, note: str) -> Line:
    done = sum(one.as_expected for one in judged)
    count = f" {done}/{len(judged)} as expected" if judged else " none"
    note = f" {note}" if note else ""
    if len("Claims") + len(count) + len(note) > width:
        count = f" {done}/{len(judged)}"
    return (Span("Claims", "title"), Span(count, "muted"), Span(fit(note, width - 6 - len(count)), "warning"))


def note_on(snapshot: Snapshot, options: RunOptions, *, past: bool) -> str:
    """Return what to know of verdicts besides: that they are of now, or of another run than planned."""
    from grok_tui.frontend.orders import steered

    if past:
        return "as of now"
    if steered(snapshot) or options.assignments:
        return "changed by hand"
    return "" if options.steps is None else f"at --steps {options.steps}"


def _block(one: JudgedClaim, width: int, glyphs: Glyphs, *, tall: bool, values: bool) -> list[Line]:
    sign, role = sign_of(one, glyphs)
    only_ascii = glyphs.ascii
    says = clean(one.claim.says, ascii_only=only_ascii)
    room = width - 2
    seen = clean(str(one.telling.deciding), ascii_only=only_ascii)
    if not tall:
        lines: list[Line] = [(Span(f"{sign} ", role), Span(fit(says, room, ellipsis=glyphs.ellipsis)))]
        if values:
            lines.append((Span("  "), Span(fit(seen, room, ellipsis=glyphs.ellipsis), "muted")))
        return lines
    first, *others = wrapped(says, room, TALL, ellipsis=glyphs.ellipsis)
    lines = [
        (Span(f"{sign} ", role), Span(first, "title")),
        *((Span(f"  {row}", "title"),) for row in others),
    ]
    for comparison in one.telling.comparisons:
        text = clean(str(comparison), ascii_only=only_ascii)
        look = {True: "good", False: "bad", None: "muted"}[comparison.holds]
        lines += [(Span(f"  {row}", look),) for row in wrapped(text, room, 2, ellipsis=glyphs.ellipsis)]
    expected = one.verdict != "undecided" and one.claim.expected == "not reproduced"
    notes = [
        f"{one.verdict}{', as expected' if one.as_expected else ', not as expected'}"
        if expected
        else str(one.verdict)
    ]
    if len(one.judgements) > 1:
        held = out_of(one.held_in, len(one.judgements), one.interval, "replicas")
        notes.append(f"holds in {held}")
    notes.append(f"origin: {one.claim.origin}")
    if one.claim.retracted is not None:
        notes.append(f"retracted: {one.claim.retracted}")
    if one.claim.because is not None:
        notes.append(f"why not: {one.claim.because}")
    for note in notes:
        text = clean(note, ascii_only=only_ascii)
        lines += [(Span(f"  {row}", "muted"),) for row in wrapped(text, room, 4, ellipsis=glyphs.ellipsis)]
    return lines


def sign_of(one: JudgedClaim, glyphs: Glyphs) -> tuple[str, str]:
    """Return the sign of the verdict, in the colour of whether it is the expected one.

    What is not reproduced, as expected, is no success to be shown as one is: its sign is quiet.
    """
    if one.verdict == "undecided":
        return glyphs.undecided, "muted"
    if not one.as_expected:
        return glyphs.verdict(one.verdict), "bad"
    return glyphs.verdict(one.verdict), "good" if one.verdict == "reproduced" else "muted"


class Claims(Lines, can_focus=True):
    """The claims panel; up and down look at one claim after the other while it has the focus."""

    BINDINGS: ClassVar[list[BindingType]] = list(keys.pane_bindings("claims"))

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._judged: Sequence[JudgedClaim] = ()
        self._note = ""
        self._judging = 0  # how often there was something new
        self._opened = 0

    def update_from(self, judged: Sequence[JudgedClaim], note: str = "") -> None:
        """Show the claims as they stand, and what else to know of them."""
        # Judging makes new objects now and then; to compare their contents would cost as much as drawing.
        self._judging += judged is not self._judged
        self._judged, self._note = judged, note
        opened = min(self._opened, len(judged) - 1) if self.has_focus and judged else None
        if not self.is_news(self._judging, opened, note, self.size):
            return
        width, rows = self.size
        self.show(claim_lines(judged, width, rows, self.explorer.glyphs, opened=opened, note=note))

    def await_run(self, claims: Sequence[Claim]) -> None:
        """Show what is claimed, before there is anything to judge it by."""
        width, rows = self.size
        self.show(waiting_lines(claims, width, rows, self.explorer.glyphs))

    @property
    def opened(self) -> JudgedClaim | None:
        """The claim that is looked at, or None where there is none."""
        return self._judged[min(self._opened, len(self._judged) - 1)] if self._judged else None

    def move(self, by: int) -> None:
        """Look at a claim further up or down."""
        self._opened = max(0, min(self._opened + by, len(self._judged) - 1))
        self.update_from(self._judged, self._note)

    def on_focus(self) -> None:
        """Open the claim that is looked at."""
        self.update_from(self._judged, self._note)

    def on_blur(self) -> None:
        """Close it."""
        self.call_later(self.update_from, self._judged, self._note)

    def on_resize(self) -> None:
        """Use the room there is."""
        self.update_from(self._judged, self._note)

    def on_click(self, event: Click) -> None:
        """Look at the next claim when the panel that has the focus is clicked."""
        event.stop()
        self.move(1)
