"""Releases on the local stack: what moves `live`, and what never does."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fleet.release.told import ALIAS, LATEST

from tests.e2e.conftest import Stack
from tests.kit import commits
from tests.kit.gate import Gate, gate_before
from tests.kit.program import fleet, start

FUNCTION = commits.FUNCTION
pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def second(stack: Stack) -> str:
    """The tag of a second commit, pushed and not released."""
    return commits.pushed(stack.place, "\n# A change that a test releases.\n")


@pytest.fixture
def gate(stack: Stack) -> Iterator[Gate]:
    assert stack.environment.instance is not None
    with gate_before(stack.environment.instance.aws_port) as gate:
        yield gate


def live_version(stack: Stack) -> str:
    return stack.place.control(FUNCTION).alias().version


def live_tag(stack: Stack) -> str:
    (row,) = fleet("status", "--function", FUNCTION, "--json").json
    return str(row["tag"])


def latest_image(stack: Stack) -> str:
    return stack.place.control(FUNCTION).version(LATEST).image


def live_image(stack: Stack) -> str:
    control = stack.place.control(FUNCTION)
    return control.version(control.alias().version).image


def deploy(tag: str) -> None:
    ended = fleet("release", "--function", FUNCTION, "--tag", tag)
    assert ended.code == 0, ended.err


def test_bootstrap_released_every_function_at_the_commit(stack: Stack) -> None:
    rows = fleet("status", "--json").json
    assert {row["function"]: row["tag"] for row in rows} == dict.fromkeys(
        stack.place.project.functions, stack.tag
    )
    assert not any(row["latest_differs"] for row in rows)


def test_deploying_what_is_live_changes_nothing(stack: Stack) -> None:
    deploy(stack.tag)
    before = live_version(stack)
    ended = fleet("release", "--function", FUNCTION, "--tag", stack.tag, "--json")
    assert ended.code == 0
    assert [outcome["result"] for outcome in ended.json["functions"]] == ["unchanged"]
    assert live_version(stack) == before


def test_pushing_an_existing_tag_does_nothing(stack: Stack) -> None:
    before = stack.place.registry.image(FUNCTION, stack.tag).digest
    ended = fleet("push", "--function", FUNCTION, "--tag", stack.tag, "--json")
    assert ended.code == 0
    assert [result["pushed"] for result in ended.json] == [False]
    assert stack.place.registry.image(FUNCTION, stack.tag).digest == before


def test_a_deploy_is_by_digest_and_lands_in_the_history(stack: Stack, second: str) -> None:
    deploy(stack.tag)
    old = live_version(stack)
    ended = fleet("release", "--function", FUNCTION, "--tag", second, "--json")
    (outcome,) = ended.json["functions"]
    digest = stack.place.registry.image(FUNCTION, second).digest
    assert (outcome["result"], outcome["digest"], outcome["previous_version"]) == (
        "released",
        digest,
        old,
    )
    assert live_image(stack).endswith(f"@{digest}")
    newest = fleet("history", "--function", FUNCTION, "--limit", "1", "--json").json[0]
    assert (newest["kind"], newest["state"], newest["tag"]) == ("deploy", "succeeded", second)
    assert {"preflight", "update", "publish", "smoke", "shift"} <= set(newest["steps"])


@pytest.mark.parametrize("how", ["previous", "--to-tag", "--to-version"])
def test_rollback_moves_live_and_latest_back(stack: Stack, second: str, how: str) -> None:
    deploy(stack.tag)
    good = live_version(stack)
    deploy(second)
    bad = live_version(stack)
    chosen = {"previous": (), "--to-tag": (how, stack.tag), "--to-version": (how, good)}[how]
    ended = fleet("rollback", "--function", FUNCTION, *chosen, "--json")
    assert ended.code == 0, ended.err
    (outcome,) = ended.json["functions"]
    assert (outcome["previous_version"], outcome["version"]) == (bad, good)
    assert live_version(stack) == good
    assert latest_image(stack) == live_image(stack), "the next apply must not bring it back"


def test_rolling_back_twice_never_returns_to_the_version_rolled_away_from(
    stack: Stack, second: str
) -> None:
    deploy(stack.tag)
    first = live_version(stack)
    deploy(second)
    third = commits.pushed(stack.place, "\n# A third change.\n")
    deploy(third)
    assert fleet("rollback", "--function", FUNCTION).code == 0
    assert live_tag(stack) == second
    assert fleet("rollback", "--function", FUNCTION).code == 0
    assert live_version(stack) == first


# Here with real processes; test_release_model.py kills one at every call, before and after it.
@pytest.mark.parametrize(
    ("call", "when"),
    [("update", "after"), ("publish", "after"), ("alias", "before"), ("alias", "after")],
)
def test_a_killed_deploy_leaves_the_old_version_live_and_the_next_one_repairs(
    stack: Stack, second: str, gate: Gate, call: str, when: str
) -> None:
    deploy(stack.tag)
    old = live_version(stack)
    gate.call, gate.when = call, when  # type: ignore[assignment]
    process = start("release", "--function", FUNCTION, "--tag", second, FLEET_AWS_ENDPOINT=gate.url)
    gate.victim = process.pid
    output, _ = process.communicate(timeout=120)
    assert gate.struck.is_set(), output
    assert process.returncode == -9

    moved = (call, when) == ("alias", "after")
    assert (live_version(stack) == old) is not moved
    answer = stack.place.control(FUNCTION).invoke(ALIAS, {"test": True})
    assert answer.function_error is None

    deploy(second)
    assert live_tag(stack) == second
    assert latest_image(stack) == live_image(stack)
    states = [r.state for r in stack.place.history.of(FUNCTION, limit=3)]
    assert "started" not in states
    assert (states[0] if moved else states[1]) == ("succeeded" if moved else "interrupted")


def test_an_image_that_fails_its_smoke_event_never_gets_traffic(stack: Stack) -> None:
    deploy(stack.tag)
    before = (live_version(stack), latest_image(stack))
    broken = commits.pushed(stack.place, commits.BROKEN)
    ended = fleet("release", "--function", FUNCTION, "--tag", broken)
    assert ended.code == 5
    assert "failed its smoke event" in ended.said
    assert "broken on purpose" in ended.said
    assert (live_version(stack), latest_image(stack)) == before
    newest = stack.place.history.of(FUNCTION, limit=1)[0]
    assert newest.state == "failed"
    assert "smoke event" in newest.reason


def test_a_bad_variable_of_a_function_fails_the_release_and_is_named(stack: Stack) -> None:
    deploy(stack.tag)
    name, client = stack.environment.function_name(FUNCTION), stack.client("lambda")
    variables = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    before = live_version(stack)
    broken = {key: value for key, value in variables.items() if key != "DOWNLOAD_BUCKET"}
    client.update_function_configuration(FunctionName=name, Environment={"Variables": broken})
    try:
        ended = fleet("release", "--function", FUNCTION, "--tag", stack.tag)
    finally:
        client.update_function_configuration(
            FunctionName=name, Environment={"Variables": variables}
        )
        stack.place.control(FUNCTION).wait_active(LATEST)
    assert ended.code == 5
    assert "DOWNLOAD_BUCKET" in ended.said
    assert live_version(stack) == before


def test_an_image_of_another_architecture_is_refused_before_anything_changes(
    stack: Stack, tmp_path: Path
) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /\n")
    uri = stack.place.registry.repository_uri(FUNCTION)
    wrong = {"x86_64": "arm64", "arm64": "amd64"}[stack.environment.architecture]
    tag = f"{'a' * 39}{len(wrong)}"
    build = ["docker", "buildx", "build", "--platform", f"linux/{wrong}", "--load"]
    subprocess.run([*build, "-t", f"{uri}:{tag}", str(tmp_path)], check=True, capture_output=True)
    stack.place.registry.login()
    push = ["docker", "--config", str(stack.place.registry.docker_config), "push", f"{uri}:{tag}"]
    subprocess.run(push, check=True, capture_output=True)
    before = latest_image(stack)
    ended = fleet("release", "--function", FUNCTION, "--tag", tag)
    assert ended.code == 4
    assert "is built for" in ended.said
    assert latest_image(stack) == before


def test_an_unknown_tag_is_refused_and_the_known_ones_are_listed(stack: Stack) -> None:
    ended = fleet("release", "--function", FUNCTION, "--tag", "f" * 40)
    assert ended.code == 4
    assert f"no image with the tag {'f' * 40}" in ended.said
    assert stack.tag in ended.said


def test_errors_are_json_for_machines(stack: Stack) -> None:
    ended = fleet("release", "--function", FUNCTION, "--tag", "f" * 40, "--json")
    report = json.loads(ended.out)
    assert report["exit_code"] == ended.code == 4
    assert "no image with the tag" in report["functions"][0]["reason"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--to-tag", "e" * 40), "was never released with the tag"),
        (("--to-version", "99999"), "has no version 99999"),
        (("--to-version", "live"), "is not a version"),
        (("--to-tag", "x", "--to-version", "1"), "exclude each other"),
    ],
)
def test_a_rollback_to_nowhere_is_refused(
    stack: Stack, arguments: tuple[str, ...], words: str
) -> None:
    before = live_version(stack)
    ended = fleet("rollback", "--function", FUNCTION, *arguments)
    assert ended.code in {2, 4}
    assert words in ended.said
    assert live_version(stack) == before


def test_credentials_that_aws_does_not_know_are_said_to_be_that(stack: Stack) -> None:
    wrong = {
        "FLEET_LOCAL_AWS_ACCESS_KEY_ID": "AKIAUNKNOWN",
        "FLEET_LOCAL_AWS_SECRET_ACCESS_KEY": "a-secret-nobody-may-see",
    }
    ended = fleet("status", **wrong)
    assert ended.code == 4
    assert "does not accept these credentials" in ended.said
    assert "a-secret-nobody-may-see" not in ended.out + ended.err


def test_the_shell_s_own_aws_account_never_reaches_the_local_stack(stack: Stack) -> None:
    real = {"AWS_ACCESS_KEY_ID": "AKIAREAL", "AWS_SECRET_ACCESS_KEY": "x", "AWS_PROFILE": "gone"}
    assert fleet("status", **real).code == 0


def test_a_canary_is_judged_by_smoke_events_where_there_is_no_traffic(
    stack: Stack, second: str
) -> None:
    deploy(stack.tag)
    shares = ("--strategy", "canary", "--steps", "20,100", "--bake", "1")
    ended = fleet("release", "--function", FUNCTION, "--tag", second, *shares, "--json")
    assert ended.code == 0, ended.err
    (outcome,) = ended.json["functions"]
    assert [share for _, share in outcome["weights"]] == [0.2, 1.0]
    assert outcome["looks"][-1]["verdict"] == "pass"
    assert outcome["looks"][-1]["synthetic"] >= 59
    alias = stack.place.control(FUNCTION).alias()
    assert (alias.version, alias.weights) == (outcome["version"], {})
    assert live_tag(stack) == second
    page = stack.place.project.reports / "release" / "latest.html"
    assert outcome["reason"] == ""
    assert second[:12] in page.read_text(encoding="utf-8")


def test_a_rollback_stops_a_canary_of_another_process(stack: Stack, second: str) -> None:
    deploy(stack.tag)
    before = live_version(stack)
    shares = ("--strategy", "canary", "--steps", "50,100", "--bake", "60")
    canary = start("release", "--function", FUNCTION, "--tag", second, *shares)
    control = stack.place.control(FUNCTION)
    wait_until(lambda: bool(control.alias().weights), canary)
    (row,) = fleet("status", "--function", FUNCTION, "--json").json
    assert row["open_release"]["under_way"] is True
    refused = fleet("release", "--function", FUNCTION, "--tag", second)
    assert refused.code == 3
    assert "is being released by" in refused.said
    ended = fleet("rollback", "--function", FUNCTION)
    assert ended.code == 0, ended.err
    alias = control.alias()
    assert (alias.version, alias.weights) == (before, {})
    output, _ = canary.communicate(timeout=60)
    assert canary.returncode == 3, output
    assert (control.alias().version, control.alias().weights) == (before, {})
    assert latest_image(stack) == live_image(stack)


def test_ctrl_c_puts_a_canary_back(stack: Stack, second: str) -> None:
    deploy(stack.tag)
    before = live_version(stack)
    shares = ("--strategy", "canary", "--steps", "50,100", "--bake", "60")
    canary = start("release", "--function", FUNCTION, "--tag", second, *shares)
    wait_until(lambda: bool(stack.place.control(FUNCTION).alias().weights), canary)
    canary.send_signal(signal.SIGINT)
    output, _ = canary.communicate(timeout=60)
    assert canary.returncode == 5, output
    alias = stack.place.control(FUNCTION).alias()
    assert (alias.version, alias.weights) == (before, {})
    assert latest_image(stack) == live_image(stack)


def test_a_killed_canary_is_resumed(stack: Stack, second: str) -> None:
    deploy(stack.tag)
    shares = ("--strategy", "canary", "--steps", "50,100", "--bake", "5")
    canary = start("release", "--function", FUNCTION, "--tag", second, *shares)
    wait_until(lambda: bool(stack.place.control(FUNCTION).alias().weights), canary)
    os.killpg(canary.pid, signal.SIGKILL)
    canary.communicate(timeout=60)
    (row,) = fleet("status", "--function", FUNCTION, "--json").json
    assert row["open_release"]["under_way"] is False
    ended = fleet("resume", "--function", FUNCTION)
    assert ended.code == 0, ended.err
    assert live_tag(stack) == second
    assert stack.place.control(FUNCTION).alias().weights == {}
    assert "nothing was left half done" in fleet("resume", "--function", FUNCTION).said


def test_a_dry_run_and_a_plan_change_nothing(stack: Stack, second: str) -> None:
    deploy(stack.tag)
    before = (live_version(stack), latest_image(stack))
    dry = fleet("release", "--function", FUNCTION, "--tag", second, "--dry-run", "--json")
    assert [outcome["result"] for outcome in dry.json["functions"]] == ["planned"]
    same = fleet("plan", "--function", FUNCTION, "--tag", stack.tag, "--json")
    assert same.code == 0, same.err
    assert (live_version(stack), latest_image(stack)) == before


def test_prune_deletes_old_versions_and_keeps_the_way_back(stack: Stack, second: str) -> None:
    deploy(stack.tag)
    deploy(second)
    ended = fleet("prune", "--function", FUNCTION, "--keep", "1", "--json")
    assert ended.code == 0, ended.err
    (result,) = ended.json
    assert live_version(stack) in result["kept"]
    assert result["refused"] == {}
    assert fleet("rollback", "--function", FUNCTION).code == 0
    assert live_tag(stack) == stack.tag


def test_a_setting_that_drifted_is_shown_and_a_plan_and_an_apply_know_it(
    stack: Stack, second: str
) -> None:
    deploy(stack.tag)
    name = stack.environment.function_name(FUNCTION)
    stack.client("lambda").update_function_configuration(FunctionName=name, MemorySize=333)
    stack.place.control(FUNCTION).wait_active(LATEST)
    (row,) = fleet("status", "--function", FUNCTION, "--json").json
    assert row["drift"] == {"image": False, "settings": ["MemorySize"]}
    planned = fleet("plan", "--function", FUNCTION, "--tag", second, "--json")
    assert planned.code == 2, planned.err
    (row,) = planned.json["functions"]
    assert row["image"]["to"] == stack.place.registry.image(FUNCTION, second).digest
    assert any("memory_size" in change["attributes"] for change in planned.json["terraform"])
    assert fleet("apply").code == 0
    (row,) = fleet("status", "--function", FUNCTION, "--json").json
    assert row["latest_differs"] is False


def test_status_can_be_watched_until_ctrl_c(stack: Stack) -> None:
    watching = start("status", "--watch")
    time.sleep(10)  # on a busy machine the program takes a while to start
    watching.send_signal(signal.SIGINT)
    try:
        output, _ = watching.communicate(timeout=30)
    finally:
        watching.kill()
    assert watching.returncode == 0, output
    assert FUNCTION in output


def wait_until(true: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    """Wait for something that a running command is to do."""
    for _ in range(600):
        if true():
            return
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.1)
    raise AssertionError("it did not come to that in a minute")
