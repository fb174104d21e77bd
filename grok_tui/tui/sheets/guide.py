"""What one is looking at, in words for someone who opens the explorer for the first time."""

from __future__ import annotations

from grok_tui.catalog.events import EVENTS
from grok_tui.tui.keys import Pane

CHARTS = {
    "Accuracy": (
        "The share of samples that are right: solid on validation samples, which the model never trains on,"
        " dotted on training samples. A model that only memorizes is right on the dotted line alone. When the"
        " solid line follows long after the dotted one, that is grokking."
    ),
    "Loss": (
        "How wrong the predictions are, as a rule on a logarithmic axis. The band spans the smallest and the"
        " largest loss of a batch since the last point, so that a spike of a single step shows."
    ),
    "Weights": (
        "The weights in the task's own terms. A memorizer is a weight that serves one training sample; a"
        " generalizer serves all samples, unseen ones too. Both can fit the training data, and which of them"
        " grows is the optimizer's doing. The line is the generalizer, the band spans all memorizers."
    ),
    "Pairs learnt": (
        "A cell for each pair of symbols, where the task is a table: whether it is trained on, and of the"
        " others which the model gets right. A rule fills in whole diagonals at once, memory fills in"
        " nothing."
    ),
    "Margins": (
        "How many training samples of the first replica are right by how much: the right score less the best"
        " other one. What lies left of 0 is wrong. Hinge loss is exactly 0 where all margins are above 1."
    ),
    "Norms": (
        "The size of all weights together: L2, which weight decay and SGD keep small, and the largest single"
        " weight (L-infinity), which Adam's equal steps keep small."
    ),
    "Update size": (
        "How far a step moves the weights (L2). It falls as a solution comes near; at a sudden peak the"
        " optimizer is thrown off its path."
    ),
    "Update in units of lr": (
        "The largest change of a single weight in a step, divided by the learning rate. Adam's steps are"
        " about 1 as long as gradients are much like those before; in a slingshot they are several."
    ),
}
"""By the title of a chart."""

PANES: dict[Pane, str] = {
    "charts": (
        "Curves over training steps, one colour and one sign an arm; the selected arm is drawn with all its"
        " measures. What the arms share: task, data and first weights."
    ),
    "parameters": (
        "All that the selected arm was built from. Most knobs turn while training goes on and take effect"
        " with the next step; the others are marked, and wait for a restart."
    ),
    "claims": (
        "What the source says, each statement with a condition that is checked on the recorded curves. It is"
        " reproduced, not reproduced, or undecided until the arms it speaks of reach their last step. Green:"
        " as the preset expects. Some are expected to fail, because their author took them back."
    ),
    "log": "What happened to each arm, the latest on top: what detectors saw, and what was done to it.",
}

TIMELINE = (
    "The strip below the charts is the run of the selected arm from its first step to now, with what was seen"
    " and what was done. Left and Right look back along it, and all panes show the run as it was."
)

WORDS = {
    "arm": "one variant of the experiment, for instance the same model under SGD and under AdamW",
    "intervention": "something done to an arm while it trains, by the preset or by you; always recorded",
    "fork": "an arm that begins with the state that another one had at some step, and goes its own way",
    "event": "; ".join(f"{name}: {what}" for name, what in EVENTS.items()),
    "replica": "the same arm from another seed; curves are medians, bands span the replicas",
    "preset": "a file with an experiment and the claims it is to test",
}
