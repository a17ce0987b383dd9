"""Where the fleet keeps what came of the traffic: tables, ntfy's and the backend's ledgers."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import psycopg
from fleet.commands.options import Workplace
from fleet.stack.postgres import DATABASE
from message_kit import items
from psycopg import conninfo

from tests.soak.ledger import Trace

_NAME = re.compile(r"soak-\d+-[a-z]+-\d{6}\.")


def names(texts: Iterable[str], seed: int) -> Counter[str]:
    """How often each name of this soak occurs, once at most in each text."""
    found = (_NAME.search(text) for text in texts)
    mine = f"soak-{seed}-"
    return Counter(match[0] for match in found if match and match[0].startswith(mine))


@contextmanager
def database(place: Workplace) -> Iterator[psycopg.Connection]:
    """The fleet's database, as its server's superuser."""
    dsn = conninfo.make_conninfo(place.stack.dsn, dbname=DATABASE)
    with psycopg.connect(dsn, autocommit=True) as connection:
        yield connection


def treatments(place: Workplace, seed: int) -> list[Trace]:
    """Rows of the table."""
    with database(place) as connection:
        rows = connection.execute(
            "SELECT patient_id FROM ppu_treatments WHERE patient_id LIKE %s", [f"soak-{seed}-%"]
        ).fetchall()
    return [Trace("stored", names((row[0] for row in rows), seed))]


def audited(place: Workplace, seed: int) -> list[Trace]:
    """Rows of the gateway's audit."""
    with database(place) as connection:
        rows = connection.execute(
            "SELECT payload::text FROM lambda_invocations WHERE payload::text LIKE %s AND success",
            [f"%soak-{seed}-%"],
        ).fetchall()
    return [Trace("audited", names((row[0] for row in rows), seed))]


def stored_messages(place: Workplace) -> list[dict[str, Any]]:
    """Every message of the table."""
    table = place.terraform.outputs()["messages"]["table"]
    pages = place.environment.client("dynamodb").get_paginator("scan")
    return [
        items.values(item)
        for page in pages.paginate(TableName=table, ConsistentRead=True)
        for item in page["Items"]
    ]


def messages(place: Workplace, seed: int, notified: Counter[str]) -> list[Trace]:
    """The table, and what people have seen."""
    texts = (json.dumps(message.get("payload", {})) for message in stored_messages(place))
    return [Trace("stored", names(texts, seed)), Trace("notified", notified)]


def notifications(place: Workplace, seed: int) -> Counter[str]:
    """What ntfy has shown to people since its script was set."""
    assert place.environment.instance is not None
    url = f"http://127.0.0.1:{place.environment.instance.ntfy_port}/__ledger"
    shown = httpx.get(url, timeout=60).json()["notifications"]
    return names((json.dumps(each) for each in shown), seed)


def digests(place: Workplace) -> Counter[str]:
    """Deliveries of daily digests, by repository."""
    assert place.environment.instance is not None
    url = f"http://127.0.0.1:{place.environment.instance.backend_port}/__ledger"
    deliveries = httpx.get(url, timeout=60).json()["deliveries"]
    return Counter(each["repo"] for each in deliveries if each["frequency"] == "daily")


def poisoned(place: Workplace, seed: int, mark: str) -> set[str]:
    """The stored messages that ntfy refuses."""
    texts = (json.dumps(message.get("payload", {})) for message in stored_messages(place))
    return set(names((text for text in texts if mark in text), seed))


def unfinished(place: Workplace, seed: int) -> dict[str, str]:
    """By name, the state of the stored messages that nobody has been told of yet."""
    found = {}
    for message in stored_messages(place):
        for name in names([json.dumps(message.get("payload", {}))], seed):
            if message["status"] != "completed":
                found[name] = str(message["status"])
    return found
