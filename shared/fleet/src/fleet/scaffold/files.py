"""The files of a new function, made of the templates beside this module."""

from __future__ import annotations

import builtins
import keyword
import re
import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fleet.errors import ExitCode, FleetError

if TYPE_CHECKING:
    from jinja2 import Environment

_NAME: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
# What Lambda's 64 characters leave beside the longest prefix and the queues' endings.
_LONGEST: Final = 40


class Trigger(StrEnum):
    """What starts a function."""

    HTTP = "http"
    QUEUE = "queue"
    SCHEDULE = "schedule"
    S3 = "s3"


_STARTED_BY: Final = {
    Trigger.HTTP: "One route of the devices' HTTP API starts it",
    Trigger.QUEUE: "A queue of its own starts it, with partial batch responses",
    Trigger.SCHEDULE: "EventBridge Scheduler starts it, once a day",
    Trigger.S3: "Every new object of its bucket starts it, through a queue",
}
_SAMPLES: Final = {
    Trigger.HTTP: "get",
    Trigger.QUEUE: "batch",
    Trigger.SCHEDULE: "daily",
    Trigger.S3: "arrivals",
}


@dataclass(frozen=True)
class NewFunction:
    """What a new function is to be.

    Attributes:
        name: The folder's, and the function's.
        trigger: What starts it.
        database: Whether it uses the fleet's PostgreSQL.
        description: One sentence without its full stop.
    """

    name: str
    trigger: Trigger
    database: bool
    description: str

    @property
    def package(self) -> str:
        """The Python package's name, and that of the module block."""
        return self.name.replace("-", "_")

    @property
    def sample(self) -> str:
        """The name of its sample event."""
        return _SAMPLES[self.trigger]

    def check(self) -> None:
        """Refuse a name that cannot be everything it has to be.

        Raises:
            FleetError: With the rule that it breaks.
        """
        if not _NAME.fullmatch(self.name) or len(self.name) > _LONGEST:
            raise FleetError(
                f"{self.name!r} is no name for a function",
                f"up to {_LONGEST} lower-case letters and digits, in words with single hyphens"
                " between, the first beginning with a letter",
                ExitCode.USAGE,
            )
        taken = keyword.iskeyword(self.package) or hasattr(builtins, self.package)
        if taken or self.package in sys.stdlib_module_names:
            raise FleetError(
                f"{self.package} is Python's own name", "choose another name", ExitCode.USAGE
            )
        if not self.description or {'"', "\n", "\\", "$", "%", "|"} & set(self.description):
            raise FleetError(
                "the description is empty, or has a character that ends a text somewhere",
                'give one line without ", \\, $, % and |',
                ExitCode.USAGE,
            )

    def files(self) -> dict[Path, str]:
        """By path below the checkout, what is in each of its files."""
        image = Path("images") / self.name
        source = image / "src" / self.package
        made = {
            image / "pyproject.toml": "image/pyproject.toml",
            image / "README.md": "image/README.md",
            image / "events" / "smoke.json": "image/smoke.json",
            image / "events" / f"{self.sample}.json": "image/sample.json",
            source / "handler.py": "image/handler.py",
            source / "settings.py": "image/settings.py",
            source / "work.py": "image/work.py",
            Path("terraform") / f"{self.package}.tf": "project/function.tf",
            Path("tests") / "unit" / f"test_{self.package}.py": "project/test.py",
        }
        if self.trigger == Trigger.HTTP:
            made[source / "api.py"] = "image/api.py"
        rendered = {path: self._rendered(template) for path, template in made.items()}
        rendered[source / "__init__.py"] = f'"""{self.description}."""\n'
        rendered[source / "py.typed"] = ""
        return rendered

    def _rendered(self, template: str) -> str:
        words = self.name.split("-")
        return (
            _templates()
            .get_template(f"{template}.j2")
            .render(
                name=self.name,
                package=self.package,
                description=self.description,
                trigger=str(self.trigger),
                database=self.database,
                sample=self.sample,
                started_by=_STARTED_BY[self.trigger],
                settings=f"{''.join(word.capitalize() for word in words)}Settings",
                operation=words[0] + "".join(word.capitalize() for word in words[1:]),
                title=" ".join(words).capitalize(),
            )
        )


def _templates() -> Environment:
    # A twelfth of the time that every verb takes to start, and one verb needs it.
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415

    # Neither HTML nor anything else that escapes: the description's characters are checked.
    return Environment(  # noqa: S701
        loader=PackageLoader("fleet.scaffold"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
