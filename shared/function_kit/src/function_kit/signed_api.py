"""Signed calls to an AWS service without botocore, for functions that make one or two of them.

A botocore client costs as much of a cold start as settings, logs and models together, whatever
is done about it; this costs a sixth of that. It knows HTTP, signatures and retries, and leaves
the service's own format to the caller: JSON for DynamoDB, ECR, Secrets Manager, SQS, SSM
(`call_json`), paths, headers and forms for S3, Lambda, Scheduler and SNS (`call`).
"""

from __future__ import annotations

import encodings.idna  # noqa: F401 - sockets want it for the first host: init, not a request, pays
import http.client
import json
import os
import random
import time
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import urlsplit

from function_kit import tls
from function_kit.aws_errors import AwsError
from function_kit.sigv4 import Credentials, Signer

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping

# What names an operation in the JSON protocols: the target's prefix and the version.
_JSON: Final = {
    "dynamodb": ("DynamoDB_20120810", "1.0"),
    "ecr": ("AmazonEC2ContainerRegistry_V20150921", "1.1"),
    "secretsmanager": ("secretsmanager", "1.1"),
    "sqs": ("AmazonSQS", "1.0"),
    "ssm": ("AmazonSSM", "1.1"),
}
_THROTTLED = ("Throttl", "TooManyRequests", "ProvisionedThroughputExceeded", "RequestLimitExceeded")
_SERVER_ERROR = 500
_CLIENT_ERROR = 400
_TOO_MANY_REQUESTS = 429
_ATTEMPTS = 3
_BASE = 0.1


class Answer(NamedTuple):
    """What a service answered. Names of headers are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


def endpoint(service: str, region: str, host_prefix: str = "") -> str:
    """The base URL of a service: `AWS_ENDPOINT_URL_<SERVICE>`, `AWS_ENDPOINT_URL` or AWS's own.

    Args:
        service: The service, such as `s3`.
        region: The region.
        host_prefix: What stands before AWS's own host; a bucket's name.
    """
    own = os.environ.get(f"AWS_ENDPOINT_URL_{service.upper()}")
    own = own or os.environ.get("AWS_ENDPOINT_URL")
    if own:
        return own.rstrip("/")
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return f"https://{host_prefix}{service}.{region}.{suffix}"


def region() -> str:
    """The region that Lambda runs this function in."""
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"


class SignedApi:
    """One service's endpoint, with connections that are kept open. Threads may share it."""

    def __init__(
        self,
        service: str,
        *,
        base: str | None = None,
        timeout: float = 5.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Prepare calls; nothing is sent yet.

        Args:
            service: The service's signing name, such as `dynamodb`.
            base: The base URL; by default that of `endpoint`.
            timeout: Seconds for each of connecting and reading.
            sleep: Waits between attempts.
        """
        parts = urlsplit(base or endpoint(service, region()))
        self.host = parts.netloc
        self._service = service
        self._timeout = timeout
        self._sleep = sleep
        self._tls: ssl.SSLContext | None = tls.context() if parts.scheme == "https" else None
        self._idle: list[http.client.HTTPConnection] = []

    def signer(self) -> Signer:
        """A signer with the credentials as they are now."""
        return Signer(self._service, region(), Credentials.from_environment())

    def call(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> Answer:
        """Send a request, up to three times when it is throttled, fails or finds nobody.

        Args:
            method: The HTTP method.
            path: The path, percent-encoded; then a query, if there is one, as `sigv4.query`
                makes it.
            headers: More headers to send and sign, names in lower case.
            body: What to send.

        Returns:
            The answer, with any status but those that were tried again.

        Raises:
            AwsError: No answer came, or nothing but 429 and 5xx; the code says which.
        """
        failure = AwsError("NoAnswer", f"calling {self._service} failed")
        for attempt in range(_ATTEMPTS):
            if attempt:
                self._sleep(random.uniform(0, _BASE * 2**attempt))  # noqa: S311 - spreads load
            try:
                answer = self._send(method, path, headers or {}, body)
            except (OSError, http.client.HTTPException) as error:
                failure = AwsError(type(error).__name__, failure.message)
                continue
            if not _is_temporary(answer):
                return answer
            failure = AwsError(code(answer), failure.message, answer.status)
        raise failure

    def call_json(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Call an operation of a service that speaks AWS's JSON protocol.

        Args:
            operation: Its name, such as `GetItem`.
            parameters: As in the service's API reference.

        Returns:
            The answer, as in the API reference.

        Raises:
            AwsError: The service refused, with its code; or as in `call`.
        """
        target, version = _JSON[self._service]
        headers = {
            "content-type": f"application/x-amz-json-{version}",
            "x-amz-target": f"{target}.{operation}",
        }
        answer = self.call("POST", "/", headers=headers, body=json.dumps(parameters).encode())
        if answer.status >= _CLIENT_ERROR:
            raise AwsError(code(answer), f"{operation} failed", answer.status)
        parsed: dict[str, Any] = json.loads(answer.body or b"{}")
        return parsed

    def close(self) -> None:
        """Close the connections that are kept open; the next call opens another."""
        while self._idle:
            self._idle.pop().close()

    def _send(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        signed = self.signer().headers(method, path, {**headers, "host": self.host}, body)
        connection = self._connection()
        try:
            connection.request(method, path, body or None, signed)
            response = connection.getresponse()
            content = response.read()
        except BaseException:
            connection.close()
            self.close()  # the others are as old, and as likely dead after a freeze
            raise
        if not response.will_close:
            self._idle.append(connection)
        return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, content)

    def _connection(self) -> http.client.HTTPConnection:
        try:
            return self._idle.pop()
        except IndexError:
            pass
        if self._tls is None:
            return http.client.HTTPConnection(self.host, timeout=self._timeout)
        return http.client.HTTPSConnection(self.host, timeout=self._timeout, context=self._tls)


def code(answer: Answer) -> str:
    """The error code of an answer in any of AWS's formats, else its status as text."""
    named = answer.headers.get("x-amzn-errortype", "")
    if not named and answer.body.startswith(b"{"):
        try:
            document = json.loads(answer.body)
        except ValueError:
            document = {}
        named = str(document.get("__type") or document.get("code") or "")
    elif not named and b"<Code>" in answer.body:
        named = answer.body.partition(b"<Code>")[2].partition(b"<")[0].decode(errors="replace")
    # `com.amazonaws.dynamodb.v20120810#ResourceNotFoundException`, `Name:http://…`
    return named.partition(":")[0].rpartition("#")[2] or str(answer.status)


def _is_temporary(answer: Answer) -> bool:
    if answer.status >= _SERVER_ERROR or answer.status == _TOO_MANY_REQUESTS:
        return True
    return answer.status >= _CLIENT_ERROR and code(answer).startswith(_THROTTLED)
