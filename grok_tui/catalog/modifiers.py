"""The modifiers: what is done to gradient, update and weights besides the optimizer's rule."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from .base import Spec, knob


class Modifiers(Spec):
    """Regularizers, noise and gradient filters, in the order in which they act; all off by default."""

    weight_noise: float = knob(
        0.0, live=True, ge=0, help="sd of the Gaussian noise on the weights at which the gradient is taken"
    )
    dropout: float = knob(0.0, live=True, ge=0, lt=1, help="share of hidden activations dropped at each step")
    l_inf: float = knob(0.0, live=True, ge=0, help="strength of a penalty on the maximum norm max |theta_i|")
    l_inf_form: Literal["log_sum_exp", "p_norm", "max", "proximal"] = knob(
        "log_sum_exp",
        live=True,
        help="smooth: log(sum exp(s |theta|)) / s or ||theta||_s; exact: a subgradient, or a proximal step",
    )
    l_inf_sharpness: float = knob(100.0, live=True, gt=0, help="s of log_sum_exp; the order s of p_norm")
    grokfast: Literal["off", "ema", "ma"] = knob(
        "off", live=True, help="amplify the slow part of the gradient, an EMA or a moving average"
    )
    grokfast_factor: float = knob(2.0, live=True, ge=0, help="times the slow part that is added")
    grokfast_decay: float = knob(0.98, live=True, ge=0, lt=1, help="EMA coefficient of the slow part")
    grokfast_window: int = knob(
        100, live=True, ge=1, le=10_000, help="steps in the moving average; it acts when full"
    )
    perp_grad: bool = knob(
        False, live=True, help="take out of each tensor's gradient its part along the weights, keep its norm"
    )
    clip_norm: float = knob(0.0, live=True, ge=0, help="largest L2 norm of the gradient; 0: any")
    decay_towards: Literal["zero", "init"] = knob("zero", live=True, help="where weight decay leads")
    warmup: int = knob(
        0,
        live=True,
        ge=0,
        help="the optimizer's first steps, over which its learning rate rises linearly, from 1 / warmup of it"
        " (in openai/grok from 0: a step later)",
    )
    update_noise: float = knob(
        0.0,
        live=True,
        ge=0,
        help="sd of Gaussian noise added to the update, times lr (in openai/grok divided by 1 - beta1^t too:"
        " 10 times as much in the first step, 1.14 in the 20th)",
    )
    norm_factor: float = knob(
        0.0, live=True, ge=0, help="keep ||theta||_2 at this factor of its start; 0: let it go"
    )

    reset_every: int = knob(
        0, live=True, ge=0, help="forget the optimizer's state each time it is this many steps old; 0: never"
    )
    reset_on_return: bool = knob(
        False, live=True, help="forget the optimizer's state when the batch loss returns from exactly 0"
    )

    @model_validator(mode="after")
    def _warm_up_is_not_reset(self) -> Modifiers:
        if self.warmup and (self.reset_every or self.reset_on_return):
            raise ValueError("warmup counts from fresh state and does not go with resets within steps")
        return self

    @model_validator(mode="after")
    def _order_is_a_norm(self) -> Modifiers:
        if self.l_inf_form == "p_norm" and self.l_inf_sharpness < 1:
            raise ValueError("l_inf_sharpness is the order of a norm here, from 1")
        return self
