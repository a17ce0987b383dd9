"""Judging a new version by its smoke event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fleet.project import SampleEvent
    from fleet.release.control import Answer

_SHOWN = 500


def verdict(answer: Answer, sample: SampleEvent) -> str | None:
    """Why an answer fails its event; None when it passes.

    A function error is in the response's metadata, never only in the payload: a payload
    may look like anything.
    """
    if answer.function_error:
        return f"the function failed ({answer.function_error}): {_brief(_error(answer.payload))}"
    missing = unmet(answer.payload, sample.expect)
    if missing:
        return f"the answer is not what {sample.name}.json expects: {missing}"
    return None


def unmet(answer: Any, expected: Any, path: str = "$") -> str | None:
    """The first place where an answer lacks what is expected; a mapping is a subset."""
    if isinstance(expected, dict):
        if not isinstance(answer, dict):
            return f"{path} is {_brief(answer)}, not an object"
        for key, value in expected.items():
            if key not in answer:
                return f"{path}.{key} is missing"
            reason = unmet(answer[key], value, f"{path}.{key}")
            if reason:
                return reason
        return None
    return None if answer == expected else f"{path} is {_brief(answer)}, not {_brief(expected)}"


def _error(payload: Any) -> Any:
    """What a failed function says of itself, without the stack trace: the log has that."""
    if isinstance(payload, dict) and "errorMessage" in payload:
        return f"{payload.get('errorType', 'Error')}: {payload['errorMessage']}"
    return payload


def _brief(value: Any) -> str:
    text = str(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
