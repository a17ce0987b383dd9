"""Real botocore clients whose calls are answered here instead of by AWS.

A call goes through botocore's own validation of parameters and its own errors; it is caught
where it would be signed and sent. Each answer is held against the output that botocore's model
of the service knows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, Protocol
from uuid import uuid4

from botocore import xform_name
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import ConnectionClosedError, ParamValidationError, ReadTimeoutError
from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape
from botocore.session import Session
from botocore.validate import ParamValidator

from tests.kit.world.functions import REGION, AwsError

# Of botocore's standard mode, those that this world knows.
_ASK_AGAIN = {
    "ProvisionedThroughputExceededException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "TransactionInProgressException",
}

type Handler = Callable[..., dict[str, Any]]


class Unfaithful(BaseException):
    """The fake answered as AWS cannot: nothing of the program may catch this."""


class LostAnswerError(Exception):
    """An answer that never comes."""

    def __init__(self, when: str) -> None:
        super().__init__(when)
        self.when = when


class Behind(Protocol):
    """What stands behind the clients."""

    def answer(self, service: str, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        """Let a call take effect; raise AwsError or LostAnswerError in its place."""

    def pause(self, seconds: float) -> None:
        """Wait, as botocore does before it tries again."""


_worlds: list[Behind] = []


@contextmanager
def behind_clients(world: Behind) -> Iterator[None]:
    """Let this world answer what is asked through clients in this block."""
    _worlds.append(world)
    try:
        yield
    finally:
        _worlds.remove(world)


@cache
def client(service: str, attempts: int) -> Any:
    """A client that is answered by the world around; made once, for making it is slow.

    Args:
        service: boto3's name of it.
        attempts: how often botocore makes a request before it gives up.
    """
    made = Session().create_client(
        service,
        region_name=REGION,
        aws_access_key_id="nobody",
        aws_secret_access_key="nothing",
        config=Config(retries={"mode": "standard", "total_max_attempts": attempts}),
    )
    # What would be sent is not looked at: only whether the model allows the parameters.
    made._serializer = _Validating()
    made._user_agent_creator.to_string = lambda: "a test"
    made._resolve_endpoint_ruleset = lambda *_, **__: ("https://aws.invalid", {}, {})
    made.meta.events.register("before-parameter-build", _remember)
    made.meta.events.register(
        "before-call",
        lambda model, context, **_: _answer(service, model, context["world_parameters"], attempts),
    )
    made._make_api_call = _some_go_straight(service, made, attempts)
    return made


def _some_go_straight(service: str, made: Any, attempts: int) -> Callable[..., dict[str, Any]]:
    """Calls of a client, past botocore where a sample has not got them."""
    through_botocore, sample = made._make_api_call, Sample()

    def call(operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        if sample.has(operation):
            answer: dict[str, Any] = through_botocore(operation, parameters)
            return answer
        model = made.meta.service_model.operation_model(operation)
        tokens = {name: str(uuid4()) for name in model.idempotent_members}
        response, answer = _answer(service, model, tokens | parameters, attempts)
        if response.status_code < 300:
            return answer
        raise made.exceptions.from_code(answer["Error"]["Code"])(answer, operation)

    return call


class Sample:
    """Which calls go through botocore and its model: all, or the first of each operation and some.

    All would be most of the time of thousands of simulated releases, of few kinds of calls.
    """

    first, every = 200, 1

    def __init__(self) -> None:
        self._calls: Counter[str] = Counter()

    def has(self, operation: str) -> bool:
        self._calls[operation] += 1
        number = self._calls[operation]
        return number <= self.first or number % self.every == 0


class _Validating:
    """In place of a serialiser: most of a call's time would go there."""

    def __init__(self) -> None:
        self._validator = ParamValidator()

    def serialize_to_request(
        self, parameters: dict[str, Any], operation: OperationModel
    ) -> dict[str, Any]:
        if operation.input_shape is not None:
            report = self._validator.validate(parameters, operation.input_shape)
            if report.has_errors():
                raise ParamValidationError(report=report.generate_report())
        return {"url_path": "/", "query_string": "", "method": "POST", "headers": {}, "body": b""}


_ANSWERS = Sample()


def _remember(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
    context["world_parameters"] = params


def _answer(
    service: str, model: OperationModel, parameters: dict[str, Any], attempts: int
) -> tuple[AWSResponse, dict[str, Any]]:
    assert _worlds, f"{service}:{model.name} was called outside of any world"
    world = _worlds[-1]
    for attempt in range(1, attempts + 1):
        try:
            answer = world.answer(service, model.name, parameters)
        except AwsError as error:
            if attempt == attempts or not _is_transient(error):
                return _refusal(model, error)
        except LostAnswerError as lost:
            if attempt == attempts:
                kind = ConnectionClosedError if lost.when == "before" else ReadTimeoutError
                raise kind(endpoint_url="https://aws.invalid", error=lost) from None
        else:
            if _ANSWERS.has(f"{service}:{model.name}"):
                _check_shape(answer, model.output_shape, model.name)
            return _response(200), answer | {"ResponseMetadata": {"HTTPStatusCode": 200}}
        world.pause(min(2.0**attempt, 20.0) / 2)
    raise AssertionError  # the last attempt returns or raises


def _is_transient(error: AwsError) -> bool:
    return error.status >= 500 or error.code in _ASK_AGAIN


def _refusal(model: OperationModel, error: AwsError) -> tuple[AWSResponse, dict[str, Any]]:
    known = {shape.name: shape for shape in model.error_shapes}
    if error.code in known:
        _check_shape(error.more, known[error.code], error.code)
    return _response(error.status), {
        "Error": {"Code": error.code, "Message": error.message},
        "ResponseMetadata": {"HTTPStatusCode": error.status},
        **error.more,
    }


@cache
def _response(status: int) -> AWSResponse:
    return AWSResponse("https://aws.invalid", status, {}, None)


def _check_shape(value: Any, shape: Shape | None, path: str) -> None:
    if isinstance(shape, StructureShape):
        if not isinstance(value, dict) or not value.keys() <= shape.members.keys():
            raise Unfaithful(f"{path} is {value}, and botocore knows {sorted(shape.members)}")
        for name, member in value.items():
            _check_shape(member, shape.members[name], f"{path}.{name}")
    elif isinstance(shape, MapShape):
        for name, member in value.items():
            _check_shape(member, shape.value, f"{path}.{name}")
    elif isinstance(shape, ListShape):
        for member in value:
            _check_shape(member, shape.member, f"{path}[]")
    elif shape is None and value:
        raise Unfaithful(f"{path} answers nothing in AWS, and here {value}")


def handler(part: Any, operation: str) -> Handler:
    """The method of a fake service that answers an operation."""
    found: Handler | None = getattr(part, xform_name(operation), None)
    if found is None:
        raise Unfaithful(f"this fake does not know {operation}")
    return found
