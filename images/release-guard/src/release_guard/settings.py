"""What the function is told by its environment."""

from __future__ import annotations

from typing import Annotated, Final

from function_kit.settings import Settings, comma_separated
from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_settings import NoDecode

NAME: Final = "release-guard"
AWS_TIMEOUT: Final = 3.0
"""Seconds for an AWS service to connect, and again to answer; a call is tried three times."""


def _without_itself(names: tuple[str, ...]) -> tuple[str, ...]:
    """A guard that rolled itself back would stop half way."""
    if NAME in names:
        raise ValueError("the guard must not guard itself")
    return names


type FunctionName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")]


class GuardSettings(Settings):
    """Each field is read from the environment variable of its name, in upper case.

    Attributes:
        function_prefix: What names of functions and alarms begin with: `lambda-fleet-dev`.
        guarded_functions: The folders' names of the functions that may be rolled back.
        releases_table: The DynamoDB table with the history of releases and its locks.
        alarm_topic_arn: The SNS topic that is told.
        guard_window_seconds: For how long after a release an error alarm is taken for its doing.
    """

    function_prefix: Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")]
    guarded_functions: Annotated[
        tuple[FunctionName, ...],
        NoDecode,  # or pydantic-settings would take the variable for JSON
        BeforeValidator(comma_separated),
        AfterValidator(_without_itself),
        Field(min_length=1),
    ]
    releases_table: Annotated[str, Field(min_length=1)]
    alarm_topic_arn: Annotated[str, Field(pattern=r"^arn:[^:]+:sns:[^:]*:[0-9]{12}:.+$")]
    guard_window_seconds: Annotated[int, Field(ge=60, le=86_400)] = 1800
