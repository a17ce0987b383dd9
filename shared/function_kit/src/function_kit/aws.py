"""botocore's clients: one of each kind for an execution environment, made when it starts.

botocore is used without boto3, which adds nothing to a client and a fifth to the start. Where
even botocore is too much of a start, and one or two calls are all a function makes, there is
`signed_api`.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from function_kit.aws_errors import AwsError, error_code
from function_kit.frames import roomy

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["AwsError", "client", "error_code", "errors"]

_DEFAULTS: dict[str, Any] = {
    "connect_timeout": 2,
    "read_timeout": 5,
    "retries": {"mode": "standard", "total_max_attempts": 3},
    "tcp_keepalive": True,
}
_clients: dict[str, Any] = {}


@contextmanager
def errors(doing: str) -> Iterator[None]:
    """Turn botocore's exceptions raised inside into `AwsError`.

    Args:
        doing: What is being done, for the message: "reading the object's metadata".
    """
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        # From None: botocore's text, with parts of the request in it, stays out of tracebacks.
        raise AwsError(error_code(error), f"{doing} failed", _status(error)) from None


def client(service: str, **config: Any) -> Any:
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
        _clients[key] = _create(service, Config(**{**_DEFAULTS, **config}))
    return _clients[key]


@roomy
def _create(service: str, config: Config) -> Any:
    return _session().create_client(
        service, region_name=os.environ.get("AWS_REGION"), config=config
    )


@cache
def _session() -> botocore.session.Session:
    return botocore.session.Session()


def _status(error: BotoCoreError | ClientError) -> int:
    if isinstance(error, ClientError):
        return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    return 0
