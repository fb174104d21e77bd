"""A registry: every name of one kind, with its entry; presets, checkpoints and messages are checked by it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any, Generic, TypeVar

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from .base import Spec, nearest
from .entry import Entry
from .origin import Origin
from .plugins import PluginError, load, offered, origin_of, told

S = TypeVar("S", bound=Spec)


class Registry(Mapping[str, Entry[S]], Generic[S]):
    """The entries of one kind by name, those that ship first.

    As an annotation, `Annotated[Base, registry]`, it makes pydantic look a table's name up here and check the
    table against that entry's spec. Iterating gives names and imports nothing; an entry of a plugin is
    imported when it is asked for.

    Args:
        kind: what an entry is, for messages: "optimizer".
        base: the class that all specs of the kind derive from.
        entries: those that ship with grok-tui.
        plugins: the group of entry points whose entries belong here; "" where there are none.
    """

    def __init__(self, kind: str, base: type[S], *entries: Entry[S], plugins: str = "") -> None:
        self.kind, self.base, self.group = kind, base, plugins
        self.shipped: dict[str, Entry[S]] = {entry.name: entry for entry in entries}
        self._added: dict[str, Entry[S]] = {}
        self._imported: dict[str, Entry[S]] = {}
        self._broken: dict[Any, str] = {}

    @property
    def _key(self) -> str:
        """The field that holds the name: one for all entries of a kind."""
        return next(iter(self.shipped.values())).key

    @property
    def _offered(self) -> Mapping[str, Any]:
        return offered(self.group) if self.group else {}

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys((*self.shipped, *self._added, *self._offered)))

    def __len__(self) -> int:
        return len(list(iter(self)))

    def __contains__(self, name: object) -> bool:
        return name in self.shipped or name in self._added or name in self._offered

    def __getitem__(self, name: str) -> Entry[S]:
        """Return the entry of a name.

        Raises:
            KeyError: there is none.
            PluginError: it is a plugin's, which cannot be loaded, or names something else.
        """
        offers = [origin_of(point) for point in self._offered.get(name, ())]
        known = self.shipped.get(name) or self._added.get(name)
        if known is not None:
            if offers:
                own = str(known.origin) if known.origin else "grok-tui"
                raise PluginError(
                    f"two {self.kind}s are named '{name}': of {' and of '.join([own, *map(str, offers)])}"
                )
            return known
        if len(offers) > 1:
            raise PluginError(f"two {self.kind}s are named '{name}': of {' and of '.join(map(str, offers))}")
        if name not in self._imported:
            (point,) = self._offered[name]
            if point in self._broken:  # tried once: to try again may take as long
                raise PluginError(self._broken[point])
            try:
                self._imported[name] = self._checked(load(point), name, offers[0])
            except PluginError as error:
                self._broken[point] = str(error)
                raise
        return self._imported[name]

    @property
    def brought(self) -> list[str]:
        """The names that plugins bring, without importing any."""
        return list(dict.fromkeys((*self._added, *self._offered)))

    @property
    def loaded(self) -> list[str]:
        """The names that plugins bring, without those that cannot be loaded; `grok-tui plugins` says why."""
        found = []
        for name in self.brought:
            with suppress(PluginError):
                found.append(self[name].name)
        return found

    def add(self, entry: Entry[S]) -> None:
        """Take up an entry from a file.

        Raises:
            PluginError: there is another of its name, or it is none of this kind.
        """
        self._checked(entry, entry.name, entry.origin)
        if entry.name in self and self._added.get(entry.name, entry).origin != entry.origin:
            raise PluginError(f"{entry.origin}: there is another {self.kind} named '{entry.name}'")
        if entry.name in self.shipped:
            raise PluginError(f"{entry.origin}: grok-tui has a {self.kind} named '{entry.name}' itself")
        self._added[entry.name] = entry

    def _checked(self, found: Any, name: str, origin: Origin | None) -> Entry[S]:
        if not isinstance(found, Entry):
            raise PluginError(f"plugin {origin}: '{name}' is {type(found).__name__}, not an Entry")
        if not issubclass(found.spec, self.base):
            raise PluginError(
                f"plugin {origin}: the spec of '{name}' is no {self.base.__name__},"
                f" as a {self.kind}'s must be"
            )
        if found.name != name:
            raise PluginError(f"plugin {origin}: '{name}' calls itself '{found.name}' in its spec")
        return replace(found, origin=origin)

    def spec(self, name: str, **parameters: object) -> S:
        """Return the spec of a name, with parameters other than the usual ones.

        Raises:
            KeyError, PluginError: as when its entry is asked for.
            ValidationError: it has no such parameter, or a value is out of bounds.
        """
        entry = self[name]
        return entry.spec.model_validate({entry.key: name, **parameters})

    def implementation(self, name: str) -> Callable[..., Any]:
        """Import and return what makes a thing of this name.

        Raises:
            KeyError: there is none.
            PluginError: a plugin's cannot be imported.
        """
        entry = self[name]
        try:
            return entry.load()
        except Exception as error:
            if entry.origin is None:
                raise
            raise PluginError(f"plugin {entry.origin}: '{name}' cannot be loaded: {told(error)}") from error

    def made(self, name: str, *given: Any, check: Callable[[Any], None]) -> Any:
        """Return what the implementation makes of what it is given.

        Args:
            name: of the entry.
            given: what the implementation is called with.
            check: raises ContractError unless what was made is as it must be; asked of plugins alone.

        Raises:
            KeyError: there is no such entry.
            PluginError: a plugin's cannot be imported, raises, or makes something that `check` refuses.
        """
        make = self.implementation(name)
        if self[name].origin is None:
            return make(*given)
        with self._blamed(name):
            found = make(*given)
            check(found)
        return found

    def asked(self, name: str, contract: Callable[[], None]) -> None:
        """Ask of a plugin's thing, and of no other, that it keeps a contract.

        Raises:
            PluginError: the contract raises.
        """
        if self[name].origin is not None:
            with self._blamed(name):
                contract()

    @contextmanager
    def _blamed(self, name: str) -> Iterator[None]:
        """Name the plugin in what is raised."""
        try:
            yield
        except Exception as error:
            raise PluginError(f"plugin {self[name].origin}: {self.kind} '{name}': {told(error)}") from error

    def unknown(self, name: str) -> str:
        """Return what is wrong with a name that no entry has, and the nearest that one has."""
        return f"unknown {self.kind} '{name}'{nearest(name, list(self))}"

    def validate(self, given: object) -> S:
        """Return the spec that a table says.

        Raises:
            PydanticCustomError, ValidationError, PluginError: it says none; pydantic makes one error of them.
        """
        if isinstance(given, self.base):
            return given
        if not isinstance(given, Mapping):
            raise PydanticCustomError("dict_type", "Input should be a table")
        key = self._key
        name = given.get(key)
        if not isinstance(name, str):
            raise PydanticCustomError("name_missing", "{key} is missing", {"key": key})
        if name not in self:
            near = nearest(name, list(self))
            raise PydanticCustomError(
                "name_unknown", "unknown {key} '{name}'{near}", {"key": key, "name": name, "near": near}
            )
        return self[name].spec.model_validate(dict(given))

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Check by looking the name up; write what the spec itself writes."""
        return core_schema.no_info_plain_validator_function(
            self.validate, serialization=core_schema.simple_ser_schema("any")
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """A table with a name; what else it has depends on the name."""
        return {
            "type": "object",
            "properties": {self._key: {"type": "string"}},
            "required": [self._key],
        }


def by_name(given: object) -> object:
    """Return the table that a name alone stands for."""
    return {"name": given} if isinstance(given, str) else given
