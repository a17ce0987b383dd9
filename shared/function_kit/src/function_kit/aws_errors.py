"""What goes wrong with AWS, in one form whichever client met it."""

from __future__ import annotations


class AwsError(Exception):
    """A call to AWS failed.

    Holds the error's code and what was being done, and nothing of the request or the answer:
    AWS's own messages repeat names, keys and policy details.

    Attributes:
        code: AWS's error code, such as `NoSuchKey`; the HTTP status as text when the answer has
            no code; the name of the Python exception when no answer came.
        message: What failed, safe to log.
        status: The HTTP status, 0 when no answer came.
    """

    def __init__(self, code: str, message: str, status: int = 0) -> None:
        """Make an error from a code and a message without request contents."""
        super().__init__(f"{message}: {code}")
        self.code = code
        self.message = message
        self.status = status


def error_code(exc: BaseException) -> str:
    """The code of an AWS error: `AccessDenied`, `404`, or the exception's name without one.

    Args:
        exc: An `AwsError`, botocore's `ClientError`, or any other exception.
    """
    if isinstance(exc, AwsError):
        return exc.code
    answer = getattr(exc, "response", None)
    code = answer.get("Error", {}).get("Code") if isinstance(answer, dict) else None
    return str(code) if code else type(exc).__name__
