"""What the function is asked, what it tells itself by its queue, and what it answers."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

MAX_DAYS = 4000
"""Days of one range at most: eleven years."""

type Day = date  # for a class that has a field of that name
type GameId = Annotated[str, StringConstraints(pattern=r"^\d{10}$")]
type QuarantineKey = Annotated[
    str, StringConstraints(pattern=r"^quarantine/[A-Za-z0-9_/=-]+\.json$", max_length=300)
]
type FaultName = Literal[
    "schema_change", "data_quality", "rounding_mismatch", "transient", "unknown"
]


class Parameters(BaseModel):
    """What is asked for.

    Attributes:
        date: The day, or the first of several; by default today, UTC, less `days_back`.
        date_to: The last day.
        days_back: How many days before today the range begins; it ends yesterday. For schedules,
            which cannot reckon with days.
        dry_run: Say what would be done, and write nothing.
        force_run: Fetch what is there already, too.
        replay: Try what was refused again, in place of fetching a day.
        classes: Of what was refused; all of them by default.
    """

    model_config = ConfigDict(extra="forbid")

    date: Day | None = None
    date_to: Day | None = None
    days_back: Annotated[int, Field(ge=0, le=366)] = 0
    dry_run: bool = False
    force_run: bool = False
    replay: bool = False
    classes: tuple[FaultName, ...] = ()

    @model_validator(mode="after")
    def _check_days(self) -> Self:
        if self.date_to is not None:
            if self.date is None:
                raise ValueError("date_to needs date")
            if not 0 <= (self.date_to - self.date).days < MAX_DAYS:
                raise ValueError(f"date_to must be 0 to {MAX_DAYS - 1} days after date")
        if self.days_back and self.date is not None:
            raise ValueError("days_back and date exclude each other")
        return self

    def days(self, today: Day) -> tuple[Day, Day]:
        """The first and the last day."""
        if self.date is not None:
            return self.date, self.date_to or self.date
        if self.days_back:
            return today - timedelta(days=self.days_back), today - timedelta(days=1)
        return today, today


class Event(BaseModel):
    """A run that somebody asks for. Who and why is for the log."""

    model_config = ConfigDict(extra="ignore")

    source: str = "unknown"
    trigger_type: str = "unknown"
    parameters: Parameters = Parameters()
    metadata: dict[str, Any] = {}


class Run(BaseModel):
    """A run that goes on: where it stands. It travels by the queue.

    Attributes:
        run_id: The request that began it.
        day: The day that is worked on.
        last: The last day.
        force: Whether to fetch what is there already.
        attempt: How often this day was begun.
        missing: Games still to be fetched; None before that is known.
        tries: How often the source was asked in vain, by game or `schedule`.
        failed: Games given up for now.
        landed: How many games of the day this run has fetched.
    """

    model_config = ConfigDict(extra="forbid")

    kind: Literal["run"] = "run"
    run_id: str
    day: date
    last: date
    force: bool = False
    attempt: int = 1
    missing: list[GameId] | None = None
    tries: dict[str, int] = {}
    failed: list[GameId] = []
    landed: int = 0

    def next_day(self) -> Run | None:
        """The run of the day after, None when this was the last one."""
        if self.day >= self.last:
            return None
        after = self.day + timedelta(days=1)
        return Run(run_id=self.run_id, day=after, last=self.last, force=self.force)

    def again(self) -> Run:
        """The same day from its beginning."""
        return Run(run_id=self.run_id, day=self.day, last=self.last, force=self.force,
                   attempt=self.attempt + 1)  # fmt: skip


class Replay(BaseModel):
    """A record of the quarantine that is to be tried again. It travels by the queue.

    Attributes:
        run_id: The request that began it.
        key: The record's key.
        tries: How often the source was asked in vain.
    """

    model_config = ConfigDict(extra="forbid")

    kind: Literal["replay"] = "replay"
    run_id: str
    key: QuarantineKey
    tries: int = 0


class Message(BaseModel):
    """What is in the queue."""

    work: Annotated[Run | Replay, Field(discriminator="kind")]


def now() -> datetime:
    """The time, UTC."""
    return datetime.now(UTC)


def timestamp(moment: datetime) -> str:
    """ISO 8601 with seconds, UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
