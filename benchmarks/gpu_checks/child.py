"""Where every process of an acceptance run begins: it stands up the emulated device, if any, and does a part.

python -m gpu_checks.child check NUMBER FINDINGS    one check
python -m gpu_checks.child call TARGET JSON         one function; its result is the last line of stdout
python -m gpu_checks.child grok-tui ARGUMENTS       the program itself
python -m gpu_checks.child starve BYTES ARGUMENTS   the program, with little of the GPU's memory left
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from .effort import Effort
from .findings import Findings, NoGpuError
from .processes import ANSWER, NO_GPU_CODE
from .table import check_of


def main(arguments: Sequence[str]) -> int:
    """Do a part and return the exit code."""
    effort = Effort.of_this_process()
    if effort.emulated is not None:
        load_emulator(effort.emulated)
    match list(arguments):
        case ["check", number, path]:
            try:
                function_of(check_of(int(number)).function)(Findings(Path(path), not effort.tiny), effort)
            except NoGpuError as error:
                print(error, file=sys.stderr)
                return NO_GPU_CODE
        case ["call", target, given]:
            answer = function_of(target)(**json.loads(given))
            print(f"\n{ANSWER}{json.dumps(answer)}", flush=True)
            os._exit(0)  # taking CUDA apart after an error that stays would end with another code
        case ["grok-tui", *rest]:
            return program(rest)
        case ["starve", left, *rest]:
            from .ballast import Ballast

            with Ballast(int(left)):
                return program(rest)
        case _:
            print(f"unknown part {arguments}", file=sys.stderr)
            return 1
    return 0


def program(arguments: Sequence[str]) -> int:
    """Carry out a `grok-tui` command line and return its exit code."""
    from grok_tui.__main__ import main

    return main(arguments)


def function_of(target: str) -> Callable[..., Any]:
    """Return what "module:function" names in this package."""
    module, _, name = target.partition(":")
    function: Callable[..., Any] = getattr(importlib.import_module(f".{module}", __package__), name)
    return function


def load_emulator(path: Path) -> None:
    """Run the Python file, or the package, that makes torch see a CUDA device.

    Its folder, or the one that the package lies in, comes first where modules are looked for.
    """
    folder, name = (path.parent, path.stem) if path.is_file() else (path.parent, path.name)
    sys.path.insert(0, str(folder.resolve()))
    importlib.import_module(name)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
