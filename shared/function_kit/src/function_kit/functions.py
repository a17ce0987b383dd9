"""Other functions, invoked through `signed_api`: no botocore."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from function_kit.aws_errors import AwsError
from function_kit.signed_api import code
from function_kit.sigv4 import encode

if TYPE_CHECKING:
    from function_kit.signed_api import Answer, SignedApi

PATH: Final = "/2015-03-31/functions/"
_FAILED: Final = 400


class Invocation(NamedTuple):
    """What an invoked function answered.

    Attributes:
        payload: The answer; text where it is no JSON.
        function_error: `Handled` or `Unhandled` when the function failed, else None.
        version: The version that ran, as far as Lambda says.
    """

    payload: Any
    function_error: str | None
    version: str


def path(name: str, rest: str = "") -> str:
    """The path of a function in Lambda's API.

    Args:
        name: Its name or ARN, with `:alias` or `:version` behind it if one is meant.
        rest: What follows, such as `/invocations`.
    """
    return f"{PATH}{encode(name)}{rest}"


def invoke(api: SignedApi, name: str, event: Any, timeout: float | None = None) -> Invocation:
    """Invoke a function and wait for its answer.

    Args:
        api: Lambda's API.
        name: As for `path`.
        event: What to send, as JSON.
        timeout: Seconds to wait for the answer, in place of the API's own.

    Raises:
        AwsError: Lambda refused or could not be used. An error of the function itself is an
            answer.
    """
    body = json.dumps(event).encode()
    answer = _post(api, name, {}, body, timeout)
    return Invocation(
        payload=_decoded(answer.body),
        function_error=answer.headers.get("x-amz-function-error"),
        version=answer.headers.get("x-amz-executed-version", ""),
    )


def require_invocable(api: SignedApi, name: str) -> None:
    """See that a function is there and may be invoked, without running it.

    Raises:
        AwsError: It is not or may not be, or Lambda could not be used.
    """
    _post(api, name, {"x-amz-invocation-type": "DryRun"}, b"{}", None)


def _post(
    api: SignedApi, name: str, headers: dict[str, str], body: bytes, timeout: float | None
) -> Answer:
    answer = api.call(
        "POST", path(name, "/invocations"), headers=headers, body=body, timeout=timeout
    )
    if answer.status >= _FAILED:
        raise AwsError(code(answer), "invoking a function failed", answer.status)
    return answer


def _decoded(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode(errors="replace")
