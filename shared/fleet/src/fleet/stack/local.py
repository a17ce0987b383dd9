"""What the local stack consists of, and starting and stopping it."""

from __future__ import annotations

import contextlib
import secrets
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fleet.docker import docker, require_engine
from fleet.errors import ExitCode, FleetError
from fleet.images.bake import base_images
from fleet.stack.postgres import AUTHORITY, Postgres
from fleet.stack.processes import Daemon

if TYPE_CHECKING:
    from collections.abc import Callable

    from fleet.environments import Environment, Instance
    from fleet.project import Project

EMULATOR = "/usr/local/bin/aws-lambda-rie"


@dataclass(frozen=True)
class LocalStack:
    """One stack of a checkout: the one people use, or one of a name of its own for tests."""

    project: Project
    environment: Environment

    @property
    def folder(self) -> Path:
        """Its logs, process ids and keys."""
        folder = self.project.state / f"stack{self.instance.suffix}"
        folder.mkdir(exist_ok=True)
        return folder

    @property
    def instance(self) -> Instance:
        """Which stack this is; refused where there is none."""
        if self.environment.instance is None:
            raise FleetError(
                f"{self.environment.name} is not a local environment",
                "use --env local, or leave --env out",
                ExitCode.USAGE,
            )
        return self.environment.instance

    @property
    def network(self) -> str:
        """The Docker network of its containers."""
        return self.environment.network

    @property
    def postgres(self) -> Postgres:
        """The container of its databases."""
        return Postgres(
            f"{self.network}-postgres",
            self.network,
            self.instance.postgres_port,
            base_images(self.project)["POSTGRES_IMAGE"],
            self.folder,
        )

    def start(self, progress: Callable[[str], None]) -> None:
        """Start what does not run; quick when everything does."""
        instance = self.instance  # refused for the cloud before anything else
        require_engine()
        self._require_prepared()
        gateway = self._network()
        progress(f"local AWS on {self.environment.endpoint}, IAM enforced")
        self._aws(gateway).start()
        progress(f"PostgreSQL on 127.0.0.1:{instance.postgres_port}")
        self.postgres.start(self.key("postgres"))
        for daemon in self._standins():
            progress(f"{daemon.name} on 127.0.0.1:{daemon.port}")
            daemon.start()
        progress("a way from functions to this machine")
        self._forwarder(gateway).start()

    def stop(self) -> list[str]:
        """Stop everything, and remove what it stored; return what ran."""
        stopped = [daemon.name for daemon in self._daemons() if daemon.stop()]
        with contextlib.suppress(FleetError):
            require_engine()
            containers = docker("ps", "-aq", "--filter", f"network={self.network}").split()
            if containers:
                docker("rm", "--force", "--volumes", *containers)
                stopped.append(f"{len(containers)} containers")
            docker("network", "rm", self.network)
        return stopped

    def running(self) -> dict[str, bool]:
        """Which parts run."""
        return {daemon.name: daemon.pid() is not None for daemon in self._daemons()}

    def key(self, name: str) -> str:
        """A secret of this stack, made at random when first asked for."""
        path = self.folder / f"{name}.key"
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(secrets.token_urlsafe(32), encoding="utf-8")
        return path.read_text(encoding="utf-8")

    @property
    def dsn(self) -> str:
        """The stand-in Supabase's database."""
        return f"postgresql://postgres:{self.key('postgres')}@127.0.0.1:{self.instance.postgres_port}/postgres"

    def _require_prepared(self) -> None:
        missing = [
            path
            for path in ("ministack/bin/ministack", "context/rie/aws-lambda-rie", "images.env")
            if not (self.project.state / path).exists()
        ]
        if missing:
            raise FleetError(
                f"the local stack is not prepared (.fleet/{missing[0]} is missing)",
                "run `make prepare`",
            )

    def _network(self) -> str:
        """The Docker network of functions and database; return its gateway's address."""
        if not docker("network", "ls", "--quiet", "--filter", f"name=^{self.network}$"):
            docker("network", "create", self.network)
        template = "{{(index .IPAM.Config 0).Gateway}}"
        return docker("network", "inspect", "--format", template, self.network)

    def _aws(self, gateway: str = "host-gateway") -> Daemon:
        emulator = self.project.state / "context" / "rie" / "aws-lambda-rie"
        # The image that was pushed runs as it is, as Lambda would run it: read-only but for
        # /tmp, without privileges to gain. The emulator is mounted beside its files.
        authority = self.postgres.authority
        flags = f"-v {emulator}:{EMULATOR}:ro -v {authority}:{AUTHORITY}:ro"
        flags += " --read-only --tmpfs /tmp:size=512m,mode=1777"
        flags += f" --security-opt no-new-privileges --add-host host.docker.internal:{gateway}"
        return Daemon(
            "local-aws",
            self._serve_aws(),
            self.instance.aws_port,
            self.folder,
            {
                "GATEWAY_PORT": str(self.instance.aws_port),
                "BIND_HOST": "127.0.0.1",
                "AUTH": "true",
                "LAMBDA_EXECUTOR": "docker",
                "LAMBDA_STRICT": "true",
                "LAMBDA_DOCKER_NETWORK": self.network,
                "LAMBDA_DOCKER_FLAGS": flags,
                "DOCKER_CONFIG": str(self.project.state / "docker"),
                "MINISTACK_REGION": self.environment.region,
                "LOG_LEVEL": "INFO",
            },
        )

    def _serve_aws(self) -> list[str]:
        """The server's command, as `ministack --detach` has it but for two things.

        Connections stay open longer than Terraform's provider keeps them (90 s), or one that is
        closed just as a request arrives takes the answer with it; and see `local_aws`.
        """
        python = str(self.project.state / "ministack" / "bin" / "python")
        application = str(Path(__file__).with_name("local_aws.py"))
        address = f"127.0.0.1:{self.instance.aws_port}"
        options = ["--bind", address, "--workers", "0", "--keep-alive", "3600"]
        return [python, "-m", "hypercorn", f"{application}:app", *options, "--log-level", "INFO"]

    def _standins(self) -> list[Daemon]:
        supabase = {
            "STANDIN_DATABASE_URL": self.dsn,
            "SUPABASE_SERVICE_ROLE_KEY": self.key("supabase"),
        }
        return [
            self._standin("supabase", self.instance.supabase_port, supabase),
            self._standin("backend", self.instance.backend_port, {}),
            self._standin("ntfy", self.instance.ntfy_port, {}),
            self._standin("web", self.instance.web_port, {}),
            # Without a limit: a season would take most of an hour.
            self._standin("nba", self.instance.nba_port, {"STANDIN_RATE_PER_MINUTE": "0"}),
        ]

    def _standin(self, name: str, port: int, environment: dict[str, str]) -> Daemon:
        command = [sys.executable, "-m", f"standins.{name}", "--host", "127.0.0.1"]
        command += ["--port", str(port)]
        return Daemon(f"stand-in-{name}", command, port, self.folder, environment)

    def _forwarder(self, gateway: str) -> Daemon:
        instance = self.instance
        command = [sys.executable, "-m", "fleet.stack.forward", gateway]
        command += map(str, instance.ports)
        return Daemon("forwarder", command, instance.backend_port, self.folder, host=gateway)

    def _daemons(self) -> list[Daemon]:
        # The forwarder's address does not matter for stopping it.
        return [self._forwarder("127.0.0.1"), *self._standins(), self._aws()]
