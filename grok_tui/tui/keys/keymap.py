"""The keys that a user gave to actions: what holds now, and what is wrong with a keymap."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from grok_tui.catalog.base import nearest
from grok_tui.tui.keys import BY_ID, NAMES, Action

FULL_NAMES = {short: full for full, short in NAMES.items()}


def keys_of(action: Action, keymap: Mapping[str, str]) -> tuple[str, ...]:
    """Return the keys that call an action, by Textual's names: the user's in place of the default ones."""
    if action.id in keymap:
        return (*split(keymap[action.id]), *action.local)
    return (*action.keys, *action.local)


def split(keys: str) -> list[str]:
    """Return the keys of a comma-separated list by Textual's names: "?,f1" has question_mark and f1."""
    return [FULL_NAMES.get(key.strip(), key.strip()) for key in keys.split(",")]


def wrong_keys(keymap: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the actions of a keymap that do not exist or would take another action's key, and why."""
    taken: dict[tuple[str, str], str] = {}
    for action in BY_ID.values():
        for key in action.keys if action.id not in keymap else ():
            taken[action.scope, key] = action.id
    for identity, keys in keymap.items():
        if identity not in BY_ID:
            yield identity, f"unknown action{nearest(identity, list(BY_ID))}"
            continue
        scope = BY_ID[identity].scope
        scopes = ("app", "live", "browser") if scope == "app" else ("app", scope)
        holders = [taken[s, key] for key in split(keys) for s in scopes if (s, key) in taken]
        if holders:
            yield identity, f"'{keys}' is the key of {holders[0]}"
        elif not all(split(keys)):
            yield identity, f"'{keys}' is no key"
        else:
            taken.update({(scope, key): identity for key in split(keys)})
