"""What a function has live, and how $LATEST differs from it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fleet.release.told import LATEST

if TYPE_CHECKING:
    from function_kit.releases import Lock, Release

    from fleet.release.told import Alias, Version
    from fleet.release.tools import Tools

_RECENT = 50


@dataclass(frozen=True)
class Standing:
    """How one function stands.

    Attributes:
        live: the version that `live` points at.
        releases: newest first.
        lock: of whoever changes the function now; None when nobody does.
    """

    function: str
    alias: Alias
    live: Version
    latest: Version
    releases: list[Release]
    lock: Lock | None

    @classmethod
    def of(cls, tools: Tools, function: str) -> Standing:
        """Read it from AWS."""
        control = tools.control(function)
        alias, latest = control.alias(), control.version(LATEST)
        live = latest if alias.version == LATEST else control.version(alias.version)
        releases = tools.history.of(function, limit=_RECENT)
        lock = tools.locks.read(function)
        return cls(
            function, alias, live, latest, releases, None if tools.locks.is_free(lock) else lock
        )

    @property
    def tag(self) -> str:
        """What the live version was released as; empty when the history does not know."""
        made = (r.tag for r in self.releases if r.version == self.alias.version and r.tag)
        return next(made, "")

    @property
    def open_release(self) -> Release | None:
        """A release or rollback that is under way, or was killed."""
        return next((r for r in self.releases if r.state == "started"), None)

    @property
    def drifted_image(self) -> bool:
        """Whether $LATEST has another image than what is live."""
        return self.live.image != self.latest.image

    @property
    def drifted_settings(self) -> list[str]:
        """Names of the settings in which $LATEST differs from what is live; never their values."""
        return different(json.loads(self.live.configuration), json.loads(self.latest.configuration))

    def to_dict(self) -> dict[str, Any]:
        """For machines."""
        newest, opened = next(iter(self.releases), None), self.open_release
        return {
            "function": self.function,
            "live_version": self.alias.version,
            "weights": self.alias.weights,
            "tag": self.tag,
            "digest": self.live.digest,
            "latest_differs": self.drifted_image or bool(self.drifted_settings),
            "drift": {"image": self.drifted_image, "settings": self.drifted_settings},
            "last_release": newest
            and {"kind": newest.kind, "state": newest.state, "at": newest.started_at},
            "open_release": opened
            and {
                "kind": opened.kind,
                "tag": opened.tag,
                "by": opened.actor,
                "since": opened.started_at,
                "under_way": self.lock is not None,
            },
            "locked_by": self.lock and {"holder": self.lock.holder, "since": self.lock.since},
        }


def different(before: Any, after: Any, path: str = "") -> list[str]:
    """Paths at which two trees of settings differ, such as Environment.Variables.LOG_LEVEL."""
    if before == after:
        return []
    if not (isinstance(before, dict) and isinstance(after, dict)):
        return [path]
    found: list[str] = []
    for key in sorted({*before, *after}):
        found += different(before.get(key), after.get(key), f"{path}.{key}".lstrip("."))
    return found
