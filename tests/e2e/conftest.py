"""The local stack that the end-to-end tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from fleet import environments
from fleet.commands.options import Workplace
from fleet.environments import Environment
from fleet.project import Project

from tests.kit.program import ROOT, STACK, fleet


@dataclass(frozen=True)
class Stack:
    """The running stack: its objects, and the commit that was released to it."""

    place: Workplace
    tag: str

    @property
    def environment(self) -> Environment:
        return self.place.environment

    def client(self, service: str) -> Any:
        return self.environment.client(service)


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """A stack of the tests' own, released from this checkout.

    With FLEET_TEST_STACK_KEEP it is left up, and taken as it is the next time: for whoever writes
    a test and runs it again and again.
    """
    keep = bool(os.environ.get("FLEET_TEST_STACK_KEEP"))
    patch = pytest.MonkeyPatch()
    patch.setenv("FLEET_STACK", STACK)
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        patch.delenv(name, raising=False)
    project = Project(ROOT)
    tag = project.commit()
    if not keep:
        fleet("down")
    for verb in (("up",), ("bootstrap", "--tag", tag)):
        ended = fleet(*verb)
        assert ended.code == 0, f"fleet {verb[0]}:\n{ended.err}"
    yield Stack(Workplace(project, environments.load(project, "local")), tag)
    if not keep:
        fleet("down")
    patch.undo()
