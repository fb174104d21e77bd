"""When the claims of a run that goes on are judged."""

from __future__ import annotations

import time
from collections.abc import Mapping

from grok_tui.presets import Preset

from .verdicts import JudgedClaim, Recorded, judge

# While it trains, claims are looked at no more often, and judging takes no larger share of the time.
JUDGE_SECONDS = 0.5
JUDGE_SHARE = 0.01


class Judging:
    """The verdicts on a run that goes on, looked at now and then and when there is something new.

    Attributes:
        claims: as they were last judged.
    """

    def __init__(self) -> None:
        self.claims: tuple[JudgedClaim, ...] = ()
        self._seen: object = None
        self._due = 0.0

    def look(self, preset: Preset, arms: Mapping[str, Recorded], epoch: int, settled: bool) -> None:
        """Judge all claims if it is time to.

        Args:
            preset: whose claims they are.
            arms: by name.
            epoch: as of `Snapshot`.
            settled: whether nothing is being trained, so that it is always time.
        """
        began = time.monotonic()
        if not settled and began < self._due:
            return
        seen = (
            epoch,
            *(
                (arm.history.version, len(arm.history.events), arm.complete, len(arm.looked_back))
                for arm in arms.values()
            ),
        )
        if seen != self._seen:
            self.claims = tuple(judge(claim, arms, len(preset.seeds)) for claim in preset.claims)
            self._seen = seen
        ended = time.monotonic()
        self._due = ended + max(JUDGE_SECONDS, (ended - began) / JUDGE_SHARE)
