"""Tell a run that goes on by itself what to do, and wait until it is done."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from grok_tui.engine.run.snapshot import Snapshot, State
from grok_tui.engine.worker.orders import ForkArm, GoOn, Intervene, Order, Pause, Rewind, SetPace, Step
from grok_tui.errors import GrokTuiError
from grok_tui.frontend.spoken import order_of
from grok_tui.numbers import grouped

if TYPE_CHECKING:
    from grok_tui.catalog.interventions import AnyIntervention
    from grok_tui.engine.remote.client import Attached
    from grok_tui.engine.store.directory import RunDirectory

LOOK_SECONDS = 0.01
SECONDS = 60.0  # for the steps at work, or a way back in time

T = TypeVar("T")


def tell(directory: RunDirectory, words: Sequence[str], arm: str | None, timeout: float = SECONDS) -> Told:
    """Have a run do something, and return what was done and when.

    Args:
        directory: the run's folder.
        words: what to do, see `order_of`.
        arm: the arm that is meant; None for the only one, or where it is for all.
        timeout: seconds to wait until it is done.

    Raises:
        GrokTuiError: the run takes no orders, it does not understand this one, or refuses it.
    """
    from grok_tui.engine.remote.address import connect
    from grok_tui.engine.remote.client import Attached

    run = Attached(lambda: connect(directory))
    run.start()
    try:
        deadline = time.monotonic() + timeout
        before = _seen(run, lambda now: now if now.arms and now.preset is not None else None, deadline)
        order = order_of(words, before, arm)
        run.refusals.clear()
        run.give(order)
        return _seen(run, lambda now: _done(order, before, now), deadline)
    finally:
        run.close()


Told = dict[str, Any]
"""What was done: `done` in words, and `arm` and `step`, or `steps` by arm."""


def in_words(told: Told) -> str:
    """Return what was done as a line: "adam: lr = 0.01 at step 1 250"."""
    if "arm" in told:
        return f"{told['arm']}: {told['done']} at step {grouped(told['step'])}"
    steps = ", ".join(f"{arm} at step {grouped(step)}" for arm, step in told["steps"].items())
    return f"{told['done']}: {steps}"


def _seen(run: Attached, of: Callable[[Snapshot], T | None], deadline: float) -> T:
    """Return what can be seen of a run as soon as it can.

    Raises:
        GrokTuiError: the run failed or refused something meanwhile, or it took too long.
    """
    while True:
        snapshot = run.snapshot
        found = of(snapshot)
        if found is not None:
            return found
        if run.refusals:
            raise GrokTuiError(run.refusals.popleft())
        if snapshot.state in (State.FAILED, State.CLOSED):
            raise GrokTuiError(snapshot.failure or "the run has ended")
        if time.monotonic() > deadline:
            raise GrokTuiError("not done yet; it is when the steps at work are")
        time.sleep(LOOK_SECONDS)


def _done(order: Order, before: Snapshot, now: Snapshot) -> Told | None:
    """Return what came of an order, or None as long as nothing is seen of it."""
    arms = {arm.name: arm for arm in now.arms}
    steps = {"steps": {name: arm.step for name, arm in arms.items()}}
    calm = now.state in (State.PAUSED, State.FINISHED)
    match order:
        case Intervene(intervention=asked):
            known = next(arm for arm in before.arms if arm.name == asked.arm).interventions
            done = arms[asked.arm].interventions[len(known) :] if asked.arm in arms else ()
            own = next((one for one in done if _same(one, asked)), None)
            return None if own is None else {"done": own.told(), "arm": own.arm, "step": own.at_step}
        case ForkArm(name=name):
            fork = arms.get(name)
            if fork is None:
                return None
            return {"done": f"forked from {fork.parent}", "arm": name, "step": fork.born}
        case Rewind(arm=name, step=step):
            came = calm and now.epoch != before.epoch
            return {"done": "taken back", "arm": name, "step": step} if came else None
        case Pause():
            return {"done": "paused", **steps} if calm else None
        case GoOn():
            return {"done": "going on", **steps} if now.state is State.RUNNING else None
        case Step(steps=more):
            ends = {arm.name: min(arm.step + more, arm.end) for arm in before.arms}
            came = calm and all(arms[name].step >= end for name, end in ends.items() if name in arms)
            return {"done": f"{grouped(more)} taken", **steps} if came else None
        case SetPace(pace=pace):
            return {"done": "paced", **steps} if now.pace == pace else None
    return None


def _same(one: AnyIntervention, asked: AnyIntervention) -> bool:
    return one.model_copy(update={"at_step": asked.at_step}) == asked
