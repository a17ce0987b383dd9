"""fleet plan: what an apply and a release would change."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from fleet.commands.options import Env, Functions, Json, Tag, Workplace
from fleet.console import console, emit, note, step, table
from fleet.errors import ExitCode, FleetError
from fleet.release.drift import Standing, different
from fleet.release.engine import AT_ONCE
from fleet.release.prerequisites import announced

WithExitCode = Annotated[
    bool, typer.Option("--exit-code/--no-exit-code", help="Exit 2 when something would change.")
]
Out = Annotated[
    Path | None, typer.Option("--out", envvar="PLAN", help="Keep Terraform's plan in this file.")
]
# What the local AWS takes and does not give back: a plan wants to set it forever.
_MISREPORTED = {
    "aws_cloudwatch_metric_alarm": {
        "actions_enabled",
        "alarm_actions",
        "alarm_description",
        "dimensions",
        "extended_statistic",
        "ok_actions",
        "period",
        "statistic",
        "treat_missing_data",
    },
    "aws_vpc_endpoint": {"policy", "private_dns_enabled", "security_group_ids"},
    "aws_vpc_security_group_egress_rule": {"referenced_security_group_id"},
    "aws_vpc_security_group_ingress_rule": {"referenced_security_group_id"},
}
_NOTHING = (["no-op"], ["read"])
_DIGITS = 12


@dataclass(frozen=True)
class Planned:
    """What an apply and a release of a tag would change.

    Attributes:
        terraform: the resources that an apply would touch; see `changes`.
        functions: what a release would change of each; see `function_changes`.
        plan: Terraform's own, whole: for figures, and never to be shown.
    """

    tag: str
    terraform: list[dict[str, Any]]
    functions: list[dict[str, Any]]
    plan: dict[str, Any] = field(repr=False)

    @property
    def differs(self) -> bool:
        """Whether there is anything."""
        return bool(self.terraform) or any(_differs(row) for row in self.functions)

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {"terraform": self.terraform, "tag": self.tag, "functions": self.functions}


def changes(plan: dict[str, Any], *, is_local: bool) -> list[dict[str, Any]]:
    """The resources that Terraform would touch, how, and in which attributes (never values)."""
    found = []
    for resource in plan.get("resource_changes", []):
        change = resource["change"]
        attributes = _attributes(change)
        if change["actions"] in _NOTHING or (is_local and _is_misreported(resource, attributes)):
            continue
        found.append(
            {
                "address": resource["address"],
                "actions": change["actions"],
                "attributes": attributes if change["actions"] == ["update"] else [],
            }
        )
    return found


def _attributes(change: dict[str, Any]) -> list[str]:
    unknown = [name for name, value in (change.get("after_unknown") or {}).items() if value is True]
    before, after = change.get("before") or {}, change.get("after") or {}
    return sorted({path.partition(".")[0] for path in different(before, after)} | set(unknown))


def _is_misreported(resource: dict[str, Any], attributes: list[str]) -> bool:
    known = _MISREPORTED.get(resource["type"], set())
    return resource["change"]["actions"] == ["update"] and set(attributes) <= known


def function_changes(place: Workplace, function: str, tag: str) -> dict[str, Any]:
    """What a release of a tag would change of one function: its image, its configuration."""
    notes = announced(place.tools.project, function)
    try:
        standing = Standing.of(place.tools, function)
    except FleetError as error:
        return {"function": function, "new": True, "reason": error.message, "notes": notes}
    image = None
    pushed = place.registry.has_tag(function, tag)
    if pushed:
        wanted = place.registry.image(function, tag).digest
        if wanted != standing.live.digest:
            image = {"from": standing.live.digest, "to": wanted}
    return {
        "function": function,
        "new": False,
        "pushed": pushed,
        "image": image,
        "settings": standing.drifted_settings,
        "latest_image_drifted": standing.drifted_image,
        "notes": notes,
    }


def plan(
    env: Env = "local",
    function: Functions = "all",
    tag: Tag = "",
    *,
    exit_code: WithExitCode = True,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Show what `fleet apply` and `fleet release` would change; exit 2 when there is something."""
    place = Workplace.of(env)
    found = look(place, place.project.select(function), tag or place.project.commit(), out)
    show(found)
    if as_json:
        emit(found.to_dict())
    if exit_code and found.differs:
        raise typer.Exit(ExitCode.USAGE)


def look(place: Workplace, names: tuple[str, ...], tag: str, out: Path | None = None) -> Planned:
    """Plan, and keep Terraform's own plan in a file for `fleet apply --plan` where one is given."""
    with step(f"plan {place.environment.name}"):
        place.terraform.init()
        _, plan = place.terraform.plan(file=out)
    touched = changes(plan, is_local=place.environment.is_local)
    functions = place.runner.map(lambda name: function_changes(place, name, tag), names, AT_ONCE)
    return Planned(tag, touched, functions, plan)


def _differs(row: dict[str, Any]) -> bool:
    return bool(row["new"] or row["image"] or row["settings"] or row["latest_image_drifted"])


def show(planned: Planned) -> None:
    """What would change, for a person."""
    for change in planned.terraform:
        attributes = f": {', '.join(change['attributes'])}" if change["attributes"] else ""
        line = f"  {'/'.join(change['actions'])} {change['address']}{attributes}"
        console.print(line, markup=False)
    if not planned.terraform:
        note("  Terraform would change nothing")
    headings = ("function", f"image of {planned.tag[:_DIGITS]}", "$LATEST against live")
    table("a release would change", headings, map(_row, planned.functions))
    for row in planned.functions:
        for text in row["notes"] if _differs(row) else ():
            note(f"  a release of {row['function']} {text}")


def _row(row: dict[str, Any]) -> tuple[str, str, str]:
    if row["new"]:
        return row["function"], "[yellow]new[/yellow]", "-"
    image = "not pushed" if not row["pushed"] else "same"
    if row["image"]:
        before, after = (
            row["image"][end].removeprefix("sha256:")[:_DIGITS] for end in ("from", "to")
        )
        image = f"[yellow]{before or 'by tag'} → {after}[/yellow]"
    differences = ["image"] * row["latest_image_drifted"] + row["settings"]
    return (
        row["function"],
        image,
        f"[yellow]{', '.join(differences)}[/yellow]" if differences else "same",
    )
