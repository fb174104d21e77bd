"""Replay a kept run without a screen and say whether it came out the same."""

from __future__ import annotations

import json

from rich.text import Text

from grok_tui.engine.run.place import Place
from grok_tui.errors import ExitCode
from grok_tui.numbers import grouped, plural
from grok_tui.output import complain, print_result, write_json

from .progress import narration
from .run import standing
from .tables import BAD, GOOD, PlainTable


def replay_headless(reference: str, device: str | None, as_json: bool) -> int:
    """Replay a run, print each comparison, and return 0 if all bits are the same and 1 if not.

    With nothing to compare it is 2.

    Raises:
        GrokTuiError: there is no such run, or it cannot be read.
    """
    from grok_tui.engine.store.library import find_run

    directory = find_run(reference)
    teller = narration(directory.describe().label)
    with teller:
        from grok_tui.engine.store.replay import Replay

        replay = Replay(directory, complain, Place(device=device))
        for line in replay.unlike:
            teller.say(line)
        compared = list(replay.compare(lambda run: teller.show(standing(run)) if teller.due() else None))
    different = [c for c in compared if c.difference]
    if as_json:
        document = {
            "run": directory.name,
            "identical": bool(compared) and not different,
            "unlike": replay.unlike,
            "compared": [
                {"arm": c.arm, "step": c.step, "difference": c.difference or None} for c in compared
            ],
        }
        write_json(json.dumps(document, indent=2) + "\n")
    else:
        table = PlainTable()
        table.add_column("arm", style="bold")
        table.add_column("step", justify="right")
        table.add_column("replayed")
        for c in compared:
            verdict = Text(c.difference or "identical", style=BAD if c.difference else GOOD)
            table.add_row(c.arm, grouped(c.step), verdict)
        print_result(table)
    if not compared:
        complain("no whole checkpoint to compare with")
        return ExitCode.USAGE
    if different:
        complain(f"{len(different)} of {plural(len(compared), 'comparison')} differ")
        return ExitCode.NOT_AS_EXPECTED
    return ExitCode.AS_EXPECTED
