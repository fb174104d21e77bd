"""The process in which a run goes on by itself: how it is started, and what it does."""

from __future__ import annotations

import atexit
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from grok_tui.catalog.registries import take_up_those_of_the_parent
from grok_tui.engine.run.place import AS_IT_WAS, Place
from grok_tui.engine.store.directory import RunDirectory
from grok_tui.engine.worker.opening import Anew, Keeping, Opening, Resumed
from grok_tui.engine.worker.runner import Runner
from grok_tui.errors import GrokTuiError
from grok_tui.files import reason
from grok_tui.interrupts import Interrupts, exit_code
from grok_tui.presets import Preset

from .server import Server

_CODE = (
    "import sys; handle, sys.path[:] = int(sys.argv[1]), sys.argv[2:];"
    " from grok_tui.engine.remote.keeper import keep; keep(handle)"
)


class KeeperJob(BaseModel):
    """What a keeper is to do.

    Attributes:
        preset: what is carried out.
        folder: where it is kept, new or empty, or the run to take up; None makes one in the state folder.
        label: the preset's name.
        profile: "quick", "medium" or "full".
        resumed: whether to take up what the folder holds.
        place: where and how to compute it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    preset: Preset
    folder: Path | None
    label: str
    profile: str
    resumed: bool = False
    place: Place = AS_IT_WAS


def start(job: KeeperJob) -> socket.socket:
    """Start a process that does a job, in a session of its own; return a connection to it.

    Raises:
        GrokTuiError: the system does not allow another process.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    with theirs:
        try:
            keeper = subprocess.Popen(
                [sys.executable, "-c", _CODE, str(theirs.fileno()), *map(str, sys.path)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # neither Ctrl-C nor a hang-up of the terminal reaches it
                pass_fds=(theirs.fileno(),),
            )
            assert keeper.stdin is not None
            with keeper.stdin as pipe:
                pipe.write(job.model_dump_json().encode())
        except OSError as error:
            ours.close()
            raise GrokTuiError(f"no process can be started for the run: {reason(error)}") from None
    return ours


def keep(handle: int) -> None:
    """Do the job that standard input holds, and end the process: the main function of a keeper.

    handle: of the connection to whoever has started it.
    """
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with Interrupts() as signals:
        take_up_those_of_the_parent()
        job = KeeperJob.model_validate_json(sys.stdin.buffer.read())
        server = Server(_runner(job))
        server.welcome(socket.socket(fileno=handle))
        server.serve(lambda: signals.received is not None)
    atexit._run_exitfuncs()
    # The interpreter would take seconds to take torch apart.
    os._exit(exit_code(signals.received) if signals.received is not None else 0)


def _runner(job: KeeperJob) -> Runner:
    opening: Opening
    if job.resumed and job.folder is not None:
        opening = Resumed(RunDirectory(job.folder), job.place)
        return Runner(job.preset, opening, paused=True)
    keeping = Keeping(job.label, job.profile, job.folder)
    opening = Anew(job.preset, job.place, keeping)
    return Runner(job.preset, opening, pace=job.preset.pace)
