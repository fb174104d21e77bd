"""The half of the live screen that steers the run: what keys and knobs ask of the arms."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, cast

from textual.screen import Screen

from grok_tui.errors import PresetError
from grok_tui.tui.asked import Asked
from grok_tui.tui.widgets.parameters import Parameters

if TYPE_CHECKING:
    from grok_tui.catalog.interventions import AnyIntervention
    from grok_tui.catalog.optimizers import OptimizerSpec
    from grok_tui.engine.snapshot import ArmStatus, Snapshot
    from grok_tui.options import RunOptions
    from grok_tui.tui.app import ExplorerApp
    from grok_tui.tui.knobs import Knob
    from grok_tui.tui.source import Source


class Steering(Screen[None]):
    """Turns keys into orders for the run.

    Attributes:
        selected: the name of the arm that knobs and interventions go to.
        asked: what is on its way to the arms.
        pending: what was typed for the knobs that wait for a restart, by key.
    """

    def __init__(self) -> None:
        super().__init__()
        self.selected = ""
        self.pending: dict[str, str] = {}
        self.asked = Asked()
        self._changes: list[tuple[Knob, object]] = []
        self._used: dict[str, dict[str, OptimizerSpec]] = {}

    @property
    def explorer(self) -> ExplorerApp:
        """The app."""
        return cast("ExplorerApp", self.app)

    def hasten(self) -> None:
        """Show at once what a key has changed about the view."""
        raise NotImplementedError

    def expect(self) -> None:
        """Show what comes of an order as soon as it is there."""
        raise NotImplementedError

    @property
    def arm(self) -> ArmStatus | None:
        """The selected arm as it stands."""
        snapshot = self.explorer.snapshot
        return self.arm_of(snapshot) if snapshot is not None else None

    def arm_of(self, snapshot: Snapshot) -> ArmStatus | None:
        """Return the selected arm, or the first, of a run."""
        arms = snapshot.arms
        return next((arm for arm in arms if arm.name == self.selected), arms[0] if arms else None)

    def note_optimizers(self, snapshot: Snapshot) -> None:
        """Remember the settings of every optimizer at work, for a switch back to it."""
        for arm in snapshot.arms:
            self._used.setdefault(arm.name, {})[arm.optimizer.name] = arm.optimizer

    def problem_of(self, knob: Knob, text: str) -> str:
        """Return what is wrong with a text typed for a knob, or nothing."""
        from grok_tui.tui import knobs

        arm, snapshot = self.arm, self.explorer.snapshot
        if arm is None or snapshot is None or snapshot.preset is None:
            return "nothing runs yet"
        return knobs.problem(knob, text, snapshot.preset, arm)

    def _order(self, give: Callable[[Source], None]) -> None:
        """Give an order to the run, if it still takes any."""
        source = self.explorer.source
        if source is None or source.snapshot.state in ("loading", "failed", "closed"):
            self.notify("the run takes no orders now", severity="warning")
            return
        self.expect()
        give(source)

    def intervene(self, intervention: AnyIntervention) -> None:
        """Do something to the selected arm."""
        arm = self.arm

        def give(source: Source) -> None:
            if arm is not None:
                self.asked.add(arm, intervention)
            source.intervene(intervention.arm, intervention)

        self._order(give)

    def action_run_toggle(self) -> None:
        """Pause or go on."""
        snapshot = self.explorer.snapshot
        if snapshot is not None and snapshot.state == "running":
            self._order(lambda source: source.pause())
        else:
            self._order(lambda source: source.resume())

    def action_run_step(self) -> None:
        """Take one step of every arm."""
        self._order(lambda source: source.step())

    def action_run_slower(self) -> None:
        """Hold every arm to fewer steps a second."""
        from grok_tui.tui import orders

        snapshot = self.explorer.snapshot
        if snapshot is not None and snapshot.arms:
            measured = snapshot.steps_per_second / len(snapshot.arms)
            self._set_pace(orders.slower(snapshot.pace, measured))

    def action_run_faster(self) -> None:
        """Let every arm take more steps a second."""
        from grok_tui.tui import orders

        snapshot = self.explorer.snapshot
        if snapshot is not None:
            self._set_pace(orders.faster(snapshot.pace))

    def action_run_full_speed(self) -> None:
        """Let every arm go as fast as it can."""
        self._set_pace(None)

    def _set_pace(self, pace: float | None) -> None:
        self._order(lambda source: source.set_pace(pace))
        self.notify("full speed" if pace is None else f"{pace:g} steps a second", timeout=2)

    def action_run_restart(self) -> None:
        """Begin anew from the same initialization."""
        self._restart(self._changed_options(self.explorer.options))

    def action_run_reseed(self) -> None:
        """Begin anew from another seed."""
        from grok_tui.tui import orders

        snapshot = self.explorer.snapshot
        if snapshot is not None and snapshot.preset is not None:
            self._restart(orders.reseeded(self._changed_options(self.explorer.options), snapshot.preset))

    def action_run_restart_as_set(self) -> None:
        """Begin anew from the same initialization with the optimizers as they stand."""
        from grok_tui.tui import knobs, orders

        snapshot = self.explorer.snapshot
        if snapshot is not None and snapshot.preset is not None:
            texts = orders.as_set(snapshot.preset, snapshot.arms)
            self._restart(knobs.with_assignments(self._changed_options(self.explorer.options), texts))

    def _changed_options(self, options: RunOptions) -> RunOptions:
        """Return the options with the knobs that waited for a restart."""
        from grok_tui.tui import knobs

        snapshot = self.explorer.snapshot
        for knob, value in self._changes if snapshot is not None else ():
            assert snapshot is not None
            if snapshot.preset is not None:
                options = knobs.with_value(options, knob, value, snapshot.preset)
        return options

    def _restart(self, options: RunOptions) -> None:
        app = self.explorer
        source = app.source
        if source is None or app.preset_name is None:
            return
        try:
            preset = app.preset_of(options)
        except PresetError as error:
            self.notify(str(error), severity="error", timeout=10, markup=False)
            return
        self.pending.clear()
        self._changes.clear()
        self._used.clear()
        self.asked.clear()
        if source.snapshot.state in ("failed", "closed"):
            app.begin_again(options)
            return
        app.options = options
        self.expect()
        source.restart(preset)
        if source.snapshot.state != "running":
            source.resume()

    def action_optimizer_swap(self) -> None:
        """Go on with SGD instead of AdamW, or the other way round."""
        from grok_tui.tui import orders

        arm, snapshot = self.arm, self.explorer.snapshot
        if arm is not None and snapshot is not None and snapshot.preset is not None:
            used = self._used.get(arm.name, {})
            arm = self.asked.ahead(arm)
            self.intervene(orders.swapped(arm, snapshot.preset, used, self.explorer.settings.switch_state))

    def action_optimizer_choose(self) -> None:
        """Go on with any optimizer."""
        from grok_tui.tui import orders
        from grok_tui.tui.screens.optimizer import OptimizerScreen

        arm = self.arm
        if arm is None:
            return

        def take(spec: OptimizerSpec | None) -> None:
            now = self.arm
            if spec is not None and now is not None:
                self.intervene(orders.switched(now, spec, self.explorer.settings.switch_state))

        self.app.push_screen(OptimizerScreen(arm.optimizer), take)

    def action_optimizer_lr_down(self) -> None:
        """Lower the learning rate."""
        self._nudge("lr", -1)

    def action_optimizer_lr_up(self) -> None:
        """Raise the learning rate."""
        self._nudge("lr", 1)

    def action_optimizer_decay_down(self) -> None:
        """Lower the weight decay."""
        self._nudge("weight_decay", -1)

    def action_optimizer_decay_up(self) -> None:
        """Raise the weight decay."""
        self._nudge("weight_decay", 1)

    def _nudge(self, hyperparameter: Literal["lr", "weight_decay"], direction: int) -> None:
        from grok_tui.tui import orders

        arm = self.arm
        if arm is not None:
            self.intervene(orders.nudged(self.asked.ahead(arm), hyperparameter, direction))

    def action_optimizer_reset(self) -> None:
        """Forget the optimizer's state."""
        from grok_tui.tui import orders

        if self.arm is not None:
            self.intervene(orders.reset(self.arm))

    def action_optimizer_jump(self) -> None:
        """Displace the weights at random."""
        from grok_tui.tui import orders

        if self.arm is not None:
            self.intervene(orders.jump(self.arm))

    def action_optimizer_jump_ahead(self) -> None:
        """Displace the weights at random, as far as the next steps would."""
        from grok_tui.tui import orders

        if self.arm is not None:
            self.intervene(orders.jump_ahead(self.arm))

    def action_optimizer_keep_state(self) -> None:
        """Swap whether a switch back takes up the old state or begins with fresh state."""
        settings = self.explorer.settings
        settings.switch_state = "fresh" if settings.switch_state == "kept" else "kept"
        self.explorer.keep_settings()
        self.notify(f"switching takes {settings.switch_state} optimizer state")

    def action_arm_next(self) -> None:
        """Select the next arm."""
        self._move_arm(1)

    def action_arm_previous(self) -> None:
        """Select the previous arm."""
        self._move_arm(-1)

    def _move_arm(self, by: int) -> None:
        snapshot = self.explorer.snapshot
        names = [arm.name for arm in snapshot.arms] if snapshot is not None else []
        if names:
            place = names.index(self.selected) if self.selected in names else 0
            self.select(names[(place + by) % len(names)])

    def select(self, name: str) -> None:
        """Let knobs and interventions go to another arm."""
        self.selected = name
        self.hasten()

    def on_parameters_arm_chosen(self, message: Parameters.ArmChosen) -> None:
        """Select the arm that was clicked."""
        self.select(message.name)

    def on_parameters_opened(self, message: Parameters.Opened) -> None:
        """Choose another optimizer."""
        message.stop()
        self.action_optimizer_choose()

    def on_parameters_edited(self, message: Parameters.Edited) -> None:
        """Change a parameter: at once where it is live, else with the next restart."""
        from grok_tui.tui import knobs, orders

        knob, arm = message.knob, self.arm
        if arm is None:
            return
        value = knobs.parsed(knob, message.text)
        if knob.live:
            self.intervene(orders.changed(arm, knob.name, value))
            return
        self._changes = [(other, old) for other, old in self._changes if other.key != knob.key]
        self.pending.pop(knob.key, None)
        if message.text != knob.text:
            self._changes.append((knob, value))
            self.pending[knob.key] = message.text
            self.notify("r restarts with it", timeout=3)
        self.hasten()
