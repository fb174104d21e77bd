"""Check 9: how long the network of the progress measures takes from nothing to grokking."""

from __future__ import annotations

import json

from .effort import Effort
from .findings import Findings
from .processes import grok_tui

MOST_SECONDS = 90.0
COMMAND = ("--preset", "nanda-p113", "--profile", "full")
TINY_COMMAND = ("--preset", "modadd-mlp", "--steps", "60", "--set", "task.p=7", "--set", "model.hidden=8")


def check(found: Findings, effort: Effort) -> None:
    """Run the preset's full profile as a user does."""
    command = TINY_COMMAND if effort.tiny else COMMAND
    found.note("command", "grok-tui " + " ".join(command))
    done = grok_tui(*command, "--device", "cuda", "--headless", "--json")
    try:
        report = json.loads(done.out)
    except ValueError:
        lines = done.err.strip().splitlines()
        found.require("a report", False, lines[-1] if lines else "nothing", "JSON")
        return
    backends = {made["backend"] for arm in report["arms"] for made in arm["backends"]}
    found.require("steps", backends == {"cuda graph"}, sorted(backends), "all by a CUDA graph")
    found.quick("from start to report", done.seconds, MOST_SECONDS)
    timings = report["timings"]
    found.note("steps a second", f"{timings['steps_per_second']:.0f} of {timings['steps']} steps in all")
    if effort.tiny:
        found.require("ended", report["ended"] == "finished", report["ended"], "finished")
        return
    grokked = {event["replica"] for event in report["events"] if event["name"] == "grok"}
    replicas = len(report["seeds"])
    found.require("replicas that grok", len(grokked) == replicas, len(grokked), f"{replicas}")
    off = [claim["says"] for claim in report["claims"] if not claim["as_expected"]]
    found.none_of("claims come out as expected", off, len(report["claims"]))
