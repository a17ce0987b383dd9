"""AWS Signature Version 4, for the few calls that do without botocore.

Signing is 60 lines of hashing; botocore's signer does the same and brings the rest of botocore
with it, which is as much of a cold start as everything else together. The tests hold the two
against each other, signature by signature.
Specification: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import quote

from function_kit.aws_errors import AwsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_ALGORITHM: Final = "AWS4-HMAC-SHA256"
UNSIGNED: Final = "UNSIGNED-PAYLOAD"
_EMPTY: Final = hashlib.sha256(b"").hexdigest()


class Credentials(NamedTuple):
    """An access key; the token belongs to a role's temporary key."""

    access_key: str
    secret_key: str
    token: str = ""

    @classmethod
    def from_environment(cls) -> Credentials:
        """The execution role's, where Lambda puts them; elsewhere what `ask_elsewhere` was given.

        Raises:
            AwsError: `NoCredentials`, there are none.
        """
        access_key = os.environ.get("AWS_ACCESS_KEY_ID", "")
        secret_key = os.environ.get("AWS_SECRET_ACCESS_KEY", "")
        if not access_key or not secret_key:
            if _elsewhere is not None:
                return _elsewhere()
            raise AwsError("NoCredentials", "signing a request failed")
        return cls(access_key, secret_key, os.environ.get("AWS_SESSION_TOKEN", ""))

    def __repr__(self) -> str:
        """Nothing of the key."""
        return "Credentials(***)"


_elsewhere: Callable[[], Credentials] | None = None


def ask_elsewhere(source: Callable[[], Credentials] | None) -> None:
    """Say where credentials are that are not in the environment: a container's role, a profile.

    Args:
        source: Gives them as they are now, at once; None for nowhere.
    """
    global _elsewhere  # noqa: PLW0603 - as the environment is one for a process
    _elsewhere = source


def encode(text: str, safe: str = "") -> str:
    """Percent-encode as AWS does: everything but letters, digits and `-._~`."""
    return quote(text, safe=safe + "-._~")


def query(parameters: Mapping[str, str]) -> str:
    """A query in the encoding that is signed, with its question mark; nothing without one."""
    pairs = [f"{encode(name)}={encode(value)}" for name, value in parameters.items()]
    return "?" * bool(pairs) + "&".join(pairs)


class Signer:
    """Signs the requests to one service in one region."""

    def __init__(
        self,
        service: str,
        region: str,
        credentials: Credentials,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Keep what every signature needs.

        Args:
            service: The signing name, such as `s3`.
            region: The region that is signed for.
            credentials: Whose key.
            now: The time, in UTC.
        """
        self._service = service
        self._region = region
        self._credentials = credentials
        self._now = now
        # Of one day: four hashes that all requests of that day have in common.
        self._days_key = ("", b"")

    def headers(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> dict[str, str]:
        """The headers of a request, signed.

        Args:
            method: The HTTP method.
            path: The path as it is sent, percent-encoded, and its query if there is one.
            headers: All headers to sign, `host` among them, names in lower case.
            body: What is sent.
        """
        time = self._now().strftime("%Y%m%dT%H%M%SZ")
        digest = hashlib.sha256(body).hexdigest()
        signed = {**headers, "x-amz-date": time}
        if self._service == "s3":
            signed["x-amz-content-sha256"] = digest
        if self._credentials.token:
            signed["x-amz-security-token"] = self._credentials.token
        names = ";".join(sorted(signed))
        path, _, asked = path.partition("?")
        asked = "&".join(sorted(asked.split("&")))
        request = _canonical(method, self._canonical_path(path), asked, signed, digest)
        signature = self._signature(time, request)
        scope = f"{self._credentials.access_key}/{self._scope(time)}"
        signed["authorization"] = (
            f"{_ALGORITHM} Credential={scope}, SignedHeaders={names}, Signature={signature}"
        )
        return signed

    def presigned_query(
        self,
        method: str,
        host: str,
        path: str,
        seconds: int,
        query: Mapping[str, str] | None = None,
    ) -> str:
        """The query string that lets whoever has it make this request for a while.

        Args:
            method: The HTTP method.
            host: The host, with its port if that is not the usual one.
            path: The path as it is sent, percent-encoded.
            seconds: How long; a role's temporary key may end it sooner.
            query: More parameters of the request.
        """
        time = self._now().strftime("%Y%m%dT%H%M%SZ")
        parameters = {
            **(query or {}),
            "X-Amz-Algorithm": _ALGORITHM,
            "X-Amz-Credential": f"{self._credentials.access_key}/{self._scope(time)}",
            "X-Amz-Date": time,
            "X-Amz-Expires": str(seconds),
            "X-Amz-SignedHeaders": "host",
        }
        if self._credentials.token:
            parameters["X-Amz-Security-Token"] = self._credentials.token
        sent = "&".join(f"{name}={encode(parameters[name])}" for name in sorted(parameters))
        # Only S3 takes a request whose body nobody vouches for.
        digest = UNSIGNED if self._service == "s3" else _EMPTY
        request = _canonical(method, self._canonical_path(path), sent, {"host": host}, digest)
        return f"{sent}&X-Amz-Signature={self._signature(time, request)}"

    def post_fields(self, conditions: Sequence[Any], expires_at: datetime) -> dict[str, str]:
        """The fields that let whoever has them post a form to S3, within these conditions.

        Specification:
        https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html

        Args:
            conditions: What the form has to hold to, as a policy lists it. Those on the fields
                that are returned are added.
            expires_at: Until when, in UTC; a role's temporary key may end it sooner.
        """
        time = self._now().strftime("%Y%m%dT%H%M%SZ")
        fields = {
            "x-amz-algorithm": _ALGORITHM,
            "x-amz-credential": f"{self._credentials.access_key}/{self._scope(time)}",
            "x-amz-date": time,
        }
        if self._credentials.token:
            fields["x-amz-security-token"] = self._credentials.token
        document = {
            "expiration": expires_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "conditions": [*conditions, *({name: value} for name, value in fields.items())],
        }
        policy = base64.b64encode(json.dumps(document).encode())
        signature = hmac.new(self._key(time), policy, hashlib.sha256).hexdigest()
        return {**fields, "policy": policy.decode(), "x-amz-signature": signature}

    def _scope(self, time: str) -> str:
        return f"{time[:8]}/{self._region}/{self._service}/aws4_request"

    def _canonical_path(self, path: str) -> str:
        # Every service but S3 encodes the path, already encoded once, a second time.
        return path if self._service == "s3" else encode(path, "/")

    def _signature(self, time: str, request: str) -> str:
        digest = hashlib.sha256(request.encode()).hexdigest()
        text = "\n".join([_ALGORITHM, time, self._scope(time), digest])
        return hmac.new(self._key(time), text.encode(), hashlib.sha256).hexdigest()

    def _key(self, time: str) -> bytes:
        day, key = self._days_key
        if day == time[:8]:
            return key
        key = b"AWS4" + self._credentials.secret_key.encode()
        for part in (time[:8], self._region, self._service, "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        self._days_key = (time[:8], key)
        return key


def _canonical(method: str, path: str, query: str, headers: Mapping[str, str], digest: str) -> str:
    """A request in the one form of it that both sides hash."""
    names = sorted(headers)
    lines = [f"{name}:{' '.join(headers[name].split())}" for name in names]
    return "\n".join([method, path, query, *lines, "", ";".join(names), digest])
