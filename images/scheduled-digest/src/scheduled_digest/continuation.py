"""How a run hands over to the next: an asynchronous invocation of the same function.

Lambda takes a function that invokes itself for a loop gone wild, and stops it after about 16
invocations in a row, unless the function's recursion configuration says `Allow`. At 50 digests a
minute a run of 300 seconds sends some 150, so that long chains are normal here, and Terraform
sets it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from function_kit.aws_errors import AwsError
from function_kit.signed_api import SignedApi, code
from function_kit.sigv4 import encode

from scheduled_digest.settings import AWS_TIMEOUT

if TYPE_CHECKING:
    from scheduled_digest.models import Continuation, Frequency

LIVE = "live"
_TAKEN = (202, 204)  # of an event, of a dry run
_ARN_PARTS_WITH_QUALIFIER = 8


class Successor:
    """The function itself, as the one that goes on."""

    def __init__(self, function: str, alias: str = LIVE) -> None:
        """Name it.

        Args:
            function: The function's name.
            alias: The alias to invoke.
        """
        # One name, so that what is authorised is the alias and not the function as a whole.
        self._target = f"{function}:{alias}"

    def start(self, frequency: Frequency | None, continuation: Continuation) -> None:
        """Start the next run; returns when Lambda has taken the event.

        Raises:
            AwsError: Lambda did not take it.
        """
        event: dict[str, Any] = {"continuation": continuation.model_dump(mode="json")}
        if frequency:
            event["frequency"] = frequency
        self._invoke("Event", json.dumps(event).encode())

    def check(self) -> None:
        """Raise unless the next run could be started; starts nothing.

        Raises:
            AwsError: The alias is not there, or the role may not invoke it.
        """
        self._invoke("DryRun", b"{}")

    def _invoke(self, kind: str, payload: bytes) -> None:
        # Most runs end in time, so the connection is made when one does not.
        answer = SignedApi("lambda", timeout=AWS_TIMEOUT).call(
            "POST",
            f"/2015-03-31/functions/{encode(self._target)}/invocations",
            headers={"x-amz-invocation-type": kind},
            body=payload,
        )
        if answer.status not in _TAKEN:
            raise AwsError(code(answer), "starting the next run failed", answer.status)


def alias_of(invoked_arn: str) -> str:
    """The alias a run was invoked by: the next one is to run the same release.

    A run that was started by a version number or without one goes on at `live`, which is what
    the function's role may invoke.
    """
    parts = invoked_arn.split(":")
    qualifier = parts[-1] if len(parts) == _ARN_PARTS_WITH_QUALIFIER else LIVE
    return LIVE if qualifier == "$LATEST" or qualifier.isdigit() else qualifier
