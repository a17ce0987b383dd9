"""What `fleet changed` says of images, held against what builds really make."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fleet import environments
from fleet.changes import compare
from fleet.images import bake
from fleet.project import Project

from tests.kit.clones import append, clone, edit, restore

DIGEST, PRESIGN = "scheduled-digest", "generate-presigned-url"
FUNCTIONS = (PRESIGN, DIGEST)
pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return clone(tmp_path_factory.mktemp("clone"))


def build(checkout: Project) -> dict[str, str]:
    architecture = environments.load(checkout, "local").architecture
    return bake.build(checkout, FUNCTIONS, tag="test-changed", architecture=architecture)


@pytest.fixture(scope="module")
def before(checkout: Project) -> dict[str, str]:
    return build(checkout)


@pytest.mark.parametrize(
    "change",
    [
        lambda c: append(c, f"images/{DIGEST}/src/scheduled_digest/handler.py", "\n# A comment.\n"),
        lambda c: append(c, f"images/{DIGEST}/events/daily.json", "\n"),
        lambda c: append(c, f"images/{DIGEST}/README.md", "\nOne more line.\n"),
        lambda c: append(c, "shared/function_kit/src/function_kit/metrics.py", "\n# A comment.\n"),
        lambda c: edit(c, "terraform/digest.tf", "memory  = 256", "memory  = 512"),
        lambda c: append(c, "shared/fleet/src/fleet/cli.py", "\n# A comment.\n"),
    ],
    ids=["code", "sample event", "readme", "kit", "terraform", "operator's program"],
)
def test_an_image_is_said_to_differ_exactly_when_a_build_of_it_does(
    checkout: Project, before: dict[str, str], change: Callable[[Project], None]
) -> None:
    change(checkout)
    try:
        said = {found.function for found in compare(checkout, "HEAD") if found.image}
        after = build(checkout)
    finally:
        restore(checkout)
    built = {name for name in FUNCTIONS if before[name] != after[name]}
    assert said & set(FUNCTIONS) == built
