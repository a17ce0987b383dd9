"""One comment for each subject, updated and never repeated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from fleet.github.api import GitHub

# The longest body that GitHub takes, less some room for what it counts differently.
MOST_CHARACTERS: Final = 65_000
_CUT: Final = "\n\n… the rest is in the job's summary and artefacts.\n"
_BOT: Final = "github-actions[bot]"


def marker(subject: str) -> str:
    """What tells our comment on a subject from all others; Markdown does not show it."""
    return f"<!-- lambda-fleet: {subject} -->"


def body(subject: str, markdown: str) -> str:
    """A comment's text, cut to what GitHub takes."""
    if len(markdown) > MOST_CHARACTERS:
        markdown = markdown[: MOST_CHARACTERS - len(_CUT)] + _CUT
    return f"{marker(subject)}\n{markdown}"


def tell(github: GitHub, number: int, subject: str, markdown: str) -> None:
    """Write the comment on a subject, or change the one that is there.

    Only a comment of the workflows' own account is changed: anybody can write the marker.
    """
    wanted = body(subject, markdown)
    for known in github.comments(number):
        own = (known.get("user") or {}).get("login") == _BOT
        if own and str(known.get("body") or "").startswith(marker(subject)):
            github.change_comment(int(known["id"]), wanted)
            return
    github.write_comment(number, wanted)
