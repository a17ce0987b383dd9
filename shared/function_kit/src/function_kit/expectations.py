"""Whether an invocation answered as expected: the one reading of `expect` in sample events.

Releases judge a new version by it, `fleet validate` what is live, and lambda-test-runner what it
invokes from inside the VPC.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    type Show = Callable[[Any], str]

_SHOWN: Final = 500


def brief(value: Any) -> str:
    """A value as text, cut where it gets long."""
    text = str(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def veiled(value: Any) -> str:
    """What a value is, for reports that are kept: texts, which may be anybody's, by their length.

    Numbers, booleans and null are shown.
    """
    if value is None or isinstance(value, bool | int | float):
        return str(value)
    if isinstance(value, str):
        return f"a text of {len(value)} characters"
    return f"an object of {len(value)}" if isinstance(value, dict) else f"a list of {len(value)}"


def refusal(
    payload: Any, function_error: str | None, expected: Any, source: str, show: Show = brief
) -> str | None:
    """Why an answer is not what was expected; None when it is.

    A function error is in the response's metadata, never only in the payload: a payload
    may look like anything.

    Args:
        payload: The answer.
        function_error: Lambda's header `X-Amz-Function-Error`.
        expected: A subset of the answer.
        source: Who expects it, such as `smoke.json`.
        show: Puts a value of the answer into words.
    """
    if function_error:
        return f"the function failed ({function_error}): {brief(_error(payload, show))}"
    missing = unmet(payload, expected, show=show)
    return f"the answer is not what {source} expects: {missing}" if missing else None


def unmet(answer: Any, expected: Any, path: str = "$", show: Show = brief) -> str | None:
    """The first place where an answer lacks what is expected; a mapping is a subset."""
    if isinstance(expected, dict):
        if not isinstance(answer, dict):
            return f"{path} is {show(answer)}, not an object"
        for key, value in expected.items():
            if key not in answer:
                return f"{path}.{key} is missing"
            reason = unmet(answer[key], value, f"{path}.{key}", show)
            if reason:
                return reason
        return None
    return None if answer == expected else f"{path} is {show(answer)}, not {brief(expected)}"


def _error(payload: Any, show: Show) -> Any:
    """What a failed function says of itself, without the stack trace: the log has that."""
    if isinstance(payload, dict) and "errorMessage" in payload:
        return f"{payload.get('errorType', 'Error')}: {payload['errorMessage']}"
    return show(payload)
