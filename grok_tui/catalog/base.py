"""How a name and its parameters are declared: once, as a pydantic model, without importing torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Annotated, Any, Self

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticUndefined

from ..printable import printable, shortened

LARGEST_COUNT = 2**53
"""The largest whole number in a document: up to it all are floats as well, as JSON has them."""

LONGEST_LIST = 600  # characters of names that a message lists

Count = Annotated[int, Field(ge=0, le=LARGEST_COUNT)]
"""A number of steps or things that a document may have."""

LONGEST_HELP = 200
"""Characters of what is said of a name or of a parameter."""


def nearest(name: str, valid: list[str]) -> str:
    """Return "; did you mean 'x'?" for the valid name closest to `name`, or the list of valid names."""
    close = get_close_matches(name, valid, n=1, cutoff=0.51)
    if close:
        return f"; did you mean '{close[0]}'?"
    return f"; valid: {_listed(sorted(valid))}" if valid else ""


def _listed(names: list[str]) -> str:
    """Return as many of the names as a line has room for, and how many there are besides."""
    shown = list(names)
    while len(", ".join(shown)) > LONGEST_LIST:
        shown.pop()
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


class Spec(BaseModel):
    """A declaration read from a preset: types must match, unknown keys and NaN are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _name_the_nearest_key(cls, values: Any) -> Any:
        if isinstance(values, dict):
            for key in values:
                if key not in cls.model_fields:
                    raise ValueError(f"unknown key '{key}'{nearest(str(key), list(cls.model_fields))}")
        return values

    @model_validator(mode="after")
    def _whole_numbers_fit(self) -> Self:
        for name, value in self:
            if isinstance(value, int) and abs(value) > LARGEST_COUNT:
                raise ValueError(f"{name}: a whole number is at most 2^53")
        return self


def knob(
    default: Any = ...,
    *,
    help: str,  # noqa: A002  (the word users know it by)
    live: bool = False,
    strict: bool | None = None,
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
    lt: float | None = None,
    pattern: str | None = None,
) -> Any:
    """Declare one parameter of a spec: its default, bounds, one line of help, and whether it is live.

    A live parameter may change while the run goes on; the others need a restart.
    """
    return Field(
        default,
        description=help,
        strict=strict,
        ge=ge,
        gt=gt,
        le=le,
        lt=lt,
        pattern=pattern,
        json_schema_extra={"live": live},
    )


@dataclass(frozen=True)
class Parameter:
    """What the command line, the parameter panel, the help and the docs need to know of one parameter."""

    name: str
    type: Any
    default: Any
    required: bool
    help: str
    live: bool
    bounds: str  # e.g. "> 0, <= 1"; empty when unbounded
    names: tuple[str, ...] = ()  # those it may have, where it is one of a registry


def parameters(spec: type[Spec]) -> list[Parameter]:
    """List the parameters that a spec declares, in order, leaving out its `name`."""
    found = []
    for name, field in spec.model_fields.items():
        extra = field.json_schema_extra
        if name == "name" or not isinstance(extra, dict):
            continue
        required = field.default is PydanticUndefined
        found.append(
            Parameter(
                name=name,
                type=field.annotation,
                default=None if required else field.default,
                required=required,
                help=shortened(printable(field.description or ""), LONGEST_HELP),
                live=bool(extra.get("live")),
                bounds=_bounds(field.metadata),
                names=tuple(next((one for one in field.metadata if isinstance(one, Mapping)), ())),
            )
        )
    return found


def _bounds(metadata: list[Any]) -> str:
    signs = {Ge: (">=", "ge"), Gt: (">", "gt"), Le: ("<=", "le"), Lt: ("<", "lt")}
    parts = []
    for constraint in metadata:
        if type(constraint) in signs:
            sign, attribute = signs[type(constraint)]
            parts.append(f"{sign} {getattr(constraint, attribute)}")
    return ", ".join(parts)
