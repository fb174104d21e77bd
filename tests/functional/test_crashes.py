"""A kept run that is ended at any call that writes to the disk, or of which any such call fails.

Each play is a run, a process that ends in the middle of it or whose disk fails, one that takes the run up and
brings it to its end, and one that replays it. What comes of it has to be what comes of a run undisturbed.
"""

import errno
import os

import pytest
from faults import ENDED, WITH_BYTES, ending, failing, power_cut
from persons import SCENES
from stages import Stage, kill_scene

PLAYS = 2  # of each kind and scene, evenly over its calls; all of them where that may be slow

CRASHES = {
    "killed": lambda at, folder: ending(at),
    "torn": lambda at, folder: ending(at, torn=True),
    "power cut": power_cut,
}
FAILURES = {
    "no space once": {"code": errno.ENOSPC, "short": True},
    "an error once": {"code": errno.EIO},
    "no space any more": {"code": errno.ENOSPC, "short": True, "lasting": True},
    "read-only": {"code": errno.EROFS, "lasting": True},
    "over the quota": {"code": errno.EDQUOT, "lasting": True},
}


@pytest.fixture(scope="module")
def stage(request, tmp_path_factory):
    """Return a scene that is ready to be played."""
    return Stage(request.param, tmp_path_factory.mktemp("stage"))


every_scene = pytest.mark.parametrize("stage", SCENES, indirect=True)
two_scenes = pytest.mark.parametrize("stage", ["by hand after a kill", "past"], indirect=True)


def places(stage, kind, plays):
    """Return at which calls to strike: so many, or all of them."""
    count = len(stage.calls)
    if kind == "torn":
        found = [at for at in range(1, count + 1) if stage.calls[at - 1] in WITH_BYTES]
    else:
        found = list(range(1, count + 1))
    if plays is None:
        return found
    first = (1 + [*CRASHES, *FAILURES].index(kind)) * len(found) // (plays * 8)
    return [found[(first + play * len(found) // plays) % len(found)] for play in range(plays)]


def crashed(stage, kind, plays):
    for at in places(stage, kind, plays):
        path, known = stage.anew()
        where = f"{kind} at call {at}, {stage.calls[at - 1]}"
        assert stage.lived(path, known, CRASHES[kind](at, path.parent)) == ENDED, where
        stage.check(path, known, where)


def failed(stage, kind, plays):
    how = FAILURES[kind]
    for at in places(stage, kind, plays):
        path, known = stage.anew()
        where = f"{kind} at call {at}, {stage.calls[at - 1]}"
        told = set(known)
        assert stage.lived(path, told, failing(at, **how)) == 0, where
        said = {line for line in told - known if line.startswith(("kept", "not kept", "refused"))}
        assert said, where
        if not how.get("lasting") and at < len(stage.calls) - 30:
            assert "kept" in said or any(line.startswith("refused") for line in said), (where, said)
        if how.get("lasting"):
            assert any(os.strerror(how["code"]).lower() in line for line in said), (where, said)
        stage.check(path, told - said, where)


@every_scene
@pytest.mark.parametrize("kind", CRASHES)
def test_a_run_that_is_ended_at_a_write_comes_to_the_same_end(stage, kind):
    crashed(stage, kind, PLAYS)


@two_scenes
@pytest.mark.parametrize("kind", FAILURES)
def test_a_run_whose_disk_fails_loses_nothing_and_comes_to_the_same_end(stage, kind):
    failed(stage, kind, 1)


@two_scenes
def test_a_disk_that_takes_a_part_at_a_time_is_no_failure(stage):
    path, known = stage.anew()
    told = set(known)
    assert stage.lived(path, told, failing(1, 0, lasting=True, short=True)) == 0
    assert "kept" in told
    stage.check(path, told - {"kept"}, "short writes")


@two_scenes
def test_a_person_whose_run_is_killed_at_any_moment_loses_nothing(stage):
    assert kill_scene(stage, 3, longest=0.4)


@pytest.mark.slow
@pytest.mark.timeout(7200)
@every_scene
@pytest.mark.parametrize("kind", [*CRASHES, *FAILURES])
def test_every_write(stage, kind):
    (crashed if kind in CRASHES else failed)(stage, kind, None)
