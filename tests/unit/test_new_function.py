"""`fleet new`: what it makes passes every check at once, and what it cannot make leaves nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from fleet.project import Project

from tests.kit.clones import clone, edit, git
from tests.kit.program import Ended, fleet

KINDS = [("http", True), ("queue", False), ("schedule", False), ("s3", True)]


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return clone(tmp_path_factory.mktemp("clone"))


@pytest.fixture
def checkout(pristine: Project) -> Project:
    git(pristine.root, "checkout", "--quiet", "--", ".")
    git(pristine.root, "clean", "--quiet", "--force", "-d", "images", "terraform", "tests")
    return pristine


@pytest.fixture
def without_uv(checkout: Project, tmp_path: Path) -> Project:
    """The checkout with a uv that does nothing: the real one would change this very environment."""
    return with_uv(checkout, tmp_path, "exit 0")


def with_uv(checkout: Project, folder: Path, script: str) -> Project:
    """A checkout whose .fleet has another uv."""
    state = folder / "state"
    (state / "bin").mkdir(parents=True)
    (state / "bin" / "uv").write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    (state / "bin" / "uv").chmod(0o755)
    (checkout.root / ".fleet").unlink()
    (checkout.root / ".fleet").symlink_to(state)
    return checkout


def make(checkout: Project, name: str, trigger: str, *more: str) -> Ended:
    return fleet("new", name, "--trigger", trigger, *more, cwd=checkout.root)


def changed(checkout: Project) -> list[str]:
    return git(checkout.root, "status", "--porcelain", "--", ".", ":!.fleet").splitlines()


def passes(checkout: Project, names: list[str], *command: str) -> None:
    """Run a tool on the checkout, with the new packages where they are."""
    sources = [str(checkout.root / "images" / name / "src") for name in names]
    found = {
        "PYTHONPATH": os.pathsep.join([*sources, str(checkout.root)]),
        "MYPYPATH": os.pathsep.join(sources),
    }
    ended = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=checkout.root,
        env=os.environ | found,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_one_of_each_kind_passes_lint_types_and_its_tests_at_once(without_uv: Project) -> None:
    """In one checkout, for the tools take longer to start than to look at a function."""
    names = [f"try-{trigger}" for trigger, _ in KINDS]
    for name, (trigger, database) in zip(names, KINDS, strict=True):
        ended = make(without_uv, name, trigger, *(["--database"] if database else []))
        assert ended.code == 0, ended.err
    packages = [name.replace("-", "_") for name in names]
    tests = [f"tests/unit/test_{package}.py" for package in packages]
    written = [*(f"images/{name}" for name in names), *tests]
    passes(without_uv, names, "ruff", "check", *written)
    passes(without_uv, names, "ruff", "format", "--check", *written)
    chosen = [word for package in packages for word in ("-p", package)]
    passes(without_uv, names, "mypy", "--config-file=pyproject.toml", *chosen)
    own = ("-p", "no:cacheprovider", "-n0", "-q", *tests)
    passes(without_uv, names, "pytest", *own, "tests/unit/test_house.py")


def test_it_stands_wherever_functions_are_listed(without_uv: Project) -> None:
    ended = make(without_uv, "device-report", "queue", "--description", "Reports devices")
    assert ended.code == 0, ended.err
    root = without_uv.root
    assert "device-report" in without_uv.functions
    assert '"device-report"' in (root / "terraform" / "locals.tf").read_text(encoding="utf-8")
    assert "module.device_report_queue" in (root / "terraform" / "locals.tf").read_text()
    assert "| `device-report` | SQS | reports devices |" in (root / "README.md").read_text()
    assert ",device-report," in (root / "docker-bake.hcl").read_text()
    assert make(without_uv, "second-report", "s3").code == 0, "and the next one finds its place"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("Report", "no name for a function"),
        ("report_two", "no name for a function"),
        ("-report", "no name for a function"),
        ("r" * 41, "no name for a function"),
        ("../report", "no name for a function"),
        ("json", "Python's own name"),
        ("class", "Python's own name"),
        ("print", "Python's own name"),
    ],
)
def test_a_name_that_cannot_be_is_refused(checkout: Project, name: str, says: str) -> None:
    ended = fleet("new", "--trigger", "http", "--", name, cwd=checkout.root)
    assert ended.code == 2
    assert says in ended.said
    assert changed(checkout) == []


@pytest.mark.parametrize("description", ["", 'a "quote"', "two\nlines", "${local.x}", "a | b"])
def test_a_description_that_would_break_a_file_is_refused(
    checkout: Project, description: str
) -> None:
    ended = make(checkout, "report", "http", "--description", description)
    assert ended.code == 2
    assert "the description" in ended.said
    assert changed(checkout) == []


def test_an_unknown_trigger_is_refused_with_those_that_there_are(checkout: Project) -> None:
    ended = make(checkout, "report", "kafka")
    assert ended.code == 2
    assert "schedule" in ended.said


def test_what_is_there_stays(checkout: Project) -> None:
    ended = make(checkout, "sync-clock", "http")
    assert ended.code == 4
    assert "sync-clock is there already" in ended.said
    assert changed(checkout) == []


def test_a_file_that_looks_otherwise_is_named_and_nothing_is_made(checkout: Project) -> None:
    edit(checkout, "terraform/locals.tf", "  modules = {\n", "  the_modules = {\n")
    before = changed(checkout)
    ended = make(checkout, "report", "http")
    assert ended.code == 4
    assert "terraform/locals.tf does not look as it did" in ended.said
    assert changed(checkout) == before


def test_what_fails_half_way_is_taken_back(checkout: Project, tmp_path: Path) -> None:
    """uv found no versions, say."""
    broken = with_uv(checkout, tmp_path, "echo no solution found >&2; exit 1")
    ended = make(broken, "report", "s3")
    assert ended.code == 4
    assert "no solution found" in ended.said
    assert changed(broken) == []
