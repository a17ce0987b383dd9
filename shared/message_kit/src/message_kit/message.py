"""The message that all messaging functions pass on, as it is stored and as an API shows it."""

from __future__ import annotations

import json
import secrets
from datetime import UTC, datetime, timedelta
from decimal import Context
from enum import StrEnum
from typing import Annotated, Any, Final, Literal, NamedTuple, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

VERSION: Final = "1.0"
KEPT: Final = timedelta(days=90)
MAX_BYTES: Final = 200_000
"""Of payload, arguments and auth_config together as JSON: SNS and SQS carry 256 KB at most."""
MAX_DEPTH: Final = 16
"""Levels of a payload: DynamoDB stores 32 of nesting in all."""
_LONGEST_NAME: Final = 65_535  # bytes of an attribute's name in DynamoDB, at any depth
_DIGITS: Final = 38  # of a number in DynamoDB, which ends at 9.99e125 and at 1e-130
_EXACT: Final = Context(prec=5000)  # Python reads no longer number
_LARGEST: Final = 125
_SMALLEST: Final = -130
_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's: nothing to misread

type Stage = Literal["dev", "staging", "prod"]


class Status(StrEnum):
    """How far a message has come.

    `created` is stored and not known to be published, `queued` is published, `processing` is
    claimed by somebody for a while, and the other two are the ends.
    """

    CREATED = "created"
    QUEUED = "queued"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"


class MessageType(StrEnum):
    """What a message asks for."""

    HELLO_WORLD = "hello_world"
    NOTIFY = "notify"
    AGENT_RESPONSE = "agent_response"
    SCHEDULED = "scheduled"
    WEB_ACTION = "web_action"
    SCHEDULE_CREATION = "schedule_creation"


def _storable(value: dict[str, Any] | None) -> dict[str, Any] | None:
    """What DynamoDB can keep, exactly."""
    if value is not None:
        _check(value, 1)
    return value


def _check(value: object, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise ValueError(f"it is nested more than {MAX_DEPTH} levels deep")
    if isinstance(value, dict):
        for name, item in value.items():
            _check_name(name)
            _check(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            _check(item, depth + 1)
    elif isinstance(value, str):
        _check_text(value)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        _check_number(value)


def _check_name(name: str) -> None:
    _check_text(name)
    if not 0 < len(name.encode()) <= _LONGEST_NAME:
        raise ValueError(f"it holds a name that is empty or longer than {_LONGEST_NAME} bytes")


def _check_text(value: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError("it holds half a surrogate pair, which is no character") from None


def _check_number(value: float) -> None:
    exact = _EXACT.normalize(_EXACT.create_decimal(repr(value)))
    size = exact.adjusted() if exact.is_finite() else _LARGEST + 1
    long = len(exact.as_tuple().digits) > _DIGITS
    if long or (exact and not _SMALLEST <= size <= _LARGEST):
        raise ValueError("it holds a number that DynamoDB cannot keep exactly")


type Document = Annotated[dict[str, Any], AfterValidator(_storable)]
type HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$")]
type HeaderValue = Annotated[str, Field(pattern=r"^[\x20-\x7e]{0,1024}$")]


class Key(NamedTuple):
    """What a message is found by in its table."""

    id: str
    created_date: str


class AuthConfig(BaseModel):
    """How a web action signs in. It names a secret and never holds one.

    Attributes:
        type: none, oauth_password (a token by user name and password), api_key or bearer.
        secret_name: The secret's name in Secrets Manager.
        token_url: Where oauth_password gets its token.
        scope: What oauth_password asks for.
        headers: More headers of the request; for api_key, `{name: ""}` names the header.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: Literal["none", "oauth_password", "api_key", "bearer"] = "none"
    secret_name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_/+=.@-]{1,256}$")] | None = None
    token_url: Annotated[str, Field(max_length=2048)] | None = None
    scope: Annotated[str, Field(max_length=1024)] | None = None
    headers: dict[HeaderName, HeaderValue] | None = None


class Moment(BaseModel):
    """One step of a message's way.

    Attributes:
        status: What it became.
        at: When, UTC with milliseconds.
        note: Why, for people; empty when it goes without saying.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    status: Status
    at: str
    note: str = ""


class Message(BaseModel):
    """A message as it is stored. `document()` is what an API shows.

    Attributes:
        version: Of this form.
        id: `msg_<yyyymmddHHMMSS>_<random>`.
        created_date: UTC with milliseconds; sorts as text.
        created_by: Who or what made it.
        stage: The deployment it belongs to.
        message_type: What it asks for.
        status: How far it has come.
        payload: What it is about; for a notification `message`, `title`, `priority`, `tags`,
            `click`.
        arguments: Of a web action.
        auth_config: Of a web action.
        updated_date: When its status changed last.
        error_message: Why the last try failed.
        retry_count: How often it was tried again.
        ttl: Epoch seconds after which DynamoDB drops it.
        timeline: Its way, oldest first.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    version: str = VERSION
    id: Annotated[str, Field(pattern=r"^msg_\d{14}_[0-9a-z]{8,32}$")]
    created_date: str
    created_by: Annotated[str, Field(min_length=1, max_length=256)]
    stage: Stage
    message_type: MessageType
    status: Status = Status.CREATED
    payload: dict[str, Any] = Field(default_factory=dict)
    arguments: dict[str, Any] | None = None
    auth_config: AuthConfig | None = None
    updated_date: str
    error_message: str | None = None
    retry_count: int = 0
    ttl: int
    timeline: tuple[Moment, ...] = ()

    @property
    def key(self) -> Key:
        """What it is found by."""
        return Key(self.id, self.created_date)

    @property
    def created(self) -> datetime:
        """When it was made, in UTC."""
        return datetime.fromisoformat(self.created_date)

    @property
    def asked(self) -> datetime:
        """When somebody asked for it last, in UTC: made it, or sent it again."""
        requests = [moment.at for moment in self.timeline if moment.status is Status.CREATED]
        return datetime.fromisoformat(requests[-1] if requests else self.created_date)

    def document(self) -> dict[str, Any]:
        """The message in JSON's types, without what it does not have and without its timeline."""
        return self.model_dump(mode="json", exclude_none=True, exclude={"timeline"})


class Draft(BaseModel):
    """What somebody who sends a message may say; all else is the server's to set.

    Attributes:
        message_type: What it asks for.
        payload: See `Message`.
        arguments: Of a web action.
        auth_config: Of a web action.
        created_by: Who sends it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    message_type: MessageType
    payload: Document = Field(default_factory=dict)
    arguments: Document | None = None
    auth_config: AuthConfig | None = None
    created_by: Annotated[str, Field(min_length=1, max_length=256)] = "api"

    @property
    def size(self) -> int:
        """Bytes of its parts as JSON; `message` refuses more than `MAX_BYTES`."""
        return len(self.model_dump_json(exclude_none=True).encode())

    def message(self, stage: Stage, now: datetime, unique: str | None = None) -> Message:
        """The message, new.

        Args:
            stage: The deployment it belongs to.
            now: When it is made; of a scheduled one, when it was due.
            unique: The end of its id: 8 to 32 of `0-9a-z`, random unless given.

        Raises:
            ValueError: It is too big to be published.
        """
        if self.size > MAX_BYTES:
            raise ValueError(f"a message has at most {MAX_BYTES} bytes")
        at = timestamp(now)
        return Message(
            id=new_id(now, unique),
            created_date=at,
            updated_date=at,
            stage=stage,
            ttl=int((now + KEPT).timestamp()),
            timeline=(Moment(status=Status.CREATED, at=at),),
            **{name: getattr(self, name) for name in type(self).model_fields},
        )

    @classmethod
    def notice(cls, message: str, *, title: str = "", created_by: str, **more: Any) -> Self:
        """A notification for people."""
        payload = {"message": message} | ({"title": title} if title else {}) | more
        return cls(message_type=MessageType.NOTIFY, payload=payload, created_by=created_by)


def timestamp(moment: datetime) -> str:
    """A moment as messages have it: `2026-01-02T12:00:00.000Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def new_id(now: datetime, unique: str | None = None) -> str:
    """An id that nobody else has: 80 random bits beside the second."""
    unique = unique or "".join(secrets.choice(_ALPHABET) for _ in range(16))
    return f"msg_{now.astimezone(UTC):%Y%m%d%H%M%S}_{unique}"


def key_of(body: str) -> Key:
    """The key of the message that a queue's record is about.

    Raises:
        ValueError: It names none; the error holds nothing of the body.
    """
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise ValueError("the body is not a message: it is no JSON object")  # noqa: TRY004
    found = Key(document.get("id", ""), document.get("created_date", ""))
    missing = [name for name, value in found._asdict().items() if not _is_text(value)]
    if missing:
        raise ValueError(f"the body is not a message: it has no {' and no '.join(missing)}")
    return found


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)
