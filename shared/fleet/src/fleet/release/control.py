"""The part of the Lambda control plane that a release touches."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from fleet.errors import ExitCode, FleetError
from fleet.release.told import ALIAS, LATEST, Alias, Answer, Version, alias_of, decoded, version_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from fleet.environments import Environment
    from fleet.release.api import LambdaApi
    from fleet.release.runner import Runner

# A read may answer with what was true this long ago; AWS names no figure, seconds are usual.
CONSISTENCY_SECONDS: Final = 5.0
_READ_AGAIN_SECONDS = 0.5
_ATTEMPTS = 1 + int(CONSISTENCY_SECONDS / _READ_AGAIN_SECONDS)
_STALE = "PreconditionFailedException"
_POLL_SECONDS = 0.1
_POLL_GROWTH = 1.5
_POLL_MAX_SECONDS = 5.0
_NOT_READY = frozenset({"ResourceNotReadyException", "ResourceConflictException"})


class FunctionControl:
    """One function's control plane.

    Reads may be a little old, and an answer may get lost on its way: every write says what
    it expects to find, and what it finds tells a lost answer from somebody else's change.
    """

    def __init__(
        self,
        environment: Environment,
        function: str,
        api: LambdaApi,
        runner: Runner,
        *,
        confirm: Callable[[], object] = lambda: None,
        wait_seconds: float = 300,
    ) -> None:
        """Prepare calls.

        Args:
            environment: where it is.
            function: its folder's name.
            api: Lambda's.
            runner: waits.
            confirm: raises when this command may not change the function any more; asked when
                a write was refused, before it is tried again.
            wait_seconds: how long an update may take.
        """
        self.function = function
        self.name = environment.function_name(function)
        self._environment = environment
        self._api = api
        self._runner = runner
        self._confirm = confirm
        self._wait_seconds = wait_seconds

    def version(self, qualifier: str) -> Version:
        """Describe a version; `$LATEST` is the one that Terraform configures."""
        try:
            answer = self._api.call("get_function", FunctionName=self.name, Qualifier=qualifier)
        except ClientError as error:
            if _code(error) != "ResourceNotFoundException":
                raise
            raise self._not_found(qualifier) from error
        return version_of(answer["Configuration"], answer.get("Code", {}))

    def _not_found(self, qualifier: str) -> FleetError:
        if qualifier == LATEST:
            return FleetError(
                f"the function {self.name} does not exist",
                f"run `make bootstrap ENV={self._environment.name}`",
            )
        return FleetError(
            f"{self.name} has no version {qualifier}",
            f"`fleet history --function {self.function}` lists the versions",
        )

    def alias(self) -> Alias:
        """Where `live` points now."""
        try:
            answer = self._api.call("get_alias", FunctionName=self.name, Name=ALIAS)
        except ClientError as error:
            if _code(error) != "ResourceNotFoundException":
                raise
            raise FleetError(
                f"{self.name} has no alias {ALIAS}",
                f"run `make bootstrap ENV={self._environment.name}`: Terraform makes it",
            ) from error
        return alias_of(answer)

    def update_image(self, uri: str, *, again: bool = False) -> Version:
        """Give $LATEST an image, wait until Lambda has taken it, and return it.

        Args:
            uri: by digest.
            again: write it in any case: even where a read, which may be old, shows it already,
                and over whatever image somebody else has given it.

        Raises:
            FleetError: Lambda could not take it, or somebody else changes it too (REFUSED).
        """
        # An update that failed before is no obstacle: this one replaces it.
        before = self._wait_settled(LATEST)
        if before.image == uri and not before.failed and not again:
            return before
        answer = self._update_code(uri, before, None if again else {before.image, uri})
        latest = self._wait_for(LATEST, lambda v: v.settled and _has_taken(v, uri, answer, before))
        if latest.failed:
            raise FleetError(
                f"Lambda could not update {self.name}: {latest.reason or 'no reason given'}",
                "mend the reason, then release again",
            )
        return latest

    def _update_code(self, uri: str, before: Version, ours: set[str] | None) -> dict[str, Any]:
        """Update by digest, unless somebody else has given $LATEST another image meanwhile.

        Only an answer says that an update was taken: a read may be older than the one before
        it. After a lost answer the same update is made once more, which changes nothing.
        """
        expected = before
        for _ in range(_ATTEMPTS):
            # After the read: whoever takes over from here on changes the revision that it shows.
            self._confirm()
            try:
                if ours is None or expected.image in ours:
                    return self._api.call(
                        "update_function_code",
                        FunctionName=self.name,
                        ImageUri=uri,
                        Publish=False,
                        RevisionId=expected.revision,
                    )
            except ClientError as error:
                if _code(error) not in {_STALE, *_NOT_READY}:
                    raise self._refused(error) from error
            self._runner.sleep(_READ_AGAIN_SECONDS)
            expected = self._wait_settled(LATEST)
        raise self.changed_by_others(LATEST)

    def _refused(self, error: ClientError) -> FleetError:
        message = error.response["Error"].get("Message", "")
        return FleetError(
            f"Lambda refused to update {self.name}: {_code(error)}: {message}",
            "mend the reason, then release again",
        )

    def changed_by_others(self, what: str) -> FleetError:
        """The error that says so; nothing of theirs is touched."""
        return FleetError(
            f"somebody else changed {what} of {self.name} during this release",
            f"look at `fleet history --env {self._environment.name}`, then run it again",
            ExitCode.REFUSED,
        )

    def wait_active(self, qualifier: str) -> Version:
        """Wait until a version can be invoked; wake one that Lambda has put to sleep.

        Raises:
            FleetError: Lambda could not make it, and said why.
        """
        found = self._wait_settled(qualifier)
        if found.state == "Inactive":
            self._wake(qualifier)
            found = self._wait_for(qualifier, lambda v: v.settled and v.state != "Inactive")
        if found.failed:
            raise FleetError(
                f"Lambda could not prepare version {qualifier} of {self.name}: "
                f"{found.reason or 'no reason given'}",
                "mend the reason, then release again",
            )
        return found

    def _wake(self, qualifier: str) -> None:
        """Invoke it once: Lambda refuses that, and begins to prepare it."""
        try:
            self._api.call(
                "invoke", FunctionName=self.name, Qualifier=qualifier, Payload=b'{"test": true}'
            )
        except ClientError as error:
            if _code(error) not in _NOT_READY:
                raise

    def _wait_settled(self, qualifier: str) -> Version:
        return self._wait_for(qualifier, lambda version: version.settled)

    def _wait_for(self, qualifier: str, enough: Callable[[Version], bool]) -> Version:
        deadline = self._runner.now() + self._wait_seconds
        known_by = self._runner.now() + CONSISTENCY_SECONDS
        pause = _POLL_SECONDS
        while self._runner.now() < deadline:
            try:
                if enough(version := self.version(qualifier)):
                    return version
            except FleetError:
                # A version that was just made may not be known everywhere yet.
                if qualifier == LATEST or self._runner.now() > known_by:
                    raise
            self._runner.sleep(pause)
            pause = min(pause * _POLL_GROWTH, _POLL_MAX_SECONDS)
        raise FleetError(
            f"{self.name} is still updating after {self._wait_seconds:.0f} s",
            "look at it in AWS, then run it again",
        )

    def publish(self, description: str) -> Version:
        """Publish $LATEST. When nothing has changed Lambda returns the last version."""
        deadline = self._runner.now() + self._wait_seconds
        while True:
            try:
                answer = self._api.call(
                    "publish_version", FunctionName=self.name, Description=description
                )
                break
            except ClientError as error:
                # Somebody's configuration update is on its way.
                if _code(error) not in _NOT_READY or self._runner.now() > deadline:
                    raise
            self._runner.sleep(_READ_AGAIN_SECONDS)
        # A new version of an image is Pending for a while, and cannot be invoked until then.
        return self.wait_active(answer["Version"])

    def invoke(self, qualifier: str, event: Any) -> Answer:
        """Invoke one version and wait for its answer."""
        began = time.perf_counter()
        answer = self._api.call(
            "invoke",
            FunctionName=self.name,
            Qualifier=qualifier,
            Payload=json.dumps(event).encode(),
        )
        body = answer["Payload"].read()
        took = (time.perf_counter() - began) * 1000
        return Answer(decoded(body), answer.get("FunctionError"), took)

    def set_traffic(
        self,
        expected: Alias,
        version: str,
        weights: dict[str, float],
        ours: tuple[Alias, ...] | None = (),
    ) -> Alias:
        """Point `live` at a version, and share some of it with another.

        Args:
            expected: how this command knows `live` to be.
            version: what gets the rest of the traffic.
            weights: version to share, 0 to 1; empty for none.
            ours: other states that only this command can have made, by a call whose answer
                never came; None when any state may be replaced.

        Raises:
            FleetError: somebody else has moved it (REFUSED); it stays as they left it.
        """
        wanted = Alias(version, "", weights)
        acceptable = {alias.traffic for alias in (expected, wanted, *(ours or ()))}
        for _ in range(_ATTEMPTS):
            try:
                # Only an answer says that it was taken: a read may be older than the one before
                # it. After a lost answer the same is written once more, which changes nothing.
                if ours is None or expected.traffic in acceptable:
                    return self._update_alias(expected, wanted)
            except ClientError as error:
                if _code(error) != _STALE:
                    raise
            self._runner.sleep(_READ_AGAIN_SECONDS)
            expected = self.alias()
            # After the read: whoever takes over from here on changes the revision that it shows.
            self._confirm()
        raise self.changed_by_others(ALIAS)

    def end_sharing(self) -> Alias:
        """Give all traffic to the version that has the rest of it, whoever chose that last.

        Written even where nothing changes: a new revision refuses what is still on its way. And
        only a read that was not old is followed by a write that is taken: an old one would bring
        back a version that was moved away from.

        Raises:
            FleetError: it keeps changing (REFUSED).
        """
        for _ in range(_ATTEMPTS):
            found = self.alias()
            # After the read: whoever takes over from here on changes the revision that it shows.
            self._confirm()
            try:
                return self._update_alias(found, Alias(found.version, ""))
            except ClientError as error:
                if _code(error) != _STALE:
                    raise
            self._runner.sleep(_READ_AGAIN_SECONDS)
        raise self.changed_by_others(ALIAS)

    def _update_alias(self, expected: Alias, wanted: Alias) -> Alias:
        # Version and weights always together: alone, the other would stay from before.
        answer = self._api.call(
            "update_alias",
            FunctionName=self.name,
            Name=ALIAS,
            FunctionVersion=wanted.version,
            RoutingConfig={"AdditionalVersionWeights": wanted.weights},
            RevisionId=expected.revision,
        )
        return alias_of(answer)

    def has_provisioned_concurrency(self) -> bool:
        """Whether `live` keeps instances ready; Lambda then refuses weights."""
        try:
            self._api.call(
                "get_provisioned_concurrency_config", FunctionName=self.name, Qualifier=ALIAS
            )
        except ClientError as error:
            if _code(error) in {
                "ProvisionedConcurrencyConfigNotFoundException",
                "ResourceNotFoundException",
            }:
                return False
            raise
        return True


def _has_taken(version: Version, uri: str, answer: dict[str, Any], before: Version) -> bool:
    """Whether a read is of after the update, and not what was true before it."""
    if version.modified < answer.get("LastModified", ""):
        return False
    if version.image == uri and not version.failed:
        return True
    # A failed update leaves the image as it was: only its revision tells that it is news.
    return version.failed and version.revision != before.revision


def _code(error: ClientError) -> str:
    return str(error.response["Error"]["Code"])
