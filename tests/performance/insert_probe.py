"""Runs inside the image: one treatment through the handler, and by SQL alone; medians in ms.

The handler is the one that Lambda calls, with everything around it: logs bound, the event read,
checked and answered, the connection looked at. The statement is the one that it executes.
"""

from __future__ import annotations

import json
import os
import statistics
import time
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import lambda_function  # type: ignore[import-not-found]  # the image's entry point
import psycopg
from insert_ppu_data import handler, store
from insert_ppu_data.treatment import record_id, timestamp, treatment

ROUNDS = 1000


def event(number: int) -> dict[str, Any]:
    data = {
        "timestamp": "2026-01-05T09:30:00+01:00",
        "device_id": "PPU-0042",
        "duration_s": number,
        "pressure_kpa": 32.5,
        "outcome": "completed",
    }
    return {"patient_id": f"P-{number:06d}", "treatment_data": data}


def http(number: int) -> dict[str, Any]:
    return {
        "version": "2.0",
        "routeKey": "POST /ppu/treatments",
        "headers": {"content-type": "application/json"},
        "requestContext": {"http": {"method": "POST", "path": "/ppu/treatments"}},
        "body": json.dumps(event(number)),
        "isBase64Encoded": False,
    }


def by_handler(number: int) -> None:
    context = SimpleNamespace(
        aws_request_id=str(uuid4()),
        function_name="insert-ppu-data",
        function_version="1",
        invoked_function_arn="arn:aws:lambda:us-east-1:1:function:insert-ppu-data:live",
        get_remaining_time_in_millis=lambda: 6000,
    )
    answer = lambda_function.handler(http(number), context)
    assert answer["statusCode"] == 200, answer


def by_sql(connection: psycopg.Connection, number: int) -> None:
    sent = event(number)
    row = treatment(sent["patient_id"], sent["treatment_data"], None, 0)
    values = (record_id(row), row.patient_id, row.data.decode(), timestamp(row), "local")
    began = time.perf_counter()
    connection.execute(store._INSERT, values, prepare=True).fetchone()
    BARE.append(time.perf_counter() - began)


BARE: list[float] = []
HANDLED: list[float] = []


def main() -> None:
    by_handler(-1)  # connects
    settings = handler.TreatmentSettings()
    other = handler.database(settings, statement_timeout=5, application_name="probe")
    connection = other.connection()
    for number in range(ROUNDS):
        began = time.perf_counter()
        by_handler(2 * number)
        HANDLED.append(time.perf_counter() - began)
        by_sql(connection, 2 * number + 1)
    half = ROUNDS // 2
    figures = {
        "handler_p50_ms": round(statistics.median(HANDLED[half:]) * 1000, 3),
        "bare_p50_ms": round(statistics.median(BARE[half:]) * 1000, 3),
    }
    print(json.dumps(figures), flush=True)
    os._exit(0)


main()
