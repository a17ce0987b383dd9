"""Fifteen functions of the smallest image, made on the local AWS for the benchmark alone."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from typing import Any, Final

from fleet.commands.options import Workplace
from fleet.docker import docker
from fleet.project import Project, SampleEvent
from fleet.release.judge.alarms import KINDS
from fleet.release.told import ALIAS
from fleet.stack.local import EMULATOR

NAMES: Final = tuple(f"bench-{number:02}" for number in range(15))
EVENT: Final = {"test": True}
COMMAND: Final = ["/usr/local/bin/python3", "-m", "awslambdaric", "lambda_function.handler"]


@dataclass(frozen=True)
class BenchProject(Project):
    """A checkout whose functions are the benchmark's; they return their event."""

    @property
    def functions(self) -> tuple[str, ...]:
        return NAMES

    def event(self, function: str, name: str) -> SampleEvent:
        return SampleEvent(name, EVENT, EVENT)


def build(floor: str, tag: str) -> str:
    """The smallest image there is, for a release of its own."""
    return labelled(floor, f"lambda-fleet/bench:{tag}", tag)


def labelled(base: str, name: str, label: str) -> str:
    """An image of its own digest that does what another one does."""
    subprocess.run(
        ["docker", "build", "--quiet", "--label", f"bench={label}", "--tag", name, "-"],
        input=f"FROM {base}\n".encode(),
        check=True,
        capture_output=True,
    )
    return name


def push(place: Workplace, image: str, tag: str) -> None:
    """Push an image to every function's repository."""
    for name in NAMES:
        docker("tag", image, f"{place.project.name}/{name}:{tag}")
        place.registry.push(name, tag)


def forget() -> None:
    """Remove the benchmark's images from this machine."""
    found = set(docker("image", "ls", "--quiet", "--filter", "label=bench").split())
    if found:
        docker("image", "rm", "--force", *found)


def make(place: Workplace) -> None:
    """The repositories; what else a release needs comes when there are images."""
    ecr = place.environment.client("ecr")
    for name in NAMES:
        ecr.create_repository(repositoryName=place.environment.repository(name))


def make_functions(place: Workplace, tag: str) -> None:
    """Functions, aliases and alarms as Terraform makes them."""
    made = role(place, "bench")
    for name in NAMES:
        function(place, name, made, place.registry.image(name, tag).uri)
        _alarms(place, name)


def role(place: Workplace, name: str) -> str:
    """A role that may do nothing; its ARN."""
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    answer: dict[str, Any] = place.environment.client("iam").create_role(
        RoleName=f"{place.project.name}-{name}",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    return str(answer["Role"]["Arn"])


def function(place: Workplace, name: str, role: str, uri: str) -> None:
    """A function as Terraform makes it, with its alias."""
    client, full = place.environment.client("lambda"), place.environment.function_name(name)
    client.create_function(
        FunctionName=full,
        Role=role,
        PackageType="Image",
        Code={"ImageUri": uri},
        ImageConfig={"EntryPoint": [EMULATOR, *COMMAND]},
        Architectures=[place.environment.architecture],
        Timeout=30,
        MemorySize=128,
    )
    client.get_waiter("function_active_v2").wait(
        FunctionName=full, WaiterConfig={"Delay": 1, "MaxAttempts": 30}
    )
    client.create_alias(FunctionName=full, Name=ALIAS, FunctionVersion="$LATEST")


def _alarms(place: Workplace, name: str) -> None:
    full = place.environment.function_name(name)
    for kind in KINDS:
        place.environment.client("cloudwatch").put_metric_alarm(
            AlarmName=f"{full}-{kind}",
            Namespace="AWS/Lambda",
            MetricName=kind.capitalize(),
            Dimensions=[{"Name": "FunctionName", "Value": full}],
            Statistic="Sum",
            Period=300,
            EvaluationPeriods=1,
            Threshold=1000,
            ComparisonOperator="GreaterThanThreshold",
            TreatMissingData="notBreaching",
        )
