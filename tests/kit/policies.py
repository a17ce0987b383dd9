"""Is every statement of a function's policy needed? Take one out, and something must fail.

Reusable: a new function is covered by having sample events that use all it may do. What
those events cannot show (what Lambda itself does with the function's role, in by_lambda.py) is
tried with the same policy on a user made for the purpose.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import boto3
from botocore.exceptions import ClientError
from fleet.commands.options import Workplace
from fleet.docker import drop_containers
from fleet.environments import Environment
from fleet.release import smoke
from fleet.release.told import ALIAS

from tests.kit import by_lambda, gateway_use

Policy = dict[str, Any]
# Functions that are used in a way that sample events cannot show.
_USES = {gateway_use.FUNCTION: gateway_use.refusal}


class Role:
    """The role of a deployed function, and its inline policies."""

    def __init__(self, environment: Environment, function: str) -> None:
        self.environment = environment
        self.function = function
        self._iam = environment.client("iam")
        name = environment.function_name(function)
        configuration = environment.client("lambda").get_function_configuration(FunctionName=name)
        self.name: str = configuration["Role"].rsplit("/", 1)[-1]
        self.log_group = f"/aws/lambda/{name}"
        self.subnets: list[str] = configuration.get("VpcConfig", {}).get("SubnetIds", [])
        self.failure_queue = _failure_queue(environment.client("lambda"), name)
        self.queues = _queues(environment, name)
        variables = configuration.get("Environment", {}).get("Variables", {})
        self.passes: str = variables.get("SCHEDULE_ROLE_ARN", "")

    def policies(self) -> dict[str, Policy]:
        names = self._iam.list_role_policies(RoleName=self.name)["PolicyNames"]
        return {name: self._policy(name) for name in names}

    def attached(self) -> list[str]:
        found = self._iam.list_attached_role_policies(RoleName=self.name)["AttachedPolicies"]
        return [policy["PolicyArn"] for policy in found]

    def _policy(self, name: str) -> Policy:
        document = self._iam.get_role_policy(RoleName=self.name, PolicyName=name)["PolicyDocument"]
        return json.loads(document) if isinstance(document, str) else dict(document)

    @contextmanager
    def with_policy(self, name: str, policy: Policy) -> Iterator[None]:
        """Put another policy in place of one, for a while."""
        before = self._policy(name)
        self._put(name, policy)
        try:
            yield
        finally:
            self._put(name, before)

    def _put(self, name: str, policy: Policy) -> None:
        self._iam.put_role_policy(
            RoleName=self.name, PolicyName=name, PolicyDocument=json.dumps(policy)
        )


def _failure_queue(client: Any, name: str) -> str:
    """The ARN of the queue that keeps events which failed for good; empty when there is none."""
    found = client.get_function_event_invoke_config(FunctionName=name, Qualifier=ALIAS)
    kept = found.get("DestinationConfig", {}).get("OnFailure", {})
    return str(kept.get("Destination", ""))


def _queues(environment: Environment, name: str) -> list[str]:
    """The URLs of the queues that Lambda polls for the function."""
    found = environment.client("lambda").list_event_source_mappings(FunctionName=f"{name}:{ALIAS}")
    names = [each["EventSourceArn"].split(":") for each in found["EventSourceMappings"]]
    sqs = environment.client("sqs")
    return [sqs.get_queue_url(QueueName=n[5])["QueueUrl"] for n in names if n[2] == "sqs"]


def without(policy: Policy, sid: str) -> Policy:
    """A policy less one statement."""
    return policy | {"Statement": [s for s in policy["Statement"] if s.get("Sid") != sid]}


def failing_event(place: Workplace, function: str) -> str | None:
    """The first sample event that does not get its answer; None when all do.

    From a cold start: a warm environment still has what it was once allowed to read.
    """
    control = place.control(function)
    drop_containers(control.version(control.alias().version).image, place.environment.network)
    folder = place.project.root / "images" / function / "events"
    names = sorted(path.stem for path in folder.glob("*.json"))
    for name in sorted(names, key=lambda name: name != "smoke"):
        sample = place.project.event(function, name)
        answer = place.control(function).invoke(ALIAS, sample.event)
        reason = smoke.verdict(answer, sample)
        if reason:
            return f"{name}: {reason}"
    return _USES[function](place) if function in _USES else None


def platform_refusal(role: Role, policies: list[Policy]) -> str | None:
    """Which call that AWS makes for the function a holder of these policies is refused."""
    if role.passes and not _may_pass(role, policies, "scheduler.amazonaws.com"):
        return "iam:PassRole: AccessDenied"
    with _user(role.environment, [_as_the_local_aws_names_logs(p) for p in policies]) as key:
        for name, call in by_lambda.calls(role, partial(_signed_as, role.environment, *key)):
            try:
                call()
            except ClientError as error:
                return f"{name}: {error.response['Error']['Code']}"
    return None


def _may_pass(role: Role, policies: list[Policy], service: str) -> bool:
    """Whether policies let the function give its schedules their role.

    Scheduler asks IAM that whenever a schedule is made; the local AWS does not, and its simulator
    knows no context.
    """
    condition = {"StringEquals": {"iam:PassedToService": [service]}}
    granted = [
        {k: v for k, v in statement.items() if k != "Condition"}
        for policy in policies
        for statement in policy["Statement"]
        if statement.get("Condition") == condition
    ]
    document = {"Version": "2012-10-17", "Statement": granted}
    answer = role.environment.client("iam").simulate_custom_policy(
        PolicyInputList=[json.dumps(document)],
        ActionNames=["iam:PassRole"],
        ResourceArns=[role.passes],
    )
    return bool(answer["EvaluationResults"][0]["EvalDecision"] == "allowed")


def _as_the_local_aws_names_logs(policy: Policy) -> Policy:
    """AWS names what is in a log group <group>:*; the local AWS authorises on <group> alone."""
    statements = [
        statement | {"Resource": [_resource(r) for r in statement["Resource"]]}
        for statement in policy["Statement"]
    ]
    return policy | {"Statement": statements}


def _resource(arn: str) -> str:
    return arn.removesuffix(":*") if ":log-group:" in arn else arn


def _signed_as(environment: Environment, key: str, secret: str, service: str) -> Any:
    return boto3.Session().client(  # its own: functions are tried side by side
        service,
        region_name=environment.region,
        endpoint_url=environment.endpoint,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
    )


@contextmanager
def _user(environment: Environment, policies: list[Policy]) -> Iterator[tuple[str, str]]:
    iam = environment.client("iam")
    name = f"test-{secrets.token_hex(4)}"
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    for number, policy in enumerate(policies):
        iam.put_user_policy(
            UserName=name, PolicyName=f"p{number}", PolicyDocument=json.dumps(policy)
        )
    try:
        yield key["AccessKeyId"], key["SecretAccessKey"]
    finally:
        for number in range(len(policies)):
            iam.delete_user_policy(UserName=name, PolicyName=f"p{number}")
        iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
        iam.delete_user(UserName=name)
