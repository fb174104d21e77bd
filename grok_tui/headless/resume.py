"""Take up a kept run again without a screen."""

from __future__ import annotations

import time

from grok_tui.engine.run.place import Place
from grok_tui.errors import GrokTuiError
from grok_tui.output import complain, require_writable

from .progress import narration
from .run import HeadlessRun, Wishes, cannot_start, carry_out


def resume_headless(reference: str, place: Place, wishes: Wishes) -> int:
    """Carry a kept run on to its end, print what came of it, and return the exit code.

    Raises:
        GrokTuiError: there is no such run, it cannot be taken up, or stdout fails.
    """
    started = time.monotonic()
    if wishes.junit_file is not None:
        require_writable(wishes.junit_file, "--junit")
    from grok_tui.engine.store.library import find_run

    directory = find_run(reference)
    document = directory.describe()
    teller = narration(document.label)
    with teller:
        from grok_tui.engine.store.store import resume

        try:
            run, store = resume(directory, complain, place)
        except GrokTuiError:
            raise
        except Exception as error:  # whatever torch raises, for instance for want of memory
            raise cannot_start(error) from error
    return carry_out(HeadlessRun(run, document.label, document.profile, store), wishes, teller, started)
