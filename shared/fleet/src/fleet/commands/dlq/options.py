"""What the verbs of `fleet dlq` share."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from fleet.commands.options import Workplace
from fleet.dead_letters.queues import Queues

QueueName = Annotated[
    str,
    typer.Argument(
        metavar="QUEUE",
        help="A dead letter queue, as `fleet dlq list` names it, with its prefix or without.",
    ),
]
Ids = Annotated[
    list[str] | None, typer.Option("--id", help="Only this message; may be given again.")
]

_SPANS = (("d", 86400), ("h", 3600), ("min", 60))


def queues_of(place: Workplace) -> Queues:
    """The queues of an environment."""
    return Queues(place.environment, place.runner)


def span(seconds: float) -> str:
    """A time in its greatest unit: `3 d`, `20 min`, `12 s`."""
    for unit, size in _SPANS:
        if seconds >= 2 * size:
            return f"{seconds // size:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"


def ago(moment: float) -> str:
    """How long ago a moment was, in seconds since the epoch."""
    return f"{span(time.time() - moment)} ago"
