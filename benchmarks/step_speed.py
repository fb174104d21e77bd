"""Steps a second: a hand-written torch loop, grok-tui, and JAX, side by side in one run.

    python benchmarks/step_speed.py [--rounds 5] [--seconds 1] [--markdown docs/benchmarks-step-speed.md]

The contestants are those of `grok-tui bench`, and JAX where it is installed. They take turns within each
round, so that a machine that slows down slows all of them. What counts are the medians and the ratios.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch

from grok_tui.headless.bench import Effort, measure
from grok_tui.headless.contestants import PROBLEMS, Problem, Stretch, contestants, data

CPU = torch.device("cpu")


def jax_scan(problem: Problem) -> Stretch:
    """Return the same training as one `lax.scan` under jit; it returns each step's loss."""
    import jax
    import jax.numpy as jnp

    samples = data(problem)
    x, y = jnp.asarray(samples.inputs.numpy()), jnp.asarray(samples.targets.numpy())

    if problem.name == "linear101":
        weights = (jnp.zeros((x.shape[1], 1)),)

        def loss(weights):
            return jnp.mean((x @ weights[0] - y) ** 2)
    else:
        keys = jax.random.split(jax.random.PRNGKey(0))
        hidden = problem.model["hidden"]
        bound = (x.shape[1] ** -0.5, hidden**-0.5)
        weights = (
            jax.random.uniform(keys[0], (x.shape[1], hidden), minval=-bound[0], maxval=bound[0]),
            jax.random.uniform(keys[1], (hidden, problem.task["p"]), minval=-bound[1], maxval=bound[1]),
        )

        def loss(weights):
            scores = jax.nn.log_softmax((x @ weights[0]) ** 2 @ weights[1])
            return -jnp.take_along_axis(scores, y[:, None], axis=1).mean()

    def step(carry, _):
        w, m, v, t = carry
        value, g = jax.value_and_grad(loss)(w)
        t = t + 1
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
        c1, c2 = 1 - 0.9**t, jnp.sqrt(1 - 0.999**t)
        w = jax.tree.map(
            lambda w, m, v: w * (1 - 1e-5) - 1e-3 * (m / c1) / (jnp.sqrt(v) / c2 + 1e-8), w, m, v
        )
        return (w, m, v, t), value

    steps = 1000
    scan = jax.jit(lambda carry: jax.lax.scan(step, carry, None, length=steps))
    zeros = jax.tree.map(jnp.zeros_like, weights)
    state = [(weights, zeros, zeros, jnp.zeros(()))]
    jax.block_until_ready(scan(state[0]))

    def stretch(seconds: float) -> float:
        taken, started = 0, time.perf_counter()
        while time.perf_counter() - started < seconds:
            state[0], losses = scan(state[0])
            jax.block_until_ready(losses)
            taken += steps
        return taken / (time.perf_counter() - started)

    return stretch


def has_jax() -> bool:
    try:
        import jax  # noqa: F401
    except ImportError:
        return False
    return True


def builders(problem: Problem) -> dict[str, Callable[[], Stretch]]:
    found = contestants(problem, CPU)
    if has_jax() and problem.model["name"] != "transformer":
        found["JAX lax.scan, losses only"] = lambda: jax_scan(problem)
    return found


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--seconds", type=float, default=1.0)
    options.add_argument("--markdown", type=Path)
    chosen = options.parse_args()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    lines = ["| problem | contestant | steps/s (median) | against the plain loop |", "|---|---|---|---|"]
    for problem in PROBLEMS:
        for score in measure(problem, builders(problem), Effort(chosen.rounds, chosen.seconds)):
            speed, ratio = statistics.median(score.rounds), statistics.median(score.ratios)
            lines.append(f"| {score.problem} | {score.contestant} | {speed:,.4g} | {ratio:.2f} |")
    lines.append("")
    versions = f"Python {platform.python_version()}, torch {torch.__version__}"
    lines.append(f"{versions}, 1 thread; medians of {chosen.rounds} rounds, and of the ratios in each.")
    print("\n".join(lines))
    if chosen.markdown:
        chosen.markdown.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
