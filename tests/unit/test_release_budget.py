"""Requests to Lambda stay within its rate, and come back when it asks."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from fleet.release.api import LambdaApi
from fleet.release.budget import Budget

from tests.kit.world import verbs
from tests.kit.world.faults import Call, Fault
from tests.kit.world.world import World


def moments(budget: Budget, count: int, now: float = 100.0) -> list[float]:
    return [round(now + budget.reserve(now), 3) for _ in range(count)]


def test_requests_are_spaced_evenly() -> None:
    assert moments(Budget(10), 4) == [100.0, 100.1, 100.2, 100.3]


def test_after_a_pause_a_few_may_follow_at_once_and_no_more() -> None:
    assert moments(Budget(10, burst=3), 5) == [100.0, 100.0, 100.0, 100.1, 100.2]


def test_a_pause_does_not_save_up_more_than_the_burst() -> None:
    budget = Budget(10, burst=2)
    budget.reserve(0.0)
    assert moments(budget, 3, now=1000.0) == [1000.0, 1000.0, 1000.1]


def test_refusals_halve_the_rate_once_a_second_and_it_recovers() -> None:
    budget = Budget(10)
    for _ in range(5):
        budget.refused(100.0)
    assert moments(budget, 2) == [100.0, 100.2]
    assert moments(budget, 2, now=110.0) == [110.0, 110.1]


def test_the_rate_never_falls_to_nothing() -> None:
    budget = Budget(10)
    for second in range(100):
        budget.refused(100.0 + 1.01 * second)
    now = 100.0 + 1.01 * 99
    budget.reserve(now)
    assert budget.reserve(now) < 1.01


@pytest.mark.parametrize("code", ["TooManyRequestsException", "ServiceException"])
@pytest.mark.parametrize(
    "operation", ["GetAlias", "GetFunction", "UpdateFunctionCode", "PublishVersion", "UpdateAlias"]
)
def test_a_release_gets_through_refusals(code: str, operation: str) -> None:
    left = 4

    def fault(call: Call) -> Fault | None:
        nonlocal left
        if call.operation == operation and left:
            left -= 1
            return Fault(error=code)
        return None

    with World(seed=3) as world:
        world.push("one")
        world.passage.fault = fault
        report = world.do("ann", lambda tools: verbs.release(tools, "one"))
        assert [outcome.result for outcome in report.functions] == ["released"]
        assert left == 0


def test_lambda_that_refuses_for_good_is_believed_in_the_end() -> None:
    with World() as world:
        world.push("one")
        world.passage.fault = lambda call: (
            Fault(error="TooManyRequestsException") if call.operation == "GetAlias" else None
        )
        report = world.do("ann", lambda tools: verbs.release(tools, "one"))
        (outcome,) = report.functions
        assert (outcome.result, int(outcome.exit_code)) == ("refused", 4)
        assert "TooManyRequestsException" in outcome.reason


class _Runner:
    def __init__(self) -> None:
        self.slept = 0.0

    def now(self) -> float:
        return self.slept

    def sleep(self, seconds: float) -> None:
        self.slept += seconds


class _Client:
    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)

    def get_alias(self, **_: Any) -> Any:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def refusal(code: str, status: int) -> ClientError:
    metadata = {"HTTPStatusCode": status}
    error = {"Error": {"Code": code, "Message": ""}, "ResponseMetadata": metadata}
    return ClientError(error, "GetAlias")  # type: ignore[arg-type]


def api(client: _Client) -> LambdaApi:
    return LambdaApi(client, _Runner())  # type: ignore[arg-type]


def test_a_lost_connection_is_tried_again() -> None:
    client = _Client(EndpointConnectionError(endpoint_url="x"), {"ok": 1})
    assert api(client).call("get_alias") == {"ok": 1}


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("ResourceNotFoundException", 404),
        ("AccessDeniedException", 403),
        ("ResourceConflictException", 409),
        ("ResourceNotReadyException", 502),
    ],
)
def test_what_asking_again_does_not_change_is_raised_at_once(code: str, status: int) -> None:
    client = _Client(refusal(code, status), {"never": "asked"})
    with pytest.raises(ClientError):
        api(client).call("get_alias")
    assert client.answers == [{"never": "asked"}]


@pytest.mark.parametrize(("metered", "waits"), [(True, True), (False, False)])
def test_only_where_aws_has_rates_are_requests_spaced(metered: bool, waits: bool) -> None:
    runner = _Runner()
    client = _Client(*[{"ok": 1}] * 60)
    one = LambdaApi(client, runner, metered=metered)  # type: ignore[arg-type]
    for _ in range(60):
        one.call("get_alias")
    assert (runner.slept > 0) is waits


def test_an_api_without_rates_still_comes_back_when_it_is_asked_to() -> None:
    runner = _Runner()
    client = _Client(refusal("TooManyRequestsException", 429), {"ok": 1})
    one = LambdaApi(client, runner, metered=False)  # type: ignore[arg-type]
    assert one.call("get_alias") == {"ok": 1}
    assert runner.slept > 0
