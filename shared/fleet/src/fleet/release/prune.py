"""Deleting old versions: never one that somebody may still need."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from fleet.release.control import LATEST
from fleet.release.lock import held

if TYPE_CHECKING:
    from collections.abc import Iterator

    from function_kit.releases import Release

    from fleet.release.tools import Tools

# The history that a version's use is looked up in.
_RELEASES = 500


@dataclass
class Pruned:
    """What became of a function's versions.

    Attributes:
        kept: version and why.
        refused: version and what Lambda said.
    """

    function: str
    deleted: list[str] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)


def prune(tools: Tools, function: str, keep: int, *, dry_run: bool = False) -> Pruned:
    """Delete a function's versions, except those that an alias, a rollback or a release needs.

    Args:
        tools: what releases work with.
        function: its folder's name.
        keep: how many releases a rollback must be able to reach, the live one not counted.
        dry_run: only say what would be deleted.

    Raises:
        FleetError: a release or rollback of it is under way (REFUSED).
    """
    lock = tools.locks.read(function)
    if not tools.locks.is_free(lock):
        raise held(lock)
    result = Pruned(function)
    needed = _needed(tools, function, keep)
    for number in _versions(tools, function):
        if number in needed:
            result.kept[number] = needed[number]
        elif dry_run or _delete(tools, function, number, result):
            result.deleted.append(number)
    return result


def _needed(tools: Tools, function: str, keep: int) -> dict[str, str]:
    """Versions that must stay, with the reason; an alias is the strongest."""
    releases = tools.history.of(function, limit=_RELEASES)
    needed = _window(releases, keep)
    for release in releases:
        if release.state == "started":
            for number in filter(None, (release.version, release.previous_version)):
                needed[number] = f"the {release.kind} of {release.tag[:12]} is not over"
    for alias in _aliases(tools, function):
        for number in (alias["FunctionVersion"], *_weights(alias)):
            needed[number] = f"the alias {alias['Name']} points at it"
    return needed


def _window(releases: list[Release], keep: int) -> dict[str, str]:
    """The versions of the last good releases, newest first; one that was released twice is one."""
    good = [r for r in releases if r.kind == "deploy" and r.state == "succeeded"]
    numbers = dict.fromkeys(release.version for release in good)
    # One more than the window: the newest is what is live, as a rule.
    return dict.fromkeys(list(numbers)[: keep + 1], f"one of the last {keep} releases")


def _weights(alias: dict[str, Any]) -> dict[str, float]:
    found: dict[str, float] = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights", {})
    return found


def _aliases(tools: Tools, function: str) -> Iterator[dict[str, Any]]:
    yield from _paged(tools, "list_aliases", "Aliases", function)


def _versions(tools: Tools, function: str) -> list[str]:
    found = _paged(tools, "list_versions_by_function", "Versions", function)
    return [entry["Version"] for entry in found if entry["Version"] != LATEST]


def _paged(tools: Tools, operation: str, of: str, function: str) -> Iterator[dict[str, Any]]:
    name = tools.environment.function_name(function)
    marker: dict[str, str] = {}
    while True:
        page = tools.api.call(operation, FunctionName=name, **marker)
        yield from page[of]
        if not page.get("NextMarker"):
            return
        marker = {"Marker": page["NextMarker"]}


def _delete(tools: Tools, function: str, number: str, result: Pruned) -> bool:
    try:
        tools.api.call(
            "delete_function",
            FunctionName=tools.environment.function_name(function),
            Qualifier=number,
        )
    except ClientError as error:
        code, message = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
        if code == "ResourceNotFoundException":
            return True
        result.refused[number] = f"{code}: {message}"
        return False
    return True
