"""The changes of one rollback: `live` first, in one call, then $LATEST.

Each finds out whether it was made before, so that a rollback that died half way is gone on with
by doing all of it again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from function_kit.aws_errors import AwsError

from release_guard.functions import BUSY, LATEST, OUTDATED
from release_guard.history import TakenOver

if TYPE_CHECKING:
    from function_kit.releases import Lock, Release

    from release_guard.functions import Alias, Version
    from release_guard.patience import Patience
    from release_guard.services import Services

CONSISTENCY: Final = 5.0
"""Seconds for which a read of Lambda's may answer with what was; AWS names no figure."""


class Impossible(Exception):  # noqa: N818 - what was found, not what went wrong
    """The rollback cannot be done, and another attempt would not change that; says why."""


class NotSettled(Exception):  # noqa: N818 - the same
    """Lambda was still at work when the invocation's time was up; another attempt goes on."""


class Rollback:
    """Brings one function back."""

    def __init__(
        self, services: Services, function: str, patience: Patience, lock: Lock | None = None
    ) -> None:
        """Prepare; nothing is called yet. Without its lock, a function can only be looked at."""
        self._functions = services.functions
        self._history = services.history
        self._images = services.images
        self._function = function
        self._patience = patience
        self._lock = lock

    def candidate(self, target: Release) -> Version:
        """The version to go back to.

        Raises:
            Impossible: It or its image is gone, or it is not what was released.
        """
        version = self._functions.version(self._function, target.version, self._patience)
        if version is None:
            raise Impossible(f"version {target.version} is gone")
        if version.digest != target.digest:
            raise Impossible(
                f"version {target.version} is not the image that was released as "
                f"{target.tag or target.digest}: the function was replaced since"
            )
        if not self._images.has(version.image):
            raise Impossible(
                f"the image of version {target.version} is no longer in the registry "
                f"({target.digest})"
            )
        return version

    def ready(self, target: Release) -> Version:
        """The version to go back to, when it can be invoked; a sleeping one is woken.

        Raises:
            Impossible: As for `candidate`, or Lambda cannot make it run.
            NotSettled: It takes Lambda longer than there is time.
        """
        version = self.candidate(target)
        for _ in self._patience.attempts():
            if version.state == "Active":
                return version
            if version.state == "Failed":
                raise Impossible(f"Lambda cannot run version {target.version}: {version.reason}")
            if version.state == "Inactive":
                self._functions.wake(self._function, target.version)
            version = self.candidate(target)
        raise NotSettled(f"version {target.version} is still {version.state}")

    def move(self, bad: Release, target: Release) -> None:
        """Give the target all traffic, if the bad release still has it, or some of it.

        Raises:
            Impossible: Somebody else has moved `live`.
            TakenOver: The lock ran out.
        """
        for _ in self._patience.attempts(CONSISTENCY):
            alias = self._functions.alias(self._function, self._patience)
            # At the target it may have been moved before; or this is a read of before the bad
            # release. Moving it once more tells: an old read's revision is refused. Both share
            # the traffic when the bad release was killed in between.
            if not {alias.version, *alias.weights} <= {bad.version, target.version}:
                continue  # somebody else's change, or an even older read
            self._require_lock()
            try:
                self._functions.move(self._function, alias, target.version, self._patience)
            except AwsError as error:
                if error.code != OUTDATED:
                    raise
            else:
                return
        raise Impossible("somebody else has moved live meanwhile")

    def restore_latest(self, version: Version) -> None:
        """Give $LATEST the image too, or the next configuration release brings the bad one back.

        Raises:
            Impossible: Lambda cannot take the image.
            NotSettled: It takes Lambda longer than there is time.
            TakenOver: The lock ran out.
        """
        before: str | None = None  # the revision that the update was made of
        for _ in self._patience.attempts():
            latest = self._functions.version(self._function, LATEST, self._patience)
            if latest is None:
                raise Impossible("the function is gone")
            if latest.update == "InProgress" or latest.state == "Pending":
                continue
            if latest.update == "Failed" and before not in {None, latest.revision}:
                raise Impossible(f"Lambda could not give $LATEST the image: {latest.reason}")
            if latest.update != "Failed" and latest.digest == version.digest:
                return
            before = self._give(version.image, latest.revision) or before
        raise NotSettled("$LATEST is still being updated")

    def _give(self, image: str, revision: str) -> str | None:
        """Ask for the update; the revision it was made of, None when it was not made."""
        self._require_lock()
        try:
            self._functions.set_image(self._function, image, revision, self._patience)
        except AwsError as error:
            if error.code not in {OUTDATED, BUSY}:
                raise
            return None
        return revision

    def _require_lock(self) -> None:
        if self._lock is None or self._lock.expires_at <= self._history.now():
            raise TakenOver


def is_wholly_at(alias: Alias, version: str) -> bool:
    """Whether a version has all the traffic."""
    return alias.version == version and not alias.weights
