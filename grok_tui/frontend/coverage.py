"""Which claims stand for which statements of the sources, and why none stands for the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from grok_tui.frontend.report import Part
from grok_tui.paths import shipped_presets
from grok_tui.presets import Claim, Preset, Statement, load, read, shipped_statements

Standing = Literal["claimed", "partly", "waiting", "no claim", "open"]
"""Whether claims stand for a statement, for a part of it, none yet, none ever, or none without a reason."""


class ClaimOf(Part):
    """A claim that stands for a statement."""

    preset: str
    profile: str
    """ "full" or "medium" where the quick profile does not have it."""
    number: int
    """Its place among the claims of the preset, from 1."""
    says: str
    expected: Literal["reproduced", "not reproduced"]


class CoveredStatement(Part):
    """A statement, and what stands for it."""

    number: int
    says: str
    standing: Standing
    claims: list[ClaimOf]
    waits_for: str | None
    """What has to be there before a claim can stand for it, or for the rest of it."""
    because: str | None
    """Why no claim can be made of it."""


class CoveredSource(Part):
    """The statements of a source."""

    title: str
    origin: str
    statements: list[CoveredStatement]


class Coverage(Part):
    """The statements of all sources."""

    sources: list[CoveredSource]

    @property
    def statements(self) -> list[CoveredStatement]:
        """All of them, in the order of their numbers."""
        return [statement for source in self.sources for statement in source.statements]

    def count(self, standing: Standing) -> int:
        """Return how many statements stand like this."""
        return sum(statement.standing == standing for statement in self.statements)

    def to_json(self) -> str:
        """Return the document; strict JSON."""
        return self.model_dump_json(indent=2) + "\n"


def coverage() -> Coverage:
    """Return the coverage of the shipped statements by the shipped presets.

    Raises:
        PresetError: one of these files cannot be used.
    """
    standing_for: dict[int, list[ClaimOf]] = {}
    for number, claim in _claims():
        standing_for.setdefault(number, []).append(claim)
    return Coverage(
        sources=[
            CoveredSource(
                title=source.title,
                origin=source.origin,
                statements=[
                    _covered(statement, standing_for.get(statement.number, []))
                    for statement in source.statements
                ],
            )
            for source in shipped_statements().sources
            if source.statements
        ]
    )


def _covered(statement: Statement, claims: list[ClaimOf]) -> CoveredStatement:
    return CoveredStatement(
        number=statement.number,
        says=statement.says,
        standing=_standing(statement, claims),
        claims=claims,
        waits_for=statement.waits_for,
        because=statement.because,
    )


def _standing(statement: Statement, claims: list[ClaimOf]) -> Standing:
    if claims:
        return "claimed" if statement.waits_for is None and statement.because is None else "partly"
    if statement.waits_for is not None:
        return "waiting"
    return "no claim" if statement.because is not None else "open"


def _claims() -> Iterator[tuple[int, ClaimOf]]:
    """Yield the number of a statement and a claim that stands for it, by the order of the stories."""
    place = shipped_statements().place
    paths = sorted(shipped_presets().glob("*.toml"), key=lambda path: (place(path.stem), path.stem))
    for path in paths:
        quick = load(str(path))
        yield from _of(path.stem, "quick", quick)
        known = list(quick.claims)
        for profile in [one for one in ("full", "medium") if one in read(path)]:
            other = load(str(path), profile=profile)
            yield from _of(path.stem, profile, other, known)
            known += other.claims


def _of(
    name: str, profile: str, preset: Preset, known: Sequence[Claim] = ()
) -> Iterator[tuple[int, ClaimOf]]:
    for i, claim in enumerate(preset.claims, 1):
        if claim in known:
            continue
        found = ClaimOf(preset=name, profile=profile, number=i, says=claim.says, expected=claim.expected)
        yield from ((number, found) for number in claim.statements)
