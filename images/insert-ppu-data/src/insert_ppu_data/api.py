"""What the function answers over HTTP, for the API's documentation."""

from __future__ import annotations

from typing import Final

from function_kit.openapi import Answer, Operation

from insert_ppu_data.models import LoadAnswer, LoadRequest

_TREATMENT: Final = {
    "patient_id": "P-000123",
    "treatment_data": {
        "timestamp": "2026-01-05T09:30:00+01:00",
        "device_id": "PPU-0042",
        "program": "rehab-b",
        "duration_s": 1200,
        "pressure_kpa": 32.5,
        "outcome": "completed",
    },
}
_ANSWERS: Final = {
    200: Answer(
        "Stored, now or before.",
        LoadAnswer,
        example={
            "success": True,
            "message": "The treatment is stored.",
            "record_id": "019b8d5c-47c0-8a3f-9d0e-2f6a7c1b4e58",
            "patient_id": "P-000123",
            "timestamp": "2026-01-05T08:30:00Z",
            "environment": "dev",
            "request_id": "8f507c96-4697-4e2e-9cf5-4f6b0f2b3a11",
        },
    ),
    400: Answer("Something is not valid, or is not JSON; `fields` names each bad field."),
    403: Answer("The object may not be read."),
    404: Answer("There is no such object."),
    409: Answer("An idempotency key is of another treatment, or the object has changed."),
    413: Answer("Too much at once; nothing was stored."),
    500: Answer("It failed on our side."),
    503: Answer(
        "The database or the storage does not answer. What was sent may be sent again; a treatment "
        "with neither a `timestamp` nor an `idempotency_key` may then be stored twice.",
        headers={"Retry-After": "Seconds to wait."},
    ),
}
_EXAMPLES: Final = {
    "treatment": _TREATMENT,
    "records": {"records": [_TREATMENT], "on_error": "skip_invalid"},
    "object": {"object": {"key": "treatments/2026-01-05.ndjson.gz"}},
}
_DESCRIPTION: Final = (
    "Takes one treatment, up to 10,000 `records`, or an `object` of NDJSON in the function's "
    "bucket. A treatment with a `timestamp` or an `idempotency_key` is stored once, however often "
    "it is sent: treatments of a patient that say the same are one, and so are those with one key. "
    "With neither, each one in a request is a treatment of its own, and sent again it is stored "
    "again; in an `object`, those that say the same are one. With "
    '`"on_error": "reject_all"` one bad record keeps all from being stored; with `"skip_invalid"` '
    "the others are."
)


def _operation(route: str, name: str, summary: str) -> Operation:
    return Operation(
        route=route,
        id=name,
        summary=summary,
        tag="Treatments",
        description=_DESCRIPTION,
        body=LoadRequest,
        examples=_EXAMPLES,
        answers=_ANSWERS,
    )


OPERATIONS: Final = (
    _operation("POST /ppu/treatments", "insertTreatments", "Store treatments"),
    _operation("POST /load", "load", "Store treatments, for older clients"),
)
