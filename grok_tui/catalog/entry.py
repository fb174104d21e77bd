"""One thing that a preset may name: its spec, and where it is implemented."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Generic, Literal, TypeVar, get_args, get_origin

from ..printable import printable, shortened
from .base import LONGEST_HELP, Spec
from .origin import Origin

S = TypeVar("S", bound=Spec)


@dataclass(frozen=True)
class Entry(Generic[S]):
    """What a registry knows of a name.

    Attributes:
        spec: the parameters, as a pydantic model without torch; the literal of its `key` is the name.
        implementation: "module:function" of what makes it of its spec, imported when it is first used; a
            plugin in a file of its own may give the function itself.
        origin: the plugin that it comes from; None where it ships with grok-tui.
        key: the field of the spec that holds the name.
    """

    spec: type[S]
    implementation: str | Callable[..., Any]
    origin: Origin | None = None
    key: str = "name"

    @property
    def name(self) -> str:
        """The name that presets use.

        Raises:
            ValueError: the spec does not declare one name.
        """
        field = self.spec.model_fields.get(self.key)
        names = () if field is None else get_args(field.annotation)
        if field is None or get_origin(field.annotation) is not Literal or len(names) != 1:
            raise ValueError(
                f"{self.spec.__name__} does not declare its {self.key} as Literal[...] of one name"
            )
        return str(names[0])

    @property
    def help(self) -> str:
        """What it is, in a line: the first of the spec's docstring."""
        return in_a_line((self.spec.__doc__ or "").strip().partition("\n")[0])

    def load(self) -> Callable[..., Any]:
        """Import and return the implementation.

        Raises:
            ImportError, AttributeError: it is not where the entry says.
        """
        if not isinstance(self.implementation, str):
            return self.implementation
        module, _, attribute = self.implementation.partition(":")
        found: Callable[..., Any] = getattr(import_module(module), attribute)
        return found


def in_a_line(text: str) -> str:
    """Return words of help as one line that is safe to show and not too long."""
    return shortened(printable(text), LONGEST_HELP)
