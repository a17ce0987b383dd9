"""What `fleet plan` and `fleet status` tell, and what they never show."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import typer
from fleet.commands.options import Workplace
from fleet.commands.plan import changes, function_changes
from fleet.commands.status import _shown, look
from fleet.release import strategy
from fleet.release.lock import actor
from fleet.release.outcome import Report
from fleet.release.strategy import Options

from tests.kit.world import verbs
from tests.kit.world.world import World

ALARM = "aws_cloudwatch_metric_alarm"


def planned(
    actions: list[str], before: Any, after: Any, *, kind: str = "aws_x", **more: Any
) -> dict[str, Any]:
    change = {"actions": actions, "before": before, "after": after, **more}
    return {"resource_changes": [{"address": f"{kind}.a", "type": kind, "change": change}]}


def test_an_update_names_attributes_and_shows_no_value() -> None:
    before = {"key": "s3cret", "tags": {"a": "1"}, "same": 1}
    after = {"key": "n3w", "tags": {"a": "2"}, "same": 1}
    found = changes(planned(["update"], before, after), is_local=False)
    assert found == [{"address": "aws_x.a", "actions": ["update"], "attributes": ["key", "tags"]}]
    assert "s3cret" not in str(found)


def test_what_is_only_known_after_an_apply_counts_as_changed() -> None:
    plan = planned(["update"], {"arn": "x"}, {}, after_unknown={"arn": True})
    assert changes(plan, is_local=False)[0]["attributes"] == ["arn"]


@pytest.mark.parametrize("actions", [["create"], ["delete"], ["delete", "create"]])
def test_what_comes_or_goes_is_named_without_its_attributes(actions: list[str]) -> None:
    found = changes(planned(actions, None, {"key": "s3cret"}), is_local=False)
    assert found == [{"address": "aws_x.a", "actions": actions, "attributes": []}]


@pytest.mark.parametrize("actions", [["no-op"], ["read"]])
def test_looking_is_no_change(actions: list[str]) -> None:
    assert changes(planned(actions, {}, {"a": 1}), is_local=False) == []


@pytest.mark.parametrize(
    ("is_local", "actions", "attribute", "told"),
    [
        (True, ["update"], "period", False),
        (False, ["update"], "period", True),
        (True, ["update"], "threshold", True),
        (True, ["create"], "period", True),
    ],
)
def test_what_the_local_aws_misreports_of_alarms_is_left_out_and_nothing_else(
    is_local: bool, actions: list[str], attribute: str, told: bool
) -> None:
    plan = planned(actions, {attribute: 1}, {attribute: 2}, kind=ALARM)
    assert bool(changes(plan, is_local=is_local)) is told


@pytest.fixture
def world() -> Iterator[World]:
    with World(["alpha"], seed=7) as world:
        world.push("one")
        report = world.do("ann", lambda tools: verbs.release(tools, "one", ["alpha"]))
        assert isinstance(report, Report)
        yield world


def seen(world: World, tag: str, function: str = "alpha") -> dict[str, Any]:
    def ask(tools: Any) -> Any:
        place = SimpleNamespace(tools=tools, registry=world.registry)
        return function_changes(place, function, tag)  # type: ignore[arg-type]

    found: dict[str, Any] = world.do("eve", ask)  # type: ignore[assignment]
    return found


def test_the_live_tag_would_change_nothing(world: World) -> None:
    row = seen(world, "one")
    assert (row["pushed"], row["image"], row["settings"]) == (True, None, [])


def test_another_image_is_told_by_digest(world: World) -> None:
    (image,) = world.push("two")
    assert seen(world, "two")["image"] == {"from": world.live_digest("alpha"), "to": image.digest}


def test_another_tag_of_the_same_image_is_no_difference(world: World) -> None:
    world.registry.push("alpha", "again", digest=world.live_digest("alpha"))
    assert seen(world, "again")["image"] is None


def test_a_tag_that_was_not_pushed_is_said_to_be_that(world: World) -> None:
    row = seen(world, "missing")
    assert (row["pushed"], row["image"]) == (False, None)


def test_a_configuration_that_waits_for_a_release_is_named(world: World) -> None:
    world.client("lambda").update_function_configuration(
        FunctionName=world.environment.function_name("alpha"),
        Environment={"Variables": {"KEY": "s3cret"}},
    )
    world.simulation.advance(10)
    row = seen(world, "one")
    assert row["settings"]
    assert "s3cret" not in str(row)


def test_a_function_that_does_not_exist_is_new(world: World) -> None:
    assert seen(world, "one", "newcomer")["new"] is True


NOTHING = planned(["no-op"], {}, {})
SOMETHING = planned(["create"], None, {})
SAME: dict[str, Any] = {"function": "alpha", "new": False, "pushed": True, "image": None}
SAME |= {"settings": [], "notes": []}


@pytest.mark.parametrize(
    ("terraform", "function", "code"),
    [
        (NOTHING, {}, 0),
        (SOMETHING, {}, 2),
        (NOTHING, {"image": {"from": "sha256:a", "to": "sha256:b"}}, 2),
        (NOTHING, {"image": {"from": "", "to": "sha256:b"}}, 2),
        (NOTHING, {"settings": ["MemorySize"]}, 2),
        (NOTHING, {"latest_image_drifted": True}, 2),
        (NOTHING, {"new": True}, 2),
    ],
)
def test_it_exits_2_when_something_would_change(
    monkeypatch: pytest.MonkeyPatch, terraform: Any, function: Any, code: int
) -> None:
    row = SAME | {"latest_image_drifted": False} | function
    place = SimpleNamespace(
        project=SimpleNamespace(select=lambda _: ("alpha",)),
        environment=SimpleNamespace(name="dev", is_local=False),
        terraform=SimpleNamespace(init=lambda: None, plan=lambda file: (None, terraform)),
        runner=SimpleNamespace(map=lambda work, names, _: [work(name) for name in names]),
    )
    monkeypatch.setattr(Workplace, "of", lambda _: place)
    planning = importlib.import_module("fleet.commands.plan")  # the package has the verb there
    monkeypatch.setattr(planning, "function_changes", lambda *_: row)
    ended = 0
    try:
        planning.plan("dev", "all", "one")
    except typer.Exit as error:
        ended = error.exit_code
    assert ended == code
    planning.plan("dev", "all", "one", exit_code=False)


def stand(world: World, function: str = "alpha") -> dict[str, Any]:
    def ask(tools: Any) -> Any:
        return look(SimpleNamespace(tools=tools), function)  # type: ignore[arg-type]

    found: dict[str, Any] = world.do("eve", ask)  # type: ignore[assignment]
    return found


def cells(row: dict[str, Any]) -> str:
    """What a person reads."""
    return " | ".join(_shown(row))


def test_a_canary_is_shown_with_its_share_and_who_runs_it(world: World) -> None:
    world.push("two")
    canary = Options(*strategy.parse("canary"))
    operator = world.start("ann", lambda tools: verbs.release(tools, "two", ["alpha"], canary))
    world.run(lambda: bool(world.live("alpha").weights))
    shown = cells(stand(world))
    assert "1[yellow] + 10% 2[/yellow]" in shown
    assert f"deploy by {actor()} under way" in shown
    operator.kill()
    world.simulation.advance(90)
    assert "was killed: fleet resume" in cells(stand(world))


def test_a_function_that_cannot_be_read_is_one_row_and_not_the_end(world: World) -> None:
    row = stand(world, "newcomer")
    assert row["error"]
    assert "newcomer" in cells(row)
