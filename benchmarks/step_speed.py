"""Steps a second: a hand-written torch loop, grok-tui, and JAX, side by side in one run.

    python benchmarks/step_speed.py [--repeats 5] [--markdown docs/benchmarks-step-speed.md]

Contestants take turns within each repeat, so that a machine that slows down slows all of them. What counts
are the medians and the ratios. The plain loop is what one would write: `nn.Module`, `torch.optim.AdamW`, and
no recording; grok-tui records every step's loss and update size and takes all measures as its presets do.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn
from torch.nn.functional import cross_entropy, mse_loss

from grok_tui.engine.arm import Arm
from grok_tui.presets import Preset

ADAMW = {"name": "adamw", "lr": 1e-3, "weight_decay": 0.01}

PROBLEMS = {
    "linear101": {
        "task": {"name": "linear101"},
        "model": {"name": "linear"},
        "training": {"loss": "mse", "steps": 10**6},
        "steps": 5000,
    },
    "quadratic MLP 62-128-31, 480 samples": {
        "task": {"name": "binary_operation", "p": 31, "train_fraction": 0.5},
        "model": {"name": "mlp", "hidden": 128, "activation": "quadratic"},
        "training": {"loss": "cross_entropy", "steps": 10**6},
        "steps": 1000,
    },
}


def arm(problem: dict, replicas: int = 1) -> Arm:
    """Build grok-tui's arm for a problem."""
    shared = {key: problem[key] for key in ("task", "model")}
    optimizing = {"name": "a", "optimizer": ADAMW, "model": problem["model"], "training": problem["training"]}
    preset = Preset.model_validate(
        {
            "title": "benchmark",
            "summary": "benchmark",
            "sources": ["benchmark"],
            **shared,
            "training": problem["training"] | {"replicas": replicas},
            "arms": [optimizing],
        }
    )
    return Arm(preset.arms[0], preset.measures_of(preset.arms[0]), preset.seeds, torch.device("cpu"))


def ours(problem: dict, replicas: int = 1) -> Callable[[], float]:
    """Return a function that trains a stretch and gives steps a second."""
    a = arm(problem, replicas)

    def stretch() -> float:
        end = a.step + problem["steps"] // (1 if replicas == 1 else 4)
        first, started = a.step, time.perf_counter()
        while a.step < end:
            a.advance(end - a.step)
        return (a.step - first) / (time.perf_counter() - started)

    return stretch


class Quadratic(nn.Module):
    """Two layers with squares between them."""

    def __init__(self, inputs: int, hidden: int, outputs: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(inputs, hidden, bias=False)
        self.readout = nn.Linear(hidden, outputs, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the scores of the classes."""
        return self.readout(self.hidden(x).square())


def plain(problem: dict) -> Callable[[], float]:
    """Return the loop one would write by hand, on the same data and the same network."""
    data = arm(problem).task.train
    if problem["task"]["name"] == "linear101":
        module: nn.Module = nn.Linear(data.inputs.shape[1], 1, bias=False)
        nn.init.zeros_(module.weight)
        loss_of = mse_loss
    else:
        module = Quadratic(data.inputs.shape[1], 128, 31)
        loss_of = cross_entropy
    optimizer = torch.optim.AdamW(module.parameters(), lr=1e-3, weight_decay=0.01)

    def stretch() -> float:
        started = time.perf_counter()
        for _ in range(problem["steps"]):
            optimizer.zero_grad()
            loss = loss_of(module(data.inputs), data.targets)
            loss.backward()
            optimizer.step()
        return problem["steps"] / (time.perf_counter() - started)

    return stretch


def jax_scan(problem: dict) -> Callable[[], float] | None:
    """Return the same training as one `lax.scan` under jit, or None where JAX is not installed."""
    try:
        import jax
        import jax.numpy as jnp
    except ImportError:
        return None
    data = arm(problem).task.train
    x, y = jnp.asarray(data.inputs.numpy()), jnp.asarray(data.targets.numpy())

    if problem["task"]["name"] == "linear101":
        weights = (jnp.zeros((x.shape[1], 1)),)

        def loss(weights):
            return jnp.mean((x @ weights[0] - y) ** 2)
    else:
        keys = jax.random.split(jax.random.PRNGKey(0))
        bound = (x.shape[1] ** -0.5, 128**-0.5)
        weights = (
            jax.random.uniform(keys[0], (x.shape[1], 128), minval=-bound[0], maxval=bound[0]),
            jax.random.uniform(keys[1], (128, 31), minval=-bound[1], maxval=bound[1]),
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

    scan = jax.jit(lambda carry: jax.lax.scan(step, carry, None, length=problem["steps"]))
    zeros = jax.tree.map(jnp.zeros_like, weights)
    state = [(weights, zeros, zeros, jnp.zeros(()))]
    jax.block_until_ready(scan(state[0]))

    def stretch() -> float:
        started = time.perf_counter()
        state[0], losses = scan(state[0])
        jax.block_until_ready(losses)
        return problem["steps"] / (time.perf_counter() - started)

    return stretch


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--repeats", type=int, default=5)
    options.add_argument("--markdown", type=Path)
    chosen = options.parse_args()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    lines = ["| problem | contestant | steps/s (median) | against the plain loop |", "|---|---|---|---|"]
    for name, problem in PROBLEMS.items():
        contestants = {
            "plain torch loop, no recording": plain(problem),
            "grok-tui, eager, recording": ours(problem),
            "grok-tui, 64 replicas": ours(problem, 64) if name == "linear101" else None,
            "JAX lax.scan, losses only": jax_scan(problem),
        }
        running = {label: stretch for label, stretch in contestants.items() if stretch is not None}
        for stretch in running.values():
            stretch()
        speeds: dict[str, list[float]] = {label: [] for label in running}
        for _ in range(chosen.repeats):
            for label, stretch in running.items():
                speeds[label].append(stretch())
        base = next(iter(speeds.values()))
        for label, values in speeds.items():
            ratio = statistics.median(a / b for a, b in zip(values, base, strict=True))
            lines.append(f"| {name} | {label} | {statistics.median(values):,.0f} | {ratio:.2f} |")
    lines.append("")
    versions = f"Python {platform.python_version()}, torch {torch.__version__}"
    lines.append(f"{versions}, 1 thread; medians of {chosen.repeats} repeats, and of the ratios in each.")
    print("\n".join(lines))
    if chosen.markdown:
        chosen.markdown.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
