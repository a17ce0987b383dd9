"""One action's requests: to allowed hosts, at public addresses, within its time, cut at a size.

Every hop of a redirect is looked at like the first. What signs in goes to the first origin alone.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from message_kit.outbound import Answer, Call, OutboundError

from web_action.addresses import RefusedAddressError
from web_action.origins import Origin, RefusedUrlError, Url, allowed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from function_kit.deadline import Deadline
    from message_kit.outbound import Outbound

ATTEMPTS: Final = 3
REDIRECTS: Final = 3
BASE: Final = 0.5  # seconds; a pause is drawn evenly from 0 to this times 2 to the attempt
_REDIRECT: Final = frozenset({301, 302, 303, 307, 308})
_OK: Final = range(200, 300)
_TOO_MANY_REQUESTS: Final = 429
_SERVER_ERROR: Final = 500


class FetchError(Exception):
    """No answer that an action could use.

    Attributes:
        status: The HTTP status, 0 when there was none.
        sent: Whether the other side may have got the request.
        temporary: Whether it may go better another time.
    """

    def __init__(self, reason: str, *, status: int = 0, sent: bool, temporary: bool) -> None:
        """Say why; nothing of the answer is repeated."""
        super().__init__(reason)
        self.status = status
        self.sent = sent
        self.temporary = temporary


@dataclass(frozen=True, slots=True)
class Ask:
    """A request of an action.

    Attributes:
        url: Where to.
        method: GET or POST.
        headers: Names in lower case.
        signing: Headers that sign in, and go to the URL's own origin alone.
        body: Of a POST.
        most: Bytes of the answer to read.
    """

    url: Url
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    signing: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    most: int = 1_000_000


class Fetcher:
    """Sends an action's requests."""

    def __init__(self, outbound: Outbound, sleep: Callable[[float], None] = time.sleep) -> None:
        """Take what sends; it is to resolve names by `addresses.Resolver`."""
        self._outbound = outbound
        self._sleep = sleep

    def fetch(self, ask: Ask, origins: frozenset[Origin], deadline: Deadline) -> Answer:
        """Ask, and read the answer if it is a 2xx.

        A GET is asked up to three times and follows redirects. A POST is sent once: whether it
        may be repeated, nobody here knows.

        Args:
            ask: What to send.
            origins: Where it may go.
            deadline: Nothing is waited for beyond it.

        Raises:
            FetchError: There is no such answer.
        """
        attempts = ATTEMPTS if ask.method == "GET" else 1
        for attempt in range(1, attempts + 1):
            try:
                return self._once(ask, origins, deadline)
            except FetchError as error:
                pause = random.uniform(0, BASE * 2**attempt)  # noqa: S311 - spreads load
                over = attempt == attempts or pause >= deadline.remaining()
                if over or not error.temporary:
                    raise
            self._sleep(pause)
        raise AssertionError("the last attempt returns or raises")

    def _once(self, ask: Ask, origins: frozenset[Origin], deadline: Deadline) -> Answer:
        try:
            for _ in range(1 + REDIRECTS):
                answer = self._send(ask, origins, deadline)
                if answer.status not in _REDIRECT or ask.method != "GET":
                    return _good(answer)
                ask = _next(ask, answer)
        except (RefusedUrlError, RefusedAddressError) as error:
            raise FetchError(str(error), sent=False, temporary=False) from None
        except OutboundError as error:
            raise FetchError(str(error), sent=error.sent, temporary=True) from None
        raise FetchError(f"it redirects more than {REDIRECTS} times", sent=True, temporary=False)

    def _send(self, ask: Ask, origins: frozenset[Origin], deadline: Deadline) -> Answer:
        origin = allowed(ask.url, origins).origin
        headers = {**ask.headers, **ask.signing}
        call = Call(ask.method, *origin, ask.url.target, headers, ask.body)
        return self._outbound.send(call, deadline, most=ask.most)


def _next(ask: Ask, answer: Answer) -> Ask:
    """What to ask where a redirect leads."""
    url = ask.url.join(answer.headers.get("location", ""))
    same = url.origin == ask.url.origin
    return replace(ask, url=url, signing=ask.signing if same else {})


def _good(answer: Answer) -> Answer:
    if answer.status in _OK:
        return answer
    temporary = answer.status == _TOO_MANY_REQUESTS or answer.status >= _SERVER_ERROR
    raise FetchError(
        f"it answered {answer.status}", status=answer.status, sent=True, temporary=temporary
    )
