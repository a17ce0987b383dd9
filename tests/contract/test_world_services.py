"""What is around the fake control plane: request rates, old reads, metrics, alarms, a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError
from fleet.release.tools import Tools
from function_kit import releases

from tests.kit.world import verbs
from tests.kit.world.cloudwatch import Alarm
from tests.kit.world.faults import Fault
from tests.kit.world.rates import Bucket
from tests.kit.world.world import World

NAME = "fleet-dev-alpha"
TABLE = "fleet-dev-releases"


@pytest.fixture
def world() -> Iterator[World]:
    with World(["alpha"], latency=0) as made:
        made.push("one")
        made.push("two")
        yield made


def code(caught: pytest.ExceptionInfo[ClientError]) -> str:
    return str(caught.value.response["Error"]["Code"])


# Rates.


def refused(world: World, call: Callable[[Any], object], times: int) -> int:
    """How many of so many calls at once are refused for their rate."""

    def work(_: Tools) -> int:
        client, found = world.client("lambda"), []
        for _number in range(times):
            try:
                call(client)
            except client.exceptions.TooManyRequestsException as error:
                found.append(error.response["Reason"])
        assert set(found) <= {"CallerRateLimitExceeded"}
        return len(found)

    count: int = world.do("ann", work)
    return count


def get_alias(client: Any) -> object:
    return client.get_alias(FunctionName=NAME, Name="live")


def get_function(client: Any) -> object:
    return client.get_function(FunctionName=NAME)


def test_the_control_plane_takes_fifteen_requests_a_second_of_all_kinds(world: World) -> None:
    def any_kind(client: Any) -> object:
        kinds: list[Callable[[], object]] = [
            lambda: client.get_alias(FunctionName=NAME, Name="live"),
            lambda: client.update_alias(FunctionName=NAME, Name="live", Description="x"),
            lambda: client.list_aliases(FunctionName=NAME),
        ]
        return kinds[world.passage.made % 3]()

    assert refused(world, any_kind, 20) == 5
    world.simulation.advance(0.2)
    assert refused(world, any_kind, 5) == 2


def test_get_function_and_invocations_have_rates_of_their_own(world: World) -> None:
    assert refused(world, get_alias, 15) == 0
    assert refused(world, get_function, 120) == 20
    assert refused(world, lambda client: client.invoke(FunctionName=NAME), 200) == 0
    assert refused(world, get_alias, 1) == 1


def test_get_function_may_draw_from_the_common_bucket(world: World) -> None:
    world.lambda_.rates.one_bucket = True
    assert refused(world, get_function, 20) == 5


def test_a_bucket_that_is_asked_at_its_rate_never_refuses() -> None:
    bucket = Bucket(15.0, 1.0)
    assert all(bucket.take(1_700_000_000 + number / 15) for number in range(10_000))


# Reads.


def test_a_read_may_be_old_and_a_write_never_is(world: World) -> None:
    world.do("ann", lambda tools: verbs.release(tools, "one"))
    ended = world.now
    world.passage.fault = lambda call: None if call.writes else Fault(stale=3.0)

    def look(_: Tools) -> tuple[str, str]:
        client = world.client("lambda")
        version = get_alias(client)["FunctionVersion"]  # type: ignore[index]
        try:
            client.update_alias(FunctionName=NAME, Name="live", RevisionId="outdated")
        except ClientError as error:
            return version, error.response["Error"]["Code"]
        return version, ""

    assert world.now == ended
    assert world.do("bob", look) == ("$LATEST", "PreconditionFailedException")
    world.simulation.advance(3.5)
    assert world.do("bob", look)[0] == "1"


def test_a_new_version_may_not_be_known_yet(world: World) -> None:
    world.passage.fault = lambda call: Fault(stale=2.0) if call.operation == "GetFunction" else None

    def publish(_: Tools) -> Any:
        client = world.client("lambda")
        client.publish_version(FunctionName=NAME)
        return client.get_function(FunctionName=NAME, Qualifier="1")

    with pytest.raises(ClientError) as caught:
        world.do("ann", publish)
    assert code(caught) == "ResourceNotFoundException"


# Metrics.


def counts(world: World, metric: str, **dimensions: str) -> list[float]:
    now = datetime.fromtimestamp(world.now, UTC)
    named = [{"Name": key, "Value": value} for key, value in dimensions.items()]
    stat = {
        "Metric": {"Namespace": "AWS/Lambda", "MetricName": metric, "Dimensions": named},
        "Period": 60,
        "Stat": "Sum",
    }
    answer = world.client("cloudwatch").get_metric_data(
        MetricDataQueries=[{"Id": "a", "MetricStat": stat}],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(minutes=1),
    )
    found: list[float] = answer["MetricDataResults"][0]["Values"]
    return found


def test_a_metric_comes_late_and_by_version_only_while_traffic_is_shared(world: World) -> None:
    for tag in ("one", "two"):
        world.do("ann", partial(verbs.release, tag=tag))
    live = {"FunctionName": NAME, "Resource": f"{NAME}:live"}
    world.simulation.advance(600)
    world.traffic("alpha", 120)
    world.simulation.advance(40)
    assert counts(world, "Invocations", **live) == []
    world.simulation.advance(60)
    assert sum(counts(world, "Invocations", **live)) > 0
    assert counts(world, "Invocations", **live, ExecutedVersion="2") == []
    world.client("lambda").update_alias(
        FunctionName=NAME, Name="live", RoutingConfig={"AdditionalVersionWeights": {"1": 0.25}}
    )
    world.simulation.advance(3600)
    shares = [sum(counts(world, "Invocations", **live, ExecutedVersion=v)) for v in ("1", "2")]
    assert 0.2 < shares[0] / sum(shares) < 0.3
    assert counts(world, "Errors", **live) == [], "no error, no metric of errors"


def test_errors_are_counted_at_the_rate_of_the_image(world: World) -> None:
    world.push("worse", error_rate=0.2)
    world.do("ann", lambda tools: verbs.release(tools, "worse"))
    world.traffic("alpha", 600)
    world.simulation.advance(1800)
    calls = sum(counts(world, "Invocations", FunctionName=NAME))
    assert 0.15 < sum(counts(world, "Errors", FunctionName=NAME)) / calls < 0.25


def test_metrics_and_alarms_come_in_pages(world: World) -> None:
    world.cloudwatch.page = 2
    query = {"Period": 60, "Stat": "Sum", "Metric": {"Namespace": "AWS/Lambda",
             "MetricName": "Errors", "Dimensions": []}}  # fmt: skip
    span = {"StartTime": datetime.fromtimestamp(0, UTC), "EndTime": datetime.now(UTC)}
    queries = [{"Id": f"q{number}", "MetricStat": query} for number in range(3)]
    client = world.client("cloudwatch")
    first = client.get_metric_data(MetricDataQueries=queries, **span)
    rest = client.get_metric_data(MetricDataQueries=queries, NextToken=first["NextToken"], **span)
    ids = [result["Id"] for page in (first, rest) for result in page["MetricDataResults"]]
    assert ids == ["q0", "q1", "q2"]
    assert "NextToken" not in rest
    alarms = client.describe_alarms(AlarmNames=list(world.cloudwatch.alarms))
    assert (len(alarms["MetricAlarms"]), alarms["NextToken"]) == (2, "2")


def test_an_alarm_watches_errors_and_may_be_hidden(world: World) -> None:
    name = f"{NAME}-errors"
    world.cloudwatch.alarms[name] = Alarm(function=NAME, threshold=10)
    states = world.client("cloudwatch").describe_alarms
    assert states(AlarmNames=[name])["MetricAlarms"][0]["StateValue"] == "OK"
    world.push("bad", error_rate=1.0)
    world.do("ann", lambda tools: verbs.release(tools, "bad"))
    world.traffic("alpha", 60)
    world.simulation.advance(120)
    assert states(AlarmNames=[name])["MetricAlarms"][0]["StateValue"] == "ALARM"
    world.cloudwatch.unreadable.add(name)
    with pytest.raises(ClientError) as caught:
        states(AlarmNames=[name])
    assert code(caught) == "AccessDenied"


# The table.


def test_a_transaction_is_wholly_done_or_says_which_condition_failed(world: World) -> None:
    client = world.client("dynamodb")
    lock = releases.Lock("alpha", run_id="run", token=1)
    record = releases.Release("alpha", "1", "deploy", "started", "one", "", "", "", "ann", "")
    with pytest.raises(client.exceptions.TransactionCanceledException) as caught:
        client.transact_write_items(**releases.begin(TABLE, record, lock))
    reasons = [reason["Code"] for reason in caught.value.response["CancellationReasons"]]
    assert reasons == ["ConditionalCheckFailed", "None"]
    assert world.history("alpha") == []
    client.put_item(**releases.take(TABLE, lock, None))
    client.transact_write_items(**releases.begin(TABLE, record, lock))
    assert world.history("alpha") == [record]


def test_a_transaction_that_is_sent_twice_is_done_once(world: World) -> None:
    client = world.client("dynamodb")
    lock = releases.Lock("alpha", run_id="run", token=1)
    record = releases.Release("alpha", "1", "deploy", "started", "one", "", "", "", "ann", "")
    client.put_item(**releases.take(TABLE, lock, None))
    once = releases.begin(TABLE, record, lock) | {"ClientRequestToken": "the same"}
    client.transact_write_items(**once)
    client.put_item(**releases.take(TABLE, releases.Lock("alpha", token=1), lock))
    client.transact_write_items(**once)
