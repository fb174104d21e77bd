"""The lines of the logs that nobody can compute again: interventions and forks, each line with a checksum."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from grok_tui.catalog.interventions import AnyIntervention
from grok_tui.engine.arm.forks import Fork

from .directory import FORKS, INTERVENTIONS, RunDirectory
from .files import StoreError, read_bounded

Entry = TypeVar("Entry", bound=BaseModel)

LARGEST_LOG = 64 * 2**20  # bytes of interventions.jsonl that are read

_SUM = re.compile(rb',"sum":"([0-9a-f]{8})"}$')


class LoggedIntervention(BaseModel):
    """One line of `interventions.jsonl`."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    scheduled: bool
    """Whether the preset asked for it; if not, a person did while the run went on."""
    intervention: AnyIntervention


class LoggedFork(Fork):
    """One line of `forks.jsonl`: a fork, and what it has from its parent."""

    done: list[LoggedIntervention]


def line_of(entry: BaseModel) -> str:
    """Return the line of an entry: its JSON, and the CRC-32 of that as its last key, `sum`."""
    text = entry.model_dump_json()
    return f'{text[:-1]},"sum":"{zlib.crc32(text.encode()):08x}"}}\n'


def _without_sum(line: bytes) -> bytes:
    """Return the JSON of a line; one of an earlier version has no checksum.

    Raises:
        ValueError: the checksum is that of another line.
    """
    match = _SUM.search(line)
    if match is None:
        return line
    text = line[: match.start()] + b"}"
    if zlib.crc32(text) != int(match[1], 16):
        raise ValueError("is damaged: its checksum is that of another line")
    return text


def still_ahead(
    logged: Sequence[LoggedIntervention], done: Sequence[AnyIntervention]
) -> list[LoggedIntervention]:
    """Return those logged that are not among those done, in their order."""
    left = list(logged)
    for intervention in done:
        again = next((one for one in left if one.intervention == intervention), None)
        if again is not None:
            left.remove(again)
    return left


def read_interventions(directory: RunDirectory) -> dict[str, list[LoggedIntervention]]:
    """Return the interventions of each arm, in order, as far as the log has whole lines.

    Raises:
        StoreError: the log is a link, too large, or cannot be read.
    """
    return together(interventions_in(directory.path / INTERVENTIONS)[1], forks_in(directory.path / FORKS)[1])


def read_forks(directory: RunDirectory) -> list[Fork]:
    """Return the forks of a run, in the order in which they were made.

    Raises:
        StoreError: the log is a link, too large, or cannot be read.
    """
    return [Fork(**fork.model_dump(exclude={"done"})) for fork in forks_in(directory.path / FORKS)[1]]


def together(
    entries: Sequence[LoggedIntervention], forks: Sequence[LoggedFork]
) -> dict[str, list[LoggedIntervention]]:
    """Return the interventions of each arm: those of a fork after those that it has from its parent."""
    own: dict[str, list[LoggedIntervention]] = {}
    for entry in entries:
        own.setdefault(entry.intervention.arm, []).append(entry)
    return own | {fork.name: [*fork.done, *own.get(fork.name, ())] for fork in forks}


def interventions_in(path: Path) -> tuple[int, list[LoggedIntervention]]:
    """Return how many bytes of the log are good, and what they say."""
    return _read_lines(path, LoggedIntervention, "intervention")


def forks_in(path: Path) -> tuple[int, list[LoggedFork]]:
    """Return how many bytes of the log are good, and what they say."""
    return _read_lines(path, LoggedFork, "fork")


def _read_lines(path: Path, kind: type[Entry], what: str) -> tuple[int, list[Entry]]:
    """Return how many bytes of a log are good, and the entries in them; a torn end is none."""
    if not path.is_symlink() and not path.exists():
        return 0, []
    content = read_bounded(path, LARGEST_LOG)
    found: list[Entry] = []
    good = 0
    for line in content.splitlines(keepends=True):
        if not line.endswith(b"\n"):
            break
        try:
            entry = kind.model_validate_json(_without_sum(line.rstrip(b"\n")))
        except ValueError as error:
            if good + len(line) < len(content):
                why = f"is no {what}" if isinstance(error, ValidationError) else str(error)
                raise StoreError(f"{path}: byte {good}: this line {why}") from None
            break
        good += len(line)
        found.append(entry)
    return good, found
