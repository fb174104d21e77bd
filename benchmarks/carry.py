"""Collects what a machine without package registries needs to run `benchmarks/gpu.py`, in one folder.

    python benchmarks/carry.py --out DIR [--python 3.12]

DIR/wheels gets a wheel of this checkout and of every library that it needs at run time, at the versions of
`constraints.txt`, for Linux on x86-64 and the Python asked for. torch, numpy and what only torch needs stay
out: torch has to fit the machine's driver, and numpy to fit torch. DIR/benchmarks and DIR/tests are what the
run itself is made of. It ends by printing the two commands to give there.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import requires
from pathlib import Path

ROOT = Path(__file__).parent.parent
PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")
OF_THE_MACHINE = {"torch", "numpy"}
TERMINAL = Path("tests/functional/terminal.py")
"""What the check of the explorer has of the tests."""
REQUIREMENT = re.compile(r"([A-Za-z0-9][\w.-]*)(?:\[([^]]*)\])?")
EXTRA = re.compile(r"""extra == ["']([\w.-]+)["']""")
OF_A_SYSTEM = re.compile(r"\b(?:sys_platform|platform_system)\b")


def normal(name: str) -> str:
    """Return the name of a distribution as registries compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def needed(name: str, left_out: set[str]) -> set[str]:
    """Return what a distribution needs at run time, and what that needs, as it is installed here.

    Extras count where they are asked for, as in "markdown-it-py[linkify]"; what other systems need does not.
    """
    found: set[str] = set()
    ahead: list[tuple[str, frozenset[str]]] = [(normal(name), frozenset())]
    known = set(ahead)
    while ahead:
        parent, extras = ahead.pop()
        for line in requires(parent) or ():
            match = REQUIREMENT.match(line)
            wanted = set(EXTRA.findall(line))
            if match is None or OF_A_SYSTEM.search(line) or (wanted and not wanted & extras):
                continue
            other = (normal(match[1]), frozenset(re.findall(r"[\w.-]+", match[2] or "")))
            if other[0] not in left_out and other not in known:
                known.add(other)
                ahead.append(other)
                found.add(other[0])
    return found


def pinned(constraints: Path) -> dict[str, str]:
    """Return the requirement that pins each distribution, by its normal name."""
    lines = [line.strip() for line in constraints.read_text(encoding="utf-8").splitlines()]
    return {normal(line.partition("==")[0]): line for line in lines if "==" in line and line[0] != "#"}


def pip(*arguments: str) -> None:
    """Have pip of this Python do something, or end the program with its words."""
    done = subprocess.run(
        [sys.executable, "-m", "pip", *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(done.stderr.strip() or f"pip ended with {done.returncode}")


def collect(folder: Path, python: str) -> list[str]:
    """Put all wheels in a folder and return their names.

    python: the version that they are for, such as "3.12".
    """
    pip("wheel", "-q", "--no-deps", "-w", str(folder), str(ROOT))
    pins = pinned(ROOT / "constraints.txt")
    wanted = [pins.get(name, name) for name in sorted(needed("grok-tui", OF_THE_MACHINE))]
    platforms = [part for platform in PLATFORMS for part in ("--platform", platform)]
    place = ("-d", str(folder), "--python-version", python, *platforms)
    pip("download", "-q", "--no-deps", "--only-binary=:all:", *place, *wanted)
    return sorted(path.name for path in folder.glob("*.whl"))


def main() -> None:
    """Fill the folder and say how to use it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="new or empty")
    parser.add_argument("--python", default="3.12", metavar="X.Y", help="of the other machine")
    asked = parser.parse_args()
    if re.fullmatch(r"3\.\d+", asked.python) is None:
        parser.error(f"--python: '{asked.python}' is no version such as 3.12")
    if asked.out.exists() and any(asked.out.iterdir()):
        parser.error(f"--out: '{asked.out}' holds something already")
    with tempfile.TemporaryDirectory() as aside:
        made = Path(aside) / "carried"
        (made / "wheels").mkdir(parents=True)
        names = collect(made / "wheels", asked.python)
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "benchmarks", made / "benchmarks", ignore=ignored)
        (made / TERMINAL).parent.mkdir(parents=True)
        shutil.copy(ROOT / TERMINAL, made / TERMINAL)
        shutil.copytree(made, asked.out, dirs_exist_ok=True)
    size = sum(path.stat().st_size for path in asked.out.rglob("*") if path.is_file())
    print("\n".join(names))
    print(f"{len(names)} wheels; {size / 2**20:.1f} MiB in {asked.out}. There, beside torch and numpy:")
    print("    python -m pip install --no-index --no-deps wheels/*.whl")
    print("    python benchmarks/gpu.py --out result")


if __name__ == "__main__":
    main()
