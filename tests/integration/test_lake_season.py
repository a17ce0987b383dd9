"""Bronze to gold through both handlers on a real S3: a season, and the same again."""

from __future__ import annotations

import contextlib
import functools
import importlib
import json
import os
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from unittest import mock

import pytest
from function_kit.s3 import Bucket, Entry
from silver_processing.bronze import SUMMARY
from standins import nba_season, nba_shapes
from standins.nba_season import Season

from tests.kit import lake_truth
from tests.kit.invoke import LambdaContext
from tests.kit.junit import Record
from tests.kit.lake import Below
from tests.kit.small_aws import closing_apis

LAYERS = ("bronze", "silver", "gold")


class Lake:
    """Both functions in this process, and the three buckets."""

    def __init__(self, names: dict[str, str]) -> None:
        self.names = names
        self.buckets = {layer: Bucket(names[layer], 30) for layer in LAYERS}
        for bucket in self.buckets.values():
            assert bucket.api.call("PUT", bucket.root).status == 200
        self.silver = importlib.reload(importlib.import_module("silver_processing.handler"))
        self.gold = importlib.reload(importlib.import_module("gold_analytics.handler"))

    def fill(self, season: Season, shape: Any = nba_shapes.box_score) -> Below:
        below = Below(self.buckets["bronze"], season)
        below.days(sorted(season.by_day), shape)
        return below

    def make_silver(self) -> None:
        self._call(self.silver, "bronze", [SUMMARY])

    def make_gold(self) -> None:
        """In one batch, as the queue gathers it."""
        files = [key for key in self.entries("silver") if key.endswith(".parquet")]
        self._call(self.gold, "silver", files)

    def entries(self, layer: str) -> dict[str, Entry]:
        return {entry.key: entry for entry in self.buckets[layer].entries("")}

    def artifacts(self) -> Any:
        """What reads an object by its URI, out of all that are read at once."""
        gold, keys = self.buckets["gold"], list(self.entries("gold"))
        with ThreadPoolExecutor(16) as pool:
            bodies = dict(zip(keys, pool.map(gold.get, keys), strict=True))
        return lambda uri: json.loads(bodies[f"{uri}.json"] or b"null")

    def _call(self, function: Any, layer: str, keys: list[str]) -> None:
        bucket = {"name": self.names[layer]}
        records = [
            {
                "messageId": str(number),
                "body": json.dumps({"Records": [{"s3": {"bucket": bucket, "object": {"key": k}}}]}),
            }
            for number, k in enumerate(keys)
        ]
        answer = function.handler({"Records": records}, LambdaContext(seconds=300))
        assert answer == {"batchItemFailures": []}


@pytest.fixture
def lake(aws_endpoint: str) -> Iterator[Lake]:
    suffix = uuid.uuid4().hex[:12]
    names = {layer: f"{layer}-{suffix}" for layer in LAYERS}
    variables = {f"{layer.upper()}_BUCKET": name for layer, name in names.items()} | {
        "ENVIRONMENT": "local",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": aws_endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    with mock.patch.dict(os.environ, variables), closing_apis():
        yield Lake(names)


def test_a_season_of_1230_games_is_true_to_the_last_digit(
    lake: Lake, record_property: Record
) -> None:
    season = nba_season.season(2024)
    record_property("games", len(season.games))
    assert len(season.games) == 1230
    lake.fill(season)
    lake.make_silver()
    lake.make_gold()
    lake_truth.season_is_true(season, lake.artifacts())
    before = {layer: lake.entries(layer) for layer in ("silver", "gold")}
    assert len(before["gold"]) == lake_truth.count(season) + 2  # the index, the season's state
    lake.make_silver()
    lake.make_gold()
    everything = {"dates": [day.isoformat() for day in season.by_day]}
    again = lake.silver.handler(everything, LambdaContext(seconds=300))
    assert len(again["unchanged"]) == len(season.by_day)
    # Entries have the moment of the last write: nothing was written anew.
    assert {layer: lake.entries(layer) for layer in ("silver", "gold")} == before


class Killed(BaseException):
    """The function is gone."""


@contextlib.contextmanager
def dying(after: int) -> Iterator[None]:
    """No more than so many writes to any bucket."""
    writes = iter(range(after))

    def wrapped(real: Any) -> Any:
        @functools.wraps(real)
        def write(self: Bucket, *arguments: Any, **options: Any) -> Any:
            if next(writes, None) is None:
                raise Killed
            return real(self, *arguments, **options)

        return write

    with (
        mock.patch.object(Bucket, "put", wrapped(Bucket.put)),
        mock.patch.object(Bucket, "delete", wrapped(Bucket.delete)),
    ):
        yield


def _content(lake: Lake) -> dict[str, str]:
    return {key: entry.etag for layer in LAYERS[1:] for key, entry in lake.entries(layer).items()}


def test_killed_again_and_again_it_ends_with_the_same_bytes(lake: Lake, aws_endpoint: str) -> None:
    season = nba_season.season(2024, rounds=2)
    lake.fill(season)
    lake.make_silver()
    lake.make_gold()
    whole = _content(lake)
    suffix = uuid.uuid4().hex[:12]
    names = {layer: f"{layer}-{suffix}" for layer in LAYERS}
    with mock.patch.dict(os.environ, {f"{k.upper()}_BUCKET": v for k, v in names.items()}):
        other = Lake(names)
        other.fill(season)
        deaths = 0
        for make, steps in ((other.make_silver, 2), (other.make_gold, 150)):
            while True:
                try:
                    with dying(steps):
                        make()
                except Killed:
                    deaths += 1
                else:
                    break
        assert deaths > 8
        assert _content(other) == whole


def test_both_shapes_make_the_same_gold(lake: Lake) -> None:
    season = nba_season.season(2024, rounds=1)
    lake.fill(season)
    lake.make_silver()
    lake.make_gold()
    before = _content(lake)
    lake.fill(season, nba_shapes.older_box_score)
    everything = {"dates": [day.isoformat() for day in season.by_day]}
    lake.silver.handler(everything, LambdaContext(seconds=300))
    lake.make_gold()
    assert _content(lake) == before


def test_the_smoke_test_uses_what_the_functions_may(lake: Lake) -> None:
    for function in (lake.silver, lake.gold):
        assert function.handler({"test": True}, LambdaContext())["statusCode"] == 200
