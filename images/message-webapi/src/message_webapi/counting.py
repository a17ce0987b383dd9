"""Counting messages by an index, a day at a time.

What was created on a day that is over mostly stays what it was, until DynamoDB drops it after 90
days. Today and yesterday are counted anew each time; yesterday because a schedule's message has the
moment that it was due, and may be made hours after it. One that is redriven may be made days after
it: so one of the days before is counted anew each time, too, all of them in turn.
"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from message_kit.message import KEPT, Status, timestamp
from message_kit.records import query
from message_kit.table import names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from message_kit.table import Table

HOURS: Final = 24
OPEN_DAYS: Final = 2
# DynamoDB drops what has expired within two days, and until then it is counted.
DAYS: Final = KEPT.days + 2
_AT_ONCE: Final = 8
_UNFINISHED: Final = tuple(status for status in Status if status != Status.COMPLETED)


@dataclass(frozen=True)
class Hour:
    """The messages that were created in one hour.

    Attributes:
        hour: Its beginning, as messages have their dates.
        by_status: How many there are now, by status.
    """

    hour: str
    by_status: dict[str, int]


@dataclass
class Counts:
    """Counts of all messages of a stage.

    Attributes:
        days: By day that is over, how many of which type; first the day counted longest ago.
        open_types: How many of which type, of today and yesterday.
        hours: The last 24 hours, oldest first.
        unfinished: How many by status, of those that are not completed.
        as_of: When they were counted.
    """

    days: dict[str, dict[str, int]] = field(default_factory=dict)
    open_types: dict[str, int] = field(default_factory=dict)
    hours: list[Hour] = field(default_factory=list)
    unfinished: dict[str, int] = field(default_factory=dict)
    as_of: str = ""

    @property
    def complete(self) -> bool:
        """Whether every day is in them."""
        return len(self.days) == DAYS - OPEN_DAYS

    def by_type(self) -> dict[str, int]:
        """How many messages there are of which type."""
        total = Counter(self.open_types)
        for day in self.days.values():
            total.update(day)
        return dict(sorted(total.items()))

    def by_status(self) -> dict[str, int]:
        """How many messages there are in which status."""
        rest = sum(self.by_type().values()) - sum(self.unfinished.values())
        return {**self.unfinished, Status.COMPLETED.value: max(rest, 0)}


class Census:
    """Counts the messages of a stage."""

    def __init__(self, table: Table, stage: str) -> None:
        self._table = table
        self._stage = stage

    def count(self, before: Counts, now: datetime, out_of_time: Callable[[], bool]) -> Counts:
        """Count anew.

        Args:
            before: What was counted the last time; one day that is in it is counted again.
            now: With a zone.
            out_of_time: Whether to leave the days that are still missing to the next time.
        """
        today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        days = (today - timedelta(days=back) for back in range(OPEN_DAYS, DAYS))
        over = {f"{day:%F}": day for day in days}
        kept = {name: types for name, types in before.days.items() if name in over}
        wanted = [*(name for name in over if name not in kept), *list(kept)[:1]]
        counts = Counts(as_of=timestamp(now))
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            unfinished = {s.value: pool.submit(self._in_status, s) for s in _UNFINISHED}
            self._open(counts, now, today - timedelta(days=OPEN_DAYS - 1))
            counts.unfinished = {name: found.result() for name, found in unfinished.items()}
            found = pool.map(lambda n: None if out_of_time() else self._of_day(over[n]), wanted)
            counted = {
                n: types for n, types in zip(wanted, found, strict=True) if types is not None
            }
        # Behind those that were counted before.
        counts.days = {n: types for n, types in kept.items() if n not in counted} | counted
        return counts

    def _open(self, counts: Counts, now: datetime, since: datetime) -> None:
        first = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        hours = [first - timedelta(hours=back) for back in reversed(range(HOURS))]
        by_hour: dict[str, Counter[str]] = {timestamp(hour)[:13]: Counter() for hour in hours}
        types: Counter[str] = Counter()
        for message in self._created(since, None, "#message_type #created_date #status"):
            types[message["message_type"]] += 1
            found = by_hour.get(message["created_date"][:13])
            if found is not None:
                found[message["status"]] += 1
        counts.open_types = dict(types)
        counts.hours = [
            Hour(timestamp(hour), dict(by_hour[timestamp(hour)[:13]])) for hour in hours
        ]

    def _of_day(self, day: datetime) -> dict[str, int]:
        until = day + timedelta(days=1)
        found = self._created(day, until, "#message_type")
        return dict(Counter(message["message_type"] for message in found))

    def _created(
        self, since: datetime, until: datetime | None, wanted: str
    ) -> Iterator[dict[str, str]]:
        asked = query("stage", self._stage)
        asked["KeyConditionExpression"] += " AND #created_date >= :since"
        values = asked["ExpressionAttributeValues"]
        values[":since"] = {"S": timestamp(since)}
        if until is not None:
            asked["KeyConditionExpression"] = asked["KeyConditionExpression"].replace(
                ">= :since", "BETWEEN :since AND :until"
            )
            values[":until"] = {"S": timestamp(until - timedelta(milliseconds=1))}
        asked["ExpressionAttributeNames"] |= names(f"#created_date {wanted}")
        asked["ProjectionExpression"] = wanted.replace(" ", ", ")
        for answer in self._answers(asked):
            for item in answer["Items"]:
                yield {name: value["S"] for name, value in item.items()}

    def _in_status(self, status: Status) -> int:
        asked = query("status", status) | {"Select": "COUNT"}
        return sum(answer["Count"] for answer in self._answers(asked))

    def _answers(self, asked: dict[str, Any]) -> Iterator[dict[str, Any]]:
        while True:
            answer = self._table.call("Query", asked)
            yield answer
            if "LastEvaluatedKey" not in answer:
                return
            asked["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
