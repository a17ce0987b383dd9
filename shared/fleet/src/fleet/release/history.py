"""The history of releases: intent before the first change, outcome after the last."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from function_kit import releases

from fleet.release.lock import lost, no_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from function_kit.releases import Lock, Release, State

    from fleet.environments import Environment
    from fleet.release.runner import Runner

_REFUSED = frozenset({"ConditionalCheckFailedException", "TransactionCanceledException"})


class History:
    """The releases table of one environment."""

    def __init__(self, environment: Environment, client: Any, runner: Runner) -> None:
        self._table = environment.history_table
        self._environment = environment
        self._client = client
        self._runner = runner

    def of(self, function: str, limit: int = 50) -> list[Release]:
        """A function's releases, newest first."""
        try:
            answer = self._client.query(**releases.newest(self._table, function, limit))
        except ClientError as error:
            raise self._explained(error) from error
        return [releases.decode_release(item) for item in answer["Items"]]

    def identify(self) -> tuple[str, str]:
        """An id for a release that begins now, and the time it bears."""
        now = datetime.fromtimestamp(self._runner.now(), UTC)
        return f"{now:%Y%m%dT%H%M%S.%f}Z-{secrets.token_hex(3)}", now.isoformat(
            timespec="milliseconds"
        )

    def begin(self, release: Release, lock: Lock, closing: Sequence[Release] = ()) -> Release:
        """Write an intent, under the lock that allows it.

        Args:
            release: the intent.
            lock: of its function.
            closing: releases that it takes over from, with the state that they end in.

        Raises:
            FleetError: the lock is somebody else's by now, or one of those has ended (REFUSED).
        """
        begun = replace(release, run_id=lock.run_id, token=lock.token)
        parameters = releases.begin(self._table, begun, lock, closing)
        self._write("transact_write_items", parameters, begun)
        return begun

    def claim(self, release: Release, lock: Lock) -> Release:
        """Take an open release over: whoever began it, and only slept, can write it no more.

        Raises:
            FleetError: it has ended by itself, or another command has taken it over (REFUSED).
        """
        claimed = replace(release, token=lock.token)
        parameters = releases.save(self._table, claimed, release.token)
        self._write("put_item", parameters, claimed)
        return claimed

    def save(self, release: Release) -> Release:
        """Write a release as it stands.

        Raises:
            FleetError: another command has closed it (REFUSED).
        """
        self._write("put_item", releases.save(self._table, release), release)
        return release

    def finish(self, release: Release, state: State, **changes: Any) -> Release:
        """Write a release's outcome."""
        now = datetime.fromtimestamp(self._runner.now(), UTC).isoformat(timespec="milliseconds")
        return self.save(replace(release, state=state, finished_at=now, **changes))

    def _write(self, operation: str, parameters: dict[str, Any], release: Release) -> None:
        try:
            getattr(self._client, operation)(**parameters)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _REFUSED:
                raise self._explained(error) from error
            # An answer may get lost after the write: then the item is what it was to become.
            if self._item(release) != releases.encode(release):
                raise lost(release.function) from error

    def _item(self, release: Release) -> dict[str, Any]:
        answer = self._client.get_item(
            TableName=self._table,
            Key=releases.key(release.function, release.release_id),
            ConsistentRead=True,
        )
        item: dict[str, Any] = answer.get("Item", {})
        return item

    def _explained(self, error: ClientError) -> Exception:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return no_table(self._environment)
        return error  # type: ignore[no-any-return]
