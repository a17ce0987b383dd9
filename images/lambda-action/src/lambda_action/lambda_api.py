"""Lambda's API over one asynchronous HTTP client."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import urlsplit

import aiohttp
from function_kit import tls
from function_kit.sigv4 import Signer, encode, query
from yarl import URL

from lambda_action.errors import LambdaFailed, LambdaTimedOut
from lambda_action.lambda_answers import Answer, Invoked, log_of, read, refusal

if TYPE_CHECKING:
    from function_kit.sigv4 import Credentials

_FUNCTIONS: Final = "/2015-03-31/functions"
_THROTTLED: Final = HTTPStatus.TOO_MANY_REQUESTS
# Lambda's own failures, before it runs anything.
_NOT_CARRIED_OUT: Final = (HTTPStatus.SERVICE_UNAVAILABLE,)
_LONGEST: Final = 5.0  # seconds between two attempts
_BROKEN: Final = "the connection to Lambda broke; the function may have run"


class CredentialSource(Protocol):
    """Where the keys come from; roles' keys change."""

    def current(self) -> Credentials:
        """The keys as they are now, without waiting."""
        ...


@dataclass(frozen=True, slots=True)
class Retries:
    """How often a call is sent again that Lambda certainly did not carry out.

    Attributes:
        count: Times.
        delay: Seconds before the first; each further one waits twice as long, at random up to it.
    """

    count: int = 3
    delay: float = 0.1


class LambdaApi:
    """Lambda in one region. Used by one event loop; `close` ends its connections."""

    def __init__(
        self,
        endpoint: str,
        region: str,
        credentials: CredentialSource,
        *,
        timeout: float = 30.0,
        retries: Retries | None = None,
        connections: int = 1000,
    ) -> None:
        """Prepare calls; nothing is sent yet.

        Args:
            endpoint: The base URL.
            region: The region to sign for.
            credentials: Asked for each call.
            timeout: Seconds for one call, its retries included.
            retries: Of calls that were not carried out.
            connections: Open at most.
        """
        self._endpoint = endpoint.rstrip("/")
        self._host = urlsplit(endpoint).netloc
        self._region = region
        self._credentials = credentials
        self._timeout = timeout
        self._retries = retries or Retries()
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None
        self._signer: tuple[Credentials, Signer] | None = None

    async def invoke(
        self, name: str, payload: bytes, invocation_type: str, qualifier: str = ""
    ) -> Invoked:
        """Invoke a function.

        Args:
            name: Its plain name.
            payload: JSON.
            invocation_type: RequestResponse, Event or DryRun.
            qualifier: An alias or a version; neither is `$LATEST`.

        Raises:
            LambdaFailed: Lambda refused or could not be reached.
            LambdaTimedOut: It did not answer in time; the function may have run.
        """
        path = f"{_FUNCTIONS}/{encode(name)}/invocations"
        if qualifier:
            path += query({"Qualifier": qualifier})
        headers = {"x-amz-invocation-type": invocation_type, "content-type": "application/json"}
        if invocation_type == "RequestResponse":
            headers["x-amz-log-type"] = "Tail"
        answer = await self._call("POST", path, headers, payload)
        get = answer.headers.get
        return Invoked(
            answer.status,
            answer.body.decode("utf-8", "replace"),
            get("X-Amz-Function-Error", ""),
            log_of(get("X-Amz-Log-Result", "")),
            get("X-Amz-Executed-Version", ""),
            get("x-amzn-RequestId", ""),
        )

    async def functions(self, count: int, marker: str) -> tuple[list[dict[str, Any]], str]:
        """One page of functions as Lambda lists them, and the marker of the next.

        Raises:
            LambdaFailed: See `invoke`.
        """
        asked = {"MaxItems": str(count)} | ({"Marker": marker} if marker else {})
        found = (await self._call("GET", f"{_FUNCTIONS}/{query(asked)}", {}, b"")).json()
        return list(found.get("Functions") or []), str(found.get("NextMarker") or "")

    async def configuration(self, name: str) -> dict[str, Any]:
        """A function's configuration.

        Raises:
            LambdaFailed: See `invoke`.
        """
        return (
            await self._call("GET", f"{_FUNCTIONS}/{encode(name)}/configuration", {}, b"")
        ).json()

    async def close(self) -> None:
        """End the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _call(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        try:
            async with asyncio.timeout(self._timeout):
                return await self._attempts(method, path, headers, body)
        except TimeoutError:
            message = f"Lambda did not answer within {self._timeout:g} s; the function may have run"
        raise LambdaTimedOut(message)

    async def _attempts(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> Answer:
        pause = self._retries.delay
        for left in range(self._retries.count, -1, -1):
            try:
                answer = await self._send(method, path, headers, body)
            except aiohttp.ClientConnectorError:
                # Nothing was sent. Whatever breaks later may have had its effect.
                problem = LambdaFailed("Lambda cannot be reached")
            except (aiohttp.ClientError, OSError):
                raise LambdaFailed(_BROKEN) from None
            else:
                if answer.status < HTTPStatus.BAD_REQUEST:
                    return answer
                problem = refusal(answer)
                if answer.status != _THROTTLED and answer.status not in _NOT_CARRIED_OUT:
                    raise problem
            if not left:
                raise problem
            await asyncio.sleep(random.uniform(pause / 2, pause))  # noqa: S311 - no secret
            pause = min(pause * 2, _LONGEST)
        raise AssertionError("the last attempt returns or raises")

    async def _send(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        signed = self._signed_by().headers(method, path, headers | {"host": self._host}, body)
        session = self._session or self._open()
        async with session.request(
            method, URL(self._endpoint + path, encoded=True), headers=signed, data=body or None
        ) as answer:
            return Answer(answer.status, answer.headers, await read(answer))

    def _signed_by(self) -> Signer:
        """One signer for as long as the keys are the same: it remembers the day's key."""
        keys = self._credentials.current()
        if self._signer is None or self._signer[0] != keys:
            self._signer = (keys, Signer("lambda", self._region, keys))
        return self._signer[1]

    def _open(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            limit=self._connections, ssl=tls.context(), keepalive_timeout=30
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=None),
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            # What a header may be: a log tail is 4 KB, 5.5 in Base64.
            max_field_size=16 * 1024,
            requote_redirect_url=False,
        )
        return self._session
