"""Where a plugin comes from, so that a run can say what it was made with."""

from __future__ import annotations

from functools import cached_property
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

from pydantic import BaseModel, ConfigDict


class Origin(BaseModel):
    """The distribution or the file that brings an entry.

    Attributes:
        distribution: the name of an installed distribution; "" for a file.
        version: the distribution's; "" for a file.
        module: the module that the entry point names; "" for a file.
        file: the path of a file given on the command line; "" for a distribution.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    distribution: str = ""
    version: str = ""
    module: str = ""
    file: str = ""

    def __str__(self) -> str:
        return self.file or f"{self.distribution} {self.version}".rstrip()

    @cached_property
    def digest(self) -> str:
        """SHA-256 of its Python source: the file, or all of the package that the module lies in."""
        found = sha256()
        for path in self._sources():
            found.update(path.name.encode() + b"\0" + path.read_bytes())
        return found.hexdigest()

    @cached_property
    def files(self) -> frozenset[str]:
        """The names of its files of Python, as the code in them gives them."""
        return frozenset(map(str, self._sources()))

    def _sources(self) -> list[Path]:
        if self.file:
            return [Path(self.file)]
        found = find_spec(self.module.partition(".")[0])
        if found is None:
            return []
        if found.submodule_search_locations:
            folders = found.submodule_search_locations
            return sorted(path for folder in folders for path in Path(folder).rglob("*.py"))
        return [Path(found.origin)] if found.origin else []
