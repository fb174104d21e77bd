"""What shows that a claim can fail: another arm, setting or number in the place of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic import Field, field_validator, model_validator

from ..catalog.base import Spec, nearest

KINDS = ("arms", "set", "numbers")


class Control(Spec):
    """What is put in the place of something else; one kind of it.

    In a preset, arms may stand in the table itself: `{ adamw = "sgd" }` is `{ arms = { adamw = "sgd" } }`.

    Attributes:
        arms: for the name of an arm, that of the arm whose record is read instead.
        set: `key=value` texts laid over the preset, which is then trained again.
        numbers: for a number as the condition writes it, the one that is put there.
    """

    arms: dict[str, str] = Field(default={})
    set: list[str] = Field(default=[])
    numbers: dict[str, str] = Field(default={})

    @model_validator(mode="before")
    @classmethod
    def _arms_may_stand_in_the_table(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        own = {key: value for key, value in values.items() if _is_kind(key, value)}
        arms = {key: value for key, value in values.items() if key not in own}
        return own | {"arms": own.get("arms", {}) | arms} if arms else own

    @field_validator("set", mode="before")
    @classmethod
    def _one_setting_needs_no_list(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @model_validator(mode="after")
    def _is_one_kind(self) -> Control:
        given = [kind for kind in KINDS if getattr(self, kind)]
        if len(given) != 1:
            raise ValueError(
                f"has to be other arms, or 'set', or 'numbers'; it is {' and '.join(given) or 'none'}"
            )
        return self

    def applied(self, condition: str) -> str:
        """Return a condition with the numbers put in.

        Raises:
            ValueError: one of them is not in it.
        """
        for number, other in self.numbers.items():
            condition, count = re.subn(rf"(?<![\w.]){re.escape(number)}(?![\w.])", other, condition)
            if not count:
                raise ValueError(f"numbers: '{number}' is not in the condition")
        return condition

    def check_arms(self, used: list[str], there: Mapping[str, object]) -> None:
        """Raise ValueError unless arms that the condition uses are replaced by others that there are."""
        for arm, other in self.arms.items():
            if arm not in used:
                raise ValueError(f"the condition does not speak of '{arm}'{nearest(arm, [*used, *KINDS])}")
            if other not in there:
                raise ValueError(f"unknown arm '{other}'{nearest(other, list(there))}")
        if self.arms and all(arm == other for arm, other in self.arms.items()):
            raise ValueError("every arm stands in its own place")


def _is_kind(key: str, value: object) -> bool:
    """Whether a key of the table is one of the kinds; an arm may have such a name too."""
    return key in KINDS and (key != "arms" or isinstance(value, dict))
