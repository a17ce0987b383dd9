"""Invokes the other functions and reports which of them work."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

# First: it prepares a fast start for the imports below.
from function_kit import functions
from function_kit.deadline import Deadline
from function_kit.handler import lambda_handler
from function_kit.http_api import HttpError
from function_kit.s3 import Bucket
from function_kit.signed_api import SignedApi

from lambda_test_runner import report, request
from lambda_test_runner.run import Runner
from lambda_test_runner.settings import AWS_TIMEOUT, NAME, RESERVE, RunnerSettings

if TYPE_CHECKING:
    from collections.abc import Callable


@cache
def _runner(settings: RunnerSettings) -> Runner:
    """Made once, when the environment starts."""
    api = SignedApi("lambda", timeout=AWS_TIMEOUT, attempts=1)
    return Runner(api, settings.function_prefix)


@cache
def _bucket(settings: RunnerSettings) -> Bucket:
    """Made once, when the environment starts."""
    return Bucket(settings.test_report_bucket, AWS_TIMEOUT)


def _checks(settings: RunnerSettings) -> dict[str, Callable[[], None]]:
    runner = _runner(settings)

    def invocable() -> None:
        runner.api.close()
        for function in settings.functions:
            functions.require_invocable(runner.api, runner.name(function))

    return {"functions": invocable, "reports": lambda: report.check(_bucket(settings))}


@lambda_handler(service=NAME, settings=RunnerSettings, checks=_checks)
def handler(event: dict[str, Any], context: Any, settings: RunnerSettings) -> dict[str, Any]:
    """Test functions.

    Args:
        event: See `request.Request`.
        context: Lambda's.
        settings: Loaded from the environment.

    Returns:
        See `report.Report.answer`; 400 with a reason for each field of a bad event.

    Raises:
        AwsError: The reports could not be written.
    """
    try:
        cases = request.parse(event, settings.functions)
    except HttpError as problem:
        return problem.answer(context.aws_request_id)
    made = report.Report.begin(settings.environment)
    deadline = Deadline.from_context(context, RESERVE)
    results = _runner(settings).run(cases, deadline, settings.test_concurrency)
    made.end(results)
    made.log()
    made.write(_bucket(settings))
    return made.answer()
