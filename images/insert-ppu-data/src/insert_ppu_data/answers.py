"""What callers are answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from function_kit.http_api import response

from insert_ppu_data.models import BatchAnswer, ImportAnswer, StoredAnswer
from insert_ppu_data.treatment import record_id

if TYPE_CHECKING:
    from function_kit.http_api import Response
    from pydantic import BaseModel

    from insert_ppu_data.imports import Imported
    from insert_ppu_data.report import Report
    from insert_ppu_data.store import Stored
    from insert_ppu_data.treatment import Treatment


def stored(one: Treatment, result: Stored, environment: str, request_id: str) -> Response:
    """200: a treatment is stored, now or before."""
    return _answer(
        StoredAnswer(
            success=True,
            message="The treatment is stored."
            if result.new
            else "The treatment was stored before.",
            record_id=record_id(one),
            patient_id=one.patient_id,
            timestamp=result.moment,
            environment=environment,
            request_id=request_id,
        )
    )


def records(report: Report, ids: list[str | None], environment: str, request_id: str) -> Response:
    """200: what became of the records of a request."""
    counts = _counts(report, environment, request_id)
    return _answer(BatchAnswer(**counts, record_ids=ids))


def imported(result: Imported, environment: str, request_id: str) -> Response:
    """200: what became of an object."""
    counts = _counts(result.report, environment, request_id)
    return _answer(ImportAnswer(**counts, complete=result.next is None, next=result.next))


def _counts(report: Report, environment: str, request_id: str) -> dict[str, Any]:
    return {
        "success": True,
        "message": f"{report.inserted} stored, {report.already_stored} were stored before, "
        f"{report.rejected} rejected.",
        "environment": environment,
        "received": report.received,
        "inserted": report.inserted,
        "already_stored": report.already_stored,
        "rejected": report.rejected,
        "problems": [problem._asdict() for problem in report.problems],
        "request_id": request_id,
    }


def _answer(model: BaseModel) -> Response:
    body = model.model_dump(mode="json")
    return response(200, body, body["request_id"])
