"""The part of the live screen that steers the run: what keys and knobs ask of the arms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from grok_tui.errors import PresetError
from grok_tui.frontend.asked import Asked
from grok_tui.tui.live.stage import Stage
from grok_tui.tui.live.viewing import Viewing

if TYPE_CHECKING:
    from grok_tui.catalog.interventions import AnyIntervention
    from grok_tui.catalog.optimizers import OptimizerSpec
    from grok_tui.engine.arm.status import ArmStatus
    from grok_tui.engine.run.snapshot import Snapshot
    from grok_tui.engine.worker.orders import Order
    from grok_tui.frontend.knobs import Knob
    from grok_tui.options import RunOptions
    from grok_tui.presets import Preset


class Steering:
    """What is asked of the run.

    Attributes:
        selected: the name of the arm that knobs and interventions go to.
        asked: what is on its way to the arms.
        pending: what was typed for the knobs that wait for a restart, by key.
    """

    def __init__(self, stage: Stage, viewing: Viewing) -> None:
        self._stage, self._viewing = stage, viewing
        self.selected = ""
        self.pending: dict[str, str] = {}
        self.asked = Asked()
        self._changes: list[tuple[Knob, object]] = []
        self._used: dict[str, dict[str, OptimizerSpec]] = {}
        self._knobs: tuple[object, Preset | None, list[Knob]] = (None, None, [])

    @property
    def arm(self) -> ArmStatus | None:
        """The selected arm as it stands."""
        snapshot = self._stage.explorer.snapshot
        return self.arm_of(snapshot) if snapshot is not None else None

    def arm_of(self, snapshot: Snapshot) -> ArmStatus | None:
        """Return the selected arm, or the first, of a run."""
        arms = snapshot.arms
        return next((arm for arm in arms if arm.name == self.selected), arms[0] if arms else None)

    def knobs_of(self, snapshot: Snapshot) -> list[Knob]:
        """Return the knobs of the selected arm; they change seldom."""
        from grok_tui.frontend import knobs

        arm = self.arm_of(snapshot)
        if arm is None or snapshot.preset is None:
            return []
        step = arm.step if arm.courses else 0
        key = (arm.name, arm.optimizer, arm.modifiers, arm.courses, arm.batch_size, step)
        if self._knobs[0] != key or self._knobs[1] is not snapshot.preset:
            self._knobs = (key, snapshot.preset, knobs.knobs(snapshot.preset, arm))
        return self._knobs[2]

    def note_optimizers(self, snapshot: Snapshot) -> None:
        """Remember the settings of every optimizer at work, for a switch back to it."""
        for arm in snapshot.arms:
            self._used.setdefault(arm.name, {})[arm.optimizer.name] = arm.optimizer

    def problem_of(self, knob: Knob, text: str) -> str:
        """Return what is wrong with a text typed for a knob, or nothing."""
        from grok_tui.frontend import knobs

        arm, snapshot = self.arm, self._stage.explorer.snapshot
        if arm is None or snapshot is None or snapshot.preset is None:
            return "nothing runs yet"
        return knobs.problem(knob, text, snapshot.preset, arm)

    def order(self, order: Order) -> bool:
        """Give an order to the run; return whether it still takes any, which is said if it does not."""
        source = self._stage.explorer.source
        if source is None or source.snapshot.state in ("loading", "failed", "closed"):
            self._stage.notify("the run takes no orders now", severity="warning")
            return False
        self._stage.expect()
        source.give(order)
        return True

    def intervene(self, intervention: AnyIntervention) -> None:
        """Do something to the selected arm; not while its past is looked at."""
        if self._in_the_past():
            return
        from grok_tui.engine.worker.orders import Intervene

        arm = self.arm
        if self.order(Intervene(intervention=intervention)) and arm is not None:
            self.asked.add(arm, intervention)

    def _in_the_past(self) -> bool:
        """Whether the past is looked at, to which nothing can be done; then say so."""
        past = self._viewing.cursor is not None
        if past:
            self._stage.notify("this is the past: Enter goes on from here, f forks it, Esc returns to now")
        return past

    def toggle(self) -> None:
        """Pause or go on."""
        from grok_tui.engine.worker.orders import GoOn, Pause

        snapshot = self._stage.explorer.snapshot
        self.order(Pause() if snapshot is not None and snapshot.state == "running" else GoOn())

    def step(self) -> None:
        """Take one step of every arm."""
        from grok_tui.engine.worker.orders import Step

        self.order(Step())

    def slower(self) -> None:
        """Hold every arm to fewer steps a second."""
        from grok_tui.frontend import orders

        snapshot = self._stage.explorer.snapshot
        if snapshot is not None and snapshot.arms:
            measured = snapshot.steps_per_second / len(snapshot.arms)
            self.set_pace(orders.slower(snapshot.pace, measured))

    def faster(self) -> None:
        """Let every arm take more steps a second."""
        from grok_tui.frontend import orders

        snapshot = self._stage.explorer.snapshot
        if snapshot is not None:
            self.set_pace(orders.faster(snapshot.pace))

    def set_pace(self, pace: float | None) -> None:
        """Hold every arm to so many steps a second, or to none for full speed."""
        from grok_tui.engine.worker.orders import SetPace

        self.order(SetPace(pace=pace))
        self._stage.notify("full speed" if pace is None else f"{pace:g} steps a second", timeout=2)

    def restart(self) -> None:
        """Begin anew from the same initialization."""
        self._restart(self._changed_options(self._stage.explorer.options))

    def reseed(self) -> None:
        """Begin anew from another seed."""
        from grok_tui.frontend import orders

        snapshot = self._stage.explorer.snapshot
        if snapshot is not None and snapshot.preset is not None:
            self._restart(
                orders.reseeded(self._changed_options(self._stage.explorer.options), snapshot.preset)
            )

    def restart_as_set(self) -> None:
        """Begin anew from the same initialization with the optimizers as they stand."""
        from grok_tui.frontend import knobs, orders

        snapshot = self._stage.explorer.snapshot
        if snapshot is not None and snapshot.preset is not None:
            texts = orders.as_set(snapshot.preset, snapshot.arms)
            self._restart(knobs.with_assignments(self._changed_options(self._stage.explorer.options), texts))

    def _changed_options(self, options: RunOptions) -> RunOptions:
        """Return the options with the knobs that waited for a restart."""
        from grok_tui.frontend import knobs

        snapshot = self._stage.explorer.snapshot
        for knob, value in self._changes if snapshot is not None else ():
            assert snapshot is not None
            if snapshot.preset is not None:
                options = knobs.with_value(options, knob, value, snapshot.preset)
        return options

    def _restart(self, options: RunOptions) -> None:
        from grok_tui.engine.worker.orders import GoOn, Restart

        app = self._stage.explorer
        source = app.source
        if source is None or app.preset_name is None:
            return
        try:
            preset = app.preset_of(options)
        except PresetError as error:
            self._stage.notify(str(error), severity="error", timeout=10, markup=False)
            return
        self.pending.clear()
        self._changes.clear()
        self._used.clear()
        self.asked.clear()
        if source.snapshot.state in ("failed", "closed"):
            app.begin_again(options)
            return
        app.options = options
        self._stage.expect()
        source.give(Restart(preset=preset))
        if source.snapshot.state != "running":
            source.give(GoOn())

    def swap(self) -> None:
        """Go on with SGD instead of AdamW, or the other way round."""
        from grok_tui.frontend import orders

        arm, snapshot = self.arm, self._stage.explorer.snapshot
        if arm is not None and snapshot is not None and snapshot.preset is not None:
            used = self._used.get(arm.name, {})
            arm = self.asked.ahead(arm)
            self.intervene(
                orders.swapped(arm, snapshot.preset, used, self._stage.explorer.settings.switch_state)
            )

    def choose(self) -> None:
        """Go on with any optimizer."""
        from grok_tui.frontend import orders
        from grok_tui.tui.sheets.optimizer import OptimizerScreen

        arm = self.arm
        if arm is None:
            return

        def take(spec: OptimizerSpec | None) -> None:
            now = self.arm
            if spec is not None and now is not None:
                self.intervene(orders.switched(now, spec, self._stage.explorer.settings.switch_state))

        self._stage.app.push_screen(OptimizerScreen(arm.at(arm.step).optimizer), take)

    def change_data_or_weights(self) -> None:
        """Do something to data or weights of the selected arm, chosen in a sheet."""
        from grok_tui.tui.sheets.doings import DoingsScreen

        arm, snapshot = self.arm, self._stage.explorer.snapshot
        if arm is None or snapshot is None or snapshot.preset is None or self._in_the_past():
            return
        task = next(spec.task for spec in snapshot.preset.arms if spec.name == arm.name)

        def take(one: AnyIntervention | None) -> None:
            if one is not None:
                self.intervene(one)

        screen = DoingsScreen(self.asked.ahead(arm), task, len(snapshot.preset.seeds))
        self._stage.app.push_screen(screen, take)

    def nudge(self, hyperparameter: Literal["lr", "weight_decay"], direction: int) -> None:
        """Raise (1) or lower (-1) a hyperparameter by a quarter of a decade."""
        from grok_tui.frontend import orders

        arm = self.arm
        if arm is not None:
            self.intervene(orders.nudged(self.asked.ahead(arm), hyperparameter, direction))

    def reset(self) -> None:
        """Forget the optimizer's state."""
        from grok_tui.frontend import orders

        if self.arm is not None:
            self.intervene(orders.reset(self.arm))

    def jump(self) -> None:
        """Displace the weights at random."""
        from grok_tui.frontend import orders

        if self.arm is not None:
            self.intervene(orders.jump(self.arm))

    def jump_ahead(self) -> None:
        """Displace the weights at random, as far as the next steps would."""
        from grok_tui.frontend import orders

        if self.arm is not None:
            self.intervene(orders.jump_ahead(self.arm))

    def keep_state(self) -> None:
        """Swap whether a switch back takes up the old state or begins with fresh state."""
        settings = self._stage.explorer.settings
        settings.switch_state = "fresh" if settings.switch_state == "kept" else "kept"
        self._stage.explorer.keep_settings()
        self._stage.notify(f"switching takes {settings.switch_state} optimizer state")

    def move_arm(self, by: int) -> None:
        """Select the next arm, or the previous one."""
        snapshot = self._stage.explorer.snapshot
        names = [arm.name for arm in snapshot.arms] if snapshot is not None else []
        if names:
            place = names.index(self.selected) if self.selected in names else 0
            self.select(names[(place + by) % len(names)])

    def select(self, name: str) -> None:
        """Let knobs and interventions go to another arm."""
        self.selected = name
        self._stage.hasten()

    def change(self, knob: Knob, text: str) -> None:
        """Change a parameter: at once where it is live, else with the next restart."""
        from grok_tui.frontend import knobs, orders

        arm = self.arm
        if arm is None:
            return
        value = knobs.parsed(knob, text)
        if knob.live:
            follows = knob.follows and isinstance(value, tuple)
            self.intervene((orders.followed if follows else orders.changed)(arm, knob.name, value))
            return
        self._changes = [(other, old) for other, old in self._changes if other.key != knob.key]
        self.pending.pop(knob.key, None)
        if text != knob.text:
            self._changes.append((knob, value))
            self.pending[knob.key] = text
            self._stage.notify("r restarts with it", timeout=3)
        self._stage.hasten()
