"""Arms on several devices: which goes where, and what the threads of devices do and raise."""

from __future__ import annotations

import gc
import threading
import time

import pytest
import torch
from arms import preset

from grok_tui.engine.run.placing import cost, share_out, told
from grok_tui.engine.run.side_by_side import SideBySide

FIRST, SECOND = torch.device("cuda", 0), torch.device("cuda", 1)


def test_arms_that_cost_the_same_go_round_the_devices():
    placed = share_out(dict.fromkeys("abcde", 7.0), ["x", "y", "z"])
    assert placed == {"a": "x", "b": "y", "c": "z", "d": "x", "e": "y"}
    assert told(placed) == "2 arms on x, 2 arms on y, 1 arm on z"


def test_the_costliest_arm_has_a_device_for_itself():
    assert share_out({"a": 1.0, "b": 1.0, "c": 3.0, "d": 1.0}, ["x", "y"]) == {
        "a": "y",
        "b": "y",
        "c": "x",
        "d": "y",
    }


def test_fewer_arms_than_devices_leave_the_last_ones_free():
    assert set(share_out({"a": 1.0, "b": 9.0}, ["x", "y", "z"]).values()) == {"x", "y"}


def test_small_steps_cost_what_launching_them_does():
    sgd = {"name": "sgd", "optimizer": {"name": "sgd", "lr": 0.1}}
    arm = preset(sgd).arms[0]
    longer = arm.model_copy(update={"training": arm.training.model_copy(update={"steps": 10**6})})
    assert cost(arm, 2) == pytest.approx(cost(arm, 1), rel=0.01)
    assert cost(longer, 1) == pytest.approx(cost(arm, 1) * 10**6 / arm.training.steps)


def test_tasks_of_two_devices_are_done_at_the_same_time_each_in_its_own_prepared_thread():
    prepared: list[tuple[str, torch.device]] = []
    both = SideBySide(lambda device: prepared.append((threading.current_thread().name, device)))
    meet = threading.Barrier(2, timeout=20)
    threads: list[str] = []

    def task() -> None:
        meet.wait()
        threads.append(threading.current_thread().name)

    for _ in range(2):
        both.do({FIRST: task, SECOND: task})
    names = {"trainer cuda:0", "trainer cuda:1"}
    assert sorted(threads) == sorted([*names, *names])
    assert set(prepared) == {("trainer cuda:0", FIRST), ("trainer cuda:1", SECOND)}
    assert len(prepared) == 2


def test_what_one_task_raises_is_raised_when_the_others_are_done():
    both = SideBySide(lambda device: None)
    done: list[str] = []

    def fail() -> None:
        raise ValueError("no")

    def work() -> None:
        time.sleep(0.05)
        done.append("work")

    with pytest.raises(ValueError, match="no"):
        both.do({FIRST: fail, SECOND: work})
    assert done == ["work"]
    both.do({FIRST: work})
    assert done == ["work", "work"]


def test_a_thread_that_cannot_be_prepared_is_told():
    def prepare(device: torch.device) -> None:
        raise RuntimeError(f"{device} is off")

    with pytest.raises(RuntimeError, match="cuda:1 is off"):
        SideBySide(prepare).do({SECOND: lambda: None})


def test_threads_end_with_what_they_belong_to():
    both = SideBySide(lambda device: None)
    threads: list[threading.Thread] = []
    both.do({FIRST: lambda: threads.append(threading.current_thread())})
    del both
    gc.collect()
    threads[0].join(10)
    assert not threads[0].is_alive()
