"""Terraform on a stack of its own: everything there, and nothing left after a destroy."""

from __future__ import annotations

import pytest
from fleet.commands.bootstrap import ensure_state_bucket
from fleet.commands.options import Workplace

from tests.kit.program import fleet

pytestmark = pytest.mark.stack


@pytest.fixture
def empty_stack(monkeypatch: pytest.MonkeyPatch) -> Workplace:
    """A second stack, to be filled and emptied by Terraform alone."""
    monkeypatch.setenv("FLEET_STACK", "destroy:200")
    place = Workplace.of("local")
    assert fleet("up", FLEET_STACK="destroy:200").code == 0
    return place


def test_destroy_leaves_nothing(empty_stack: Workplace) -> None:
    try:
        ensure_state_bucket(empty_stack)
        terraform = empty_stack.terraform
        terraform.init()
        terraform.apply(image_tag=empty_stack.project.commit())
        assert len(terraform.state()) > 30
        terraform.destroy()
        assert terraform.state() == []
        assert leftovers(empty_stack) == {}
    finally:
        fleet("down", FLEET_STACK="destroy:200")


def leftovers(place: Workplace) -> dict[str, list[str]]:
    """Everything of the fleet that AWS still lists, by service."""
    client = place.environment.client
    found = {
        "lambda": [f["FunctionName"] for f in client("lambda").list_functions()["Functions"]],
        "ecr": [r["repositoryName"] for r in client("ecr").describe_repositories()["repositories"]],
        "roles": [r["RoleName"] for r in client("iam").list_roles()["Roles"]],
        "tables": client("dynamodb").list_tables()["TableNames"],
        "queues": client("sqs").list_queues().get("QueueUrls", []),
        "topics": [t["TopicArn"] for t in client("sns").list_topics()["Topics"]],
        "logs": [g["logGroupName"] for g in client("logs").describe_log_groups()["logGroups"]],
        "secrets": [s["Name"] for s in client("secretsmanager").list_secrets()["SecretList"]],
        "rules": [r["Name"] for r in client("events").list_rules()["Rules"]],
        "schedules": [s["Name"] for s in client("scheduler").list_schedules()["Schedules"]],
        "alarms": [a["AlarmName"] for a in client("cloudwatch").describe_alarms()["MetricAlarms"]],
        "dashboards": [
            d["DashboardName"] for d in client("cloudwatch").list_dashboards()["DashboardEntries"]
        ],
        "apis": [a["Name"] for a in client("apigatewayv2").get_apis()["Items"]],
        "groups": [
            g["GroupName"] for g in client("ec2").describe_security_groups()["SecurityGroups"]
        ],
        "buckets": [
            b["Name"]
            for b in client("s3").list_buckets()["Buckets"]
            if not b["Name"].endswith("-state")
        ],
    }
    ours = {service: [n for n in names if "lambda-fleet" in n] for service, names in found.items()}
    return {service: names for service, names in ours.items() if names}
