"""The table of treatments: one inserted at a time, or many by COPY; each is there once.

COPY knows no ON CONFLICT. It is tried first as if all rows were new, which they mostly are. When
one turns out not to be, the rows that are there already are looked up and left out, and from then
on that is done first. Nothing is staged: rows that are there are never sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import psycopg

from insert_ppu_data import rows
from insert_ppu_data.treatment import Treatment, record_id, timestamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

# Each round but the last was spoilt by somebody who committed one of our rows meanwhile.
_ROUNDS: Final = 10
_COPY: Final = """
    COPY ppu_treatments (id, patient_id, treatment_data, "timestamp", environment)
    FROM STDIN (FORMAT binary)
"""
_INSERT: Final = """
    INSERT INTO ppu_treatments (id, patient_id, treatment_data, "timestamp", environment)
    VALUES (%s, %s, %s::jsonb, %s, %s)
    ON CONFLICT (id) DO NOTHING
    RETURNING "timestamp"
"""
_FIND: Final = """
    SELECT "timestamp", treatment_data = %s::jsonb FROM ppu_treatments WHERE id = %s
"""
_KNOWN: Final = """
    SELECT place::int FROM unnest(%s::uuid[]) WITH ORDINALITY AS sent (id, place)
    JOIN ppu_treatments USING (id)
"""
_DIFFERENT: Final = """
    SELECT number FROM unnest(%s::uuid[], %s::jsonb[], %s::int[]) AS sent (id, data, number)
    JOIN ppu_treatments USING (id) WHERE treatment_data <> data
"""

type Numbered = tuple[int, Treatment]


class KeyReused(Exception):  # noqa: N818 - an answer, not a malfunction
    """The idempotency key is of another treatment of the patient."""


class Stored(NamedTuple):
    """One treatment in the table.

    Attributes:
        moment: Its timestamp there: of the first time that it was sent.
        new: Whether it was not there before.
    """

    moment: datetime
    new: bool


class Written(NamedTuple):
    """What became of many.

    Attributes:
        inserted: How many are new.
        reused: Numbers of those whose idempotency key is of another treatment.
    """

    inserted: int
    reused: list[int]


def insert(connection: psycopg.Connection, treatment: Treatment, environment: str) -> Stored:
    """Store one treatment.

    Args:
        connection: In autocommit mode.
        treatment: The treatment.
        environment: For the column of that name.

    Raises:
        KeyReused: See there.
    """
    identity, data = record_id(treatment), treatment.data.decode()
    values = (identity, treatment.patient_id, data, timestamp(treatment), environment)
    row = connection.execute(_INSERT, values, prepare=True).fetchone()
    if row:
        return Stored(row[0], new=True)
    row = connection.execute(_FIND, (data, identity)).fetchone()
    if row is None or (treatment.keyed and not row[1]):
        raise KeyReused
    return Stored(row[0], new=False)


class Writer:
    """Writes many, in one or several transactions of its caller."""

    def __init__(self, environment: str) -> None:
        """Write rows with this value in the column `environment`."""
        self._environment = environment.encode()
        self._look_first = False

    def write(self, connection: psycopg.Connection, pieces: Iterable[list[Numbered]]) -> Written:
        """Write rows in the caller's transaction.

        Args:
            connection: In a transaction.
            pieces: The rows, which are kept until all are written; they may be made while
                earlier ones are on their way.
        """
        kept = _Kept()
        unique = kept.unique(pieces)
        if not self._look_first:
            try:
                self._copy(connection, unique)
            except psycopg.errors.UniqueViolation:
                self._look_first = True
            else:
                return Written(len(kept.rows), kept.reused)
        for _ in unique:
            pass  # those that COPY did not come to
        return self._write_unknown(connection, kept)

    def _write_unknown(self, connection: psycopg.Connection, kept: _Kept) -> Written:
        for _ in range(_ROUNDS):
            known = _known(connection, kept.rows)
            left = [row for place, row in enumerate(kept.rows, 1) if place not in known]
            try:
                self._copy(connection, [left] if left else [])
            except psycopg.errors.UniqueViolation:
                continue
            return Written(len(left), kept.reused + _different(connection, kept.rows))
        raise psycopg.errors.SerializationFailure("others write the same rows without end")

    def _copy(self, connection: psycopg.Connection, pieces: Iterable[list[Numbered]]) -> None:
        with (
            connection.transaction(),  # a savepoint: a failed COPY must leave the rest alone
            connection.cursor() as cursor,
            cursor.copy(_COPY) as copy,
        ):
            copy.write(rows.HEADER)
            for piece in pieces:
                copy.write(rows.encoded((row for _, row in piece), self._environment))
            copy.write(rows.TRAILER)


class _Kept:
    """Rows that may have to be sent again, each once.

    Attributes:
        rows: The rows.
        reused: Numbers of those with the key of an earlier one that says something else.
    """

    def __init__(self) -> None:
        self.rows: list[Numbered] = []
        self.reused: list[int] = []
        self._data: dict[bytes, bytes] = {}

    def unique(self, pieces: Iterable[list[Numbered]]) -> Iterator[list[Numbered]]:
        """The same pieces without rows that came before."""
        for piece in pieces:
            fresh = [row for row in piece if self._is_new(row)]
            self.rows += fresh
            yield fresh

    def _is_new(self, row: Numbered) -> bool:
        number, treatment = row
        earlier = self._data.setdefault(treatment.id, treatment.data)
        if earlier is treatment.data:
            return True
        if treatment.keyed and earlier != treatment.data:
            self.reused.append(number)
        return False


def _known(connection: psycopg.Connection, sent: list[Numbered]) -> set[int]:
    """Places, counted from 1, of those that are in the table."""
    ids = _array(row for _, row in sent)
    return {place for (place,) in connection.execute(_KNOWN, (ids,), binary=True)}


def _different(connection: psycopg.Connection, sent: list[Numbered]) -> list[int]:
    """Numbers of those with a key under which the table has something else."""
    keyed = [(number, row) for number, row in sent if row.keyed]
    if not keyed:
        return []
    ids = _array(row for _, row in keyed)
    data = [row.data.decode() for _, row in keyed]
    found = connection.execute(_DIFFERENT, (ids, data, [number for number, _ in keyed]))
    return [number for (number,) in found]


def _array(treatments: Iterable[Treatment]) -> str:
    # Text, because PostgreSQL reads it quicker than psycopg makes 20,000 objects.
    return "{" + ",".join([treatment.id.hex() for treatment in treatments]) + "}"
