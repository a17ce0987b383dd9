"""Who asks for which release: a push, a dispatch by hand, or a comment on a pull request.

Everything that leaves this module is of a closed set or a narrow alphabet: names of environments
and functions that exist, tags, commits. What people wrote goes no further.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from fleet.errors import ExitCode, FleetError

if TYPE_CHECKING:
    from fleet.github.api import Head
    from fleet.github.run import Run

COMMAND: Final = "/lambda deploy"
AFTER_A_PUSH: Final = "dev"
STRATEGIES: Final = ("all-at-once", "canary", "linear")
CHANGED: Final = "changed"
_TAG: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_SHA: Final = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class Request:
    """A release that is asked for.

    Attributes:
        function: names, comma-separated, or all or changed.
        sha: the commit to release from; its images are built unless `tag` names some.
        tag: images of the registry; empty for the commit's own.
        base: what changed is told against; empty where that is not known.
        pull_request: where to answer; empty when nowhere.
    """

    environment: str
    sha: str
    function: str = CHANGED
    tag: str = ""
    strategy: str = STRATEGIES[0]
    base: str = ""
    pull_request: str = ""

    def against(self, base: str) -> Request:
        """The same, told against a commit; without one everything has to be released."""
        if self.function != CHANGED or base:
            return replace(self, base=base)
        return replace(self, function="all")

    def outputs(self) -> dict[str, str]:
        """For the jobs that follow."""
        return {
            "environment": self.environment,
            "function": self.function,
            "sha": self.sha,
            "tag": self.tag or self.sha,
            "build": "false" if self.tag else "true",
            "strategy": self.strategy,
            "base": self.base,
            "pull_request": self.pull_request,
        }


@dataclass(frozen=True)
class Known:
    """What may be asked for.

    Attributes:
        environments: those that opted in to releases.
        functions: the folders under images/.
    """

    environments: tuple[str, ...]
    functions: tuple[str, ...]

    def check(self, request: Request) -> Request:
        """The request, when all of it is known.

        Raises:
            FleetError: the environment is refused (REFUSED), or something is not known (USAGE).
        """
        if request.environment not in self.environments:
            raise FleetError(
                f"releases to {_shown(request.environment)} are refused by policy",
                f"ask for one of {', '.join(self.environments)} (release_to in pyproject.toml)",
                ExitCode.REFUSED,
            )
        names = request.function.split(",")
        unknown = [n for n in names if n not in self.functions]
        if unknown and request.function not in {"all", CHANGED}:
            raise _unknown("function", unknown[0], "a folder under images/, all or changed")
        if request.tag and not _TAG.fullmatch(request.tag):
            raise _unknown("tag", request.tag, "the tag of an image: letters, digits, . _ and -")
        if request.strategy not in STRATEGIES:
            raise _unknown("strategy", request.strategy, ", ".join(STRATEGIES))
        if not _SHA.fullmatch(request.sha):
            raise _unknown("commit", request.sha, "a full commit SHA")
        return request


def of_push(run: Run) -> Request:
    """Every push to the main branch is released to dev."""
    return Request(AFTER_A_PUSH, run.sha)


def of_dispatch(run: Run) -> Request:
    """What somebody chose in GitHub's form."""
    given: dict[str, Any] = run.payload.get("inputs") or {}
    return Request(
        environment=str(given.get("environment") or ""),
        sha=run.sha,
        function=str(given.get("function") or CHANGED).replace(" ", ""),
        tag=str(given.get("image_tag") or ""),
        strategy=str(given.get("strategy") or STRATEGIES[0]),
    )


def of_comment(run: Run, head: Head) -> Request:
    """`/lambda deploy <environment> [functions]`, on the first line of a comment.

    Raises:
        FleetError: it is not to be understood (USAGE), or its branch is in a fork (REFUSED).
    """
    words = comment(run).partition("\n")[0].split()[2:]
    if not 1 <= len(words) <= 2:  # noqa: PLR2004  the environment, and maybe functions
        raise FleetError(
            "the comment is not to be understood",
            f"write {COMMAND} staging, or {COMMAND} staging sync-clock,web-action",
            ExitCode.USAGE,
        )
    if not head.own:
        raise FleetError(
            "the branch of this pull request is in a fork",
            "push it to a branch of this repository: its code would run with the role that deploys",
            ExitCode.REFUSED,
        )
    return Request(
        environment=words[0],
        sha=head.sha,
        function=words[1] if len(words) > 1 else CHANGED,
        pull_request=str(run.pull_request),
    )


def is_command(run: Run) -> bool:
    """Whether a comment on a pull request asks for a release."""
    first = comment(run).partition("\n")[0]
    return run.pull_request is not None and first.split()[:2] == COMMAND.split()


def comment(run: Run) -> str:
    """What the comment says."""
    return str((run.payload.get("comment") or {}).get("body") or "")


def commenter(run: Run) -> str:
    """Who wrote the comment."""
    return str(run.payload["comment"]["user"]["login"])


def _unknown(what: str, value: str, wanted: str) -> FleetError:
    return FleetError(f"unknown {what}: {_shown(value)}", f"give {wanted}", ExitCode.USAGE)


def _shown(value: str) -> str:
    """What somebody wrote, harmless in Markdown, in a log and on a terminal."""
    return re.sub(r"[^A-Za-z0-9 ._,/-]", "?", value)[:60] or "(nothing)"
