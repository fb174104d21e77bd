"""Calls a test in a process of its own, in which the emulated devices are.

A server process imports torch and installs the devices; for each test it forks a child, which runs that one
test under a pytest of its own. So no test sees a device that another one broke, and no other test sees any.
"""

from __future__ import annotations

import contextlib
import io
import multiprocessing
import multiprocessing.forkserver
import os
from functools import cache
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from pathlib import Path

import emulator
import pytest

INSIDE = "EMULATED_CUDA_INSIDE"  # in the environment of a child

HERE = Path(__file__).parent


def call(node: str, root: Path) -> str | None:
    """Call a test, by its pytest id below `root`; return what there is to say if it fails."""
    receiver, sender = multiprocessing.Pipe(duplex=False)
    child = _server(root).Process(target=_run, args=(node, str(root), sender))
    child.start()
    sender.close()
    try:
        code, said = receiver.recv()
    except EOFError:
        child.join()
        code, said = child.exitcode, f"the process of the test ended with exit code {child.exitcode}"
    finally:
        child.join(10)
        child.kill()
    return said if code else None


@cache
def _server(root: Path) -> ForkServerContext:
    """Return what forks children that have the devices; they are compiled first where they are not yet."""
    library = emulator.built()
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["preloaded"])
    path = os.pathsep.join([str(HERE), str(root), os.environ.get("PYTHONPATH", "")])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", path)
        patch.setenv("EMULATED_CUDA_LIBRARY", str(library))
        multiprocessing.forkserver.ensure_running()
    return context


def _run(node: str, root: str, connection: Connection) -> None:
    import preloaded  # noqa: F401  # by the server; if that failed, here it says why

    os.environ[INSIDE] = "1"
    os.chdir(root)
    without = ("cacheprovider", "hypothesispytest")  # the second takes a second to import at every end
    options = ["-n0", "-m", "", "--no-header", "--show-capture=no", *(f"-pno:{name}" for name in without)]
    with contextlib.redirect_stdout(io.StringIO()) as said:
        code = pytest.main([node, *options])
    connection.send((int(code), said.getvalue()))
    connection.close()
