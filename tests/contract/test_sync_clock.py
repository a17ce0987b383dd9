"""The contract of sync-clock, against a real local DynamoDB that enforces IAM."""

from __future__ import annotations

import contextlib
import importlib
import json
import logging
import os
import socket
import threading
import time
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from unittest import mock

import botocore.session
import pytest
import structlog
from function_kit.handler import SmokeFailed
from sync_clock import answer as answers
from sync_clock.store import KEEP, Syncs

from tests.kit.invoke import LambdaContext
from tests.kit.program import ROOT
from tests.kit.scripted import Reply, serving
from tests.kit.services import local_aws

if TYPE_CHECKING:
    from collections.abc import Iterator

TABLE = "clock"
SECONDS = 3.0  # the function's timeout
NOBODY = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
# What DynamoDB answers when a device has so many syncs that the oldest must go.
SYNC = {"L": [{"N": "1"}, {"N": "0"}, {"N": "0"}]}
FULL = Reply.json({"Attributes": {"syncs": {"L": [SYNC] * 2 * KEEP}}})
EVENTS = sorted((ROOT / "images" / "sync-clock" / "events").glob("*.json"))


def client(endpoint: str, service: str) -> Any:
    return botocore.session.get_session().create_client(
        service, region_name="us-east-1", endpoint_url=endpoint,
        aws_access_key_id="test", aws_secret_access_key="test",
    )  # fmt: skip


@pytest.fixture(scope="module")
def aws() -> Iterator[str]:
    with local_aws() as endpoint:
        with contextlib.closing(client(endpoint, "dynamodb")) as dynamodb:
            dynamodb.create_table(
                TableName=TABLE,
                BillingMode="PAY_PER_REQUEST",
                AttributeDefinitions=[{"AttributeName": "device_id", "AttributeType": "S"}],
                KeySchema=[{"AttributeName": "device_id", "KeyType": "HASH"}],
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


@pytest.fixture(scope="module")
def role(aws: str) -> dict[str, str]:
    """The keys of somebody who may what the deployed function may."""
    return user(aws, "dynamodb:UpdateItem")


@contextlib.contextmanager
def function(endpoint: str, keys: dict[str, str]) -> Iterator[Any]:
    """The handler, cold, with this table and these keys."""
    given = {
        "ENVIRONMENT": "local", "CLOCK_TABLE": TABLE, "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": endpoint,
    }  # fmt: skip
    with mock.patch.dict(os.environ, {**given, **keys}):
        for name in ("AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_DYNAMODB", "AWS_PROFILE"):
            os.environ.pop(name, None)
        module = importlib.import_module("sync_clock.handler")
        made: list[Syncs] = []
        real = Syncs.__init__

        def recording(self: Syncs, table: str) -> None:
            made.append(self)
            real(self, table)

        root = logging.getLogger()
        before = root.handlers[:], root.level
        try:
            with mock.patch.object(Syncs, "__init__", recording):
                yield importlib.reload(module).handler
        finally:
            root.handlers[:], root.level = before
            for syncs in made:
                syncs.close()
            structlog.contextvars.clear_contextvars()


@pytest.fixture
def handler(aws: str, role: dict[str, str]) -> Iterator[Any]:
    with function(aws, role) as made:
        yield made


def ask(handler: Any, event: dict[str, Any], seconds: float = 300.0) -> dict[str, Any]:
    context = LambdaContext(seconds=seconds, function_name="lambda-fleet-local-sync-clock")
    answer = handler(event, context)
    assert context.get_remaining_time_in_millis() > 0
    assert answer["statusCode"] == 200, answer
    body: dict[str, Any] = json.loads(answer["body"])
    assert body["aws_request_id"] == body["request_id"] == context.aws_request_id
    return body


class Device:
    """A device with a clock of its own, which keeps its side of the protocol."""

    def __init__(self, handler: Any, *, behind: float = 0.0, seconds: float = 300.0) -> None:
        self.name = f"ppu-{uuid.uuid4().hex[:8]}"
        self.behind = behind
        self._handler = handler
        self._seconds = seconds
        self._last: dict[str, float] | None = None

    def clock(self) -> float:
        return time.time() - self.behind

    def sync(self) -> dict[str, Any]:
        told: dict[str, Any] = {"device_id": self.name, "t1": self.clock()}
        if self._last:
            told["last"] = self._last
        ntp: dict[str, Any] = ask(self._handler, told, self._seconds)["ntp"]
        self._last = {**{name: ntp[name] for name in ("t1", "t2", "t3")}, "t4": self.clock()}
        return ntp


def test_the_time_is_told_as_older_clients_know_it(handler: Any) -> None:
    before = time.time()
    body = ask(handler, {})
    after = time.time()
    assert int(before) <= body["timestamp_unix"] == body["timestamp"]["unix"] <= int(after)
    assert before - 0.001 <= datetime.fromisoformat(body["timestamp"]["iso"]).timestamp() <= after
    utc = datetime.fromtimestamp(body["timestamp_unix"], UTC)
    assert body["timestamp"]["formatted"] == utc.strftime("%Y-%m-%d %H:%M:%S UTC")
    assert body["status"] == "success"
    assert body["environment"] == "local"
    assert body["function_name"] == "lambda-fleet-local-sync-clock"
    assert body["aws_region"] == "us-east-1"
    assert "ntp" not in body


def test_an_answer_is_never_cached(handler: Any) -> None:
    headers = handler({}, LambdaContext())["headers"]
    assert {"no-store", "no-cache"} <= set(headers["cache-control"].replace(" ", "").split(","))
    assert headers["expires"] == "0"


@pytest.mark.parametrize(
    ("utc", "eastern"),
    [
        ("2026-01-15T12:00:00Z", "2026-01-15 07:00:00 EST"),
        ("2026-07-15T12:00:00Z", "2026-07-15 08:00:00 EDT"),
        ("2026-03-08T06:59:59Z", "2026-03-08 01:59:59 EST"),
        ("2026-03-08T07:00:00Z", "2026-03-08 03:00:00 EDT"),
        ("2026-11-01T05:59:59Z", "2026-11-01 01:59:59 EDT"),
        ("2026-11-01T06:00:00Z", "2026-11-01 01:00:00 EST"),
    ],
)
def test_eastern_time_knows_summer(utc: str, eastern: str) -> None:
    assert answers.eastern(datetime.fromisoformat(utc).timestamp()) == eastern


@pytest.mark.parametrize("behind", [-3600.0, -0.5, 0.0, 12.25, 1e9])
def test_a_device_learns_how_far_off_its_clock_is(handler: Any, behind: float) -> None:
    device = Device(handler, behind=behind)
    assert device.sync()["last"] is None
    ntp = device.sync()
    assert abs(ntp["last"]["offset"] - behind) <= ntp["last"]["error_bound"] + 1e-5
    assert ntp["last"]["error_bound"] == ntp["last"]["delay"] / 2
    assert (ntp["stored"], ntp["leap"], ntp["drift_ppm"]) == (True, False, None)


def test_a_clock_that_is_set_between_syncs_is_a_leap(handler: Any) -> None:
    device = Device(handler)
    for _ in range(3):
        device.sync()
    device.behind = 30.0
    assert device.sync()["leap"] is False  # what it completes was before
    assert device.sync()["leap"] is True
    assert device.sync()["leap"] is False


def test_a_clock_that_is_set_during_an_exchange_is_a_leap_and_not_kept(handler: Any) -> None:
    now = time.time()
    last = {"t1": now - 10, "t2": now - 10, "t3": now - 9.9, "t4": now - 3600}
    ntp = ask(handler, {"device_id": "ppu-set", "t1": now, "last": last})["ntp"]
    assert (ntp["leap"], ntp["stored"], ntp["last"]) == (True, False, None)


def test_the_drift_of_the_last_syncs_is_told(handler: Any) -> None:
    device, now = f"ppu-{uuid.uuid4().hex[:8]}", time.time()
    for minute in range(10, 0, -1):
        t = now - 60 * minute
        own = t - 100e-6 * 60 * minute  # slower in the past: it runs 100 ppm fast since
        last = {"t1": own - 0.05, "t2": t, "t3": t, "t4": own + 0.05}
        ntp = ask(handler, {"device_id": device, "t1": now, "last": last})["ntp"]
    assert ntp["drift_ppm"] == pytest.approx(100, abs=0.5)


def test_only_the_last_syncs_are_kept(handler: Any, aws: str) -> None:
    device, now = f"ppu-{uuid.uuid4().hex[:8]}", time.time()
    for n in range(3 * KEEP):
        t = now - 4000 + n
        last = {"t1": t, "t2": t, "t3": t, "t4": t}
        ask(handler, {"device_id": device, "t1": now, "last": last})
    with contextlib.closing(client(aws, "dynamodb")) as dynamodb:
        item = dynamodb.get_item(TableName=TABLE, Key={"device_id": {"S": device}})["Item"]
    kept = [float(sync["L"][0]["N"]) for sync in item["syncs"]["L"]]
    assert len(kept) < 2 * KEEP
    assert kept[-1] == pytest.approx(now - 4000 + 3 * KEEP - 1, abs=0.001)
    assert int(item["expires_at"]["N"]) > now + 89 * 86_400


def test_the_clock_answers_when_its_table_is_away() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with function(endpoint, NOBODY) as handler:
            device = Device(handler, seconds=SECONDS)
            device.sync()
            ntp = device.sync()
    assert ntp["stored"] is False
    assert ntp["last"]["error_bound"] >= 0


def test_a_table_that_falls_silent_once_the_sync_is_kept_does_no_harm() -> None:
    late = threading.Event()
    with serving() as dynamodb:
        dynamodb.script(FULL, Reply(wait=late))
        with function(dynamodb.url, NOBODY) as handler:
            device = Device(handler, seconds=SECONDS)
            device.sync()
            ntp = device.sync()
        late.set()
    assert ntp["stored"] is True
    assert len(dynamodb.requests) > 1


def test_what_can_wait_is_left_when_time_is_short() -> None:
    t = time.time()
    told = {"device_id": "ppu-1", "t1": t, "last": {"t1": t, "t2": t, "t3": t, "t4": t}}
    with serving() as dynamodb, function(dynamodb.url, NOBODY) as handler:
        dynamodb.script(FULL)
        body = json.loads(handler(told, LambdaContext(seconds=2.5))["body"])
    assert body["ntp"]["stored"] is True
    assert len(dynamodb.requests) == 1


def test_the_clock_answers_when_its_table_refuses(aws: str) -> None:
    with function(aws, user(aws)) as handler:
        device = Device(handler)
        device.sync()
        assert device.sync()["stored"] is False
        with pytest.raises(SmokeFailed, match="table"):
            handler({"test": True}, LambdaContext())


@pytest.mark.parametrize(("ago", "believed"), [(0.7, True), (30.0, False), (-30.0, False)])
def test_a_request_was_received_when_api_gateway_took_it(
    handler: Any, ago: float, believed: bool
) -> None:
    event = json.loads((ROOT / "images/sync-clock/events/post_first.json").read_text())["event"]
    at = time.time() - ago
    event["requestContext"]["timeEpoch"] = round(at * 1000)
    ntp = json.loads(handler(event, LambdaContext())["body"])["ntp"]
    assert (abs(ntp["t2"] - at) < 0.002) is believed
    assert ntp["t3"] >= ntp["t2"]


@pytest.mark.parametrize("path", EVENTS, ids=lambda path: path.stem)
def test_a_sample_event_gets_its_answer(handler: Any, path: Any) -> None:
    sample = json.loads(path.read_text())
    assert handler(sample["event"], LambdaContext())["statusCode"] == sample["expect"]["statusCode"]


def test_the_described_answers_are_those_that_are_given(handler: Any) -> None:
    described = handler({"describe": "openapi"}, LambdaContext())["openapi"]
    schemas = described["schemas"]
    assert set(ask(handler, {})) == set(schemas["Clock"]["properties"])
    device = Device(handler)
    device.sync()
    assert set(device.sync()) == set(schemas["Ntp"]["properties"])
