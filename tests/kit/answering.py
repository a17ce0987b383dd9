"""boto3 clients whose calls a function of the test answers, past botocore's own checks."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

type Answer = Callable[[str, dict[str, Any]], dict[str, Any]]


class Answering:
    """One real client; `answer` is called with the operation and its validated parameters.

    A ClientError that it raises becomes AWS's answer, which botocore makes an error of again;
    any other exception is one of the way there.
    """

    def __init__(self, service: str) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.answer: Answer = lambda _operation, _parameters: {}
        self.client = boto3.client(
            service,
            region_name="eu-west-1",
            aws_access_key_id="of-the-test",
            aws_secret_access_key="of-the-test",
        )
        events = self.client.meta.events
        events.register("before-parameter-build.*", self._keep)
        events.register("before-call.*", self._answer)

    def reset(self, answer: Answer) -> None:
        """Answer anew, and forget the calls so far: making a client takes long."""
        self.calls.clear()
        self.answer = answer

    def _keep(self, params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        context["parameters"] = params

    def _answer(self, model: Any, context: dict[str, Any], **_: Any) -> tuple[Any, dict[str, Any]]:
        self.calls.append((model.name, context["parameters"]))
        try:
            return SimpleNamespace(status_code=200), self.answer(*self.calls[-1])
        except ClientError as error:
            return SimpleNamespace(status_code=400), error.response


def refusal(code: str, message: str = "no") -> ClientError:
    """What AWS answers when it refuses."""
    metadata = {"HTTPStatusCode": 400, "HTTPHeaders": {}, "RetryAttempts": 0}
    return ClientError(
        {"Error": {"Code": code, "Message": message}, "ResponseMetadata": metadata}, "Any"
    )
