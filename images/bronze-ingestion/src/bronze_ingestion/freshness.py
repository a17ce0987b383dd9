"""How far what people are answered from is behind what was fetched."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Final

from bronze_ingestion.announcement import KEY as SUMMARY

if TYPE_CHECKING:
    from function_kit.s3 import Bucket

INDEX: Final = "index/latest.json"
NEVER: Final = 365
"""Days that gold counts as behind when it has nothing at all."""


class Freshness:
    """Compares the first layer with the last."""

    def __init__(self, bronze: Bucket, gold: Bucket) -> None:
        """Take both buckets."""
        self._bronze = bronze
        self._gold = gold

    def days_behind(self) -> int | None:
        """Days from gold's latest date to bronze's; None when bronze has none yet.

        Raises:
            AwsError: S3 refused or could not answer.
        """
        fetched = _latest(self._bronze.get(SUMMARY), "bronze_layer_stats", "latest_date")
        if fetched is None:
            return None
        answered = _latest(self._gold.get(INDEX), "latest_date")
        return NEVER if answered is None else max(0, (fetched - answered).days)


def _latest(body: bytes | None, *path: str) -> date | None:
    found = None if body is None else json.loads(body)
    for step in path:
        found = found.get(step) if isinstance(found, dict) else None
    return None if found is None else date.fromisoformat(found)
