"""What the explorer's tests share: a run that does as it is told, and the explorer opened on it."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

import numpy as np
from textual.pilot import Pilot
from vectors import latest

from grok_tui.catalog.families import COORDINATES, GENERAL
from grok_tui.catalog.interventions import Jump
from grok_tui.catalog.measures import MEASURES as REGISTRY
from grok_tui.catalog.measures import shipped
from grok_tui.catalog.modifiers import Modifiers
from grok_tui.charts.draw import draw
from grok_tui.engine.arm.status import ArmStatus
from grok_tui.engine.record.history import Event, History
from grok_tui.engine.record.looked_back import LookedBack
from grok_tui.engine.record.vectors import Axis, VectorHistory
from grok_tui.engine.record.verdicts import judge
from grok_tui.engine.run.snapshot import Snapshot, State
from grok_tui.engine.worker import orders as ask
from grok_tui.options import RunOptions
from grok_tui.presets import Preset
from grok_tui.tui.app import ExplorerApp, make_app
from grok_tui.tui.live.screen import LiveScreen

PRESET = """
title = "Two arms"
summary = "SGD and AdamW on ten samples."
sources = ["a test"]

[view]
charts = ["accuracy", "loss", "weights", "norms"]

[task]
name = "linear101"
samples = 10

[model]
name = "linear"

[training]
steps = 2000
loss = "mse"

[[arms]]
name = "sgd"
optimizer = { name = "sgd", lr = 0.1 }

[[arms]]
name = "adamw"
optimizer = { name = "adamw", lr = 1e-3 }

[[claims]]
says = "SGD puts most of the weight on the bias"
holds = "end(sgd.bias) > 0.8"
origin = "a test"

[[claims]]
says = "AdamW groks as well"
holds = "first_step(adamw.grok) > 0"
origin = "a test"
retracted = "it does not"
expected = "not reproduced"
because = "each coordinate moves at the same speed"
"""
INTERPOLATING = """
title = "Adam interpolates"
summary = "Adam on the 101 weights until it interpolates; then forked by hand."
sources = ["the documentation"]

[task]
name = "linear101"

[model]
name = "linear"

[training]
steps = 3000
loss = "mse"

[[arms]]
name = "adam"
optimizer = { name = "adam", lr = 1e-3 }
"""
_FAMILIES = (*shipped(GENERAL), *shipped(COORDINATES))
MEASURES = (*(name for name in _FAMILIES if not REGISTRY[name].costly), "bias")
PATIENCE = 1000  # looks of 20 ms, as a machine may be busy


@dataclass
class FakeArm:
    """An arm whose curves are known in closed form."""

    status: ArmStatus
    end: int
    complete: bool = False
    speed: float = 30.0

    @property
    def history(self) -> History:
        return self.status.history

    @property
    def looked_back(self) -> LookedBack:
        return self.status.looked_back

    def record(self, step: int) -> None:
        bias = 1 - np.exp(-step / self.speed)
        memorizer = (1 - bias) * 0.1
        values = {
            **dict.fromkeys(MEASURES, 0.0),
            "train_loss": 0.5 * np.exp(-step / 20),
            "val_loss": (1 - bias) ** 2,
            "train_accuracy": float(step > 10),
            "val_accuracy": float(bias > 0.9),
            "l2_norm": float(bias),
            "linf_norm": float(bias) * 0.8,
            "memorizer_mean": memorizer,
            "memorizer_min": memorizer - 0.05,
            "memorizer_max": memorizer + 0.05,
            "generalizer_mean": bias,
            "bias": bias,
        }
        row = np.array([[values[name]] for name in MEASURES])
        loss = values["train_loss"]
        envelope = np.array([[loss * 0.8], [loss * 1.2], [1e-3], [2e-3 / (1 + step)], [0.5]])
        self.history.append(step, row, envelope)
        coordinates = self.status.vectors["coordinates"]
        coordinates.append(step, np.array([[*([memorizer] * (coordinates.axes[0].size - 1)), bias]]))
        if bias > 0.9 and not self.status.events:
            self.status = replace(self.status, events=(Event(step, "grok", 0),))


@dataclass
class FakeRun:
    """A `Source` that trains only when a test says so, and notes every order."""

    preset: Preset
    state: State = State.RUNNING
    refusals: deque[str] = field(default_factory=deque)
    orders: list[str] = field(default_factory=list)
    closed: bool = False

    def __post_init__(self) -> None:
        self.snapshot = Snapshot(State.LOADING, preset=self.preset)
        self.begin()

    def begin(self) -> None:
        samples = self.preset.task.shape.samples
        labels = (*(f"w{i}" for i in range(1, samples + 1)), "bias")
        self.arms = {}
        for place, spec in enumerate(self.preset.arms):
            status = ArmStatus(
                name=spec.name,
                step=0,
                end=spec.training.steps,
                optimizer=spec.optimizer,
                since=0,
                modifiers=Modifiers(),
                batch_size=spec.training.batch_size,
                samples=samples,
                diverged=False,
                interventions=(),
                events=(),
                history=History(MEASURES, 1),
                vectors={
                    "coordinates": VectorHistory([Axis("coordinate", samples + 1, labels)], 1),
                    "generalizes": latest([*([0] * samples), 1]),
                },
            )
            self.arms[spec.name] = FakeArm(status, spec.training.steps, speed=30.0 * 10**place)
            self.arms[spec.name].record(0)

    def train(self, steps: int) -> None:
        for arm in self.arms.values():
            for step in range(arm.status.step + 1, min(arm.status.step + steps, arm.end) + 1):
                arm.status = replace(arm.status, step=step)
                if step % max(1, step // 50) == 0:
                    arm.record(step)
        if all(arm.status.step >= arm.end for arm in self.arms.values()):
            self.state = State.FINISHED
        self.publish()

    def publish(self, **changes: object) -> None:
        for arm in self.arms.values():
            arm.complete = arm.status.step >= arm.end
        self.snapshot = replace(
            self.snapshot,
            state=self.state,
            version=self.snapshot.version + 1,
            preset=self.preset,
            arms=tuple(arm.status for arm in self.arms.values()),
            claims=tuple(judge(claim, self.arms, 1) for claim in self.preset.claims),
            device="cpu",
            threads=1,
            steps_per_second=1234.0 if self.state is State.RUNNING else 0.0,
            seconds_left=65.0,
            memory=300 * 2**20,
            **changes,
        )

    def start(self) -> None:
        self.publish()

    def give(self, order: ask.Order) -> None:
        match order:
            case ask.Pause():
                self._pause()
            case ask.GoOn():
                self._go_on()
            case ask.Step(steps=steps):
                self._note("step")
                self.state = State.PAUSED
                self.train(steps)
            case ask.SetPace(pace=pace):
                self._note(f"pace {pace}")
                self.publish(pace=pace)
            case ask.Intervene(intervention=intervention):
                self._intervene(intervention.arm, intervention)
            case ask.Rewind(arm=arm, step=step):
                self._note(f"rewind {arm} {step}")
                self.publish(epoch=self.snapshot.epoch + 1)
            case ask.ForkArm(arm=arm, step=step, name=name):
                self._fork(arm, step, name)
            case ask.Stay():
                self._note("stay")
            case ask.Restart(preset=preset):
                self._note("restart")
                self.preset = preset
                self.begin()
                self.publish()

    def _pause(self) -> None:
        self._note("pause")
        self.state = State.PAUSED
        self.publish()

    def _go_on(self) -> None:
        self._note("resume")
        if self.state is State.FINISHED:
            for arm in self.arms.values():
                arm.end *= 2
                arm.status = replace(arm.status, end=arm.end)
        self.state = State.RUNNING
        self.publish()

    def _intervene(self, arm: str, intervention: object) -> None:
        one = self.arms[arm]
        self._note(f"{arm}: {type(intervention).__name__}")
        if isinstance(intervention, Jump):
            assert intervention.of_next_steps or intervention.norm > 0
        done = intervention.model_copy(update={"at_step": one.status.step})
        one.status = replace(one.status.after(done), interventions=(*one.status.interventions, done))
        self.publish()

    def _fork(self, arm: str, step: int | None, name: str) -> None:
        self._note(f"fork {arm} {step} {name}")
        one = self.arms[arm]
        born = one.status.step if step is None else step
        self.arms[name] = replace(
            one, status=replace(one.status, name=name, parent=arm, born=born, step=born)
        )
        specs = [*self.preset.arms, self.preset.arms[0].model_copy(update={"name": name})]
        self.preset = self.preset.model_copy(update={"arms": specs})
        self.publish(epoch=self.snapshot.epoch + 1)

    def close(self, timeout: float = 0.8) -> bool:
        self.closed = True
        return True

    def end(self, timeout: float) -> bool:
        self._note("end")
        return self.close(timeout)

    def fail(self, why: str) -> None:
        self.state = State.FAILED
        self.publish(failure=why, details="Traceback")

    def _note(self, order: str) -> None:
        self.orders.append(order)


class InlineDrawer:
    """Draws at once, in the test's process, and keeps what it was asked for."""

    def __init__(self) -> None:
        self.charts: dict[object, object] = {}
        self.count = 0
        self._done: dict[object, object] = {}

    def submit(self, key, chart, width, height, *, style) -> None:
        self.charts[key] = chart
        self.count += 1
        self._done[key] = draw(chart, width, height, style=style)

    @property
    def busy(self) -> bool:
        return bool(self._done)

    def poll(self) -> dict[object, object]:
        done, self._done = self._done, {}
        return done

    def close(self) -> None:
        pass


def text_of(app: ExplorerApp) -> str:
    """What the screen shows."""
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip) for strip in strips)


@dataclass
class Explorer:
    """The explorer on a fake run, as a user has it before her."""

    pilot: Pilot
    app: ExplorerApp
    run: FakeRun
    drawer: InlineDrawer

    @property
    def live(self) -> LiveScreen:
        screen = self.app.screen
        assert isinstance(screen, LiveScreen)
        return screen

    @property
    def text(self) -> str:
        return text_of(self.app)

    @property
    def charts(self) -> list[object]:
        """The charts that are on the screen, as they were asked for."""
        places = [(place, pane) for place, pane in enumerate(self.live.viewing.places) if pane.display]
        return [self.drawer.charts.get((id(self.live.drawing), place)) for place, _ in places]

    @property
    def toasts(self) -> list[str]:
        return [toast.message for toast in self.app._notifications]

    def arm(self, name: str) -> ArmStatus:
        return self.run.arms[name].status

    async def until(self, condition: Callable[[], object]) -> None:
        for _ in range(PATIENCE):
            if condition():
                return
            await self.pilot.pause(0.02)
        raise AssertionError(f"never came to pass; the screen shows\n{self.text}")

    async def press(self, *keys: str) -> None:
        """Press keys and let what comes of them be shown."""
        await self.pilot.press(*keys)
        await self.settled()

    async def train(self, steps: int) -> None:
        self.run.train(steps)
        if isinstance(self.app.screen, LiveScreen):
            self.live.hasten()
        await self.settled()

    async def settled(self) -> None:
        """Wait until the screen shows the run as it stands, with all charts drawn."""
        await self.pilot.pause()
        if not isinstance(self.app.screen, LiveScreen):
            return
        live = self.live
        await self.until(lambda: not live.is_current or live.settled)
        await self.pilot.pause()


def explore(
    script: Callable[[Explorer], Awaitable[None]],
    preset: str,
    *,
    size: tuple[int, int] = (120, 36),
    options: RunOptions = RunOptions(),  # noqa: B008  (frozen)
    steps: int = 100,
    ascii: bool = False,  # noqa: A002
) -> None:
    """Open the explorer on a fake run of a preset that has taken some steps, and carry out a script."""

    async def main() -> None:
        runs: list[FakeRun] = []
        drawer = InlineDrawer()

        def factory(loaded: Preset, _: RunOptions) -> FakeRun:
            runs.append(FakeRun(loaded))
            return runs[-1]

        app = make_app(preset, options, factory=factory, draw_with=lambda: drawer, fps=50, ascii=ascii)
        async with app.run_test(size=size) as pilot:
            explorer = Explorer(pilot, app, None, drawer)
            await explorer.until(lambda: app.snapshot is not None and isinstance(app.screen, LiveScreen))
            explorer.run = runs[-1]
            await explorer.train(steps)
            await script(explorer)

    asyncio.run(main())
