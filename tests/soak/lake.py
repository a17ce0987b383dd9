"""The data lake in a soak: days fetched one after the other, questions asked meanwhile, and in the
end every day in gold, true to the last digit.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Any

from botocore.exceptions import ClientError
from fleet.commands.options import Workplace
from fleet.release.told import ALIAS
from standins import nba_season

from tests.kit import lake_truth
from tests.kit.mcp_http import call
from tests.soak.ledger import Trace
from tests.soak.traffic import BAD, ApiTraffic, Traffic

SEASON = nba_season.season(2024)
DAYS = sorted(SEASON.by_day)
# The last third of a season: no sample event and no other test asks for it.
FIRST = len(DAYS) * 2 // 3
_TRICK = "player_daily/../../secrets"


class Days(Traffic):
    """The daily run, a day of the season after the other; one that failed is run again."""

    system = "days"
    pause = 15.0

    def __init__(self, place: Workplace, seed: int) -> None:
        super().__init__(place, seed)
        self._next = FIRST

    def one(self, number: int) -> None:
        day = str(DAYS[self._next % len(DAYS)])
        self.account.send(day)
        event = {"source": "soak", "trigger_type": "manual", "parameters": {"date": day}}
        answer = self.place.control("bronze-ingestion").invoke(ALIAS, event)
        status = answer.payload.get("status") if not answer.function_error else ""
        if status in {"success", "accepted"}:  # what is accepted follows by the queue
            self.account.accepted(day)
            self._next += 1
        else:
            self.account.failed(answer.function_error or str(status))


class Questions(ApiTraffic):
    """A language model's client; one in twenty asks for what is none of its business."""

    system = "questions"
    pause = 1.0

    def one(self, number: int) -> None:
        name = self.name(number)
        trick = number % BAD == 0
        message = call("get_artifact", resource_uri=_TRICK) if trick else call("get_index")
        self.account.send(name, bad=trick)
        headers = {"accept": "application/json, text/event-stream"}
        answer = self.api.call("POST", "/mcp", json.dumps(message), headers=headers)
        error = answer.status_code == 200 and answer.json().get("result", {}).get("isError")
        if error and trick:
            self.account.refused(name, "tool error")
        elif error or answer.status_code != 200:  # there is no index before the first day
            self.account.failed("tool error" if error else str(answer.status_code))
        else:
            self.account.accepted(name)


class Gold:
    """What gold has come to."""

    def __init__(self, place: Workplace) -> None:
        self._s3 = place.environment.client("s3")
        self._bucket = place.terraform.outputs()["hoopstat"]["buckets"]["gold"]

    def days(self, asked: set[str]) -> list[Trace]:
        """The days that it knows, of those that were asked for."""
        known = Counter(self._dates())
        return [Trace("stored", Counter({day: known[day] for day in asked if known[day]}))]

    def untrue(self) -> Iterator[str]:
        """What it says that is not so: of players in three days, of teams in all of them."""
        dates = self._dates()
        for day in dates[-3:]:
            for player, own in lake_truth.lines(SEASON.by_day[date.fromisoformat(day)]).items():
                totals = lake_truth.player_totals(own)
                yield from self._wrong(f"player_daily/{day}/{player}", totals, 1)
        games = [game for day in dates for game in SEASON.by_day[date.fromisoformat(day)]]
        for team, pairs in lake_truth.sides(games).items():
            totals = lake_truth.team_totals(pairs)
            yield from self._wrong(f"team_season/{SEASON.label}/{team}", totals, len(pairs))

    def _wrong(self, uri: str, totals: dict[str, int], games: int) -> Iterator[str]:
        try:
            lake_truth.stats_are_true(self._read(uri)["stats"], totals, games)
        except (AssertionError, ClientError) as error:
            yield f"{uri} is not true: {type(error).__name__}"

    def _dates(self) -> list[str]:
        try:
            index = self._read("index/latest")
        except ClientError:
            return []  # no day has come so far
        found: list[str] = index["seasons"].get(SEASON.label, {}).get("dates", [])
        return found

    def _read(self, uri: str) -> Any:
        with self._s3.get_object(Bucket=self._bucket, Key=f"{uri}.json")["Body"] as body:
            return json.loads(body.read())
