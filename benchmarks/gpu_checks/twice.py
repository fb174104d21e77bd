"""Check 4: the same run comes out the same, bit for bit, in another process and in chunks of another size."""

from __future__ import annotations

from .effort import Effort
from .findings import Findings
from .problems import GPU, NAMES, advance, arm_on, digest, named, one_thread, state_of
from .processes import together

STEPS, TINY_STEPS = 300, 40
CHUNKS = (1, 7, 32, 1024)
SHORT = ("linear101 b10", "MLP p=31", "transformer p=59")


def check(found: Findings, effort: Effort) -> None:
    """Train the same problems in two processes at once, the second in chunks of all sizes."""
    names = SHORT if effort.short else NAMES
    steps = TINY_STEPS if effort.tiny else STEPS
    given = {"names": names, "steps": steps, "tiny": effort.tiny}
    first, second = together("twice:trained", [{**given, "chunks": CHUNKS[-1:]}, {**given, "chunks": CHUNKS}])
    for name in names:
        whole = first[name][str(CHUNKS[-1])]
        same = second[name][str(CHUNKS[-1])] == whole
        found.same_bits(f"{name}: {steps} steps in two processes", same)
        off = [f"chunks of {chunk}" for chunk, made in second[name].items() if made != whole]
        found.none_of(f"{name}: chunks of {CHUNKS}", off, len(CHUNKS))


def trained(names: list[str], steps: int, tiny: bool, chunks: list[int]) -> dict[str, dict[str, str]]:
    """Return, by problem and size of chunks, the digest of all that an arm became."""
    one_thread()
    found: dict[str, dict[str, str]] = {}
    for name in names:
        found[name] = {}
        for chunk in chunks:
            arm = arm_on(named(name, tiny), GPU, "on")
            advance(arm, steps, chunk)
            found[name][str(chunk)] = digest(state_of(arm))
    return found
