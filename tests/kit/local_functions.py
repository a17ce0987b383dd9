"""A local AWS with functions of a few lines behind `live`, an HTTP API and a bucket."""

from __future__ import annotations

import io
import json
import uuid
import zipfile
from dataclasses import dataclass
from typing import Any

import botocore.session

REGION = "us-east-1"
ACCOUNT = "000000000000"
_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}


@dataclass
class LocalAws:
    """Whoever starts it, and makes what a test needs in it."""

    endpoint: str

    def client(self, service: str) -> Any:
        return botocore.session.get_session().create_client(
            service,
            region_name=REGION,
            endpoint_url=self.endpoint,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def function(self, name: str, code: str) -> str:
        """A function whose module has this code; the ARN of its alias `live`."""
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("index.py", code)
        iam, functions = self.client("iam"), self.client("lambda")
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(_TRUST))
        functions.create_function(
            FunctionName=name,
            Role=role["Role"]["Arn"],
            Runtime="python3.13",
            Handler="index.handler",
            Code={"ZipFile": packed.getvalue()},
            Timeout=20,
        )
        version = functions.publish_version(FunctionName=name)["Version"]
        alias = functions.create_alias(FunctionName=name, Name="live", FunctionVersion=version)
        arn: str = alias["AliasArn"]
        return arn

    def user(self, **statements: tuple[list[str], list[str]]) -> dict[str, str]:
        """The keys of a new user with just these permissions, as environment variables."""
        iam, name = self.client("iam"), f"user-{uuid.uuid4().hex[:8]}"
        iam.create_user(UserName=name)
        document = {
            "Version": "2012-10-17",
            "Statement": [
                {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}
                for sid, (actions, resources) in statements.items()
            ],
        }
        iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps(document))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return {
            "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
        }

    def http_api(self, name: str, routes: dict[str, tuple[str, str]]) -> str:
        """An HTTP API; its id.

        Args:
            name: The API's.
            routes: By route key, the ARN of the function behind it and its authorization.
        """
        client = self.client("apigatewayv2")
        api_id: str = client.create_api(Name=name, ProtocolType="HTTP")["ApiId"]
        authorizer = client.create_authorizer(
            ApiId=api_id,
            AuthorizerType="JWT",
            Name="issuer",
            IdentitySource=["$request.header.Authorization"],
            JwtConfiguration={"Issuer": "https://issuer.example", "Audience": ["x"]},
        )["AuthorizerId"]
        for key, (arn, authorization) in routes.items():
            uri = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{arn}/invocations"
            integration = client.create_integration(
                ApiId=api_id,
                IntegrationType="AWS_PROXY",
                IntegrationUri=uri,
                PayloadFormatVersion="2.0",
            )["IntegrationId"]
            client.create_route(
                ApiId=api_id,
                RouteKey=key,
                Target=f"integrations/{integration}",
                AuthorizationType=authorization,
                **({"AuthorizerId": authorizer} if authorization == "JWT" else {}),
            )
        return api_id
