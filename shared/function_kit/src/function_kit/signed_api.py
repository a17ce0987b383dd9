"""Signed calls to an AWS service without botocore, for functions that make one or two of them.

A botocore client costs as much of a cold start as settings, logs and models together, whatever
is done about it; this costs a sixth of that. It knows HTTP, signatures and retries, and leaves
the service's own format to the caller: JSON for DynamoDB, ECR, Secrets Manager, SQS and SSM
(`call_json`), paths, headers and forms for S3, Lambda and SNS (`call`).
"""

from __future__ import annotations

import encodings.idna  # noqa: F401 - sockets want it for the first host: init, not a request, pays
import http.client
import json
import os
import random
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from function_kit import tls
from function_kit.answers import CLIENT_ERROR, Answer, Download, code, headers_of, is_temporary
from function_kit.aws_errors import AwsError
from function_kit.sigv4 import Credentials, Signer

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["Answer", "Download", "SignedApi", "code", "endpoint", "region"]

# What names an operation in the JSON protocols: the target's prefix and the version.
_JSON: Final = {
    "dynamodb": ("DynamoDB_20120810", "1.0"),
    "ecr": ("AmazonEC2ContainerRegistry_V20150921", "1.1"),
    "secretsmanager": ("secretsmanager", "1.1"),
    "sqs": ("AmazonSQS", "1.0"),
    "ssm": ("AmazonSSM", "1.1"),
}
_BASE = 0.1
_PIECE = 256 * 1024  # bytes of a body that is read in pieces


type _Exchange = tuple[http.client.HTTPConnection, http.client.HTTPResponse]


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
        attempts: int = 3,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Prepare calls; nothing is sent yet.

        Args:
            service: The service's signing name, such as `dynamodb`.
            base: The base URL; by default that of `endpoint`.
            timeout: Seconds for each of connecting and reading.
            attempts: How often a request is sent at most. 1 where one that was not answered may
                have had its effect, and must not have it twice.
            sleep: Waits between attempts.
        """
        parts = urlsplit(base or endpoint(service, region()))
        self.host = parts.netloc
        self._service = service
        self._timeout = timeout
        self._attempts = attempts
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
        timeout: float | None = None,
    ) -> Answer:
        """Send a request, and again when it is throttled, fails or finds nobody.

        Args:
            method: The HTTP method.
            path: The path, percent-encoded, and its query if there is one.
            headers: More headers to send and sign, names in lower case.
            body: What to send.
            timeout: Seconds for this call's answer, in place of the usual ones.

        Returns:
            The answer, with any status but those that were tried again.

        Raises:
            AwsError: No answer came, or nothing but 429 and 5xx; the code says which.
        """
        seconds = self._timeout if timeout is None else timeout
        return self._answer(
            lambda: self._read(*self._send(method, path, headers or {}, body, seconds))
        )

    @contextmanager
    def download(self, path: str, headers: Mapping[str, str] | None = None) -> Iterator[Download]:
        """GET a large body without holding it in memory.

        Args:
            path: The path, percent-encoded, and its query if there is one.
            headers: More headers to send and sign, names in lower case.

        Raises:
            AwsError: As `call`, or the service refused; or, while pieces are read, the body
                ended before its time.
        """
        answer = self._answer(lambda: self._begin(path, headers or {}))
        if isinstance(answer, Answer):
            raise AwsError(code(answer), f"downloading from {self._service} failed", answer.status)
        connection, response = answer
        try:
            yield Download(response.status, headers_of(response), self._pieces(response))
        finally:
            self._keep(connection, response)

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
        if answer.status >= CLIENT_ERROR:
            raise AwsError(code(answer), f"{operation} failed", answer.status)
        parsed: dict[str, Any] = json.loads(answer.body or b"{}")
        return parsed

    def close(self) -> None:
        """Close the connections that are kept open; the next call opens another."""
        while self._idle:
            self._idle.pop().close()

    def _answer[T](self, send: Callable[[], T | Answer]) -> T | Answer:
        """What the first attempt brings that is not a temporary failure."""
        failure = AwsError("NoAnswer", f"calling {self._service} failed")
        for attempt in range(self._attempts):
            if attempt:
                self._sleep(random.uniform(0, _BASE * 2**attempt))  # noqa: S311 - spreads load
            try:
                answer = send()
            except (OSError, http.client.HTTPException) as error:
                failure = AwsError(type(error).__name__, failure.message)
                continue
            if not (isinstance(answer, Answer) and is_temporary(answer)):
                return answer
            failure = AwsError(code(answer), failure.message, answer.status)
        raise failure

    def _send(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, timeout: float
    ) -> _Exchange:
        signed = self.signer().headers(method, path, {**headers, "host": self.host}, body)
        connection = self._connection(timeout)
        try:
            connection.request(method, path, body or None, signed)
            return connection, connection.getresponse()
        except BaseException:
            self._drop(connection)
            raise

    def _begin(self, path: str, headers: Mapping[str, str]) -> _Exchange | Answer:
        connection, response = self._send("GET", path, headers, b"", self._timeout)
        if response.status >= CLIENT_ERROR:
            return self._read(connection, response)
        return connection, response

    def _read(
        self, connection: http.client.HTTPConnection, response: http.client.HTTPResponse
    ) -> Answer:
        try:
            content = response.read()
        except BaseException:
            self._drop(connection)
            raise
        self._keep(connection, response)
        return Answer(response.status, headers_of(response), content)

    def _pieces(self, response: http.client.HTTPResponse) -> Iterator[bytes]:
        try:
            while piece := response.read(_PIECE):
                yield piece
        except (OSError, http.client.HTTPException) as error:
            message = f"downloading from {self._service} broke off"
            raise AwsError(type(error).__name__, message) from None
        if response.length:  # read(amount) does not say when less came than was announced
            raise AwsError("IncompleteRead", f"downloading from {self._service} broke off")

    def _keep(
        self, connection: http.client.HTTPConnection, response: http.client.HTTPResponse
    ) -> None:
        if response.isclosed() and not response.will_close:
            self._idle.append(connection)
        else:
            connection.close()  # in the middle of a body

    def _drop(self, connection: http.client.HTTPConnection) -> None:
        connection.close()
        self.close()  # the others are as old, and as likely dead after a freeze

    def _connection(self, timeout: float) -> http.client.HTTPConnection:
        try:
            connection = self._idle.pop()
        except IndexError:
            pass
        else:
            connection.timeout = timeout
            if connection.sock is not None:
                connection.sock.settimeout(timeout)
            return connection
        if self._tls is None:
            return http.client.HTTPConnection(self.host, timeout=timeout)
        return http.client.HTTPSConnection(self.host, timeout=timeout, context=self._tls)
