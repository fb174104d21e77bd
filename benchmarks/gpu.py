"""The acceptance run for a GPU: whether grok-tui does on this one what it does on a CPU, and how fast.

    python benchmarks/gpu.py --out DIR [--short] [--only 1-7,9]

Every check runs in a process of its own with a deadline; DIR/gpu.json and DIR/gpu.txt are written anew after
each, so that whatever ends the run leaves what was seen until then. A further run with the same DIR adds its
checks to them. `docs/gpu.md` says what each check wants, and what to install. Exit code 0: all passed; 1: one
did not; 2: there is no GPU, or the command line is wrong.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from gpu_checks.conduct import conduct
from gpu_checks.effort import Effort
from gpu_checks.results import exit_code
from gpu_checks.table import CHECKS, PATIENCE, selected


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="\n".join(f"{check.number:4}  {check.name}" for check in CHECKS),
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where to leave what was seen")
    parser.add_argument("--short", action="store_true", help="a selection, about four minutes")
    parser.add_argument("--only", metavar="N,...", help="these checks, and check 0 before them")
    parser.add_argument(
        "--patience", type=float, default=PATIENCE, metavar="X", help="times its estimate a check may take"
    )
    parser.add_argument(
        "--emulated",
        type=Path,
        metavar="PATH",
        help="a Python file or package that emulates a CUDA device; no speed is judged then",
    )
    return parser.parse_args()


def main() -> int:
    """Carry the checks out and return the exit code."""
    asked = options()
    try:
        checks = selected(asked.only, asked.short)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    if asked.emulated is not None and not asked.emulated.exists():
        print(f"--emulated: there is no '{asked.emulated}'", file=sys.stderr)
        return 2
    folder = asked.out.resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        print(f"--out: {error}", file=sys.stderr)
        return 2
    for name in ("CONFIG", "STATE", "DATA", "CACHE"):
        os.environ[f"XDG_{name}_HOME"] = str(folder / "home" / name.lower())
    effort = Effort(asked.short, asked.emulated.resolve() if asked.emulated else None)
    about = {
        "began": datetime.now(UTC).isoformat(timespec="seconds"),
        "device": "EMULATED, no GPU" if effort.emulated else "a GPU",
        "command": " ".join(sys.argv),
    }
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # what it started ends with it
    results = conduct(checks, folder, effort, about, lambda line: print(line, flush=True), asked.patience)
    print(f"{folder / 'gpu.txt'} has what was seen")
    return exit_code(results, effort.emulated is not None)


if __name__ == "__main__":
    sys.exit(main())
