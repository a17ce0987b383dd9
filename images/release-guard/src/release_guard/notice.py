"""Telling people, through the topic that the alarms go to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlencode

from function_kit.aws_errors import AwsError
from function_kit.logging import get_logger
from function_kit.signed_api import code

if TYPE_CHECKING:
    from function_kit.releases import Release
    from function_kit.signed_api import SignedApi

    from release_guard.decision import GoBack

_LONGEST_SUBJECT: Final = 100  # SNS's own limit; ASCII, one line
_FAILED = 400


class Notice(NamedTuple):
    """A message."""

    subject: str
    text: str


class Topic:
    """One SNS topic."""

    def __init__(self, api: SignedApi, arn: str) -> None:
        """Take SNS's API and the topic's ARN."""
        self._api = api
        self._arn = arn

    def publish(self, notice: Notice) -> None:
        """Send a message.

        Raises:
            AwsError: SNS did not take it.
        """
        fields = {
            "Action": "Publish",
            "Version": "2010-03-31",
            "TopicArn": self._arn,
            "Subject": notice.subject.encode("ascii", "replace")[:_LONGEST_SUBJECT],
            "Message": notice.text,
        }
        headers = {"content-type": "application/x-www-form-urlencoded"}
        answer = self._api.call("POST", "/", headers=headers, body=urlencode(fields).encode())
        if answer.status >= _FAILED:
            raise AwsError(code(answer), "telling the topic failed", answer.status)

    def tell(self, notice: Notice) -> None:
        """Send a message if that can be done: nothing fails for one that is not sent."""
        try:
            self.publish(notice)
        except AwsError:
            get_logger().exception("nobody_told")


def moved(prefix: str, decision: GoBack, record: Release) -> Notice:
    """That callers get the earlier release again."""
    bad, target = decision.bad, decision.target
    return Notice(
        f"[{prefix}] {bad.function} rolled back to version {target.version}",
        f"{bad.function} answers with version {target.version} again "
        f"({target.tag or target.digest}).\n"
        f"Rolled back: version {bad.version} ({bad.tag or bad.digest}), "
        f"released by {bad.actor} at {bad.finished_at or bad.started_at}.\n"
        f"Reason: {record.reason}\n"
        f"See it: fleet history --function {bad.function}\n",
    )


def impossible(prefix: str, decision: GoBack, reason: str) -> Notice:
    """That a person is needed."""
    bad = decision.bad
    return Notice(
        f"[{prefix}] {bad.function} could not be rolled back",
        f"The error alarm of {bad.function} went off soon after the release of version "
        f"{bad.version}, and it could not be brought back wholly to version "
        f"{decision.target.version}: {reason}.\n"
        f"A person is needed: fleet status --function {bad.function}\n",
    )


def drill(prefix: str, function: str, outlook: str) -> Notice:
    """That nothing has happened, and what would."""
    return Notice(
        f"[{prefix}] drill: {function}",
        f"This is a drill. If the error alarm of {function} went off now, {outlook}.\n",
    )
