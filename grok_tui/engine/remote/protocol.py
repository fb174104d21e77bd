"""What is said on the socket of a run: a JSON document a line. Free of torch.

Whoever looks on says `Hello`, and is answered with `Welcome` or `Refusal`. Each `Look` is answered with a
`Status` that holds what is new since the last one, or with `Same`; orders (`grok_tui.engine.worker.orders`)
get no answer, and what could not be done comes with the next status. So nothing is ever sent that nobody
asked for, and a reader that stops reading keeps nobody waiting.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field, TypeAdapter

from grok_tui.catalog.base import Count
from grok_tui.catalog.interventions import AnyIntervention
from grok_tui.engine.arm.status import ArmFacts
from grok_tui.engine.record.history import Event
from grok_tui.engine.record.vectors import Axis
from grok_tui.engine.run.snapshot import RunFacts
from grok_tui.engine.worker.orders import MESSAGE, Order
from grok_tui.presets import Preset

FORMAT = 5

LONGEST_ORDER = 4_000_000  # bytes; a preset has at most one million

LONGEST_ANSWER = 64 * 2**20  # bytes

MOST_ROW_BYTES = 2**20  # of one table in one status; a longer one comes in several

MOST_ENTRIES = 1000  # interventions or events in one status


class _Message(BaseModel):
    model_config = MESSAGE


class Hello(_Message):
    """The first words of whoever looks on."""

    order: Literal["hello"] = "hello"
    format: int = FORMAT


class Look(_Message):
    """Ask what is new."""

    order: Literal["look"] = "look"


Said = Annotated[Hello | Look | Order, Field(discriminator="order")]
SAID: TypeAdapter[Said] = TypeAdapter(Said)


class Table(_Message):
    """Rows of numbers that take the place of those from the `first` on."""

    first: Count
    steps: bytes
    """int64 [n], little-endian."""
    values: bytes
    """float64 [n, M, R] of measures, float32 [n, R, ...] of a vector."""


class Record(Table):
    """What is new in the history of an arm."""

    stride: Count
    version: Count


class Along(_Message):
    """What is kept of a vector."""

    axes: list[Axis]
    replicas: Annotated[int, Field(ge=1, le=2**20)]
    rows: Annotated[int, Field(ge=1, le=2**20)]


class Kind(_Message):
    """What never changes of an arm; when it comes, what came of an arm of that name before has no meaning."""

    names: list[str]
    """The measures, then the sides of the envelopes."""
    replicas: Annotated[int, Field(ge=1, le=2**20)]
    vectors: dict[str, Along] = {}
    """The measures that are vectors."""
    looking_back: list[str] = []
    """The measures that look back."""


class ArmNews(_Message):
    """An arm as it stands, with what is new of what grows."""

    facts: ArmFacts
    kind: Kind | None = None
    interventions: list[AnyIntervention] = []
    events: list[Event] = []
    record: Record | None = None
    vectors: dict[str, Table] = {}
    looked_back: Table | None = None
    """What was asked at the end, float64 [n, M, R]; no rows where it has no meaning any more."""


class Status(_Message):
    """The run as it stands."""

    answer: Literal["status"] = "status"
    more: bool
    """Whether there is more than could be said at once."""
    facts: RunFacts
    preset: Preset | None = None
    arms: list[ArmNews]
    refusals: list[str] = []


class Same(_Message):
    """Nothing is new."""

    answer: Literal["same"] = "same"


class Welcome(_Message):
    """Orders are taken."""

    answer: Literal["welcome"] = "welcome"


class Refusal(_Message):
    """No orders are taken: why; nothing comes after it."""

    answer: Literal["refused"] = "refused"
    why: str


Answer = Annotated[Status | Same | Welcome | Refusal, Field(discriminator="answer")]
ANSWERS: TypeAdapter[Answer] = TypeAdapter(Answer)
