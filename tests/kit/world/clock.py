"""Virtual time, and operators that can be killed: tasks on greenlets, one of them at a time.

Nothing here waits: the clock jumps to whatever is due next. Tasks change over only where they
sleep or call AWS, so a run is the same each time.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

from greenlet import getcurrent, greenlet

# 2026-01-01T00:00:00Z, which begins a minute of CloudWatch's.
START = 1_767_225_600.0
_MOST_STEPS = 5_000_000


class Buried(BaseException):
    """Unwinds what was left hanging when its simulation has ended; it can do nothing any more."""


class Task:
    """A thread of an operator."""

    def __init__(self, operator: Operator, work: Callable[[], Any]) -> None:
        self.operator = operator
        self.shielded = False
        self.cancellable = False
        self.done = False
        self.result: Any = None
        self.error: BaseException | None = None
        self.due = 0  # the number of the only entry of the agenda that may wake it
        self._work = work
        self._waiters: list[Task] = []
        self.greenlet = greenlet(self._run, operator.simulation.hub)

    def _run(self) -> None:
        try:
            self.result = self._work()
        except Buried:
            pass
        except BaseException as error:  # noqa: BLE001  raised again where it is joined
            self.error = error
        self.done = True
        for waiter in self._waiters:
            self.operator.simulation.wake(waiter)

    def join(self) -> None:
        """Wait, in another task, until this one has ended."""
        while not self.done:
            waiting = self.operator.simulation.current()
            assert waiting is not None, "only a task can wait for a task"
            self._waiters.append(waiting)
            self.operator.simulation.suspend()


class Operator:
    """A process: a shell's `fleet`, Terraform, a workflow. It may be killed at any moment."""

    def __init__(self, simulation: Simulation, name: str) -> None:
        self.simulation = simulation
        self.name = name
        self.run_id = f"run-{len(simulation.operators)}"
        self.alive = True
        self.cancelled = False
        self.stalled_until = 0.0
        self.calls = 0
        self.tasks: list[Task] = []
        self.main: Task | None = None

    def __repr__(self) -> str:
        return f"<operator {self.name}>"

    def start(self, work: Callable[[], Any]) -> Operator:
        """Begin its main thread; it runs when the simulation does."""
        assert self.main is None, f"{self.name} was started before: make another operator"
        self.main = self.spawn(work)
        return self

    def spawn(self, work: Callable[[], Any]) -> Task:
        """Begin a thread."""
        task = Task(self, work)
        self.tasks.append(task)
        self.simulation.wake(task)
        return task

    @property
    def finished(self) -> bool:
        """Whether it has ended, or been killed."""
        return not self.alive or (self.main is not None and self.main.done)

    @property
    def killed(self) -> bool:
        """Whether it was killed before its end."""
        return not self.alive and not (self.main is not None and self.main.done)

    def result(self) -> Any:
        """What its work returned; what it raised is raised."""
        assert self.main is not None
        assert self.main.done, f"{self.name} has not ended"
        if self.main.error:
            raise self.main.error
        return self.main.result

    def kill(self) -> None:
        """SIGKILL: none of its threads ever runs again; no `finally`, no `except`."""
        self.alive = False
        if (task := self.simulation.current()) and task.operator is self:
            self.simulation.suspend()
            raise AssertionError("a dead operator went on")

    def stall(self, seconds: float) -> None:
        """SIGSTOP, and SIGCONT so many seconds later."""
        self.stalled_until = self.simulation.now + seconds

    def cancel(self) -> None:
        """Ctrl-C, as `fleet` takes it: whoever sleeps is woken, and stops."""
        self.cancelled = True
        for task in self.tasks:
            if task.cancellable and not task.done:
                self.simulation.wake(task)


class Simulation:
    """The clock and the agenda.

    Attributes:
        now: seconds since the epoch.
        choose: says which of several operators goes first when more than one could, by its
            place in the list that it is given; the order in which they came unless set.
    """

    def __init__(self) -> None:
        self.now = START
        self.hub = getcurrent()
        self.closed = False
        self.operators: list[Operator] = []
        self.choose: Callable[[Sequence[Operator]], int] | None = None
        self._agenda: list[tuple[float, int, Task | Callable[[], None]]] = []
        self._numbers = count(1)
        self._tasks: dict[greenlet, Task] = {}
        self._steps = 0

    def operator(self, name: str) -> Operator:
        """A new process, which does nothing yet."""
        operator = Operator(self, name)
        self.operators.append(operator)
        return operator

    def start(self, name: str, work: Callable[[], Any]) -> Operator:
        """A new process that does some work."""
        return self.operator(name).start(work)

    def at(self, delay: float, work: Callable[[], None]) -> None:
        """Let something happen in so many seconds, whoever is alive then."""
        self._put(self.now + delay, work)

    def current(self) -> Task | None:
        """The task that runs now; None while the test itself does."""
        return self._tasks.get(getcurrent())

    def wake(self, task: Task, delay: float = 0) -> None:
        """Let a task go on in so many seconds, and at no other time."""
        task.due = self._put(self.now + delay, task)

    def suspend(self) -> None:
        """Stop the current task until something wakes it."""
        if self.closed:
            raise Buried
        self.hub.switch()

    def sleep(self, delay: float, *, cancellable: bool = False) -> None:
        """Let virtual time pass in the current task; whatever else is due goes on meanwhile."""
        if self.closed:
            raise Buried
        task = self.current()
        if task is None:
            self.advance(delay)
            return
        task.cancellable = cancellable
        self.wake(task, max(delay, 0.0))
        self.hub.switch()
        task.cancellable = False

    def advance(self, delay: float) -> None:
        """Let virtual time pass, from the test."""
        moment = self.now + delay
        while self._agenda and self._agenda[0][0] <= moment:
            self._step()
        self.now = moment

    def run(self, until: Callable[[], bool] | None = None) -> None:
        """Go on until every operator has ended, or until something is true."""
        enough = until or (lambda: all(operator.finished for operator in self.operators))
        while not enough():
            assert self._agenda, f"nobody can go on: {self.operators}"
            self._step()

    def close(self) -> None:
        """End of the world: what hangs is unwound where it can reach nothing."""
        self.closed = True
        for operator in self.operators:
            operator.alive = False
            for task in operator.tasks:
                while task.greenlet:  # begun, and not ended
                    task.greenlet.throw(Buried)
        self._tasks.clear()
        self._agenda.clear()

    def _put(self, moment: float, what: Task | Callable[[], None]) -> int:
        number = next(self._numbers)
        heapq.heappush(self._agenda, (moment, number, what))
        return number

    def _step(self) -> None:
        assert getcurrent() is self.hub, "only the test can run its simulation"
        self._steps += 1
        assert self._steps < _MOST_STEPS, "this simulation does not end"
        moment, number, what = self._next() if self.choose else heapq.heappop(self._agenda)
        if isinstance(what, Task):
            if what.due != number or not what.operator.alive or what.done:
                return
            self.now = max(self.now, moment)
            if what.operator.stalled_until > self.now:
                self.wake(what, what.operator.stalled_until - self.now)
                return
            self._tasks[what.greenlet] = what
            what.greenlet.switch()
            if what.done:
                del self._tasks[what.greenlet]
        else:
            self.now = max(self.now, moment)
            what()

    def _next(self) -> tuple[float, int, Task | Callable[[], None]]:
        """The entry of the operator that the test chose, of those that are due now."""
        due = [entry for entry in self._agenda if entry[0] <= max(self.now, self._agenda[0][0])]
        first: dict[Operator, tuple[float, int, Task | Callable[[], None]]] = {}
        for entry in sorted(due, key=lambda entry: entry[:2]):
            what = entry[2]
            if not isinstance(what, Task):
                return self._take(entry)
            if what.due == entry[1] and what.operator.alive:
                first.setdefault(what.operator, entry)
        if len(first) < 2 or self.choose is None:
            return heapq.heappop(self._agenda)
        operators = list(first)
        return self._take(first[operators[self.choose(operators) % len(operators)]])

    def _take(
        self, entry: tuple[float, int, Task | Callable[[], None]]
    ) -> tuple[float, int, Task | Callable[[], None]]:
        self._agenda.remove(entry)
        heapq.heapify(self._agenda)
        return entry
