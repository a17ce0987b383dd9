"""fleet demo: the whole path on this machine, from source to a rollback."""

from __future__ import annotations

import json
import time
from typing import Any

from fleet.commands.bootstrap import bootstrap, build_and_push
from fleet.commands.history import history
from fleet.commands.options import Json, Workplace
from fleet.commands.release import release_images
from fleet.commands.rollback import roll_back
from fleet.commands.status import status
from fleet.commands.up import up
from fleet.console import console, emit, note, step
from fleet.demo import measure, second_commit
from fleet.errors import ExitCode, FleetError
from fleet.project import SampleEvent
from fleet.release import smoke
from fleet.release.outcome import FunctionOutcome, Report
from fleet.release.strategy import Options
from fleet.release.target import Wish
from fleet.release.told import ALIAS

# What the demo sends to each function: a sample event by name.
EVENTS = {
    "bronze-ingestion": "day",
    "db-migrate": "status",
    "generate-presigned-url": "direct",
    "insert-ppu-data": "post_treatment",
    "lambda-action": "get_health",
    "lambda-test-runner": "one_function",
    "message-scheduler": "daily",
    "message-webapi": "send_message",
    "presigned-url-s3-upload": "direct",
    "release-guard": "drill",
    "scheduled-digest": "daily",
    "software-event-update-handler": "post_software_updates",
    "sync-clock": "get_clock",
    "web-action": "http",
}
CHANGED = "generate-presigned-url"


def demo(*, as_json: Json = False) -> None:
    """Start the stack, release every function, invoke it, release a change, roll it back."""
    began = time.perf_counter()
    place = Workplace.of("local")
    up("local")
    first = place.project.commit()
    bootstrap("local", tag=first)
    console.rule("invoke what is live")
    for function in place.project.functions:
        show_answer(place, function)
    console.rule("release a second commit, and roll it back by tag")
    rollback = release_and_roll_back(place, first)
    console.rule("look")
    status("local")
    history("local")
    report = {
        "commit": first,
        "seconds": round(time.perf_counter() - began, 1),
        "functions": {fn: measure.function(place, fn, first) for fn in place.project.functions},
        "rollback": rollback,
    }
    path = place.project.reports / "demo.json"
    path.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    if as_json:
        emit(report)
    farewell(place)


def show_answer(place: Workplace, function: str) -> None:
    """Invoke a function with a real event, and hold the answer against what is expected."""
    name = EVENTS.get(function, "smoke")
    sample: SampleEvent = place.project.event(function, name)
    with step(f"{function} ← {name}.json"):
        answer = place.control(function).invoke(ALIAS, sample.event)
        reason = smoke.verdict(answer, sample)
        if reason:
            raise FleetError(
                f"{function}: {reason}", f"`fleet logs --function {function}` shows why"
            )
    console.print_json(json.dumps(answer.payload, default=str))


def release_and_roll_back(place: Workplace, first: str) -> dict[str, Any]:
    """Release a commit with one changed line, then go back by tag; say how long it took."""
    with step("make a second commit in a checkout of its own"):
        changed = second_commit.make(place.project, CHANGED)
        second = changed.commit()
    elsewhere = Workplace(changed, place.environment)
    with step(f"build and push {second[:12]}"):
        build_and_push(elsewhere, second, [CHANGED])
    released = finished(release_images(elsewhere, {CHANGED: second}, Options()))
    outcome = finished(roll_back(place, [CHANGED], Wish(tag=first)))
    milliseconds = {step.name: (step.seconds or 0) * 1000 for step in outcome.steps}
    return {
        "function": CHANGED,
        "from": {"tag": second, "version": released.version},
        "to": {"tag": first, "version": outcome.version},
        "milliseconds": round(sum(milliseconds.values()), 1),
        "steps": {name: round(value, 1) for name, value in milliseconds.items()},
    }


def finished(report: Report) -> FunctionOutcome:
    """The one function's outcome of a report; the demo stops where it did not get through."""
    (outcome,) = report.functions
    if outcome.exit_code is not ExitCode.DONE:
        raise FleetError(outcome.reason, outcome.todo, outcome.exit_code)
    return outcome


def farewell(place: Workplace) -> None:
    """How to look around, and how to stop."""
    console.print()
    note(f"The stack stays up: AWS at {place.environment.endpoint}, report in build/demo.json.")
    note("Look around: make status · make history · make logs FN=scheduled-digest")
    note("Call one:    .venv/bin/fleet invoke --function scheduled-digest --event daily")
    note("Stop it:     make down")
