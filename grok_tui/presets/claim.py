"""A claim of a preset: the statement, the condition that it amounts to, and what would turn it round."""

from __future__ import annotations

from typing import Literal

from pydantic import field_validator, model_validator

from .. import claims
from ..catalog.base import Spec, knob
from .control import Control
from .statements import check_numbers


class Claim(Spec):
    """A statement of the source, the condition that it amounts to here, and what became of it."""

    says: str = knob(help="the statement, in words")
    holds: str = knob(help="the condition, in the claim language")
    origin: str = knob(help="where the statement stands")
    retracted: str | None = knob(None, help="what its author said when taking it back")
    expected: Literal["reproduced", "not reproduced"] = knob("reproduced", help="the honest verdict")
    because: str | None = knob(None, help="why it is not reproduced")
    holds_in: float = knob(1.0, gt=0, le=1, help="share of the replicas it has to hold in")
    statements: list[int] = knob([], help="numbers of the statements that it stands for, of those that ship")
    fails_with: Control | None = knob(None, help="its control: with this the condition does not hold")
    holds_with: Control | None = knob(None, help="the control of one not reproduced: with this it holds")

    @field_validator("statements")
    @classmethod
    def _statements_exist(cls, numbers: list[int]) -> list[int]:
        check_numbers(numbers)
        return numbers

    @field_validator("holds")
    @classmethod
    def _parses(cls, text: str) -> str:
        claims.parse(text)
        return text

    @model_validator(mode="after")
    def _reason_is_given(self) -> Claim:
        if (self.expected == "not reproduced") != (self.because is not None):
            raise ValueError("'because' goes with expected = \"not reproduced\", and only with it")
        return self

    @model_validator(mode="after")
    def _control_goes_with_the_verdict(self) -> Claim:
        key, other = ("fails_with", "holds_with")[:: 1 if self.expected == "reproduced" else -1]
        if getattr(self, other) is not None:
            raise ValueError(f"the control of a claim that is {self.expected} is '{key}', not '{other}'")
        if self.control is not None:
            try:
                claims.parse(self.control.applied(self.holds))
            except ValueError as error:
                raise ValueError(f"{key}: {error}") from None
        return self

    @property
    def condition(self) -> claims.Condition:
        """The parsed condition."""
        return claims.parse(self.holds)

    @property
    def control(self) -> Control | None:
        """What turns the verdict round, if the preset says so."""
        return self.fails_with if self.expected == "reproduced" else self.holds_with
