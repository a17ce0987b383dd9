"""What the release guard changes, in which order, and what stops it half way."""

from __future__ import annotations

from typing import Any

import pytest
from function_kit.aws_errors import AwsError
from release_guard.rollback import NotSettled

from tests.kit.guard import deliver, event, released, two_releases
from tests.kit.guard_aws import FUNCTION, NOW, PREFIX, Aws, Config, digest, image, refusal

CHANGES = {"PutItem", "TransactWriteItems", "UpdateAlias", "UpdateFunctionCode", "Publish"}


def fail(aws: Aws, operation: str, error: AwsError, times: int = 10**6) -> None:
    """Answer an operation with an error, a number of times."""
    left = [times]

    def refuse(call: Any) -> None:
        if call.operation == operation and left[0]:
            left[0] -= 1
            raise error

    aws.before = refuse


def test_live_and_latest_go_back_and_the_history_says_why() -> None:
    aws = two_releases()
    result = deliver(aws)
    assert result["action"] == "rolled-back"
    assert (result["function"], result["from_version"], result["to_version"]) == (
        FUNCTION,
        "7",
        "6",
    )
    function = aws.functions[FUNCTION]
    assert (function.live, function.weights, function.latest.image) == ("6", {}, image("a"))
    record = aws.releases()[0]
    assert (record.kind, record.state, record.actor) == ("rollback", "succeeded", "release-guard")
    assert (record.version, record.digest, record.tag) == ("6", digest("a"), "a" * 40)
    assert (record.previous_version, record.previous_digest) == ("7", digest("b"))
    assert record.passed
    assert f"{PREFIX}-{FUNCTION}-errors went off 300 s after the release" in record.reason
    assert "Threshold Crossed" in record.reason
    assert set(record.steps) == {"alias", "$LATEST"}


def test_the_intent_is_written_before_anything_is_changed() -> None:
    aws = two_releases()
    states: list[str] = []

    def look(call: Any) -> None:
        if call.operation in {"UpdateAlias", "UpdateFunctionCode"}:
            states.append(aws.releases()[0].state)

    aws.before = look
    deliver(aws)
    assert states == ["started", "started"]
    made = [call.operation for call in aws.calls if call.operation in CHANGES]
    assert made == [
        "PutItem",  # the lock
        "TransactWriteItems",  # the intent
        "UpdateAlias",
        "Publish",
        "UpdateFunctionCode",
        "PutItem",  # the outcome
        "PutItem",  # the lock is free
    ]


def test_the_topic_hears_of_it() -> None:
    aws = two_releases()
    deliver(aws)
    (message,) = aws.messages
    assert message["Subject"] == f"[{PREFIX}] {FUNCTION} rolled back to version 6"
    assert message["TopicArn"] == "arn:aws:sns:us-east-1:123456789012:alarms"
    for part in ("a" * 40, "b" * 40, "version 7", "somebody", "Threshold Crossed"):
        assert part in message["Message"]


def test_a_long_subject_is_one_that_sns_takes() -> None:
    aws = two_releases()
    name = "a-very-long-name-of-a-function" + "-x" * 60
    aws.functions[name] = aws.functions.pop(FUNCTION)
    old, new = released("6", "$LATEST", "a", 900), released("7", "6", "b", 300)
    aws.items.clear()
    aws.put(*(type(r)(**(vars(r) | {"function": name})) for r in (old, new)))
    deliver(aws, event(f"{PREFIX}-{name}-errors"), guarded_functions=name)
    assert len(aws.messages[0]["Subject"]) <= 100


def test_a_topic_that_takes_no_message_stops_nothing() -> None:
    aws = two_releases()
    aws.refused["Publish"] = refusal(403, "AuthorizationError")
    assert deliver(aws)["action"] == "rolled-back"
    assert aws.functions[FUNCTION].live == "6"


def test_it_goes_to_the_release_before_and_not_to_a_lower_number() -> None:
    """7 was rolled back by hand to 5, then 8 was released: before 8 was 5, not 7 nor 6."""
    aws = two_releases()
    aws.items.clear()
    aws.functions[FUNCTION].versions |= {"5": Config(image("a")), "8": Config(image("b"))}
    aws.functions[FUNCTION].live = "8"
    aws.put(
        released("5", "$LATEST", "a", 4000, release_id="1"),
        released("6", "5", "c", 3000, release_id="2"),
        released("7", "6", "d", 2000, release_id="3"),
        released("5", "7", "a", 1000, release_id="4", kind="rollback"),
        released("8", "5", "b", 300, release_id="5"),
    )
    assert deliver(aws)["to_version"] == "5"


def test_a_sleeping_version_is_woken_first() -> None:
    aws = two_releases()
    function = aws.functions[FUNCTION]
    function.versions["6"].state = "Inactive"

    def becomes_ready() -> None:
        if function.versions["6"].state == "Pending":
            assert function.live == "7"
            function.versions["6"].state = "Active"

    aws.clock.meanwhile = becomes_ready
    assert deliver(aws)["action"] == "rolled-back"
    assert function.invoked == [("6", "RequestResponse")]
    assert function.live == "6"


def test_a_sleeping_version_that_may_not_be_woken_is_an_error() -> None:
    aws = two_releases()
    aws.functions[FUNCTION].versions["6"].state = "Inactive"
    aws.refused["Invoke"] = refusal(403, "AccessDeniedException")
    with pytest.raises(AwsError, match="AccessDenied"):
        deliver(aws)
    assert aws.functions[FUNCTION].live == "7"


def test_a_version_that_does_not_wake_in_time_is_tried_again_later() -> None:
    aws = two_releases()
    function = aws.functions[FUNCTION]
    function.versions["6"].state = "Pending"
    with pytest.raises(NotSettled, match="version 6 is still Pending"):
        deliver(aws)
    lock = aws.lock()
    assert lock is not None
    assert (lock.run_id, function.live) == ("", "7")
    assert aws.releases()[0].kind == "deploy"
    function.versions["6"].state = "Active"
    assert deliver(aws)["action"] == "rolled-back"


def impossible(aws: Aws) -> str:
    """Deliver an alarm whose rollback cannot be; a person must hear of it. The reason."""
    result = deliver(aws)
    assert result["action"] == "impossible"
    (message,) = aws.messages
    assert message["Subject"] == f"[{PREFIX}] {FUNCTION} could not be rolled back"
    assert result["reason"] in message["Message"]
    lock = aws.lock()
    assert lock is not None
    assert lock.run_id == ""
    assert all(release.state != "started" for release in aws.releases())
    return result["reason"]


def test_a_version_that_is_gone() -> None:
    aws = two_releases()
    del aws.functions[FUNCTION].versions["6"]
    assert impossible(aws) == "version 6 is gone"
    assert aws.functions[FUNCTION].moves == []


def test_a_function_that_was_replaced_and_counts_from_1_again() -> None:
    aws = two_releases()
    aws.functions[FUNCTION].versions["6"] = Config(image("f"))
    assert "the function was replaced since" in impossible(aws)
    assert aws.functions[FUNCTION].moves == []


def test_an_image_that_is_no_longer_in_the_registry() -> None:
    aws = two_releases()
    aws.images.remove(digest("a"))
    assert "no longer in the registry" in impossible(aws)
    assert aws.functions[FUNCTION].moves == []


def test_a_version_that_lambda_cannot_run() -> None:
    aws = two_releases()
    aws.functions[FUNCTION].versions["6"] = Config(image("a"), state="Failed", reason="no ENI")
    assert impossible(aws) == "Lambda cannot run version 6: no ENI"
    assert aws.functions[FUNCTION].moves == []


def test_somebody_who_moves_live_in_the_last_moment_is_left_in_peace() -> None:
    aws = two_releases()

    def moves(call: Any) -> None:
        if call.operation == "UpdateAlias":
            aws.functions[FUNCTION].live, aws.functions[FUNCTION].revision = "5", "theirs"

    aws.before = moves
    assert impossible(aws) == "somebody else has moved live meanwhile"
    assert aws.functions[FUNCTION].live == "5"
    assert aws.functions[FUNCTION].latest.image == image("b")
    assert aws.releases()[0].state == "failed"


def test_a_change_of_the_alias_that_leaves_traffic_alone_is_no_obstacle() -> None:
    aws = two_releases()

    def describes(call: Any) -> None:
        if call.operation == "UpdateAlias":
            aws.functions[FUNCTION].revision = "described"
            aws.before = lambda _: None

    aws.before = describes
    assert deliver(aws)["action"] == "rolled-back"


def test_old_reads_of_the_alias_pass() -> None:
    aws = two_releases()

    def grows_old(call: Any) -> None:
        if call.operation == "TransactWriteItems":
            aws.functions[FUNCTION].old_alias = [("7", "outdated"), ("6", "older")]

    aws.after = grows_old
    assert deliver(aws)["action"] == "rolled-back"
    assert aws.functions[FUNCTION].moves == ["6"]


def test_latest_that_lambda_cannot_update_needs_a_person() -> None:
    aws = two_releases()
    aws.functions[FUNCTION].update_fails = "the image has no manifest"
    result = deliver(aws)
    assert result["action"] == "impossible"
    assert "could not give $LATEST the image: the image has no manifest" in result["reason"]
    assert aws.functions[FUNCTION].live == "6"
    assert [m["Subject"].rpartition("] ")[2] for m in aws.messages] == [
        f"{FUNCTION} rolled back to version 6",
        f"{FUNCTION} could not be rolled back",
    ]
    assert aws.releases()[0].state == "failed"


def test_a_function_that_vanishes_needs_a_person() -> None:
    aws = two_releases()

    def vanishes(call: Any) -> None:
        if call.operation == "UpdateAlias":
            del aws.functions[FUNCTION]

    aws.after = vanishes
    result = deliver(aws)
    assert (result["action"], result["reason"]) == ("impossible", "the function is gone")


def test_an_update_that_failed_before_is_no_obstacle() -> None:
    aws = two_releases()
    aws.functions[FUNCTION].latest = Config(image("a"), update="Failed", reason="of before")
    assert deliver(aws)["action"] == "rolled-back"
    assert aws.functions[FUNCTION].latest.update == "Successful"


def test_latest_that_has_the_image_already_is_left_as_it_is() -> None:
    aws = two_releases()
    aws.functions[FUNCTION].latest = Config(image("a"))
    deliver(aws)
    assert "UpdateFunctionCode" not in [call.operation for call in aws.calls]


def test_another_update_under_way_is_waited_for() -> None:
    aws = two_releases()
    aws.functions[FUNCTION].latest.update = "InProgress"
    aws.functions[FUNCTION].settling = 3
    assert deliver(aws)["action"] == "rolled-back"
    assert aws.functions[FUNCTION].latest.image == image("a")


@pytest.mark.parametrize("code", ["PreconditionFailedException", "ResourceConflictException"])
def test_an_update_that_somebody_else_comes_before_is_made_again(code: str) -> None:
    aws = two_releases()
    fail(aws, "UpdateFunctionCode", AwsError(code, "refused", 409), times=2)
    assert deliver(aws)["action"] == "rolled-back"
    assert aws.functions[FUNCTION].latest.image == image("a")


def test_latest_that_does_not_settle_in_time_is_gone_on_with_later() -> None:
    aws = two_releases()
    aws.functions[FUNCTION].settling = 10**6
    with pytest.raises(NotSettled):
        deliver(aws)
    assert (aws.functions[FUNCTION].live, aws.releases()[0].state) == ("6", "started")
    aws.functions[FUNCTION].settling = 1
    assert deliver(aws)["action"] == "rolled-back"
    assert [r.state for r in aws.releases()] == ["succeeded"] * 3


@pytest.mark.parametrize("status", [429, 500, 503, 0])
@pytest.mark.parametrize("operation", ["GetAlias", "UpdateAlias", "GetFunction"])
def test_a_control_plane_that_is_busy_is_waited_for(operation: str, status: int) -> None:
    aws = two_releases()
    fail(aws, operation, AwsError("TooManyRequestsException", "refused", status), times=5)
    assert deliver(aws)["action"] == "rolled-back"
    assert aws.clock.seconds > NOW


def test_a_control_plane_that_stays_busy_fails_the_invocation_so_that_it_is_repeated() -> None:
    aws = two_releases()
    fail(aws, "UpdateAlias", AwsError("TooManyRequestsException", "refused", 429))
    with pytest.raises(AwsError):
        deliver(aws)
    lock = aws.lock()
    assert lock is not None
    assert lock.run_id == ""
    aws.before = lambda _: None
    assert deliver(aws)["action"] == "rolled-back"


@pytest.mark.parametrize(
    "operation",
    [
        "Query",
        "GetItem",
        "PutItem",
        "TransactWriteItems",
        "GetAlias",
        "GetFunction",
        "DescribeImages",
        "UpdateAlias",
        "UpdateFunctionCode",
    ],
)
def test_what_the_guard_may_not_do_fails_the_invocation(operation: str) -> None:
    aws = two_releases()
    fail(aws, operation, AwsError("AccessDeniedException", "refused", 403))
    with pytest.raises(AwsError, match="AccessDenied"):
        deliver(aws)
    aws.before = lambda _: None
    aws.clock.seconds += 200
    assert deliver(aws)["action"] == "rolled-back"


def test_without_credentials_there_is_nothing_to_wait_for() -> None:
    aws = two_releases()
    fail(aws, "GetAlias", AwsError("NoCredentials", "refused"))
    with pytest.raises(AwsError, match="NoCredentials"):
        deliver(aws)
    assert aws.clock.seconds == NOW
