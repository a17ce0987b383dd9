"""What callers send and what they are answered."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    RootModel,
    StringConstraints,
    WithJsonSchema,
)

from insert_ppu_data.treatment import MAX_KEY, MAX_PATIENT_ID, PLAIN

MAX_RECORDS: Final = 10_000
_DATA_SCHEMA: Final = {
    "type": "object",
    "description": "What the device says of the treatment, at most 64 KiB of JSON.",
    "properties": {
        "timestamp": {
            "anyOf": [
                {"type": "string", "format": "date-time", "pattern": "^20(0[1-9]|[1-9][0-9])-"},
                {"type": "null"},
            ],
            "description": "When it was, in ISO 8601, of UTC where it names no zone; the time of "
            "receipt where it is missing. Years 2001 to 2099.",
        }
    },
    "additionalProperties": True,
}

type PatientId = Annotated[
    str, StringConstraints(min_length=1, max_length=MAX_PATIENT_ID, pattern=PLAIN)
]
type Key = Annotated[str, StringConstraints(min_length=1, max_length=MAX_KEY, pattern=PLAIN)]
type OnError = Literal["reject_all", "skip_invalid"]


def _storable(value: dict[str, Any]) -> dict[str, Any]:
    """Refuse what Python's parser takes for JSON and others do not."""
    try:
        json.dumps(value, allow_nan=False)
    except (ValueError, RecursionError):
        raise ValueError("must be JSON: no NaN, no Infinity, not nested without end") from None
    return value


class TreatmentRequest(BaseModel):
    """One treatment of a patient."""

    model_config = ConfigDict(title="Treatment", extra="ignore")

    patient_id: PatientId = Field(description="Whose treatment it is.")
    treatment_data: Annotated[
        dict[str, Any], AfterValidator(_storable), WithJsonSchema(_DATA_SCHEMA)
    ]
    idempotency_key: Key | None = Field(
        None,
        description="Says which treatments of the patient are one. Without it those are that "
        "say the same, and of those without a timestamp only those of an object.",
    )


class BatchRequest(BaseModel):
    """Several treatments."""

    model_config = ConfigDict(title="Treatments", extra="forbid")

    records: list[TreatmentRequest] = Field(min_length=1, max_length=MAX_RECORDS)
    on_error: OnError = Field(
        "reject_all", description="Whether one bad record keeps the others from being stored."
    )


class ObjectPlace(BaseModel):
    """An object of NDJSON in the function's bucket, and where in it to begin."""

    model_config = ConfigDict(title="ObjectOfTreatments", extra="forbid")

    key: Annotated[str, StringConstraints(min_length=1, max_length=1024)]
    etag: Annotated[str, StringConstraints(pattern=r'^"?[\x21\x23-\x7e]{1,128}"?$')] | None = Field(
        None, description="Only while the object is this one."
    )
    version_id: Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,1024}$")] | None = Field(
        None, description="This version of the object, in place of the newest."
    )
    line: int = Field(0, ge=0, description="Go on after this line.")
    byte: int = Field(0, ge=0, description="The byte after that line, where it is known.")


class ImportRequest(BaseModel):
    """Treatments in an object of NDJSON, plain or gzip."""

    model_config = ConfigDict(title="ImportOfTreatments", extra="forbid")

    object: ObjectPlace
    on_error: OnError = Field(
        "reject_all",
        description="`skip_invalid` also stores as it goes, and can go on where it stopped.",
    )


class LoadRequest(RootModel[TreatmentRequest | BatchRequest | ImportRequest]):
    """What a caller may send: one treatment, several, or where they are."""


class StoredAnswer(BaseModel):
    """The treatment is in the database."""

    model_config = ConfigDict(title="StoredTreatment")

    success: bool
    message: str
    record_id: str = Field(description="The treatment's id; the same for what is stored once.")
    patient_id: str
    timestamp: datetime = Field(description="When it was.")
    environment: str
    request_id: str


class ProblemAnswer(BaseModel):
    """A record that was not stored."""

    model_config = ConfigDict(title="RejectedTreatment")

    record: int = Field(description="Its place in `records`, from 0, or its line, from 1.")
    field: str = Field(description="Which field; empty for the record as a whole.")
    reason: str


class _Counts(BaseModel):
    success: bool
    message: str
    environment: str
    received: int
    inserted: int = Field(description="New ones.")
    already_stored: int = Field(description="Those that were there before, or sent twice.")
    rejected: int
    problems: list[ProblemAnswer] = Field(description="The first hundred of the rejected.")
    request_id: str


class BatchAnswer(_Counts):
    """What became of the records."""

    model_config = ConfigDict(title="StoredTreatments")

    record_ids: list[str | None] = Field(description="In the order of `records`; null: rejected.")


class ImportAnswer(_Counts):
    """What became of the object's lines."""

    model_config = ConfigDict(title="ImportedTreatments")

    complete: bool = Field(description="Whether the whole object was read.")
    next: ObjectPlace | None = Field(description="Send this as `object` to go on.")


class LoadAnswer(RootModel[StoredAnswer | BatchAnswer | ImportAnswer]):
    """As was asked for."""
