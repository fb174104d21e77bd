"""See a case of a fuzzer again, or look for more: `python tests/fuzz/again.py KIND NUMBER [COUNT]`.

KIND is presets, claims, commands, folders or frames. One case is shown with what came of it; of several,
those that have a fault. `FUZZ_SEED` makes others of the same numbers.
"""

from __future__ import annotations

import importlib
import sys
import tempfile
from pathlib import Path

import torch
from fuzzing import explore, private


def main() -> int:
    """Return 1 if a case has a fault."""
    kind, number, *count = sys.argv[1:]
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        private(Path(folder))
        numbers = range(int(number), int(number) + int(*count or [1]))
        cases = Path(folder) / "cases"
        cases.mkdir()
        return explore(kind, importlib.import_module(f"test_fuzz_{kind}").attempt, numbers, cases) > 0


if __name__ == "__main__":
    sys.exit(main())
