"""The local stack that the end-to-end tests share."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fleet import environments
from fleet.commands.options import Workplace
from fleet.environments import Environment
from fleet.project import Project

from tests.kit.program import ROOT, STACK, Ended, environment, fleet
from tests.kit.rehearsal.environments import ENVIRONMENTS, SmallFleet, make
from tests.kit.rehearsal.github import FakeGitHub
from tests.kit.rehearsal.runner import Rehearsal
from tests.kit.scripted import serving


@dataclass(frozen=True)
class Stack:
    """The running stack: its objects, and the commit that was released to it.

    Attributes:
        demo: What `make demo` said when it made the stack; None when an earlier run has left it up.
    """

    place: Workplace
    tag: str
    demo: Ended | None = None

    @property
    def environment(self) -> Environment:
        return self.place.environment

    def client(self, service: str) -> Any:
        return self.environment.client(service)


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """A stack of the tests' own, made from this checkout by the README's first command.

    With FLEET_TEST_STACK_KEEP it is left up, and taken as it is the next time: for whoever writes
    a test and runs it again and again.
    """
    keep = bool(os.environ.get("FLEET_TEST_STACK_KEEP"))
    project = Project(ROOT)
    tag = project.commit()
    demo = None if keep else made_by_the_demo()
    if keep:
        up_and_released(tag)
    with pytest.MonkeyPatch.context() as patch:
        name_the_stack(patch)
        place = Workplace(project, environments.load(project, "local"))
    yield Stack(place, tag, demo)
    if not keep:
        fleet("down")


def made_by_the_demo() -> Ended:
    """What `make demo` said."""
    fleet("down")
    ended = subprocess.run(
        ["make", "demo"], cwd=ROOT, env=environment(), capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, f"make demo:\n{ended.stderr}"
    return Ended(ended.returncode, ended.stdout, ended.stderr)


def up_and_released(tag: str) -> None:
    """The stack as it is left up, with this checkout live."""
    for verb in (("up",), ("bootstrap", "--tag", tag)):
        ended = fleet(*verb)
        assert ended.code == 0, f"fleet {verb[0]}:\n{ended.err}"


@pytest.fixture(scope="session")
def small(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> SmallFleet:
    """A fleet of two functions with a dev and a staging of its own, beside the stack's."""
    with pytest.MonkeyPatch.context() as patch:
        name_the_stack(patch)
        return make(tmp_path_factory.mktemp("small") / "fleet")


@pytest.fixture
def rehearsal(small: SmallFleet, tmp_path: Path) -> Iterator[Rehearsal]:
    """A GitHub that knows that main was deployed to both."""
    remote = small.remote
    with serving(FakeGitHub()) as github:
        assert isinstance(github, FakeGitHub)
        for number, name in enumerate(ENVIRONMENTS, start=1):
            values = {"id": number, "environment": name, "task": "fleet", "sha": remote.head()}
            github.deployments.append(values | {"payload": {"function": "all", "tag": ""}})
            github.states[number] = [{"state": "success"}]
        roles = {name: small.role(name) for name in ENVIRONMENTS}
        yield Rehearsal(remote, github, tmp_path, roles=roles)


@pytest.fixture(autouse=True)
def named_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    """For each test alone: tests of other kinds may follow in this process."""
    name_the_stack(monkeypatch)


def name_the_stack(patch: pytest.MonkeyPatch) -> None:
    """This process means the tests' stack, and no account that someone is signed in to."""
    patch.setenv("FLEET_STACK", STACK)
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        patch.delenv(name, raising=False)
