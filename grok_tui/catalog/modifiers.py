"""The modifiers: what is done to gradient, update and weights besides the optimizer's rule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, get_args

from pydantic import (
    ConfigDict,
    SerializationInfo,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from .base import Spec, knob, nearest
from .entry import Entry
from .optimizers import OPTIMIZERS
from .plugins import ContractError, require, told
from .registry import Registry

Stage = Literal["rate", "weights", "activations", "gradient", "reset", "rule", "update"]
"""Where in a step a modifier acts. Stages follow each other in this order: the learning rate, the weights at
which the gradient is taken, the network's activations there, the gradient, the optimizer's state, what its
rule is given, and the weights as the rule leaves them."""

STAGES: tuple[Stage, ...] = get_args(Stage)

OPEN: frozenset[Stage] = frozenset({"weights", "gradient", "update"})
"""The stages in which a plugin's modifier may act."""


class Modifier(Spec):
    """What every modifier declares.

    Its keys are its name, or begin with it (`grokfast`, `grokfast_decay`), because they stand side by side in
    one table; all have defaults, with which it does nothing.
    """

    name: str

    follows: ClassVar[bool] = False
    """Whether its numbers may follow a schedule; `Acting.coefficients` then finds tensors [k, 1, 1]."""

    off_at_zero: ClassVar[bool] = False
    """Whether 0 is far from what small values do, so that a schedule may not lead there."""

    @classmethod
    def own(cls) -> list[str]:
        """Return the keys that presets use."""
        return [key for key in cls.model_fields if key != "name"]


class WeightNoise(Modifier):
    """Noise on the weights at which the gradient is taken."""

    follows: ClassVar[bool] = True
    name: Literal["weight_noise"] = "weight_noise"
    weight_noise: float = knob(
        0.0, live=True, ge=0, help="sd of the Gaussian noise on the weights at which the gradient is taken"
    )


class Dropout(Modifier):
    """Dropout (Srivastava et al. 2014)."""

    name: Literal["dropout"] = "dropout"
    dropout: float = knob(0.0, live=True, ge=0, lt=1, help="share of hidden activations dropped at each step")


class LInf(Modifier):
    """A penalty on the maximum norm of the weights; a proximal one acts on the update."""

    follows: ClassVar[bool] = True
    name: Literal["l_inf"] = "l_inf"
    l_inf: float = knob(0.0, live=True, ge=0, help="strength of a penalty on the maximum norm max |theta_i|")
    l_inf_form: Literal["log_sum_exp", "p_norm", "max", "proximal"] = knob(
        "log_sum_exp",
        live=True,
        help="smooth: log(sum exp(s |theta|)) / s or ||theta||_s; exact: a subgradient, or a proximal step",
    )
    l_inf_sharpness: float = knob(100.0, live=True, gt=0, help="s of log_sum_exp; the order s of p_norm")

    @model_validator(mode="after")
    def _order_is_a_norm(self) -> LInf:
        if self.l_inf_form == "p_norm" and self.l_inf_sharpness < 1:
            raise ValueError("l_inf_sharpness is the order of a norm here, from 1")
        return self


class Grokfast(Modifier):
    """Grokfast (Lee et al. 2024): the slow part of the gradient, amplified."""

    follows: ClassVar[bool] = True
    name: Literal["grokfast"] = "grokfast"
    grokfast: Literal["off", "ema", "ma"] = knob(
        "off", live=True, help="amplify the slow part of the gradient, an EMA or a moving average"
    )
    grokfast_factor: float = knob(2.0, live=True, ge=0, help="times the slow part that is added")
    grokfast_decay: float = knob(0.98, live=True, ge=0, lt=1, help="EMA coefficient of the slow part")
    grokfast_window: int = knob(
        100, live=True, ge=1, le=10_000, help="steps in the moving average; it acts when full"
    )


class PerpGrad(Modifier):
    """Perpendicular gradients (Prieto et al. 2025)."""

    name: Literal["perp_grad"] = "perp_grad"
    perp_grad: bool = knob(
        False, live=True, help="take out of each tensor's gradient its part along the weights, keep its norm"
    )


class ClipNorm(Modifier):
    """Clipping of the gradient's norm."""

    follows: ClassVar[bool] = True
    off_at_zero: ClassVar[bool] = True
    name: Literal["clip_norm"] = "clip_norm"
    clip_norm: float = knob(0.0, live=True, ge=0, help="largest L2 norm of the gradient; 0: any")


class DecayTowards(Modifier):
    """Where weight decay leads."""

    name: Literal["decay_towards"] = "decay_towards"
    decay_towards: Literal["zero", "init"] = knob("zero", live=True, help="where weight decay leads")


class Warmup(Modifier):
    """A linear rise of the learning rate."""

    name: Literal["warmup"] = "warmup"
    warmup: int = knob(
        0,
        live=True,
        ge=0,
        help="the optimizer's first steps, over which its learning rate rises linearly, from 1 / warmup of it"
        " (in openai/grok from 0: a step later)",
    )


class UpdateNoise(Modifier):
    """Noise on the update."""

    follows: ClassVar[bool] = True
    name: Literal["update_noise"] = "update_noise"
    update_noise: float = knob(
        0.0,
        live=True,
        ge=0,
        help="sd of Gaussian noise added to the update, times lr (in openai/grok divided by 1 - beta1^t too:"
        " 10 times as much in the first step, 1.14 in the 20th)",
    )


class NormFactor(Modifier):
    """A fixed norm of all weights (Liu et al. 2022)."""

    follows: ClassVar[bool] = True
    off_at_zero: ClassVar[bool] = True
    name: Literal["norm_factor"] = "norm_factor"
    norm_factor: float = knob(
        0.0, live=True, ge=0, help="keep ||theta||_2 at this factor of its start; 0: let it go"
    )


class ResetWithin(Modifier):
    """Resets of the optimizer's state within steps."""

    name: Literal["reset"] = "reset"
    reset_every: int = knob(
        0, live=True, ge=0, help="forget the optimizer's state each time it is this many steps old; 0: never"
    )
    reset_on_return: bool = knob(
        False, live=True, help="forget the optimizer's state when the batch loss returns from exactly 0"
    )


@dataclass(frozen=True, kw_only=True)
class ModifierEntry(Entry[Modifier]):
    """What the registry knows of a modifier: besides spec and implementation, when in a step it acts.

    Attributes:
        at: its place in each stage in which it acts. Of those in one stage the lower number acts first;
            plugins with one number act in the order of their names, after what ships.
    """

    at: Mapping[Stage, int]


class ModifierRegistry(Registry[Modifier]):
    """The modifiers by name, and by the keys that each has."""

    def __init__(self, kind: str, base: type[Modifier], *entries: ModifierEntry, plugins: str = "") -> None:
        super().__init__(kind, base, *entries, plugins=plugins)
        self._keys = {key: entry.name for entry in entries for key in entry.spec.own()}

    def __getitem__(self, name: str) -> ModifierEntry:
        """Return the entry of a name; see `Registry`."""
        found = super().__getitem__(name)
        assert isinstance(found, ModifierEntry), "no other is let in"
        return found

    def owner(self, key: str) -> ModifierEntry | None:
        """Return the entry that has a key, or None where none has it.

        Raises:
            PluginError: by its name it is a plugin's, which cannot be loaded.
        """
        shipped = self._keys.get(key)
        if shipped is not None:
            return self[shipped]
        words = key.split("_")
        for count in range(len(words), 0, -1):  # a plugin's keys begin with its name
            name = "_".join(words[:count])
            if name not in self.shipped and name in self and key in self[name].spec.own():
                return self[name]
        return None

    @property
    def keys_known(self) -> list[str]:
        """The keys of what ships, and the names of what plugins bring, without importing any."""
        return [*self._keys, *self.brought]

    def _fitting(self, entry: Entry[Modifier]) -> Entry[Modifier]:
        require(isinstance(entry, ModifierEntry), "is no ModifierEntry, which says when it acts")
        assert isinstance(entry, ModifierEntry)
        stages = ", ".join(stage for stage in STAGES if stage in OPEN)
        require(isinstance(entry.at, Mapping), f"acts at {entry.at!r}, which is no table of stages")
        closed = sorted(map(str, set(entry.at) - OPEN))
        fits = bool(entry.at) and not closed
        require(fits, f"acts at {', '.join(closed) or 'no stage'}; a plugin's may at {stages}")
        places = all(type(place) is int for place in entry.at.values())
        require(places, f"its places are {list(entry.at.values())}, not whole numbers")
        name, own = entry.name, entry.spec.own()
        taken = {*self._keys} | {
            key for entry in OPTIMIZERS.shipped.values() for key in entry.spec.model_fields
        }
        for key in own:
            begins = key == name or key.startswith(f"{name}_")
            require(begins, f"has a key '{key}', which does not begin with '{name}'")
            require(key not in taken, f"has a key '{key}', which grok-tui has itself")
        try:
            entry.spec.model_validate({"name": name})
        except ValueError as error:
            raise ContractError(f"it does not go without being asked: {told(error)}") from error
        return entry


MODIFIERS = ModifierRegistry(
    "modifier",
    Modifier,
    ModifierEntry(WeightNoise, "grok_tui.lab.modifiers.shipped:weight_noise", at={"weights": 10}),
    ModifierEntry(Dropout, "grok_tui.lab.modifiers.shipped:dropout", at={"activations": 10}),
    ModifierEntry(LInf, "grok_tui.lab.modifiers.shipped:l_inf", at={"gradient": 10, "update": 20}),
    ModifierEntry(Grokfast, "grok_tui.lab.modifiers.shipped:grokfast", at={"gradient": 20}),
    ModifierEntry(PerpGrad, "grok_tui.lab.modifiers.shipped:perp_grad", at={"gradient": 30}),
    ModifierEntry(ClipNorm, "grok_tui.lab.modifiers.shipped:clip_norm", at={"gradient": 40}),
    ModifierEntry(DecayTowards, "grok_tui.lab.modifiers.shipped:decay_towards", at={"rule": 10}),
    ModifierEntry(Warmup, "grok_tui.lab.modifiers.shipped:warmup", at={"rate": 10}),
    ModifierEntry(UpdateNoise, "grok_tui.lab.modifiers.shipped:update_noise", at={"update": 10}),
    ModifierEntry(NormFactor, "grok_tui.lab.modifiers.shipped:norm_factor", at={"update": 30}),
    ModifierEntry(ResetWithin, "grok_tui.lab.modifiers.shipped:resets", at={"reset": 10}),
    plugins="grok_tui.modifiers",
)
"""The implementation of a modifier is called with its spec; it returns a `grok_tui.lab.modifiers.Acting`, or
None where nothing is to be done."""


class Modifiers(Spec):
    """The values of all modifiers, by their keys, as attributes; what a table leaves out is off.

    It has the keys of what ships, and those of each plugin's of which the table has one.
    """

    model_config = ConfigDict(extra="allow")

    if TYPE_CHECKING:

        def __init__(self, **values: Any) -> None: ...
        def __getattr__(self, key: str) -> Any: ...

    def __hash__(self) -> int:
        return hash(tuple(map(str, self.values.items())))

    @property
    def values(self) -> dict[str, Any]:
        """All values by key."""
        return dict(self.model_extra or {})

    @property
    def named(self) -> list[str]:
        """The names of the modifiers whose values these are: what ships in its order, plugins' by name."""
        mine = self.model_extra or {}
        brought = (name for name in sorted(MODIFIERS.brought) if _has(mine, name))
        return [*MODIFIERS.shipped, *brought]

    def of(self, name: str) -> Modifier:
        """Return the spec of a modifier with its values here, or off."""
        spec = MODIFIERS[name].spec
        mine = self.model_extra or {}
        return spec.model_construct(name=name, **{key: mine[key] for key in spec.own() if key in mine})

    def value(self, key: str) -> Any:
        """Return the value of a key; of a modifier that these do not name, the one that it has unasked."""
        owner = None if key in self.values else MODIFIERS.owner(key)
        return self.values[key] if owner is None else owner.spec.model_fields[key].default

    def having(self, key: str, value: Any) -> Modifiers:
        """Return them with one value changed.

        Raises:
            ValueError: the value is out of its bounds.
        """
        owner = MODIFIERS.owner(key)
        whole = owner is not None and owner.spec.model_fields[key].annotation is int
        if whole and isinstance(value, float) and value == int(value):
            value = int(value)
        return Modifiers.model_validate({**self.values, key: value})

    @model_validator(mode="before")
    @classmethod
    def _name_the_nearest_key(cls, given: Any) -> Any:
        """Check each modifier's part of the table by its spec, and fill in what is left out."""
        if not isinstance(given, dict):
            return given
        parts: dict[str, dict[str, Any]] = {name: {} for name in MODIFIERS.shipped}
        for key, value in given.items():
            owner = MODIFIERS.owner(str(key))
            if owner is None:
                raise ValueError(f"unknown key '{key}'{nearest(str(key), MODIFIERS.keys_known)}")
            parts.setdefault(owner.name, {})[key] = value
        found: dict[str, Any] = {}
        for name, part in parts.items():
            checked = MODIFIERS[name].spec.model_validate({"name": name, **part})
            found |= {key: getattr(checked, key) for key in checked.own()}
        return found

    @model_validator(mode="after")
    def _warm_up_is_not_reset(self) -> Modifiers:
        if self.warmup and (self.reset_every or self.reset_on_return):
            raise ValueError("warmup counts from fresh state and does not go with resets within steps")
        return self

    @model_serializer(mode="wrap")
    def _without_what_is_as_always(
        self, write: SerializerFunctionWrapHandler, info: SerializationInfo
    ) -> dict[str, Any]:
        document: dict[str, Any] = write(self)
        if info.exclude_defaults:
            usual = {key: default for name in self.named for key, default in _defaults(name)}
            document = {key: value for key, value in document.items() if self.values[key] != usual[key]}
        return document


def _defaults(name: str) -> Iterator[tuple[str, Any]]:
    spec = MODIFIERS[name].spec
    return ((key, spec.model_fields[key].default) for key in spec.own())


def _has(values: Mapping[str, Any], name: str) -> bool:
    """Whether there are values of a plugin's modifier, without importing others."""
    owners = (MODIFIERS.owner(key) for key in values if key == name or key.startswith(f"{name}_"))
    return any(owner is not None and owner.name == name for owner in owners)
