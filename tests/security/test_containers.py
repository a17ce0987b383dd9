"""Every image as an attacker would find it, and as Lambda runs it."""

from __future__ import annotations

import json
import re
import time
import tomllib
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
from fleet.project import Project

from tests.kit.images import built, docker, in_image, inspect
from tests.kit.program import ROOT

pytestmark = pytest.mark.engine
PROJECT = Project(ROOT)
FUNCTIONS = PROJECT.functions
SCRATCH = "/tmp"  # noqa: S108  what Lambda leaves writable
SECRET = re.compile(
    r"(AKIA|ASIA)[A-Z0-9]{16}|BEGIN [A-Z ]*PRIVATE KEY|(?i:password|secret|token)\s*[=:]\s*\S"
)
# As Lambda does. The seccomp profile is the engine's own where nothing else is said.
CONFINED = (
    "--read-only", "--tmpfs", SCRATCH, "--user", "12345", "--cap-drop", "ALL",
    "--security-opt", "no-new-privileges",
)  # fmt: skip


@pytest.fixture(scope="session")
def images() -> dict[str, str]:
    return built(PROJECT)


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
    programs = "pip pip3 uv gcc cc g++ clang make git curl wget"
    script = (
        f"for p in {programs}; do command -v $p || true; done\n"
        "find / -xdev -perm /6000 -type f\n"
        "find / -xdev -type d -name 'pip*' -path '*-packages*'\n"
        "find /opt/python -maxdepth 1 -name 'boto3*' -o -name 'rich*'\n"
    )
    assert in_image(images[function], script) == ""


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_secret_is_in_its_history_environment_or_files(
    images: dict[str, str], function: str
) -> None:
    image = images[function]
    history = docker("history", "--no-trunc", "--format", "{{.CreatedBy}}", image)
    assert SECRET.search(history) is None
    assert SECRET.search(json.dumps(inspect(image)["Config"]["Env"])) is None
    # Certificates of authorities are public; what belongs to one is not.
    script = (
        "ls /run/secrets 2>/dev/null\n"
        "find /var/task /opt -name '.env'\n"
        "grep -rlI 'PRIVATE KEY-----' /var/task /opt --include=*.pem\n"
        "true"
    )
    assert in_image(image, script) == ""


@pytest.fixture
def container(images: dict[str, str], request: pytest.FixtureRequest) -> Iterator[str]:
    """A ship image as Lambda runs it: read-only, any user, no capabilities; and the emulator."""
    function = request.param
    emulator = PROJECT.state / "context" / "rie" / "aws-lambda-rie"
    name = f"test-image-{function}"
    docker(
        "run", "--detach", "--name", name, *CONFINED, "--publish", "127.0.0.1::8080",
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
        "run", "--rm", *CONFINED, "--network", "none", *given,
        "--volume", f"{probe}:/probe.py:ro", "--entrypoint", "/usr/local/bin/python3",
        images[function], "/probe.py", "1", "lambda_function.handler",
    )  # fmt: skip
    assert len(json.loads(printed.splitlines()[-1])["wall_ms"]) == 1


CONFINEMENT = """
import json, os, pathlib
def refused(what, *arguments):
    try:
        what(*arguments)
    except OSError as error:
        return error.errno
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
told = {name: status[name].strip() for name in ("CapEff", "CapBnd", "NoNewPrivs", "Seccomp")}
pathlib.Path("/tmp/scratch").write_text("writable")
told["write"] = refused(pathlib.Path("/var/task/new").write_text, "x")
told["unshare"] = refused(os.unshare, os.CLONE_NEWUSER)
print(json.dumps(told))
"""


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_engine_s_default_profile_is_in_force(images: dict[str, str], function: str) -> None:
    printed = docker(
        "run", "--rm", *CONFINED, "--network", "none", "--entrypoint", "/usr/local/bin/python3",
        images[function], "-c", CONFINEMENT,
    )  # fmt: skip
    assert json.loads(printed) == {
        "CapEff": "0" * 16,
        "CapBnd": "0" * 16,
        "NoNewPrivs": "1",
        "Seccomp": "2",  # a filter
        "write": 30,  # EROFS
        "unshare": 1,  # EPERM: of the profile, since nothing else forbids a user namespace
    }
