"""The Docker command line, against a real engine."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from fleet import docker as program
from fleet.docker import docker, drop_containers
from fleet.errors import FleetError

from tests.kit.services import postgres_image

pytestmark = pytest.mark.engine


@pytest.fixture
def networks() -> Iterator[list[str]]:
    names = [f"test-{uuid.uuid4().hex[:8]}" for _ in range(2)]
    for name in names:
        docker("network", "create", name)
    yield names
    for name in names:
        for container in docker("ps", "-aq", "--filter", f"network={name}").split():
            docker("rm", "--force", container)
        docker("network", "rm", name)


def running(network: str) -> str:
    options = ("--detach", "--network", network, "--entrypoint", "sleep")
    return docker("run", *options, postgres_image(), "300")


def alive(network: str) -> list[str]:
    return docker("ps", "--quiet", "--no-trunc", "--filter", f"network={network}").split()


def test_containers_of_one_stack_go_and_those_of_another_stay(networks: list[str]) -> None:
    ours, theirs = networks
    running(ours)
    kept = running(theirs)
    drop_containers(postgres_image(), ours)
    assert (alive(ours), alive(theirs)) == ([], [kept])


def test_one_that_goes_of_its_own_accord_is_gone(
    networks: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the list and the removal."""
    ours, _ = networks
    container = running(ours)

    def late(*arguments: str) -> str:
        if arguments[0] == "rm":
            docker("rm", "--force", container)
        return docker(*arguments)

    monkeypatch.setattr(program, "docker", late)
    drop_containers(postgres_image(), ours)
    assert alive(ours) == []


def test_one_that_cannot_be_removed_is_said(
    networks: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    running(networks[0])

    def refusing(*arguments: str) -> str:
        return docker(*(("rm", "--no-such-option") if arguments[0] == "rm" else arguments))

    monkeypatch.setattr(program, "docker", refusing)
    with pytest.raises(FleetError, match="unknown flag"):
        drop_containers(postgres_image(), networks[0])
