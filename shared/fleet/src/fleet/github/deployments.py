"""GitHub's deployments: what an environment was given, when, and how that ended."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from fleet.github.request import CHANGED

if TYPE_CHECKING:
    from fleet.github.api import GitHub
    from fleet.github.request import Request

# GitHub makes a deployment of its own, with the task `deploy`, for a job with an environment; it
# names the run's commit, which for a comment is the main branch's.
TASK: Final = "fleet"
_WHOLE: Final = frozenset({"all", CHANGED})
_DESCRIPTION: Final = 140  # characters


def begin(github: GitHub, request: Request, *, url: str) -> int:
    """Say that a release has begun; return the deployment's id."""
    identity = github.begin_deployment(
        {
            "ref": request.sha,
            "task": TASK,
            "environment": request.environment,
            "description": f"{request.function}, {request.strategy}"[:_DESCRIPTION],
            "payload": {"function": request.function, "tag": request.tag},
            "auto_merge": False,
            "required_contexts": [],
            "production_environment": request.environment == "prod",
        }
    )
    state(github, identity, "in_progress", "", url=url)
    return identity


def state(github: GitHub, identity: int, name: str, description: str, *, url: str) -> None:
    """Say how a deployment stands: in_progress, success, failure or error."""
    values = {"state": name, "log_url": url, "description": description[:_DESCRIPTION]}
    github.state_deployment(identity, values)


def base(github: GitHub, environment: str) -> str:
    """The commit that an environment was last brought to as a whole; empty when never.

    Not the commit before the push: GitHub drops a deployment that waits when a newer one comes,
    and what a failed one held back is still to be released.
    """
    for made in github.deployments(environment, TASK):
        payload = _payload(made)
        whole = payload.get("function") in _WHOLE and not payload.get("tag")
        if whole and github.deployment_state(int(made["id"])) == "success":
            return str(made["sha"])
    return ""


def _payload(made: dict[str, Any]) -> dict[str, Any]:
    """A deployment's payload: GitHub gives back an object or its text."""
    payload = made.get("payload") or {}
    found: dict[str, Any] = json.loads(payload) if isinstance(payload, str) else payload
    return found
