"""Where a rollback goes, and whether that can be gone to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from function_kit import releases as past

from fleet.errors import ExitCode, FleetError
from fleet.release import smoke
from fleet.release.told import LATEST

if TYPE_CHECKING:
    from collections.abc import Iterable

    from function_kit.releases import Release

    from fleet.release.control import FunctionControl
    from fleet.release.told import Alias, Version
    from fleet.release.tools import Tools

# As short as Git shows a commit; what is shorter may be a word.
_SHORTEST_TAG: Final = 7


@dataclass(frozen=True)
class Wish:
    """Where the operator wants to go: a tag (or its beginning), a version, or to what was live."""

    tag: str = ""
    version: str = ""


@dataclass(frozen=True)
class Target:
    """Where a rollback goes.

    Attributes:
        digest: the image that the version had when it was released; empty when unknown.
        has_passed: whether the history holds that it passed its smoke event.
    """

    version: str
    tag: str
    digest: str
    has_passed: bool


def find(tools: Tools, function: str, releases: list[Release], alias: Alias, wish: Wish) -> Target:
    """The target of a rollback, by the history; never the next lower number.

    Raises:
        FleetError: there is no such release (PREFLIGHT), or no such version (USAGE).
    """
    if wish.version:
        return _by_version(function, releases, wish.version)
    if wish.tag:
        return _by_tag(tools, function, releases, wish.tag)
    opened = next((r for r in releases if r.state == "started"), None)
    found = _of_open(releases, opened) if opened else _of(past.previous(releases, alias.version))
    if found is None:
        raise FleetError(
            f"{function} has no earlier release to roll back to",
            "release a good tag, or name one with --to-tag or --to-version",
        )
    return found


def check(tools: Tools, control: FunctionControl, target: Target) -> Version:
    """Refuse before anything changes; wake a version that Lambda has put to sleep.

    Raises:
        FleetError: the version or its image is gone, is another one by now, or never passed.
    """
    version = control.version(target.version)
    if target.digest and version.digest and version.digest != target.digest:
        raise FleetError(
            f"version {version.number} of {control.name} is not what was released as "
            f"{target.tag or target.digest}: the function was replaced, and its versions count "
            "from 1 again",
            f"release the tag instead: `fleet release --function {control.function} "
            f"--tag {target.tag or '<tag>'}`",
        )
    if version.digest and not tools.registry.has_digest(control.function, version.digest):
        raise FleetError(
            f"the image of version {version.number} is no longer in the registry "
            f"({version.digest})",
            "push it again from its commit, or roll back to another release",
        )
    if not version.settled or version.state == "Inactive" or version.failed:
        version = control.wait_active(version.number)
    if not target.has_passed:
        _require_smoke(tools, control, version)
    return version


def _require_smoke(tools: Tools, control: FunctionControl, version: Version) -> None:
    sample = tools.project.smoke(control.function)
    reason = smoke.verdict(control.invoke(version.number, sample.event), sample)
    if reason:
        raise FleetError(
            f"version {version.number} was never released and fails its smoke event: {reason}",
            "roll back to a release that `fleet history` shows as succeeded",
        )


def _of(release: Release | None) -> Target | None:
    if release is None:
        return None
    return Target(release.version, release.tag, release.digest, has_passed=True)


def _of_open(releases: list[Release], opened: Release) -> Target | None:
    """What was live before a release that is under way, or where a killed rollback went."""
    if opened.kind == "rollback":
        return _of(opened)
    if opened.previous_version == LATEST:
        return None
    made = past.made_live(releases, opened.previous_version)
    tag = made.tag if made else ""
    return Target(opened.previous_version, tag, opened.previous_digest, has_passed=True)


def _by_version(function: str, releases: list[Release], number: str) -> Target:
    if not number.isdigit():
        raise FleetError(
            f"{number} is not a version",
            f"give a number that `fleet history --function {function}` shows",
            ExitCode.USAGE,
        )
    found = _of(past.made_live(releases, number))
    return found or Target(number, "", "", has_passed=False)


def _by_tag(tools: Tools, function: str, releases: list[Release], tag: str) -> Target:
    found = past.by_tag(releases, tag)
    if found is None and tools.registry.has_tag(function, tag):
        # A commit that did not change the function has an earlier one's image, and its
        # release had nothing to do.
        found = past.by_digest(releases, tools.registry.image(function, tag).digest)
    known = dict.fromkeys(r.tag for r in releases if r.state == "succeeded" and r.tag)
    if found is None and (whole := _completed(function, tag, known)):
        tag, found = whole, past.by_tag(releases, whole)
    if found is None:
        raise FleetError(
            f"{function} was never released with the tag {tag}",
            f"use one of {', '.join(known) or '(none yet)'}, or release it: "
            f"`fleet release --function {function} --tag {tag}`",
        )
    return Target(found.version, tag, found.digest, has_passed=True)


def _completed(function: str, beginning: str, known: Iterable[str]) -> str:
    """The one tag that begins like this, as `fleet status` and `history` show tags; or nothing.

    Raises:
        FleetError: several do (USAGE).
    """
    if len(beginning) < _SHORTEST_TAG:
        return ""
    found = [tag for tag in known if tag.startswith(beginning)]
    if len(found) > 1:
        raise FleetError(
            f"{function} has several releases whose tag begins with {beginning}",
            f"give one of {', '.join(found)}",
            ExitCode.USAGE,
        )
    return found[0] if found else ""
