"""The fake control plane and the local AWS, held against each other by the same tests.

What the local AWS cannot do (weighing an alias, RevisionId, rates, delays, versions that are
prepared for a while) is tried on the fake alone: tests/contract/test_world_semantics.py.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError
from function_kit import releases
from function_kit.releases import Lock, Release

from tests.e2e.conftest import Stack
from tests.kit import commits
from tests.kit.world.world import World

pytestmark = pytest.mark.stack


@dataclass(frozen=True)
class Subject:
    """A function with the alias `live` on $LATEST, a second image for it, and a table."""

    aws: Any
    dynamodb: Any
    table: str
    name: str
    images: tuple[str, str]
    wait: Callable[[float], None]

    def settled(self, qualifier: str = "$LATEST") -> dict[str, Any]:
        """Wait until Lambda has made up its mind; the configuration then."""
        for _ in range(100):
            answer = self.aws.get_function(FunctionName=self.name, Qualifier=qualifier)
            found: dict[str, Any] = answer["Configuration"]
            if found.get("LastUpdateStatus") != "InProgress" and found.get("State") != "Pending":
                return found
            self.wait(0.2)
        raise AssertionError("it never settles")

    def update(self, image: str) -> None:
        self.aws.update_function_code(FunctionName=self.name, ImageUri=image)
        self.settled()

    def publish(self) -> str:
        version: str = self.aws.publish_version(FunctionName=self.name)["Version"]
        self.settled(version)
        return version

    def point(self, version: str) -> dict[str, Any]:
        answer: dict[str, Any] = self.aws.update_alias(
            FunctionName=self.name,
            Name="live",
            FunctionVersion=version,
            RoutingConfig={"AdditionalVersionWeights": {}},
        )
        return answer

    def refusal(self, operation: str, **arguments: Any) -> str:
        with pytest.raises(ClientError) as error:
            getattr(self.aws, operation)(FunctionName=self.name, **arguments)
        return str(error.value.response["Error"]["Code"])


@pytest.fixture
def fake() -> Iterator[Subject]:
    with World(["alpha"]) as world:
        world.push("second")
        first, second = (world.registry.image("alpha", tag).uri for tag in ("first", "second"))
        yield Subject(
            aws=world.client("lambda"),
            dynamodb=world.client("dynamodb"),
            table=world.environment.history_table,
            name=world.environment.function_name("alpha"),
            images=(first, second),
            wait=world.simulation.advance,
        )


@pytest.fixture(scope="module")
def second_image(stack: Stack) -> str:
    tag = commits.pushed(stack.place, "\n# For the fake's comparison with the local AWS.\n")
    return stack.place.registry.image(commits.FUNCTION, tag).uri


@pytest.fixture
def local(stack: Stack, second_image: str) -> Iterator[Subject]:
    """A function of its own, of the images and the role of one that is there."""
    aws, place = stack.client("lambda"), stack.place
    name = f"{stack.environment.function_name(commits.FUNCTION)}-{secrets.token_hex(3)}"
    like = aws.get_function(FunctionName=stack.environment.function_name(commits.FUNCTION))
    first = place.registry.image(commits.FUNCTION, stack.tag).uri
    aws.create_function(
        FunctionName=name,
        PackageType="Image",
        Code={"ImageUri": first},
        Role=like["Configuration"]["Role"],
    )
    aws.create_alias(FunctionName=name, Name="live", FunctionVersion="$LATEST")
    table = stack.environment.history_table
    yield Subject(aws, stack.client("dynamodb"), table, name, (first, second_image), time.sleep)
    aws.delete_function(FunctionName=name)


@pytest.fixture(params=["fake", "local"])
def subject(request: pytest.FixtureRequest) -> Subject:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Subject)
    found.settled()
    return found


def test_publishing_what_has_not_changed_publishes_nothing(subject: Subject) -> None:
    version = subject.publish()
    assert version == "1"
    assert subject.publish() == version
    subject.update(subject.images[1])
    assert subject.publish() == "2"


def test_a_version_keeps_its_image(subject: Subject) -> None:
    version = subject.publish()
    subject.update(subject.images[1])
    first = subject.aws.get_function(FunctionName=subject.name, Qualifier=version)
    latest = subject.aws.get_function(FunctionName=subject.name)
    assert first["Code"]["ImageUri"] == subject.images[0]
    assert latest["Code"]["ImageUri"] == subject.images[1]


def test_the_number_of_a_deleted_version_is_not_given_again(subject: Subject) -> None:
    subject.publish()
    subject.update(subject.images[1])
    assert subject.publish() == "2"
    subject.aws.delete_function(FunctionName=subject.name, Qualifier="2")
    assert subject.refusal("get_function", Qualifier="2") == "ResourceNotFoundException"
    subject.update(subject.images[0])
    assert subject.publish() == "3"


def test_moving_an_alias_changes_its_revision(subject: Subject) -> None:
    before = subject.aws.get_alias(FunctionName=subject.name, Name="live")
    after = subject.point(subject.publish())
    assert (before["FunctionVersion"], after["FunctionVersion"]) == ("$LATEST", "1")
    assert after["RevisionId"] != before["RevisionId"]
    seen = subject.aws.get_alias(FunctionName=subject.name, Name="live")
    assert (seen["FunctionVersion"], seen["RevisionId"]) == ("1", after["RevisionId"])


def test_weights_are_kept_until_they_are_taken_away(subject: Subject) -> None:
    old = subject.publish()
    subject.update(subject.images[1])
    new = subject.publish()
    subject.point(old)
    weights = {"AdditionalVersionWeights": {new: 0.1}}
    subject.aws.update_alias(FunctionName=subject.name, Name="live", RoutingConfig=weights)
    seen = subject.aws.get_alias(FunctionName=subject.name, Name="live")
    assert seen["RoutingConfig"]["AdditionalVersionWeights"] == {new: 0.1}
    assert seen["FunctionVersion"] == old
    subject.point(new)
    seen = subject.aws.get_alias(FunctionName=subject.name, Name="live")
    assert not (seen.get("RoutingConfig") or {}).get("AdditionalVersionWeights")


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("get_function", {"Qualifier": "99"}),
        ("get_alias", {"Name": "none"}),
        ("invoke", {"Qualifier": "99", "Payload": b"{}"}),
    ],
)
def test_what_is_not_there_is_said_to_be_that(
    subject: Subject, operation: str, arguments: dict[str, Any]
) -> None:
    assert subject.refusal(operation, **arguments) == "ResourceNotFoundException"


def test_what_the_releases_table_promises(subject: Subject) -> None:
    function = f"made-up-{secrets.token_hex(3)}"
    lock = Lock(function, run_id="ann", kind="deploy", holder="ann", expires_at=1.5, token=1)
    subject.dynamodb.put_item(**releases.take(subject.table, lock, None))
    refused = subject.dynamodb.exceptions.ConditionalCheckFailedException
    with pytest.raises(refused):
        subject.dynamodb.put_item(**releases.take(subject.table, lock, None))
    with pytest.raises(refused):
        stale = Lock(function, run_id="bob", token=7)
        subject.dynamodb.put_item(**releases.take(subject.table, lock, stale))
    read = subject.dynamodb.get_item(
        TableName=subject.table, Key=releases.key(function), ConsistentRead=True
    )
    assert releases.decode_lock(read["Item"]) == lock


def begun(function: str, number: int) -> Release:
    return Release(
        function=function,
        release_id=f"2026010{number}T000000.000000Z-aaaaaa",
        kind="deploy",
        state="started",
        tag=f"tag{number}",
        digest="",
        previous_version="1",
        previous_digest="",
        actor="ann",
        started_at="",
        run_id="ann",
        token=1,
    )


def test_an_intent_is_written_only_under_its_lock(subject: Subject) -> None:
    function = f"made-up-{secrets.token_hex(3)}"
    lock = Lock(function, run_id="ann", token=1)
    first, second = begun(function, 1), begun(function, 2)
    cancelled = subject.dynamodb.exceptions.TransactionCanceledException
    with pytest.raises(cancelled):
        subject.dynamodb.transact_write_items(**releases.begin(subject.table, first, lock))
    subject.dynamodb.put_item(**releases.take(subject.table, lock, None))
    subject.dynamodb.transact_write_items(**releases.begin(subject.table, first, lock))
    closed = Release(**{**vars(first), "state": "interrupted"})
    subject.dynamodb.transact_write_items(
        **releases.begin(subject.table, second, lock, closing=[closed])
    )
    with pytest.raises(cancelled):
        third = begun(function, 3)
        subject.dynamodb.transact_write_items(
            **releases.begin(subject.table, third, lock, closing=[closed])
        )
    found = subject.dynamodb.query(**releases.newest(subject.table, function, 10))
    assert [releases.decode_release(item).state for item in found["Items"]] == [
        "started",
        "interrupted",
    ]
    with pytest.raises(subject.dynamodb.exceptions.ConditionalCheckFailedException):
        subject.dynamodb.put_item(**releases.save(subject.table, first))
