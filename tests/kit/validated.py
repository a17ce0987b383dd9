"""A healthy function, as AWS and Terraform describe it, for the checks of `fleet validate`."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from botocore.exceptions import ClientError
from fleet.release.told import LATEST, Version
from fleet.release.validation.configuration import fingerprint
from function_kit.releases import Release

FUNCTION = "resize"
NAME = f"lambda-fleet-dev-{FUNCTION}"
ARN = f"arn:aws:lambda:us-east-1:123456789012:function:{NAME}"
ROLE = f"arn:aws:iam::123456789012:role/{NAME}"
GROUP = f"/aws/lambda/{NAME}"
TOPIC = "arn:aws:sns:us-east-1:123456789012:lambda-fleet-dev-alarms"
REPOSITORY = f"registry.example/lambda-fleet/{FUNCTION}"
OLD, NEW = "sha256:" + "0" * 64, "sha256:" + "1" * 64
VARIABLES = {"BUCKET": "the-value", "ENVIRONMENT": "dev"}
POLICY: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [
        {"Sid": "Read", "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:b/*"]},
        {"Sid": "Log", "Effect": "Allow", "Action": ["logs:PutLogEvents"], "Resource": ["arn:g"]},
    ],
}
TRUST = {
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ]
}
CONFIGURATION: dict[str, Any] = {
    "Role": ROLE,
    "Timeout": 10,
    "MemorySize": 128,
    "Environment": {"Variables": VARIABLES},
    "VpcConfig": {"SubnetIds": ["s-2", "s-1"], "SecurityGroupIds": ["g-1"], "VpcId": "v"},
    "Architectures": ["arm64"],
    "EphemeralStorage": {"Size": 512},
    "TracingConfig": {"Mode": "PassThrough"},
    "LoggingConfig": {"LogGroup": GROUP, "LogFormat": "Text"},
}
EVENTS: dict[str, dict[str, Any]] = {
    "smoke": {"event": {"test": True}, "expect": {"ok": True}},
    "wide": {"event": {"width": 9000}, "expect": {"ok": True}},
}


def refusal(code: str, operation: str = "Call") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": f"{code}!"}}, operation)


def declared() -> dict[str, Any]:
    """What Terraform's output `functions` says of it."""
    return {
        "name": NAME,
        "arn": ARN,
        "role_arn": ROLE,
        "role_name": NAME,
        "log_group": GROUP,
        "log_retention_days": 14,
        "architecture": "arm64",
        "memory": 128,
        "timeout": 10,
        "ephemeral_storage": 512,
        "tracing": "PassThrough",
        "vpc_config": {"subnet_ids": ["s-1", "s-2"], "security_group_ids": ["g-1"]},
        "environment_names": sorted(VARIABLES),
        "environment_sha256": fingerprint(VARIABLES),
        "policy_name": "function",
        "policy": json.dumps(POLICY),
        "invokers": [],
        "alarm_dimensions": {"FunctionName": NAME, "Resource": f"{NAME}:live"},
        "alarms": [f"{NAME}-errors", f"{NAME}-throttles"],
    }


def version(number: str, digest: str, **changes: Any) -> Version:
    made = Version(
        number=number,
        image=f"{REPOSITORY}@{digest}",
        architecture="arm64",
        configuration=json.dumps(CONFIGURATION),
        description="",
    )
    return replace(made, **changes)


def configured(before: Version, **changes: Any) -> Version:
    """A version with a changed configuration; None takes a setting out."""
    settings = json.loads(before.configuration) | changes
    kept = {key: value for key, value in settings.items() if value is not None}
    return replace(before, configuration=json.dumps(kept))


def release(number: int, **changes: Any) -> Release:
    made = Release(
        function=FUNCTION,
        release_id=f"{number:04}",
        kind="deploy",
        state="succeeded",
        tag=f"tag{number}",
        digest=OLD if number == 1 else NEW,
        previous_version=str(number - 1) if number > 1 else LATEST,
        previous_digest="",
        actor="a",
        started_at="",
        version=str(number),
    )
    return replace(made, **changes)


def alarm(name: str) -> dict[str, Any]:
    return {
        "AlarmName": f"{NAME}-{name}",
        "ActionsEnabled": True,
        "AlarmActions": [TOPIC],
        "Dimensions": [
            {"Name": "FunctionName", "Value": NAME},
            {"Name": "Resource", "Value": f"{NAME}:live"},
        ],
        "StateValue": "OK",
    }


def permission(**changes: Any) -> dict[str, Any]:
    """A statement of a resource policy, as aws_lambda_permission makes it."""
    return {
        "Sid": "Api",
        "Effect": "Allow",
        "Principal": {"Service": "apigateway.amazonaws.com"},
        "Action": "lambda:InvokeFunction",
        "Resource": f"{ARN}:live",
        "Condition": {"ArnLike": {"AWS:SourceArn": "arn:aws:execute-api:us-east-1:1:api/*"}},
    } | changes
