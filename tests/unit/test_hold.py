"""Who holds a run: told by a lock, and by a heartbeat where a file system has no locks."""

import errno
import fcntl
import json
import os
import platform
import subprocess
import sys
import time

import pytest

from grok_tui.engine.store import hold
from grok_tui.engine.store.directory import RunDirectory, RunStatus
from grok_tui.engine.store.files import StoreError


@pytest.fixture
def directory(tmp_path) -> RunDirectory:
    return RunDirectory(tmp_path)


@pytest.fixture(params=[errno.ENOLCK, errno.ENOSYS])
def without_locks(request, monkeypatch):
    def flock(*_):
        raise OSError(request.param, os.strerror(request.param))

    monkeypatch.setattr(fcntl, "flock", flock)
    monkeypatch.setattr(hold, "SETTLING", 0.0)


def left(directory: RunDirectory, seconds: float = 0.0, **said: object) -> None:
    """Leave the lock of another process, with a last beat so many seconds ago."""
    path = directory.path / "lock"
    path.write_text(json.dumps({"host": "elsewhere", "pid": 1, "locked": False, "token": "x"} | said))
    os.utime(path, (time.time() - seconds,) * 2)


def dead_process() -> int:
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        child.wait()
    return child.pid


@pytest.mark.usefixtures("without_locks")
class TestWithoutLocks:
    def test_a_run_is_held_by_one_at_a_time(self, directory):
        held = directory.lock()
        assert directory.state() is RunStatus.RUNNING
        with pytest.raises(StoreError, match=rf"running in another process: {os.getpid()} on "):
            directory.lock()
        held.release()
        assert directory.state() is RunStatus.CRASHED
        directory.lock().release()

    def test_one_that_is_alive_on_another_host_is_seen_by_its_beat(self, directory):
        left(directory, seconds=20)
        assert directory.state() is RunStatus.RUNNING
        with pytest.raises(StoreError, match=r"running in another process: 1 on elsewhere, [12]\d s ago"):
            directory.lock()

    @pytest.mark.parametrize("seconds", [90, -4000], ids=["long ago", "before the clock was set back"])
    def test_one_whose_beat_is_old_is_taken_up(self, directory, seconds):
        left(directory, seconds=seconds)
        assert directory.state() is RunStatus.CRASHED
        directory.lock().release()

    def test_a_process_of_this_host_that_is_gone_is_taken_up_at_once(self, directory):
        left(directory, host=platform.node(), pid=dead_process())
        assert directory.state() is RunStatus.CRASHED
        directory.lock().release()

    def test_who_seemed_dead_and_is_not_writes_no_more(self, directory):
        held = directory.lock()
        held.require()
        left(directory)
        with pytest.raises(StoreError, match="process 1 on elsewhere has taken up this run meanwhile"):
            held.require()
        held.release()
        assert "elsewhere" in (directory.path / "lock").read_text()

    def test_of_two_at_once_the_later_has_it(self, directory, monkeypatch):
        monkeypatch.setattr(hold.time, "sleep", lambda _: left(directory))
        with pytest.raises(StoreError, match="is being taken up by another process"):
            directory.lock()

    def test_it_beats_while_it_is_held(self, directory, monkeypatch):
        monkeypatch.setattr(hold, "BEAT", 0.01)
        held = directory.lock()
        os.utime(directory.path / "lock", (0, 0))
        deadline = time.monotonic() + 20
        while directory.state() is not RunStatus.RUNNING:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        held.release()


class TestWithLocks:
    def test_a_killed_process_holds_nothing_however_fresh_its_beat(self, directory):
        left(directory, locked=True)
        assert directory.state() is RunStatus.CRASHED
        directory.lock().release()

    def test_who_has_no_locks_there_is_seen_by_who_has(self, directory):
        left(directory)
        with pytest.raises(StoreError, match="1 on elsewhere"):
            directory.lock()

    @pytest.mark.parametrize("content", ["", "{}", "nonsense", "\0" * 5000, '{"host": 1e999}'])
    def test_a_lock_that_says_nothing_is_nobodys(self, directory, content):
        (directory.path / "lock").write_text(content)
        assert directory.state() is RunStatus.CRASHED
        directory.lock().release()

    def test_another_failure_is_not_called_a_lock(self, directory, monkeypatch):
        def flock(*_):
            raise OSError(errno.EIO, os.strerror(errno.EIO))

        monkeypatch.setattr(fcntl, "flock", flock)
        with pytest.raises(StoreError, match=r": input/output error$"):
            directory.lock()

    def test_a_run_on_a_full_disk_can_be_held_to_be_deleted(self, directory, monkeypatch):
        def full(*_):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        (directory.path / "run.json").write_text("{}")
        monkeypatch.setattr(os, "pwrite", full)
        assert directory.remove()


def test_a_status_of_more_steps_than_there_can_be_says_nothing(directory):
    (directory.path / "status.json").write_text(json.dumps({"steps": 5, "total": 10**300}))
    assert directory.status().total == 0
