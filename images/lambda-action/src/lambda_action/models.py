"""What REST callers send and get."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from lambda_action.functions import Function
from lambda_action.gateway import MAX_ITEMS

type Name = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9_-]{1,64}$",
        description="A plain name: no ARN, no part of one, no qualifier.",
        examples=["waddlebot-echo"],
    ),
]


class _Body(BaseModel):
    """Strict: a number is no text. Unknown fields are ignored, as existing clients send some."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")


class Credentials(_Body):
    """Who wants a token."""

    client_id: Annotated[str, Field(min_length=1, max_length=128)]
    client_secret: Annotated[str, Field(min_length=1, max_length=512, repr=False)]


class AsyncInvoke(_Body):
    """An invocation whose answer nobody waits for."""

    function_name: str
    payload: Annotated[str, Field(description="JSON, as text.", examples=['{"name": "Ada"}'])] = ""


class Invoke(AsyncInvoke):
    """An invocation. An alias wins over a version; neither means `$LATEST`."""

    invocation_type: Literal["RequestResponse", "Event", "DryRun"] = "RequestResponse"
    alias: str = ""
    version: str = ""


class Batch(_Body):
    """Invocations side by side."""

    invocations: list[BatchItem]


class BatchItem(AsyncInvoke):
    """One of a batch; what is wrong with it is told in its own result."""

    invocation_type: str = "RequestResponse"
    alias: str = ""
    version: str = ""


class ListQuery(BaseModel):
    """Which page of functions."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    max_items: Annotated[int, Field(ge=1, le=MAX_ITEMS)] = MAX_ITEMS
    next_marker: Annotated[str, Field(max_length=4096)] = ""


class TokenAnswer(BaseModel):
    """A token, and for how many seconds it is good."""

    token: str
    expires_in: int


class InvokeAnswer(BaseModel):
    """What came of an invocation. `success` is false when Lambda refused or the function failed."""

    model_config = ConfigDict(from_attributes=True)

    success: bool
    status_code: Annotated[int, Field(description="Lambda's, or the gateway's for a refusal.")]
    payload: Annotated[str, Field(description="The function's answer, JSON as text.")]
    executed_version: str
    log_result: Annotated[str, Field(description="The end of the function's log, decoded.")]
    function_error: str
    error: str


class AsyncAnswer(BaseModel):
    """Whether Lambda has taken it."""

    success: bool
    status_code: int
    request_id: str
    error: str


class BatchAnswer(BaseModel):
    """Results in the order of the invocations."""

    results: list[InvokeAnswer]


class FunctionsAnswer(BaseModel):
    """One page; an empty `next_marker` is the last. A page may be empty and not the last."""

    success: Literal[True]
    functions: list[Function]
    next_marker: str


class ConfigAnswer(BaseModel):
    """A function's configuration."""

    success: Literal[True]
    config: Function


class HealthAnswer(BaseModel):
    """How the gateway is."""

    status: Literal["healthy", "unhealthy"]
    module: str
    version: str
    timestamp: str
    config: dict[str, Any]


class Failure(BaseModel):
    """Any other answer."""

    success: Literal[False]
    error: Annotated[str, Field(description="A sentence for people.")]
    code: Annotated[str, Field(description="A stable word for programs.")]
