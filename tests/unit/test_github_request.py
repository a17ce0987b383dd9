"""Who may have which release: everything that is not known is refused, and nothing else leaves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fleet.errors import ExitCode, FleetError
from fleet.github import comments, deployments, issues, planned
from fleet.github.api import GitHub, Head
from fleet.github.request import Known, Request, is_command, of_comment, of_dispatch
from fleet.github.run import Run, write_outputs

from tests.kit.rehearsal.github import BOT, REPOSITORY, TOKEN, FakeGitHub
from tests.kit.scripted import Reply, Scripted, serving

SHA = "a" * 40
KNOWN = Known(("dev", "staging"), ("sync-clock", "web-action"))


def run(event: str, payload: dict[str, Any]) -> Run:
    return Run(event, payload, REPOSITORY, SHA, "maria", "https://github.invalid/run/1")


def commented(body: str) -> Run:
    issue = {"number": 7, "pull_request": {}}
    return run("issue_comment", {"issue": issue, "comment": {"body": body}})


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Any:
    with serving(FakeGitHub()) as made:
        monkeypatch.setenv("GITHUB_API_URL", made.url)
        monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
        yield made


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"environment": "prod"}, ExitCode.REFUSED),
        ({"environment": "local"}, ExitCode.REFUSED),
        ({"environment": ""}, ExitCode.REFUSED),
        ({"function": "nope"}, ExitCode.USAGE),
        ({"function": "sync-clock,"}, ExitCode.USAGE),
        ({"tag": "-x"}, ExitCode.USAGE),
        ({"tag": "a b"}, ExitCode.USAGE),
        ({"strategy": "bold"}, ExitCode.USAGE),
        ({"sha": "main"}, ExitCode.USAGE),
    ],
)
def test_what_is_not_known_is_refused(change: dict[str, str], code: ExitCode) -> None:
    values = {"environment": "dev", "sha": SHA} | change
    with pytest.raises(FleetError) as refused:
        KNOWN.check(Request(**values))
    assert refused.value.code is code


def test_a_refusal_shows_nothing_that_could_be_run_or_rendered() -> None:
    with pytest.raises(FleetError) as refused:
        KNOWN.check(Request("$(id)`<b>@maria\n::error::", SHA))
    assert not set("$`<>@\n:") & set(refused.value.message.partition("to ")[2])


def test_a_dispatch_is_read_with_its_defaults() -> None:
    inputs = {"environment": "staging", "function": "sync-clock, web-action", "image_tag": "v1.2.3"}
    asked = of_dispatch(run("workflow_dispatch", {"inputs": inputs}))
    assert KNOWN.check(asked).outputs() == {
        "environment": "staging",
        "function": "sync-clock,web-action",
        "sha": SHA,
        "tag": "v1.2.3",
        "build": "false",
        "strategy": "all-at-once",
        "base": "",
        "pull_request": "",
    }


def test_a_comment_names_environment_and_functions() -> None:
    asked = of_comment(
        commented("/lambda deploy staging web-action\nplease"), Head("b" * 40, own=True)
    )
    assert (asked.environment, asked.function, asked.sha) == ("staging", "web-action", "b" * 40)
    assert asked.pull_request == "7"


@pytest.mark.parametrize(
    ("body", "own", "code"),
    [
        ("/lambda deploy", True, ExitCode.USAGE),
        ("/lambda deploy a b c", True, ExitCode.USAGE),
        ("/lambda deploy staging", False, ExitCode.REFUSED),
    ],
)
def test_comments_that_are_refused(body: str, own: bool, code: ExitCode) -> None:
    with pytest.raises(FleetError) as refused:
        of_comment(commented(body), Head(SHA, own=own))
    assert refused.value.code is code


@pytest.mark.parametrize(
    ("body", "asks"),
    [
        ("/lambda deploy staging", True),
        ("  /lambda   deploy staging", True),
        ("please\n/lambda deploy staging", False),
        ("/lambda deployed", False),
        ("", False),
    ],
)
def test_what_counts_as_a_command(body: str, asks: bool) -> None:
    assert is_command(commented(body)) is asks


def test_a_comment_on_an_issue_is_no_command() -> None:
    said = {"issue": {"number": 7}, "comment": {"body": "/lambda deploy staging"}}
    assert not is_command(run("issue_comment", said))


def test_without_a_base_everything_is_released() -> None:
    assert Request("dev", SHA).against("").function == "all"
    assert Request("dev", SHA).against("b" * 40).base == "b" * 40
    assert Request("dev", SHA, "sync-clock").against("").function == "sync-clock"


def test_an_output_of_two_lines_is_never_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "out"))
    with pytest.raises(ValueError, match="more than one line"):
        write_outputs({"tag": "x\nenvironment=prod"})
    assert not (tmp_path / "out").exists()


def test_a_comment_is_updated_and_never_repeated(fake: FakeGitHub) -> None:
    github = GitHub.of(REPOSITORY)
    forged = {"id": 1, "user": {"login": "eve"}, "body": comments.marker("deploy") + "mine"}
    fake.messages[7] = [forged]
    comments.tell(github, 7, "deploy", "first")
    comments.tell(github, 7, "plan dev", "a plan")
    comments.tell(github, 7, "deploy", "second")
    own = [c["body"] for c in fake.messages[7] if c["user"]["login"] == BOT]
    assert [body.partition("\n")[2] for body in own] == ["second", "a plan"]
    assert fake.messages[7][0]["body"].endswith("mine")


def test_a_long_comment_is_cut_to_what_github_takes() -> None:
    assert len(comments.body("deploy", "x" * 100_000)) < 65_536


def test_the_base_is_the_last_whole_success_and_not_the_last_push(fake: FakeGitHub) -> None:
    github = GitHub.of(REPOSITORY)
    for number, (function, tag, state) in enumerate(
        [("changed", "", "success"), ("sync-clock", "", "success"), ("all", "v1", "success"),
         ("changed", "", "failure")], start=1,
    ):  # fmt: skip
        asked = Request("dev", str(number) * 40, function, tag)
        identity = deployments.begin(github, asked, url="https://github.invalid")
        deployments.state(github, identity, state, "", url="https://github.invalid")
    assert deployments.base(github, "dev") == "1" * 40
    assert deployments.base(github, "staging") == ""


def test_an_issue_is_opened_updated_and_closed(fake: FakeGitHub) -> None:
    github = GitHub.of(REPOSITORY)
    done = [issues.keep(github, "drift dev", "dev", text) for text in (None, "a", "b", None, "c")]
    assert done == ["nothing", "opened", "updated", "closed", "opened"]
    assert [issue["state"] for issue in fake.issues] == ["closed", "open"]


@pytest.mark.parametrize("status", [401, 403, 500])
def test_an_answer_that_is_no_success_is_said_without_the_token(
    monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    with serving(Scripted(replies=[Reply.json({}, status)])) as server:
        monkeypatch.setenv("GITHUB_API_URL", server.url)
        monkeypatch.setenv("GITHUB_TOKEN", "secret-token")
        with pytest.raises(FleetError) as failed:
            GitHub.of(REPOSITORY).write_comment(7, "x")
    assert str(status) in failed.value.message
    assert "secret-token" not in failed.value.message + failed.value.todo


def test_permissions(fake: FakeGitHub) -> None:
    github = GitHub.of(REPOSITORY)
    assert [github.may_write(user) for user in ("maria", "eve")] == [True, False]


def test_a_plan_shows_names_and_no_drift_is_nothing() -> None:
    change = {"address": "aws_x.y", "actions": ["update"], "attributes": ["memory_size"]}
    same = {
        "function": "f", "new": False, "image": None, "settings": [],
        "latest_image_drifted": False,
    }  # fmt: skip
    moved = same | {"image": {"from": "sha256:" + "1" * 64, "to": "sha256:" + "2" * 64}}
    text = planned.plan("dev", [change], [same, moved])
    assert "| `aws_x.y` | update (memory_size) |" in text
    assert "image 111111111111 → 222222222222" in text
    assert planned.drift("dev", [], [same, moved]) is None
    assert "settings" not in json.dumps(planned.drift("dev", [change], [same]))
    assert "memory" in str(planned.drift("dev", [], [same | {"settings": ["memory"]}]))
