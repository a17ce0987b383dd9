"""Requests to the fleet's HTTP APIs as callers make them: signed with SigV4, or not at all."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

if TYPE_CHECKING:
    from fleet.environments import Environment

SERVICE = "execute-api"


@dataclass(frozen=True)
class Request:
    """What is sent.

    Attributes:
        url: where the connection goes; locally that is not the host that is asked for.
        headers: `host` among them, and the signature if there is one.
    """

    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    body: bytes = b""


def request(
    environment: Environment,
    method: str,
    url: str,
    body: str | None = None,
    *,
    signed: bool = True,
    token: str = "",
) -> Request:
    """A request to an API of an environment.

    Args:
        environment: whose credentials sign, and where its local AWS is.
        method: the HTTP method.
        url: as the API names itself.
        body: JSON, if something is sent.
        signed: with the environment's credentials.
        token: a bearer token, where the API takes these; then nothing is signed.

    Raises:
        NoCredentialsError: there is nothing to sign with.
    """
    content = (body or "").encode()
    headers = {"host": urlsplit(url).netloc}
    if body is not None:
        headers["content-type"] = "application/json"
    if token:
        headers["authorization"] = f"Bearer {token}"
    elif signed:
        headers |= _signature(environment, method, url, headers, content)
    return Request(method, _reachable(environment, url), headers, content)


def _signature(
    environment: Environment, method: str, url: str, headers: dict[str, str], body: bytes
) -> dict[str, str]:
    asked = AWSRequest(method, url, headers=headers, data=body)
    SigV4Auth(environment.credentials(), SERVICE, environment.region).add_auth(asked)
    return dict(asked.headers.items())


def _reachable(environment: Environment, url: str) -> str:
    """The local AWS answers for names that few machines resolve: `<id>.execute-api.localhost`."""
    parts = urlsplit(url)
    if environment.endpoint is None or not (parts.hostname or "").endswith(".localhost"):
        return url
    local = urlsplit(environment.endpoint)
    return parts._replace(scheme=local.scheme, netloc=local.netloc).geturl()
