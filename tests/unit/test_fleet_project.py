"""Reading the checkout and the environments."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)
from fleet import environments
from fleet.commands.bootstrap import require_others, require_values, secrets_of
from fleet.commands.options import Workplace
from fleet.errors import ExitCode, FleetError
from fleet.images import bake, sbom
from fleet.project import Project

from tests.kit.program import ROOT


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(
        ["git", "-c", "user.name=t", "-c", "user.email=t@t", "-C", str(folder), *arguments],
        check=True,
        capture_output=True,
    )


@pytest.fixture
def checkout(tmp_path: Path) -> Project:
    (tmp_path / "images" / "a-function" / "events").mkdir(parents=True)
    (tmp_path / "images" / "a-function" / "pyproject.toml").write_text("")
    (tmp_path / "images" / "no-function").mkdir()
    (tmp_path / "docker-bake.hcl").write_text("")
    (tmp_path / "pyproject.toml").write_text('[tool.fleet]\nproject = "p"\nrelease_to = ["dev"]\n')
    (tmp_path / "terraform" / "environments").mkdir(parents=True)
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "-m", "first")
    return Project(tmp_path)


def test_functions_are_the_folders_with_a_package(checkout: Project) -> None:
    assert checkout.functions == ("a-function",)
    assert checkout.select("all") == checkout.select("a-function, a-function") == ("a-function",)


@pytest.mark.parametrize("wanted", ["", ",", "b"])
def test_selecting_nothing_or_the_unknown_is_refused(checkout: Project, wanted: str) -> None:
    with pytest.raises(FleetError, match="unknown function"):
        checkout.select(wanted)


def test_a_clean_checkout_s_tag_is_its_commit(checkout: Project) -> None:
    assert len(checkout.commit()) == 40


def test_two_different_contents_never_share_a_tag(checkout: Project) -> None:
    tags = {checkout.commit()}
    new = checkout.root / "new.txt"
    for content in ("one", "two"):
        new.write_text(content)
        tags.add(checkout.commit())
    git(checkout.root, "add", ".")
    (checkout.root / "docker-bake.hcl").write_text("changed")
    tags.add(checkout.commit())
    assert len(tags) == 4
    assert sum("-dirty-" in tag for tag in tags) == 3


def test_without_a_commit_the_operator_is_asked_for_a_tag(tmp_path: Path) -> None:
    with pytest.raises(FleetError, match="commit of this checkout") as error:
        Project(tmp_path).commit()
    assert "--tag" in error.value.todo


@pytest.mark.parametrize("content", [None, "not json", "[]", '{"expect": {}}'])
def test_a_broken_sample_event_is_explained(checkout: Project, content: str | None) -> None:
    if content is not None:
        (checkout.root / "images/a-function/events/smoke.json").write_text(content)
    with pytest.raises(FleetError, match=r"smoke\.json is not a sample event"):
        checkout.smoke("a-function")


def test_an_environment_s_file_that_cannot_be_read_is_explained(checkout: Project) -> None:
    (checkout.root / "terraform/environments/dev.tfvars").write_text("region = {")
    with pytest.raises(FleetError, match=r"dev\.tfvars cannot be read"):
        environments.load(checkout, "dev")


def test_names_come_from_project_and_environment() -> None:
    dev = environments.load(Project(ROOT), "dev")
    assert dev.function_name("x") == "lambda-fleet-dev-x"
    assert dev.repository("x") == "lambda-fleet/x"
    assert (dev.architecture, dev.endpoint, dev.is_local) == ("arm64", None, False)


def test_a_stack_of_another_name_has_ports_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLEET_STACK", "mine:10")
    instance = environments.load(Project(ROOT), "local").instance
    assert instance is not None
    assert (instance.suffix, instance.aws_port, instance.backend_port) == ("-mine", 4576, 54332)


@pytest.mark.parametrize("architecture", ["arm64", "x86_64"])
def test_one_variable_sets_the_architecture(
    monkeypatch: pytest.MonkeyPatch, architecture: str
) -> None:
    monkeypatch.setenv("ARCHITECTURE", architecture)
    assert environments.load(Project(ROOT), "staging").architecture == architecture


def client_error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "m"}}, "Operation")


@pytest.mark.parametrize(
    ("error", "message", "todo"),
    [
        (NoCredentialsError(), "no AWS credentials", "sign in"),
        (EndpointConnectionError(endpoint_url="x"), "does not answer", "check the network"),
        (client_error("ExpiredToken"), "does not accept these credentials", "sign in again"),
        (client_error("AccessDenied"), "may not do Operation", "deploy role of dev"),
        (client_error("Throttling"), "AWS refused Operation: Throttling", "reason above"),
        (ReadTimeoutError(endpoint_url="x"), "could not be called", "network"),
    ],
)
def test_errors_of_aws_say_what_to_do(error: Exception, message: str, todo: str) -> None:
    explained = environments.explain(error, environments.load(Project(ROOT), "dev"))  # type: ignore[arg-type]
    assert message in explained.message
    assert todo in explained.todo


@pytest.mark.parametrize("stages", [{}, {"v1": ["AWSPREVIOUS"]}])
def test_a_secret_without_a_value_stops_the_first_release(stages: dict[str, list[str]]) -> None:
    class SecretsManager:
        def describe_secret(self, SecretId: str) -> dict[str, object]:
            return {"VersionIdsToStages": stages}

    with pytest.raises(FleetError, match="has no value yet") as error:
        require_values(SecretsManager(), {"arn": "how"})
    assert error.value.code == ExitCode.NEEDS_PERSON
    stages["v2"] = ["AWSCURRENT"]
    require_values(SecretsManager(), {"arn": "how"})


def test_every_secret_without_a_value_is_told_with_how_it_gets_one() -> None:
    class SecretsManager:
        def describe_secret(self, SecretId: str) -> dict[str, object]:
            stages = {"v1": ["AWSCURRENT"]} if SecretId == "arn:app" else {}
            return {"Name": SecretId.removeprefix("arn:"), "VersionIdsToStages": stages}

    logins = {"admin": "arn:admin", "app": "arn:app"}
    outputs = {
        "digest": {"secret_arn": "arn:supabase"},
        "invoke_gateway": {"signing_key_secret_arn": "arn:signing"},
        "database": {"secret_arns": logins},
    }
    with pytest.raises(FleetError) as error:
        require_values(SecretsManager(), secrets_of(outputs, "dev"))
    assert error.value.message.endswith(": supabase, signing, admin")
    assert "  signing: fleet gateway key rotate --env dev" in error.value.todo
    assert "  supabase: aws secretsmanager put-secret-value" in error.value.todo
    assert '  admin: aws secretsmanager put-secret-value, as {"username"' in error.value.todo


class _Functions:
    """An account with some functions, as Lambda lists them, and the environment that asks."""

    name = "dev"

    def __init__(self, *names: str) -> None:
        self._names = names

    def client(self, _service: str) -> Any:
        return self

    def get_paginator(self, _operation: str) -> Any:
        return self

    def paginate(self) -> list[Any]:
        return [{"Functions": [{"FunctionName": name}]} for name in self._names]

    def function_name(self, function: str) -> str:
        return f"p-dev-{function}"


def test_one_function_is_brought_up_alone_only_beside_all_others(checkout: Project) -> None:
    for name in ("new-function", "old-function"):
        (checkout.root / "images" / name).mkdir()
        (checkout.root / "images" / name / "pyproject.toml").write_text("")
    there: Any = Workplace(checkout, _Functions("p-dev-a-function", "p-dev-old-function"))
    bare: Any = Workplace(checkout, _Functions("p-dev-a-function"))
    require_others(there, ["new-function"])
    require_others(bare, checkout.functions)
    with pytest.raises(FleetError, match="dev has no old-function yet") as error:
        require_others(bare, ["new-function"])
    assert error.value.code == ExitCode.PREFLIGHT


def test_base_images_can_be_set_by_variable(
    checkout: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bake.base_images(checkout) == {}
    (checkout.state / "images.env").write_text("BASE_IMAGE=a\nPOSTGRES_IMAGE=b\n")
    monkeypatch.delenv("POSTGRES_IMAGE", raising=False)
    monkeypatch.setenv("BASE_IMAGE", "mine")
    assert bake.base_images(checkout) == {"BASE_IMAGE": "mine", "POSTGRES_IMAGE": "b"}


def test_an_sbom_lists_what_the_lock_file_gives_a_function() -> None:
    path = sbom.write_sbom(Project(ROOT), "generate-presigned-url")
    text = path.read_text()
    assert '"bomFormat": "CycloneDX"' in text
    assert '"awslambdaric"' in text
    assert '"pytest"' not in text


def test_a_function_without_a_lock_file_has_no_sbom(checkout: Project) -> None:
    (checkout.root / "uv.lock").write_text("")
    (checkout.state / "bin").mkdir()
    (checkout.state / "bin" / "uv").symlink_to(ROOT / ".fleet" / "bin" / "uv")
    with pytest.raises(FleetError, match="SBOM of a-function"):
        sbom.write_sbom(checkout, "a-function")
