"""The parts of a release that decide, and the paths that AWS rarely takes."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from fleet.environments import Environment
from fleet.errors import ExitCode, FleetError
from fleet.images.registry import Image
from fleet.project import Project, SampleEvent
from fleet.release import preflight, smoke
from fleet.release.control import Answer, FunctionControl
from fleet.release.deploy import Deployer
from fleet.release.history import Release, by_tag, previous
from fleet.release.rollback import Rollback

from tests.kit.program import ROOT

FUNCTION = "generate-presigned-url"
REPOSITORY = "registry.example/lambda-fleet/generate-presigned-url"
OLD, NEW = "sha256:" + "0" * 64, "sha256:" + "1" * 64


def environment(name: str = "dev") -> Environment:
    return Environment(
        name, "lambda-fleet", "us-east-1", "x86_64", None, releases=name != "prod", instance=None
    )


def release(number: int, version: str, was: str = "", **changes: Any) -> Release:
    made = Release(
        function=FUNCTION,
        release_id=f"{number:04}",
        kind="deploy",
        state="succeeded",
        tag=f"tag{number}",
        digest="",
        previous_version=was,
        previous_digest="",
        actor="a",
        started_at="",
        version=version,
    )
    return replace(made, **changes)


class Lambda:
    """A function's control plane with one alias, in memory; `fail` names calls that fail."""

    def __init__(self) -> None:
        self.images = {"$LATEST": f"{REPOSITORY}@{OLD}", "1": f"{REPOSITORY}@{OLD}"}
        self.live, self.revision, self.weights = "1", "r1", {}
        self.bad_image, self.polls = "", 0
        self.fail: dict[str, list[Any]] = {}
        self.payload: Any = Project(ROOT).smoke(FUNCTION).expect
        self.function_error: str | None = None

    def _maybe_fail(self, operation: str) -> None:
        for failure in self.fail.pop(operation, [])[:1]:
            raise failure

    def get_function(self, FunctionName: str, Qualifier: str) -> dict[str, Any]:
        self._maybe_fail("get_function")
        if Qualifier not in self.images:
            raise denied("ResourceNotFoundException")
        image = self.images[Qualifier]
        return {
            "Configuration": {"Version": Qualifier, "Architectures": ["x86_64"], "Timeout": 3},
            "Code": {"ImageUri": image, "ResolvedImageUri": image},
        }

    def get_function_configuration(self, FunctionName: str, Qualifier: str) -> dict[str, Any]:
        self.polls += 1
        if self.polls % 2:
            return {"LastUpdateStatus": "InProgress", "State": "Pending"}
        if self.bad_image and self.images[Qualifier].endswith(self.bad_image):
            return {"LastUpdateStatus": "Failed", "LastUpdateStatusReason": "The image is gone."}
        return {"LastUpdateStatus": "Successful"}

    def get_alias(self, FunctionName: str, Name: str) -> dict[str, Any]:
        self._maybe_fail("get_alias")
        return {
            "FunctionVersion": self.live,
            "RevisionId": self.revision,
            "RoutingConfig": {"AdditionalVersionWeights": self.weights},
        }

    def update_function_code(self, FunctionName: str, ImageUri: str, Publish: bool) -> None:
        self._maybe_fail("update_function_code")
        self.images["$LATEST"] = ImageUri

    def publish_version(self, FunctionName: str, Description: str) -> dict[str, Any]:
        number = str(len(self.images))
        self.images[number] = self.images["$LATEST"]
        return {"Version": number}

    def invoke(self, FunctionName: str, Qualifier: str, Payload: bytes) -> dict[str, Any]:
        self._maybe_fail("invoke")
        answer: dict[str, Any] = {"Payload": io.BytesIO(json.dumps(self.payload).encode())}
        return answer | ({"FunctionError": self.function_error} if self.function_error else {})

    def update_alias(self, **call: Any) -> dict[str, Any]:
        self._maybe_fail("update_alias")
        if call["RevisionId"] != self.revision:
            raise denied("PreconditionFailedException")
        self.live = call["FunctionVersion"]
        self.revision = f"r{int(self.revision[1:]) + 1}"
        self.weights = call["RoutingConfig"]["AdditionalVersionWeights"]
        return {"FunctionVersion": self.live, "RevisionId": self.revision}


class Releases:
    """The history, in memory."""

    def __init__(self) -> None:
        self.saved: dict[str, Release] = {}

    def save(self, release: Release) -> None:
        self.saved[release.release_id] = release

    def finish(self, release: Release, state: Any, **changes: Any) -> Release:
        self.save(replace(release, state=state, **changes))
        return self.saved[release.release_id]

    def of(self, function: str, limit: int = 50) -> list[Release]:
        return sorted(self.saved.values(), key=lambda r: r.release_id, reverse=True)[:limit]


class Images:
    """A registry that has one image."""

    def __init__(self, architecture: str = "x86_64") -> None:
        self._architecture = architecture
        self.digests = {OLD, NEW}

    def image(self, function: str, tag: str) -> Image:
        return Image(function, tag, f"{REPOSITORY}@{NEW}", NEW, self._architecture, 1, ())

    def has_digest(self, function: str, digest: str) -> bool:
        return digest in self.digests

    def has_tag(self, function: str, tag: str) -> bool:
        return tag in {"tag", "same-content"}


def denied(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": code}}, "Call")


class Bench:
    """A deployer and a rollback over the fakes."""

    def __init__(self) -> None:
        self.aws, self.history, self.registry = Lambda(), Releases(), Images()
        self.environment = environment()

    def control(self, **changes: Any) -> FunctionControl:
        return FunctionControl(
            self.environment, FUNCTION, client=self.aws, sleep=lambda _: None, **changes
        )

    def deploy(self) -> Any:
        deployer = Deployer(
            Project(ROOT),
            self.environment,
            self.registry,
            self.history,
            self.control(),  # type: ignore[arg-type]
        )
        return deployer.deploy("tag")

    def rollback(self, **target: Any) -> Any:
        worker = Rollback(
            Project(ROOT),
            self.environment,
            self.registry,
            self.history,
            self.control(),  # type: ignore[arg-type]
        )
        return worker.run(**target)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_release_moves_live_to_the_new_digest(bench: Bench) -> None:
    outcome = bench.deploy()
    assert (outcome.result, bench.aws.live) == ("released", outcome.version)
    assert bench.aws.images[bench.aws.live].endswith(NEW)
    assert [r.state for r in bench.history.of(FUNCTION)] == ["succeeded"]


def test_the_intent_is_written_before_the_first_change(bench: Bench) -> None:
    bench.aws.fail["update_function_code"] = [RuntimeError("the process dies here")]
    with pytest.raises(RuntimeError):
        bench.deploy()
    (intent,) = bench.history.of(FUNCTION)
    assert (intent.state, intent.previous_version) == ("started", "1")


def test_a_canary_s_weights_never_survive(bench: Bench) -> None:
    bench.aws.weights = {"7": 0.1}
    bench.deploy()
    assert bench.aws.weights == {}


def test_a_failed_update_is_told_with_lambda_s_reason_and_put_back(bench: Bench) -> None:
    bench.aws.bad_image = NEW
    with pytest.raises(FleetError, match="The image is gone") as error:
        bench.deploy()
    assert error.value.code == ExitCode.ROLLED_BACK
    assert bench.aws.images["$LATEST"].endswith(OLD)
    assert bench.aws.live == "1"


def test_an_update_that_never_ends_is_given_up(bench: Bench) -> None:
    bench.aws.get_function_configuration = lambda **_: {"LastUpdateStatus": "InProgress"}  # type: ignore[method-assign]
    with pytest.raises(FleetError, match="still updating"):
        bench.control(wait_seconds=0.01).wait_ready()


def test_a_function_error_fails_the_smoke_whatever_the_payload(bench: Bench) -> None:
    bench.aws.function_error = "Unhandled"
    with pytest.raises(FleetError, match="failed its smoke event") as error:
        bench.deploy()
    assert error.value.code == ExitCode.ROLLED_BACK
    assert bench.aws.live == "1"


def test_somebody_else_s_move_of_live_is_never_overwritten(bench: Bench) -> None:
    invoke = bench.aws.invoke

    def invoke_while_another_deploys(**call: Any) -> dict[str, Any]:
        bench.aws.images["99"] = bench.aws.images["1"]
        bench.aws.live, bench.aws.revision = "99", "r50"
        return invoke(**call)

    bench.aws.invoke = invoke_while_another_deploys  # type: ignore[method-assign]
    with pytest.raises(FleetError, match="somebody else moved live") as error:
        bench.deploy()
    assert error.value.code == ExitCode.REFUSED
    assert bench.aws.live == "99"


def test_an_image_that_somebody_else_put_in_between_is_never_released(bench: Bench) -> None:
    publish = bench.aws.publish_version
    other = f"{REPOSITORY}@sha256:{'2' * 64}"

    def after_another_update(**call: Any) -> dict[str, Any]:
        bench.aws.images["$LATEST"] = other
        return publish(**call)

    bench.aws.publish_version = after_another_update  # type: ignore[method-assign]
    with pytest.raises(FleetError, match="somebody else changed") as error:
        bench.deploy()
    assert error.value.code == ExitCode.REFUSED
    assert bench.aws.live == "1"
    assert [r.version for r in bench.history.of(FUNCTION)] == [""]


def test_a_refused_release_leaves_latest_with_the_image_that_is_live(bench: Bench) -> None:
    invoke = bench.aws.invoke
    winner = f"{REPOSITORY}@sha256:{'3' * 64}"

    def while_another_wins(**call: Any) -> dict[str, Any]:
        bench.aws.images["99"] = winner
        bench.aws.live, bench.aws.revision = "99", "r50"
        return invoke(**call)

    bench.aws.invoke = while_another_wins  # type: ignore[method-assign]
    with pytest.raises(FleetError):
        bench.deploy()
    assert (bench.aws.live, bench.aws.images["$LATEST"]) == ("99", winner)


def test_when_putting_back_fails_too_a_person_is_needed(bench: Bench) -> None:
    bench.aws.function_error = "Unhandled"
    invoke = bench.aws.invoke

    def then_deny(**call: Any) -> dict[str, Any]:
        bench.aws.fail["update_function_code"] = [denied("AccessDeniedException")]
        return invoke(**call)

    bench.aws.invoke = then_deny  # type: ignore[method-assign]
    with pytest.raises(FleetError, match="putting things back failed too") as error:
        bench.deploy()
    assert error.value.code == ExitCode.NEEDS_PERSON


def test_an_interruption_by_keyboard_puts_things_back(bench: Bench) -> None:
    bench.aws.fail["invoke"] = [KeyboardInterrupt()]
    with pytest.raises(FleetError) as error:
        bench.deploy()
    assert error.value.code == ExitCode.ROLLED_BACK
    assert bench.aws.images["$LATEST"].endswith(OLD)


def test_the_wrong_architecture_is_refused_before_any_change(bench: Bench) -> None:
    bench.registry = Images("arm64")
    with pytest.raises(FleetError, match="is built for arm64") as error:
        bench.deploy()
    assert error.value.code == ExitCode.PREFLIGHT
    assert bench.history.saved == {}


def test_production_is_refused(bench: Bench) -> None:
    bench.environment = environment("prod")
    with pytest.raises(FleetError) as error:
        bench.deploy()
    assert error.value.code == ExitCode.REFUSED


def test_a_missing_alias_leads_to_bootstrap(bench: Bench) -> None:
    bench.aws.fail["get_alias"] = [denied("ResourceNotFoundException")]
    with pytest.raises(FleetError, match="has no alias live") as error:
        bench.deploy()
    assert "bootstrap" in error.value.todo


def test_other_errors_of_aws_are_not_swallowed(bench: Bench) -> None:
    for operation in ("get_alias", "get_function"):
        bench.aws.fail[operation] = [denied("ServiceException")]
        with pytest.raises(ClientError):
            preflight.check(Project(ROOT), bench.environment, bench.registry, bench.control(), "t")  # type: ignore[arg-type]


def test_rollback_without_an_earlier_release(bench: Bench) -> None:
    with pytest.raises(FleetError, match="no earlier release"):
        bench.rollback()


def test_rollback_to_the_tag_of_a_commit_that_changed_nothing(bench: Bench) -> None:
    outcome = bench.deploy()
    assert bench.rollback(to_tag="same-content").to_version == outcome.version
    with pytest.raises(FleetError, match="never released with the tag other"):
        bench.rollback(to_tag="other")


def test_rollback_to_an_image_that_the_registry_has_dropped(bench: Bench) -> None:
    bench.deploy()
    bench.registry.digests = {NEW}
    with pytest.raises(FleetError, match="no longer in the registry"):
        bench.rollback(to_version="1")
    assert bench.aws.live != "1"


def test_rollback_to_a_version_that_never_passed_is_smoked_first(bench: Bench) -> None:
    bench.deploy()
    bench.aws.function_error = "Unhandled"
    with pytest.raises(FleetError, match="never released and fails its smoke event"):
        bench.rollback(to_version="1")
    bench.aws.function_error = None
    assert bench.rollback(to_version="1").to_version == "1"


def test_a_rollback_that_aws_denies_is_in_the_history(bench: Bench) -> None:
    bench.deploy()
    bench.aws.fail["update_alias"] = [denied("AccessDeniedException")]
    with pytest.raises(ClientError):
        bench.rollback(to_version="1")
    assert bench.history.of(FUNCTION)[0].state == "failed"


def test_a_rollback_whose_latest_cannot_be_restored_says_so(bench: Bench) -> None:
    bench.deploy()
    bench.aws.fail["update_function_code"] = [denied("AccessDeniedException")]
    with pytest.raises(FleetError, match="LATEST still has the image") as error:
        bench.rollback(to_version="1")
    assert error.value.code == ExitCode.NEEDS_PERSON
    assert bench.aws.live == "1"


@pytest.mark.parametrize(
    ("releases", "live", "expected"),
    [
        ([release(1, "1", "$LATEST")], "1", None),
        ([release(2, "2", "1"), release(1, "1", "$LATEST")], "2", "1"),
        (
            [release(3, "3", "2", state="failed"), release(2, "2", "1"), release(1, "1", "")],
            "2",
            "1",
        ),
        # 2 was rolled away from to 1: from 1 there is nowhere to go, and 3 came from 1.
        (
            [release(4, "1", "2", kind="rollback"), release(2, "2", "1"), release(1, "1", "")],
            "1",
            None,
        ),
        ([release(5, "3", "1"), release(2, "2", "1"), release(1, "1", "")], "3", "1"),
        ([release(3, "2", "2"), release(2, "2", "1"), release(1, "1", "")], "2", "1"),
        ([release(2, "2", "1")], "2", None),
        ([release(1, "1", "")], "8", None),
        ([], "1", None),
    ],
)
def test_the_previous_release(releases: list[Release], live: str, expected: str | None) -> None:
    found = previous(releases, live)
    assert (found.version if found else None) == expected


def test_a_tag_leads_to_its_newest_good_release() -> None:
    releases = [
        release(3, "3", tag="t", state="failed"),
        release(2, "2", tag="t"),
        release(1, "1", tag="t"),
    ]
    found = by_tag(releases, "t")
    assert found is not None
    assert found.version == "2"
    assert by_tag(releases, "other") is None


@pytest.mark.parametrize(
    ("payload", "expect", "reason"),
    [
        ({"statusCode": 200, "more": 1}, {"statusCode": 200}, None),
        ({"statusCode": 500}, {"statusCode": 200}, "$.statusCode is 500, not 200"),
        ({}, {"statusCode": 200}, "$.statusCode is missing"),
        ("text", {"statusCode": 200}, "$ is text, not an object"),
        ({"a": {"b": [1]}}, {"a": {"b": [1]}}, None),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1]}}, "$.a.b is [1, 2], not [1]"),
        ({"a": "x" * 900}, {"a": "y"}, "…"),
    ],
)
def test_answers_are_held_against_expectations(
    payload: Any, expect: Any, reason: str | None
) -> None:
    told = smoke.verdict(Answer(payload, None, 1.0), SampleEvent("smoke", {}, expect))
    assert told is None if reason is None else reason in (told or "")


def test_an_answer_that_is_not_json_is_shown_as_text(bench: Bench) -> None:
    bench.aws.invoke = lambda **_: {"Payload": io.BytesIO(b"not json")}  # type: ignore[method-assign]
    assert bench.control().invoke("1", {}).payload == "not json"
