"""Why a request is not done, in the words of both protocols."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

import grpc

_GRPC: Final = {
    HTTPStatus.BAD_REQUEST: grpc.StatusCode.INVALID_ARGUMENT,
    HTTPStatus.UNAUTHORIZED: grpc.StatusCode.UNAUTHENTICATED,
    HTTPStatus.FORBIDDEN: grpc.StatusCode.PERMISSION_DENIED,
    HTTPStatus.NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    HTTPStatus.CONTENT_TOO_LARGE: grpc.StatusCode.RESOURCE_EXHAUSTED,
    HTTPStatus.TOO_MANY_REQUESTS: grpc.StatusCode.RESOURCE_EXHAUSTED,
    HTTPStatus.BAD_GATEWAY: grpc.StatusCode.UNAVAILABLE,
    HTTPStatus.SERVICE_UNAVAILABLE: grpc.StatusCode.UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT: grpc.StatusCode.DEADLINE_EXCEEDED,
}


class GatewayError(Exception):
    """A request that is refused or failed.

    Attributes:
        status: The HTTP status.
        code: A stable word for programs.
        message: A sentence for people; it reaches the caller as it is.
        retry_after: Seconds after which trying again makes sense, when it does.
    """

    status = HTTPStatus.BAD_REQUEST
    code = "invalid_request"

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        """Make the error; see the class."""
        super().__init__(message)
        self.message = message
        self.retry_after = retry_after

    @property
    def grpc_status(self) -> grpc.StatusCode:
        """The status for callers that speak gRPC."""
        return _GRPC[self.status]


class NotAuthenticated(GatewayError):  # noqa: N818 - named for what callers read
    """Nobody vouches for the caller. gRPC callers are told in-band."""

    status = HTTPStatus.UNAUTHORIZED
    code = "unauthenticated"


class UnknownKey(NotAuthenticated):
    """A token names a key that is not among those in memory."""

    def __init__(self, message: str, key_id: str) -> None:
        """Make the error; see the class."""
        super().__init__(message)
        self.key_id = key_id


class NotAllowed(GatewayError):  # noqa: N818 - named for what callers read
    """The caller may not do this."""

    status = HTTPStatus.FORBIDDEN
    code = "not_allowed"


class TooLarge(GatewayError):  # noqa: N818 - named for what callers read
    """The payload or the batch is larger than is taken."""

    status = HTTPStatus.CONTENT_TOO_LARGE
    code = "too_large"


class TooMany(GatewayError):  # noqa: N818 - named for what callers read
    """More than the gateway, or this caller, may have under way. Always says when to come back."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    code = "too_many_requests"


class LambdaFailed(GatewayError):  # noqa: N818 - named for what callers read
    """Lambda refused the call or could not be reached; `aws_status` is what it answered, or 0."""

    status = HTTPStatus.BAD_GATEWAY
    code = "lambda_failed"

    def __init__(self, message: str, aws_status: int = 0) -> None:
        """Make the error; see the class."""
        super().__init__(message)
        self.aws_status = aws_status


class LambdaTimedOut(LambdaFailed):
    """Lambda did not answer in time; the function may have run."""

    status = HTTPStatus.GATEWAY_TIMEOUT
    code = "lambda_timed_out"


class AuditUnavailable(GatewayError):  # noqa: N818 - named for what callers read
    """The audit cannot take a record, and this gateway answers nothing that is not in it."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "audit_unavailable"


class DirectoryUnavailable(GatewayError):  # noqa: N818 - named for what callers read
    """Who may call cannot be looked up at the moment."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "clients_unavailable"


class KeyUnavailable(GatewayError):  # noqa: N818 - named for what callers read
    """The key that tokens are signed with could not be read so far."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "signing_key_unavailable"
