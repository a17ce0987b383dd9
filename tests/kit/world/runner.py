"""The Runner of a simulated operator: its threads are tasks, its time is virtual."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from fleet.release.runner import Cancelled

from tests.kit.world.clock import Buried, Operator, Task


class SimulatedRunner:
    """What fleet.release.runner.Threads does, in virtual time."""

    def __init__(self, operator: Operator) -> None:
        self._operator = operator
        self._simulation = operator.simulation

    def now(self) -> float:
        return self._simulation.now

    def cancel(self) -> None:
        self._operator.cancel()

    def sleep(self, seconds: float) -> None:
        shielded = self._task().shielded
        if self._operator.cancelled and not shielded:
            raise Cancelled("stopped by the operator")
        self._simulation.sleep(seconds, cancellable=not shielded)
        self.check()

    def check(self) -> None:
        if self._operator.cancelled and not self._task().shielded:
            raise Cancelled("stopped by the operator")

    @contextmanager
    def shielded(self) -> Iterator[None]:
        task = self._task()
        before, task.shielded = task.shielded, True
        try:
            yield
        finally:
            task.shielded = before

    def map[T, R](self, work: Callable[[T], R], items: Sequence[T], workers: int) -> list[R]:
        waiting = list(enumerate(items))[::-1]
        results: dict[int, R] = {}
        errors: dict[int, BaseException] = {}

        def worker() -> None:
            while waiting:
                number, item = waiting.pop()
                try:
                    results[number] = work(item)
                except Buried:
                    raise
                except BaseException as error:  # noqa: BLE001  raised by the map below
                    errors[number] = error

        if self._simulation.closed:
            raise Buried
        tasks = [self._operator.spawn(worker) for _ in range(max(1, min(workers, len(items))))]
        for task in tasks if items else ():
            task.join()
        if errors:
            raise errors[min(errors)]
        return [results[number] for number in range(len(items))]

    @contextmanager
    def every(self, seconds: float, work: Callable[[], None]) -> Iterator[None]:
        simulation = self._simulation
        left, waits = False, False

        def repeat() -> None:
            nonlocal waits
            while True:
                waits = True
                simulation.sleep(seconds)
                waits = False
                if left:
                    return
                work()

        beside = self._operator.spawn(repeat)
        try:
            yield
        finally:
            left = True
            if not simulation.closed:
                if waits:
                    simulation.wake(beside)
                beside.join()

    def _task(self) -> Task:
        task = self._simulation.current()
        if task is None:
            raise Buried
        return task
