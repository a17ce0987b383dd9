"""A gRPC client made of the contract's own table, with nothing of the gateway's .proto in it."""

from __future__ import annotations

from typing import Any, Final, Self

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

# Field numbers, names and types: s string, i int32, b bool, * repeated.
TABLE: Final = """
InvokeFunctionRequest: 1 function_name s, 2 payload s, 3 invocation_type s, 4 alias s, 5 version s, 6 token s
InvokeFunctionResponse: 1 success b, 2 status_code i, 3 payload s, 4 function_error s, 5 log_result s, 6 executed_version s, 7 error s
InvokeAsyncRequest: 1 function_name s, 2 payload s, 3 token s
InvokeAsyncResponse: 1 success b, 2 status_code i, 3 request_id s, 4 error s
BatchInvokeRequest: 1 invocations *InvokeFunctionRequest, 2 token s
BatchInvokeResponse: 1 responses *InvokeFunctionResponse
ListFunctionsRequest: 1 token s, 2 max_items i, 3 next_marker s
ListFunctionsResponse: 1 success b, 2 functions *FunctionInfo, 3 next_marker s, 4 error s
FunctionInfo: 1 function_name s, 2 function_arn s, 3 runtime s, 4 role s, 5 handler s, 6 code_size i, 7 description s, 8 timeout i, 9 memory_size i, 10 last_modified s, 11 version s
GetFunctionConfigRequest: 1 function_name s, 2 token s
GetFunctionConfigResponse: 1 success b, 2 function_info FunctionInfo, 3 error s
"""  # noqa: E501 - a line is a message
METHODS: Final = (
    "InvokeFunction",
    "InvokeAsync",
    "BatchInvoke",
    "ListFunctions",
    "GetFunctionConfig",
)
PACKAGE: Final = "lambda_action"
_FIELD: Final = descriptor_pb2.FieldDescriptorProto
_TYPES: Final = {"s": _FIELD.TYPE_STRING, "i": _FIELD.TYPE_INT32, "b": _FIELD.TYPE_BOOL}


def _messages() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(
        name="contract.proto", package=PACKAGE, syntax="proto3"
    )
    for line in TABLE.strip().splitlines():
        name, _, fields = line.partition(": ")
        message = file.message_type.add(name=name)
        for field in fields.split(", "):
            number, label, kind = field.split()
            added = message.field.add(name=label, number=int(number))
            added.label = _FIELD.LABEL_REPEATED if kind[0] == "*" else _FIELD.LABEL_OPTIONAL
            if kind in _TYPES:
                added.type = _TYPES[kind]
            else:
                added.type = _FIELD.TYPE_MESSAGE
                added.type_name = f".{PACKAGE}.{kind.removeprefix('*')}"
    # A pool of its own: the gateway's own file has messages of the same names.
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    names = [message.name for message in file.message_type]
    found = {name: pool.FindMessageTypeByName(f"{PACKAGE}.{name}") for name in names}
    return {name: message_factory.GetMessageClass(kind) for name, kind in found.items()}


MESSAGES: Final = _messages()


class ContractClient:
    """Calls the service's methods with plain values."""

    def __init__(self, address: str, **options: Any) -> None:
        """Connect to `address`, without TLS; options are the channel's."""
        limits = {"grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1}
        self.channel = grpc.insecure_channel(address, list((limits | options).items()))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.channel.close()

    def call(
        self,
        method: str,
        *,
        metadata: dict[str, str] | None = None,
        timeout: float = 30,
        **fields: Any,
    ) -> Any:
        """One unary call.

        Raises:
            grpc.RpcError: Its status is not OK.
        """
        answer: Any = self.unary(method)(
            MESSAGES[f"{method}Request"](**fields),
            metadata=tuple((metadata or {}).items()),
            timeout=timeout,
        )
        return answer

    def unary(self, method: str) -> Any:
        """The channel's callable of one method."""
        return self.channel.unary_unary(
            f"/{PACKAGE}.LambdaAction/{method}",
            request_serializer=MESSAGES[f"{method}Request"].SerializeToString,
            response_deserializer=MESSAGES[f"{method}Response"].FromString,
        )
