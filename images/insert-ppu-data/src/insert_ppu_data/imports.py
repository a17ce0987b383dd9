"""Objects of NDJSON, written while they are read.

All or none is one transaction, and must fit into one invocation. Otherwise what was read is
committed every few megabytes, and what does not fit is left for another invocation: it goes on
where the answer says.
"""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import chain, islice
from typing import TYPE_CHECKING, Final, NamedTuple

from function_kit.http_api import HttpError, invalid

from insert_ppu_data.batch import conflict
from insert_ppu_data.ndjson import Place, Reader
from insert_ppu_data.report import MAX_PROBLEMS, Report, key_reused
from insert_ppu_data.store import Writer
from insert_ppu_data.treatment import moment_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from function_kit.deadline import Deadline
    from function_kit.postgres import Postgres

    from insert_ppu_data.models import ImportRequest, ObjectPlace
    from insert_ppu_data.objects import Objects
    from insert_ppu_data.store import Numbered

# Pieces of a quarter of a megabyte: what is kept in memory, and lost when it cannot be committed.
_PIECES: Final = 24
# Seconds that are left when no more is read: for what was read to be written and committed.
_TO_COMMIT: Final = 1.0
_TO_ANSWER: Final = 0.3
_TOO_LARGE: Final = (
    "The object does not fit into one call, and nothing was stored. Split it, or send it with "
    '"on_error": "skip_invalid", which stores as it goes and says where to go on.'
)


class _Rejected(Exception):  # noqa: N818 - an answer, not a malfunction
    """Some treatments are bad, and the caller wants all or none."""


class _OutOfTime(Exception):  # noqa: N818 - the same
    """It does not fit into this invocation."""


class Imported(NamedTuple):
    """What became of an object.

    Attributes:
        report: Of its lines.
        next: What is left of it.
    """

    report: Report
    next: ObjectPlace | None


def store_object(
    request: ImportRequest,
    objects: Objects,
    postgres: Postgres,
    environment: str,
    deadline: Deadline,
    *,
    again: bool,
) -> Imported:
    """Store the treatments in an object; `again` says that it is the second attempt.

    Raises:
        HttpError: What `objects` says of the object. Or, where the caller wants all or none:
            400 or 409, some treatments are bad; 413, they are too many.
        DatabaseUnavailable: The database is away. Parts may be stored, unless the caller wants
            all or none; sent again, they are known.
    """
    report = Report()
    work = _Work(report, postgres, Writer(environment, alone=again), deadline)
    with objects.open(request.object) as opened:
        now = moment_of(datetime.now(UTC))
        source = Reader(opened.blocks, report, now, opened.place)
        try:
            if request.on_error == "reject_all":
                work.store_all(source)
                return Imported(report, None)
            place = work.store_what_is_good(source)
        except _Rejected:
            raise _refusal(report) from None
        except _OutOfTime:
            raise HttpError(413, "too_large", _TOO_LARGE) from None
    if place is None:
        return Imported(report, None)
    byte = 0 if opened.packed else place.byte
    here = {"etag": opened.etag or None, "line": place.line, "byte": byte}
    return Imported(report, request.object.model_copy(update=here))


class _Work:
    """Brings treatments from a reader into the table."""

    def __init__(
        self, report: Report, postgres: Postgres, writer: Writer, deadline: Deadline
    ) -> None:
        self._report = report
        self._postgres = postgres
        self._deadline = deadline
        self._writer = writer

    def store_all(self, source: Reader) -> None:
        """All in one transaction."""
        pieces = source.pieces()
        try:
            with self._postgres.transaction(self._deadline) as connection:
                for chunk in _chunks(self._all_good(pieces)):
                    self._note(*self._writer.write(connection, chunk))
                self._require_all_good()
        except _Rejected:
            self._look_for_more(pieces)
            raise

    def store_what_is_good(self, source: Reader) -> Place | None:
        """Chunk by chunk; where to go on, or None at the end."""
        pieces = _InTime(source.pieces(), self._deadline)
        for chunk in _chunks(pieces):
            with self._postgres.transaction(self._deadline) as connection:
                written = self._writer.write(connection, chunk)
            self._note(*written)
        if not pieces.late:
            return None
        if not self._report.received:
            raise _OutOfTime
        return Place(source.line, source.byte)

    def _note(self, inserted: int, reused: list[int]) -> None:
        self._report.inserted += inserted
        for line in reused:
            self._report.reject(key_reused(line))

    def _all_good(self, pieces: Iterator[list[Numbered]]) -> Iterator[list[Numbered]]:
        for piece in pieces:
            self._require_all_good()
            if self._deadline.remaining() < _TO_ANSWER:
                raise _OutOfTime
            yield piece

    def _require_all_good(self) -> None:
        if self._report.problems:
            raise _Rejected

    def _look_for_more(self, pieces: Iterator[list[Numbered]]) -> None:
        """Find more bad lines, so that a caller need not find them one by one."""
        while len(self._report.problems) < MAX_PROBLEMS:
            if self._deadline.remaining() < _TO_ANSWER or next(pieces, None) is None:
                return


class _InTime:
    """Pieces, as long as there is time to store them.

    Attributes:
        late: Whether there was none for the rest.
    """

    def __init__(self, pieces: Iterator[list[Numbered]], deadline: Deadline) -> None:
        self.late = False
        self._pieces = pieces
        self._deadline = deadline

    def __iter__(self) -> Iterator[list[Numbered]]:
        while self._deadline.remaining() > _TO_COMMIT:
            piece = next(self._pieces, None)
            if piece is None:
                return
            if piece:  # not one that was read over
                yield piece
        self.late = True


def _chunks(pieces: Iterable[list[Numbered]]) -> Iterator[Iterator[list[Numbered]]]:
    """What is written at a time. Each is to be read to its end before the next."""
    left = iter(pieces)
    for first in left:
        yield chain([first], islice(left, _PIECES - 1))


def _refusal(report: Report) -> HttpError:
    fields = [problem.named("lines") for problem in sorted(report.problems)]
    if all(problem == key_reused(problem.record) for problem in report.problems):
        return conflict(fields)
    return invalid(fields)
