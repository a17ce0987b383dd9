"""The contract of software-event-update-handler, against a real local DynamoDB."""

from __future__ import annotations

import contextlib
import importlib
import json
import logging
import os
import random
import socket
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from unittest import mock

import botocore.session
import pytest
import structlog
from function_kit.handler import SmokeFailed
from software_event_update_handler.events import Status, UpdateEvent
from software_event_update_handler.progress import latest, progress
from software_event_update_handler.store import Updates

from tests.kit.invoke import LambdaContext
from tests.kit.program import ROOT
from tests.kit.services import local_aws

if TYPE_CHECKING:
    from collections.abc import Iterator

TABLE = "software-updates"
START = datetime(2026, 11, 23, 9, tzinfo=UTC)
EVENTS = sorted((ROOT / "images" / "software-event-update-handler" / "events").glob("*.json"))
CHAIN = ("requested", "downloading", "installing", "installed")


def client(endpoint: str, service: str) -> Any:
    return botocore.session.get_session().create_client(
        service, region_name="us-east-1", endpoint_url=endpoint,
        aws_access_key_id="test", aws_secret_access_key="test",
    )  # fmt: skip


@pytest.fixture(scope="module")
def aws() -> Iterator[str]:
    with local_aws() as endpoint:
        with contextlib.closing(client(endpoint, "dynamodb")) as dynamodb:
            names = ("device_id", "sk")
            dynamodb.create_table(
                TableName=TABLE,
                BillingMode="PAY_PER_REQUEST",
                AttributeDefinitions=[
                    {"AttributeName": name, "AttributeType": "S"} for name in names
                ],
                KeySchema=[
                    {"AttributeName": name, "KeyType": kind}
                    for name, kind in zip(names, ("HASH", "RANGE"), strict=True)
                ],
            )
        yield endpoint


def user(endpoint: str, *actions: str) -> dict[str, str]:
    """The keys of a new user with just these permissions on the table."""
    name = f"user-{uuid.uuid4().hex[:8]}"
    statement = {
        "Effect": "Allow",
        "Action": list(actions),
        "Resource": f"arn:aws:dynamodb:us-east-1:000000000000:table/{TABLE}",
    }
    with contextlib.closing(client(endpoint, "iam")) as iam:
        iam.create_user(UserName=name)
        if actions:
            policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
            iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy)
        key = iam.create_access_key(UserName=name)["AccessKey"]
    return {
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
    }


@contextlib.contextmanager
def function(endpoint: str, keys: dict[str, str]) -> Iterator[Any]:
    """The handler, cold, with this table and these keys."""
    given = {
        "ENVIRONMENT": "local", "SOFTWARE_UPDATES_TABLE": TABLE, "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": endpoint, "LOG_LEVEL": "WARNING",
    }  # fmt: skip
    with mock.patch.dict(os.environ, {**given, **keys}):
        for name in ("AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_DYNAMODB", "AWS_PROFILE"):
            os.environ.pop(name, None)
        module = importlib.import_module("software_event_update_handler.handler")
        made: list[Updates] = []
        real = Updates.__init__

        def recording(self: Updates, table: str) -> None:
            made.append(self)
            real(self, table)

        root = logging.getLogger()
        before = root.handlers[:], root.level
        try:
            with mock.patch.object(Updates, "__init__", recording):
                yield importlib.reload(module).handler
        finally:
            root.handlers[:], root.level = before
            for updates in made:
                updates.close()
            structlog.contextvars.clear_contextvars()


@pytest.fixture(scope="module")
def handler(aws: str) -> Iterator[Any]:
    keys = user(aws, "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query")
    with function(aws, keys) as made:
        yield made


@pytest.fixture
def device() -> str:
    return f"ppu-{uuid.uuid4().hex[:10]}"


def event(device: str, minute: int, status: str, **fields: Any) -> dict[str, Any]:
    return {
        "device_id": device,
        "event_id": f"e-{minute}-{status}",
        "version": "2.0",
        "status": status,
        "event_time": (START + timedelta(minutes=minute)).isoformat(),
        **fields,
    }


def tell(handler: Any, told: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    answer = handler(told, LambdaContext())
    return answer["statusCode"], json.loads(answer["body"])


def history(handler: Any, device: str, **query: str) -> tuple[int, dict[str, Any]]:
    asked = {
        "requestContext": {"http": {"method": "GET"}},
        "pathParameters": {"device_id": device},
        "queryStringParameters": query,
    }
    answer = handler(asked, LambdaContext())
    return answer["statusCode"], json.loads(answer["body"])


def test_an_update_goes_its_way(handler: Any, device: str) -> None:
    for minute, status in enumerate(CHAIN):
        code, body = tell(handler, event(device, minute, status))
        assert (code, body["duplicate"]) == (200, False)
        assert (body["state"]["status"], body["state"]["version"]) == (status, "2.0")
    code, body = history(handler, device)
    assert code == 200
    assert [each["status"] for each in body["events"]] == list(reversed(CHAIN))
    assert body["state"]["status"] == "installed"


def test_an_illegal_step_is_refused_kept_and_counts_later(handler: Any, device: str) -> None:
    tell(handler, event(device, 0, "requested"))
    code, body = tell(handler, event(device, 2, "installing"))
    assert (code, body["error"]["code"], body["kept"]) == (409, "illegal_transition", True)
    assert "requested" in body["error"]["message"]
    assert body["state"]["status"] == "requested"
    code, body = tell(handler, event(device, 1, "downloading"))
    assert (code, body["state"]["status"]) == (200, "installing")


def test_an_event_of_an_update_that_is_over_is_stale(handler: Any, device: str) -> None:
    tell(handler, event(device, 0, "requested"))
    tell(handler, event(device, 9, "requested", version="3.0"))
    code, body = tell(handler, event(device, 1, "downloading"))
    assert (code, body["error"]["code"], body["kept"]) == (409, "stale_transition", True)
    assert body["state"]["version"] == "3.0"


def test_nothing_requested_and_another_version_are_said(handler: Any, device: str) -> None:
    code, body = tell(handler, event(device, 0, "downloading"))
    assert (code, body["state"]) == (409, None)
    tell(handler, event(device, 1, "requested"))
    code, body = tell(handler, event(device, 2, "downloading", version="9.9"))
    assert code == 409
    assert "2.0" in body["error"]["message"]


def test_a_clock_that_is_years_ahead_locks_no_device_out(handler: Any, device: str) -> None:
    now = datetime.now(UTC)
    ahead = event(device, 0, "requested", event_time=(now + timedelta(days=3653)).isoformat())
    code, body = tell(handler, ahead)
    assert code == 400
    assert body["error"]["fields"] == [
        {"field": "event_time", "reason": "is in the future by our clock; see /clock"}
    ]
    assert history(handler, device)[0] == 404
    for second, status in enumerate(["requested", "downloading"]):
        time = (now + timedelta(seconds=second)).isoformat()
        assert tell(handler, event(device, 0, status, event_time=time))[0] == 200


def test_the_same_event_twice_is_one(handler: Any, device: str) -> None:
    first = tell(handler, event(device, 0, "requested"))
    second = tell(handler, event(device, 0, "requested"))
    assert (first[0], first[1]["duplicate"]) == (200, False)
    assert (second[0], second[1]["duplicate"]) == (200, True)
    assert second[1]["state"] == first[1]["state"]
    assert len(history(handler, device)[1]["events"]) == 1


@pytest.mark.parametrize("change", [{"status": "failed"}, {"version": "7"}, {"detail": "x"}])
def test_an_id_is_one_events_for_good(handler: Any, device: str, change: dict[str, str]) -> None:
    tell(handler, event(device, 0, "requested"))
    code, body = tell(handler, event(device, 0, "requested") | change)
    assert (code, body["error"]["code"], body["kept"]) == (409, "event_id_reused", False)
    later = event(device, 5, "requested", event_id="e-0-requested")
    assert tell(handler, later)[0] == 409
    assert len(history(handler, device)[1]["events"]) == 1


def test_two_events_of_one_moment_are_both_kept(handler: Any, device: str) -> None:
    for number in range(3):
        tell(handler, event(device, 0, "requested", event_id=f"same-{number}"))
    assert len(history(handler, device)[1]["events"]) == 3


def test_the_history_comes_in_pages(handler: Any, device: str) -> None:
    told = [event(device, n, "requested", event_id=f"e-{n}") for n in range(60)]
    for each in told:
        tell(handler, each)
    seen, cursor = [], ""
    while True:
        _, page = history(handler, device, limit="25", **({"cursor": cursor} if cursor else {}))
        seen += [each["event_id"] for each in page["events"]]
        assert page["state"]["event_id"] == "e-59"
        cursor = page["next_cursor"]
        if not cursor:
            break
    assert seen == [f"e-{n}" for n in reversed(range(60))]


@pytest.mark.parametrize(
    "query", [{"cursor": "AAAA"}, {"cursor": "x" * 300}, {"limit": "0"}, {"limit": "x"}]
)
def test_a_page_that_cannot_be_is_a_400(handler: Any, device: str, query: dict[str, str]) -> None:
    code, body = history(handler, device, **query)
    assert code == 400
    assert body["error"]["fields"][0]["field"] == next(iter(query))


def test_a_device_that_told_nothing_is_a_404(handler: Any, device: str) -> None:
    assert history(handler, device)[0] == 404


def replayed(device: str, chance: random.Random, count: int) -> list[dict[str, Any]]:
    """Events of one device as a careless network brings them: any order, some twice."""
    events = [
        event(
            device, minute, chance.choice([*CHAIN, "failed", "rolled_back"]),
            version=chance.choice(["2.0", "3.0"]), event_id=f"e-{minute}",
        )
        for minute in range(count)
    ]  # fmt: skip
    told = [*events, *chance.choices(events, k=count // 5)]
    chance.shuffle(told)
    return told


def expected(told: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Where the device stands when its events come in order and once."""
    unique = {each["event_id"]: UpdateEvent.model_validate(each) for each in told}
    ordered = sorted(unique.values(), key=lambda each: each.order, reverse=True)
    stands = progress(latest(ordered))
    return None if stands is None else {"event_id": stands.last.event_id}


def test_any_order_and_many_at_once_end_in_the_same_state(handler: Any, aws: str) -> None:
    chance = random.Random(4)
    names = [f"ppu-{n}-{uuid.uuid4().hex[:6]}" for n in range(10)]
    told = {name: replayed(name, chance, 50) for name in names}
    everything = [each for events in told.values() for each in events]
    chance.shuffle(everything)
    with ThreadPoolExecutor(8) as pool:
        codes = [answer[0] for answer in pool.map(lambda each: tell(handler, each), everything)]
    assert set(codes) <= {200, 409}
    with contextlib.closing(client(aws, "dynamodb")) as dynamodb:
        for name, events in told.items():
            _, body = history(handler, name, limit="1")
            wanted = expected(events)
            assert wanted is not None
            assert body["state"]["event_id"] == wanted["event_id"]
            key = {"device_id": {"S": name}, "sk": {"S": "state"}}
            item = dynamodb.get_item(TableName=TABLE, Key=key)["Item"]
            assert item["event_id"]["S"] == wanted["event_id"]


def test_the_same_event_many_times_at_once_is_kept_once(handler: Any, device: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: tell(handler, event(device, 0, "requested")), range(16)))
    assert {code for code, _ in answers} == {200}
    assert len(history(handler, device)[1]["events"]) == 1


def test_a_table_that_is_away_is_a_503_and_says_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        endpoint = f"http://127.0.0.1:{listener.getsockname()[1]}"
    keys = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    with function(endpoint, keys) as handler:
        code, body = tell(handler, event("ppu-1", 0, "requested"))
        assert code == 503
        assert "again" in body["error"]["message"]
        assert history(handler, "ppu-1")[0] == 503


@pytest.mark.parametrize("missing", ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"])
def test_the_smoke_test_misses_each_permission(aws: str, missing: str) -> None:
    allowed = {"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"} - {missing}
    with function(aws, user(aws, *allowed)) as handler, pytest.raises(SmokeFailed, match="table"):
        handler({"test": True}, LambdaContext())


@pytest.mark.parametrize("path", EVENTS, ids=lambda path: path.stem)
def test_a_sample_event_gets_its_answer(handler: Any, path: Any) -> None:
    sample = json.loads(path.read_text())
    assert handler(sample["event"], LambdaContext())["statusCode"] == sample["expect"]["statusCode"]


def test_the_described_answers_are_those_that_are_given(handler: Any, device: str) -> None:
    described = handler({"describe": "openapi"}, LambdaContext())["openapi"]
    schemas = described["schemas"]
    kept = tell(handler, event(device, 0, "requested"))[1]
    refused = tell(handler, event(device, 1, "installed"))[1]
    listed = history(handler, device)[1]
    for name, body in (("Kept", kept), ("Refused", refused), ("History", listed)):
        assert set(body) == set(schemas[name]["properties"])
    assert set(listed["events"][0]) == set(schemas["HistoryEvent"]["properties"])
    assert {status.value for status in Status} == set(schemas["Status"]["enum"])
