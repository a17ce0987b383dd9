"""`fleet validate`: permissions, log, alarms and images of a function."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from tests.kit.validated import ARN, GROUP, NAME, NEW, OLD, POLICY, permission, release, version
from tests.kit.validation import House

ACCOUNT = {"AWS": "arn:aws:iam::123456789012:root"}


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def failing(house: House) -> list[str]:
    return [check.name for check in house.checks().values() if check.result == "failed"]


def test_a_permission_on_latest(house: House) -> None:
    house.on_latest = [permission(Resource=ARN)]
    check = house.checks()["permissions.latest"]
    assert check.result == "failed"
    assert "apigateway.amazonaws.com may call $LATEST" in check.detail
    assert "qualifier live" in check.todo
    assert f"remove-permission --function-name {NAME} --statement-id Api" in check.todo


def test_the_alias_s_statements_may_be_listed_with_the_function_s(house: House) -> None:
    """The local AWS does that."""
    house.on_latest = house.on_live = [permission()]
    assert failing(house) == []


def test_who_may_call_live_is_said(house: House) -> None:
    house.on_live = [permission(), permission(Sid="Us", Principal=ACCOUNT, Condition={})]
    check = house.checks()["permissions.live"]
    assert check.result == "passed"
    assert check.detail == f"on live: apigateway.amazonaws.com, {ACCOUNT['AWS']}"


@pytest.mark.parametrize(
    "loose",
    [
        permission(Condition={}),
        permission(Principal="*", Condition={}),
        permission(Principal={"AWS": ["*"]}, Condition={}),
        permission(Condition={"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}}),
    ],
)
def test_a_permission_that_names_no_source(house: House, loose: dict[str, Any]) -> None:
    house.on_live = [loose]
    check = house.checks()["permissions.live"]
    assert check.result == "failed"
    assert "for any account" in check.detail
    assert "source_arn" in check.todo


def test_a_denial_lets_nobody_in(house: House) -> None:
    house.on_live = house.on_latest = [permission(Effect="Deny", Principal="*", Condition={})]
    assert failing(house) == []
    assert house.checks()["permissions.live"].detail == "on live: nobody"


def test_a_trigger_without_its_permission(house: House) -> None:
    house.declared["invokers"] = ["events.amazonaws.com"]
    house.on_live = [permission()]
    check = house.checks()["permissions.live"]
    assert (check.result, check.detail) == ("failed", "events.amazonaws.com may not call live")


def test_a_function_with_routes_needs_the_gateway_s_permission(house: House) -> None:
    house.routes = [{"method": "GET", "path": "/x", "url": "https://x.invalid/x"}]
    check = house.checks(invoke=False)["permissions.live"]
    assert (check.result, check.detail) == ("failed", "apigateway.amazonaws.com may not call live")
    house.on_live = [permission()]
    assert house.checks(invoke=False)["permissions.live"].result == "passed"


@pytest.mark.parametrize("principal", [ACCOUNT, {"Service": ["lambda.amazonaws.com", "e.x"]}])
def test_a_role_that_others_may_take(house: House, principal: dict[str, Any]) -> None:
    house.trust = {
        "Statement": [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}]
    }
    assert failing(house) == ["permissions.trust"]


def test_a_role_whose_policy_was_changed_by_hand(house: House) -> None:
    changed = deepcopy(POLICY)
    changed["Statement"][0]["Resource"] = ["*"]
    changed["Statement"].append({"Sid": "More", "Effect": "Allow", "Action": "*", "Resource": "*"})
    house.policies = {"function": changed}
    check = house.checks()["permissions.role"]
    assert (check.result, check.detail) == (
        "failed",
        f"{NAME} differs from Terraform in More, Read",
    )


def test_a_role_without_its_policy(house: House) -> None:
    house.policies = {}
    check = house.checks()["permissions.role"]
    assert (check.result, check.detail) == ("failed", f"{NAME} has no policy function")


def test_a_policy_is_the_same_in_another_order_and_with_a_list_of_one(house: House) -> None:
    statements = [dict(item) for item in reversed(POLICY["Statement"])]
    for item in statements:
        (item["Action"],) = item["Action"]
    house.policies = {"function": {"Version": "2012-10-17", "Statement": statements}}
    assert failing(house) == []


def test_a_role_with_more_policies_than_terraform_s(house: House) -> None:
    house.policies = {"function": POLICY, "by-hand": POLICY}
    house.attached = ["AdministratorAccess"]
    check = house.checks()["permissions.beyond"]
    assert check.result == "failed"
    assert "AdministratorAccess, by-hand" in check.detail


def test_a_role_that_terraform_says_nothing_of(house: House) -> None:
    del house.declared["policy"]
    assert house.checks()["permissions.role"].result == "warned"


@pytest.mark.parametrize(
    "changes",
    [
        {"Principal": {"Service": "ecs.amazonaws.com"}},
        {"Action": "ecr:BatchGetImage"},
        {"Effect": "Deny"},
        {"Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:lambda:*:*:function:other-*"}}},
    ],
)
def test_a_repository_that_lambda_may_not_pull_from(house: House, changes: dict[str, Any]) -> None:
    assert house.repository_policy is not None
    house.repository_policy = {"Statement": [house.repository_policy["Statement"] | changes]}
    assert failing(house) == ["permissions.repository"]


def test_a_repository_policy_without_a_condition_lets_lambda_pull(house: House) -> None:
    assert house.repository_policy is not None
    del house.repository_policy["Statement"]["Condition"]
    assert failing(house) == []


def test_a_repository_without_a_policy(house: House) -> None:
    house.repository_policy = None
    assert failing(house) == ["permissions.repository"]


@pytest.mark.parametrize(
    ("groups", "said"),
    [
        ([], "does not exist"),
        ([{"logGroupName": f"{GROUP}-2", "retentionInDays": 14}], "does not exist"),
        ([{"logGroupName": GROUP}], "for ever"),
        ([{"logGroupName": GROUP, "retentionInDays": 1}], "1 days, and Terraform says 14"),
    ],
)
def test_a_log_that_is_not_kept_as_terraform_says(
    house: House, groups: list[dict[str, Any]], said: str
) -> None:
    house.groups = groups
    check = house.checks()["logs.group"]
    assert check.result == "failed"
    assert said in check.detail


@pytest.mark.parametrize(
    ("changes", "result", "said"),
    [
        ({"AlarmName": "another"}, "failed", "does not exist"),
        ({"AlarmActions": []}, "failed", "nobody hears it"),
        ({"AlarmActions": ["arn:aws:sns:us-east-1:1:other"]}, "failed", "nobody hears it"),
        ({"ActionsEnabled": False}, "failed", "nobody hears it"),
        ({"Dimensions": []}, "failed", "it watches nothing"),
        (
            {"Dimensions": [{"Name": "FunctionName", "Value": "other"}]},
            "failed",
            "it watches other",
        ),
        ({"StateValue": "ALARM", "StateReason": "2 errors"}, "warned", "firing: 2 errors"),
        ({"StateValue": "ALARM"}, "warned", "no reason given"),
    ],
)
def test_an_alarm_that_would_not_be_heard(
    house: House, changes: dict[str, Any], result: str, said: str
) -> None:
    house.alarms[0] |= changes
    check = house.checks()["alarms.errors"]
    assert check.result == result
    assert said in check.detail
    assert check.todo
    assert house.checks()["alarms.throttles"].result == "passed"


def test_an_alarm_without_data_is_no_alarm(house: House) -> None:
    house.alarms[0]["StateValue"] = "INSUFFICIENT_DATA"
    assert house.checks()["alarms.errors"].result == "passed"


def test_a_function_without_alarms(house: House) -> None:
    house.declared["alarms"] = []
    assert failing(house) == ["alarms.declared"]


def test_the_live_image_is_gone(house: House) -> None:
    house.digests = {OLD}
    checks = house.checks()
    assert checks["images.live"].result == "failed"
    assert NEW in checks["images.live"].detail
    assert "make build push FN=resize" in checks["images.live"].todo


def test_an_image_of_the_rollback_window_is_gone(house: House) -> None:
    house.digests = {NEW}
    check = house.checks()["images.rollback-window"]
    assert check.result == "failed"
    assert "version 1 (tag1)" in check.detail
    assert "keep_images" in check.todo


def test_what_cannot_be_rolled_back_to_may_be_gone(house: House) -> None:
    """Images older than the window, those that failed, and those of rollbacks by version."""
    gone = [f"sha256:{number}" * 2 for number in range(4)]
    house.releases = [
        release(9, kind="rollback", digest=gone[0]),
        release(8, state="failed", digest=gone[1]),
        release(7, digest=""),
        release(6, digest=NEW),
        release(5, digest=NEW),
        release(4, digest=OLD),
        release(3, digest=gone[2]),
    ]
    assert failing(house) == []


def test_a_live_version_with_its_image_by_tag(house: House) -> None:
    house.versions["2"] = version("2", NEW, image="registry.example/lambda-fleet/resize:tag")
    check = house.checks()["images.live"]
    assert check.result == "failed"
    assert "by tag" in check.detail


@pytest.mark.parametrize(
    ("operation", "name"),
    [
        ("get_policy", "permissions.callers"),
        ("get_role", "permissions.role"),
        ("get_role_policy", "permissions.role"),
        ("get_repository_policy", "permissions.repository"),
        ("describe_log_groups", "logs"),
        ("describe_alarms", "alarms"),
        ("has_digest", "images"),
    ],
)
def test_what_cannot_be_read_has_failed(house: House, operation: str, name: str) -> None:
    house.refuse = {operation: "AccessDeniedException"}
    check = house.checks()[name]
    assert check.result == "failed"
    assert f"may not do {operation}" in check.detail
    assert "deploy role of dev" in check.todo
    assert len(failing(house)) == 1
