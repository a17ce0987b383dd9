"""No secret in what is shipped or kept: layers, histories, commits; and that one would be found."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from fleet.project import Project

from tests.kit import leaks
from tests.kit.images import built, docker
from tests.kit.leaks import Leak
from tests.kit.program import ROOT

pytestmark = pytest.mark.engine
PROJECT = Project(ROOT)
# Put together here, so that this file has none.
KEY = "AKIA" + "Q7ZP3MXN2LVK8RTB"
TOKEN = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
PLANTED = """
FROM {base}
USER 0
ARG token
RUN echo "$token" > /dev/null
RUN printf 'key = "{key}"' > /opt/forgotten.conf
RUN rm /opt/forgotten.conf
"""


@pytest.fixture(scope="module")
def images() -> dict[str, str]:
    return built(PROJECT)


@pytest.fixture(scope="module")
def looked_at() -> set[str]:
    """What of layers was looked at already, by digest: the planted secrets' image has a base."""
    return set()


def test_no_image_has_one_in_any_layer_or_in_its_history(
    images: dict[str, str], looked_at: set[str]
) -> None:
    found = leaks.in_layers(images.values(), looked_at)
    assert [leak for leak in found if not leaks.known(leak)] == []


def test_no_commit_has_one() -> None:
    found = [leak for leak in leaks.in_commits(ROOT) if not leaks.known(leak)]
    assert found == []


def test_one_that_a_later_layer_removes_is_found_and_so_is_a_build_argument(
    images: dict[str, str], looked_at: set[str], tmp_path: Path
) -> None:
    base = next(iter(images.values()))
    name = "test-planted-secret"
    recipe = tmp_path / "Dockerfile"
    recipe.write_text(PLANTED.format(base=base, key=KEY))
    subprocess.run(
        ["docker", "build", "--build-arg", f"token={TOKEN}", "--tag", name, str(tmp_path)],
        check=True, capture_output=True,
    )  # fmt: skip
    try:
        found = leaks.in_layers([name], looked_at)
    finally:
        docker("image", "rm", name)
    kinds = {leak.kind for leak in found if not leaks.known(leak)}
    assert kinds == {"AWS Access Key", "GitHub Token"}


def test_one_that_a_later_commit_removes_is_found(tmp_path: Path) -> None:
    def git(*words: str) -> None:
        told = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
        subprocess.run(["git", *told, *words], cwd=tmp_path, check=True, capture_output=True)

    git("init")
    (tmp_path / "settings.py").write_text(f'KEY = "{KEY}"\n')
    git("add", ".")
    git("commit", "-m", "Settings")
    git("rm", "settings.py")
    git("commit", "-m", "No settings")
    assert {(leak.kind, leak.place.rpartition(" ")[2]) for leak in leaks.in_commits(tmp_path)} == {
        ("AWS Access Key", "settings.py")
    }


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("AWS Access Key", KEY),
        ("GitHub Token", f"token: {TOKEN}"),
        ("Private Key", "-----BEGIN OPENSSH" + " PRIVATE KEY-----"),
        (
            "Slack Token",
            "https://hooks.slack" + ".com/services/T0123ABCD/B0123ABCD/abcdefghij012345",
        ),
        ("Basic Auth Credentials", "postgres://app:hun" + "ter2@db.example/fleet"),
    ],
)
def test_each_kind_has_a_shape_and_is_not_repeated(kind: str, text: str) -> None:
    found = list(leaks.in_text("a file", text))
    assert {leak.kind for leak in found} == {kind}
    assert text not in repr(found)
    assert all(isinstance(leak, Leak) for leak in found)


def test_an_exception_is_for_one_value_and_says_why() -> None:
    assert all(len(digest) == 12 and reason for digest, reason in leaks.KNOWN.items())
    for other in (KEY, f"token: {TOKEN}", "postgres://app:" + "unheard-of@db.example/fleet"):
        assert not leaks.known(next(leaks.in_text("a file", other)))
