"""`fleet validate`: state and configuration of a function."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fleet.release.told import LATEST, Alias
from fleet.release.validation.configuration import fingerprint

from tests.kit.validated import CONFIGURATION, NEW, OLD, configured, version
from tests.kit.validation import House


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_a_healthy_function_has_nothing_to_say(house: House) -> None:
    checks = house.checks()
    assert {c.name for c in checks.values() if c.result in {"failed", "warned"}} == set()
    assert {c.name for c in checks.values() if c.todo and c.result == "passed"} == set()
    assert {c.name for c in checks.values() if c.result == "skipped"} == {
        "events.wide",
        "routes.all",
    }


def test_a_function_that_was_never_released(house: House) -> None:
    house.alias, house.releases = Alias(LATEST, "r"), []
    checks = house.checks()
    assert checks["state.alias"].result == "failed"
    assert "never released" in checks["state.alias"].detail
    assert "make deploy ENV=dev FN=resize" in checks["state.alias"].todo
    assert checks["images.live"].result == checks["images.rollback-window"].result == "skipped"


def test_shared_traffic_is_a_release_under_way(house: House) -> None:
    house.alias = Alias("2", "r", {"3": 0.1})
    check = house.checks()["state.alias"]
    assert (check.result, check.detail) == (
        "warned",
        "live shares its traffic: 10% to 3, the rest to 2",
    )
    assert "fleet resume" in check.todo


@pytest.mark.parametrize(
    ("changes", "result", "said"),
    [
        ({"state": "Failed", "reason": "The image is gone."}, "failed", "The image is gone."),
        ({"state": "Failed"}, "failed", "no reason given"),
        ({"state": "Pending"}, "failed", "cannot be called yet"),
        ({"state": "Inactive"}, "warned", "asleep"),
    ],
)
def test_the_live_version_s_state(
    house: House, changes: dict[str, str], result: str, said: str
) -> None:
    house.versions["2"] = version("2", NEW, **changes)
    check = house.checks(invoke=False)["state.live"]
    assert check.result == result
    assert said in check.detail
    assert check.todo


@pytest.mark.parametrize(
    ("changes", "result", "said"),
    [
        ({"update": "Failed", "reason": "No such subnet."}, "failed", "No such subnet."),
        ({"update": "Failed"}, "failed", "no reason given"),
        ({"update": "InProgress"}, "warned", "in progress"),
    ],
)
def test_the_last_update_of_latest(
    house: House, changes: dict[str, str], result: str, said: str
) -> None:
    house.versions[LATEST] = version(LATEST, NEW, **changes)
    check = house.checks()["state.latest"]
    assert check.result == result
    assert said in check.detail


def test_what_latest_differs_in_is_named_without_values(house: House) -> None:
    variables = {"Variables": {"BUCKET": "another-value"}}
    latest = configured(version(LATEST, OLD), MemorySize=256, Environment=variables)
    house.versions[LATEST] = latest
    check = house.checks()["state.drift"]
    assert (check.result, check.detail) == (
        "warned",
        "$LATEST differs from live in Environment, MemorySize, image",
    )
    assert "make apply ENV=dev" in check.todo


@pytest.mark.parametrize(
    ("name", "changes", "said"),
    [
        ("memory", {"MemorySize": 256}, "it is 256, and Terraform says 128"),
        ("timeout", {"Timeout": 3}, "it is 3, and Terraform says 10"),
        ("ephemeral-storage", {"EphemeralStorage": {"Size": 1024}}, "it is 1024"),
        ("tracing", {"TracingConfig": {"Mode": "Active"}}, "it is Active"),
        ("tracing", {"TracingConfig": None}, "it is None"),
        ("role", {"Role": "arn:aws:iam::1:role/other"}, "it is arn:aws:iam::1:role/other"),
        ("log-group", {"LoggingConfig": {"LogGroup": "/elsewhere"}}, "it is /elsewhere"),
        ("architecture", {"Architectures": ["x86_64"]}, "it is x86_64, and Terraform says arm64"),
        ("architecture", {"Architectures": None}, "it is x86_64"),
        ("vpc", {"VpcConfig": {}}, "it is in no VPC, and Terraform says in s-1, s-2 with g-1"),
        (
            "vpc",
            {"VpcConfig": {"SubnetIds": ["s-1"], "SecurityGroupIds": ["g-1"]}},
            "it is in s-1 with g-1",
        ),
        ("environment", {"Environment": None}, "it lacks BUCKET, ENVIRONMENT"),
        (
            "environment",
            {"Environment": {"Variables": {"BUCKET": "b", "MORE": "m"}}},
            "it lacks ENVIRONMENT and has MORE beyond Terraform's",
        ),
        (
            "environment",
            {"Environment": {"Variables": {"BUCKET": "other-value", "ENVIRONMENT": "dev"}}},
            "a variable's value is not Terraform's (not shown)",
        ),
    ],
)
def test_configuration_that_is_not_terraform_s(
    house: House, name: str, changes: dict[str, Any], said: str
) -> None:
    house.versions["2"] = configured(house.versions["2"], **changes)
    checks = house.checks()
    wrong = checks[f"configuration.{name}"]
    assert wrong.result == "failed"
    assert said in wrong.detail
    assert "make apply ENV=dev" in wrong.todo
    assert [c.name for c in checks.values() if c.result == "failed"] == [wrong.name]


def test_no_variable_s_value_is_ever_shown(house: House) -> None:
    house.versions["2"] = configured(
        house.versions["2"], Environment={"Variables": {"BUCKET": "leaked", "OTHER": "leaked"}}
    )
    said = str(house.validate().to_dict())
    assert "OTHER" in said
    assert "leaked" not in said
    assert "the-value" not in said


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("memory", "memory"),
        ("vpc_config", "vpc"),
        ("environment_names", "environment"),
    ],
)
def test_outputs_of_an_older_checkout_are_a_warning(house: House, key: str, name: str) -> None:
    del house.declared[key]
    check = house.checks()[f"configuration.{name}"]
    assert check.result == "warned"
    assert "older checkout" in check.detail


def test_no_vpc_is_no_vpc_however_it_is_said(house: House) -> None:
    house.declared["vpc_config"] = None
    for found in (None, {}, {"SubnetIds": [], "SecurityGroupIds": [], "VpcId": ""}):
        house.versions["2"] = configured(version("2", NEW), VpcConfig=found)
        assert house.checks()["configuration.vpc"].detail == "in no VPC"


def test_configuration_is_that_of_live_and_not_of_latest(house: House) -> None:
    house.versions[LATEST] = configured(house.versions[LATEST], MemorySize=512)
    assert house.checks()["configuration.memory"].result == "passed"
    house.declared["memory"] = 512
    check = house.checks()["configuration.memory"]
    assert (check.result, check.detail) == ("failed", "it is 128, and Terraform says 512")


def test_values_are_hashed_as_terraform_writes_them() -> None:
    """The figure is what `terraform console` answers to sha256(jsonencode(…))."""
    variables = {"B": 'a<b>&"q" é\n\t', "A": "1", "C": "\u2028"}
    known = "2bec3bc9d131bd5cda7a866dfd3f3d45ee7e0c781a2a96d9e0a31dfa080f7b01"
    assert fingerprint(variables) == known


def test_the_checks_do_not_depend_on_the_order_of_aws_s_lists(house: House) -> None:
    vpc = CONFIGURATION["VpcConfig"]
    turned = vpc | {"SubnetIds": list(reversed(vpc["SubnetIds"]))}
    house.versions["2"] = configured(version("2", NEW), VpcConfig=turned)
    assert house.checks()["configuration.vpc"].result == "passed"
    house.versions["2"] = replace(house.versions["2"], image="registry.example/by-tag:v1")
    assert house.checks()["images.live"].result == "failed"
