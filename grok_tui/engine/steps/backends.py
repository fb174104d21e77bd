"""What computes the steps of an arm: the ways there are, which one is wanted, and which one it was."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Literal, cast, get_args

from pydantic import BaseModel, ConfigDict, Field

from grok_tui.errors import GrokTuiError

if TYPE_CHECKING:
    from grok_tui.engine.steps.compiled.builds import Workshop

Backend = Literal["eager", "compiled", "cuda graph"]
"""eager: kernels called one by one; compiled: native code on a CPU; cuda graph: kernels replayed on a GPU."""

CompileMode = Literal["auto", "on", "off"]

# A build takes about 25 seconds of another core, so eager steps that take less than this are not worth one.
WORTHWHILE_SECONDS = 30.0

# Code that an earlier run had compiled is loaded in milliseconds.
WORTH_LOADING_SECONDS = 1.0


class BackendSince(BaseModel):
    """From which step on a backend made the steps."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    step: Annotated[int, Field(ge=0, le=2**53)]
    backend: Backend


class BackendLog:
    """Which backend made which steps of an arm, and which one has to make those that are done again.

    Attributes:
        made: in order of steps, none twice in a row.
    """

    def __init__(self) -> None:
        self.made: list[BackendSince] = []
        self._prescribed: tuple[BackendSince, ...] = ()
        self._until = 0

    def note(self, step: int, backend: Backend) -> None:
        """Note what makes the steps after `step`."""
        if not self.made or self.made[-1].backend != backend:
            self.made.append(BackendSince(step=step, backend=backend))

    def prescribe(self, made: Sequence[BackendSince], until: int | None) -> None:
        """Have the steps up to `until`, or all if None, made by what is recorded to have made them."""
        self._prescribed = tuple(made)
        self._until = 2**53 if until is None else until

    def prescribed(self, step: int) -> Backend | None:
        """Return what has to make the step after `step`, if anything has to."""
        if step >= self._until:
            return None
        known = [since.backend for since in self._prescribed if since.step <= step]
        return known[-1] if known else None

    def stretch(self, step: int) -> int:
        """Return after how many steps what has to make them changes."""
        changes = [since.step for since in self._prescribed] + [self._until]
        return min((change - step for change in changes if change > step), default=2**53)


class Compiling:
    """How the arms of a run go about compiling; they share what is compiled.

    Args:
        mode: "auto": steps are eager until compiled ones are there; "on": none is taken before; "off": eager.
        deterministic: whether bits may not depend on when a build is ready; "auto" is then eager on a CPU.
        workshop: who compiles; one that keeps its work in the user's cache folder if None.

    Attributes:
        mode: as given.
        problems: in one line each, why steps stay eager although they should not.

    Raises:
        GrokTuiError: there is no such mode.
    """

    def __init__(
        self, mode: str = "off", deterministic: bool = True, workshop: Workshop | None = None
    ) -> None:
        if mode not in get_args(CompileMode):
            raise GrokTuiError(f"--compile: unknown mode '{mode}'; valid: {', '.join(get_args(CompileMode))}")
        self.mode: CompileMode = cast(CompileMode, mode)
        self.problems: list[str] = []
        self._deterministic = deterministic
        self._say: Callable[[str], None] | None = None
        self._workshop = workshop

    @property
    def workshop(self) -> Workshop:
        """Who compiles."""
        if self._workshop is None:
            from grok_tui.engine.steps.compiled.builds import Workshop

            self._workshop = Workshop()
        return self._workshop

    @property
    def on_cpu(self) -> CompileMode:
        """The mode on a CPU, where a build takes its time."""
        return "off" if self.mode == "auto" and self._deterministic else self.mode

    def listen(self, say: Callable[[str], None]) -> None:
        """Have problems told, those that were there already too."""
        self._say = say
        for problem in self.problems:
            say(problem)

    def say(self, line: str) -> None:
        """Say what is going on, to whoever listens."""
        if self._say is not None:
            self._say(line)

    def tell(self, problem: str) -> None:
        """Tell a problem, unless it was told before."""
        line = f"steps stay eager: {problem}"
        if line not in self.problems:
            self.problems.append(line)
            self.say(line)
