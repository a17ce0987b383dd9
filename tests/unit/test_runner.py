"""lambda-test-runner, against a small Lambda and S3 that answer as the test says."""

from __future__ import annotations

import importlib
import json
import time
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from function_kit.aws_errors import AwsError
from function_kit.handler import SmokeFailed
from function_kit.settings import ConfigurationError
from lambda_test_runner import report as reports
from lambda_test_runner.run import Result
from lambda_test_runner.settings import RESERVE

from tests.kit.invoke import LambdaContext
from tests.kit.program import ROOT
from tests.kit.scripted import Reply
from tests.kit.small_aws import Failure, Function, SmallAws, error, serving_aws

PREFIX = "lambda-fleet-dev"
EVENTS = sorted((ROOT / "images" / "lambda-test-runner" / "events").glob("*.json"))
NAMES = ("generate-presigned-url", "scheduled-digest", "sync-clock")
REPORTS = "/reports/test-reports/"
VARIABLES = {
    "ENVIRONMENT": "dev",
    "FUNCTIONS": ",".join(NAMES),
    "FUNCTION_PREFIX": PREFIX,
    "TEST_REPORT_BUCKET": "reports",
    "TEST_CONCURRENCY": "2",
}


def good(event: Any) -> Any:
    if event == {"test": True}:
        return {"statusCode": 200, "checks": {"bucket": "ok"}}
    return {"statusCode": 400 if "key" not in event else 200, "body": json.dumps(event)}


@pytest.fixture
def aws() -> Iterator[SmallAws]:
    aws = SmallAws(functions={f"{PREFIX}-{name}": Function(good) for name in NAMES})
    with serving_aws(aws, **VARIABLES):
        yield aws


@pytest.fixture
def handler(aws: SmallAws) -> Any:
    """The handler, cold."""
    return importlib.reload(importlib.import_module("lambda_test_runner.handler")).handler


def run(handler: Any, event: Any = None, seconds: float = 300) -> Any:
    return handler(event or {}, LambdaContext(seconds=seconds))


def case(event: Any, expect: Any, name: str = "a case") -> dict[str, Any]:
    return {"cases": [{"function": NAMES[0], "name": name, "event": event, "expect": expect}]}


def written(aws: SmallAws, kind: str) -> str:
    (path,) = [path for path in aws.objects if path.endswith(f".{kind}")]
    return aws.objects[path].decode()


def test_every_function_gets_its_smoke_event(handler: Any, aws: SmallAws) -> None:
    answer = run(handler)
    told = {key: answer[key] for key in ("total_functions", "passed", "failed", "total_cases")}
    assert told == {"total_functions": 3, "passed": 3, "failed": 0, "total_cases": 3}
    assert [result["function"] for result in answer["results"]] == list(NAMES)
    assert {result["name"] for result in answer["results"]} == {"smoke"}
    invoked = aws.asked("/invocations")
    assert {request.path.split("/")[3] for request in invoked} == {
        f"{PREFIX}-{name}%3Alive" for name in NAMES
    }
    assert {request.body for request in invoked} == {b'{"test": true}'}


@pytest.mark.parametrize("path", EVENTS, ids=lambda path: path.stem)
def test_sample_events_are_answered_as_they_expect(handler: Any, path: Any) -> None:
    sample = json.loads(path.read_text())
    answer = run(handler, sample["event"])
    for key, value in sample["expect"].items():
        assert answer[key] == value


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Failure("no database", "SmokeFailed"), "the function failed (Unhandled): SmokeFailed: no"),
        ({"statusCode": 500}, "the smoke event was answered with status 500, not 2xx"),
        ({"checks": {}}, "the smoke event was answered with status None, not 2xx"),
        ("text", "the answer is not what the case expects: $ is a text of 4 characters"),
        (error("AccessDeniedException", 403), "Lambda refused: AccessDeniedException (403)"),
        (error("ServiceException", 500), "Lambda refused: ServiceException (500)"),
        (Reply(drop=True), "Lambda could not be reached: RemoteDisconnected"),
    ],
)
def test_a_function_that_does_not_work_has_failed(
    handler: Any, aws: SmallAws, answer: Any, reason: str
) -> None:
    aws.functions[f"{PREFIX}-{NAMES[1]}"].answer = lambda _: answer
    outcome = run(handler)
    assert (outcome["passed"], outcome["failed"]) == (2, 1)
    (failed,) = [result for result in outcome["results"] if not result["passed"]]
    assert failed["function"] == NAMES[1]
    assert failed["reason"].startswith(reason)
    assert len(aws.asked(f"{NAMES[1]}:live/invocations")) == 1


@pytest.mark.parametrize("status", [200, 204])
def test_any_success_is_one_for_a_smoke_event(handler: Any, aws: SmallAws, status: int) -> None:
    aws.functions[f"{PREFIX}-{NAMES[0]}"].answer = lambda _: {"statusCode": status}
    assert run(handler, {"functions": [NAMES[0]]})["failed"] == 0


@pytest.mark.parametrize(
    ("expect", "reason"),
    [
        ({"statusCode": 400}, None),
        ({}, None),
        ({"statusCode": 200}, "$.statusCode is 400, not 200"),
        ({"headers": {}}, "$.headers is missing"),
        ({"body": {"a": 1}}, "$.body is a text of 2 characters, not an object"),
    ],
)
def test_an_expectation_is_a_subset_of_the_answer(
    handler: Any, expect: Any, reason: str | None
) -> None:
    (result,) = run(handler, case({}, expect))["results"]
    assert result["passed"] is (reason is None)
    if reason:
        assert result["reason"] == f"the answer is not what the case expects: {reason}"


def test_functions_and_cases_go_together(handler: Any) -> None:
    answer = run(handler, case({}, {"statusCode": 400}) | {"functions": [NAMES[2]]})
    assert [(r["function"], r["name"]) for r in answer["results"]] == [
        (NAMES[2], "smoke"),
        (NAMES[0], "a case"),
    ]


def test_a_function_passes_when_all_its_cases_do(handler: Any) -> None:
    both = case({}, {"statusCode": 400})
    both["cases"] += case({}, {"statusCode": 200})["cases"]
    answer = run(handler, both)
    assert (answer["total_functions"], answer["failed"], answer["total_cases"]) == (1, 1, 2)


@pytest.mark.parametrize(
    ("event", "field"),
    [
        ({"functions": ["none"]}, "functions"),
        ({"functions": ["lambda-test-runner"]}, "functions"),
        ({"functions": []}, "functions"),
        ({"functions": "all"}, "functions"),
        ({"cases": [{"function": "sync-clock", "name": "x"}]}, "cases.0.event"),
        ({"cases": [{"function": "none", "name": "x", "event": {}}]}, "functions"),
        ({"cases": [{"function": "sync-clock", "name": "", "event": {}}]}, "cases.0.name"),
        ({"function": "sync-clock"}, "function"),
    ],
)
def test_a_bad_event_is_refused_with_its_field(
    handler: Any, aws: SmallAws, event: Any, field: str
) -> None:
    answer = run(handler, event)
    assert answer["statusCode"] == 400
    assert json.loads(answer["body"])["error"]["fields"][0]["field"] == field
    assert aws.requests == []


def test_invocations_run_side_by_side_within_bounds(handler: Any, aws: SmallAws) -> None:
    def slowly(event: Any) -> Any:
        time.sleep(0.1)
        return good(event)

    for function in aws.functions.values():
        function.answer = slowly
    cases = [case({"key": "x"}, {}, f"case {n}")["cases"][0] for n in range(6)]
    answer = run(handler, {"cases": cases})
    assert answer["failed"] == 0
    assert aws.most_at_once == 2


def test_what_cannot_start_in_time_is_not_run_and_failed(handler: Any, aws: SmallAws) -> None:
    answer = run(handler, seconds=RESERVE)
    assert (answer["total_functions"], answer["passed"], answer["failed"]) == (3, 0, 3)
    assert {result["reason"] for result in answer["results"]} == {
        "not run: the time was over before it could be started"
    }
    assert aws.asked("/invocations") == []
    assert "not run" in written(aws, "html")


def test_a_function_that_hangs_is_given_up_before_the_end(handler: Any, aws: SmallAws) -> None:
    def hang(_: Any) -> Any:
        time.sleep(2)
        return {}

    aws.functions[f"{PREFIX}-{NAMES[0]}"].answer = hang
    answer = run(handler, {"functions": [NAMES[0]]}, seconds=RESERVE + 1.2)
    (result,) = answer["results"]
    assert result["reason"] == "no answer within 1 s"
    assert len(aws.asked("/invocations")) == 1


def test_a_throttled_invocation_is_tried_until_there_is_room(handler: Any, aws: SmallAws) -> None:
    replies = iter([error("TooManyRequestsException", 429), {"statusCode": 200}])
    aws.functions[f"{PREFIX}-{NAMES[0]}"].answer = lambda _: next(replies)
    assert run(handler, {"functions": [NAMES[0]]})["failed"] == 0


def test_a_function_that_stays_throttled_says_so(handler: Any, aws: SmallAws) -> None:
    refusal = error("TooManyRequestsException", 429)
    aws.functions[f"{PREFIX}-{NAMES[0]}"].answer = lambda _: refusal
    answer = run(handler, {"functions": [NAMES[0]]}, seconds=RESERVE + 1.2)
    assert answer["results"][0]["reason"].endswith("(Lambda answered TooManyRequestsException)")


def test_the_reports_say_the_same(handler: Any, aws: SmallAws) -> None:
    aws.functions[f"{PREFIX}-{NAMES[1]}"].answer = lambda _: Failure("<b>&\x00\x1b[1m", "E")
    answer = run(handler)
    run_id = answer["test_run_id"]
    assert answer["reports"] == {
        kind: f"test-reports/{run_id}.{kind}" for kind in ("json", "xml", "html")
    }
    assert set(aws.objects) == {REPORTS + f"{run_id}.{kind}" for kind in ("json", "xml", "html")}
    kept = json.loads(written(aws, "json"))
    assert kept == {key: value for key, value in answer.items() if key != "reports"}
    root = ET.fromstring(written(aws, "xml"))  # noqa: S314  our own
    assert (root.get("tests"), root.get("failures")) == ("3", "1")
    assert [suite.get("name") for suite in root] == list(NAMES)
    message = root.findall(".//failure")[0].get("message")
    assert message == "the function failed (Unhandled): E: <b>&\ufffd\ufffd[1m"
    page = written(aws, "html")
    assert "&lt;b&gt;&amp;" in page
    assert "<b>" not in page
    assert page.index(NAMES[1]) < page.index(NAMES[0])
    assert set(aws.content_types.values()) == {
        "application/json",
        "application/xml",
        "text/html; charset=utf-8",
    }


def test_no_secret_and_no_text_of_an_answer_is_reported(
    handler: Any, aws: SmallAws, capsys: pytest.CaptureFixture[str]
) -> None:
    link = "https://b.s3.amazonaws.com/k?X-Amz-Signature=abc"
    aws.functions[f"{PREFIX}-{NAMES[0]}"].answer = lambda _: Failure(f"at {link} password=hunter2")
    aws.functions[f"{PREFIX}-{NAMES[1]}"].answer = lambda _: {"patient": "Doe", "statusCode": "x"}
    told = json.dumps(run(handler)) + capsys.readouterr().out
    told += "".join(body.decode() for body in aws.objects.values())
    for secret in ("X-Amz-Signature", "hunter2", "Doe"):
        assert secret not in told


def test_a_report_that_cannot_be_written_fails_the_run(handler: Any, aws: SmallAws) -> None:
    aws.refuse = lambda request: error("AccessDenied", 403) if request.method == "PUT" else None
    with pytest.raises(AwsError, match="writing an object failed: AccessDenied"):
        run(handler)


def test_an_answer_too_long_for_lambda_leaves_out_what_passed() -> None:
    report = reports.Report.begin("dev")
    report.end([Result("f", f"{n}", 1.0, "" if n % 2 else "x" * 400) for n in range(1000)])
    whole = report.answer()
    assert len(whole["results"]) == 1000
    assert "results_left_out" not in whole
    less = report.answer(250_000)
    assert len(json.dumps(less)) <= 250_200
    assert less["total_cases"] == 1000
    assert {r["passed"] for r in less["results"][:500]} == {False}
    assert less["results_left_out"] == 1000 - len(less["results"]) > 0


def test_the_smoke_test_uses_every_permission_and_runs_nothing(handler: Any, aws: SmallAws) -> None:
    answer = run(handler, {"test": True})
    assert answer["checks"] == {"functions": "ok", "reports": "ok"}
    assert {r.headers["x-amz-invocation-type"] for r in aws.asked("/invocations")} == {"DryRun"}
    assert len(aws.asked("/invocations")) == 3


@pytest.mark.parametrize(("method", "check"), [("POST", "functions"), ("PUT", "reports")])
def test_the_smoke_test_names_what_is_not_allowed(
    handler: Any, aws: SmallAws, method: str, check: str
) -> None:
    aws.refuse = lambda r: error("AccessDeniedException", 403) if r.method == method else None
    with pytest.raises(SmokeFailed, match=check):
        run(handler, {"test": True})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FUNCTIONS", ""),
        ("FUNCTIONS", "sync-clock,lambda-test-runner"),
        ("FUNCTION_PREFIX", "Not A Prefix"),
        ("TEST_REPORT_BUCKET", ""),
        ("TEST_CONCURRENCY", "0"),
    ],
)
def test_a_bad_variable_fails_the_start(
    aws: SmallAws, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=name):
        importlib.reload(importlib.import_module("lambda_test_runner.handler"))
