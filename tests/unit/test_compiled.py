"""Compiled steps: the numbers of eager ones, the same bits whatever the chunks, one build for all knobs."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from arms import SUMS, preset, run_to

from grok_tui.catalog.interventions import Set
from grok_tui.catalog.seen import SEEN
from grok_tui.engine.arm.arm import Arm
from grok_tui.engine.steps import work
from grok_tui.engine.steps.backends import BackendSince, Compiling
from grok_tui.engine.steps.compiled.builds import Workshop
from grok_tui.engine.steps.compiled.native import compiler
from grok_tui.engine.steps.cuda_graph import CaptureError, CountedSteps, CudaGraphStepper
from grok_tui.errors import GrokTuiError

ADAMW = {"name": "adamw", "lr": 1e-2, "weight_decay": 0.1}
NOISY = {
    "task": SUMS,
    "model": {"name": "mlp", "hidden": 6},
    "loss": "cross_entropy",
    "dtype": "float32",
    "batch_size": 3,
    "seeds": [0, 1],
    "modifiers": {"weight_noise": 0.01, "dropout": 0.1, "grokfast": "ema"},
}

needs_compiler = pytest.mark.skipif(compiler() is None, reason="no C++ compiler here")


@pytest.fixture(scope="module")
def workshop(tmp_path_factory):
    return Workshop(tmp_path_factory.mktemp("compiled"))


def arm(compiling=None, *, optimizer=ADAMW, task=None, model=None, modifiers=None, seeds=None, **training):
    own = {"name": "a", "optimizer": optimizer, "modifiers": modifiers or {}}
    p = preset(own | ({"model": model} if model else {}), task=task, **training)
    spec = p.arms[0]
    return Arm(spec, p.measures_of(spec), seeds or p.seeds, torch.device("cpu"), (), compiling)


def made(arm):
    return [(since.step, since.backend) for since in arm.backends]


def turn(arm, lr):
    arm.intervene(Set(arm="a", at_step=0, action="set", hyperparameter="lr", value=lr))


@needs_compiler
def test_compiled_steps_give_the_numbers_of_eager_ones(workshop):
    eager, compiled = arm(), arm(Compiling("on", workshop=workshop))
    for one in (eager, compiled):
        run_to(one, 250)
    assert made(compiled) == [(0, "compiled")]
    torch.testing.assert_close(compiled.theta, eager.theta, rtol=1e-9, atol=1e-12)
    for name in eager.history.names:
        np.testing.assert_allclose(
            compiled.history.values(name), eager.history.values(name), rtol=1e-6, atol=1e-9, err_msg=name
        )


@needs_compiler
def test_the_bits_of_compiled_steps_do_not_depend_on_the_chunks(workshop):
    one, other = (arm(Compiling("on", workshop=workshop)) for _ in range(2))
    assert torch.equal(run_to(one, 250).theta, run_to(other, 250, chunk=7).theta)


@needs_compiler
def test_turning_a_knob_a_hundred_times_compiles_nothing(workshop):
    eager, compiled = arm(), arm(Compiling("on", workshop=workshop))
    run_to(compiled, 1)
    before = workshop.started
    for one in (eager, compiled):
        for k in range(100):
            turn(one, 1e-2 / (k + 1))
            run_to(one, 2 * (k + 1))
    assert workshop.started == before
    torch.testing.assert_close(compiled.theta, eager.theta, rtol=1e-9, atol=1e-12)


@needs_compiler
def test_steps_done_again_are_made_by_what_made_them(workshop):
    switching = [BackendSince(step=0, backend="eager"), BackendSince(step=60, backend="compiled")]
    first = arm(Compiling("on", workshop=workshop))
    first.prescribe(switching, until=250)
    run_to(first, 250)
    assert made(first) == [(0, "eager"), (60, "compiled")]
    again = arm(Compiling("off", workshop=workshop))
    again.prescribe(first.backends)
    run_to(again, 250, chunk=11)
    assert made(again) == made(first)
    assert torch.equal(again.theta, first.theta)
    other = run_to(arm(Compiling("on", workshop=workshop)), 250)
    assert made(other) == [(0, "compiled")], "unless they are prescribed"


@needs_compiler
def test_auto_begins_eager_and_goes_over_to_what_is_compiled(workshop, monkeypatch):
    run_to(arm(Compiling("on", workshop=workshop)), 1)
    monkeypatch.setattr(work, "WORTH_LOADING_SECONDS", 1e-9)
    a = arm(Compiling("auto", deterministic=False, workshop=workshop))
    run_to(a, 100, chunk=5)
    assert [backend for _, backend in made(a)] == ["eager", "compiled"]


@needs_compiler
def test_code_that_cannot_be_loaded_leaves_steps_eager(tmp_path):
    workshop = Workshop(tmp_path)
    monkey = arm(Compiling("on", workshop=workshop))
    found = workshop.find

    def broken(program):
        build = found(program)
        build.folder.mkdir()
        (build.folder / "step.so").write_bytes(b"not code")
        return build

    workshop.find = broken
    run_to(monkey, 5)
    assert made(monkey) == [(0, "eager")]


@needs_compiler
@pytest.mark.slow
def test_batches_noise_dropout_filters_and_replicas_can_be_compiled(workshop):
    eager, compiled = arm(**NOISY), arm(Compiling("on", workshop=workshop), **NOISY)
    for one in (eager, compiled):
        run_to(one, 30)
    assert made(compiled) == [(0, "compiled")]
    torch.testing.assert_close(compiled.theta, eager.theta, rtol=1e-4, atol=1e-5)


def test_deterministic_auto_compiles_nothing(workshop):
    before = workshop.started
    a = run_to(arm(Compiling("auto", deterministic=True, workshop=workshop)), 50)
    assert (made(a), workshop.started) == ([(0, "eager")], before)


def test_without_a_compiler_steps_stay_eager_and_it_is_said_once(tmp_path, monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    compiling = Compiling("on", workshop=Workshop(tmp_path))
    said = []
    compiling.listen(said.append)
    for _ in range(2):
        run_to(arm(compiling), 20)
    assert said == ["steps stay eager: no C++ compiler found"]


def test_an_unknown_mode_is_refused():
    with pytest.raises(GrokTuiError, match="unknown mode 'maybe'; valid: auto, on, off"):
        Compiling("maybe")


def eager_stepper(**options):
    a = run_to(arm(**options), 1)
    (one,) = a._trainer._works.values()
    return a, one._eager


def test_what_a_cuda_graph_captures_takes_the_steps_of_the_eager_plan():
    (a, eager), (b, other) = (eager_stepper(batch_size=4, seeds=[0, 1]) for _ in range(2))
    steps = CountedSteps(other)
    table = eager.table.expand(6, *eager.table.shape) * torch.linspace(0.9, 1, 6).view(-1, 1, 1, 1)
    indices = torch.randint(0, 10, (6, 2, 4), generator=torch.Generator().manual_seed(0))
    results = [torch.zeros(6, len(SEEN), 2, dtype=torch.float64) for _ in range(2)]
    eager.run(table, indices, results[0])
    steps.rows.run(steps.take, table, indices, results[1])
    assert torch.equal(a.theta, b.theta)
    assert torch.equal(results[0], results[1])


def test_a_failed_capture_leaves_theta_as_it_was_and_steps_eager(monkeypatch):
    a, eager = eager_stepper()
    before = a.theta.clone()
    with pytest.raises(CaptureError, match="no CUDA graph"):
        CudaGraphStepper(eager)
    assert torch.equal(a.theta, before)
    monkeypatch.setattr(work.Work, "_on_gpu", property(lambda self: True))
    compiling = Compiling("auto")
    b = run_to(arm(compiling), 50)
    assert made(b) == [(0, "eager")]
    assert len(compiling.problems) == 1
