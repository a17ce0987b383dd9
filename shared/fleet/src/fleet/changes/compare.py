"""Functions whose image or configuration differs from another commit's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fleet.changes import configuration, images
from fleet.changes.tree import Tree

if TYPE_CHECKING:
    from fleet.project import Project

_MOST_REASONS = 5


@dataclass(frozen=True)
class Change:
    """A function that differs.

    Attributes:
        because: what differs, for people.
    """

    function: str
    image: bool
    configuration: bool
    because: tuple[str, ...]


def compare(project: Project, base: str) -> list[Change]:
    """The functions of this checkout that differ from a commit's; new ones differ wholly.

    Raises:
        FleetError: git does not know the commit (USAGE).
    """
    before, after = _comparable(Tree.at(project.root, base), Tree.now(project.root))
    # Terraform counts the folders under images/ itself.
    same_terraform = before.under("terraform") == after.under("terraform") and (
        configuration.folders(before) == configuration.folders(after)
    )
    changes = [_one(before, after, name, same_terraform) for name in project.functions]
    return [change for change in changes if change.image or change.configuration]


def changed_functions(project: Project, base: str) -> tuple[str, ...]:
    """The names of the functions that differ from a commit's."""
    return tuple(change.function for change in compare(project, base))


def _comparable(before: Tree, after: Tree) -> tuple[Tree, Tree]:
    """Both without the environments that only one has: they change nothing in the others."""
    alone = {p for p in before.files.keys() ^ after.files.keys() if p.endswith(".tfvars")}
    return before.without(alone), after.without(alone)


def _one(before: Tree, after: Tree, function: str, same_terraform: bool) -> Change:
    old, new = images.inputs(before, function), images.inputs(after, function)
    image = _different(old, new)
    settings = []
    if not same_terraform:
        settings = _different(
            configuration.inputs(before, function), configuration.inputs(after, function)
        )
    return Change(function, bool(image), bool(settings), tuple(image + settings[:_MOST_REASONS]))


def _different(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    return sorted(k for k in {*before, *after} if before.get(k) != after.get(k))
