"""The REST side's documentation, made of the models that it works with."""

from __future__ import annotations

from typing import Final

from function_kit.openapi import Answer, Operation
from pydantic import BaseModel

from lambda_action import models

_TAG: Final = "Invoke gateway"
_LATER: Final = {"retry-after": "Seconds after which to try again."}
_COMMON: Final = {
    401: Answer("The token is missing, expired or not good.", models.Failure),
    429: Answer(
        "Too much is under way, or this client had its share.", models.Failure, headers=_LATER
    ),
    500: Answer("It failed on the gateway's side.", models.Failure),
    503: Answer("The audit, the clients' database or the signing key is away.", models.Failure),
}
_BAD: Final = Answer("Something of the request is wrong.", models.Failure)
_FORBIDDEN: Final = Answer("This function is not for this client.", models.Failure)
_LARGE: Final = Answer("The payload or the batch is too large.", models.Failure)
_AWS: Final = {
    502: Answer("Lambda refused, or cannot be reached.", models.Failure),
    504: Answer("Lambda did not answer in time.", models.Failure),
}


class FunctionPath(BaseModel):
    """Which function."""

    name: models.Name


OPERATIONS: Final = (
    Operation(
        route="GET /health",
        id="getGatewayHealth",
        summary="How the gateway is",
        tag=_TAG,
        answers={
            200: Answer("It is well.", models.HealthAnswer),
            503: Answer("Something that it needs is away.", models.HealthAnswer),
        },
        public=True,
    ),
    Operation(
        route="POST /api/v1/token",
        id="createToken",
        summary="Credentials for a token",
        tag=_TAG,
        body=models.Credentials,
        answers={
            200: Answer("A token.", models.TokenAnswer),
            400: Answer("One of the two is missing.", models.Failure),
            413: _LARGE,
            **_COMMON,
        },
        public=True,
    ),
    Operation(
        route="POST /api/v1/invoke",
        id="invokeFunction",
        summary="Invoke a function and wait for it",
        description="What Lambda refuses and what a function raises is told with `success` false.",
        tag=_TAG,
        body=models.Invoke,
        answers={
            200: Answer("What came of it.", models.InvokeAnswer),
            400: _BAD,
            403: _FORBIDDEN,
            413: _LARGE,
            **_COMMON,
        },
    ),
    Operation(
        route="POST /api/v1/invoke-async",
        id="invokeFunctionAsync",
        summary="Invoke a function and wait for nothing",
        tag=_TAG,
        body=models.AsyncInvoke,
        answers={
            200: Answer("Lambda has taken it, or why not.", models.AsyncAnswer),
            400: _BAD,
            403: _FORBIDDEN,
            413: _LARGE,
            **_COMMON,
        },
    ),
    Operation(
        route="POST /api/v1/batch",
        id="invokeFunctions",
        summary="Invoke functions side by side",
        tag=_TAG,
        body=models.Batch,
        answers={
            200: Answer("Results in the order of the invocations.", models.BatchAnswer),
            400: _BAD,
            413: _LARGE,
            **_COMMON,
        },
    ),
    Operation(
        route="GET /api/v1/functions",
        id="listFunctions",
        summary="Functions that the caller may invoke",
        tag=_TAG,
        query=models.ListQuery,
        answers={200: Answer("A page.", models.FunctionsAnswer), 400: _BAD, **_COMMON, **_AWS},
    ),
    Operation(
        route="GET /api/v1/functions/{name}",
        id="getFunctionConfig",
        summary="A function's configuration",
        tag=_TAG,
        path=FunctionPath,
        answers={
            200: Answer("The configuration.", models.ConfigAnswer),
            400: _BAD,
            403: _FORBIDDEN,
            404: Answer("Lambda knows no such function.", models.Failure),
            **_COMMON,
            **_AWS,
        },
    ),
)
