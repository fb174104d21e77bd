"""A registry: every name of one kind, with its entry; presets, checkpoints and messages are checked by it."""

from __future__ import annotations

import json
import keyword
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from typing import Any, Generic, TypeVar

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationError
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from ..interrupts import Stopped
from ..printable import printable, shortened
from .base import Spec, nearest
from .entry import Entry
from .origin import Origin
from .plugins import (
    PATIENCE_WITH_TORCH,
    ContractError,
    PluginError,
    in_time,
    load,
    offered,
    origin_of,
    require,
    told,
)

S = TypeVar("S", bound=Spec)

NAME = re.compile(r"[a-z][a-z0-9_]*")
LONGEST_NAME = 64


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
        contract: raises unless a spec is as it must be; asked of those of plugins alone.
    """

    def __init__(
        self,
        kind: str,
        base: type[S],
        *entries: Entry[S],
        plugins: str = "",
        contract: Callable[[S], None] | None = None,
    ) -> None:
        self.kind, self.base, self.group = kind, base, plugins
        self._contract = contract
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
        return {name: points for name, points in self._points.items() if is_name(name)}

    @property
    def _points(self) -> Mapping[str, Any]:
        return offered(self.group) if self.group else {}

    @property
    def misnamed(self) -> list[str]:
        """What is wrong with the names of entry points that cannot be looked up, in a line each."""
        points = (point for name in self._points if not is_name(name) for point in self._points[name])
        return [f"plugin {origin_of(point)}: {self.kind} {_no_name(point.name)}" for point in points]

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
    def taken_up(self) -> list[Entry[S]]:
        """The entries of plugins that are loaded so far."""
        return [*self._added.values(), *self._imported.values()]

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
        name = self._checked(entry, None, entry.origin).name
        if name in self.shipped:
            raise PluginError(f"plugin {entry.origin}: grok-tui has a {self.kind} named '{name}' itself")
        if name in self and self._added.get(name, entry).origin != entry.origin:
            raise PluginError(f"plugin {entry.origin}: there is another {self.kind} named '{name}'")
        self._added[name] = entry

    def vet(self, entry: Any, **parameters: object) -> S:
        """Ask of an entry what is asked of those of plugins; return its spec with these parameters.

        Raises:
            PluginError, ContractError: it is none that a plugin may bring.
            ValidationError: it has no such parameter, or a value is out of bounds.
        """
        shipped = isinstance(entry, Entry) and any(entry is one for one in self.shipped.values())
        checked = entry if shipped else self._checked(entry, None, Origin(distribution="?"))
        spec: S = checked.spec.model_validate({checked.key: checked.name, **parameters})
        self._ask(spec)
        return spec

    def _checked(self, found: Any, name: str | None, origin: Origin | None) -> Entry[S]:
        """Return an entry with its origin.

        Args:
            found: what a plugin has where an entry belongs.
            name: what it is offered as; None where only the entry itself says that.
            origin: the plugin.

        Raises:
            PluginError: it is no entry of this kind, or has another name or one that is none.
        """
        blamed = f"plugin {origin}: {self.kind}" + (f" '{name}'" if name else "")
        with blaming(blamed):
            require(isinstance(found, Entry), f"is {type(found).__name__}, not an Entry")
            fits = isinstance(found.spec, type) and issubclass(found.spec, self.base)
            require(fits, f"its spec is no {self.base.__name__}, as a {self.kind}'s must be")
            require(found.key == self._key, f"its name stands in '{found.key}' and not in '{self._key}'")
            own = found.name
            require(isinstance(own, str) and is_name(own), _no_name(own))
            require(name in (None, own), f"it calls itself '{own}' in its spec")
        with blaming(f"plugin {origin}: {self.kind} '{own}'"):
            made = found.implementation
            where = isinstance(made, str) and all(made.partition(":"))
            require(where or callable(made), "its implementation is neither a function nor 'module:function'")
            return self._fitting(replace(found, origin=origin))

    def _fitting(self, entry: Entry[S]) -> Entry[S]:
        """Return an entry of a plugin that has all that one of its kind has.

        Raises:
            ContractError: it has not.
        """
        return entry

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
        if entry.origin is None or not isinstance(entry.implementation, str):
            return entry.load()
        key = (name, entry.implementation)
        if key not in self._broken:  # tried once: to try again may take as long
            try:
                what = f"plugin {entry.origin}: {self.kind} '{name}' ({entry.implementation})"
                return in_time(entry.load, what, PATIENCE_WITH_TORCH)
            except PluginError as error:
                self._broken[key] = str(error)
        raise PluginError(self._broken[key])

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

    def called(self, name: str, *given: Any, **settings: Any) -> Any:
        """Return what the implementation returns; a plugin that cannot be called so is named.

        What its code raises passes as it is, and `grok_tui.catalog.blame` knows whose it is.

        Raises:
            PluginError: a plugin's cannot be imported, or takes other arguments.
        """
        function = self.implementation(name)
        try:
            return function(*given, **settings)
        except TypeError as error:
            inside = error.__traceback__ is not None and error.__traceback__.tb_next is not None
            if inside or self[name].origin is None:
                raise
            raise PluginError(f"plugin {self[name].origin}: {self.kind} '{name}': {told(error)}") from error

    def asked(self, name: str, contract: Callable[[], None]) -> None:
        """Ask of a plugin's thing, and of no other, that it keeps a contract.

        Raises:
            PluginError: the contract raises.
        """
        if self[name].origin is not None:
            with self._blamed(name):
                contract()

    def _blamed(self, name: str) -> AbstractContextManager[None]:
        return blaming(f"plugin {self[name].origin}: {self.kind} '{name}'")

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
        entry = self[name]
        if entry.origin is None:
            return entry.spec.model_validate(dict(given))
        with self._blamed(name):
            try:
                spec = entry.spec.model_validate(dict(given))
            except ValidationError as error:
                wrong = error
            else:
                self._ask(spec)
                return spec
        raise wrong

    def _ask(self, spec: S) -> None:
        """Raise unless a plugin's spec can be written and read again, and is what those of its kind are."""
        try:
            spec.model_dump()
            again = type(spec).model_validate(json.loads(spec.model_dump_json()))
        except ValueError as error:
            raise ContractError(f"its spec cannot be written and read again: {told(error)}") from error
        require(again == spec, "its spec, written and read again, is another")
        if self._contract is not None:
            self._contract(spec)

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


@contextmanager
def blaming(plugin: str) -> Iterator[None]:
    """Name a plugin in what its code raises, whatever that is, so that it ends no process.

    Raises:
        PluginError: something was raised.
    """
    try:
        yield
    except (PluginError, KeyboardInterrupt, Stopped):
        raise
    except BaseException as error:
        raise PluginError(f"{plugin}: {told(error)}") from error


def is_name(text: str) -> bool:
    """Whether presets, claims and tables can have a text as a name."""
    plain = len(text) <= LONGEST_NAME and NAME.fullmatch(text) is not None
    return plain and not keyword.iskeyword(text)  # which a claim could not read


def require_names(what: str, given: object) -> None:
    """Raise ContractError unless something is a tuple of names."""
    names = isinstance(given, tuple) and all(isinstance(one, str) and is_name(one) for one in given)
    require(names, f"{what} is {given!r}, not a tuple of names")


def _no_name(text: object) -> str:
    shown = shortened(printable(str(text)), 40)
    return f"'{shown}' is no name: lower-case letters, digits and _ only, up to {LONGEST_NAME}"


def by_name(given: object) -> object:
    """Return the table that a name alone stands for."""
    return {"name": given} if isinstance(given, str) else given
