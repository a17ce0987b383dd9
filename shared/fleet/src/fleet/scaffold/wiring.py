"""A new function's lines in the files that list functions.

Each edit finds its place by what stands there and refuses a file that looks otherwise: a line in
a wrong place would be worse than none.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fleet.errors import ExitCode, FleetError
from fleet.scaffold.files import NewFunction, Trigger

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

type Edit = Callable[[str], str]


def edits(new: NewFunction) -> dict[str, Edit]:
    """By path below the checkout, what becomes of a file's text."""
    made: dict[str, Edit] = {
        "docker-bake.hcl": lambda text: _between(
            text, r'(variable "FUNCTIONS" \{\s*default = ")([^"]*)(")', _listed(new.name, ",")
        ),
        "pyproject.toml": lambda text: _between(
            text, r"(\[tool\.mypy\][^\[]*?packages = \[)(.*?)(\n\])", _package(new.package)
        ),
        "terraform/locals.tf": lambda text: _locals(text, new),
        "README.md": lambda text: _between(
            text, r"(\n\| \*\*Fleet\*\* \| \| \|\n)()(\| )", lambda _: _row(new)
        ),
    }
    if new.trigger == Trigger.HTTP:
        made["terraform/api.tf"] = lambda text: _between(
            text, r"(\n  api_routes = \{\n)(.*?)(\n  \}\n)", lambda lines: lines + _route(new)
        )
    return made


def _between(text: str, pattern: str, change: Edit) -> str:
    found = re.findall(pattern, text, re.DOTALL)
    if len(found) != 1:
        raise ValueError(pattern)
    return re.sub(pattern, lambda m: f"{m[1]}{change(m[2])}{m[3]}", text, count=1, flags=re.DOTALL)


def _listed(name: str, separator: str) -> Edit:
    return lambda names: separator.join(sorted({*names.split(separator), name}))


def _package(package: str) -> Edit:
    return lambda names: f'{names}\n  "{package}",'


def _locals(text: str, new: NewFunction) -> str:
    entry = f'    "{new.name}" = module.{new.package}\n'
    text = _between(text, r"(\n  modules = \{\n)(.*?)(  \}\n)", lambda lines: lines + entry)
    if new.trigger in {Trigger.QUEUE, Trigger.S3}:
        entry = f'    "{new.name}" = module.{new.package}_queue\n'
        text = _between(text, r"(\n  queues = \{\n)(.*?)(  \}\n)", lambda lines: lines + entry)
    return text


def _route(new: NewFunction) -> str:
    probe = "{ expect_status = 400 }"
    return f'\n\n    "GET /{new.name}" = {{ function = "{new.name}", probe = {probe} }} # no name'


def _row(new: NewFunction) -> str:
    started = {
        Trigger.HTTP: f"`GET /{new.name}`",
        Trigger.QUEUE: "SQS",
        Trigger.SCHEDULE: "EventBridge Scheduler, daily",
        Trigger.S3: "S3 event (SQS)",
    }[new.trigger]
    return f"| `{new.name}` | {started} | {new.description[0].lower()}{new.description[1:]} |\n"


def wired(root: Path, new: NewFunction) -> dict[Path, str]:
    """Every file that changes, as it will be.

    Raises:
        FleetError: A file is not as expected; nothing was written.
    """
    changed = {}
    for name, edit in edits(new).items():
        path = root / name
        try:
            changed[path] = edit(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            raise FleetError(
                f"{name} does not look as it did: there is no place for the function in it",
                "put the file back as it is in git, or add the function by hand: README, Add a"
                " function",
                ExitCode.PREFLIGHT,
            ) from None
    return changed
