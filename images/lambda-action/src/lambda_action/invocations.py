"""One invocation: what is asked for, what came of it, and what the audit keeps of both."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from lambda_action.ports import Client, Invocation

if TYPE_CHECKING:
    from lambda_action.lambda_answers import Invoked

TYPES: Final = ("RequestResponse", "Event", "DryRun")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An invocation that somebody asks for; `payload` is JSON text."""

    function_name: str
    payload: str = ""
    invocation_type: str = "RequestResponse"
    alias: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of it.

    Attributes:
        success: Lambda took it, and the function did not fail.
        status_code: Lambda's, or the gateway's own for what it refused.
        error: Why not.
    """

    success: bool
    status_code: int
    payload: str = ""
    function_error: str = ""
    log_result: str = ""
    executed_version: str = ""
    request_id: str = ""
    error: str = ""


def record(
    client: Client, wanted: Wanted, result: Result, started: datetime, *, payloads: bool
) -> Invocation:
    """The audit's line of an invocation that ends now.

    Args:
        client: Who asked.
        wanted: For what.
        result: What came of it.
        started: When it began, UTC.
        payloads: Whether to keep what was sent and answered.
    """
    return Invocation(
        client_id=client.id,
        function_name=wanted.function_name[:255],
        invocation_type=wanted.invocation_type[:50],
        payload=wanted.payload if payloads else None,
        alias=wanted.alias[:128],
        version=wanted.version[:128],
        status_code=result.status_code,
        response_payload=result.payload if payloads else None,
        function_error=result.function_error,
        executed_version=result.executed_version,
        request_id=result.request_id,
        success=result.success,
        error_message=result.error,
        invoked_at=started,
        completed_at=datetime.now(UTC),
    )


def result_of(invoked: Invoked) -> Result:
    """What Lambda's answer means."""
    return Result(
        success=not invoked.function_error,
        status_code=invoked.status,
        payload=invoked.payload,
        function_error=invoked.function_error,
        log_result=invoked.log_tail,
        executed_version=invoked.version,
        request_id=invoked.request_id,
        error="The function failed; its payload says why." if invoked.function_error else "",
    )
