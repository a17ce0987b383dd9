"""Edits that are easily taken for none: each must be seen, or an old image would stay live."""

from __future__ import annotations

from pathlib import Path

import pytest
from fleet.changes import changed_functions, compare
from fleet.errors import FleetError
from fleet.project import Project

from tests.kit.clones import append, clone, edit, git
from tests.kit.program import ROOT

DIGEST, PRESIGN, GUARD = "scheduled-digest", "generate-presigned-url", "release-guard"
EVERY = set(Project(ROOT).functions)
PYPROJECT, LOCK, DEV = "pyproject.toml", "uv.lock", "terraform/environments/dev.tfvars"


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return clone(tmp_path_factory.mktemp("clone"))


@pytest.fixture
def checkout(pristine: Project) -> Project:
    git(pristine.root, "checkout", "--quiet", "--", ".")
    git(pristine.root, "clean", "-qfd", "--exclude=.fleet")
    return Project(pristine.root)


def images(checkout: Project) -> set[str]:
    return {change.function for change in compare(checkout, "HEAD") if change.image}


def configured(checkout: Project) -> set[str]:
    return {change.function for change in compare(checkout, "HEAD") if change.configuration}


def test_spaces_inside_a_text_of_terraform(checkout: Project) -> None:
    edit(checkout, "terraform/digest.tf", "that are due, and", "that are  due, and")
    assert configured(checkout) == {DIGEST}


def test_layout_of_expressions_is_no_edit(checkout: Project) -> None:
    edit(checkout, "terraform/release_guard.tf", "sort(setsubtract(", "sort(\n    setsubtract(")
    edit(checkout, "terraform/digest.tf", "= !local.disposable", "=   ! local.disposable")
    assert (images(checkout), configured(checkout)) == (set(), set())


def test_a_new_function_is_news_to_the_guard_and_the_test_runner_alone(checkout: Project) -> None:
    folder = checkout.root / "images" / "newcomer"
    folder.mkdir()
    (folder / PYPROJECT).write_text('[project]\nname = "newcomer"\n', encoding="utf-8")
    assert configured(checkout) == {GUARD, "lambda-test-runner"}


def test_an_architecture_changes_every_image(checkout: Project) -> None:
    append(checkout, DEV, '\narchitecture = "x86_64"\n')
    assert images(checkout) == EVERY


def test_a_new_environment_changes_nothing_in_the_others(checkout: Project) -> None:
    text = (checkout.root / DEV).read_text(encoding="utf-8")
    (checkout.root / "terraform/environments/qa.tfvars").write_text(text, encoding="utf-8")
    assert changed_functions(checkout, "HEAD") == ()


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        (PYPROJECT, "[tool.uv]\n", "[tool.uv]\nno-binary = true\n"),
        ("shared/fleet/prepare/uv.sh", "UV_VERSION=", "UV_VERSION=9"),
    ],
    ids=["uv's settings", "uv's version"],
)
def test_how_packages_are_installed_changes_every_image(
    checkout: Project, path: str, old: str, new: str
) -> None:
    edit(checkout, path, old, new)
    assert images(checkout) == EVERY


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        (PYPROJECT, "line-length = 100", "line-length = 99"),
        (PYPROJECT, "fleet = { workspace = true }", "fleet = { path = 'shared/fleet' }"),
        ("shared/fleet/prepare/uv.sh", "set -euo pipefail", "set -eu -o pipefail"),
    ],
    ids=["lint", "sources", "script"],
)
def test_the_rest_of_these_files_changes_none(
    checkout: Project, path: str, old: str, new: str
) -> None:
    edit(checkout, path, old, new)
    assert changed_functions(checkout, "HEAD") == ()


def test_a_file_that_may_be_run_is_installed_as_one(checkout: Project) -> None:
    (checkout.root / f"images/{DIGEST}/src/scheduled_digest/chain.py").chmod(0o755)
    assert images(checkout) == {DIGEST}


def test_tests_and_events_beside_a_function_are_not_in_its_image(checkout: Project) -> None:
    for folder in ("tests", "events"):
        path = checkout.root / "images" / DIGEST / folder
        path.mkdir(exist_ok=True)
        (path / "new.json").write_text("{}", encoding="utf-8")
    assert images(checkout) == set()
    ignored = (checkout.root / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert {"**/tests", "**/events"} <= set(ignored)


def test_the_first_of_two_locked_versions_counts_too(checkout: Project) -> None:
    lock = checkout.root / LOCK
    text = lock.read_text(encoding="utf-8")
    start = text.index('[[package]]\nname = "idna"\n')
    entry = text[start : text.index("[[package]]", start + 1)]
    other = entry.replace("sha256:", "sha256:0")
    lock.write_text(text[:start] + other + text[start:], encoding="utf-8")
    assert images(checkout) == {DIGEST, "bronze-ingestion", "lambda-action"}


@pytest.mark.parametrize("path", [LOCK, PYPROJECT])
def test_a_file_that_is_no_toml_is_named(checkout: Project, path: str) -> None:
    functions = checkout.functions
    append(checkout, path, "\n<<<<<<< ours\n")
    assert functions
    with pytest.raises(FleetError, match=f"{path} cannot be read"):
        compare(checkout, "HEAD")


def test_without_git_it_says_so(
    checkout: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FleetError, match="git cannot be run"):
        compare(checkout, "HEAD")
