"""What the program says before it has touched anything."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from tests.kit.program import ROOT, fleet


def path_without(*programs: str, folder: Path) -> str:
    """A PATH on which some programs are not."""
    for name in ("git", "docker", "terraform", "env", "ps"):
        found = shutil.which(name)
        if found and name not in programs:
            (folder / name).symlink_to(found)
    return str(folder)


def test_an_unknown_function_names_the_known_ones() -> None:
    ended = fleet("build", "--function", "nothing-of-the-kind")
    assert ended.code == 2
    assert "unknown function: nothing-of-the-kind" in ended.said
    assert "scheduled-digest" in ended.said


def test_an_unknown_environment_names_the_known_ones() -> None:
    ended = fleet("status", "--env", "production")
    assert ended.code == 2
    assert "unknown environment: production" in ended.said
    assert "dev, local, prod, staging" in ended.said


def test_an_unknown_option_is_a_usage_error() -> None:
    assert fleet("release", "--functoin", "x").code == 2


def test_a_rollback_wants_to_know_which_function() -> None:
    ended = fleet("rollback", FN=None)
    assert ended.code == 2


@pytest.mark.parametrize("verb", ["logs", "invoke"])
def test_verbs_that_show_one_function_refuse_several(verb: str) -> None:
    ended = fleet(verb, "--function", "all")
    assert ended.code == 2
    assert "this takes one function" in ended.said


def test_make_rolls_nothing_back_that_was_not_named() -> None:
    ended = subprocess.run(
        ["make", "--no-print-directory", "--dry-run", "rollback"],
        cwd=ROOT,
        env={key: value for key, value in os.environ.items() if key not in {"FN", "TAG"}},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    assert "rollback takes FN=<function>" in ended.stderr


def test_production_is_refused_until_it_opts_in() -> None:
    ended = fleet("apply", "--env", "prod")
    assert ended.code == 3
    assert "refused by policy" in ended.said
    assert "release_to" in ended.said


def test_no_credentials(tmp_path: Path) -> None:
    ended = fleet(
        "status", "--env", "dev",
        AWS_EC2_METADATA_DISABLED="true", HOME=str(tmp_path), AWS_CONFIG_FILE=os.devnull,
    )  # fmt: skip
    assert ended.code == 4
    assert "no AWS credentials were found" in ended.said


def test_no_local_stack_running() -> None:
    ended = fleet("status", FLEET_STACK="never-started:900")
    assert ended.code == 4
    assert "AWS does not answer" in ended.said
    assert "make up" in ended.said


@pytest.mark.parametrize("verb", ["build", "up"])
def test_no_docker_on_the_path(tmp_path: Path, verb: str) -> None:
    ended = fleet(verb, PATH=path_without("docker", folder=tmp_path))
    assert ended.code == 4
    assert "docker is not on the PATH" in ended.said


def test_no_engine_answers() -> None:
    ended = fleet("build", DOCKER_HOST="unix:///nonexistent/docker.sock")
    assert ended.code == 4
    assert "no Docker engine answers" in ended.said


def test_no_terraform(tmp_path: Path) -> None:
    ended = fleet("plan", PATH=path_without("terraform", folder=tmp_path))
    assert ended.code == 4
    assert "terraform is not on the PATH" in ended.said


@pytest.mark.engine
def test_a_busy_port_names_the_port_and_its_reader() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        ended = fleet("up", FLEET_STACK=f"busy:{port - 4566}")
        fleet("down", FLEET_STACK=f"busy:{port - 4566}")
    assert ended.code == 4
    assert f"port {port}" in ended.said
    assert "used by another program" in ended.said


def test_outside_a_checkout(tmp_path: Path) -> None:
    ended = fleet("build", cwd=tmp_path)
    assert ended.code == 2
    assert "not inside a Lambda Fleet checkout" in ended.said


def test_the_cloud_has_no_local_stack() -> None:
    ended = fleet("up", "--env", "dev")
    assert ended.code == 2
    assert "not a local environment" in ended.said


def test_help_lists_every_verb() -> None:
    ended = fleet("--help")
    assert ended.code == 0
    for verb in (
        "build",
        "push",
        "release",
        "rollback",
        "resume",
        "validate",
        "status",
        "history",
        "up",
        "down",
    ):
        assert f" {verb} " in ended.out
