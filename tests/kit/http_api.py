"""A deployed HTTP API, called as its clients call it."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from fleet import http_api
from fleet.commands.options import Workplace
from fleet.environments import LOCAL_CREDENTIALS, Environment

type Key = tuple[str, str]
# "No route but docs and health is open."
PUBLIC = {"GET /docs", "GET /docs/{asset+}", "GET /openapi.json"}


@dataclass(frozen=True)
class Route:
    """A route as API Gateway has it."""

    key: str
    authorization: str

    @property
    def method(self) -> str:
        return self.key.split(" ")[0].replace("$default", "GET").replace("ANY", "GET")

    @property
    def path(self) -> str:
        """With something for each parameter."""
        path = self.key.partition(" ")[2] or "/anything"
        return "/".join("none" if part.startswith("{") else part for part in path.split("/"))


class Api:
    """One API of a stack; `endpoint` and `id` as Terraform's output says."""

    def __init__(self, place: Workplace, output: str = "api") -> None:
        self.place = place
        self.outputs = place.terraform.outputs()
        self.described = self.outputs[output]
        self.id: str = self.described["id"]
        self.host = self.described["endpoint"].partition("://")[2]

    def routes(self) -> list[Route]:
        """What is deployed, from API Gateway itself."""
        client = self.place.environment.client("apigatewayv2")
        items = client.get_routes(ApiId=self.id, MaxResults="500")["Items"]
        return sorted(
            (Route(i["RouteKey"], i["AuthorizationType"]) for i in items), key=lambda r: r.key
        )

    def arn(self, method: str, path: str) -> str:
        """What execute-api:Invoke is allowed on."""
        account = self.place.environment.client("sts").get_caller_identity()["Account"]
        region = self.place.environment.region
        return f"arn:aws:execute-api:{region}:{account}:{self.id}/$default/{method}{path}"

    def call(
        self,
        method: str,
        path: str,
        body: str | None = None,
        *,
        signed: bool = True,
        token: str = "",
        host: str = "",
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        """Send a request; the host is another API's if given."""
        url = f"http://{host or self.host}{path}"
        asked = http_api.request(
            self.place.environment, method, url, body, signed=signed, token=token
        )
        sent = asked.headers | (headers or {})
        return httpx.request(method, asked.url, headers=sent, content=asked.body, timeout=60)


@contextmanager
def signing_as(key: Key) -> Iterator[None]:
    """Whoever signs local requests from now on."""
    names = [f"FLEET_LOCAL_{name}" for name in LOCAL_CREDENTIALS]
    before = {name: os.environ.get(name) for name in names}
    os.environ |= dict(zip(names, key, strict=True))
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


@contextmanager
def caller(place: Workplace, resources: Sequence[str]) -> Iterator[Key]:
    """A user's access key who may call some routes, by their ARNs."""
    iam, name = place.environment.client("iam"), f"test-{secrets.token_hex(4)}"
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    allow = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": list(resources)}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    if resources:
        iam.put_user_policy(UserName=name, PolicyName="call", PolicyDocument=document)
    try:
        yield key["AccessKeyId"], key["SecretAccessKey"]
    finally:
        if resources:
            iam.delete_user_policy(UserName=name, PolicyName="call")
        iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
        iam.delete_user(UserName=name)


@contextmanager
def configured(place: Workplace, **api: Any) -> Iterator[None]:
    """The APIs applied by Terraform with another variable `api`, and with the usual one after."""
    terraform = place.terraform
    variable = "TF_VAR_api"  # Terraform's own spelling: a variable's name in lower case
    # Nobody else changes the stack meanwhile, and looking at all of it takes longest.
    os.environ["TF_CLI_ARGS_apply"] = "-refresh=false"  # noqa: SIM112  Terraform's own too
    os.environ[variable] = json.dumps(api)
    terraform.init()
    try:
        terraform.apply("module.api")
        yield
    finally:
        del os.environ[variable]
        terraform.apply("module.api")
        del os.environ["TF_CLI_ARGS_apply"]  # noqa: SIM112  as above


@dataclass(frozen=True)
class Issued:
    """Tokens of one issuer, a user pool: one for the client, one for another program."""

    issuer: str
    client: str
    token: str
    other: str


def issue(environment: Environment, user: str) -> Issued:
    """A user pool with two clients, and a user's token for each."""
    cognito, password = environment.client("cognito-idp"), secrets.token_urlsafe(16) + "aA1-"
    pool = cognito.create_user_pool(PoolName="test")["UserPool"]["Id"]
    whom = {"UserPoolId": pool, "Username": user}
    cognito.admin_create_user(**whom, MessageAction="SUPPRESS")
    cognito.admin_set_user_password(**whom, Password=password, Permanent=True)
    clients, tokens = [], []
    for name in ("ours", "another"):
        made = cognito.create_user_pool_client(
            UserPoolId=pool, ClientName=name, ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"]
        )
        clients.append(made["UserPoolClient"]["ClientId"])
        answer = cognito.initiate_auth(
            ClientId=clients[-1],
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": user, "PASSWORD": password},
        )
        tokens.append(answer["AuthenticationResult"]["AccessToken"])
    issuer = f"https://cognito-idp.{environment.region}.amazonaws.com/{pool}"
    return Issued(issuer, clients[0], tokens[0], tokens[1])


def preflight(api: Api, origin: str) -> httpx.Response:
    """What a browser asks before it lets a web page call the API."""
    headers = {"origin": origin, "access-control-request-method": "GET"}
    headers["access-control-request-headers"] = "authorization"
    return api.call("OPTIONS", "/downloads", signed=False, headers=headers)


def crossed(answer: httpx.Response) -> bool:
    """Does an answer let a web page of another origin read it?"""
    return any(name.startswith("access-control") for name in answer.headers)
