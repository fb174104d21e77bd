"""The document that a run leaves: what was asked, what was seen, and the verdicts.

`report.schema.json` beside this file is its JSON schema, `#/$defs/Ledger` in it that of `grok-tui verify
--json`, and `#/$defs/Export` that of what the explorer exports. To write it anew:

    python -m grok_tui.frontend.report > grok_tui/frontend/report.schema.json
"""

from __future__ import annotations

import json
import math
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, JsonValue
from pydantic.json_schema import models_json_schema

from grok_tui.presets import PluginUsed

SCHEMA_FILE = "report.schema.json"

VerdictName = Literal["reproduced", "not reproduced", "undecided"]
Ending = Literal["finished", "diverged", "failed", "time limit", "interrupted"]


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


Number = Annotated[float | None, BeforeValidator(_finite)]
"""A number; null where it is missing, NaN or infinite."""


class Part(BaseModel):
    """A part of the document; its attributes' docstrings are the schema's descriptions."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Versions(Part):
    """What computed the run."""

    grok_tui: str
    python: str
    torch: str
    numpy: str
    platform: str


class BackendReport(Part):
    """From which step on a backend made an arm's steps."""

    step: int
    backend: str


class ArmReport(Part):
    """One arm as it stood at the end."""

    name: str
    steps: int
    """Steps taken."""
    steps_planned: int
    optimizer: dict[str, JsonValue]
    """Its values as they were set."""
    schedule: dict[str, str] = {}
    """What follows a schedule: which, and since which step."""
    """Name and hyperparameters at the end."""
    since: int
    """The step at which this optimizer was put to work."""
    recorded_at: int
    """The step of the final measures."""
    batch_size: int | Literal["full"]
    diverged: bool
    """Whether a replica of it diverged."""
    parent: str = ""
    """Of a fork: the arm that it comes from."""
    born: int = 0
    """Of a fork: the step of its parent that it began with."""
    measures: dict[str, list[Number]]
    """The final value of every measure in each replica."""
    backends: list[BackendReport] = []
    """What made which steps: eager, compiled, or cuda graph; empty where that is not known."""


class EventReport(Part):
    """Something a detector saw in one replica."""

    arm: str
    step: int
    name: str
    replica: int
    numbers: dict[str, Number] = {}
    """What was measured of it, as a slingshot's peak loss and the growth of the norm."""


class CurveReport(Part):
    """A measure of an arm over the recorded steps."""

    arm: str
    measure: str
    steps: list[int]
    """[n]"""
    values: list[list[Number]]
    """[R][n], one list a replica."""


class AxisReport(Part):
    """An axis of a vector."""

    name: str
    size: int
    labels: list[str]
    """One a place, or none."""


class VectorReport(Part):
    """A measure with axes of an arm over the recorded steps that are kept."""

    arm: str
    measure: str
    axes: list[AxisReport]
    steps: list[int]
    """[n]"""
    values: list[JsonValue]
    """[R][n][...], one list a replica; null where a number is missing, NaN or infinite."""


class ComparisonReport(Part):
    """One comparison of a claim, in one replica."""

    text: str
    """The comparison as the claim needs it."""
    left: Number
    operator: str
    right: Number | list[Number]
    """A number, or the two ends of an interval."""
    holds: bool | None
    """Null when a side is missing."""
    shown: str
    """Both sides with their values, for people."""


class ControlReport(Part):
    """A claim under its control, which has to turn its verdict round."""

    what: str
    """What was put in the place of what, in words."""
    verdict: VerdictName
    as_expected: bool
    """Whether the verdict is the other one than is expected of the claim."""
    comparisons: list[ComparisonReport]
    """All comparisons in the replica that is shown: one that agrees with the verdict."""


class ClaimReport(Part):
    """A claim and what came of it."""

    says: str
    holds: str
    """The condition, in the claim language."""
    verdict: VerdictName
    expected: Literal["reproduced", "not reproduced"]
    as_expected: bool
    left: Number
    """Left side of the comparison that decided it, in the replica that is shown."""
    operator: str
    right: Number | list[Number]
    comparisons: list[ComparisonReport]
    """All comparisons in the replica that is shown: one that agrees with the verdict."""
    origin: str
    retracted: str | None
    """What its author said when taking it back."""
    because: str | None
    """Why it is not reproduced."""
    held_in: int
    """In how many replicas it held."""
    replicas: int
    """In how many replicas it was judged; a condition on all of them together is judged once."""
    interval: list[float] | None = None
    """Of several replicas, the exact 95 % confidence interval of the share that it holds in."""
    holds_in: float
    """The share of the replicas it has to hold in."""
    control: ControlReport | None = None
    """What came of its control; null where that was not asked for, or where it has none."""
    shuffled: Number = None
    """Of one that holds, the share of shuffles of the arms' records under which it still does."""


class Timings(Part):
    """Wall time."""

    startup_seconds: float
    """From the command to the first step."""
    seconds: float
    """From the first step to the last."""
    steps: int
    """Steps of all arms together, of which a resumed run counts its own."""
    steps_per_second: Number


class RunReport(Part):
    """What every report of a run says, whoever asks for it."""

    preset: str
    title: str
    profile: str
    sources: list[str]
    settings: dict[str, JsonValue]
    """The preset as it was carried out, with all defaults and options filled in."""
    versions: Versions
    plugins: list[PluginUsed] = []
    """What of it comes from plugins."""
    device: str
    device_name: str
    threads: int
    tf32: bool = False
    """Whether a GPU may have rounded the factors of float32 products to 10 bits."""
    seeds: list[int]
    """One a replica."""
    arms: list[ArmReport]
    events: list[EventReport]
    interventions: list[dict[str, JsonValue]]
    """All interventions carried out, at the step at which they were."""
    claims: list[ClaimReport]
    complete: bool
    """Whether every arm was trained to its end."""


class Export(RunReport):
    """A run as it is handed on to other programs, at any moment of it, with all its curves."""

    state: str
    """What the run was doing: running, paused, finished..."""
    command: str
    """The command line that does the run again."""
    steered_by_hand: bool
    """Whether somebody changed what the preset and its options say."""
    exported: str
    """When: UTC, ISO 8601."""
    vectors: list[VectorReport] = []
    """What has axes; absent where nothing has."""
    curves: list[CurveReport]


class Report(RunReport):
    """One run: a preset carried out without a screen, wholly or in part."""

    timings: Timings
    ended: Ending
    """Why the run ended."""
    problem: str | None
    """What went wrong when it diverged or failed."""
    exit_code: int

    @property
    def as_expected(self) -> int:
        """How many verdicts are the expected ones."""
        return sum(claim.as_expected for claim in self.claims)

    @property
    def controls(self) -> list[ControlReport]:
        """What came of the controls that were looked at."""
        return [claim.control for claim in self.claims if claim.control is not None]

    @property
    def wall_seconds(self) -> float:
        """The whole time it took."""
        return self.timings.startup_seconds + self.timings.seconds

    def to_json(self) -> str:
        """Return the document; strict JSON."""
        return self.model_dump_json(indent=2) + "\n"


class Failure(Part):
    """A run that left no document."""

    preset: str
    exit_code: int
    problem: str


class Ledger(Part):
    """The documents of several runs."""

    runs: list[Report]
    failures: list[Failure]
    seconds: float
    """Wall time of all runs together."""
    complete: bool
    """Whether every preset was run to its end."""
    exit_code: int
    """The largest exit code of the runs."""

    def to_json(self) -> str:
        """Return the document; strict JSON."""
        return self.model_dump_json(indent=2) + "\n"


class SeedClaim(Part):
    """A claim and what came of it over several seeds."""

    preset: str
    says: str
    holds: str
    """The condition, in the claim language."""
    expected: Literal["reproduced", "not reproduced"]
    origin: str
    holds_in: float
    """The share of the replicas of a run, and of the runs, in which it has to come out as expected."""
    held_in: int
    """In how many seeds it held; of a condition over all replicas of a run, in how many runs."""
    judged_in: int
    """In how many it was judged, which are those of the runs that came to their end."""
    interval: list[float] | None
    """The exact 95 % confidence interval of the share that it holds in; null where it was judged in none."""
    unchanged: int
    """How many runs had the expected verdict."""
    runs: int
    """How many runs came to their end."""
    as_expected: bool
    """Whether at least the share `holds_in` of the runs, and one at least, had the expected verdict."""


class SeedLedger(Ledger):
    """The documents of several runs, the same presets under several seeds."""

    claims: list[SeedClaim]
    unchanged: int
    """How many verdicts, of all claims in all runs that came to their end, are the expected ones."""
    verdicts: int
    """How many verdicts there are."""
    unchanged_in_all: int
    """How many claims have the expected verdict in every run."""


def schema() -> str:
    """Return the text of the schema file."""
    _, document = models_json_schema(
        [(kind, "serialization") for kind in (Report, Ledger, SeedLedger, Export)]
    )
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$ref": "#/$defs/Report"}
    return json.dumps(head | document, indent=2) + "\n"


if __name__ == "__main__":
    import sys

    sys.stdout.write(schema())
