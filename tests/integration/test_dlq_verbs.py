"""fleet dlq list, show and purge, and redrive from the shell."""

from __future__ import annotations

import json
import stat
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import typer
from fleet.commands.dlq.list import list_
from fleet.commands.dlq.purge import purge
from fleet.commands.dlq.redrive import redrive
from fleet.commands.dlq.show import show
from fleet.errors import ExitCode, FleetError

from tests.kit import program
from tests.kit.dead_letters import PREFIX, Letters

KEY = "AKIAIOSFODNN7EXAMPLE"


@pytest.fixture
def letters(aws_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Letters:
    monkeypatch.setenv("FLEET_AWS_ENDPOINT", aws_endpoint)
    monkeypatch.setattr("fleet.dead_letters.letters._POLL_SECONDS", 0)
    return Letters(aws_endpoint)


def function(letters: Letters, name: str) -> Any:
    """A function that nobody calls; the client that made it."""
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}}
    statements = [trust | {"Action": "sts:AssumeRole"}]
    role = letters.place.client("iam").create_role(
        RoleName=name,
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statements}),
    )
    functions = letters.place.client("lambda")
    functions.create_function(
        FunctionName=name,
        Role=role["Role"]["Arn"],
        Code={"ImageUri": "localhost/any:tag"},
        PackageType="Image",
    )
    return functions


def consumer(letters: Letters, *lines: dict[str, Any]) -> None:
    """A function that takes the source's messages, with lines in its log."""
    name = f"{PREFIX}{letters.names[0]}-taker"
    arn = letters.arn(letters.source_urls[0])
    functions = function(letters, name)
    functions.create_event_source_mapping(FunctionName=name, EventSourceArn=arn, Enabled=False)
    logs = letters.place.client("logs")
    group = f"/aws/lambda/{name}"
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="one")
    now = int(time.time() * 1000)
    events = [{"timestamp": now, "message": json.dumps(line)} for line in lines]
    logs.put_log_events(logGroupName=group, logStreamName="one", logEvents=events)


def test_list_tells_depth_and_source(letters: Letters, capsys: pytest.CaptureFixture[str]) -> None:
    letters.fail("one")
    letters.fail("two")
    list_(as_json=True)
    printed = capsys.readouterr()
    found = {row["queue"]: row for row in json.loads(printed.out)}
    assert found[PREFIX + letters.name] == {
        "queue": PREFIX + letters.name,
        "short_name": letters.name,
        "waiting": 2,
        "hidden": 0,
        "oldest_seconds": None,  # this AWS measures none
        "sources": [f"{letters.names[0]} (queue)"],
    }
    assert PREFIX + letters.names[0] not in found
    assert f"{letters.names[0]} (queue)" in printed.err


def test_list_tells_the_age_that_cloudwatch_has_measured(
    letters: Letters, capsys: pytest.CaptureFixture[str]
) -> None:
    letters.put("one")
    letters.place.client("cloudwatch").put_metric_data(
        Namespace="AWS/SQS",
        MetricData=[
            {
                "MetricName": "ApproximateAgeOfOldestMessage",
                "Dimensions": [{"Name": "QueueName", "Value": PREFIX + letters.name}],
                "Value": 7500.0,
            }
        ],
    )
    list_(as_json=True)
    printed = capsys.readouterr()
    (row,) = [row for row in json.loads(printed.out) if row["short_name"] == letters.name]
    assert row["oldest_seconds"] == 7500.0
    assert "2 h" in printed.err


def test_list_names_what_is_no_queue(letters: Letters, capsys: pytest.CaptureFixture[str]) -> None:
    place = letters.place
    arn = letters.arn(letters.url)
    digest = f"{PREFIX}scheduled-digest"
    functions = function(letters, digest)
    functions.create_alias(FunctionName=digest, Name="live", FunctionVersion="$LATEST")
    functions.put_function_event_invoke_config(
        FunctionName=digest,
        Qualifier="live",
        DestinationConfig={"OnFailure": {"Destination": arn}},
    )
    scheduler = place.client("scheduler")
    scheduler.create_schedule_group(Name=f"{PREFIX}digest")
    scheduler.create_schedule(
        Name="daily",
        GroupName=f"{PREFIX}digest",
        ScheduleExpression="rate(1 day)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={
            "Arn": "arn:aws:lambda:us-east-1:000000000000:function:any",
            "RoleArn": "arn:aws:iam::000000000000:role/any",
            "DeadLetterConfig": {"Arn": arn},
        },
    )
    topic = place.client("sns").create_topic(Name=f"{PREFIX}news")["TopicArn"]
    place.client("sns").subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=letters.arn(letters.source_urls[0]),
        Attributes={"RedrivePolicy": json.dumps({"deadLetterTargetArn": arn})},
    )
    events = place.client("events")
    events.put_rule(Name=f"{PREFIX}nightly", ScheduleExpression="rate(1 day)")
    target = {"Id": "one", "Arn": topic, "DeadLetterConfig": {"Arn": arn}}
    events.put_targets(Rule=f"{PREFIX}nightly", Targets=[target])
    list_(as_json=True)
    rows = json.loads(capsys.readouterr().out)
    (row,) = [row for row in rows if row["short_name"] == letters.name]
    assert row["sources"] == [
        f"{letters.names[0]} (queue)",
        "digest (schedules)",
        "news (topic)",
        "nightly (rule)",
        "scheduled-digest (asynchronous calls)",
    ]


def test_list_says_what_it_may_not_ask(
    letters: Letters, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    iam = letters.place.client("iam")
    iam.create_user(UserName=letters.name)
    allowed = {"Effect": "Allow", "Action": ["sqs:*", "cloudwatch:*"], "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_user_policy(UserName=letters.name, PolicyName="queues", PolicyDocument=policy)
    key = iam.create_access_key(UserName=letters.name)["AccessKey"]
    monkeypatch.setenv("FLEET_LOCAL_AWS_ACCESS_KEY_ID", key["AccessKeyId"])
    monkeypatch.setenv("FLEET_LOCAL_AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
    list_(as_json=True)
    printed = capsys.readouterr()
    assert letters.name in {row["short_name"] for row in json.loads(printed.out)}
    for part in ("functions", "schedules", "rules", "subscriptions"):
        assert f"{part} were not asked: A" in printed.err  # AccessDenied…, AuthorizationError


def test_show_tells_why_without_secrets_and_gives_back(
    letters: Letters, capsys: pytest.CaptureFixture[str]
) -> None:
    body = {"id": "msg_1", "auth_config": {"token": "sesame"}, "payload": {"text": f"key {KEY}"}}
    message = letters.fail(json.dumps(body), stage="dev", api_key="sesame")
    consumer(
        letters,
        {"level": "info", "event": "taken", "sqs_message_id": message},
        {
            "level": "error",
            "event": "failed",
            "error": "ntfy answered 404",
            "sqs_message_id": message,
        },
        {"level": "error", "event": "failed", "error": "of another message"},
    )
    show(letters.name, as_json=True)
    printed = capsys.readouterr()
    (shown,) = json.loads(printed.out)["messages"]
    assert shown["id"] == message
    assert shown["reason"] == "ntfy answered 404"
    assert shown["from"] == PREFIX + letters.names[0]
    assert shown["attributes"] == {"stage": "dev", "api_key": "[REDACTED]"}
    assert shown["body"]["id"] == "msg_1"
    for secret in ("sesame", KEY):
        assert secret not in printed.out + printed.err
    assert "hidden meanwhile" in printed.err
    assert [m["Body"] for m in letters.read(letters.url)] == [json.dumps(body)]


def test_show_of_what_nobody_wrote_a_word_about(
    letters: Letters, capsys: pytest.CaptureFixture[str]
) -> None:
    letters.fail("not JSON, password=sesame")
    show(letters.name, as_json=True)
    printed = capsys.readouterr()
    (shown,) = json.loads(printed.out)["messages"]
    assert shown["reason"].startswith(f"taken from {PREFIX}{letters.names[0]}")
    assert "sesame" not in printed.out + printed.err


def test_show_one_message_of_many(letters: Letters, capsys: pytest.CaptureFixture[str]) -> None:
    ids = [letters.put(str(number)) for number in range(15)]
    show(letters.name, only=[ids[13]], as_json=True)
    assert [m["id"] for m in json.loads(capsys.readouterr().out)["messages"]] == [ids[13]]
    with pytest.raises(FleetError, match="holds no message nothing-like-it") as refused:
        show(letters.name, only=["nothing-like-it"])
    assert refused.value.code is ExitCode.PREFLIGHT


def test_show_shortens_what_is_long(letters: Letters, capsys: pytest.CaptureFixture[str]) -> None:
    letters.put("x" * 5000)
    show(letters.name)
    assert "--whole" in capsys.readouterr().err
    show(letters.name, whole=True)
    assert capsys.readouterr().err.count("x") >= 5000
    letters.read(letters.url)
    show(letters.name)
    assert "has no message to take" in capsys.readouterr().err


def test_purge_moves_messages_to_a_file_of_the_owner_s(
    letters: Letters, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bodies = [f"message {number}" for number in range(12)]
    for body in bodies:
        letters.fail(body, stage="dev")
    file = tmp_path / "new" / "purged.jsonl"
    purge(letters.name, file=file, yes=True, as_json=True)
    assert json.loads(capsys.readouterr().out)["count"] == 12
    kept = [json.loads(line) for line in file.read_text().splitlines()]
    assert sorted(line["body"] for line in kept) == sorted(bodies)
    assert kept[0]["attributes"] == {"stage": {"DataType": "String", "Value": "dev"}}
    assert kept[0]["source"].endswith(letters.names[0])
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert letters.read(letters.url) == []


def test_purge_overwrites_no_file(letters: Letters, tmp_path: Path) -> None:
    letters.put("here")
    file = tmp_path / "there.jsonl"
    file.write_text("something of mine")
    with pytest.raises(FleetError, match="is there already"):
        purge(letters.name, file=file, yes=True)
    assert file.read_text() == "something of mine"
    assert len(letters.read(letters.url)) == 1


def _from_shell(letters: Letters, typed: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        program.command("dlq", *arguments),
        cwd=program.ROOT,
        env=program.environment(FLEET_AWS_ENDPOINT=letters.endpoint, FLEET_STACK=None),
        input=typed,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("typed", ["", "yes\n", "no\n"])
def test_purge_wants_the_queue_s_name(letters: Letters, typed: str) -> None:
    letters.put("stays")
    ended = _from_shell(letters, typed, "purge", letters.name)
    assert ended.returncode == 3
    assert "nothing was deleted" in ended.stderr
    assert len(letters.read(letters.url)) == 1


def test_purge_with_the_queue_s_name(letters: Letters, tmp_path: Path) -> None:
    letters.put("goes")
    file = tmp_path / "purged.jsonl"
    typed = f"{PREFIX}{letters.name}\n"
    ended = _from_shell(letters, typed, "purge", letters.name, "--file", str(file))
    assert ended.returncode == 0, ended.stderr
    assert json.loads(file.read_text())["body"] == "goes"


def test_redrive_from_the_shell(letters: Letters) -> None:
    letters.put("goes")
    ended = _from_shell(letters, "", "redrive", letters.name, "--rate", "50", "--json")
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["sent"] == {PREFIX + letters.names[0]: 1}
    assert [m["Body"] for m in letters.read(letters.source_urls[0])] == ["goes"]


def test_redrive_of_what_has_no_source_wants_to_be_told_where(
    letters: Letters, capsys: pytest.CaptureFixture[str]
) -> None:
    other = Letters(letters.endpoint, sources=2)
    found = other.put("from nowhere")
    with pytest.raises(typer.Exit) as left:
        redrive(other.name, rate=50, as_json=True)
    assert left.value.exit_code == ExitCode.NEEDS_PERSON
    assert "give --to" in json.loads(capsys.readouterr().out)["kept"][found]
    redrive(other.name, rate=50, to=other.names[1])
    assert [m["Body"] for m in other.read(other.source_urls[1])] == ["from nowhere"]
    with pytest.raises(FleetError, match="there is no queue never-made"):
        redrive(other.name, to="never-made")


def test_an_unknown_queue_names_the_known_ones(letters: Letters) -> None:
    with pytest.raises(FleetError) as refused:
        show(letters.names[0])  # a queue, but of no dead letters
    assert refused.value.code is ExitCode.USAGE
    assert letters.name in refused.value.todo
