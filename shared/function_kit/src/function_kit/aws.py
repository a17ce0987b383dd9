"""AWS clients: one of each kind for an execution environment, made when it starts.

botocore is used without boto3, which adds nothing to a client and a fifth to the start.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from collections.abc import Iterator

_DEFAULTS: dict[str, Any] = {
    "connect_timeout": 2,
    "read_timeout": 5,
    "retries": {"mode": "standard", "total_max_attempts": 3},
    "tcp_keepalive": True,
}
_clients: dict[str, Any] = {}


class AwsError(Exception):
    """A call to AWS failed.

    Holds the error's code and what was being done, and nothing of the request or the answer:
    AWS's own messages repeat names, keys and policy details.

    Attributes:
        code: AWS's error code, such as `NoSuchKey`, or the name of botocore's exception when no
            answer came, such as `EndpointConnectionError`.
        message: What failed, safe to log.
    """

    def __init__(self, code: str, message: str) -> None:
        """Make an error from a code and a message without request contents."""
        super().__init__(f"{message}: {code}")
        self.code = code
        self.message = message


def error_code(exc: BaseException) -> str:
    """The code of an AWS error: `AccessDenied`, `404`, or the exception's name without one."""
    if isinstance(exc, AwsError):
        return exc.code
    if isinstance(exc, ClientError):
        return str(exc.response.get("Error", {}).get("Code") or "Unknown")
    return type(exc).__name__


@contextmanager
def errors(doing: str) -> Iterator[None]:
    """Turn botocore's exceptions raised inside into `AwsError`.

    Args:
        doing: What is being done, for the message: "reading the object's metadata".
    """
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        code = error_code(error)
    else:
        return
    raise AwsError(code, f"{doing} failed")


def client(service: str, **config: Any) -> Any:  # noqa: ANN401 - botocore makes them at run time
    """The client of a service, the same one for the same arguments.

    Reads the region from `AWS_REGION` and the endpoint from `AWS_ENDPOINT_URL` (or
    `AWS_ENDPOINT_URL_<SERVICE>`), which is how the local stack is reached.

    Args:
        service: botocore's name of the service, such as `s3`.
        config: Options of `botocore.config.Config` that differ from the defaults here: 2 s to
            connect, 5 s to read, three attempts in standard mode.
    """
    key = f"{service} {sorted(config.items())!r}"
    if key not in _clients:
        _clients[key] = _session().create_client(
            service,
            region_name=os.environ.get("AWS_REGION"),
            config=Config(**{**_DEFAULTS, **config}),
        )
    return _clients[key]


@cache
def _session() -> botocore.session.Session:
    return botocore.session.Session()
