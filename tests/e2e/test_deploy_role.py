"""The policy of the role that deploys, alone, with IAM enforced: enough for fleet, and for no more.

The rehearsals release and validate with it too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.kit.program import Ended, fleet
from tests.kit.rehearsal.environments import CLOCK, LINKS, SmallFleet

pytestmark = pytest.mark.stack
DEV = "rehearsal-dev"
FUNCTION = f"{DEV}-{CLOCK}"
ROLE = f"{DEV}-{CLOCK}"
_TRUST = '{"Version": "2012-10-17", "Statement": []}'
_ALL = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'
)
type Client = Callable[[str], Any]
FORBIDDEN: dict[str, Callable[[Client], Any]] = {
    "create a role": lambda c: c("iam").create_role(RoleName="x", AssumeRolePolicyDocument=_TRUST),
    "change a role's policy": lambda c: c("iam").put_role_policy(
        RoleName=ROLE, PolicyName="function", PolicyDocument=_ALL
    ),
    "change its own policy": lambda c: c("iam").put_role_policy(
        RoleName=f"{DEV}-github-deploy", PolicyName="deploy", PolicyDocument=_ALL
    ),
    "attach a policy": lambda c: c("iam").attach_role_policy(
        RoleName=ROLE, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"
    ),
    "delete a role": lambda c: c("iam").delete_role(RoleName=ROLE),
    "make a key": lambda c: c("iam").create_access_key(UserName=f"{DEV}-github-deploy-user"),
    "read the roles of another environment": lambda c: c("iam").get_role(
        RoleName=f"rehearsal-staging-{CLOCK}"
    ),
    "pass another role": lambda c: c("lambda").update_function_configuration(
        FunctionName=FUNCTION, Role="arn:aws:iam::000000000000:role/admin"
    ),
    "change a setting": lambda c: c("lambda").update_function_configuration(
        FunctionName=FUNCTION, Timeout=900
    ),
    "delete a function": lambda c: c("lambda").delete_function(FunctionName=FUNCTION),
    "let somebody call a function": lambda c: c("lambda").add_permission(
        FunctionName=FUNCTION, StatementId="x", Action="lambda:InvokeFunction", Principal="*"
    ),
    "release to another environment": lambda c: c("lambda").update_function_code(
        FunctionName=f"rehearsal-staging-{CLOCK}", ImageUri="x:y"
    ),
    "call a function of another environment": lambda c: c("lambda").invoke(
        FunctionName=f"rehearsal-staging-{CLOCK}"
    ),
    "delete a table": lambda c: c("dynamodb").delete_table(TableName=f"{DEV}-clock"),
    "read a function's table": lambda c: c("dynamodb").scan(TableName=f"{DEV}-clock"),
    "write another environment's history": lambda c: c("dynamodb").put_item(
        TableName="rehearsal-staging-releases",
        Item={"function": {"S": CLOCK}, "release_id": {"S": "x"}},
    ),
    "read another environment's secret": lambda c: c("secretsmanager").get_secret_value(
        SecretId="rehearsal-staging-secret"
    ),
    "write Terraform's state": lambda c: c("s3").put_object(
        Bucket=f"{DEV}-state", Key="lambda-fleet/terraform.tfstate", Body=b"{}"
    ),
    "read another environment's state": lambda c: c("s3").get_object(
        Bucket="rehearsal-staging-state", Key="lambda-fleet/terraform.tfstate"
    ),
    "delete an image": lambda c: c("ecr").batch_delete_image(
        repositoryName=f"rehearsal/{CLOCK}", imageIds=[{"imageTag": "x"}]
    ),
}
_REFUSALS = {"AccessDenied", "AccessDeniedException", "AuthorizationError", "403"}


def as_deployer(small: SmallFleet, *arguments: str) -> Ended:
    return fleet(*arguments, "--env", "dev", cwd=small.remote.root, **small.role("dev"))


def test_release_rollback_and_validate_need_nothing_else(small: SmallFleet) -> None:
    tag = small.remote.head()
    released = as_deployer(small, "release", "--tag", tag, "--json")
    assert released.code == 0, released.err
    for verb in (
        ("validate",),
        ("status",),
        ("history",),
        ("resume",),
        ("release", "--function", LINKS, "--tag", tag, "--dry-run"),
    ):
        ended = as_deployer(small, *verb)
        assert ended.code == 0, f"{verb}\n{ended.err}"


def test_it_may_read_its_own_state(small: SmallFleet) -> None:
    found = client(small)("s3").get_object(
        Bucket=f"{DEV}-state", Key="lambda-fleet/terraform.tfstate"
    )
    assert found["ContentLength"] > 0


def test_twenty_calls_are_tried() -> None:
    assert len(FORBIDDEN) == 20


@pytest.mark.parametrize("what", FORBIDDEN)
def test_what_it_may_not(small: SmallFleet, what: str) -> None:
    with pytest.raises(ClientError) as refused:
        FORBIDDEN[what](client(small))
    assert refused.value.response["Error"]["Code"] in _REFUSALS


def client(small: SmallFleet) -> Client:
    """boto3 as whoever deploys to dev."""
    key, secret = small.deployers["dev"]
    environment = small.environment("dev")
    return lambda service: boto3.client(
        service,
        region_name=environment.region,
        endpoint_url=environment.endpoint,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
    )
