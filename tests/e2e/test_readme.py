"""The README's commands, as written, on the tests' stack; the others, by whom they are run."""

from __future__ import annotations

import re
import shlex
import subprocess

import pytest

from tests.e2e.conftest import Stack
from tests.kit.documents import commands
from tests.kit.program import ROOT, environment

pytestmark = pytest.mark.stack
README = [command.text for command in commands(ROOT / "README.md")]
# Not run here: they want an account, never end, or are another test's whole subject.
ELSEWHERE = {
    r"--env (dev|staging|prod)|ENV=dev": "AWS: understood by make and fleet (test_documents.py)",
    r"^make (test|down)$": "what runs this, and what ends it",
    r"^make (lint|bench|bench-compare|security|soak)\b": "jobs of their own",
    r"^make (build push|deploy|apply|bootstrap)": "conftest.py, test_release.py, test_destroy.py",
    r"^make (plan|changed|logs|scan)": "test_terraform.py, test_changed_images.py, test_logs.py",
    r"^fleet (release|apply|resume|rollback)$": "test_release.py",
    r"^fleet validate": "test_validate.py",
    r"--watch$": "test_release_status.py",
    r"^fleet changed --base": "test_changed_images.py",
    r"fleet new ": "test_new_function.py",
    r"lake backfill": "test_lake_bronze.py",
}
HERE = [text for text in dict.fromkeys(README) if not any(re.search(e, text) for e in ELSEWHERE)]


@pytest.mark.parametrize("text", HERE)
def test_it_runs_as_written(stack: Stack, text: str) -> None:
    bare = re.sub(r"^fleet ", ".venv/bin/fleet ", text)
    ended = subprocess.run(
        shlex.split(bare), cwd=ROOT, env=environment(), capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout or ended.stderr


def test_an_address_is_printed_bare(stack: Stack) -> None:
    """So that a shell can put it into another command."""
    command = [".venv/bin/fleet", "outputs", "api.endpoint"]
    ended = subprocess.run(
        command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=True
    )
    endpoint = stack.place.terraform.outputs()["api"]["endpoint"]
    assert ended.stdout == f"{endpoint}\n"


@pytest.mark.parametrize("name", ["nothing", "api.nothing", "region.nothing"])
def test_an_output_that_is_not_there_is_told_with_those_that_are(stack: Stack, name: str) -> None:
    command = [".venv/bin/fleet", "outputs", name]
    ended = subprocess.run(
        command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2
    assert f"no output {name}" in ended.stderr


def test_every_exception_is_one() -> None:
    unused = [each for each in ELSEWHERE if not any(re.search(each, text) for text in README)]
    assert unused == []
    assert len(HERE) > 15
