"""`fleet validate` on the local stack: it finds nothing, and then each thing that is spoiled."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from fleet.release.told import ALIAS
from fleet.stack.fixtures import SAMPLE_KEY, SAMPLE_OBJECT

from tests.e2e.conftest import Stack
from tests.kit import commits
from tests.kit.program import fleet

FUNCTION = commits.FUNCTION
pytestmark = pytest.mark.stack


def failing(*options: str) -> dict[str, str]:
    """What `fleet validate` finds wrong with one function: details by the checks' names."""
    ended = fleet("validate", "--function", FUNCTION, "--json", *options)
    (function,) = ended.json["functions"]
    found = {c["name"]: c["detail"] for c in function["checks"] if c["result"] == "failed"}
    assert ended.code == (4 if found else 0), ended.err
    return found


def test_after_bootstrap_everything_passes(stack: Stack, tmp_path: Path) -> None:
    """The sample events meet their fixtures here, so every one of them is sent."""
    report = tmp_path / "reports" / "validate.xml"
    ended = fleet("validate", "--json", "--junit", str(report))
    assert ended.code == 0, ended.err
    functions = {f["function"]: f["checks"] for f in ended.json["functions"]}
    assert sorted(functions) == sorted(stack.place.project.functions)
    for function, checks in functions.items():
        results = {check["name"]: check["result"] for check in checks}
        # A machine that is busy may slow a call down, and the local AWS sets everybody's alarm off
        # when an earlier test's function failed; nothing else may be amiss.
        amiss = {n for n, r in results.items() if r in {"failed", "warned"}}
        assert {name.partition(".")[0] for name in amiss} <= {"times", "alarms"}, ended.err
        assert not any(r == "failed" for r in results.values()), ended.err
        events = (stack.place.project.root / "images" / function / "events").glob("*.json")
        assert {f"events.{e.stem}" for e in events} <= {
            name for name, result in results.items() if result == "passed"
        }
        assert {"times.cold", "times.warm"} <= set(results)
    cases = ET.fromstring(report.read_text()).findall(".//testcase")  # noqa: S314  our own
    assert len(cases) == sum(map(len, functions.values()))
    shown = [value for name, value in variables(stack).items() if name != "ENVIRONMENT"]
    assert not any(value in ended.err for value in shown if len(value) > 8)


def variables(stack: Stack) -> dict[str, str]:
    name = stack.environment.function_name(FUNCTION)
    found = stack.client("lambda").get_function_configuration(FunctionName=name)
    values: dict[str, str] = found["Environment"]["Variables"]
    return values


@contextmanager
def latest_permission(stack: Stack, name: str) -> Iterator[None]:
    client = stack.client("lambda")
    statement = {"FunctionName": name, "StatementId": "by-hand"}
    source = {"Principal": "s3.amazonaws.com", "SourceArn": "arn:aws:s3:::some-bucket"}
    client.add_permission(**statement, **source, Action="lambda:InvokeFunction")
    yield
    client.remove_permission(**statement)


@contextmanager
def loose_permission(stack: Stack, name: str) -> Iterator[None]:
    client = stack.client("lambda")
    statement = {"FunctionName": name, "StatementId": "by-hand", "Qualifier": ALIAS}
    action = "lambda:InvokeFunction"
    client.add_permission(**statement, Principal="s3.amazonaws.com", Action=action)
    yield
    client.remove_permission(**statement)


@contextmanager
def retention(stack: Stack, name: str) -> Iterator[None]:
    client, group = stack.client("logs"), f"/aws/lambda/{name}"
    client.put_retention_policy(logGroupName=group, retentionInDays=7)
    yield
    client.put_retention_policy(logGroupName=group, retentionInDays=1)


@contextmanager
def silent_alarm(stack: Stack, name: str) -> Iterator[None]:
    client = stack.client("cloudwatch")
    client.disable_alarm_actions(AlarmNames=[f"{name}-errors"])
    yield
    client.enable_alarm_actions(AlarmNames=[f"{name}-errors"])


@contextmanager
def more_rights(stack: Stack, name: str) -> Iterator[None]:
    client = stack.client("iam")
    role = {"RoleName": name, "PolicyName": "by-hand"}
    allow = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [allow]}
    client.put_role_policy(**role, PolicyDocument=json.dumps(document))
    yield
    client.delete_role_policy(**role)


@contextmanager
def changed_rights(stack: Stack, name: str) -> Iterator[None]:
    client = stack.client("iam")
    role = {"RoleName": name, "PolicyName": "function"}
    before = client.get_role_policy(**role)["PolicyDocument"]
    fewer = before | {"Statement": before["Statement"][1:]}
    client.put_role_policy(**role, PolicyDocument=json.dumps(fewer))
    yield
    client.put_role_policy(**role, PolicyDocument=json.dumps(before))


@contextmanager
def closed_repository(stack: Stack, name: str) -> Iterator[None]:
    client = stack.client("ecr")
    repository = {"repositoryName": stack.environment.repository(FUNCTION)}
    before = client.get_repository_policy(**repository)["policyText"]
    client.delete_repository_policy(**repository)
    yield
    client.set_repository_policy(**repository, policyText=before)


@pytest.mark.parametrize(
    ("spoiled", "check", "said"),
    [
        (latest_permission, "permissions.latest", "s3.amazonaws.com may call $LATEST"),
        (loose_permission, "permissions.live", "names no source"),
        (retention, "logs.group", "7 days, and Terraform says 1"),
        (silent_alarm, "alarms.errors", "nobody hears it"),
        (more_rights, "permissions.beyond", "also has by-hand"),
        (changed_rights, "permissions.role", "differs from Terraform in ReadDownloads"),
        (closed_repository, "permissions.repository", "has no policy"),
    ],
)
def test_what_is_spoiled_by_hand_is_found(
    stack: Stack, spoiled: Any, check: str, said: str
) -> None:
    with spoiled(stack, stack.environment.function_name(FUNCTION)):
        found = failing("--no-invoke")
    # Nothing else: what the case before had spoiled is mended again.
    assert list(found) == [check]
    assert said in found[check]


def test_a_configuration_that_is_not_live_yet_is_a_warning(stack: Stack) -> None:
    name, client = stack.environment.function_name(FUNCTION), stack.client("lambda")
    client.update_function_configuration(FunctionName=name, MemorySize=256)
    try:
        ended = fleet("validate", "--function", FUNCTION, "--no-invoke", "--json")
    finally:
        client.update_function_configuration(FunctionName=name, MemorySize=128)
    assert ended.code == 0
    checks = {c["name"]: c for f in ended.json["functions"] for c in f["checks"]}
    assert checks["state.drift"]["result"] == "warned"
    assert checks["state.drift"]["detail"] == "$LATEST differs from live in MemorySize"
    assert checks["configuration.memory"]["result"] == "passed"
    assert "make apply ENV=local" in ended.said


def test_a_sample_event_that_is_answered_otherwise_is_found(stack: Stack) -> None:
    bucket = stack.place.terraform.outputs()["buckets"]["downloads"]
    client = stack.client("s3")
    client.delete_object(Bucket=bucket, Key=SAMPLE_KEY)
    try:
        found = failing()
    finally:
        client.put_object(Bucket=bucket, Key=SAMPLE_KEY, Body=SAMPLE_OBJECT)
    assert "$.statusCode is 404, not 200" in found["events.direct"]
    assert {name.partition(".")[0] for name in found} == {"events"}
    assert failing() == {}


def test_an_image_that_is_gone_from_the_registry_is_found(stack: Stack) -> None:
    digest = stack.place.registry.image(FUNCTION, stack.tag).digest
    repository = stack.environment.repository(FUNCTION)
    client = stack.client("ecr")
    client.batch_delete_image(repositoryName=repository, imageIds=[{"imageDigest": digest}])
    try:
        found = failing("--no-invoke")
    finally:
        stack.place.registry.login()
        assert stack.place.registry.push(FUNCTION, stack.tag)
    assert "no longer has" in found["images.rollback-window"]
    assert failing("--no-invoke") == {}


SLOW = """

_quick = handler


def handler(event, context):
    __import__("time").sleep(0.3)
    return _quick(event, context)
"""


@pytest.fixture
def released(stack: Stack) -> Iterator[Callable[[str], None]]:
    """Releases changes of the function; afterwards it is at the stack's tag again."""

    def release(tag: str) -> None:
        ended = fleet("release", "--function", FUNCTION, "--tag", tag)
        assert ended.code == 0, ended.err

    yield release
    release(stack.tag)


def test_a_release_that_made_the_function_slower_is_reported(
    stack: Stack, released: Callable[[str], None]
) -> None:
    for source in ("\n# As quick as before.\n", SLOW):
        released(commits.pushed(stack.place, source))
    ended = fleet("validate", "--function", FUNCTION, "--json")
    checks = {c["name"]: c for f in ended.json["functions"] for c in f["checks"]}
    assert ended.code == 0, "a slowdown is a warning"
    assert checks["times.warm"]["result"] == "warned"
    assert "% slower than" in checks["times.warm"]["detail"]
    assert "times.warm" in ended.said
