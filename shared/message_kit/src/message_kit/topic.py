"""The topic of messages: what is published, and the attributes that subscriptions filter by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from function_kit.aws_errors import AwsError
from function_kit.signed_api import code

if TYPE_CHECKING:
    from function_kit.signed_api import SignedApi

    from message_kit.message import Message

_FORM: Final = {"content-type": "application/x-www-form-urlencoded"}
_FAILED: Final = 400


class Topic:
    """One SNS topic."""

    def __init__(self, api: SignedApi, arn: str) -> None:
        """Take SNS's API and the topic's ARN."""
        self._api = api
        self._arn = arn

    def publish(self, message: Message) -> None:
        """Publish a message as it is to be worked on.

        Raises:
            AwsError: SNS did not take it, or nobody knows whether it did.
        """
        fields = {"Action": "Publish", "Version": "2010-03-31", "TopicArn": self._arn}
        fields["Message"] = message.model_dump_json(exclude_none=True, exclude={"timeline"})
        attributes = {
            "stage": message.stage,
            "message_type": message.message_type,
            "status": message.status,
        }
        for number, (name, value) in enumerate(attributes.items(), start=1):
            entry = f"MessageAttributes.entry.{number}"
            fields[f"{entry}.Name"] = name
            fields[f"{entry}.Value.DataType"] = "String"
            fields[f"{entry}.Value.StringValue"] = value
        self._send(fields)

    def check(self) -> None:
        """Raise unless messages could be published.

        Asks to publish nothing, which SNS refuses once it has seen who asks.

        Raises:
            AwsError: They could not.
        """
        empty = {"Action": "Publish", "Version": "2010-03-31", "TopicArn": self._arn, "Message": ""}
        try:
            self._send(empty)
        except AwsError as error:
            if not error.code.startswith("InvalidParameter"):
                raise

    def _send(self, fields: dict[str, str]) -> None:
        answer = self._api.call("POST", "/", headers=_FORM, body=urlencode(fields).encode())
        if answer.status >= _FAILED:
            raise AwsError(code(answer), "publishing a message failed", answer.status)
