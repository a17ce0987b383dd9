"""fleet cost: the arithmetic, by hand-made figures and by a published estimate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fleet.cost import shown
from fleet.cost.estimate import Line, Resource, by, estimate, prices
from fleet.cost.plan import resources
from fleet.cost.traffic import Traffic
from fleet.errors import FleetError

from tests.kit.program import ROOT


def function(name: str, memory: int, architecture: str = "x86_64") -> Resource:
    values = {"memory_size": memory, "architectures": [architecture]}
    return Resource("aws_lambda_function", name, values)


# 1,000 messages a day, as a messaging system of ours was once estimated: about 2.04 dollars.
MESSAGING = [
    function("scheduler", 256),
    function("processor", 512),
    function("webapi", 256),
    Resource("aws_dynamodb_table", "messages", {}),
    Resource("aws_sns_topic", "messages", {}),
    Resource("aws_sqs_queue", "messages", {}),
    Resource("aws_apigatewayv2_api", "messages", {}),
    Resource("aws_cloudwatch_metric_alarm", "one", {}),
    Resource("aws_cloudwatch_metric_alarm", "two", {}),
]
A_THOUSAND_A_DAY = Traffic(
    {
        "functions": {
            "scheduler": {"invocations": 30, "duration_ms": 1000},
            # All of the 1 GB of logs is put on it.
            "processor": {"invocations": 30_000, "duration_ms": 2000, "log_kb": 1e6 / 30_000},
            "webapi": {"invocations": 10_000, "duration_ms": 500},
        },
        "tables": {"default": {"reads": 100_000, "writes": 100_000, "stored_gb": 1}},
        "topics": {"default": {"requests": 30_000}},
        "queues": {"default": {"requests": 30_000}},
        "apis": {"default": {"requests": 10_000}},
    }
)
# Line of that estimate: what it said, what its own usage costs at the prices of prices.toml.
PUBLISHED = {
    ("Lambda", "scheduler"): (0.00, 0.0001),
    # 30,000 x 2 s x 0.5 GB are 30,000 GB-s: 0.50 and 0.006 for requests. 0.86 would be 51,200.
    ("Lambda", "processor"): (0.86, 0.5060),
    # 10,000 x 0.5 s x 0.25 GB are 1,250 GB-s. 0.10 is five times that.
    ("Lambda", "webapi"): (0.10, 0.0228),
    # AWS halved the price of requests in November 2024: 0.37 has the writes at the old one.
    ("DynamoDB", "messages"): (0.37, 0.3250),
    # Within the free tier, which we leave out: an account has it once, and not each environment.
    ("SNS", "messages"): (0.00, 0.0150),
    ("SQS", "messages"): (0.00, 0.0120),
    ("API Gateway", "messages"): (0.01, 0.0100),
    # It left the storage of the 1 GB out.
    ("CloudWatch Logs", "processor"): (0.50, 0.5300),
}


@pytest.fixture
def lines() -> list[Line]:
    return estimate(MESSAGING, A_THOUSAND_A_DAY, prices())


def test_every_line_of_the_published_estimate_is_ours_or_differs_for_a_reason(
    lines: list[Line],
) -> None:
    ours = {(line.service, line.subject): line.usd for line in lines}
    for key, (_, expected) in PUBLISHED.items():
        assert ours[key] == pytest.approx(expected, abs=0.00006), key
    assert by(lines, "service")["CloudWatch alarms"] == pytest.approx(0.20)


def test_the_published_sum_and_ours(lines: list[Line]) -> None:
    alarms = 0.20
    assert sum(said for said, _ in PUBLISHED.values()) + alarms == pytest.approx(2.04)
    assert shown.total(lines) == pytest.approx(1.6209, abs=0.0002)


def test_arm_costs_a_fifth_less() -> None:
    traffic = Traffic({"functions": {"default": {"invocations": 1e6, "duration_ms": 1000}}})
    costs = [
        estimate([function("f", 1024, kind)], traffic, prices())[0].usd - 0.20
        for kind in ("x86_64", "arm64")
    ]
    assert costs == pytest.approx([16.6667, 13.3334])


@pytest.mark.parametrize(
    ("kind", "values", "usd"),
    [
        ("aws_db_instance", {"instance_class": "db.t4g.micro", "allocated_storage": 20}, 13.98),
        (
            "aws_db_instance",
            {"instance_class": "db.t4g.micro", "allocated_storage": 20, "multi_az": True},
            27.96,
        ),
        ("aws_vpc_endpoint", {"vpc_endpoint_type": "Interface", "subnet_ids": ["a", "b"]}, 14.60),
        ("aws_secretsmanager_secret", {}, 0.40),
        ("aws_cloudwatch_dashboard", {}, 3.00),
    ],
)
def test_what_costs_by_being_there(kind: str, values: dict[str, Any], usd: float) -> None:
    (line,) = estimate([Resource(kind, "it", values)], Traffic({}), prices())
    assert line.usd == pytest.approx(usd)


def test_what_is_free_is_no_line() -> None:
    gateway = Resource("aws_vpc_endpoint", "s3", {"vpc_endpoint_type": "Gateway"})
    assert estimate([gateway, Resource("aws_iam_role", "r", {})], Traffic({}), prices()) == []


def test_a_database_without_a_price_is_said() -> None:
    values = {"instance_class": "db.z9.huge", "allocated_storage": 20}
    (line,) = estimate([Resource("aws_db_instance", "it", values)], Traffic({}), prices())
    assert (line.usd, line.usage) == (0.0, "db.z9.huge: no price in prices.toml")


def test_a_scale_changes_traffic_and_not_durations(tmp_path: Path) -> None:
    file = tmp_path / "traffic.toml"
    file.write_text("[scale]\ndev = 0.5\n[functions]\ndefault = {invocations=10, duration_ms=8}\n")
    traffic = Traffic.read(file, "dev")
    assert traffic.of("functions", "any", "invocations") == 5
    assert traffic.each("functions", "any", "duration_ms") == 8
    assert Traffic.read(file, "prod").of("functions", "any", "invocations") == 10


def test_traffic_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(FleetError, match="cannot be read as traffic"):
        Traffic.read(tmp_path / "none.toml", "dev")


def test_resources_of_a_plan_lose_the_prefix_of_the_environment() -> None:
    inside = {"mode": "managed", "type": "aws_sqs_queue", "address": "module.a.q"}
    plan = {
        "planned_values": {
            "root_module": {
                "resources": [
                    {"mode": "data", "type": "aws_region", "address": "data.r", "values": {}}
                ],
                "child_modules": [{"resources": [inside | {"values": {"name": "x-dev-messages"}}]}],
            }
        }
    }
    (found,) = resources(plan, "x-dev")
    assert (found.kind, found.name) == ("aws_sqs_queue", "messages")


def test_rows_sum_up_to_the_total(lines: list[Line]) -> None:
    assert sum(float(row[3]) for row in shown.rows(lines)) == pytest.approx(
        shown.total(lines), abs=0.03
    )
    text = shown.markdown(lines, prices(), "dev")
    assert "about 1.62 USD a month" in text
    assert prices()["as_of"] in text


def test_every_price_has_its_source() -> None:
    for name, entry in prices().items():
        if isinstance(entry, dict):
            assert entry["source"].startswith("https://aws.amazon.com/"), name


def test_stated_traffic_names_what_there_is() -> None:
    file = ROOT / "terraform" / "environments" / "traffic.toml"
    stated = Traffic.read(file, "prod").stated
    functions = {path.parent.name for path in ROOT.glob("images/*/pyproject.toml")}
    assert set(stated["functions"]) - {"default"} <= functions
