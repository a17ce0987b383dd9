"""Which functions differ between two commits: by content, and not only by path."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from fleet.changes import changed_functions, compare
from fleet.changes.images import dependencies
from fleet.errors import ExitCode, FleetError
from fleet.project import Project

from tests.kit.clones import append, clone, edit, git, restore
from tests.kit.program import ROOT, fleet

DIGEST, PRESIGN = "scheduled-digest", "generate-presigned-url"
EVERY = set(Project(ROOT).functions)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return clone(tmp_path_factory.mktemp("clone"))


@pytest.fixture(autouse=True)
def as_it_was(checkout: Project) -> None:
    restore(checkout)


def differing(checkout: Project) -> tuple[set[str], set[str]]:
    """The functions whose image differs, and those whose configuration does."""
    changes = compare(checkout, "HEAD")
    images = {change.function for change in changes if change.image}
    return images, {change.function for change in changes if change.configuration}


def test_nothing_differs_from_itself(checkout: Project) -> None:
    assert differing(checkout) == (set(), set())


Edit = Callable[[Project], None]


HANDLER = f"images/{DIGEST}/src/scheduled_digest/handler.py"
MODULE = "terraform/modules/function"
CONCURRENCY = "concurrency       = optional(number, 1"
EDITS: dict[str, tuple[Edit, set[str], set[str]]] = {
    "a function's code": (lambda c: append(c, HANDLER, "#\n"), {DIGEST}, set()),
    "the kit": (
        lambda c: append(c, "shared/function_kit/src/function_kit/http.py", "#\n"),
        EVERY,
        set(),
    ),
    "the recipe": (lambda c: append(c, "images/python.Dockerfile", "#\n"), EVERY, set()),
    "a sample event": (
        lambda c: append(c, f"images/{DIGEST}/events/smoke.json", "\n"),
        set(),
        set(),
    ),
    "the operator's program": (
        lambda c: append(c, "shared/fleet/src/fleet/cli.py", "#\n"),
        set(),
        set(),
    ),
    "the readme": (lambda c: append(c, "README.md", "#\n"), set(), set()),
    "a comment": (lambda c: append(c, "terraform/digest.tf", "# a comment\n"), set(), set()),
    "layout": (
        lambda c: edit(c, "terraform/digest.tf", "memory  = 256", "memory  =  256"),
        set(),
        set(),
    ),
    "memory": (
        lambda c: edit(c, "terraform/digest.tf", "memory  = 256", "memory  = 512"),
        set(),
        {DIGEST},
    ),
    "a comment in the module": (
        lambda c: append(c, f"{MODULE}/alarms.tf", "# a comment\n"),
        set(),
        set(),
    ),
    "the module": (
        lambda c: edit(c, f"{MODULE}/main.tf", "publish = false", "publish = true"),
        set(),
        EVERY,
    ),
    "the default of a variable that only the digest reads": (
        lambda c: edit(c, "terraform/variables.tf", CONCURRENCY, CONCURRENCY + "1"),
        set(),
        {DIGEST},
    ),
}


@pytest.mark.parametrize(("what", "images", "settings"), EDITS.values(), ids=EDITS)
def test_what_differs(checkout: Project, what: Edit, images: set[str], settings: set[str]) -> None:
    what(checkout)
    assert differing(checkout) == (images, settings)


def test_a_new_version_of_a_package_changes_who_gets_it(checkout: Project) -> None:
    lock = (checkout.root / "uv.lock").read_text(encoding="utf-8")
    users = {name for name in EVERY if "httpx" in dependencies(lock, name)}
    assert users, "a function that uses httpx"
    assert users != EVERY, "and one that does not"
    start = lock.index('[[package]]\nname = "httpx"\n')
    changed = lock[:start] + lock[start:].replace('hash = "sha256:', 'hash = "sha256:0', 1)
    (checkout.root / "uv.lock").write_text(changed, encoding="utf-8")
    assert differing(checkout) == (users, set())


def test_a_package_of_tests_alone_changes_nobody(checkout: Project) -> None:
    lock = (checkout.root / "uv.lock").read_text(encoding="utf-8")
    assert not any("hypothesis" in dependencies(lock, name) for name in EVERY)


def test_a_new_function_differs_and_changes_no_image_of_the_others(checkout: Project) -> None:
    folder = checkout.root / "images" / "newcomer"
    folder.mkdir()
    (folder / "pyproject.toml").write_text('[project]\nname = "newcomer"\n', encoding="utf-8")
    edit(checkout, "docker-bake.hcl", f"{PRESIGN},", f"newcomer,{PRESIGN},")
    try:
        found = compare(Project(checkout.root), "HEAD")
    finally:
        (folder / "pyproject.toml").unlink()
        folder.rmdir()
    assert [change.function for change in found if change.image] == ["newcomer"]
    # The guard is told of all functions; the others are configured as they were.
    assert {change.function for change in found} == {
        "newcomer", "lambda-test-runner", "release-guard",
    }  # fmt: skip


def test_a_commit_is_compared_and_not_only_the_files_at_hand(checkout: Project) -> None:
    append(checkout, f"images/{PRESIGN}/src/generate_presigned_url/handler.py", "#\n")
    git(checkout.root, "commit", "--quiet", "--all", "-m", "a change")
    try:
        assert changed_functions(checkout, "HEAD") == ()
        assert changed_functions(checkout, "HEAD^") == (PRESIGN,)
    finally:
        git(checkout.root, "reset", "--quiet", "--hard", "HEAD^")


def test_a_commit_that_git_does_not_know(checkout: Project) -> None:
    with pytest.raises(FleetError, match="git knows no commit nonsense") as error:
        compare(checkout, "nonsense")
    assert error.value.code == ExitCode.USAGE


def test_a_shallow_clone_is_told_to_fetch_more(checkout: Project, tmp_path: Path) -> None:
    append(checkout, "README.md", "\n")
    git(checkout.root, "commit", "--quiet", "--all", "-m", "one more")
    try:
        git(tmp_path, "clone", "--quiet", "--depth", "1", f"file://{checkout.root}", "shallow")
        with pytest.raises(FleetError) as error:
            compare(Project(tmp_path / "shallow"), "HEAD^")
        assert "fetch-depth" in error.value.todo
    finally:
        git(checkout.root, "reset", "--quiet", "--hard", "HEAD^")


def test_terraform_that_cannot_be_read_is_said_to_be_that(checkout: Project) -> None:
    append(checkout, "terraform/digest.tf", "module {{{\n")
    with pytest.raises(FleetError, match="HCL cannot be read"):
        compare(checkout, "HEAD")


def test_the_program_writes_a_job_matrix(checkout: Project) -> None:
    append(checkout, f"images/{DIGEST}/src/scheduled_digest/handler.py", "#\n")
    ended = fleet("changed", "--base", "HEAD", "--json", cwd=checkout.root)
    assert ended.code == 0, ended.err
    assert json.loads(ended.out) == {
        "include": [
            {
                "function": DIGEST,
                "image": True,
                "configuration": False,
                "because": ["its folder"],
            }
        ]
    }
    restore(checkout)
    assert fleet("changed", "--base", "HEAD", "--json", cwd=checkout.root).json == {"include": []}
