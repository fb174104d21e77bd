"""What the sources say: every checkable statement, numbered, with the reason where no claim stands for it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from pydantic import Field, ValidationError, model_validator

from ..catalog.base import Spec
from ..errors import PresetError
from ..files import reason
from ..reading import read_toml
from .problems import explain

FILE = Path(__file__).with_name("statements.toml")

LARGEST_FILE = 1_000_000  # bytes


class Statement(Spec):
    """One thing that a source says, in our own words.

    Attributes:
        number: counted through all sources, from 1.
        says: the statement.
        waits_for: what has to be built, or borrowed, before a claim can stand for it, or for the rest of it.
        because: why no claim can be made of it.
    """

    number: int = Field(ge=1)
    says: str = Field(min_length=1)
    waits_for: str | None = Field(None, min_length=1)
    because: str | None = Field(None, min_length=1)

    @model_validator(mode="after")
    def _one_reason_at_most(self) -> Statement:
        if self.waits_for is not None and self.because is not None:
            raise ValueError("'waits_for' and 'because' exclude each other")
        return self


class Source(Spec):
    """A text, or several that belong together.

    Attributes:
        title: what it is.
        origin: what claims call it, as in "seed 004".
        presets: in the order in which they tell its story.
        statements: in the order of their numbers.
    """

    title: str
    origin: str
    presets: list[str]
    statements: list[Statement] = Field(default=[])


class Statements(Spec):
    """The whole file."""

    sources: list[Source] = Field(min_length=1)

    @model_validator(mode="after")
    def _numbers_count_through(self) -> Statements:
        for i, statement in enumerate(self.all, 1):
            if statement.number != i:
                raise ValueError(f"statement {statement.number} stands where {i} should")
        return self

    @model_validator(mode="after")
    def _a_preset_tells_one_story(self) -> Statements:
        told = [name for source in self.sources for name in source.presets]
        for name in told:
            if told.count(name) > 1:
                raise ValueError(f"preset '{name}' stands there twice")
        return self

    @property
    def all(self) -> list[Statement]:
        """All statements, in the order of their numbers."""
        return [statement for source in self.sources for statement in source.statements]

    def place(self, preset: str) -> tuple[int, int]:
        """Return which source a preset belongs to, and where it stands in it; a stranger comes last."""
        for i, source in enumerate(self.sources):
            if preset in source.presets:
                return i, source.presets.index(preset)
        return len(self.sources), 0


def read(path: Path = FILE) -> Statements:
    """Read a file of statements.

    Raises:
        PresetError: it cannot be read, or something in it is wrong.
    """
    try:
        table = read_toml(path, LARGEST_FILE, "list of statements")
        return Statements.model_validate(table)
    except ValidationError as error:
        raise PresetError(str(path), *explain(error, table)) from None
    except OSError as error:
        raise PresetError(str(path), "", reason(error)) from None
    except ValueError as error:
        raise PresetError(str(path), "", str(error)) from None


@cache
def shipped_statements() -> Statements:
    """Return those that ship with the program."""
    return read()


def check_numbers(numbers: list[int]) -> None:
    """Raise ValueError unless each is the number of a statement, and none comes twice."""
    known = len(shipped_statements().all)
    for number in numbers:
        if not 1 <= number <= known:
            closest = min(max(number, 1), known)
            raise ValueError(f"unknown statement {number}; did you mean {closest}? There are 1 to {known}")
        if numbers.count(number) > 1:
            raise ValueError(f"statement {number} is named twice")
