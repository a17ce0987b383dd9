"""The last syncs of each device, in one item of a DynamoDB table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from function_kit.aws_errors import AwsError
from function_kit.logging import get_logger
from function_kit.signed_api import SignedApi

from sync_clock.drift import Sync

if TYPE_CHECKING:
    from function_kit.deadline import Deadline

# Seconds. Each try may wait as long to connect as to be answered, and there is a pause between the
# two: however a table is away, that is known within Lambda's three.
_TIMEOUT: Final = 0.6
_ATTEMPTS: Final = 2
_LONGEST: Final = _ATTEMPTS * 2 * _TIMEOUT + 0.2
KEEP: Final = 32
_KEPT_SECONDS: Final = 90 * 86_400
_PROBE: Final = ".smoke-test"


class Syncs:
    """The table."""

    def __init__(self, table: str) -> None:
        """Keep its name; nothing is sent yet."""
        self._table = table
        self._api = SignedApi("dynamodb", timeout=_TIMEOUT, attempts=_ATTEMPTS)

    def add(self, device: str, sync: Sync, now: float, deadline: Deadline) -> list[Sync]:
        """Keep a sync of a device.

        Told twice, it is there twice; whoever reads takes it for one.

        Args:
            device: Whose.
            sync: The sync.
            now: Unix seconds.
            deadline: The oldest are taken away only if that cannot last beyond it.

        Returns:
            The device's syncs, this one among them, in the order in which they came.

        Raises:
            AwsError: DynamoDB refused or did not answer.
        """
        answer = self._update(
            device,
            "SET syncs = list_append(if_not_exists(syncs, :none), :one), expires_at = :expires",
            {
                ":none": {"L": []},
                ":one": {"L": [_encode(sync)]},
                ":expires": {"N": str(int(now) + _KEPT_SECONDS)},
            },
        )
        syncs = [_decode(each) for each in answer["Attributes"]["syncs"]["L"]]
        if len(syncs) >= 2 * KEEP and deadline.remaining() > _LONGEST:
            self._trim(device, len(syncs) - KEEP)
        return syncs[-KEEP:]

    def check(self) -> None:
        """For smoke tests: see that syncs could be kept.

        Raises:
            AwsError: DynamoDB refused or did not answer.
        """
        self._update(_PROBE, "SET syncs = :none", {":none": {"L": []}})

    def close(self) -> None:
        """Close the connections to DynamoDB."""
        self._api.close()

    def _trim(self, device: str, count: int) -> None:
        """Take the oldest away. Two at once take too many: what is lost is only old.

        Where it fails, the sync itself is kept all the same, and the next one comes by here again.
        """
        paths = ", ".join(f"syncs[{number}]" for number in range(count))
        try:
            self._update(device, f"REMOVE {paths}", None)
        except AwsError as error:
            get_logger().warning("syncs_not_trimmed", code=error.code)

    def _update(self, device: str, expression: str, values: dict[str, Any] | None) -> Any:
        parameters: dict[str, Any] = {
            "TableName": self._table,
            "Key": {"device_id": {"S": device}},
            "UpdateExpression": expression,
            "ReturnValues": "ALL_NEW",
        }
        if values:
            parameters["ExpressionAttributeValues"] = values
        return self._api.call_json("UpdateItem", parameters)


def _encode(sync: Sync) -> dict[str, Any]:
    return {"L": [{"N": f"{value:.6f}"} for value in sync]}


def _decode(value: dict[str, Any]) -> Sync:
    at, offset, delay = (float(number["N"]) for number in value["L"])
    return Sync(at, offset, delay)
