"""EventBridge schedules that make messages: created, paused, resumed, deleted and run at run time.

All of them are in one group, so that permissions end there. What a schedule starts is the message
scheduler, with the message to make in its input; the moment that it was due is put in by
Scheduler, and becomes part of the message's id: whoever delivers the event twice makes one message.
"""

from __future__ import annotations

import json
from contextvars import copy_context
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from function_kit.aws_errors import AwsError
from function_kit.logging import get_logger
from function_kit.signed_api import code
from function_kit.sigv4 import encode, query
from pydantic import ValidationError

from message_kit.message import Draft
from message_kit.schedule import RefusedScheduleError, Schedule

if TYPE_CHECKING:
    from collections.abc import Callable

    from function_kit.signed_api import SignedApi

    from message_kit.schedule import State

DUE: Final = "<aws.scheduler.scheduled-time>"
"""What Scheduler replaces by the moment that a schedule was due."""
_FAILED: Final = 400
_NOT_FOUND: Final = "ResourceNotFoundException"
_CONFLICT: Final = "ConflictException"
_INVALID: Final = "ValidationException"
_AT_ONCE: Final = 8
_PAGE: Final = 100
log = get_logger()


class ScheduleNotFoundError(Exception):
    """There is no schedule of that name."""


class ScheduleExistsError(Exception):
    """There is another schedule of that name."""


class Schedules:
    """The schedules of one group."""

    def __init__(
        self,
        api: SignedApi,
        group: str,
        *,
        target_arn: str,
        role_arn: str,
        dead_letters_arn: str,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Take where schedules are kept and what they start.

        Args:
            api: Scheduler's.
            group: The group.
            target_arn: The alias of the message scheduler.
            role_arn: What lets Scheduler start it.
            dead_letters_arn: The queue that keeps what could not be started.
            now: With a zone.
        """
        self._api = api
        self._group = group
        self._target = {
            "Arn": target_arn,
            "RoleArn": role_arn,
            "RetryPolicy": {"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 5},
            "DeadLetterConfig": {"Arn": dead_letters_arn},
        }
        self._now = now

    def create(self, schedule: Schedule, token: str | None = None) -> None:
        """Create a schedule; nothing happens when there is the same one already.

        Args:
            schedule: What to create.
            token: Makes a repeated call one call; 64 characters at most.

        Raises:
            RefusedScheduleError: It cannot be; the message says why.
            ScheduleExistsError: There is another of that name.
            AwsError: Scheduler could not be used; as by every method here.
        """
        schedule.check(self._now())
        body = self._body(schedule) | ({"ClientToken": token} if token else {})
        try:
            self._call("POST", schedule.name, body)
        except AwsError as error:
            if error.code != _CONFLICT:
                raise
            if self.get(schedule.name) != schedule:
                raise ScheduleExistsError(schedule.name) from None

    def get(self, name: str) -> Schedule:
        """A schedule by its name.

        Raises:
            ScheduleNotFoundError: There is none.
        """
        found = self._call("GET", name)
        made = json.loads(found["Target"].get("Input") or "{}")
        return Schedule(
            name=found["Name"],
            expression=found["ScheduleExpression"],
            timezone=found.get("ScheduleExpressionTimezone", "UTC"),
            message=Draft.model_validate(made["message"]),
            state=found["State"],
            description=found.get("Description", ""),
        )

    def all(self) -> list[Schedule]:
        """All of them, by name."""
        # A start is not to wait for what one route needs.
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            tasks = [pool.submit(copy_context().run, self._seen, name) for name in self._names()]
            found = [task.result() for task in tasks]
        return sorted((s for s in found if s is not None), key=lambda schedule: schedule.name)

    def pause(self, name: str) -> Schedule:
        """Keep a schedule from starting anything; returns it as it is then.

        Raises:
            ScheduleNotFoundError: There is none.
        """
        return self._put(name, "DISABLED")

    def resume(self, name: str) -> Schedule:
        """Let a paused schedule go on; returns it as it is then.

        Raises:
            ScheduleNotFoundError: There is none.
            RefusedScheduleError: Its time is over.
        """
        return self._put(name, "ENABLED")

    def delete(self, name: str) -> None:
        """Delete a schedule.

        Raises:
            ScheduleNotFoundError: There is none.
        """
        self._call("DELETE", name)

    def check(self) -> None:
        """Raise unless schedules can be read.

        Raises:
            AwsError: They cannot.
        """
        self._seen("none")

    def _put(self, name: str, state: State) -> Schedule:
        schedule = self.get(name).model_copy(update={"state": state})
        if state == "ENABLED":
            schedule.check(self._now())
        self._call("PUT", name, self._body(schedule))
        return schedule

    def _seen(self, name: str) -> Schedule | None:
        """A schedule, or None when it is gone since it was listed, or nobody here can read it."""
        try:
            return self.get(name)
        except ScheduleNotFoundError:
            return None
        except ValidationError as error:
            faults = [".".join(map(str, fault["loc"])) for fault in error.errors()]
            log.error("schedule_unreadable", schedule=name, faults=faults)  # noqa: TRY400 - pydantic quotes
            return None

    def _names(self) -> list[str]:
        names: list[str] = []
        asked = {"ScheduleGroup": self._group, "MaxResults": str(_PAGE)}
        while True:
            answer = self._send("GET", f"/schedules{query(asked)}")
            names += [schedule["Name"] for schedule in answer["Schedules"]]
            if not answer.get("NextToken"):
                return names
            asked["NextToken"] = answer["NextToken"]

    def _body(self, schedule: Schedule) -> dict[str, Any]:
        made = schedule.message.model_dump(mode="json", exclude_none=True)
        event = {"schedule": schedule.name, "scheduled_time": DUE, "message": made}
        once = schedule.expression.startswith("at(")
        return {
            "GroupName": self._group,
            "ScheduleExpression": schedule.expression,
            "ScheduleExpressionTimezone": schedule.timezone,
            "State": schedule.state,
            "Description": schedule.description,
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "ActionAfterCompletion": "DELETE" if once else "NONE",
            "Target": self._target | {"Input": json.dumps(event, ensure_ascii=False)},
        }

    def _call(self, method: str, name: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        path = f"/schedules/{encode(name)}"
        if body is None:
            path += query({"groupName": self._group})
        try:
            return self._send(method, path, body)
        except AwsError as error:
            if error.code == _NOT_FOUND:
                raise ScheduleNotFoundError(name) from None
            if error.code == _INVALID:
                raise RefusedScheduleError("body", "Scheduler does not take it") from None
            raise

    def _send(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        content = b"" if body is None else json.dumps(body).encode()
        headers = {"content-type": "application/json"} if content else {}
        answer = self._api.call(method, path, headers=headers, body=content)
        if answer.status >= _FAILED:
            raise AwsError(code(answer), f"{method} of a schedule failed", answer.status)
        parsed: dict[str, Any] = json.loads(answer.body or b"{}")
        return parsed
