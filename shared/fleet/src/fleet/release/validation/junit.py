"""A validation as JUnit XML: a test suite for each function, a test case for each check."""

from __future__ import annotations

from typing import TYPE_CHECKING

from function_kit import junit

if TYPE_CHECKING:
    from fleet.release.validation.checks import Check, FunctionResult, Validation


def render(validation: Validation) -> str:
    """The XML; a warning is a test that passed and has something to say."""
    suites = [_suite(validation, result) for result in validation.functions]
    name = f"{validation.project} in {validation.environment}"
    return junit.render(name, validation.seconds, suites)


def _suite(validation: Validation, result: FunctionResult) -> junit.Suite:
    owner = f"{validation.environment}.{result.function}"
    return junit.Suite(
        name=result.function,
        timestamp=validation.started_at.partition("+")[0],
        seconds=result.seconds,
        cases=[_case(owner, check) for check in result.checks],
    )


def _case(owner: str, check: Check) -> junit.Case:
    said = check.result in {"failed", "warned"}
    return junit.Case(
        name=check.name,
        owner=owner,
        seconds=check.seconds,
        failure=check.detail if check.result == "failed" else "",
        kind=check.group,
        skipped=check.detail if check.result == "skipped" else "",
        text=f"{check.detail}\nto do: {check.todo}" if said else "",
    )
