"""The fake control plane against botocore's model: nothing in it that AWS does not know."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError, ParamValidationError
from botocore.model import OperationModel, ServiceModel
from botocore.session import Session

from tests.kit.world import behind, passage
from tests.kit.world.behind import Unfaithful
from tests.kit.world.cloudwatch import CloudWatch
from tests.kit.world.dynamodb import DynamoDB
from tests.kit.world.lambda_ import ControlPlane
from tests.kit.world.world import World

FOLDER = Path(behind.__file__).parent
PARTS: dict[str, type] = {"lambda": ControlPlane, "dynamodb": DynamoDB, "cloudwatch": CloudWatch}
# Errors that botocore leaves out of its models of operations, by AWS's own lists of common errors.
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CommonErrors.html
COMMON = {"AccessDenied": 403, "ThrottlingException": 400, "ValidationError": 400}


def model(service: str) -> ServiceModel:
    session = Session()
    return ServiceModel(session.get_component("data_loader").load_service_model(
        service, "service-2"
    ))  # fmt: skip


def operations() -> list[tuple[str, OperationModel, inspect.Signature]]:
    """The fake's calls, which are the methods with AWS's capitalised parameters."""
    found = []
    for service, part in PARTS.items():
        known = model(service)
        names = {xform_name(name): name for name in known.operation_names}
        for name, method in inspect.getmembers(part, inspect.isfunction):
            signature = inspect.signature(method)
            is_call = any(parameter[0].isupper() for parameter in signature.parameters)
            if is_call and name != "seconds":
                assert name in names, f"{service} has no operation {name}"
                found.append((name, known.operation_model(names[name]), signature))
    return found


@pytest.mark.parametrize(
    ("operation", "signature"), [pytest.param(*each[1:], id=each[0]) for each in operations()]
)
def test_a_call_takes_what_aws_takes(
    operation: OperationModel, signature: inspect.Signature
) -> None:
    assert operation.input_shape is not None
    rest = [p for p in signature.parameters.values() if p.kind is p.VAR_KEYWORD]
    named = signature.parameters.keys() - {"self"} - {p.name for p in rest}
    required = set(operation.input_shape.required_members)
    assert named <= operation.input_shape.members.keys()
    assert required <= named
    for name in required:
        assert signature.parameters[name].default is inspect.Parameter.empty


def statuses() -> dict[str, set[int]]:
    """Every error code that the services know, with its HTTP statuses."""
    found = {code: {status} for code, status in COMMON.items()}
    for service in PARTS:
        for shape in model(service).error_shapes:
            usual = 500 if shape._shape_model.get("fault") else 400
            status = shape.metadata.get("error", {}).get("httpStatusCode", usual)
            found.setdefault(shape.name, set()).add(status)
    return found


def errors() -> dict[str, set[int]]:
    """Every error code in the fake's source, with the HTTP statuses that it is given."""
    found: dict[str, set[int]] = {}
    for path in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "AwsError":
                values = [each.value for each in node.args if isinstance(each, ast.Constant)]
                numbers = [value for value in values if isinstance(value, int)] or [400]
                found.setdefault(str(values[0]), set()).update(numbers)
    return found


def test_every_error_is_one_of_aws_with_its_status() -> None:
    known, made = statuses(), errors()
    # The one that has no code of its own is what a test makes up.
    made.pop("as the test wants it")
    assert {"ResourceConflictException", "TransactionCanceledException"} <= made.keys()
    for code, given in made.items():
        assert given <= known[code], code


def test_errors_that_a_test_makes_up_have_the_status_of_aws() -> None:
    known = statuses() | {"AccessDeniedException": {403}}
    for code, status in passage.STATUS.items():
        assert status in known[code], code


def test_what_aws_does_not_take_is_refused_before_it_is_sent() -> None:
    with World() as world, pytest.raises(ParamValidationError):
        world.client("lambda").get_alias(FunctionName="fleet-dev-alpha", Alias="live")


def test_an_error_is_the_client_s_own_exception() -> None:
    with World() as world:
        client = world.client("lambda")
        with pytest.raises(client.exceptions.ResourceNotFoundException) as caught:
            client.get_alias(FunctionName="fleet-dev-alpha", Name="dead")
    assert isinstance(caught.value, ClientError)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_an_answer_that_aws_cannot_give_is_a_defect_of_the_fake(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ControlPlane, "get_alias", lambda _self, **_: {"Version": "1"})
    with World() as world, pytest.raises(Unfaithful, match="Version"):
        world.client("lambda").get_alias(FunctionName="fleet-dev-alpha", Name="live")


def test_a_call_that_the_fake_does_not_know_is_a_defect_of_the_fake() -> None:
    with World() as world, pytest.raises(Unfaithful, match="CreateAlias"):
        world.client("lambda").create_alias(
            FunctionName="fleet-dev-alpha", Name="next", FunctionVersion="1"
        )
