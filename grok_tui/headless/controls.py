"""Judges the claims of a run under their controls, training anew where a control is another setting."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from grok_tui.engine.record.controls import holds_shuffled, judge_control
from grok_tui.frontend.report import ClaimReport
from grok_tui.frontend.reporting import control_report

if TYPE_CHECKING:
    from grok_tui.engine.record.verdicts import Recorded
    from grok_tui.engine.run.run import Run
    from grok_tui.options import RunOptions
    from grok_tui.presets import Claim, Preset


class Controls:
    """What a run is judged under besides its own claims.

    Args:
        options: what the run is asked for with.
        name: the preset's name or path, or its tables.
        preset: what was loaded of it.

    Raises:
        PresetError: a control sets what cannot be set.
    """

    def __init__(self, options: RunOptions, name: str | Mapping[str, Any], preset: Preset) -> None:
        self._options = options
        with_it: dict[tuple[str, ...], list[Claim]] = {}
        for claim in preset.claims:
            if claim.control is not None and claim.control.set:
                with_it.setdefault(tuple(claim.control.set), []).append(claim)
        self._presets = {
            settings: needed(_laid_over(options, settings).load(name), claims)
            for settings, claims in with_it.items()
        }

    def added(
        self,
        run: Run,
        claims: Sequence[ClaimReport],
        stopped: Callable[[], bool],
        say: Callable[[str], None],
    ) -> list[ClaimReport]:
        """Return the claims of a run, each with what came of its control and of shuffling its arms.

        Args:
            run: trained to its end.
            claims: what is said of them so far.
            stopped: whether to train no further; what then lacks its end is undecided.
            say: tells what is being trained.
        """
        trained = {settings: self._trained(settings, stopped, say) for settings in self._presets}
        found = []
        for claim, report in zip(run.preset.claims, claims, strict=True):
            settings = tuple(claim.control.set) if claim.control is not None else ()
            arms: Mapping[str, Recorded] = trained[settings] if settings else run.arms
            judged = judge_control(claim, arms, len(run.preset.seeds))
            held = report.verdict == "reproduced"
            changes = {
                "control": None if judged is None else control_report(judged),
                "shuffled": holds_shuffled(claim, run.arms) if held else None,
            }
            found.append(report.model_copy(update=changes))
        return found

    def _trained(
        self, settings: tuple[str, ...], stopped: Callable[[], bool], say: Callable[[str], None]
    ) -> Mapping[str, Recorded]:
        """Train the arms that the claims need whose control these settings are."""
        from grok_tui.engine.run.run import Run

        say(f"control: {', '.join(settings)}")
        other = Run(self._presets[settings], self._options.device, self._options.threads)
        while not other.finished and not stopped():
            other.advance()
        return other.arms


def _laid_over(options: RunOptions, settings: tuple[str, ...]) -> RunOptions:
    return replace(options, assignments=(*options.assignments, *settings))


def needed(preset: Preset, claims: Sequence[Claim]) -> Preset:
    """Return a preset with the arms that some claims speak of, those that these wait for, and no others."""
    names = {name for claim in claims for name in claim.condition.arms()}
    awaited = (done.awaited for done in preset.interventions if done.arm in names)
    names |= {found[0] for found in awaited if found is not None}
    return preset.model_copy(
        update={
            "arms": [arm for arm in preset.arms if arm.name in names],
            "interventions": [done for done in preset.interventions if done.arm in names],
            "claims": list(claims),
        }
    )
