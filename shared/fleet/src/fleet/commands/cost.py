"""fleet cost: what an environment costs in a month."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from fleet.commands.options import Env, Json, Workplace
from fleet.console import emit, note, step, table
from fleet.cost import shown
from fleet.cost.estimate import Line, by, estimate, prices
from fleet.cost.plan import resources
from fleet.cost.traffic import Traffic

TrafficFile = Annotated[
    Path | None, typer.Option("--traffic", help="Traffic, in place of the environments' own file.")
]


def cost(env: Env = "local", traffic: TrafficFile = None, *, as_json: Json = False) -> None:
    """Estimate a month: what Terraform plans, at the stated traffic and the dated prices."""
    place = Workplace.of(env)
    with step(f"plan {env}"):
        place.terraform.init()
        _, plan = place.terraform.plan()
    lines = lines_of(place, plan, traffic)
    price = prices()
    table(f"{env}, a month", ("service", "of", "usage", "USD"), shown.rows(lines))
    note(f"about {shown.total(lines):.2f} USD; prices of {price['as_of']}, {price['region']}")
    if as_json:
        emit(
            {
                "usd": round(shown.total(lines), 4),
                "prices_as_of": price["as_of"],
                "services": by(lines, "service"),
                "lines": [asdict(line) for line in lines],
            }
        )


def lines_of(place: Workplace, plan: dict[str, Any], traffic: Path | None = None) -> list[Line]:
    """A plan's estimate."""
    environment = place.environment
    file = traffic or place.project.root / "terraform" / "environments" / "traffic.toml"
    stated = Traffic.read(file, environment.name)
    found = resources(plan, f"{environment.project}-{environment.name}")
    return estimate(found, stated, prices())
