"""Treatments out of NDJSON: one JSON object a line, read in pieces and never held whole."""

from __future__ import annotations

import zlib
from itertools import chain
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple

import msgspec
from function_kit.http_api import problems
from pydantic import ValidationError

from insert_ppu_data.models import TreatmentRequest
from insert_ppu_data.report import Problem
from insert_ppu_data.treatment import MAX_KEY, MAX_PATIENT_ID, Refused, treatment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from insert_ppu_data.report import Report
    from insert_ppu_data.store import Numbered
    from insert_ppu_data.treatment import Treatment

MAX_LINE: Final = 256 * 1024  # bytes; more than a treatment may have, for blanks and escapes
_PIECE: Final = 256 * 1024  # bytes that are unpacked at a time
_GZIP: Final = b"\x1f"  # its first byte, and no JSON's
_WITH_GZIP_HEADER: Final = 31
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


class NotGzip(ValueError):  # noqa: N818 - an answer, not a malfunction
    """What begins like gzip is damaged or cut off."""


class _Line(msgspec.Struct, gc=False):
    """`TreatmentRequest` again, for speed. What it refuses is explained by that one."""

    patient_id: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_PATIENT_ID)]
    treatment_data: dict[str, Any]
    idempotency_key: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_KEY)] | None = None


_decode = msgspec.json.Decoder(_Line).decode


class Place(NamedTuple):
    """Where in an object to begin.

    Attributes:
        line: After this line; 0 is the beginning.
        byte: The byte where the next line begins, if that is known and can be gone to.
    """

    line: int
    byte: int


START: Final = Place(0, 0)


class Reader:
    """The treatments in a stream of bytes.

    Attributes:
        line: The last line of the piece that was read last, counted from 1.
        byte: The byte after it.
    """

    def __init__(
        self, blocks: Iterable[bytes], report: Report, now: int, place: Place = START
    ) -> None:
        """Read what is left of an object.

        Args:
            blocks: Its bytes, from `place.byte` on.
            report: Told of lines that are no treatments.
            now: The moment of treatments that name none.
            place: Where the treatments to read begin.
        """
        # Without a byte to begin at, the lines before are read over.
        self.line = place.line if place.byte else 0
        self.byte = place.byte
        self._after = place.line
        self._blocks = blocks
        self._report = report
        self._now = now

    def pieces(self) -> Iterator[list[Numbered]]:
        """The treatments with their lines' numbers, some at a time.

        Raises:
            NotGzip: The blocks are not what they seem.
        """
        tail, read, pending = b"", self.byte, 0
        for block in self._blocks:
            lines = (tail + block).split(b"\n")
            read += len(block)
            pending = len(lines[-1]) if len(lines) > 1 else pending + len(block)
            # A line without end is cut, and still too long to be taken for one.
            tail = lines.pop()[: MAX_LINE + 1]
            if lines:
                yield self._read(lines, read - pending)
        if tail:
            yield self._read([tail], read)

    def _read(self, lines: list[bytes], byte: int) -> list[Numbered]:
        if self.line == 0:
            lines[0] = lines[0].removeprefix(_BYTE_ORDER_MARK)
        known = max(0, self._after - self.line)
        found: list[Numbered] = []
        for number, line in enumerate(lines[known:], self.line + known + 1):
            try:
                found.append((number, parse(line, self._now)))
            except Refused as error:
                if line.strip():
                    self._report.received += 1
                    self._report.reject(Problem(number, error.field, error.reason))
        self._report.received += len(found)
        self.line += len(lines)
        self.byte = byte
        return found


def parse(line: bytes, now: int) -> Treatment:
    """The treatment in a line.

    Raises:
        Refused: There is none.
    """
    try:
        record = _decode(line)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise _explained(line) from None
    if len(line) > MAX_LINE:
        raise _too_long()
    return treatment(record.patient_id, record.treatment_data, record.idempotency_key, now)


def unpacked(blocks: Iterator[bytes]) -> tuple[Iterator[bytes], bool]:
    """The blocks of an object, unpacked if they are gzip; and whether they are.

    Reading them raises `NotGzip` where they only seem to be.
    """
    first = next(blocks, b"")
    packed = first.startswith(_GZIP)
    blocks = chain([first], blocks)
    return (_gunzipped(blocks) if packed else blocks), packed


def _gunzipped(blocks: Iterator[bytes]) -> Iterator[bytes]:
    unpack = None
    for block in blocks:
        packed = block
        while packed:
            # One gzip file may follow another.
            unpack = unpack or zlib.decompressobj(_WITH_GZIP_HEADER)
            yield _unpacked(unpack, packed)
            packed = unpack.unused_data or unpack.unconsumed_tail
            if unpack.eof:
                unpack = None
    while unpack and not unpack.eof:
        rest = _unpacked(unpack, b"")
        if not rest and not unpack.eof:
            raise NotGzip("the object is cut off: its gzip stream has no end")
        yield rest


def _unpacked(unpack: zlib._Decompress, packed: bytes) -> bytes:
    try:
        # Bounded, because a small object may unpack to a huge one.
        return unpack.decompress(packed, _PIECE)
    except zlib.error:
        raise NotGzip("the object is damaged: it begins like gzip and goes on unlike it") from None


def _explained(line: bytes) -> Refused:
    """Why a line was refused, in the words that a single request would get."""
    if len(line) > MAX_LINE:
        return _too_long()
    try:
        TreatmentRequest.model_validate_json(line)
    except ValidationError as error:
        problem = problems(error)[0]
        name = "" if problem["field"] == "body" else problem["field"]
        return Refused(name, problem["reason"])
    except ValueError:
        pass
    return Refused("", "is not JSON that can be stored")


def _too_long() -> Refused:
    return Refused("", f"is longer than {MAX_LINE} bytes")
