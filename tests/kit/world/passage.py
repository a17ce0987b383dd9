"""A call's way to AWS and back, and everything that may happen to it there."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.kit.world.behind import LostAnswerError, Unfaithful, handler
from tests.kit.world.clock import Buried, Operator, Simulation
from tests.kit.world.faults import NONE, Call, Fault
from tests.kit.world.functions import AwsError
from tests.kit.world.lambda_ import ControlPlane
from tests.kit.world.recorder import Recorder

STATUS = {
    "TooManyRequestsException": 429,
    "ServiceException": 500,
    "InternalServerError": 500,
    "ResourceConflictException": 409,
    "PreconditionFailedException": 412,
    "AccessDeniedException": 403,
}


@dataclass
class Passage:
    """Brings calls to the fake services.

    Attributes:
        latency: seconds that a call takes on its way there and back.
        made: how many calls operators have made.
    """

    simulation: Simulation
    plane: ControlPlane
    recorder: Recorder
    services: Mapping[str, object]
    fault: Callable[[Call], Fault | None]
    latency: float
    made: int = 0

    def call(self, service: str, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        """Let a call take effect, with what the test lets happen to it on the way.

        Raises:
            AwsError: AWS refuses it.
            LostAnswerError: its answer never comes.
        """
        operator = self._caller()
        if operator is None:
            return self._effect(service, operation, parameters)
        fault = self._fault(operator, service, operation, parameters)
        if fault.stall:
            operator.stall(fault.stall)
        self.simulation.sleep(self.latency / 2 + fault.before)
        self._before(operator, fault, lambda: self._late(operator, service, operation, parameters))
        self.plane.stale = fault.stale
        refusal: AwsError | None = None
        answer: dict[str, Any] = {}
        try:
            if service == "lambda":
                self.plane.rates.meter(operation, self.simulation.now)
            answer = self._effect(service, operation, parameters)
        except AwsError as error:
            refusal = error
        finally:
            self.plane.stale = 0.0
        if fault.kill == "after":
            operator.kill()
        if operation == "Invoke":
            self.simulation.sleep(self.plane.seconds(**parameters))
        self.simulation.sleep(self.latency / 2 + fault.after)
        if fault.lost == "after":
            raise LostAnswerError("after")
        if refusal:
            raise refusal
        return answer

    def look(self, operation: str) -> None:
        """Spend the time, and run the risks, of a read whose answer is found elsewhere."""
        operator = self._caller()
        if operator is None:
            return
        fault = self._fault(operator, "ecr", operation, {})
        if "before" in {fault.kill, fault.lost}:
            operator.kill()
        self.simulation.sleep(self.latency + fault.before + fault.after)
        if "after" in {fault.kill, fault.lost}:
            operator.kill()

    def _caller(self) -> Operator | None:
        task = self.simulation.current()
        if self.simulation.closed or (task and not task.operator.alive):
            raise Buried
        return task.operator if task else None

    def _fault(
        self, operator: Operator, service: str, operation: str, parameters: dict[str, Any]
    ) -> Fault:
        call = Call(service, operation, operator.name, operator.calls, parameters)
        operator.calls += 1
        self.made += 1
        return self.fault(call) or NONE

    def _before(self, operator: Operator, fault: Fault, effect: Callable[[], None]) -> None:
        """What keeps a call from taking effect now."""
        if "before" in {fault.kill, fault.lost} and fault.late:
            self.simulation.at(fault.late, effect)
        if fault.kill == "before":
            operator.kill()
        if fault.lost == "before":
            self.simulation.sleep(fault.after)
            raise LostAnswerError("before")
        if fault.error:
            self.simulation.sleep(self.latency / 2 + fault.after)
            raise AwsError(fault.error, "as the test wants it", STATUS.get(fault.error, 400))

    def _late(
        self, operator: Operator, service: str, operation: str, parameters: dict[str, Any]
    ) -> None:
        self.recorder.late_caller = operator
        # Whether it succeeds, nobody is there to hear.
        with contextlib.suppress(AwsError):
            self._effect(service, operation, parameters)
        self.recorder.late_caller = None

    def _effect(self, service: str, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        answer = handler(self.services[service], operation)
        try:
            return answer(**parameters)
        except (AssertionError, TypeError, KeyError, AttributeError) as error:
            raise Unfaithful(f"{operation}({parameters}): {error!r}") from error
