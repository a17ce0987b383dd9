"""Deleting old versions: never one that somebody may still need."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from function_kit import releases as past

from fleet.release.heartbeat import Held
from fleet.release.lock import held
from fleet.release.told import ALIAS, LATEST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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
        FleetError: a release or rollback of it is under way, or begins meanwhile (REFUSED).
    """
    if dry_run:
        lock = tools.locks.read(function)
        if not tools.locks.is_free(lock):
            raise held(lock)
        return _sort_out(tools, function, keep, lambda _: None)
    # A release that began now could lose the version that it publishes: it has to wait.
    locked = Held(tools.locks, tools.runner, [tools.locks.take(function, tools.holder, "deploy")])
    with locked.kept():

        def delete(number: str) -> str | None:
            locked.confirm(function)
            return _delete(tools, function, number)

        return _sort_out(tools, function, keep, delete)


def _sort_out(
    tools: Tools, function: str, keep: int, delete: Callable[[str], str | None]
) -> Pruned:
    """Delete what nobody needs; `delete` says why it could not."""
    result = Pruned(function)
    needed = _needed(tools, function, keep)
    for number in _versions(tools, function):
        if number in needed:
            result.kept[number] = needed[number]
        elif reason := delete(number):
            result.refused[number] = reason
        else:
            result.deleted.append(number)
    return result


def _needed(tools: Tools, function: str, keep: int) -> dict[str, str]:
    """Versions that must stay, with the reason; an alias is the strongest."""
    releases = tools.history.of(function, limit=_RELEASES)
    aliases = list(_aliases(tools, function))
    live = next((each["FunctionVersion"] for each in aliases if each["Name"] == ALIAS), LATEST)
    needed = dict.fromkeys(_window(releases, live, keep), f"one of the last {keep} releases")
    for release in releases:
        if release.state == "started":
            for number in filter(None, (release.version, release.previous_version)):
                needed[number] = f"the {release.kind} of {release.tag[:12]} is not over"
    for alias in aliases:
        for number in (alias["FunctionVersion"], *_weights(alias)):
            needed[number] = f"the alias {alias['Name']} points at it"
    return needed


def _window(releases: list[Release], live: str, keep: int) -> list[str]:
    """The versions that so many rollbacks in a row would go to, from the one that is live."""
    if past.made_live(releases, live) is None:
        # Somebody moved `live` by hand: any of the last good releases may be wanted.
        good = [r.version for r in releases if r.kind == "deploy" and r.state == "succeeded"]
        return list(dict.fromkeys(good))[: keep + 1]
    numbers: list[str] = []
    while len(numbers) < keep and (before := past.previous(releases, live)):
        live = before.version
        numbers.append(live)
    return numbers


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


def _delete(tools: Tools, function: str, number: str) -> str | None:
    """Delete a version; what Lambda said when it would not."""
    name = tools.environment.function_name(function)
    try:
        tools.api.call("delete_function", FunctionName=name, Qualifier=number)
    except ClientError as error:
        code, message = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
        return None if code == "ResourceNotFoundException" else f"{code}: {message}"
    return None
