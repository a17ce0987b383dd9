"""Environments, read from terraform/environments/<name>.tfvars, which describes them."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import threading
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import botocore.session
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
)

from fleet.errors import ExitCode, FleetError
from fleet.images.account import use_registry_of

if TYPE_CHECKING:
    from pathlib import Path

    from fleet.project import Project

# The local AWS knows these as its root; they open nothing anywhere else.
LOCAL_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
_CREDENTIAL_ERRORS = (NoCredentialsError, PartialCredentialsError, ProfileNotFound)
_BAD_CREDENTIALS = frozenset(
    {
        "UnrecognizedClientException",
        "InvalidClientTokenId",
        "ExpiredToken",
        "ExpiredTokenException",
        "SignatureDoesNotMatch",
        "InvalidSignatureException",
        "AuthFailure",
    }
)
_MAKING = threading.Lock()
_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})


@dataclass(frozen=True)
class Instance:
    """One of the stacks on this machine, told apart by name and ports.

    Attributes:
        suffix: empty for the stack that people use, -<name> for one that FLEET_STACK names.
        offset: added to every port.
    """

    suffix: str
    offset: int

    aws_port = property(lambda self: 4566 + self.offset)
    postgres_port = property(lambda self: 54320 + self.offset)
    supabase_port = property(lambda self: 54321 + self.offset)
    backend_port = property(lambda self: 54322 + self.offset)
    ntfy_port = property(lambda self: 54323 + self.offset)
    web_port = property(lambda self: 54324 + self.offset)
    nba_port = property(lambda self: 54327 + self.offset)

    @property
    def ports(self) -> list[int]:
        """Every port that functions reach this machine by."""
        standins = [self.supabase_port, self.backend_port, self.ntfy_port, self.web_port]
        return [self.aws_port, *standins, self.nba_port]


@dataclass(frozen=True)
class Environment:
    """One environment of the fleet, and how to reach its AWS.

    Attributes:
        name: local, dev, staging or prod.
        region: the AWS region.
        architecture: Lambda's name for it, arm64 or x86_64.
        endpoint: the local AWS's address; None in the cloud.
        releases: whether `fleet` may release to it.
        instance: which local stack it is; None in the cloud.
        registry_account: whose registry holds the images; empty is its own.
    """

    name: str
    project: str
    region: str
    architecture: str
    endpoint: str | None
    releases: bool
    instance: Instance | None = None
    registry_account: str = ""

    @property
    def is_local(self) -> bool:
        """Whether this is the stack on this machine."""
        return self.endpoint is not None

    def function_name(self, function: str) -> str:
        """The name of a function in AWS."""
        return f"{self.project}-{self.name}-{function}"

    def repository(self, function: str) -> str:
        """The name of a function's ECR repository."""
        return f"{self.project}/{function}"

    @property
    def network(self) -> str:
        """The Docker network of a local stack's containers; empty in the cloud."""
        return f"{self.project}{self.instance.suffix}" if self.instance else ""

    @property
    def history_table(self) -> str:
        """The DynamoDB table that holds the releases."""
        return f"{self.project}-{self.name}-releases"

    def require_releases(self) -> None:
        """Refuse a release to an environment that has not opted in."""
        if not self.releases:
            raise FleetError(
                f"releases to {self.name} are refused by policy",
                f"add {self.name} to release_to under [tool.fleet] in pyproject.toml to opt in",
                ExitCode.REFUSED,
            )

    def client(self, service: str, *, attempts: int = 5, **config: Any) -> Any:
        """A client of botocore for this environment (boto3 adds half a second of imports)."""
        settings = Config(
            retries={"mode": "standard", "total_max_attempts": attempts},
            connect_timeout=5,
            **config,
        )
        # Clients are used by many threads; the session that makes them takes one at a time.
        with _MAKING:
            client = _session().create_client(
                service,
                region_name=self.region,
                endpoint_url=self.endpoint,
                config=settings,
                **self._credentials(),
            )
        if service == "ecr" and self.registry_account:
            use_registry_of(client, self.registry_account)
        return client

    def variables(self) -> dict[str, str]:
        """Environment variables for child processes that talk to this AWS."""
        variables = {"AWS_REGION": self.region, "AWS_DEFAULT_REGION": self.region}
        if self.endpoint:
            variables |= {"AWS_ENDPOINT_URL": self.endpoint} | _local_credentials()
        return variables

    def credentials(self) -> Credentials:
        """What signs requests to this environment's HTTP APIs.

        Raises:
            NoCredentialsError: this shell has none.
        """
        if self.is_local:
            given = _local_credentials()
            return Credentials(given["AWS_ACCESS_KEY_ID"], given["AWS_SECRET_ACCESS_KEY"])
        with _MAKING:
            found: Credentials | None = _session().get_credentials()
        if found is None:
            raise NoCredentialsError
        return found

    def _credentials(self) -> dict[str, str]:
        if not self.is_local:
            return {}
        return {key.lower(): value for key, value in _local_credentials().items()}


@cache
def _session() -> botocore.session.Session:
    """One for the process: it keeps the services' descriptions that it has read."""
    return botocore.session.get_session()


def _local_credentials() -> dict[str, str]:
    """The local AWS's root, or who FLEET_LOCAL_… names; never this shell's own AWS account."""
    given = {name: os.environ.get(f"FLEET_LOCAL_{name}", "") for name in LOCAL_CREDENTIALS}
    return given if all(given.values()) else LOCAL_CREDENTIALS


def forget_the_cloud() -> None:
    """Drop this shell's AWS account: nothing of the local stack may see or use it."""
    for name in (*LOCAL_CREDENTIALS, "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
        os.environ.pop(name, None)


def load(project: Project, name: str) -> Environment:
    """Read an environment by name."""
    folder = project.root / "terraform" / "environments"
    known = sorted(path.stem for path in folder.glob("*.tfvars"))
    if name not in known:
        raise FleetError(
            f"unknown environment: {name}",
            f"use one of {', '.join(known)} (terraform/environments/*.tfvars)",
            ExitCode.USAGE,
        )
    values = _read(folder / f"{name}.tfvars", project.state)
    instance = _instance() if "emulator" in values else None
    if instance:
        forget_the_cloud()
    return Environment(
        name=name,
        project=project.name,
        region=str(values.get("region", "us-east-1")),
        architecture=_architecture(values),
        endpoint=_endpoint(instance) if instance else None,
        releases=name in project.release_to,
        instance=instance,
        registry_account=_registry_account(values),
    )


def _registry_account(values: dict[str, Any]) -> str:
    """The account in registry.account_id; empty without it."""
    registry = {str(key).strip('"'): value for key, value in values.get("registry", {}).items()}
    return str(registry.get("account_id") or "").strip('"')


def _architecture(values: dict[str, Any]) -> str:
    """One variable for images and functions: arm64 in the cloud, this machine's own locally."""
    if given := os.environ.get("ARCHITECTURE"):
        return given
    if "emulator" in values:
        return "arm64" if platform.machine() in {"arm64", "aarch64"} else "x86_64"
    return str(values.get("architecture", "arm64"))


def _instance() -> Instance:
    """The stack that FLEET_STACK names, `test` or `test:<port offset>`; else the usual one."""
    name, _, offset = os.environ.get("FLEET_STACK", "").partition(":")
    if not name:
        return Instance("", 0)
    return Instance(f"-{name}", int(offset or 100))


def _endpoint(instance: Instance) -> str:
    # A test may put something between the program and the local AWS.
    return os.environ.get("FLEET_AWS_ENDPOINT") or f"http://localhost:{instance.aws_port}"


def _read(path: Path, state: Path) -> dict[str, Any]:
    """The values of a tfvars file; parsed once for each content, since the parser is slow."""
    text = path.read_text(encoding="utf-8")
    kept = state / "environments" / f"{hashlib.sha256(text.encode()).hexdigest()}.json"
    try:
        values: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        values = _parse(path, text)
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(values), encoding="utf-8")
    return values


def _parse(path: Path, text: str) -> dict[str, Any]:
    import hcl2  # noqa: PLC0415  slow to import, and rarely needed

    try:
        values: dict[str, Any] = hcl2.loads(text)
    except Exception as error:  # python-hcl2 raises its parser's own errors
        raise FleetError(
            f"{path.name} cannot be read: {error}", "run terraform fmt on it"
        ) from error
    return {key: _plain(value) for key, value in values.items()}


def _plain(value: Any) -> Any:
    # python-hcl2 keeps the quotes of a string.
    if isinstance(value, str) and value.startswith('"') and value.endswith('"'):
        return value[1:-1]
    return value


def explain(error: BotoCoreError | ClientError, environment: Environment) -> FleetError:
    """What an error of AWS means for the operator."""
    if isinstance(error, _CREDENTIAL_ERRORS):
        return FleetError(
            "no AWS credentials were found",
            "sign in (aws sso login), set AWS_PROFILE, or set AWS_ACCESS_KEY_ID and its secret",
        )
    if isinstance(error, (EndpointConnectionError, ConnectTimeoutError)):
        todo = (
            "run `make up` to start the local stack"
            if environment.is_local
            else "check the network"
        )
        return FleetError(
            f"AWS does not answer at {environment.endpoint or environment.region}", todo
        )
    if isinstance(error, ClientError):
        return _explain_answer(error, environment)
    return FleetError(f"AWS could not be called: {error}", "check the network and the credentials")


def _explain_answer(error: ClientError, environment: Environment) -> FleetError:
    code = error.response.get("Error", {}).get("Code", "Unknown")
    message = error.response.get("Error", {}).get("Message", "")
    if code in _BAD_CREDENTIALS:
        return FleetError(
            f"AWS does not accept these credentials ({code})",
            "sign in again; `aws sts get-caller-identity` shows who you are",
        )
    if code in _DENIED:
        return FleetError(
            f"these credentials may not do {error.operation_name}: {message}",
            f"use the deploy role of {environment.name}, or add the permission to it",
        )
    return FleetError(
        f"AWS refused {error.operation_name}: {code}: {message}", "see the reason above"
    )
