"""One treatment, or the records of one request: read first, then written."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from function_kit.http_api import HttpError, invalid, problems
from pydantic import ValidationError

from insert_ppu_data.models import MAX_RECORDS, BatchRequest, TreatmentRequest
from insert_ppu_data.report import Problem, Report, key_reused
from insert_ppu_data.store import KeyReused, Writer, insert
from insert_ppu_data.treatment import Refused, Treatment, moment_of, record_id, treatment

if TYPE_CHECKING:
    from collections.abc import Iterable

    from function_kit.deadline import Deadline
    from function_kit.http_api import Fields
    from function_kit.postgres import Postgres

    from insert_ppu_data.store import Numbered, Stored, Written

_REUSED: Final = "An idempotency key was used before, for another treatment. Nothing was stored."


class Batch(NamedTuple):
    """The records of one request.

    Attributes:
        sent: How many were sent.
        treatments: Those that can be stored, with their places from 0.
        problems: Why the others cannot.
        strict: Whether the caller wants all or none.
    """

    sent: int
    treatments: list[Numbered]
    problems: list[Problem]
    strict: bool


def read_one(body: dict[str, Any]) -> Treatment:
    """The treatment in a request.

    Raises:
        ValidationError: The request is not one.
        HttpError: 400, it cannot be stored.
    """
    try:
        return _checked(TreatmentRequest.model_validate(body), _now(), 0)
    except Refused as refused:
        raise invalid([{"field": refused.field, "reason": refused.reason}]) from None


def write_one(one: Treatment, postgres: Postgres, environment: str, deadline: Deadline) -> Stored:
    """Store a treatment.

    Raises:
        HttpError: 409, its key is of another.
        DatabaseUnavailable: The database is away.
    """
    try:
        with postgres.use(deadline) as connection:
            return insert(connection, one, environment)
    except KeyReused:
        _, name, reason = key_reused(0)
        raise conflict([{"field": name, "reason": reason}]) from None


def read_records(body: dict[str, Any]) -> Batch:
    """The records in a request.

    Raises:
        ValidationError: The request is not one.
        HttpError: 413, too many; 400, some cannot be stored and the caller wants all or none,
            or none can be stored.
    """
    sent = body.get("records")
    if isinstance(sent, list) and len(sent) > MAX_RECORDS:
        message = f"More than {MAX_RECORDS} records: send several requests, or an object of NDJSON."
        raise HttpError(413, "too_many_records", message)
    requests, bad = _parsed(body)
    now = _now()
    treatments: list[Numbered] = []
    for number, request in requests:
        try:
            treatments.append((number, _checked(request, now, number)))
        except Refused as refused:
            bad.append(Problem(number, refused.field, refused.reason))
    strict = body.get("on_error") != "skip_invalid"
    if bad and (strict or not treatments):
        raise invalid([problem.named("records") for problem in sorted(bad)])
    return Batch(len(body["records"]), treatments, sorted(bad), strict)


def write_records(
    batch: Batch, postgres: Postgres, environment: str, deadline: Deadline, *, again: bool
) -> Written:
    """Store the records in one transaction; `again` says that it is the second attempt.

    Raises:
        HttpError: 409, the keys of some are of others and the caller wants all or none.
        DatabaseUnavailable: The database is away.
    """
    with postgres.transaction(deadline) as connection:
        written = Writer(environment, alone=again).write(connection, [batch.treatments])
        if written.reused and batch.strict:
            raise conflict([key_reused(n).named("records") for n in sorted(written.reused)])
    return written


def outcome(batch: Batch, written: Written) -> tuple[Report, list[str | None]]:
    """What became of the records, and each one's id; None for one that was rejected."""
    report = Report(received=batch.sent, inserted=written.inserted)
    for problem in sorted([*batch.problems, *map(key_reused, written.reused)]):
        report.reject(problem)
    stored = {n: record_id(row) for n, row in batch.treatments if n not in written.reused}
    return report, [stored.get(number) for number in range(batch.sent)]


def conflict(fields: Fields) -> HttpError:
    """409: keys that are of other treatments."""
    return HttpError(409, "idempotency_key_reused", _REUSED, fields)


def _parsed(
    body: dict[str, Any],
) -> tuple[Iterable[tuple[int, TreatmentRequest]], list[Problem]]:
    """The records that have the right form, and the first problem of each that has not."""
    try:
        return enumerate(BatchRequest.model_validate(body).records), []
    except ValidationError as error:
        bad = _bad_records(error)
    good = [
        (number, TreatmentRequest.model_validate(record))
        for number, record in enumerate(body["records"])
        if number not in bad
    ]
    return good, list(bad.values())


def _bad_records(error: ValidationError) -> dict[int, Problem]:
    """The first problem of each bad record.

    Raises:
        ValidationError: It is the request as a whole that is bad.
    """
    bad: dict[int, Problem] = {}
    for problem in problems(error):
        whole, _, rest = problem["field"].partition(".")
        number, _, name = rest.partition(".")
        if whole != "records" or not number:
            raise error
        bad.setdefault(int(number), Problem(int(number), name, problem["reason"]))
    return bad


def _checked(request: TreatmentRequest, now: int, place: int) -> Treatment:
    key = request.idempotency_key
    return treatment(request.patient_id, request.treatment_data, key, now, place)


def _now() -> int:
    return moment_of(datetime.now(UTC))
