"""The arithmetic: resources times traffic times prices."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fleet.cost.traffic import Traffic

HOURS: Final = 730.0
_MB_OF_A_GB: Final = 1024.0
_KB_OF_A_GB: Final = 1e6

type Prices = dict[str, Any]


@dataclass(frozen=True)
class Resource:
    """A resource that a plan ends with.

    Attributes:
        name: the part of its name that traffic is stated by.
        values: as Terraform plans them.
    """

    kind: str
    name: str
    values: dict[str, Any]


@dataclass(frozen=True)
class Line:
    """One line of an estimate.

    Attributes:
        service: as AWS's bill calls it.
        subject: the function or resource.
        usage: a month's, for people.
        usd: US dollars a month.
    """

    service: str
    subject: str
    usage: str
    usd: float


def prices() -> Prices:
    """The price list of this version, with its date and sources."""
    text = resources.files("fleet.cost").joinpath("prices.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def estimate(found: list[Resource], traffic: Traffic, price: Prices) -> list[Line]:
    """A month of these resources, dearest first; kinds without a price of their own are free."""
    lines = [
        line
        for resource in found
        for line in _KINDS.get(resource.kind, _free)(resource, traffic, price)
    ]
    return sorted(lines, key=lambda line: (-line.usd, line.service, line.subject))


def by(lines: list[Line], attribute: str) -> dict[str, float]:
    """Sums by service or subject, greatest first."""
    sums: dict[str, float] = {}
    for line in lines:
        key = getattr(line, attribute)
        sums[key] = sums.get(key, 0.0) + line.usd
    return dict(sorted(sums.items(), key=lambda item: -item[1]))


def _function(own: Resource, traffic: Traffic, price: Prices) -> Iterator[Line]:
    calls = traffic.of("functions", own.name, "invocations")
    seconds = traffic.each("functions", own.name, "duration_ms") / 1000
    gb = float(own.values["memory_size"]) / _MB_OF_A_GB
    rate = price["lambda"]["gb_second"][(own.values.get("architectures") or ["x86_64"])[0]]
    usd = calls * price["lambda"]["request"] + calls * seconds * gb * rate
    yield Line("Lambda", own.name, f"{calls:,.0f} x {seconds:g} s x {gb:g} GB", usd)
    logged = calls * traffic.each("functions", own.name, "log_kb") / _KB_OF_A_GB
    if logged:
        costs = price["logs"]["ingested_gb"] + price["logs"]["stored_gb"]
        yield Line("CloudWatch Logs", own.name, f"{logged:.3f} GB", logged * costs)


def _table(own: Resource, traffic: Traffic, price: Prices) -> Iterator[Line]:
    reads, writes, stored = (
        traffic.of("tables", own.name, figure) for figure in ("reads", "writes", "stored_gb")
    )
    cost = price["dynamodb"]
    usd = reads * cost["read"] + writes * cost["write"] + stored * cost["stored_gb"]
    usage = f"{reads:,.0f} reads, {writes:,.0f} writes, {stored:g} GB"
    yield Line("DynamoDB", own.name, usage, usd)


def _bucket(own: Resource, traffic: Traffic, price: Prices) -> Iterator[Line]:
    stored, puts, gets = (
        traffic.of("buckets", own.name, figure) for figure in ("stored_gb", "puts", "gets")
    )
    cost = price["s3"]
    usd = stored * cost["stored_gb"] + puts * cost["put"] + gets * cost["get"]
    yield Line("S3", own.name, f"{stored:g} GB, {puts:,.0f} puts, {gets:,.0f} gets", usd)


def _requests(
    service: str, kind: str, key: str, unit: str
) -> Callable[[Resource, Traffic, Prices], Iterator[Line]]:
    """What is paid for by the request alone."""

    def line(own: Resource, traffic: Traffic, price: Prices) -> Iterator[Line]:
        number = traffic.of(kind, own.name, "requests")
        yield Line(service, own.name, f"{number:,.0f} requests", number * price[key][unit])

    return line


def _each(
    service: str, key: str, unit: str
) -> Callable[[Resource, Traffic, Prices], Iterator[Line]]:
    """What is paid for by being there."""

    def line(own: Resource, _: Traffic, price: Prices) -> Iterator[Line]:
        yield Line(service, own.name, "1", float(price[key][unit]))

    return line


def _repository(own: Resource, traffic: Traffic, price: Prices) -> Iterator[Line]:
    # Images do not grow with traffic.
    stored = traffic.each("repositories", own.name, "stored_gb")
    yield Line("ECR", own.name, f"{stored:g} GB", stored * price["ecr"]["stored_gb"])


def _endpoint(own: Resource, _: Traffic, price: Prices) -> Iterator[Line]:
    if own.values.get("vpc_endpoint_type") == "Interface":
        # Subnets that this very plan makes have no ids yet: two zones, as network.tf has it.
        zones = len(own.values.get("subnet_ids") or ()) or 2
        usd = zones * HOURS * price["endpoints"]["hour"]
        yield Line("VPC endpoints", own.name, f"{zones} zones x {HOURS:g} h", usd)


def _database(own: Resource, _: Traffic, price: Prices) -> Iterator[Line]:
    kind, gb = own.values["instance_class"], float(own.values["allocated_storage"])
    zones = 2 if own.values.get("multi_az") else 1
    hour = price["rds"]["hour"].get(kind)
    if hour is None:
        yield Line("RDS", own.name, f"{kind}: no price in prices.toml", 0.0)
        return
    usd = zones * (HOURS * hour + gb * price["rds"]["stored_gb"])
    yield Line("RDS", own.name, f"{kind} x {zones}, {gb:g} GB", usd)


def _free(*_: object) -> Iterator[Line]:
    return iter(())


_KINDS: Final[dict[str, Callable[[Resource, Traffic, Prices], Iterator[Line]]]] = {
    "aws_apigatewayv2_api": _requests("API Gateway", "apis", "http_api", "request"),
    "aws_cloudwatch_dashboard": _each("CloudWatch dashboards", "dashboards", "dashboard"),
    "aws_cloudwatch_metric_alarm": _each("CloudWatch alarms", "alarms", "alarm"),
    "aws_db_instance": _database,
    "aws_dynamodb_table": _table,
    "aws_ecr_repository": _repository,
    "aws_lambda_function": _function,
    "aws_s3_bucket": _bucket,
    "aws_scheduler_schedule": _requests("Scheduler", "schedules", "scheduler", "invocation"),
    "aws_secretsmanager_secret": _each("Secrets Manager", "secrets", "secret"),
    "aws_sns_topic": _requests("SNS", "topics", "sns", "request"),
    "aws_sqs_queue": _requests("SQS", "queues", "sqs", "request"),
    "aws_vpc_endpoint": _endpoint,
}
