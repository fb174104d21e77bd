"""One thing that a preset may name: its spec, and where it is implemented."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Generic, TypeVar, get_args

from .base import Spec
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
        """The name that presets use."""
        return str(get_args(self.spec.model_fields[self.key].annotation)[0])

    @property
    def help(self) -> str:
        """What it is, in a line: the first of the spec's docstring."""
        return (self.spec.__doc__ or "").strip().partition("\n")[0]

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
