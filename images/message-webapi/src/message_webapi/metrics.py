"""Routes of counts: by status, stage and type, and by the hour of the last day.

Nobody counts on each request. The counts are one item of the table, shared by all instances; the
first request that finds them a minute old counts anew, under a lease, and others get the old ones
until it is done.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from function_kit.http_api import HttpError, Response, response
from function_kit.signed_api import SignedApi
from message_kit import items
from message_kit.settings import AWS_TIMEOUT
from message_kit.table import Refused, Table

from message_webapi.counting import Census, Counts, Hour

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from function_kit.routing import Request

    from message_webapi.settings import WebApiSettings

FRESH_SECONDS: Final = 60.0
"""For how long counts are good."""
UNFINISHED_SECONDS: Final = 5.0
"""The same, while days of the past are still missing in them."""
BUDGET_SECONDS: Final = 12.0
"""For days that were not counted yet; what is left then is left to the next request."""
LEASE_SECONDS: Final = 45.0
"""Longer than an invocation can take: whoever counted is dead then."""
# No message has such an id, and without a stage and a status it stands in no index.
_KEY: Final = {"id": "counts", "created_date": "-"}
_LEASE: Final = "SET #lease_until = :until"
_FREE: Final = "attribute_not_exists(#lease_until) OR #lease_until < :now"
_STORE: Final = "SET #counts = :counts, #counted_at = :now, #lease_until = :none"


class Metrics:
    """The counts of a stage, kept in its table."""

    def __init__(
        self, api: SignedApi, table: str, stage: str, clock: Callable[[], float] = time.time
    ) -> None:
        """Take where messages are.

        Args:
            api: DynamoDB's.
            table: The table's name.
            stage: The deployment.
            clock: Epoch seconds.
        """
        self._table = Table(api, table)
        self._census = Census(self._table, stage)
        self._clock = clock

    def counts(self) -> Counts:
        """The counts, about a minute old at most.

        Raises:
            HttpError: 503, the first count of all is under way in another request.
            AwsError: The table could not be used.
        """
        stored, counted_at = self._stored()
        if stored is not None and self._clock() - counted_at < _good_for(stored):
            return stored
        if not self._leased():
            if stored is None:
                raise HttpError(503, "counting", "The messages are being counted; ask again.")
            return stored
        return self._counted(stored or Counts())

    def _counted(self, before: Counts) -> Counts:
        until = self._clock() + BUDGET_SECONDS
        now = datetime.fromtimestamp(self._clock(), UTC)
        counts = self._census.count(before, now, lambda: self._clock() > until)
        parameters = {"counts": _packed(counts), "now": self._clock(), "none": 0}
        self._table.update(_KEY, _STORE, "attribute_exists(#lease_until)", parameters)
        return counts

    def _stored(self) -> tuple[Counts | None, float]:
        answer = self._table.call("GetItem", {"Key": items.item(_KEY)})
        found = items.values(answer.get("Item", {}))
        if "counts" not in found:
            return None, 0.0
        return _unpacked(found["counts"]), float(found["counted_at"])

    def _leased(self) -> bool:
        """Whether it is ours to count."""
        now = self._clock()
        try:
            self._table.update(_KEY, _LEASE, _FREE, {"until": now + LEASE_SECONDS, "now": now})
        except Refused:
            return False
        return True


def _good_for(counts: Counts) -> float:
    return FRESH_SECONDS if counts.complete else UNFINISHED_SECONDS


def _packed(counts: Counts) -> str:
    """One text: DynamoDB's form of it would be four times as long, and slower to read."""
    return json.dumps(asdict(counts), separators=(",", ":"))


def _unpacked(text: str) -> Counts:
    found = json.loads(text)
    return Counts(**found | {"hours": [Hour(**hour) for hour in found["hours"]]})


def totals(counts: Counts, stage: str) -> dict[str, Any]:
    """What `GET /api/metrics` answers."""
    by_type = counts.by_type()
    return {
        "total": sum(by_type.values()),
        "by_status": counts.by_status(),
        "by_stage": {stage: sum(by_type.values())},
        "by_type": by_type,
        "as_of": counts.as_of,
        "complete": counts.complete,
    }


def hourly(counts: Counts) -> dict[str, Any]:
    """What `GET /api/metrics/hourly` answers."""
    hours = [
        {"hour": hour.hour, "total": sum(hour.by_status.values()), "by_status": hour.by_status}
        for hour in counts.hours
    ]
    return {"hours": hours, "as_of": counts.as_of}


def get_metrics(request: Request, settings: WebApiSettings) -> Response:
    """How many messages there are, by status, stage and type."""
    return _answer(request, totals(_metrics(settings).counts(), settings.stage))


def get_hourly(request: Request, settings: WebApiSettings) -> Response:
    """How many messages were created in each of the last 24 hours, by what became of them."""
    return _answer(request, hourly(_metrics(settings).counts()))


def _answer(request: Request, body: Mapping[str, Any]) -> Response:
    return response(200, body, request.id)


@cache
def _metrics(settings: WebApiSettings) -> Metrics:
    api = SignedApi("dynamodb", timeout=AWS_TIMEOUT)
    return Metrics(api, settings.messages_table, settings.stage)
