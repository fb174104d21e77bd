"""What one is looking at, in words for someone who opens the explorer for the first time."""

from __future__ import annotations

from grok_tui.catalog.events import EVENTS
from grok_tui.tui.keys import Pane

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
