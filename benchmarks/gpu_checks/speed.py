"""Check 8: steps a second of every way to take them, in turns, and what the ratios have to be."""

from __future__ import annotations

from statistics import median

from grok_tui.headless.bench import Effort as Turns
from grok_tui.headless.bench import Score, measure
from grok_tui.headless.contestants import PROBLEMS, Problem, contestants, engine

from .effort import Effort
from .findings import Findings
from .problems import CPU, GPU, one_thread, sums

GRAPH, PLAIN = "CUDA graph", "plain torch loop, no recording"
OWN_GRAPH = "own CUDA graph, capturable AdamW"
QUADRATIC = {"name": "mlp", "hidden": 128, "activation": "quadratic"}
LARGER = (
    Problem("quadratic MLP, p = 97", sums(97), QUADRATIC, "cross_entropy", 8),
    Problem("transformer, p = 113", sums(113, 0.3), {"name": "transformer"}, "cross_entropy", 2),
)
TINY = (Problem("quadratic MLP, p = 7", sums(7), QUADRATIC | {"hidden": 8}, "cross_entropy", 2),)

AGAINST_PLAIN = {
    "linear101": 5.0,
    "quadratic MLP, p = 31, 128 hidden": 5.0,
    "quadratic MLP, p = 97": 3.0,
    "transformer, p = 113": 1.5,
}
AGAINST_OWN_GRAPH = 0.8
AGAINST_A_CORE = 20.0
COMPILED = "own step in torch.compile"
"""It takes long to build: the larger problems go without it."""


def check(found: Findings, effort: Effort) -> None:
    """Have the contestants take turns at each problem."""
    one_thread()
    turns = Turns(2, 0.1) if effort.tiny else Turns(5, 0.4)
    for problem in chosen(effort):
        builders = contestants(problem, GPU)
        if effort.short:
            builders = {name: builders[name] for name in (PLAIN, GRAPH)}
        elif problem in LARGER:
            builders = {name: build for name, build in builders.items() if name != COMPILED}
        scores = {score.contestant: score for score in measure(problem, builders, turns)}
        for name in builders:
            seen = told(scores[name]) if name in scores else "left out: it cannot be built here"
            found.note(f"{problem.name}: {name}", seen)
        judge(found, problem, scores)
        if problem.name == LARGER[-1].name and not effort.short:
            one_core(found, problem, scores[GRAPH])


def chosen(effort: Effort) -> tuple[Problem, ...]:
    """Return the problems to time."""
    if effort.tiny:
        return TINY
    every = (*PROBLEMS, *LARGER)
    return (every[0], every[1], every[-1]) if effort.short else every


def told(score: Score) -> str:
    """Return a score for people."""
    return f"{median(score.rounds):,.0f} steps/s, {median(score.ratios):.2f} x plain"


def judge(found: Findings, problem: Problem, scores: dict[str, Score]) -> None:
    """Take down the ratios that have to be."""
    graph = scores[GRAPH]
    if problem.name in AGAINST_PLAIN:
        least = AGAINST_PLAIN[problem.name]
        found.fast(f"{problem.name}: graph against plain", median(graph.ratios), least, " x")
    if OWN_GRAPH in scores:
        pairs = zip(graph.rounds, scores[OWN_GRAPH].rounds, strict=True)
        ratio = median(ours / theirs for ours, theirs in pairs)
        found.fast(f"{problem.name}: graph against one's own graph", ratio, AGAINST_OWN_GRAPH, " x")


def one_core(found: Findings, problem: Problem, graph: Score) -> None:
    """Take down how much faster than one core of the CPU the GPU is."""
    stretch = engine(problem, CPU, "off")
    stretch(0.5)
    ratio = median(graph.rounds) / stretch(2.0)
    found.fast(f"{problem.name}: graph against eager steps on one core", ratio, AGAINST_A_CORE, " x")
