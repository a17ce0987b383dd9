"""Where a device stands, by its log alone: a function of the set of its events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from software_event_update_handler.events import Status, UpdateEvent

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_NEXT: Final = {
    Status.REQUESTED: {Status.DOWNLOADING, Status.FAILED},
    Status.DOWNLOADING: {Status.INSTALLING, Status.FAILED},
    Status.INSTALLING: {Status.INSTALLED, Status.FAILED},
    Status.INSTALLED: set[Status](),
    Status.FAILED: {Status.ROLLED_BACK},
    Status.ROLLED_BACK: set[Status](),
}


class Progress(NamedTuple):
    """An update: the events that count, in their order. Never empty."""

    counted: tuple[UpdateEvent, ...]

    @property
    def last(self) -> UpdateEvent:
        """Where the device stands."""
        return self.counted[-1]

    def counts(self, event: UpdateEvent) -> bool:
        """Whether an event is one of those that count."""
        return any(event.order == each.order for each in self.counted)


def latest(newest_first: Iterable[UpdateEvent]) -> list[UpdateEvent]:
    """The events of the last update, oldest first: from the last `requested` on.

    Reads no more than it needs. Without a `requested`, all there are.
    """
    found: list[UpdateEvent] = []
    for event in newest_first:
        found.append(event)
        if event.status is Status.REQUESTED:
            break
    return found[::-1]


def progress(events: Iterable[UpdateEvent]) -> Progress | None:
    """What the events of one update come to.

    Args:
        events: From its `requested` on, oldest first; see `latest`.

    Returns:
        None when nothing was requested yet.
    """
    counted = tuple(_counted(events))
    return Progress(counted) if counted else None


def _counted(events: Iterable[UpdateEvent]) -> Iterator[UpdateEvent]:
    before: UpdateEvent | None = None
    for event in events:
        if _follows(before, event):
            yield event
            before = event


def _follows(before: UpdateEvent | None, event: UpdateEvent) -> bool:
    if event.status is Status.REQUESTED:
        return True
    if before is None:
        return False
    return event.version == before.version and event.status in _NEXT[before.status]
