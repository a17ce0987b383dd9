"""What the README and docs/systems.md tell people to type, as written, on the tests' stack.

The stack itself was made by the README's first command (conftest.py).
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.conftest import Stack
from tests.kit.documents import commands
from tests.kit.program import ROOT, Ended, environment, fleet

pytestmark = pytest.mark.stack
DOCUMENTS = (ROOT / "README.md", ROOT / "docs" / "systems.md")
TOLD = list(dict.fromkeys(each.text for path in DOCUMENTS for each in commands(path)))
FUNCTION = "generate-presigned-url"
# Not run here: they want an account, or are another test's whole subject.
ELSEWHERE = {
    r"ENV=dev": "AWS: understood by make and fleet (test_documents.py)",
    r"^make demo$": "conftest.py",
    r"^make (test|down)$": "what runs this, and what ends it",
    r"^make (lint|bench|soak)\b": "jobs of their own, of the same names",
    r"^make changed": "test_changed_images.py: a clone need not have an earlier commit",
    r"device-report": "test_new_function.py, and `make bench ONLY=delivery`",
    r"^fleet (plan|rollback)$": "named in sentences; above as verbs of make",
    r"^make (plan|apply)$": "test_release.py and test_terraform.py: Terraform takes half a minute",
    r"\bvalidate\b": "test_validate.py: it takes a minute",
    r"lake backfill": "test_lake_bronze.py",
    r"gateway key rotate": "test_gateway.py: once an hour, for tokens outlive it",
}
HERE = [text for text in TOLD if not any(re.search(each, text) for each in ELSEWHERE)]


def typed(text: str) -> Ended:
    """What becomes of a line in a shell that has been told where `fleet` is."""
    path = f"{ROOT / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    ended = subprocess.run(
        shlex.split(text),
        cwd=ROOT,
        env=environment(PATH=path),
        capture_output=True,
        text=True,
        check=False,
    )
    return Ended(ended.returncode, ended.stdout, ended.stderr)


def change(tag: str) -> None:
    """Have a commit live: the one that was checked out, or the second that the demo has made."""
    ended = fleet("release", "--function", FUNCTION, "--tag", tag)
    assert ended.code == 0, ended.err


def told_by_the_demo() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / "build" / "demo.json").read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module", autouse=True)
def live_again(stack: Stack) -> Iterator[None]:
    """What the README rolls back is live again for the tests after these."""
    yield
    change(stack.tag)


def test_the_demo_ends_as_it_says(stack: Stack) -> None:
    if stack.demo is None:
        return  # kept from an earlier run
    said = stack.demo.err + stack.demo.out
    assert "✓ scheduled-digest ← daily.json" in said
    assert '"succeeded": 3' in said
    assert "The stack stays up: AWS at" in said
    told = told_by_the_demo()
    assert set(told["functions"]) == set(stack.place.project.functions)
    for function in told["functions"].values():
        assert {"digest", "version", "smoke", "cold_ms", "warm_ms"} <= function.keys()
    assert told["rollback"]["to"]["tag"] == stack.tag
    assert told["rollback"]["from"]["version"] != told["rollback"]["to"]["version"]


@pytest.mark.parametrize("text", HERE)
def test_it_runs_as_written(stack: Stack, text: str) -> None:
    if text.startswith("make rollback"):  # of a change, as the README has it
        change(told_by_the_demo()["rollback"]["from"]["tag"])
    ended = typed(text)
    assert ended.code == 0, ended.err
    assert ended.out or ended.err


def test_an_address_is_printed_bare(stack: Stack) -> None:
    """So that a shell can put it into another command."""
    endpoint = stack.place.terraform.outputs()["api"]["endpoint"]
    assert typed("fleet outputs api.endpoint").out == f"{endpoint}\n"


@pytest.mark.parametrize("name", ["nothing", "api.nothing", "region.nothing"])
def test_an_output_that_is_not_there_is_told_with_those_that_are(stack: Stack, name: str) -> None:
    ended = typed(f"fleet outputs {name}")
    assert ended.code == 2
    assert f"no output {name}" in ended.err


def test_every_exception_is_one() -> None:
    unused = [each for each in ELSEWHERE if not any(re.search(each, text) for text in TOLD)]
    assert unused == []
    assert len(HERE) > 20
