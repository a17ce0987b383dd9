"""What every image of the fleet is, whatever function it holds."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
import tomllib
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from fleet import environments
from fleet.images import bake
from fleet.project import Project

from tests.kit.images import docker, in_image, inspect, layers
from tests.kit.program import ROOT

pytestmark = pytest.mark.engine
PROJECT = Project(ROOT)
FUNCTIONS = PROJECT.functions
ARCHITECTURE = environments.load(PROJECT, "local").architecture
TAG = "test-images"
SCRATCH = "/tmp"  # noqa: S108  what Lambda leaves writable
SECRET = re.compile(
    r"(AKIA|ASIA)[A-Z0-9]{16}|BEGIN [A-Z ]*PRIVATE KEY|(?i:password|secret|token)\s*[=:]\s*\S"
)


@pytest.fixture(scope="session")
def images() -> dict[str, str]:
    """The ship image of every function, built from this checkout."""
    architecture = environments.load(PROJECT, "local").architecture
    bake.build(PROJECT, FUNCTIONS, tag=TAG, architecture=architecture)
    return {function: f"{PROJECT.name}/{function}:{TAG}" for function in FUNCTIONS}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_it_runs_as_a_numeric_user_without_a_shell(images: dict[str, str], function: str) -> None:
    config = inspect(images[function])["Config"]
    user, _, group = config["User"].partition(":")
    assert user.isdigit()
    assert group.isdigit()
    assert int(user) > 0
    assert config["Entrypoint"] == ["/usr/local/bin/python3", "-m", "awslambdaric"]
    assert config["Cmd"] == ["lambda_function.handler"]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_it_holds_no_installer_compiler_or_setuid_file(
    images: dict[str, str], function: str
) -> None:
    image = images[function]
    programs = "pip pip3 uv gcc cc g++ clang make git curl wget"
    assert in_image(image, f"for p in {programs}; do command -v $p || true; done") == ""
    assert in_image(image, "find / -xdev -perm /6000 -type f") == ""
    assert in_image(image, "find / -xdev -type d -name 'pip*' -path '*-packages*'") == ""
    assert in_image(image, "find /opt/python -maxdepth 1 -name 'boto3*' -o -name 'rich*'") == ""


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_secret_is_in_its_history_environment_or_files(
    images: dict[str, str], function: str
) -> None:
    image = images[function]
    history = docker("history", "--no-trunc", "--format", "{{.CreatedBy}}", image)
    assert SECRET.search(history) is None
    assert SECRET.search(json.dumps(inspect(image)["Config"]["Env"])) is None
    assert in_image(image, "ls /run/secrets 2>/dev/null || true") == ""
    assert in_image(image, "find /var/task /opt -name '.env'") == ""
    # Certificates of authorities are public; what belongs to one is not.
    assert (
        in_image(image, "grep -rlI 'PRIVATE KEY-----' /var/task /opt --include=*.pem || true") == ""
    )


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


@pytest.fixture
def container(images: dict[str, str], request: pytest.FixtureRequest) -> Iterator[str]:
    """A ship image as Lambda runs it: read-only, any user, no capabilities; and the emulator."""
    function = request.param
    emulator = PROJECT.state / "context" / "rie" / "aws-lambda-rie"
    name = f"test-image-{function}"
    docker(
        "run", "--detach", "--name", name, "--read-only", "--tmpfs", SCRATCH, "--user", "12345",
        "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--publish", "127.0.0.1::8080",
        "--volume", f"{emulator}:/rie:ro", "--entrypoint", "/rie", images[function],
        "/usr/local/bin/python3", "-m", "awslambdaric", "lambda_function.handler",
    )  # fmt: skip
    try:
        yield f"http://{docker('port', name, '8080').strip()}"
    finally:
        docker("rm", "--force", name)


@pytest.mark.parametrize("container", FUNCTIONS, indirect=True)
def test_without_configuration_it_says_which_variables_are_missing(container: str) -> None:
    """It starts read-only under a random user, and fails for the right reason alone."""
    request = urllib.request.Request(
        f"{container}/2015-03-31/functions/function/invocations", data=b'{"test": true}'
    )
    answer = ""
    for _ in range(50):
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                answer = response.read().decode()
            break
        except urllib.error.HTTPError as refusal:
            answer = refusal.read().decode()
            break
        except OSError:
            time.sleep(0.1)
    assert "ENVIRONMENT" in answer
    assert "ConfigurationError" in answer


@pytest.mark.parametrize("function", FUNCTIONS)
def test_it_initialises_read_only_as_any_user_without_capabilities(
    images: dict[str, str], function: str
) -> None:
    manifest = (ROOT / "images" / function / "pyproject.toml").read_text()
    variables = tomllib.loads(manifest)["tool"]["lambda-image"]["environment"]
    given = [part for item in variables.items() for part in ("--env", "=".join(item))]
    probe = ROOT / "tests" / "performance" / "probe.py"
    printed = docker(
        "run", "--rm", "--read-only", "--tmpfs", SCRATCH, "--user", "12345", "--cap-drop", "ALL",
        "--security-opt", "no-new-privileges", "--network", "none", *given,
        "--volume", f"{probe}:/probe.py:ro", "--entrypoint", "/usr/local/bin/python3",
        images[function], "/probe.py", "1", "lambda_function.handler",
    )  # fmt: skip
    assert len(json.loads(printed.splitlines()[-1])["wall_ms"]) == 1


def test_the_same_commit_built_twice_from_scratch_has_the_same_layers(
    images: dict[str, str],
) -> None:
    before = {function: layers(image) for function, image in images.items()}
    architecture = environments.load(PROJECT, "local").architecture
    bake.build(PROJECT, FUNCTIONS, tag=TAG, architecture=architecture, no_cache=True)
    differing = [
        (function, number)
        for function, image in images.items()
        for number, layer in enumerate(layers(image))
        if layer != before[function][number]
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
    changed, *others = FUNCTIONS
    copy = copy_of_the_checkout(tmp_path / "copy")
    package = changed.replace("-", "_")
    with (copy.root / "images" / changed / "src" / package / "handler.py").open("a") as source:
        source.write("\n# One more line.\n")
    architecture = environments.load(PROJECT, "local").architecture
    bake.build(copy, FUNCTIONS, tag="test-one-line", architecture=architecture)
    before, after = layers(images[changed]), layers(f"{PROJECT.name}/{changed}:test-one-line")
    assert len(before) == len(after)
    differing = [i for i, (a, b) in enumerate(zip(before, after, strict=True)) if a != b]
    # The function's own layer; below it are base, standard library, dependencies and kit.
    assert differing
    assert min(differing) >= len(before) - 2
    for function in others:
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
