"""What every image of the fleet is, whatever function it holds."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from fleet import environments
from fleet.images import bake
from fleet.project import Project

from tests.kit.images import TAG, built, in_image, layers
from tests.kit.program import ROOT

pytestmark = pytest.mark.engine
PROJECT = Project(ROOT)
DEPENDENCIES = 2  # the layer above base and standard library
FUNCTIONS = PROJECT.functions
ARCHITECTURE = environments.load(PROJECT, "local").architecture


@pytest.fixture(scope="session")
def images() -> dict[str, str]:
    return built(PROJECT)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_module_has_bytecode_that_is_never_checked(
    images: dict[str, str], function: str
) -> None:
    # The four bytes after the magic number: 1 is hash-based and unchecked.
    script = (
        "python3 - <<'E'\n"
        "import importlib.util, pathlib\n"
        "for root in ('/var/task', '/opt/python'):\n"
        "    for module in pathlib.Path(root).rglob('*.py'):\n"
        "        if {'test', 'tests'} & set(module.parts): continue\n"
        "        cached = pathlib.Path(importlib.util.cache_from_source(str(module)))\n"
        "        if not cached.exists() or cached.read_bytes()[4] != 1: print(module)\n"
        "import sys, sysconfig\n"
        "for name in ('json', 'asyncio', 'email', 'http', 'logging'):\n"
        "    spec = importlib.util.find_spec(name)\n"
        "    if not pathlib.Path(spec.cached).exists(): print(name)\n"
        "E"
    )
    assert in_image(images[function], script) == ""


def test_the_same_commit_built_twice_from_scratch_has_the_same_layers(
    images: dict[str, str],
) -> None:
    """One function of each set of dependencies: with the same set, that layer is the same."""
    chosen = {layers(image)[DEPENDENCIES]: function for function, image in images.items()}
    before = {function: layers(images[function]) for function in chosen.values()}
    architecture = environments.load(PROJECT, "local").architecture
    bake.build(PROJECT, [*before], tag=TAG, architecture=architecture, no_cache=True)
    differing = [
        (function, number)
        for function, known in before.items()
        for number, layer in enumerate(layers(images[function]))
        if layer != known[number]
    ]
    assert differing == []


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_engine_can_order_its_files_in_two_ways(images: dict[str, str], function: str) -> None:
    """By path and folder by folder are the same, so that the same files are the same layer."""
    script = (
        "python3 - <<'E'\n"
        "import pathlib\n"
        "for root in ('/var/task', '/opt'):\n"
        "    for folder in pathlib.Path(root).rglob('*'):\n"
        "        if folder.is_dir() and any(folder.parent.glob(folder.name + '[ -.]*')):\n"
        "            print(folder)\n"
        "E"
    )
    assert in_image(images[function], script) == ""


def copy_of_the_checkout(folder: Path) -> Project:
    names = ("images", "shared", "pyproject.toml", "uv.lock", "docker-bake.hcl", ".dockerignore")
    folder.mkdir()
    for name in names:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, folder / name)
    (folder / ".fleet").symlink_to(PROJECT.state)
    return Project(folder)


def test_one_line_in_a_function_changes_its_last_layers_alone(
    images: dict[str, str], tmp_path: Path
) -> None:
    changed = FUNCTIONS[0]
    # Of the others one of each set of dependencies: the kits below them are the same for all.
    others = {layers(image)[DEPENDENCIES]: name for name, image in images.items()}.values()
    chosen = sorted({changed, *others})
    copy = copy_of_the_checkout(tmp_path / "copy")
    package = changed.replace("-", "_")
    with (copy.root / "images" / changed / "src" / package / "handler.py").open("a") as source:
        source.write("\n# One more line.\n")
    architecture = environments.load(PROJECT, "local").architecture
    bake.build(copy, chosen, tag="test-one-line", architecture=architecture)
    before, after = layers(images[changed]), layers(f"{PROJECT.name}/{changed}:test-one-line")
    assert len(before) == len(after)
    differing = [i for i, (a, b) in enumerate(zip(before, after, strict=True)) if a != b]
    # The function's own layer; below it are base, standard library, dependencies and kit.
    assert differing
    assert min(differing) >= len(before) - 2
    for function in set(chosen) - {changed}:
        assert layers(images[function]) == layers(f"{PROJECT.name}/{function}:test-one-line")


def test_all_images_share_their_base_and_kit_layers(images: dict[str, str]) -> None:
    stacks = [layers(image) for image in images.values()]
    assert len({tuple(stack[:2]) for stack in stacks}) == 1
    shared = set(stacks[0]).intersection(*stacks[1:])
    assert len(shared) >= 3, "base, standard library and kit"


def test_a_failed_build_shows_its_end_and_where_the_rest_is(tmp_path: Path) -> None:
    copy = copy_of_the_checkout(tmp_path / "copy")
    (
        copy.root / "images" / FUNCTIONS[0] / "src" / FUNCTIONS[0].replace("-", "_") / "bad.py"
    ).write_text("def broken(:\n")
    with pytest.raises(Exception, match=r"bad\.py") as failure:
        bake.build(copy, FUNCTIONS[:1], tag="test-broken", architecture=ARCHITECTURE)
    assert "build/logs/build.log" in failure.value.todo  # type: ignore[attr-defined]


def test_bake_alone_builds_the_functions_that_the_folders_name() -> None:
    shown = subprocess.run(
        ["docker", "buildx", "bake", "--file", "docker-bake.hcl", "--print"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    targets = json.loads(shown.stdout)["target"]
    assert sorted(targets) == sorted(FUNCTIONS)
