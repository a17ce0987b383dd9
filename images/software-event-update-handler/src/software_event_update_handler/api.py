"""What the function answers over HTTP."""

from __future__ import annotations

from function_kit.openapi import Answer, Operation

from software_event_update_handler.answers import History, HistoryPath, HistoryQuery, Kept, Refused
from software_event_update_handler.events import UpdateEvent

_UNAVAILABLE = Answer("The table does not answer; send the same again later.")


def _tell(path: str, name: str, description: str) -> Operation:
    return Operation(
        route=f"POST {path}",
        id=name,
        summary="Tell an event of a software update",
        tag="Software updates",
        description=description,
        body=UpdateEvent,
        examples={
            "requested": {
                "device_id": "ppu-0042",
                "event_id": "e-1",
                "version": "4.2.0",
                "status": "requested",
                "event_time": "2026-11-23T09:00:00Z",
            }
        },
        answers={
            200: Answer("The event counts.", Kept),
            400: Answer(
                "A field is missing or wrong, or `event_time` is more than 24 hours ahead of our "
                "clock, which `/clock` tells. The event is not kept."
            ),
            409: Answer("The event does not count: illegal, stale, or its id is taken.", Refused),
            503: _UNAVAILABLE,
        },
    )


OPERATIONS = (
    _tell("/software-updates", "tellUpdate", "In any order and as often as need be."),
    _tell("/swups", "tellUpdateOlder", "The route of older clients."),
    Operation(
        route="GET /software-updates/{device_id}",
        id="readUpdates",
        summary="Where a device stands, and what it told",
        tag="Software updates",
        path=HistoryPath,
        query=HistoryQuery,
        answers={
            200: Answer("Newest first.", History),
            400: Answer("A parameter is wrong."),
            404: Answer("This device has told nothing yet."),
            503: _UNAVAILABLE,
        },
    ),
)
