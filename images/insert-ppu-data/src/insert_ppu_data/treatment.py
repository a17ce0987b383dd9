"""A treatment, checked, and the id by which it is stored once."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec

# PostgreSQL counts microseconds from here.
EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
MAX_PATIENT_ID: Final = 128  # characters
MAX_KEY: Final = 200
# What patient ids and keys are made of.
PLAIN: Final = r"^[^\x00-\x1f\x7f-\x9f]+$"
MAX_BYTES: Final = 64 * 1024  # of a treatment's data as JSON
_LAST_YEAR: Final = 2099
_MAX_DEPTH: Final = 100  # PostgreSQL's own limit depends on its stack
_MICROSECOND: Final = timedelta(microseconds=1)
_UNIX_MILLISECONDS: Final = 946_684_800_000  # of EPOCH
_ID_BYTES: Final = 16
_HASH_BYTES: Final = 10  # of an id that begins with a time
# RFC 9562, version 8 ("custom"), variant 10, within an id taken as one number.
_FREE_BITS: Final = ((1 << 128) - 1) ^ (0xF << 76) ^ (0x3 << 62)
_VERSION_BITS: Final = (8 << 76) | (2 << 62)
# Control characters, and halves of surrogate pairs.
_UNTEXTLIKE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
# U+0000 in JSON, and not a backslash followed by u0000. PostgreSQL stores no such character.
_NUL: Final = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")

# Sorted keys, no blanks: equal values give equal bytes.
_canonical = msgspec.json.Encoder(order="sorted").encode


class Refused(ValueError):  # noqa: N818 - an answer, not a malfunction
    """A record is not a treatment that can be stored.

    Attributes:
        field: The field, with dots between levels; empty for the record as a whole.
        reason: What is wrong, without the value.
    """

    def __init__(self, field: str, reason: str) -> None:
        """Make it; see the class."""
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class Treatment(NamedTuple):
    """What is stored.

    Attributes:
        id: Made of what the treatment says, or of its sender's idempotency key.
        patient_id: Whose it is.
        data: What the sender said of it, as canonical JSON.
        moment: When it was, in microseconds since `EPOCH`.
        keyed: Whether the id is of an idempotency key, so that equal ids may hide other data.
    """

    id: bytes
    patient_id: str
    data: bytes
    moment: int
    keyed: bool


def record_id(treatment: Treatment) -> str:
    """The id as callers see it."""
    return str(UUID(bytes=treatment.id))


def timestamp(treatment: Treatment) -> datetime:
    """When it was."""
    return EPOCH + treatment.moment * _MICROSECOND


def treatment(
    patient_id: str, data: dict[str, Any], key: str | None, now: int, place: int | None = None
) -> Treatment:
    """Check what a caller sent and find its id.

    The same treatment sent twice has the same id, whatever the order of its fields and the time
    zone of its timestamp. Whether two without a timestamp are one depends on how they came. Those
    of files are, where they say the same of a patient: a file is sent again as a whole, and
    perhaps days later. Those of requests are not: the same program may well be done again, with
    nothing in the treatment that tells the two apart. A key settles it for both.

    Args:
        patient_id: As sent; its length is checked already.
        data: As sent; a timestamp in it is ISO 8601, of UTC where it names no zone.
        key: The sender's idempotency key. Keys are each patient's own.
        now: The moment of a treatment that names none: when the request or the file was received.
        place: Its place in the request; None of what is in a file.

    Raises:
        Refused: It cannot be stored.
    """
    if _UNTEXTLIKE.search(patient_id):
        raise Refused("patient_id", "must not hold control characters")
    if key is not None and _UNTEXTLIKE.search(key):
        raise Refused("idempotency_key", "must not hold control characters")
    rest = data.copy()
    text = rest.pop("timestamp", None)
    moment = None if text is None else _moment(text)
    said = _encoded(rest)
    if key is not None:
        identity = _hashed_id(b"key", patient_id, key.encode())
    elif moment is not None:
        identity = _timed_id(patient_id, said, moment)
    elif place is None:
        identity = _hashed_id(b"said", patient_id, said)
    else:
        # No dated treatment makes these bytes: JSON ends where a zero byte and the place begin.
        identity = _timed_id(patient_id, b"%b\0%d" % (said, place), now)
    if moment is None:
        return Treatment(identity, patient_id, said, now, key is not None)
    return Treatment(identity, patient_id, _with_timestamp(said, text), moment, key is not None)


def moment_of(time: datetime) -> int:
    """Microseconds since `EPOCH`."""
    return (time - EPOCH) // _MICROSECOND


def _moment(text: object) -> int:
    if not isinstance(text, str):
        raise Refused("treatment_data.timestamp", "must be text: a time in ISO 8601")
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise Refused("treatment_data.timestamp", "is not a time in ISO 8601") from None
    if not EPOCH.year < time.year <= _LAST_YEAR:
        raise Refused(
            "treatment_data.timestamp", f"must be in the years {EPOCH.year + 1} to {_LAST_YEAR}"
        )
    return moment_of(time if time.tzinfo else time.replace(tzinfo=UTC))


def _encoded(data: dict[str, Any]) -> bytes:
    try:
        encoded = _canonical(data)
    except (ValueError, RecursionError):  # half a surrogate pair, nested without end
        raise Refused("treatment_data", "is not text that JSON can hold") from None
    if len(encoded) > MAX_BYTES:
        raise Refused("treatment_data", f"is larger than {MAX_BYTES} bytes of JSON")
    if b"\\u0000" in encoded and _NUL.search(encoded):
        raise Refused("treatment_data", "must not hold the character U+0000")
    # Counting is quick; only what has that many brackets is looked at.
    if encoded.count(b"{") + encoded.count(b"[") > _MAX_DEPTH and _depth(data) > _MAX_DEPTH:
        raise Refused("treatment_data", f"is nested deeper than {_MAX_DEPTH} levels")
    return encoded


def _with_timestamp(said: bytes, text: Any) -> bytes:
    rest = said[1:] if said == b"{}" else b"," + said[1:]
    return b'{"timestamp":' + _canonical(text) + rest


def _depth(value: dict[str, Any]) -> int:
    depth = 0
    level: list[Any] = [value]
    while level and depth <= _MAX_DEPTH:
        depth += 1
        level = [inner for outer in level for inner in _inside(outer)]
    return depth


def _inside(value: dict[str, Any] | list[Any]) -> list[Any]:
    found = value.values() if isinstance(value, dict) else value
    return [inner for inner in found if isinstance(inner, dict | list)]


def _hashed_id(kind: bytes, patient_id: str, said: bytes) -> bytes:
    # No text here holds a zero byte, so no two treatments make the same bytes.
    digest = blake2b(b"\0".join((kind, patient_id.encode(), said)), digest_size=_ID_BYTES)
    return _marked(int.from_bytes(digest.digest()))


def _timed_id(patient_id: str, said: bytes, moment: int) -> bytes:
    """An id that begins with the treatment's time, so that new rows are beside each other."""
    text = b"%d\0%b\0%b" % (moment, patient_id.encode(), said)
    digest = blake2b(text, digest_size=_HASH_BYTES).digest()
    milliseconds = moment // 1000 + _UNIX_MILLISECONDS
    return _marked(milliseconds << 80 | int.from_bytes(digest))


def _marked(number: int) -> bytes:
    return (number & _FREE_BITS | _VERSION_BITS).to_bytes(_ID_BYTES)
