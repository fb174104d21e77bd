"""A thread for each of several devices, so that what is computed on them is computed at the same time."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Mapping
from queue import SimpleQueue

import torch

Task = Callable[[], None]


class SideBySide:
    """Threads that do what belongs to their device; whoever asks waits until all have done it.

    A thread starts when there is something for its device first, and ends with this object.

    Args:
        prepare: called in each thread first, with its device.
    """

    def __init__(self, prepare: Callable[[torch.device], object]) -> None:
        self._prepare = prepare
        self._tasks: dict[torch.device, SimpleQueue[Task | None]] = {}

    def do(self, tasks: Mapping[torch.device, Task]) -> None:
        """Do these tasks, each in the thread of its device, and come back when all are done.

        Raises:
            Exception: what the first of them that failed raised.
        """
        done: SimpleQueue[None] = SimpleQueue()
        failures: dict[torch.device, BaseException] = {}

        def reported(device: torch.device, task: Task, *, first: bool) -> Task:
            def do() -> None:
                try:
                    if first:
                        self._prepare(device)
                    task()
                except BaseException as error:
                    failures[device] = error
                finally:
                    done.put(None)

            return do

        for device, task in tasks.items():
            first = device not in self._tasks
            self._thread(device).put(reported(device, task, first=first))
        for _ in tasks:
            done.get()
        for device in tasks:
            if device in failures:
                raise failures[device]

    def _thread(self, device: torch.device) -> SimpleQueue[Task | None]:
        """Return the queue of the thread for a device."""
        if device not in self._tasks:
            tasks = self._tasks[device] = SimpleQueue()
            # A daemon: a step that takes long holds up nobody who leaves.
            threading.Thread(target=_work, args=(tasks,), name=f"trainer {device}", daemon=True).start()
            weakref.finalize(self, tasks.put, None)
        return self._tasks[device]


def _work(tasks: SimpleQueue[Task | None]) -> None:
    """Do what comes until None does."""
    while (task := tasks.get()) is not None:
        task()
        del task  # which holds arms, and so memory of the device
