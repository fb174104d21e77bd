"""Ends a run that goes on in a process of its own. Free of torch."""

from __future__ import annotations

from grok_tui.engine.store.directory import RunDirectory, RunStatus
from grok_tui.engine.store.files import StoreError

from .address import connect
from .client import Attached


def end(directory: RunDirectory, timeout: float) -> None:
    """Have a run write its last checkpoint and end.

    timeout: seconds that this may take.

    Raises:
        StoreError: it is not running, takes no orders, takes longer, or could not write its checkpoint.
    """
    connection = connect(directory)
    run = Attached(lambda: connection)
    run.start()
    name = directory.name
    if not run.end(timeout):
        raise StoreError(
            f"run '{name}' has not ended within {timeout:g} s; it does when its steps at work are done"
        )
    state = directory.state()
    if state is RunStatus.RUNNING:
        raise StoreError(run.snapshot.failure or f"run '{name}' goes on")
    if state is RunStatus.CRASHED:
        raise StoreError(f"run '{name}' has ended, but its last checkpoint could not be written")
