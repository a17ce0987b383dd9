"""fleet validate: whether what runs is what was meant to run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from fleet.commands.options import Base, Env, Json, Which, Workplace, choose
from fleet.console import console, emit, note, table
from fleet.errors import ExitCode, FleetError
from fleet.release.validation import junit
from fleet.release.validation.checks import Check, FunctionResult, Result, Validation, worst
from fleet.release.validation.subject import Options, Sources
from fleet.release.validation.validator import Validator

Junit = Annotated[Path | None, typer.Option("--junit", help="Write JUnit XML to this file.")]
NoInvoke = Annotated[bool, typer.Option("--no-invoke", help="Call neither functions nor routes.")]
AllEvents = Annotated[
    bool,
    typer.Option("--all-events", help="Also outside local: events and routes with effects."),
]
Inside = Annotated[
    bool, typer.Option("--inside", help="Have lambda-test-runner send the events, in the VPC.")
]
_MARKS: dict[Result, str] = {
    "passed": "[green]✓[/green]",
    "failed": "[red]✗[/red]",
    "warned": "[yellow]![/yellow]",
    "skipped": "[dim]-[/dim]",
}


def validate(
    env: Env = "local",
    function: Which = "all",
    junit_file: Junit = None,
    *,
    no_invoke: NoInvoke = False,
    all_events: AllEvents = False,
    inside: Inside = False,
    base: Base = "HEAD^",
    as_json: Json = False,
) -> None:
    """Hold each function against Terraform, its history and its sample events; change nothing."""
    place = Workplace.of(env)
    functions = choose(place.project, function, base)
    if junit_file:
        _prepare(junit_file)
    options = Options(invoke=not no_invoke, all_events=all_events, inside=inside)
    with console.status(f"validate {env}") as status:
        validator = Validator(sources(place), options)
        validation = validator.run(
            functions, lambda text: status.update(f"validate {env} · {escape(text)}")
        )
    show(validation)
    if junit_file:
        junit_file.write_text(junit.render(validation), encoding="utf-8")
        note(f"JUnit XML: {junit_file}")
    if as_json:
        emit(validation.to_dict())
    if validation.exit_code:
        raise typer.Exit(validation.exit_code)


def sources(place: Workplace) -> Sources:
    """What validation reads; made here, before there are threads."""
    client = place.environment.client
    # Says at once, and better than Terraform would, that AWS is not there or does not let us in.
    place.history.of(place.project.functions[0], limit=1)
    place.terraform.init()
    return Sources(
        project=place.project,
        environment=place.environment,
        registry=place.registry,
        history=place.history,
        outputs=place.terraform.outputs(),
        control=place.control,
        api=place.api,
        runner=place.runner,
        iam=client("iam"),
        ecr=client("ecr"),
        logs=client("logs"),
        cloudwatch=client("cloudwatch"),
    )


def _prepare(file: Path) -> None:
    """Find out before the checks that a report cannot be written after them."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    except OSError as error:
        raise FleetError(
            f"{file} cannot be written: {error.strerror}", "give another --junit", ExitCode.USAGE
        ) from error


def show(validation: Validation) -> None:
    """A row for each function's group of checks, then what to do about what is wrong."""
    rows = [
        (result.function if first == 0 else "", *_row(group, checks))
        for result in validation.functions
        for first, (group, checks) in enumerate(result.groups().items())
    ]
    title = f"{validation.project} in {validation.environment}"
    table(title, ("function", "", "checks", "passed", "detail"), rows)
    for result in validation.functions:
        _to_do(result)
    if validation.inside:
        report = validation.inside["reports"].get("html", "none")
        console.print(
            f"events sent from inside the VPC; report in the test reports' bucket: {report}"
        )
    counts = validation.to_dict()["counts"]
    said = ", ".join(f"{number} {result}" for result, number in counts.items() if number)
    console.print(f"{said} in {validation.seconds:.1f} s")


def _row(group: str, checks: list[Check]) -> tuple[str, ...]:
    result = worst(checks)
    passed = sum(check.result == "passed" for check in checks)
    shown = next(check for check in checks if check.result == result)
    detail = shown.detail if len(checks) == 1 or result != "passed" else ""
    if group == "times" and result == "passed":
        detail = "; ".join(f"{check.name.partition('.')[2]} {check.detail}" for check in checks)
    return _MARKS[result], group, f"{passed} of {len(checks)}", escape(" ".join(detail.split()))


def _to_do(result: FunctionResult) -> None:
    for check in result.checks:
        if check.result not in {"failed", "warned"}:
            continue
        console.print(
            f"{_MARKS[check.result]} [bold]{result.function} {escape(check.name)}[/bold]: "
            f"{escape(check.detail)}"
        )
        if check.todo:
            console.print(f"  to do: {escape(check.todo)}", style="dim")
