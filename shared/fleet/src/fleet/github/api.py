"""As much of GitHub's REST API as deliveries need."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

from fleet.errors import FleetError

if TYPE_CHECKING:
    from collections.abc import Iterator

TIMEOUT_SECONDS: Final = 15.0
_PAGE = 100
_PAGES = 30
_WRITERS: Final = frozenset({"admin", "maintain", "write"})
_NOT_FOUND = 404


@dataclass(frozen=True)
class Head:
    """A pull request's branch as it is now.

    Attributes:
        own: whether it is in the repository itself, and not in a fork.
    """

    sha: str
    own: bool


class GitHub:
    """One repository. Every answer that is no success is a FleetError without the token in it."""

    def __init__(self, address: str, token: str, repository: str) -> None:
        self._url = f"{address}/repos/{repository}"
        self._headers = {
            "authorization": f"Bearer {token}",
            "accept": "application/vnd.github+json",
            "x-github-api-version": "2022-11-28",
        }

    @classmethod
    def of(cls, repository: str) -> Self:
        """With the run's token, at the address that the runner names."""
        token = os.environ.get("GITHUB_TOKEN", "")
        if not token:
            raise FleetError(
                "GITHUB_TOKEN is not set", "give the step env: GITHUB_TOKEN: ${{ github.token }}"
            )
        address = os.environ.get("GITHUB_API_URL", "https://api.github.com")
        return cls(address, token, repository)

    def may_write(self, user: str) -> bool:
        """Whether somebody may push to the repository."""
        answer = self._get(f"/collaborators/{user}/permission", missing={"permission": "none"})
        return answer.get("permission") in _WRITERS

    def head(self, number: int) -> Head:
        """The commit that a pull request stands at."""
        request = self._get(f"/pulls/{number}")
        head, base = request["head"], request["base"]
        own = bool(head["repo"]) and head["repo"]["id"] == base["repo"]["id"]
        return Head(str(head["sha"]), own)

    def comments(self, number: int) -> Iterator[dict[str, Any]]:
        """The comments of an issue or a pull request, oldest first."""
        return self._pages(f"/issues/{number}/comments")

    def write_comment(self, number: int, body: str) -> None:
        """Add a comment."""
        self._send("POST", f"/issues/{number}/comments", {"body": body})

    def change_comment(self, identity: int, body: str) -> None:
        """Replace a comment's text."""
        self._send("PATCH", f"/issues/comments/{identity}", {"body": body})

    def deployments(self, environment: str, task: str) -> list[dict[str, Any]]:
        """An environment's newest deployments of a kind, newest first."""
        query = {"environment": environment, "task": task, "per_page": str(_PAGE)}
        found: list[dict[str, Any]] = self._get("/deployments", **query)
        return found

    def deployment_state(self, identity: int) -> str:
        """A deployment's newest state; empty when it has none."""
        states = self._get(f"/deployments/{identity}/statuses", per_page="1")
        return str(states[0]["state"]) if states else ""

    def begin_deployment(self, values: dict[str, Any]) -> int:
        """Make a deployment; return its id."""
        made = self._send("POST", "/deployments", values)
        return int(made["id"])

    def state_deployment(self, identity: int, values: dict[str, Any]) -> None:
        """Give a deployment a new state."""
        self._send("POST", f"/deployments/{identity}/statuses", values)

    def issues(self, label: str) -> Iterator[dict[str, Any]]:
        """Open issues with a label."""
        return self._pages("/issues", labels=label, state="open")

    def open_issue(self, title: str, body: str, label: str) -> int:
        """Open an issue; return its number."""
        made = self._send("POST", "/issues", {"title": title, "body": body, "labels": [label]})
        return int(made["number"])

    def change_issue(self, number: int, values: dict[str, Any]) -> None:
        """Change an issue's text or state."""
        self._send("PATCH", f"/issues/{number}", values)

    def _pages(self, path: str, **query: str) -> Iterator[dict[str, Any]]:
        for page in range(1, _PAGES + 1):
            found = self._get(path, **query, per_page=str(_PAGE), page=str(page))
            yield from found
            if len(found) < _PAGE:
                return

    def _get(self, path: str, *, missing: Any = None, **query: str) -> Any:
        return self._ask("GET", path, missing=missing, params=query)

    def _send(self, method: str, path: str, body: dict[str, Any]) -> Any:
        return self._ask(method, path, json=body)

    def _ask(self, method: str, path: str, *, missing: Any = None, **request: Any) -> Any:
        import httpx  # noqa: PLC0415  slow to import, and most verbs have no need of it

        # A few requests in a run: no connection is kept.
        address, headers = self._url + path, self._headers
        try:
            answer = httpx.request(
                method, address, headers=headers, timeout=TIMEOUT_SECONDS, **request
            )
        except httpx.HTTPError as error:
            raise FleetError(
                f"GitHub did not answer {method} {path}: {type(error).__name__}",
                "run the job again; https://www.githubstatus.com says whether it is GitHub",
            ) from error
        if answer.status_code == _NOT_FOUND and missing is not None:
            return missing
        if answer.is_error:
            raise FleetError(
                f"GitHub answered {answer.status_code} to {method} {path}",
                "see that the job's permissions allow it (permissions: in the workflow)",
            )
        return answer.json()
