"""The gRPC edge: messages in, one call of the gateway, messages out."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any, Final

import grpc
from function_kit.logging import get_logger
from google.protobuf.message import Message
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from lambda_action import lambda_action_pb2 as pb
from lambda_action import lambda_action_pb2_grpc
from lambda_action.errors import GatewayError, TooLarge
from lambda_action.invocations import Result, Wanted

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from lambda_action.gateway import Gateway
    from lambda_action.ports import Client

SERVICE: Final = "lambda_action.LambdaAction"
_INT32: Final = 2**31 - 1
# Calls of one connection that are under way at most; others of it wait on the client's side.
_STREAMS: Final = 1000
# Told in gRPC's status, because callers and proxies act on it; all else is told in-band.
_ALOUD: Final = (429, 503)

_log = get_logger()


type Handle[Q: Message, A: Message] = Callable[[Servicer, Q, Client], Awaitable[A]]


def _unary[Q: Message, A: Message](answer_type: type[A]) -> Callable[[Handle[Q, A]], Any]:
    """A method that knows its caller, and whose refusals are answers."""

    def decorate(handle: Handle[Q, A]) -> Any:
        @functools.wraps(handle)
        async def method(self: Servicer, request: Q, context: Any) -> A:
            try:
                client = await self.gateway.caller(_token(request, context))
                return await handle(self, request, client)
            except GatewayError as problem:
                refused: A = await _refusal(answer_type, problem, context)
                return refused
            except Exception:
                _log.exception("request_failed", method=handle.__name__)
                await context.abort(grpc.StatusCode.INTERNAL, "the request failed on our side")
                raise  # never reached: abort raises

        return method

    return decorate


class Servicer(lambda_action_pb2_grpc.LambdaActionServicer):
    """The service of the contract."""

    def __init__(self, gateway: Gateway) -> None:
        """Serve this gateway."""
        self.gateway = gateway

    @_unary(pb.InvokeFunctionResponse)
    async def InvokeFunction(  # noqa: N802 - the contract names it
        self, request: pb.InvokeFunctionRequest, client: Client
    ) -> pb.InvokeFunctionResponse:
        """Invoke a function and wait for it."""
        return _answer(await self.gateway.invoke(client, _wanted(request)))

    @_unary(pb.InvokeAsyncResponse)
    async def InvokeAsync(  # noqa: N802 - the contract names it
        self, request: pb.InvokeAsyncRequest, client: Client
    ) -> pb.InvokeAsyncResponse:
        """Invoke a function and wait for nothing."""
        result = await self.gateway.invoke(
            client,
            Wanted(
                function_name=request.function_name,
                payload=request.payload,
                invocation_type="Event",
            ),
        )
        return pb.InvokeAsyncResponse(
            success=result.success,
            status_code=result.status_code,
            request_id=result.request_id,
            error=result.error,
        )

    @_unary(pb.BatchInvokeResponse)
    async def BatchInvoke(  # noqa: N802 - the contract names it
        self, request: pb.BatchInvokeRequest, client: Client
    ) -> pb.BatchInvokeResponse:
        """Invoke functions side by side."""
        results = await self.gateway.batch(client, [_wanted(one) for one in request.invocations])
        return pb.BatchInvokeResponse(responses=[_answer(result) for result in results])

    @_unary(pb.ListFunctionsResponse)
    async def ListFunctions(  # noqa: N802 - the contract names it
        self, request: pb.ListFunctionsRequest, client: Client
    ) -> pb.ListFunctionsResponse:
        """List what the caller may invoke."""
        found, marker = await self.gateway.functions(client, request.max_items, request.next_marker)
        functions = [_info(one) for one in found]
        return pb.ListFunctionsResponse(success=True, functions=functions, next_marker=marker)

    @_unary(pb.GetFunctionConfigResponse)
    async def GetFunctionConfig(  # noqa: N802 - the contract names it
        self, request: pb.GetFunctionConfigRequest, client: Client
    ) -> pb.GetFunctionConfigResponse:
        """Tell one function's configuration."""
        found = await self.gateway.configuration(client, request.function_name)
        return pb.GetFunctionConfigResponse(success=True, function_info=_info(found))


def server(gateway: Gateway, address: str, max_bytes: int) -> tuple[grpc.aio.Server, Any]:
    """A server with the service, its health and its reflection, not started; and the health.

    Args:
        gateway: What answers.
        address: Where to listen; several processes may share it.
        max_bytes: The largest message that is taken.
    """
    made = grpc.aio.server(
        options=[
            ("grpc.so_reuseport", 1),
            ("grpc.max_receive_message_length", max_bytes),
            ("grpc.max_concurrent_streams", _STREAMS),
            # Each message would be followed by a ping that measures the network.
            ("grpc.http2.bdp_probe", 0),
            # A client that vanished without a word is noticed, one that pings too much is not kept.
            ("grpc.keepalive_time_ms", 30_000),
            ("grpc.keepalive_timeout_ms", 10_000),
            ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
        ]
    )
    add = lambda_action_pb2_grpc.add_LambdaActionServicer_to_server
    add(Servicer(gateway), made)  # type: ignore[no-untyped-call]  # protoc gives it no types
    checks = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(checks, made)
    names = (SERVICE, health.SERVICE_NAME, reflection.SERVICE_NAME)
    reflection.enable_server_reflection(names, made)
    if not made.add_insecure_port(address):
        raise OSError(f"cannot listen on {address}")
    return made, checks


async def tell(checks: Any, *, ready: bool) -> None:
    """What the standard health service says from now on, of the server and of the service."""
    states = health_pb2.HealthCheckResponse
    status = states.SERVING if ready else states.NOT_SERVING
    for name in ("", SERVICE):
        await checks.set(name, status)


def _token(request: Any, context: Any) -> str:
    """The token of the message, or of the metadata `authorization`."""
    if request.token:
        return str(request.token)
    for name, value in context.invocation_metadata() or ():
        if name == "authorization" and isinstance(value, str):
            scheme, _, rest = value.partition(" ")
            return rest.strip() if scheme.lower() == "bearer" else value
    return ""


async def _refusal(answer_type: Any, problem: GatewayError, context: Any) -> Any:
    """In-band as existing clients expect it, but for limits, which gRPC has a status for."""
    loud = int(problem.status) in _ALOUD or isinstance(problem, TooLarge)
    if loud or (answer_type is pb.BatchInvokeResponse and problem.status != 401):  # noqa: PLR2004
        if problem.retry_after is not None:
            seconds = str(max(1, math.ceil(problem.retry_after)))
            context.set_trailing_metadata((("retry-after", seconds),))
        await context.abort(problem.grpc_status, problem.message)
    if answer_type is pb.BatchInvokeResponse:
        # It has no field for an error of its own: one response that says so.
        refused = pb.InvokeFunctionResponse(
            success=False, status_code=problem.status, error=problem.message
        )
        return answer_type(responses=[refused])
    fields = answer_type.DESCRIPTOR.fields_by_name
    told: dict[str, Any] = {"success": False, "error": problem.message}
    if "status_code" in fields:
        told["status_code"] = int(problem.status)
    return answer_type(**told)


def _wanted(request: pb.InvokeFunctionRequest) -> Wanted:
    return Wanted(
        function_name=request.function_name,
        payload=request.payload,
        invocation_type=request.invocation_type or "RequestResponse",
        alias=request.alias,
        version=request.version,
    )


def _answer(result: Result) -> pb.InvokeFunctionResponse:
    return pb.InvokeFunctionResponse(
        success=result.success,
        status_code=result.status_code,
        payload=result.payload,
        function_error=result.function_error,
        log_result=result.log_result,
        executed_version=result.executed_version,
        error=result.error,
    )


def _info(found: dict[str, Any]) -> pb.FunctionInfo:
    """Lambda's configuration of a function; images have neither runtime nor handler."""
    text = {
        "function_name": "FunctionName",
        "function_arn": "FunctionArn",
        "runtime": "Runtime",
        "role": "Role",
        "handler": "Handler",
        "description": "Description",
        "last_modified": "LastModified",
        "version": "Version",
    }
    numbers = {"code_size": "CodeSize", "timeout": "Timeout", "memory_size": "MemorySize"}
    told: dict[str, Any] = {field: str(found.get(name) or "") for field, name in text.items()}
    told |= {field: min(int(found.get(name) or 0), _INT32) for field, name in numbers.items()}
    return pb.FunctionInfo(**told)
