"""`grok-tui bench`: how fast this machine trains."""

from __future__ import annotations

from grok_tui.cli import options as opt


def bench(
    rounds: opt.Rounds = 5,
    quick: opt.Quick = False,
    device: opt.Device = "auto",
    threads: opt.Threads = 1,
    as_json: opt.Json = False,
) -> int:
    """Measure steps a second here: loops of plain torch, eager, compiled or CUDA graph, and replicas.

    They take turns in each round; what counts are the medians.
    """
    from grok_tui.headless.bench import Effort
    from grok_tui.headless.bench import bench as carry_out

    return carry_out(device, threads, Effort(2, 0.3) if quick else Effort(rounds), as_json)
