"""The fake control plane against botocore's model of the services, and AWS's rules against it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, ParamValidationError
from botocore.session import Session

from tests.kit.world import behind
from tests.kit.world.faults import Fault
from tests.kit.world.world import World

KIT = Path(behind.__file__).parent
# Answered by every service, and in no service's model.
COMMON = {"AccessDenied", "ValidationError"}


@pytest.fixture
def world() -> Iterator[World]:
    with World(["alpha"]) as world:
        world.push("second")
        yield world


def name(world: World) -> str:
    return world.environment.function_name("alpha")


def settled(world: World) -> None:
    world.simulation.advance(30)


def published(world: World) -> str:
    version: str = world.client("lambda").publish_version(FunctionName=name(world))["Version"]
    settled(world)
    return version


def second_version(world: World) -> str:
    world.client("lambda").update_function_code(
        FunctionName=name(world), ImageUri=world.registry.image("alpha", "second").uri
    )
    settled(world)
    return published(world)


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


@pytest.mark.parametrize(
    ("file", "service"),
    [("lambda_.py", "lambda"), ("dynamodb.py", "dynamodb"), ("cloudwatch.py", "cloudwatch")],
)
def test_every_error_is_one_that_the_service_has(file: str, service: str) -> None:
    model = Session().get_service_model(service)
    used = set(re.findall(r'AwsError\(\s*"(\w+)"', (KIT / file).read_text(encoding="utf-8")))
    assert used
    assert used - COMMON <= set(model.shape_names)


def test_parameters_are_checked_by_botocore(world: World) -> None:
    with pytest.raises(ParamValidationError):
        world.client("lambda").update_alias(FunctionName=name(world), Nmae="live")


def test_an_answer_that_the_model_does_not_know_is_noticed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world, "answer", lambda *_: {"Nmae": "live"})
    with pytest.raises(behind.Unfaithful):
        world.client("lambda").get_alias(FunctionName=name(world), Name="live")


def test_errors_are_botocore_s_own_exceptions(world: World) -> None:
    client = world.client("lambda")
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_function(FunctionName=name(world), Qualifier="99")


def test_during_an_update_other_changes_are_refused(world: World) -> None:
    client = world.client("lambda")
    client.update_function_configuration(FunctionName=name(world), MemorySize=512)
    for change in (
        lambda: client.update_function_configuration(FunctionName=name(world), MemorySize=1024),
        lambda: client.publish_version(FunctionName=name(world)),
    ):
        with pytest.raises(client.exceptions.ResourceConflictException):
            change()
    settled(world)
    assert published(world) == "1"


def test_a_revision_that_is_not_the_latest_is_refused(world: World) -> None:
    client, version = world.client("lambda"), published(world)
    alias = client.get_alias(FunctionName=name(world), Name="live")
    move = {"FunctionName": name(world), "Name": "live", "RevisionId": alias["RevisionId"]}
    client.update_alias(**move, FunctionVersion=version)
    with pytest.raises(client.exceptions.PreconditionFailedException):
        client.update_alias(**move, FunctionVersion="$LATEST")
    with pytest.raises(client.exceptions.PreconditionFailedException):
        client.update_function_code(
            FunctionName=name(world),
            ImageUri=world.registry.image("alpha", "second").uri,
            RevisionId="00000000-0000-0000-0000-000000000000",
        )


@pytest.mark.parametrize(
    "weights", [{"2": 0.1, "3": 0.1}, {"2": 1.5}, {"1": 0.5}, {"$LATEST": 0.5}]
)
def test_weights_that_an_alias_cannot_have(world: World, weights: dict[str, float]) -> None:
    client = world.client("lambda")
    published(world)
    second_version(world)
    with pytest.raises(ClientError) as error:
        client.update_alias(
            FunctionName=name(world),
            Name="live",
            FunctionVersion="1",
            RoutingConfig={"AdditionalVersionWeights": weights},
        )
    assert code(error) in {"InvalidParameterValueException", "ValidationException"}


def test_latest_shares_no_traffic(world: World) -> None:
    client, version = world.client("lambda"), published(world)
    with pytest.raises(client.exceptions.InvalidParameterValueException):
        client.update_alias(
            FunctionName=name(world),
            Name="live",
            FunctionVersion="$LATEST",
            RoutingConfig={"AdditionalVersionWeights": {version: 0.1}},
        )


def test_a_version_that_an_alias_points_at_is_not_deleted(world: World) -> None:
    client, old = world.client("lambda"), published(world)
    new = second_version(world)
    client.update_alias(
        FunctionName=name(world),
        Name="live",
        FunctionVersion=old,
        RoutingConfig={"AdditionalVersionWeights": {new: 0.1}},
    )
    for version in (old, new):
        with pytest.raises(client.exceptions.ResourceConflictException):
            client.delete_function(FunctionName=name(world), Qualifier=version)


def test_a_new_version_cannot_be_invoked_at_once(world: World) -> None:
    client = world.client("lambda")
    version = client.publish_version(FunctionName=name(world))["Version"]
    with pytest.raises(client.exceptions.ResourceConflictException):
        client.invoke(FunctionName=name(world), Qualifier=version, Payload=b"{}")
    settled(world)
    assert client.invoke(FunctionName=name(world), Qualifier=version, Payload=b"{}")


def test_an_image_that_is_not_there_is_refused(world: World) -> None:
    missing = world.registry.image("alpha", "second").uri.replace("sha256:", "sha256:0")[:-1]
    with pytest.raises(world.client("lambda").exceptions.InvalidParameterValueException):
        world.client("lambda").update_function_code(FunctionName=name(world), ImageUri=missing)


def test_a_read_may_be_old_and_a_write_never_is(world: World) -> None:
    version = published(world)
    seen: list[Any] = []

    def look(tools: Any) -> None:
        control = tools.control("alpha")
        alias = control.alias()
        control.set_traffic(alias, version, {})
        world.passage.fault = lambda call: Fault(stale=5.0) if not call.writes else None
        seen.append(control.alias().version)
        tools.runner.sleep(10)
        seen.append(control.alias().version)

    world.do("ann", look)
    assert seen == ["$LATEST", version]


def test_more_than_fifteen_requests_at_once_are_too_many(world: World) -> None:
    results = []
    rates = world.lambda_.rates
    for _ in range(20):
        try:
            rates.meter("GetAlias", world.now)
            results.append("")
        except Exception as error:  # noqa: BLE001  the fake's own
            results.append(str(error))
    assert results[:15] == [""] * 15
    assert all("TooManyRequestsException" in text or "Rate" in text for text in results[15:])
