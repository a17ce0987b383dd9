"""One open issue for each subject that somebody has to look at, closed when that is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleet.github.comments import body, marker

if TYPE_CHECKING:
    from fleet.github.api import GitHub

LABEL = "lambda-fleet"


def keep(github: GitHub, subject: str, title: str, markdown: str | None) -> str:
    """Open the issue on a subject, update it, or close it when there is nothing to say.

    Returns:
        What was done: opened, updated, closed or nothing.
    """
    known = [
        issue
        for issue in github.issues(LABEL)
        if "pull_request" not in issue and str(issue.get("body") or "").startswith(marker(subject))
    ]
    if markdown is None:
        for issue in known:
            github.change_issue(int(issue["number"]), {"state": "closed"})
        return "closed" if known else "nothing"
    if known:
        values = {"title": title, "body": body(subject, markdown)}
        github.change_issue(int(known[0]["number"]), values)
        return "updated"
    github.open_issue(title, body(subject, markdown), LABEL)
    return "opened"
