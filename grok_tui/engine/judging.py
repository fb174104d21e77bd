"""When the claims of a run that goes on are judged."""

from __future__ import annotations

import time
from collections.abc import Mapping

from grok_tui.presets import Preset

from .verdicts import JudgedClaim, Recorded, judge

JUDGE_SECONDS = 0.5  # between two looks while it trains


class Judging:
    """The verdicts on a run that goes on, looked at now and then and when there is something new.

    Attributes:
        claims: as they were last judged.
    """

    def __init__(self) -> None:
        self.claims: tuple[JudgedClaim, ...] = ()
        self._seen: object = None
        self._at = 0.0

    def look(self, preset: Preset, arms: Mapping[str, Recorded], epoch: int, settled: bool) -> None:
        """Judge all claims if it is time to.

        Args:
            preset: whose claims they are.
            arms: by name.
            epoch: as of `Snapshot`.
            settled: whether nothing is being trained, so that it is always time.
        """
        if not settled and time.monotonic() - self._at < JUDGE_SECONDS:
            return
        seen = (
            epoch,
            *((arm.history.version, len(arm.history.events), arm.complete) for arm in arms.values()),
        )
        if seen != self._seen:
            self.claims = tuple(judge(claim, arms, len(preset.seeds)) for claim in preset.claims)
            self._seen = seen
        self._at = time.monotonic()
