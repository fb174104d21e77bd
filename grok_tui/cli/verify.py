"""`grok-tui verify`: run presets and print the ledger of their claims."""

from __future__ import annotations

from grok_tui.cli import options as opt
from grok_tui.options import RunOptions


def verify(
    names: opt.PresetNames = None,
    jobs: opt.Jobs = 1,
    profile: opt.Profile = "quick",
    seed: opt.Seed = None,
    replicas: opt.Replicas = None,
    device: opt.Device = "auto",
    _plugins: opt.Plugins = None,
    as_json: opt.Json = False,
    junit: opt.Junit = None,
    markdown: opt.Markdown = None,
    controls: opt.Controls = False,
    seeds: opt.Seeds = None,
) -> int:
    """Run presets and print the ledger of their claims.

    Each preset runs in a process of its own. The exit code is the largest of theirs; with
    `--seeds` it tells whether each claim came out as expected over all of them.
    """
    from grok_tui.headless.verify import Outputs
    from grok_tui.headless.verify import verify as carry_out

    options = RunOptions(profile=profile, seed=seed, replicas=replicas, device=device)
    outputs = Outputs(as_json, junit, markdown)
    return carry_out(names or (), options, jobs=jobs, outputs=outputs, controls=controls, seeds=seeds)
