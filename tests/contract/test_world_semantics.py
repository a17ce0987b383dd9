"""What the fake control plane does, by what AWS documents of the real one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.kit.world.world import World

NAME = "fleet-dev-alpha"


@pytest.fixture
def world() -> Iterator[World]:
    with World(["alpha"]) as made:
        made.push("one")
        made.push("two")
        yield made


@pytest.fixture
def lambda_(world: World) -> Any:
    return world.client("lambda")


def code(caught: pytest.ExceptionInfo[ClientError]) -> str:
    return str(caught.value.response["Error"]["Code"])


def settle(world: World) -> None:
    world.simulation.advance(10)


def update(world: World, tag: str, **more: Any) -> dict[str, Any]:
    uri = world.registry.image("alpha", tag).uri
    answer: dict[str, Any] = world.client("lambda").update_function_code(
        FunctionName=NAME, ImageUri=uri, **more
    )
    return answer


def publish(world: World, tag: str) -> str:
    update(world, tag)
    settle(world)
    made = world.client("lambda").publish_version(FunctionName=NAME)["Version"]
    settle(world)
    return str(made)


def weigh(world: World, version: str, weights: dict[str, float]) -> None:
    world.client("lambda").update_alias(
        FunctionName=NAME,
        Name="live",
        FunctionVersion=version,
        RoutingConfig={"AdditionalVersionWeights": weights},
    )


def latest(world: World) -> dict[str, Any]:
    found: dict[str, Any] = world.client("lambda").get_function(FunctionName=NAME)
    return found


# Updates.


def test_an_update_is_in_progress_and_then_successful(world: World) -> None:
    began = update(world, "one")
    assert began["LastUpdateStatus"] == latest(world)["Configuration"]["LastUpdateStatus"]
    assert began["LastUpdateStatus"] == "InProgress"
    settle(world)
    found = latest(world)
    assert found["Configuration"]["LastUpdateStatus"] == "Successful"
    assert found["Configuration"]["RevisionId"] != began["RevisionId"], "settling is a revision"
    assert found["Code"]["ResolvedImageUri"] == world.registry.image("alpha", "one").uri


@pytest.mark.parametrize(
    "call",
    [
        lambda client, uri: client.update_function_code(FunctionName=NAME, ImageUri=uri),
        lambda client, _: client.update_function_configuration(FunctionName=NAME, Timeout=9),
        lambda client, _: client.publish_version(FunctionName=NAME),
    ],
)
def test_nothing_else_begins_while_an_update_is_in_progress(world: World, call: Any) -> None:
    update(world, "one")
    with pytest.raises(ClientError) as caught:
        call(world.client("lambda"), world.registry.image("alpha", "two").uri)
    assert code(caught) == "ResourceConflictException"


def test_a_change_of_an_outdated_revision_is_refused(world: World, lambda_: Any) -> None:
    outdated = latest(world)["Configuration"]["RevisionId"]
    alias = lambda_.get_alias(FunctionName=NAME, Name="live")
    update(world, "one", RevisionId=outdated)
    settle(world)
    with pytest.raises(ClientError) as caught:
        update(world, "two", RevisionId=outdated)
    assert code(caught) == "PreconditionFailedException"
    revision = {"FunctionName": NAME, "Name": "live", "RevisionId": alias["RevisionId"]}
    lambda_.update_alias(**revision, Description="a")
    with pytest.raises(ClientError) as caught:
        lambda_.update_alias(**revision, Description="b")
    assert code(caught) == "PreconditionFailedException"


def test_a_missing_image_is_refused_or_fails_later(world: World) -> None:
    gone = world.registry.image("alpha", "two").uri
    world.registry.delete("alpha", "two")
    before = latest(world)["Code"]
    client = world.client("lambda")
    with pytest.raises(ClientError, match="does not exist") as caught:
        client.update_function_code(FunctionName=NAME, ImageUri=gone)
    assert code(caught) == "InvalidParameterValueException"
    world.lambda_.timing.late_refusal = True
    client.update_function_code(FunctionName=NAME, ImageUri=gone)
    settle(world)
    found = latest(world)
    assert found["Configuration"]["LastUpdateStatus"] == "Failed"
    assert "does not exist" in found["Configuration"]["LastUpdateStatusReason"]
    assert found["Code"] == before


# Versions.


def test_publishing_what_has_not_changed_makes_nothing(world: World, lambda_: Any) -> None:
    assert publish(world, "one") == publish(world, "one") == "1"
    assert publish(world, "two") == "2"
    assert publish(world, "one") == "3", "only the last version counts"
    lambda_.update_function_configuration(FunctionName=NAME, MemorySize=512)
    settle(world)
    assert lambda_.publish_version(FunctionName=NAME)["Version"] == "4"


def test_a_new_version_is_pending_for_a_while(world: World, lambda_: Any) -> None:
    update(world, "one")
    settle(world)
    assert lambda_.publish_version(FunctionName=NAME)["State"] == "Pending"
    with pytest.raises(ClientError, match="Pending") as caught:
        lambda_.invoke(FunctionName=NAME, Qualifier="1")
    assert code(caught) == "ResourceConflictException"
    settle(world)
    assert lambda_.invoke(FunctionName=NAME, Qualifier="1")["ExecutedVersion"] == "1"


def test_a_version_whose_preparation_fails_says_why(world: World, lambda_: Any) -> None:
    world.lambda_.timing.failing_publishes = 1
    number = publish(world, "one")
    found = lambda_.get_function(FunctionName=NAME, Qualifier=number)["Configuration"]
    assert (found["State"], bool(found["StateReason"])) == ("Failed", True)


def test_numbers_are_not_given_twice_until_the_function_is_replaced(
    world: World, lambda_: Any
) -> None:
    publish(world, "one")
    lambda_.delete_function(FunctionName=NAME, Qualifier="1")
    assert publish(world, "two") == "2"
    world.create("alpha", "one")
    assert lambda_.get_alias(FunctionName=NAME, Name="live")["FunctionVersion"] == "$LATEST"
    assert publish(world, "one") == "1"


def test_a_version_that_an_alias_names_is_not_deleted(world: World, lambda_: Any) -> None:
    for tag in ("one", "two"):
        publish(world, tag)
    weigh(world, "1", {"2": 0.1})
    for number in ("1", "2"):
        with pytest.raises(ClientError, match="live") as caught:
            lambda_.delete_function(FunctionName=NAME, Qualifier=number)
        assert code(caught) == "ResourceConflictException"
    weigh(world, "1", {})
    lambda_.delete_function(FunctionName=NAME, Qualifier="2")
    with pytest.raises(lambda_.exceptions.ResourceNotFoundException):
        lambda_.get_function(FunctionName=NAME, Qualifier="2")


def test_an_idle_version_wakes_up_when_it_is_invoked(world: World, lambda_: Any) -> None:
    publish(world, "one")
    world.lambda_.put_to_sleep(NAME, "1")
    with pytest.raises(ClientError) as caught:
        lambda_.invoke(FunctionName=NAME, Qualifier="1")
    assert code(caught) == "ResourceNotReadyException"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 502
    found = lambda_.get_function(FunctionName=NAME, Qualifier="1")["Configuration"]
    assert found["State"] == "Pending"
    settle(world)
    assert lambda_.invoke(FunctionName=NAME, Qualifier="1")["StatusCode"] == 200


# Aliases.


@pytest.mark.parametrize(
    ("version", "weights", "expected"),
    [
        ("1", {"$LATEST": 0.1}, "InvalidParameterValueException"),
        ("$LATEST", {"1": 0.1}, "InvalidParameterValueException"),
        ("1", {"1": 0.1}, "InvalidParameterValueException"),
        ("1", {"2": 0.1, "3": 0.1}, "InvalidParameterValueException"),
        ("1", {"2": 1.5}, "InvalidParameterValueException"),
        ("1", {"9": 0.1}, "ResourceNotFoundException"),
        ("9", {}, "ResourceNotFoundException"),
    ],
)
def test_weights_that_lambda_refuses(
    world: World, version: str, weights: dict[str, float], expected: str
) -> None:
    for tag in ("one", "two", "first"):
        publish(world, tag)
    with pytest.raises(ClientError) as caught:
        weigh(world, version, weights)
    assert code(caught) == expected
    assert world.live("alpha").version == "$LATEST"


def test_versions_of_two_roles_do_not_share_traffic(world: World, lambda_: Any) -> None:
    publish(world, "one")
    lambda_.update_function_configuration(
        FunctionName=NAME, Role="arn:aws:iam::123456789012:role/other"
    )
    settle(world)
    lambda_.publish_version(FunctionName=NAME)
    with pytest.raises(ClientError, match="Role"):
        weigh(world, "1", {"2": 0.5})


def test_provisioned_concurrency_excludes_weights(world: World, lambda_: Any) -> None:
    for tag in ("one", "two"):
        publish(world, tag)
    asked = {"FunctionName": NAME, "Qualifier": "live"}
    with pytest.raises(lambda_.exceptions.ProvisionedConcurrencyConfigNotFoundException):
        lambda_.get_provisioned_concurrency_config(**asked)
    world.function("alpha").provisioned.add("live")
    assert lambda_.get_provisioned_concurrency_config(**asked)["Status"] == "READY"
    with pytest.raises(ClientError, match="Provisioned Concurrency"):
        weigh(world, "1", {"2": 0.1})


def test_weights_stay_until_they_are_replaced(world: World, lambda_: Any) -> None:
    for tag in ("one", "two"):
        publish(world, tag)
    weigh(world, "1", {"2": 0.25})
    lambda_.update_alias(FunctionName=NAME, Name="live", Description="nothing else")
    found = lambda_.get_alias(FunctionName=NAME, Name="live")
    assert found["RoutingConfig"] == {"AdditionalVersionWeights": {"2": 0.25}}
    weigh(world, "2", {})
    assert "RoutingConfig" not in lambda_.get_alias(FunctionName=NAME, Name="live")
