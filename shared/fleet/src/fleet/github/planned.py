"""A plan in Markdown, for a comment or an issue: addresses and names, never values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST = 100
_DIGITS = 12


def plan(
    environment: str, terraform: Sequence[dict[str, Any]], rows: Sequence[dict[str, Any]]
) -> str:
    """What an apply and a release would change in an environment."""
    differing = [row for row in rows if _release(row)]
    return "\n\n".join(
        (
            f"## Plan for {environment}",
            _resources(terraform),
            _table(
                "A release would change", [(row["function"], _release(row)) for row in differing]
            )
            or "A release would change nothing.",
        )
    )


def drift(
    environment: str, terraform: Sequence[dict[str, Any]], rows: Sequence[dict[str, Any]]
) -> str | None:
    """In what an environment differs from main and from its own releases; None when in nothing."""
    functions = [(row["function"], said) for row in rows if (said := _drifted(row))]
    if not terraform and not functions:
        return None
    why = (
        f"{environment} is not what main says and releases left there. Either somebody changed it "
        "by hand, or a merge waits for `terraform.yml`."
    )
    parts = [why, _resources(terraform), _table("`$LATEST` is not what is live", functions)]
    return "\n\n".join(part for part in parts if part)


def _resources(terraform: Sequence[dict[str, Any]]) -> str:
    if not terraform:
        return "Terraform would change nothing."
    rows = [
        (f"`{change['address']}`", f"{'/'.join(change['actions'])} {_attributes(change)}".strip())
        for change in terraform[:_MOST]
    ]
    left = len(terraform) - _MOST
    more = f"\n\n… and {left} more." if left > 0 else ""
    return _table(f"Terraform would change {len(terraform)}", rows) + more


def _attributes(change: dict[str, Any]) -> str:
    return f"({', '.join(change['attributes'])})" if change["attributes"] else ""


def _release(row: dict[str, Any]) -> str:
    """What a release would change of a function; empty when nothing."""
    if row["new"]:
        return "new"
    said = []
    if row["image"]:
        before, after = (row["image"][end].removeprefix("sha256:") for end in ("from", "to"))
        said.append(f"image {before[:_DIGITS] or 'by tag'} → {after[:_DIGITS]}")
    return ", ".join([*said, *([_drifted(row)] if _drifted(row) else [])])


def _drifted(row: dict[str, Any]) -> str:
    if row["new"]:
        return f"cannot be read: {row['reason']}"
    return ", ".join(["image"] * bool(row["latest_image_drifted"]) + list(row["settings"]))


def _table(title: str, rows: Sequence[tuple[str, str]]) -> str:
    if not rows:
        return ""
    lines = "\n".join(f"| {name} | {what} |" for name, what in rows)
    return f"| {title} | |\n| --- | --- |\n{lines}"
