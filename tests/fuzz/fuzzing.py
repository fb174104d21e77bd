"""What the fuzzers share: numbered cases, the program called in this process, and what no input may do to it.

Each case is made from its number alone, so that a number is all that it takes to see it again:
`python tests/fuzz/again.py presets 1234`.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import pytest

from grok_tui.__main__ import main
from grok_tui.errors import ExitCode

SEED = os.environ.get("FUZZ_SEED", "0")
"""Another seed makes other cases of the same numbers."""

PARTS, SUITE = 80, 4
"""All cases of a fuzzer are tests of this many parts, of which these few belong to the suite."""

SECONDS, WAITING = 20.0, 120.0
"""Of the processor's time, and of any, after which a case counts as a hang: others may be at work as well."""

PYDANTIC = re.compile(
    r"pydantic|Input should be|valid (tuple|dictionary|integer|number|string|list)"
    r"|after validation|unable to parse|instance of"
)
"""Words that are not ours."""

OURS = re.compile(r"grok-tui: |[^ ]+: |Usage: ")
"""How a line on stderr begins: with the program or with the preset that it is about."""

CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass
class Case:
    """What was put in, as far as it tells somebody who wants to see it again, and what is wrong with it."""

    kind: str
    number: int
    shown: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        again = f"FUZZ_SEED={SEED} python tests/fuzz/again.py {self.kind} {self.number}"
        return "\n  ".join([f"{again}:", *self.faults, *(line[:300] for line in self.shown[-9:])])


@dataclass(frozen=True)
class Came:
    """What a call of the program came to."""

    code: int
    out: str
    err: str

    @property
    def last(self) -> str:
        """The last line on stderr."""
        return (self.err.splitlines() or [""])[-1]


Attempt = Callable[[random.Random, Path, Case], None]
"""Makes one case in an empty folder, which is the present one, and notes what is wrong with what came of it.
"""


def parts() -> list[object]:
    """Return the parameters of a test of all parts."""
    return [pytest.param(n, marks=() if n < SUITE else pytest.mark.slow) for n in range(PARTS)]


def tried(kind: str, attempt: Attempt, numbers: range, folder: Path) -> Iterator[Case]:
    """Make the cases of these numbers, and yield each with what is wrong with it."""
    before = Path.cwd()
    for number in numbers:
        own = folder / str(number)
        own.mkdir()
        os.chdir(own)
        case = Case(kind, number)
        try:
            with timed(case):
                attempt(random.Random(f"{SEED} {kind} {number}"), own, case)
        finally:
            os.chdir(before)
        yield case
        discard(own)


def discard(folder: Path) -> None:
    """Delete a folder, whatever a case has made of it."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o700)
            discard(path)
        else:
            path.unlink()
    folder.rmdir()


def check(kind: str, attempt: Attempt, part: int, each: int, folder: Path) -> None:
    """Fail if a case of this part, of that many each, has a fault."""
    numbers = range(part * each, (part + 1) * each)
    bad = [case for case in tried(kind, attempt, numbers, folder) if case.faults]
    assert not bad, "\n" + "\n".join(map(str, bad[:10]))


@contextlib.contextmanager
def timed(case: Case) -> Iterator[None]:
    """Note what takes too long; where Python code goes on, it is broken off."""

    def fire(*_: object) -> NoReturn:
        case.faults.append("hangs")
        raise TimeoutError("this case takes too long")

    timers = {signal.SIGALRM: (signal.ITIMER_REAL, WAITING), signal.SIGPROF: (signal.ITIMER_PROF, SECONDS)}
    before = {number: signal.signal(number, fire) for number in timers}
    for timer, seconds in timers.values():
        signal.setitimer(timer, seconds)
    try:
        yield
    except TimeoutError:
        if not case.faults:
            raise
    finally:
        for number, (timer, _) in timers.items():
            signal.setitimer(timer, 0)
            signal.signal(number, before[number])


def call(case: Case, *arguments: str | Path) -> Came:
    """Call the program in this process, and note what it may do for no input at all."""
    given = [str(argument) for argument in arguments]
    case.shown.append(f"grok-tui {' '.join(map(repr, given))}")
    streams = [io.TextIOWrapper(io.BytesIO(), "utf-8", "surrogateescape") for _ in range(2)]
    began = time.process_time()
    with contextlib.redirect_stdout(streams[0]), contextlib.redirect_stderr(streams[1]):
        try:
            code: object = main(given)
        except SystemExit as error:
            code = error.code
        except BaseException as error:
            case.faults.append(f"{type(error).__name__} comes through: {error}")
            code = -1
    for stream in streams:
        stream.flush()
    out, err = (stream.buffer.getvalue().decode("utf-8", "surrogateescape") for stream in streams)
    came = Came(int(code) if isinstance(code, int) else -1, out, err)
    if time.process_time() - began > SECONDS:
        case.faults.append("takes too long")
    case.faults += problems(came)
    case.shown.append(f"exit {came.code}: {came.last}")
    if record := re.search(r"traceback is in (.*\.log)$", came.last):
        case.shown += Path(record[1]).read_text().splitlines()[-5:]
    return came


def problems(came: Came) -> Iterator[str]:
    """Yield what is wrong with what a call came to."""
    if came.code not in set(ExitCode) - {ExitCode.CRASHED}:
        yield f"exit {came.code}"
    if came.code == ExitCode.NOT_AS_EXPECTED and not differs(came.out):
        yield "exit 1, and no verdict differs"
    if "Traceback" in came.err:
        yield "a traceback"
    lines = came.err.splitlines()
    if came.code in (ExitCode.USAGE, ExitCode.DIVERGED):
        if not lines:
            yield "not a word on stderr"
        elif not any(line.startswith("grok-tui: ") and len(line) > 15 for line in lines):
            yield "no line that begins with the program's name"
    if any(not OURS.match(line) for line in lines):
        yield "a line on stderr that is not ours"
    for name, text in (("stdout", came.out), ("stderr", came.err)):
        if found := CONTROL.search(text):
            yield f"{name} has {found.group()!r} in it"
    if found := PYDANTIC.search(came.err):
        yield f"words that are not ours: {found.group()}"
    if re.search(r"training failed: \w*(Error|Exception)|cannot start", came.err):
        yield "was taken, and fails"


def refused_in_one_line(case: Case, came: Came) -> None:
    """Note it if a refusal is more than a line, or nothing that a person can read."""
    if came.code == ExitCode.USAGE and (came.err.count("\n") != 1 or came.out):
        case.faults.append(
            f"{came.err.count(chr(10))} lines of refusal, {len(came.out)} characters of result"
        )


def differs(out: str) -> bool:
    """Whether a result says that a verdict is not as expected, or that a replay is not identical."""
    try:
        document = json.loads(out)
    except ValueError:
        counted = re.findall(r"(\d+) of (\d+) verdicts? as expected", out)
        replayed = "replayed" in out and re.search(r"differ|only|missing", out)
        return any(good != all_ for good, all_ in counted) or bool(replayed)
    if "identical" in document:
        return not document["identical"]
    claims = [claim for one in document.get("runs", [document]) for claim in one.get("claims", ())]
    return any(claim["verdict"] != claim["expected"] for claim in claims)


def private(folder: Path) -> None:
    """Have the program keep everything in a folder, and see no terminal."""
    for name in ("CONFIG", "STATE", "CACHE", "DATA"):
        os.environ[f"XDG_{name}_HOME"] = str(folder / name.lower())
    os.environ["TERM"] = "dumb"


def explore(kind: str, attempt: Attempt, numbers: range, folder: Path) -> int:
    """Print each case that has a fault; return how many there are."""
    count = 0
    for case in tried(kind, attempt, numbers, folder):
        if case.faults or len(numbers) == 1:
            count += bool(case.faults)
            sys.stdout.write(f"{case}\n")
            sys.stdout.flush()
    return count
