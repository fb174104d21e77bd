"""Arms that stop for want of memory while others, on other devices, go on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from grok_tui.engine.arm.arm import Arm
from grok_tui.engine.arm.state import ArmState
from grok_tui.engine.record.arrays import Arrays

from .memory import in_a_line, out_of_memory


class Halted:
    """The arms of a run that stopped, and the states that stand for those that did within a step.

    Args:
        possible: whether arms stop alone, as on several devices; on one, want of memory ends the run.

    Attributes:
        why: by arm, in one line.
    """

    def __init__(self, possible: bool) -> None:
        self.why: dict[str, str] = {}
        self._possible = possible
        self._held: dict[str, tuple[ArmState, Arrays]] = {}

    @contextmanager
    def halting(self, arm: Arm) -> Iterator[None]:
        """Stop an arm that finds no memory.

        Raises:
            RuntimeError: anything else went wrong, or arms do not stop alone.
        """
        try:
            yield
        except RuntimeError as error:
            if not self._possible or not out_of_memory(error):
                raise
            self.why[arm.name] = f"arm '{arm.name}' stopped at step {arm.step}: {in_a_line(error)}"

    def halts(self, name: str, sources: Callable[[str], Iterable[str]]) -> bool:
        """Whether an arm stopped, or waits for one that did.

        sources: tells what an arm waits for.
        """
        if not self.why:
            return False
        return name in self.why or any(self.halts(source, sources) for source in sources(name))

    def take_up(self, arm: Arm) -> None:
        """Let an arm go on, or begin, from what it is now."""
        self.why.pop(arm.name, None)
        self._held.pop(arm.name, None)
        if self._possible:
            self.state_of(arm)

    def state_of(self, arm: Arm) -> tuple[ArmState, Arrays]:
        """Return what an arm has become; if it stopped within a step, what it was when last asked."""
        if arm.whole and not self._possible:
            return arm.export_state()
        if arm.whole:
            self._held[arm.name] = arm.export_state()
        return self._held[arm.name] if arm.name in self._held else arm.export_state()

    def whole(self, arms: Iterable[Arm]) -> bool:
        """Whether the states of these arms are those of whole steps."""
        return all(arm.whole or arm.name in self._held for arm in arms)

    def behind(self, arms: Iterable[Arm]) -> dict[str, ArmState]:
        """Return the states that stand for arms that stopped within a step."""
        return {arm.name: self._held[arm.name][0] for arm in arms if not arm.whole and arm.name in self._held}
