"""The tour: seven steps through the 101 weights, each a sentence or two, a key, and what to look at."""

from __future__ import annotations

from dataclasses import dataclass

PRESET = "linear101-switch"
PACE = 400.0  # steps a second of every arm: slow enough to see weights move, and a minute in all
ARM = "decayed"
"""The arm that is looked at first."""

TITLE = "Start here: a tour in seven steps"
ABOUT = (
    "What it is to memorize and what to generalize, and how an optimizer decides which of them a model does:"
    " seen on 101 weights, and done by your own hand at the end. It takes about two minutes and no more than"
    " the keys that it names. Esc leaves it at any time."
)


@dataclass(frozen=True)
class TourStep:
    """One step.

    Attributes:
        says: what one should know now.
        action: what the user does next, by the id of its action.
        does: that in a word or two.
        watch: what to look at while the run goes on from there; "" where it stands still.
        until: the step at which all arms are to wait for what comes next.
    """

    says: str
    action: str
    does: str
    watch: str = ""
    until: int = 0


STEPS = (
    TourStep(
        "100 samples, 101 weights: every training sample has one of its own, a memorizer, and one, the"
        " generalizer, serves all samples. Space lets Adam train them.",
        "run.toggle",
        "train",
        "Weights: the line is the generalizer, the band all memorizers. Adam moves them alike.",
        2900,
    ),
    TourStep(
        "Half memorizers, half generalizer. That fits the training samples, the dotted line in Accuracy; new"
        " samples, the solid line, are all wrong: it has memorized. 1 goes to that chart.",
        "chart.accuracy",
        "see the accuracy",
    ),
    TourStep(
        "At step 3 000 SGD takes over: with a little weight decay in the arm 'decayed', the selected one, and"
        " without in 'undecayed'. The arm 'adam' keeps Adam. Space goes on.",
        "run.toggle",
        "go on",
        "Weights: the memorizers sink, the generalizer rises, and then the solid line of Accuracy jumps.",
        8000,
    ),
    TourStep(
        "Training accuracy had been 1 all the time, and now new samples are right too: that is grokking."
        " 'adam' has not moved. A selects that arm.",
        "arm.previous",
        "select 'adam'",
    ),
    TourStep(
        "It still memorizes, and would for ever. Now by your own hand: o replaces its Adam by the SGD of"
        " 'decayed', from where the weights are.",
        "optimizer.swap",
        "switch to SGD",
    ),
    TourStep(
        "The switch is on record, with a mark in every chart. Space goes on.",
        "run.toggle",
        "go on",
        "Weights: what happened to 'decayed' happens to 'adam' now, and you did it.",
        13_000,
    ),
    TourStep(
        "Left would look back, and f fork the arm there to try another way. What the source said is judged on"
        " these curves: g goes to its claims, Enter shows one. Two fell by your hand, as 'adam' grokked.",
        "claims.focus",
        "read the claims",
    ),
)

END = "That was the tour. b lists the other presets, ? all keys."
