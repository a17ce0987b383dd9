"""A small AWS with documented APIs, and api-docs-generator on it."""

from __future__ import annotations

import base64
import gzip
import importlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from function_kit.openapi import Answer, Operation, describe
from pydantic import BaseModel, Field

from tests.kit.invoke import LambdaContext
from tests.kit.small_aws import Function, SmallAws, serving_aws

PREFIX = "lambda-fleet-dev"
OWN = f"{PREFIX}-api-docs-generator"
API = "a1b2c3"
ENDPOINT = f"https://{API}.execute-api.eu-west-1.amazonaws.com"
OWN_ROUTES = ("GET /docs", "GET /docs/{asset+}", "GET /openapi.json")
VARIABLES = {
    "ENVIRONMENT": "dev",
    "AWS_REGION": "eu-west-1",
    "AWS_LAMBDA_FUNCTION_NAME": OWN,
    "API_IDS": API,
    "DOCS_BUCKET": "docs",
}


class Treatment(BaseModel):
    """A treatment."""

    patient_id: str = Field(examples=["p-1"])
    minutes: int = Field(ge=0, le=1440)


class Stored(BaseModel):
    """That it is stored."""

    success: bool
    treatment: Treatment


TREATMENTS = Operation(
    route="POST /ppu/treatments",
    id="insertTreatments",
    summary="Store a treatment",
    tag="Treatments",
    body=Treatment,
    examples={"one": {"patient_id": "p-1", "minutes": 5}},
    answers={200: Answer("It is stored.", Stored), 400: Answer("It is not valid.")},
)
CLOCK = Operation(
    route="GET /clock",
    id="getClock",
    summary="The time",
    tag="Clock",
    answers={200: Answer("The time."), 403: Answer("Not this device.")},
)


def arn(short: str, alias: str = ":live") -> str:
    return f"arn:aws:lambda:eu-west-1:123456789012:function:{PREFIX}-{short}{alias}"


def wrapped(short: str) -> str:
    """An integration's URI as Terraform's invoke ARN has it."""
    return f"arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/{arn(short)}/invocations"


def describing(*operations: Operation) -> Any:
    """What a function answers to the event that asks for its description."""
    said = {"statusCode": 200, "openapi": describe(operations)}
    return lambda event: said if event == {"describe": "openapi"} else {"statusCode": 200}


def route(key: str, short: str, authorization: str = "AWS_IAM", **more: Any) -> dict[str, Any]:
    return {
        "routeKey": key,
        "target": f"integrations/i-{short}",
        "authorizationType": authorization,
        **more,
    }


def api(*routes: dict[str, Any], name: str = "devices", api_id: str = API) -> dict[str, Any]:
    """An API as API Gateway tells of it: one integration for each function behind its routes."""
    shorts = {item["target"].removeprefix("integrations/i-") for item in routes}
    return {
        "api": {
            "apiId": api_id,
            "name": name,
            "description": "The device platform.",
            "apiEndpoint": f"https://{api_id}.execute-api.eu-west-1.amazonaws.com",
        },
        "routes": list(routes),
        "integrations": [
            {"integrationId": f"i-{short}", "integrationUri": wrapped(short)} for short in shorts
        ],
        "authorizers": [
            {
                "authorizerId": "jwt1",
                "name": "our issuer",
                "jwtConfiguration": {"issuer": "https://issuer.example/", "audience": ["x"]},
            }
        ],
    }


def small_aws() -> SmallAws:
    """Two functions and the documentation, behind one API."""
    own = [route(key, "api-docs-generator", "NONE") for key in OWN_ROUTES]
    return SmallAws(
        functions={
            f"{PREFIX}-insert-ppu-data": Function(describing(TREATMENTS)),
            f"{PREFIX}-sync-clock": Function(describing(CLOCK)),
        },
        apis={
            API: api(
                route("POST /ppu/treatments", "insert-ppu-data"),
                route("GET /clock", "sync-clock"),
                *own,
            )
        },
    )


@contextmanager
def handler(aws: SmallAws, **variables: str) -> Iterator[Any]:
    """The handler, cold, with this AWS."""
    with serving_aws(aws, **VARIABLES | variables):
        module = importlib.reload(importlib.import_module("api_docs_generator.handler"))
        yield lambda event, seconds=30.0: module.handler(
            event, LambdaContext(seconds=seconds, function_name=OWN)
        )


def request(key: str, query: dict[str, str] | None = None, **headers: str) -> dict[str, Any]:
    """A request of API Gateway, payload 2.0."""
    method, _, path = key.partition(" ")
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": key,
        "rawPath": path,
        "headers": {name.replace("_", "-"): value for name, value in headers.items()},
        "requestContext": {
            "apiId": API,
            "domainName": ENDPOINT.removeprefix("https://"),
            "http": {"method": method, "path": path},
        },
        "isBase64Encoded": False,
    }
    return event | ({"queryStringParameters": query} if query else {})


def asset(name: str, **headers: str) -> dict[str, Any]:
    """A request of a file of the page."""
    return request("GET /docs/{asset+}", **headers) | {"pathParameters": {"asset": name}}


def body(answer: dict[str, Any]) -> bytes:
    """What an answer holds, decoded."""
    text = answer["body"]
    content = base64.b64decode(text) if answer["isBase64Encoded"] else text.encode()
    packed = answer["headers"].get("content-encoding") == "gzip"
    return gzip.decompress(content) if packed else content


def document(answer: dict[str, Any]) -> dict[str, Any]:
    """The JSON in an answer."""
    parsed: dict[str, Any] = json.loads(body(answer))
    return parsed
