"""Every row of the action table names what carries it out, and one row is all there is to a key."""

from __future__ import annotations

import inspect

import pytest

from grok_tui.options import RunOptions
from grok_tui.tui.app import make_app
from grok_tui.tui.browser.screen import BrowserScreen
from grok_tui.tui.keys import ACTIONS
from grok_tui.tui.live.claims import Claims
from grok_tui.tui.live.log import Log
from grok_tui.tui.live.parameters import Parameters
from grok_tui.tui.live.screen import LiveScreen

PANES = {"parameters": Parameters, "claims": Claims, "event_log": Log}
"""Those properties of the live screen that need a screen that stands."""


@pytest.fixture(scope="module")
def holders():
    app = make_app(None, RunOptions())
    return {"app": app, "live": LiveScreen(), "browser": BrowserScreen(RunOptions())}


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.id)
def test_what_a_row_names_is_there_and_takes_what_it_is_given(action, holders):
    found = holders[action.scope]
    first, *rest = action.do.split(".")
    if first in PANES and rest:
        method = getattr(PANES[first], rest[0])
        inspect.signature(method).bind(None, *action.given)
        return
    for name in (first, *rest):
        found = getattr(found, name)
    inspect.signature(found).bind(*action.given)


@pytest.mark.parametrize(
    "action", [action for action in ACTIONS if action.when], ids=lambda action: action.id
)
def test_what_a_row_waits_for_is_there(action, holders):
    found = holders[action.scope]
    for name in action.when.split("."):
        found = getattr(found, name)
    assert found is False
