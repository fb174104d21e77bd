"""Check 15: float32 products are float32, whatever the environment of the machine would have them be."""

from __future__ import annotations

import torch

from grok_tui.engine.run.run import Run
from grok_tui.engine.steps.backends import Compiling

from .effort import Effort
from .findings import Findings
from .problems import GPU, named
from .processes import Call

SIZE = 512
LIMIT = 2e-6
TF32 = {"TORCH_ALLOW_TF32_CUBLAS_OVERRIDE": "1"}


def check(found: Findings, effort: Effort) -> None:
    """Multiply in a process that the environment tells to round to TF32."""
    for name, more in (("as it is", {}), ("TORCH_ALLOW_TF32_CUBLAS_OVERRIDE=1", TF32)):
        seen = Call("numerics:seen", more, tiny=effort.tiny).answer()
        found.at_most(f"{SIZE}^3 product against float64, {name}", seen["error"], LIMIT)
        found.note(f"TF32 allowed once a run is open, {name}", seen["tf32"])
        found.note("denormal numbers that a product with 1 keeps", f"{seen['denormals']} of {SIZE}")


def tf32() -> str:
    """Return whether torch says that it may round to TF32."""
    try:
        return str(torch.backends.cuda.matmul.allow_tf32)
    except RuntimeError:  # where the newer setting was used, the older one cannot be read
        return torch.backends.cuda.matmul.fp32_precision


def seen(tiny: bool) -> dict[str, float | str | int]:
    """Return the relative error of a product once a run is open, and what becomes of denormal numbers."""
    Run(named("MLP p=31", tiny), "cuda", None, Compiling("off"))
    generator = torch.Generator().manual_seed(1)
    one, other = (torch.randn(SIZE, SIZE, dtype=torch.float64, generator=generator) for _ in range(2))
    made = (one.float().to(GPU) @ other.float().to(GPU)).cpu().double()
    exact = one.float().double() @ other.float().double()
    tiny_numbers = torch.full((SIZE,), 1e-39).to(GPU) * torch.ones(SIZE, device=GPU)
    return {
        "error": (torch.linalg.norm(made - exact) / torch.linalg.norm(exact)).item(),
        "tf32": tf32(),
        "denormals": int((tiny_numbers.cpu() != 0).sum().item()),
    }
