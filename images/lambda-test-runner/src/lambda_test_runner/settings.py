"""What the function is told by its environment."""

from __future__ import annotations

from typing import Annotated, Final

from function_kit.settings import Settings, comma_separated
from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_settings import NoDecode

NAME: Final = "lambda-test-runner"
AWS_TIMEOUT: Final = 5.0
"""Seconds for an AWS service to connect, and again to answer; a call is tried three times."""
RESERVE: Final = 20.0
"""Seconds kept back, after the last answer, to write the reports."""


def _without_itself(names: tuple[str, ...]) -> tuple[str, ...]:
    """A runner that invoked itself would not come to an end."""
    if NAME in names:
        raise ValueError("the runner must not invoke itself")
    return names


type FunctionName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")]


class RunnerSettings(Settings):
    """Each field is read from the environment variable of its name, in upper case.

    Attributes:
        functions: The folders' names of the functions that may be invoked.
        function_prefix: What their names begin with: `lambda-fleet-dev`.
        test_report_bucket: Where reports are kept.
        test_concurrency: Invocations under way at once.
    """

    functions: Annotated[
        tuple[FunctionName, ...],
        NoDecode,  # or pydantic-settings would take the variable for JSON
        BeforeValidator(comma_separated),
        AfterValidator(_without_itself),
        Field(min_length=1),
    ]
    function_prefix: Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")]
    test_report_bucket: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]
    test_concurrency: Annotated[int, Field(ge=1, le=64)] = 8
