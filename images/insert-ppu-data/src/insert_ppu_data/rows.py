"""Treatments in the binary format of PostgreSQL's COPY.

It is written here, and not by psycopg's `write_row`, because this is where a bulk insert spends
its time: psycopg makes a Python object of every column first.
Format: https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-FILE-FORMATS
"""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from insert_ppu_data.treatment import Treatment

HEADER: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER: Final = b"\xff\xff"
_JSONB_VERSION: Final = 1

# The number of columns; then for each its length in bytes and itself.
_ID_AND_PATIENT: Final = Struct("!hi16si")
_DATA: Final = Struct("!ib")
_MOMENT_AND_ENVIRONMENT: Final = Struct("!iqi")


def encoded(treatments: Iterable[Treatment], environment: bytes) -> bytes:
    """Rows of the columns id, patient_id, treatment_data, timestamp, environment."""
    return b"".join([_row(treatment, environment) for treatment in treatments])


def _row(treatment: Treatment, environment: bytes) -> bytes:
    identity, patient_id, data, moment, _ = treatment
    patient = patient_id.encode()
    return b"".join(
        (
            _ID_AND_PATIENT.pack(5, 16, identity, len(patient)),
            patient,
            _DATA.pack(1 + len(data), _JSONB_VERSION),
            data,
            _MOMENT_AND_ENVIRONMENT.pack(8, moment, len(environment)),
            environment,
        )
    )
