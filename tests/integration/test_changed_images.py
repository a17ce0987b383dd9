"""What `fleet changed` says of images, held against what builds really make."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest
from fleet import environments
from fleet.changes import compare
from fleet.images import bake
from fleet.project import Project

from tests.kit.clones import append, clone, edit, restore

DIGEST, PRESIGN = "scheduled-digest", "generate-presigned-url"
FUNCTIONS = (PRESIGN, DIGEST)
HCL, CODE = "terraform/digest.tf", f"images/{DIGEST}/src/scheduled_digest"
pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return clone(tmp_path_factory.mktemp("clone"))


def older_package(checkout: Project) -> None:
    """Another version, from the index, of a package that only the digest's image gets."""
    command = ["lock", "--quiet", "--upgrade-package", "idna==3.18"]
    subprocess.run([str(checkout.state / "bin" / "uv"), *command], cwd=checkout.root, check=True)


def executable(checkout: Project) -> None:
    (checkout.root / CODE / "chain.py").chmod(0o755)


def build(checkout: Project) -> dict[str, str]:
    architecture = environments.load(checkout, "local").architecture
    return bake.build(checkout, FUNCTIONS, tag="test-changed", architecture=architecture)


@pytest.fixture(scope="module")
def before(checkout: Project) -> dict[str, str]:
    return build(checkout)


Edit = Callable[[Project], None]
EDITS: dict[str, tuple[Edit, set[str]]] = {
    "code": (lambda c: append(c, f"{CODE}/handler.py", "\n# A comment.\n"), {DIGEST}),
    "executable bit": (executable, {DIGEST}),
    "package of one function": (older_package, {DIGEST}),
    "readme": (lambda c: append(c, f"images/{DIGEST}/README.md", "\nA line.\n"), {DIGEST}),
    "kit": (
        lambda c: append(c, "shared/function_kit/src/function_kit/metrics.py", "\n# A comment.\n"),
        set(FUNCTIONS),
    ),
    "sample event": (lambda c: append(c, f"images/{DIGEST}/events/daily.json", "\n"), set()),
    "memory": (lambda c: edit(c, HCL, "memory  = 256", "memory  = 512"), set()),
    "layout of HCL": (lambda c: edit(c, HCL, "memory  = 256", "memory =   256"), set()),
    "comment in Terraform": (lambda c: append(c, HCL, "# A comment.\n"), set()),
    "lint settings": (
        lambda c: edit(c, "pyproject.toml", "line-length = 100", "line-length = 99"),
        set(),
    ),
    "operator's program": (
        lambda c: append(c, "shared/fleet/src/fleet/cli.py", "\n# A comment.\n"),
        set(),
    ),
}


@pytest.mark.parametrize(("change", "expected"), EDITS.values(), ids=EDITS)
def test_an_image_is_said_to_differ_exactly_when_a_build_of_it_does(
    checkout: Project, before: dict[str, str], change: Edit, expected: set[str]
) -> None:
    change(checkout)
    try:
        said = {found.function for found in compare(checkout, "HEAD") if found.image}
        after = build(checkout)
    finally:
        restore(checkout)
    built = {name for name in FUNCTIONS if before[name] != after[name]}
    assert built == expected
    assert said & set(FUNCTIONS) == built
