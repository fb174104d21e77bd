"""What the preset browser shows: pure functions from presets and remembered outcomes to rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from grok_tui.catalog.blame import accounted
from grok_tui.catalog.frames import Identity
from grok_tui.catalog.schedules import Course
from grok_tui.charts.text import cell_width, fit
from grok_tui.errors import PresetError
from grok_tui.frontend import tour
from grok_tui.frontend.describe import dated, described, stood_for, turned
from grok_tui.numbers import duration, plural, shown
from grok_tui.presets import find, load, names, shipped_statements
from grok_tui.printable import printable
from grok_tui.tui.browser.costs import Costs, Estimates, about
from grok_tui.tui.browser.last_run import picture
from grok_tui.tui.parts.lines import Line, Span, clean, wrapped

if TYPE_CHECKING:
    from grok_tui.frontend.glyphs import Glyphs
    from grok_tui.frontend.verdicts import Outcome, Verdicts
    from grok_tui.presets import Arm, Claim, Preset

SIGNS = 0.3  # the most of a row's width that the signs of single claims may take
TOUR = "the tour"
"""The name of its entry; no preset has one with a blank."""

NO_LIMIT = 10_000  # rows; a long text is scrolled, not cut


@dataclass(frozen=True)
class Entry:
    """A preset in the list.

    Attributes:
        name: what it is asked for by.
        path: its file.
        preset: what it says, or None if it cannot be used.
        problem: why not, in one line.
        outcome: what came of it when it was last run, if that is known.
        costs: about what it takes.
        tour: whether it is the tour, which goes through its preset.
    """

    name: str
    path: str
    preset: Preset | None
    problem: str = ""
    outcome: Outcome | None = None
    costs: Costs = field(default_factory=Costs)
    tour: bool = False

    @property
    def words(self) -> str:
        """Everything that a filter looks through, in lower case."""
        parts = [self.name, self.problem]
        if self.preset is not None:
            preset = self.preset
            parts += [preset.title, preset.summary, preset.task.name, preset.model.name, *preset.sources]
            parts += [f"{arm.name} {arm.optimizer.name}" for arm in preset.arms]
            parts += [f"{claim.says} {claim.origin}" for claim in preset.claims]
        return " ".join(parts).lower()


def entries(profile: str, verdicts: Verdicts) -> Iterator[Entry]:
    """Yield all presets as they are read, in the order of the sources' stories.

    One that cannot be used has its problem instead.
    """
    place, estimates = shipped_statements().place, Estimates(verdicts)
    for name in sorted(names(), key=lambda name: (place(name), name)):
        try:
            path = str(find(name))
        except PresetError as error:  # it was deleted just now
            yield Entry(name, "", None, str(error))
            continue
        try:
            preset = load(name, profile=profile)
            costs = estimates.costs(name, profile, preset)
        except PresetError as error:
            yield Entry(name, path, None, ": ".join(part for part in (error.key, error.problem) if part))
        except Exception as error:  # whatever one file brings about, the list stands
            yield Entry(name, path, None, accounted(error))
        else:
            yield Entry(name, path, preset, outcome=verdicts.last(name, profile), costs=costs)


def tour_entry(found: Sequence[Entry]) -> Entry:
    """Return the entry of the tour, which goes through one of these presets."""
    through = next(entry for entry in found if entry.name == tour.PRESET)
    return Entry(TOUR, through.path, through.preset, tour=True)


def matching(found: Sequence[Entry], text: str) -> list[Entry]:
    """Return the entries with every word of the text; those with one in their name come first."""
    wanted = text.lower().split()
    hits = [entry for entry in found if all(word in entry.words for word in wanted)]
    return sorted(hits, key=lambda entry: not any(word in entry.name.lower() for word in wanted))


def headings(shown: Sequence[Entry]) -> dict[str, str]:
    """Return what to write above entries, by the names of the first that each source has."""
    sources = shipped_statements().sources
    found: dict[str, str] = {}
    for entry in shown:
        place, _ = shipped_statements().place(entry.name)
        heading = sources[place].title if place < len(sources) else "Other presets"
        if heading not in found.values():
            found[entry.name] = heading
    return found


def heading_row(heading: str, width: int, glyphs: Glyphs) -> Line:
    """Return the row above the presets of a source."""
    return (Span(fit(clean(heading, ascii_only=glyphs.ascii), width, ellipsis=glyphs.ellipsis), "accent"),)


def list_rows(entry: Entry, width: int, glyphs: Glyphs) -> list[Line]:
    """Return the two rows of an entry: name, verdicts and time; title."""
    ascii_only = glyphs.ascii
    if entry.tour:
        said = fit("what grokking is, in two minutes", width, ellipsis=glyphs.ellipsis)
        return [(Span(fit(tour.TITLE, width, ellipsis=glyphs.ellipsis), "title"),), (Span(said, "muted"),)]
    name = Span(clean(entry.name, ascii_only=ascii_only), "title")
    if entry.preset is None:
        mark = Span("cannot be used", "bad")
        problem = clean(entry.problem, ascii_only=ascii_only)
        return [
            _spread([name], [mark], width, glyphs),
            (Span(fit(problem, width, ellipsis=glyphs.ellipsis), "muted"),),
        ]
    title = fit(clean(entry.preset.title, ascii_only=ascii_only), width, ellipsis=glyphs.ellipsis)
    return [
        _spread([name], _standing(entry, entry.preset, width, glyphs), width, glyphs),
        (Span(title, "muted"),),
    ]


def details(entry: Entry, width: int, glyphs: Glyphs) -> list[Line]:
    """Return all that is known of a preset, in rows of at most `width` cells."""
    page = _Page(width, glyphs)
    preset = entry.preset
    if entry.tour:
        page.write(tour.TITLE, "title")
        page.gap()
        page.write(tour.ABOUT)
        page.gap()
        page.write("Enter begins it; so does grok-tui tour.", "muted")
        return page.rows
    if preset is None:
        page.write(entry.name, "title")
        page.gap()
        page.write(entry.problem, "bad")
        page.gap()
        page.write(entry.path, "muted")
        return page.rows
    page.write(preset.title, "title")
    page.write(_facts(preset, entry), "muted")
    for line in entry.costs.others:
        page.write(line, "muted")
    page.gap()
    page.write(preset.summary)
    page.gap()
    page.rows += picture(preset, entry.outcome, page.width, glyphs)
    page.heading("Claims")
    if not preset.claims:
        page.write("none", "muted", 2)
    for i, claim in enumerate(preset.claims):
        if i:
            page.gap()
        _claim(claim, entry.outcome, page)
    page.gap()
    page.heading("Arms")
    column = max(len(arm.name) for arm in preset.arms) + 2
    for arm in preset.arms:
        page.write(_own(arm, preset), "muted", 2, Span(arm.name.ljust(column)))
    if preset.interventions:
        page.gap()
        page.heading("Interventions")
        for done in preset.interventions:
            page.write(dated(done), "text", 2)
    page.gap()
    page.heading("Settings")
    page.write(described(_plain(preset.task)), "text", 2)
    page.write(described(_plain(preset.model)), "text", 2)
    page.write(_assigned(_plain(preset.training)), "text", 2)
    page.gap()
    page.heading("Sources")
    for source in preset.sources:
        page.write(source, "text", 2)
    page.write(entry.path, "muted", 2)
    return page.rows


class _Page:
    """Rows that fill up from the top."""

    def __init__(self, width: int, glyphs: Glyphs) -> None:
        self.width, self.glyphs = max(width, 10), glyphs
        self.rows: list[Line] = []

    def gap(self) -> None:
        self.rows.append(())

    def heading(self, text: str) -> None:
        self.rows.append((Span(text, "accent"),))

    def write(self, text: str, role: str = "text", indent: int = 0, sign: Span | None = None) -> None:
        """Break a text into rows; a sign stands before the first of them."""
        text = clean(printable(text), ascii_only=self.glyphs.ascii)
        lead = (sign, Span(" ")) if sign is not None else ()
        hang = indent + sum(cell_width(span.text) for span in lead)
        for i, row in enumerate(wrapped(text, self.width - hang, NO_LIMIT)):
            before = (Span(" " * indent), *lead) if i == 0 else (Span(" " * hang),)
            self.rows.append((*before, Span(row, role)))


def _claim(claim: Claim, outcome: Outcome | None, page: _Page) -> None:
    verdict = outcome.verdict(claim) if outcome is not None else None
    page.write(claim.says, "text", 2, _sign(claim, outcome, page.glyphs))
    for line in claim.holds.strip().splitlines():
        page.write(line, "muted", 4)
    page.write(f"origin: {claim.origin}", "muted", 4)
    if claim.statements:
        page.write(stood_for(claim.statements), "muted", 4)
    if (control := turned(claim)) is not None:
        page.write(f"control: {control}", "muted", 4)
    if claim.retracted is not None:
        page.write(f"retracted: {claim.retracted}", "warning", 4)
    if claim.because is not None:
        page.write(f"not expected to be reproduced: {claim.because}", "warning", 4)
    if verdict is not None:
        page.write(f"last time: {verdict}", "good" if verdict == claim.expected else "bad", 4)


def _sign(claim: Claim, outcome: Outcome | None, glyphs: Glyphs) -> Span:
    verdict = outcome.verdict(claim) if outcome is not None else None
    if verdict is None or verdict == "undecided":
        return Span(glyphs.undecided, "muted")
    return Span(glyphs.verdict(verdict), "good" if verdict == claim.expected else "bad")


def _standing(entry: Entry, preset: Preset, width: int, glyphs: Glyphs) -> list[Span]:
    """Return verdicts and time, as far as they are known."""
    outcome, expected = entry.outcome, entry.costs.seconds
    if outcome is None:
        known = plural(len(preset.claims), "claim") if expected is None else about(expected)
        return [Span(known, "muted")]
    good, count = outcome.as_expected(preset), len(preset.claims)
    spans = [_sign(claim, outcome, glyphs) for claim in preset.claims]
    if count > SIGNS * width:
        spans = [Span(f"{good}/{count}", "good" if good == count else "bad")]
    if outcome.seconds is not None:
        spans.append(Span(f"  {duration(outcome.seconds)}", "muted"))
    return spans


def _facts(preset: Preset, entry: Entry) -> str:
    outcome, expected = entry.outcome, entry.costs.seconds
    facts = [plural(len(preset.arms), "arm"), plural(len(preset.claims), "claim")]
    if outcome is None:
        takes = [] if expected is None else [f"takes {about(expected)}"]
        return ", ".join([*facts, *takes, "not run here yet"])
    facts.append(f"{outcome.as_expected(preset)} as expected on {outcome.when.astimezone():%Y-%m-%d}")
    if outcome.seconds is not None:
        facts.append(f"took {duration(outcome.seconds)}")
    return ", ".join(facts)


def _spread(left: list[Span], right: list[Span], width: int, glyphs: Glyphs) -> Line:
    """Put spans at both ends of a row; the left ones are cut where both do not fit."""
    room = width - sum(cell_width(span.text) for span in right) - 1
    shown = [Span(fit(span.text, max(room, 4), ellipsis=glyphs.ellipsis), span.role) for span in left]
    gap = width - sum(cell_width(span.text) for span in (*shown, *right))
    return (*shown, Span(" " * max(gap, 1)), *right)


def _own(arm: Arm, preset: Preset) -> str:
    """Return an arm's optimizer, and what it does otherwise than its preset says for all."""
    special = {"lr": arm.optimizer.lr} | arm.optimizer.model_dump(mode="json", exclude_defaults=True)
    parts = [f"{special.pop('name')} {_assigned(special)}"]
    if arm.model.name != preset.model.name:
        parts.append(described(_plain(arm.model)))
    for table in ("task", "model", "training", "modifiers"):
        shared, own = _plain(getattr(preset, table)), _plain(getattr(arm, table))
        differing = {key: value for key, value in own.items() if value != shared.get(key)}
        if differing and "name" not in differing:
            parts.append(_assigned(differing))
    parts += [f"{name} along {Course(parts=along)}" for name, along in arm.schedule.items()]
    if arm.frame != Identity():
        parts.append("frame " + described(_plain(arm.frame)))
    return "; ".join(parts)


def _assigned(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {shown(value)}" for key, value in values.items())


def _plain(spec: Any) -> dict[str, Any]:
    dumped: dict[str, Any] = spec.model_dump(mode="json")
    return dumped
