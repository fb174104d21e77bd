"""What an arm may be called, in a preset and when it is forked."""

from __future__ import annotations

import keyword
from typing import Annotated

from pydantic import AfterValidator, Field


def _no_keyword(name: str) -> str:
    if keyword.iskeyword(name):
        raise ValueError(f"'{name}' means something in claims and cannot name an arm")
    return name


ArmName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$"), AfterValidator(_no_keyword)]
