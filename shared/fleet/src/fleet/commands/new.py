"""fleet new: a function that works, to be changed into the one that is wanted."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING, Annotated

import typer

from fleet.console import note, step
from fleet.errors import ExitCode, FleetError
from fleet.project import Project
from fleet.scaffold.files import NewFunction, Trigger
from fleet.scaffold.wiring import wired

if TYPE_CHECKING:
    from pathlib import Path

Name = Annotated[str, typer.Argument(help="The function's name, as in device-report.")]
Started = Annotated[Trigger, typer.Option(help="What starts it.")]
Database = Annotated[bool, typer.Option("--database", help="It uses the fleet's PostgreSQL.")]
Description = Annotated[str, typer.Option(help="One sentence, without its full stop.")]


def new(
    name: Name,
    trigger: Started,
    description: Description = "Says how long a name is",
    *,
    database: Database = False,
) -> None:
    """Make a function: folder, events, tests, Terraform, its line wherever functions are listed."""
    project = Project.find()
    function = NewFunction(name, trigger, database, description)
    function.check()
    files = {project.root / path: text for path, text in function.files().items()}
    _require_room(project, function, files)
    changed = wired(project.root, function)
    lock = project.root / "uv.lock"
    before = {path: path.read_text(encoding="utf-8") for path in (*changed, lock)}
    try:
        with step(f"make images/{name} and its place in the house"):
            for path, text in {**files, **changed}.items():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            _format(project)
        with step("lock and install its package"):
            _uv(project, "lock", "--quiet")
            _uv(project, "sync", "--quiet", "--all-packages")
    except BaseException:
        _take_back(project, name, files, before)
        raise
    note(f"tests: .venv/bin/pytest tests/unit/test_{function.package}.py")
    note(f"live:  commit it, then make bootstrap FN={name}")


def _require_room(project: Project, function: NewFunction, files: dict[Path, str]) -> None:
    there = [path for path in files if path.exists()]
    if (project.root / "images" / function.name).exists() or there:
        names = ", ".join(str(path.relative_to(project.root)) for path in there)
        raise FleetError(
            f"{function.name} is there already: {names or f'images/{function.name}'}",
            "choose another name, or remove what is left of it",
            ExitCode.PREFLIGHT,
        )


def _format(project: Project) -> None:
    """Columns of a map move when a longer name joins it."""
    if shutil.which("terraform"):
        _run(["terraform", "fmt", "-recursive", str(project.root / "terraform")], project)


def _uv(project: Project, *arguments: str) -> None:
    _run([str(project.state / "bin" / "uv"), *arguments], project)


def _run(command: list[str], project: Project) -> None:
    try:
        ended = subprocess.run(
            command, cwd=project.root, capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise FleetError(
            f"{command[0]} cannot be run: {error.strerror}", "run `make prepare`"
        ) from None
    if ended.returncode:
        said = ended.stderr.strip() or ended.stdout.strip()
        raise FleetError(
            f"{' '.join(command[:2])} failed: {said}", "nothing was kept; see the reason"
        )


def _take_back(
    project: Project, name: str, files: dict[Path, str], before: dict[Path, str]
) -> None:
    """Leave the checkout as it was."""
    shutil.rmtree(project.root / "images" / name, ignore_errors=True)
    for path in files:
        path.unlink(missing_ok=True)
    for path, text in before.items():
        path.write_text(text, encoding="utf-8")
