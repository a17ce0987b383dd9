"""fleet dlq list: the dead letter queues, and how full they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.markup import escape

from fleet.commands.dlq.options import queues_of, span
from fleet.commands.options import Env, Json, Workplace
from fleet.console import emit, note, table
from fleet.dead_letters.feeders import Feeders
from fleet.dead_letters.queues import name_of

if TYPE_CHECKING:
    from fleet.dead_letters.queues import DeadLetterQueue


def list_(env: Env = "local", *, as_json: Json = False) -> None:
    """List dead letter queues: how many messages, how old the oldest is, where they come from.

    Depth is SQS's approximation. Age is CloudWatch's, a minute or two late; a local AWS measures
    none. No message is touched.
    """
    place = Workplace.of(env)
    queues = queues_of(place)
    found = queues.all()
    ages = queues.ages([queue for queue in found if queue.depth])
    feeders, notes = Feeders(place.project, place.environment, place.runner).by_queue()
    rows = [_row(queue, queues.prefix, ages, feeders) for queue in found]
    table(
        f"dead letter queues in {env}",
        ("queue", "waiting", "hidden", "oldest", "from"),
        map(_shown, rows),
    )
    for line in notes:
        note(line)
    if as_json:
        emit(rows)


def _row(
    queue: DeadLetterQueue, prefix: str, ages: dict[str, float], feeders: dict[str, list[str]]
) -> dict[str, Any]:
    own = [f"{name_of(arn).removeprefix(prefix)} (queue)" for arn in queue.source_arns]
    return {
        "queue": queue.name,
        "short_name": queue.name.removeprefix(prefix),
        "waiting": queue.waiting,
        "hidden": queue.hidden,
        "oldest_seconds": ages.get(queue.name),
        "sources": own + feeders.get(queue.arn, []),
    }


def _shown(row: dict[str, Any]) -> tuple[str, ...]:
    full = row["waiting"] + row["hidden"] > 0
    waiting = f"[yellow]{row['waiting']}[/yellow]" if full else "0"
    age = row["oldest_seconds"]
    return (
        row["short_name"],
        waiting,
        str(row["hidden"]),
        "-" if age is None else span(age),
        escape(", ".join(row["sources"])) or "-",
    )
