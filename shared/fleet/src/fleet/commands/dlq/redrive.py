"""fleet dlq redrive: send messages back to where they came from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from function_kit.redaction import redact_text
from rich.markup import escape

from fleet.commands.conduct import stoppable
from fleet.commands.dlq.options import Ids, QueueName, queues_of
from fleet.commands.options import Env, Json, Workplace
from fleet.console import console, emit, note
from fleet.dead_letters.letters import missing
from fleet.dead_letters.redrive import Outcome, Redrive, Wanted
from fleet.errors import ExitCode, FleetError

if TYPE_CHECKING:
    from fleet.dead_letters.queues import Queues

Rate = Annotated[float, typer.Option(min=0.1, max=1000, help="Messages a second.")]
Most = Annotated[int | None, typer.Option("--max", min=1, help="How many at most.")]
To = Annotated[
    str | None,
    typer.Option("--to", help="A queue to send to, in place of where the messages came from."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would go where.")]


def redrive(
    queue: QueueName,
    env: Env = "local",
    rate: Rate = 10,
    most: Most = None,
    only: Ids = None,
    to: To = None,
    *,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Send messages back: to the queue they came from, or to the function that failed on them.

    A message is deleted here after it was sent there, so none is lost; where the deletion fails,
    or the command is killed between the two, it is there twice. What comes to the dead letter
    queue after the beginning stays.
    """
    place = Workplace.of(env)
    queues = queues_of(place)
    found = queues.one(queue)
    target = _target(queues, to) if to else None
    wanted = Wanted(rate, most, tuple(only or ()), target, dry_run)
    functions = place.environment.client("lambda")
    with stoppable(place.runner):
        outcome = Redrive(queues, functions, place.runner, wanted).run(found)
    missing(only or [], outcome.found, found)
    _say(outcome, found.name, dry_run=dry_run)
    if as_json:
        emit(_result(outcome, found.name, dry_run=dry_run))
    if outcome.exit_code is not ExitCode.DONE:
        raise typer.Exit(outcome.exit_code)


def _target(queues: Queues, name: str) -> str:
    """The ARN of a queue by its name."""
    for candidate in (name, f"{queues.prefix}{name}"):
        try:
            url = queues.client.get_queue_url(QueueName=candidate)["QueueUrl"]
        except queues.client.exceptions.QueueDoesNotExist:
            continue
        asked = queues.client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return str(asked["Attributes"]["QueueArn"])
    raise FleetError(f"there is no queue {name}", "see --to", ExitCode.USAGE)


def _say(outcome: Outcome, queue: str, *, dry_run: bool) -> None:
    done = "would go" if dry_run else "sent"
    for where, count in sorted(outcome.sent.items()):
        console.print(f"[green]✓[/green] {count} {done} to {escape(where)}")
    if not outcome.sent.total():
        note(f"nothing of {queue} {done}")
    for message, why in outcome.kept.items():
        console.print(f"[yellow]stays[/yellow] {message}: {escape(redact_text(why))}")
    for message in outcome.twice:
        console.print(f"[yellow]sent, and still in {queue}[/yellow]: {message}; it may come twice")
    if outcome.stopped:
        note("stopped; the rest is where it was")


def _result(outcome: Outcome, queue: str, *, dry_run: bool) -> dict[str, Any]:
    return {
        "queue": queue,
        "dry_run": dry_run,
        "sent": dict(outcome.sent),
        "kept": {message: redact_text(why) for message, why in outcome.kept.items()},
        "sent_and_not_deleted": outcome.twice,
        "stopped": outcome.stopped,
    }
