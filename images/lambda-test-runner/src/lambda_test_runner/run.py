"""Invoking functions, several at once and none beyond the end of the invocation."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from function_kit import expectations, functions
from function_kit.aws_errors import AwsError
from function_kit.redaction import redact_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from function_kit.deadline import Deadline
    from function_kit.functions import Invocation
    from function_kit.signed_api import SignedApi

    from lambda_test_runner.request import Case

ALIAS: Final = "live"
# Lambda did not run the function: too many at once, or not ready yet.
_NOT_STARTED: Final = frozenset({429, 502})
_PAUSE: Final = 0.5  # seconds, twice as many after each refusal
_LONGEST_PAUSE: Final = 8.0
_SHORTEST_CALL: Final = 1.0


@dataclass(frozen=True, slots=True)
class Result:
    """How a case ended; `reason` says why it failed and is empty when it passed."""

    function: str
    name: str
    milliseconds: float
    reason: str = ""

    @property
    def passed(self) -> bool:
        """Whether the answer was as expected."""
        return not self.reason

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        found: dict[str, Any] = {
            "function": self.function,
            "name": self.name,
            "passed": self.passed,
            "milliseconds": self.milliseconds,
        }
        return found | ({"reason": self.reason} if self.reason else {})


@dataclass(frozen=True, slots=True)
class Runner:
    """Invokes the functions of one environment.

    Attributes:
        api: Lambda's API, which must send nothing twice: an invocation that was not answered
            may have had its effect.
        prefix: What the functions' names begin with.
        sleep: Waits between attempts to start.
    """

    api: SignedApi
    prefix: str
    sleep: Callable[[float], None] = time.sleep

    def name(self, function: str) -> str:
        """What a function is invoked by."""
        return f"{self.prefix}-{function}:{ALIAS}"

    def run(
        self, cases: Sequence[Case], deadline: Deadline, concurrency: int
    ) -> tuple[Result, ...]:
        """Run every case that can be started before the deadline, in the order given.

        Args:
            cases: What to invoke.
            deadline: When the last answer must be there.
            concurrency: How many invocations may be under way at once.
        """
        # Connections of an earlier invocation may have died since, and nothing is sent twice.
        self.api.close()
        with ThreadPoolExecutor(max_workers=min(concurrency, len(cases))) as pool:
            return tuple(pool.map(lambda case: self._one(case, deadline), cases))

    def _one(self, case: Case, deadline: Deadline) -> Result:
        began = time.monotonic()
        reason = self._reason(case, deadline)
        took = round((time.monotonic() - began) * 1000, 1)
        # It may quote what a function says of its failure.
        return Result(case.function, redact_text(case.name), took, redact_text(reason))

    def _reason(self, case: Case, deadline: Deadline) -> str:
        pause, refused = _PAUSE, ""
        while (left := deadline.remaining()) >= _SHORTEST_CALL:
            try:
                answer = functions.invoke(self.api, self.name(case.function), case.event, left)
            except AwsError as error:
                if error.status not in _NOT_STARTED:
                    return _refusal(error, left)
                refused = f" (Lambda answered {error.code})"
            else:
                return judge(case, answer) or ""
            self.sleep(min(pause, deadline.remaining()))
            pause = min(pause * 2, _LONGEST_PAUSE)
        return f"not run: the time was over before it could be started{refused}"


def judge(case: Case, answer: Invocation) -> str | None:
    """Why an answer fails its case; None when it does not.

    Texts of an answer are not quoted: they may be a patient's.
    """
    expected = {} if case.is_smoke_test else case.expect or {}
    reason = expectations.refusal(
        answer.payload,
        answer.function_error,
        expected,
        "the case",
        expectations.veiled,
    )
    if reason or not case.is_smoke_test:
        return reason
    status = answer.payload.get("statusCode")
    if isinstance(status, int) and 200 <= status < 300:  # noqa: PLR2004 - HTTP's successes
        return None
    return f"the smoke event was answered with status {expectations.veiled(status)}, not 2xx"


def _refusal(error: AwsError, waited: float) -> str:
    if error.status:
        return f"Lambda refused: {error.code} ({error.status})"
    if error.code == "TimeoutError":
        return f"no answer within {waited:.0f} s"
    return f"Lambda could not be reached: {error.code}"
