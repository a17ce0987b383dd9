"""Alarms of functions: which of them fire, are missing, or cannot be read."""

from __future__ import annotations

from itertools import batched
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from fleet.release.budget import Budget

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fleet.environments import Environment
    from fleet.release.runner import Runner

# terraform/modules/function/alarms.tf makes these for every function.
KINDS = ("errors", "duration", "throttles")
# DescribeAlarms takes a hundred names a call.
_FUNCTIONS_A_CALL = 100 // len(KINDS)
# CloudWatch's quota for DescribeAlarms is 9 a second for an account, and others ask too.
_RATE = 6.0
_BURST = 4
_ATTEMPTS = 10
_PAUSE = 1.0
_THROTTLED = frozenset({"Throttling", "ThrottlingException", "RequestLimitExceeded"})
_DENIED = frozenset({"AccessDenied", "AccessDeniedException"})


class AlarmWatch:
    """The alarms of one environment's functions."""

    def __init__(self, environment: Environment, cloudwatch: Any, runner: Runner) -> None:
        self._environment = environment
        self._cloudwatch = cloudwatch
        self._runner = runner
        self._budget = Budget(_RATE, _BURST)

    def names(self, function: str) -> tuple[str, ...]:
        """The alarms that a function has by right."""
        return tuple(f"{self._environment.function_name(function)}-{kind}" for kind in KINDS)

    def firing(self, functions: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """What forbids a release of each function; every function is in the answer.

        An alarm that is not there or cannot be read is in it too, and its text says so: silence
        of an alarm that nobody can hear is no evidence. An alarm without data is quiet.
        """
        found: dict[str, tuple[str, ...]] = {}
        for batch in batched(functions, _FUNCTIONS_A_CALL, strict=False):
            found |= self._of(batch)
        return found

    def _of(self, functions: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
        try:
            states = self._states([name for each in functions for name in self.names(each)])
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in _DENIED and len(functions) > 1:
                # A policy may hide one function's alarms: the others need not suffer for it.
                return {k: v for each in functions for k, v in self._of((each,)).items()}
            return self._unreadable(functions, code)
        except BotoCoreError as error:
            return self._unreadable(functions, str(error))
        return {function: self._loud(function, states) for function in functions}

    def _states(self, names: list[str]) -> dict[str, str]:
        states: dict[str, str] = {}
        token: dict[str, str] = {}
        while True:
            answer = self._describe(AlarmNames=names, AlarmTypes=["MetricAlarm"], **token)
            states |= {a["AlarmName"]: a["StateValue"] for a in answer.get("MetricAlarms", [])}
            if not answer.get("NextToken"):
                return states
            token = {"NextToken": answer["NextToken"]}

    def _describe(self, **asked: Any) -> dict[str, Any]:
        """Ask for alarms; again when that was too often, which says nothing of the alarms."""
        for attempt in range(_ATTEMPTS):
            delay = self._budget.reserve(self._runner.now())
            if delay:
                self._runner.sleep(delay)
            try:
                answer: dict[str, Any] = self._cloudwatch.describe_alarms(MaxRecords=100, **asked)
            except ClientError as error:
                throttled = error.response["Error"]["Code"] in _THROTTLED
                if not throttled or attempt == _ATTEMPTS - 1:
                    raise
                self._budget.refused(self._runner.now())
                self._runner.sleep(_PAUSE)
            else:
                return answer
        raise AssertionError  # the last attempt returns or raises

    def _loud(self, function: str, states: dict[str, str]) -> tuple[str, ...]:
        absent = {name: f"{name} (does not exist)" for name in self.names(function)}
        quiet = {name for name, state in states.items() if state != "ALARM"}
        return tuple(
            name if name in states else text for name, text in absent.items() if name not in quiet
        )

    def _unreadable(self, functions: Sequence[str], why: str) -> dict[str, tuple[str, ...]]:
        return {
            function: tuple(f"{name} (cannot be read: {why})" for name in self.names(function))
            for function in functions
        }
