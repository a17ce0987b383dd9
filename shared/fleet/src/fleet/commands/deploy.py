"""fleet deploy: release an image of the registry."""

from __future__ import annotations

from dataclasses import asdict

from fleet.commands.options import Env, Functions, Json, Tag, Workplace
from fleet.console import console, emit, note
from fleet.release.deploy import Deployer, Outcome


def release(place: Workplace, function: str, tag: str) -> Outcome:
    """Deploy one function, showing its steps."""
    short = tag[:12]
    with console.status(f"deploy {function}:{short}") as status:
        deployer = Deployer(
            place.project,
            place.environment,
            place.registry,
            place.history,
            place.control(function),
            lambda text: status.update(f"deploy {function}:{short} · {text}"),
        )
        outcome = deployer.deploy(tag)
    if outcome.result == "unchanged":
        note(f"✓ {function} already is {short}: nothing to do")
    else:
        took = sum(outcome.steps.values())
        console.print(
            f"[green]✓[/green] {function} {short} is live as version {outcome.version} "
            f"(was {outcome.previous_version}), {took:.0f} ms"
        )
    return outcome


def deploy(
    env: Env = "local", function: Functions = "all", tag: Tag = "", *, as_json: Json = False
) -> None:
    """Update by digest, publish, send the smoke event to the new version, move `live` to it."""
    place = Workplace.of(env)
    functions = place.project.select(function)
    tag = tag or place.project.commit()
    outcomes = [release(place, name, tag) for name in functions]
    if as_json:
        emit([asdict(outcome) for outcome in outcomes])
