"""fleet dlq show: what failed, and why."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from function_kit.redaction import redact, redact_item, redact_text
from rich.markup import escape

from fleet.commands.dlq.options import Ids, QueueName, ago, queues_of
from fleet.commands.options import Env, Json, Workplace
from fleet.console import console, emit, note
from fleet.dead_letters.letters import missing, opened
from fleet.dead_letters.origin import origin_of
from fleet.dead_letters.reasons import Reasons

if TYPE_CHECKING:
    from fleet.dead_letters.letters import Letter
    from fleet.dead_letters.origin import Origin
    from fleet.dead_letters.queues import DeadLetterQueue, Queues

Limit = Annotated[int, typer.Option(min=1, max=1000, help="How many messages.")]
Whole = Annotated[bool, typer.Option("--whole", help="Bodies in full, not their first lines.")]
_SHOWN_CHARACTERS: Final = 600


def show(
    queue: QueueName,
    env: Env = "local",
    only: Ids = None,
    limit: Limit = 10,
    *,
    whole: Whole = False,
    as_json: Json = False,
) -> None:
    """Show messages of a dead letter queue, and give them back.

    What looks like a secret is taken out. To look at a message SQS has to hand it out: it is
    hidden from others until the command ends (two minutes if it is killed), and its receive
    count goes up by one.
    """
    place = Workplace.of(env)
    queues = queues_of(place)
    found = queues.one(queue)
    letters = _look(queues, found, only or [], limit)
    missing(only or [], [letter.id for letter in letters], found)
    reasons = Reasons(place.environment)
    shown = [_described(letter, origin_of(letter, found), reasons) for letter in letters]
    for message in shown:
        _print(message, whole=whole)
    note(_summary(found, len(shown)))
    if as_json:
        emit({"queue": found.name, "messages": shown})


def _look(queues: Queues, queue: DeadLetterQueue, only: list[str], limit: int) -> list[Letter]:
    letters: list[Letter] = []
    with opened(queues.client, queue) as box:
        most = len(only) or limit
        while len(letters) < most and (some := box.take(10 if only else most - len(letters))):
            letters += [letter for letter in some if not only or letter.id in only]
    return sorted(letters, key=lambda letter: letter.sent_at)


def _described(letter: Letter, origin: Origin, reasons: Reasons) -> dict[str, Any]:
    reason = origin.reason
    if origin.as_is and origin.target:
        reason = reasons.of(letter, origin.target) or _silent(letter, origin, reasons)
    return {
        "id": letter.id,
        "sent_at": letter.sent_at,
        "received": letter.received,
        "from": origin.source,
        "reason": redact_text(reason),
        "attributes": {
            name: redact_item(name, value.get("StringValue", "(binary)"))
            for name, value in letter.attributes.items()
        },
        "body": _redacted(letter.body),
        "obstacle": redact_text(origin.obstacle),
    }


def _silent(letter: Letter, origin: Origin, reasons: Reasons) -> str:
    """What can be said without a line in a log."""
    taker = reasons.consumer(origin.target or "")
    told = f"taken from {origin.source} {letter.received} times and never deleted"
    return f"{told}; the log of {taker} does not name it" if taker else told


def _redacted(body: str) -> Any:
    try:
        return redact(json.loads(body))
    except ValueError:
        return redact_text(body)


def _print(message: dict[str, Any], *, whole: bool) -> None:
    sent = ago(message["sent_at"])
    console.print(
        f"[bold]{message['id']}[/bold]  sent {sent}, received {message['received']} times, "
        f"from {escape(message['from'])}"
    )
    console.print(f"  why   {escape(message['reason']) or '-'}")
    if message["obstacle"]:
        console.print(f"  [yellow]stays[/yellow] {escape(message['obstacle'])}")
    for name, value in message["attributes"].items():
        console.print(f"  {escape(name)}: {escape(str(value))}", style="dim")
    body = message["body"]
    text = body if isinstance(body, str) else json.dumps(body, indent=2, ensure_ascii=False)
    if not whole and len(text) > _SHOWN_CHARACTERS:
        text = f"{text[:_SHOWN_CHARACTERS]}… ({len(text)} characters: --whole)"
    console.print("  " + escape(text).replace("\n", "\n  "))


def _summary(queue: DeadLetterQueue, shown: int) -> str:
    if not shown:
        return f"{queue.name} has no message to take ({queue.hidden} hidden)"
    return (
        f"{shown} of about {queue.depth} messages; they were hidden meanwhile, are back, "
        "and count as received once more"
    )
