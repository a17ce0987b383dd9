"""A GitHub of one repository on loopback: comments, permissions, deployments, issues."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.kit.scripted import Reply, Request, Scripted

REPOSITORY = "example/lambda-fleet"
BOT = "github-actions[bot]"
TOKEN = "of-the-rehearsal"


@dataclass
class FakeGitHub(Scripted):
    """What it holds, as GitHub's REST API shows it.

    Attributes:
        writers: who may push.
        heads: pull request → its branch's commit and whether it is in a fork.
        messages: pull request or issue → its comments.
    """

    writers: set[str] = field(default_factory=lambda: {"maria"})
    heads: dict[int, tuple[str, bool]] = field(default_factory=dict)
    messages: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    deployments: list[dict[str, Any]] = field(default_factory=list)
    states: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    issues: list[dict[str, Any]] = field(default_factory=list)

    def reply_to(self, request: Request) -> Reply:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return Reply.json({"message": "Bad credentials"}, 401)
        parts = urlsplit(request.path)
        path = parts.path.removeprefix(f"/repos/{REPOSITORY}")
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        body = json.loads(request.body) if request.body else {}
        for method, pattern, answer in _ROUTES:
            match = re.fullmatch(pattern, path)
            if match and method == request.method:
                found = getattr(self, answer)(*match.groups(), query=query, body=body)
                return Reply.json(found)
        return Reply.json({"message": "Not Found"}, 404)

    def said(self, number: int) -> list[str]:
        """The bodies of a pull request's comments."""
        return [str(comment["body"]) for comment in self.messages.get(number, [])]

    def state(self, identity: int) -> str:
        """A deployment's newest state."""
        return str(self.states[identity][0]["state"])

    def _permission(self, user: str, **_: Any) -> dict[str, str]:
        return {"permission": "write" if user in self.writers else "read"}

    def _pull(self, number: str, **_: Any) -> dict[str, Any]:
        sha, fork = self.heads[int(number)]
        return {"head": {"sha": sha, "repo": {"id": 2 if fork else 1}}, "base": {"repo": {"id": 1}}}

    def _comments(self, number: str, *, query: dict[str, str], **_: Any) -> list[dict[str, Any]]:
        return self.messages.get(int(number), []) if query.get("page", "1") == "1" else []

    def _comment(self, number: str, *, body: dict[str, Any], **_: Any) -> dict[str, Any]:
        known = self.messages.setdefault(int(number), [])
        made = {"id": int(number) * 1000 + len(known), "user": {"login": BOT}, **body}
        known.append(made)
        return made

    def _change_comment(self, identity: str, *, body: dict[str, Any], **_: Any) -> dict[str, Any]:
        every = [comment for comments in self.messages.values() for comment in comments]
        (found,) = [comment for comment in every if comment["id"] == int(identity)]
        found |= body
        return found

    def _deployments(self, *, query: dict[str, str], **_: Any) -> list[dict[str, Any]]:
        wanted = [
            d
            for d in self.deployments
            if all(d[key] == query[key] for key in ("environment", "task"))
        ]
        return list(reversed(wanted))

    def _deploy(self, *, body: dict[str, Any], **_: Any) -> dict[str, Any]:
        made = body | {"id": len(self.deployments) + 1, "sha": body["ref"]}
        self.deployments.append(made)
        return made

    def _states(self, identity: str, **_: Any) -> list[dict[str, Any]]:
        return self.states.get(int(identity), [])

    def _state(self, identity: str, *, body: dict[str, Any], **_: Any) -> dict[str, Any]:
        self.states.setdefault(int(identity), []).insert(0, body)
        return body

    def _issues(self, **_: Any) -> list[dict[str, Any]]:
        return [issue for issue in self.issues if issue["state"] == "open"]

    def _open(self, *, body: dict[str, Any], **_: Any) -> dict[str, Any]:
        made = body | {"number": len(self.issues) + 1, "state": "open"}
        self.issues.append(made)
        return made

    def _change_issue(self, number: str, *, body: dict[str, Any], **_: Any) -> dict[str, Any]:
        issue = self.issues[int(number) - 1]
        issue |= body
        return issue


_ROUTES = (
    ("GET", r"/collaborators/([^/]+)/permission", "_permission"),
    ("GET", r"/pulls/(\d+)", "_pull"),
    ("GET", r"/issues/(\d+)/comments", "_comments"),
    ("POST", r"/issues/(\d+)/comments", "_comment"),
    ("PATCH", r"/issues/comments/(\d+)", "_change_comment"),
    ("GET", r"/deployments", "_deployments"),
    ("POST", r"/deployments", "_deploy"),
    ("GET", r"/deployments/(\d+)/statuses", "_states"),
    ("POST", r"/deployments/(\d+)/statuses", "_state"),
    ("GET", r"/issues", "_issues"),
    ("POST", r"/issues", "_open"),
    ("PATCH", r"/issues/(\d+)", "_change_issue"),
)
