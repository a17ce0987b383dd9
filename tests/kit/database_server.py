"""A PostgreSQL with TLS and the fleet's schema, that a test may kill, freeze, fill and crowd."""

from __future__ import annotations

import contextlib
import json
import subprocess
import tempfile
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import trustme
from db_migrate import logins, schema
from db_migrate.settings import MigrateSettings
from function_kit.postgres import Login, Postgres
from function_kit.secrets import Secret

from tests.kit.services import free_port, postgres_image

if TYPE_CHECKING:
    from collections.abc import Iterator

    from function_kit.postgres import Logins

PASSWORD = "of-the-app-only"
_ADMIN = "of-the-superuser"
# What a killed process wrote is with the kernel, so tests need not wait for disks.
# The key must be the server's own and nobody else's, whatever user id its image gives it.
_START = """
install -d -m 700 /run/tls
printf %s "$CERTIFICATE" >/run/tls/crt
(umask 077; printf %s "$KEY" >/run/tls/key)
chown -R postgres /run/tls
unset CERTIFICATE KEY
exec docker-entrypoint.sh postgres -c ssl=on -c ssl_cert_file=/run/tls/crt \
  -c ssl_key_file=/run/tls/key -c fsync=off "$@"
"""


@dataclass(frozen=True)
class Server:
    """One container.

    Attributes:
        name: The container's.
        port: Where it listens on loopback, also after it was started again.
        authority: The file with the certificate of who vouches for it.
    """

    name: str
    port: int
    authority: Path

    def docker(self, *arguments: str) -> str:
        """Run a docker command that ends with the container's name."""
        command = ["docker", *arguments, self.name]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
        return done.stdout

    def docker_exec(self, *command: str) -> None:
        """Run a command in the container, as root."""
        subprocess.run(["docker", "exec", "--user", "root", self.name, *command], check=True)

    def kill(self) -> None:
        """End it as if the power had gone."""
        self.docker("kill")

    def start(self) -> None:
        """Start it again, and wait until it answers."""
        self.docker("start")
        self.wait()

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """It accepts connections, and says nothing."""
        self.docker("pause")
        try:
            yield
        finally:
            self.docker("unpause")

    @contextlib.contextmanager
    def admin(self) -> Iterator[psycopg.Connection]:
        """A superuser's connection, in autocommit mode."""
        with psycopg.connect(
            host="localhost", port=self.port, user="postgres", password=_ADMIN, dbname="postgres",
            autocommit=True, sslmode="require", connect_timeout=5,
        ) as connection:  # fmt: skip
            yield connection

    def wait(self, seconds: float = 60) -> None:
        """Return when it answers."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                with self.admin() as connection:
                    connection.execute("SELECT 1")
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
            else:
                return

    def setting(self, name: str, value: str) -> None:
        """Change a setting for the connections to come, and those that are idle."""
        with self.admin() as connection:
            connection.execute(f"ALTER SYSTEM SET {name} = '{value}'".encode())
            connection.execute("SELECT pg_reload_conf()")

    def rows(self) -> dict[str, str]:
        """The stored treatments: patient by id."""
        with self.admin() as connection:
            found = connection.execute("SELECT id::text, patient_id FROM ppu_treatments").fetchall()
        assert len({identity for identity, _ in found}) == len(found)
        return dict(found)

    def empty(self) -> None:
        """Forget all treatments."""
        with self.admin() as connection:
            connection.execute("TRUNCATE ppu_treatments")

    def migrate(self) -> None:
        """Bring its schema up to date, and let functions in."""
        settings = MigrateSettings(environment="local", db_secret_arn="x")
        postgres = Postgres(_Admin(self.port), sslmode="require", statement_timeout=30)
        app = Secret(json.dumps({"username": logins.APP, "password": PASSWORD}))
        gateway = Secret(json.dumps({"username": logins.GATEWAY, "password": PASSWORD}))
        try:
            schema.migrate(postgres, settings, app, gateway=gateway)
        finally:
            postgres.close()


class _Admin:
    def __init__(self, port: int) -> None:
        self._login = Login("localhost", port, "postgres", "postgres", _ADMIN)

    def get(self) -> Login:
        return self._login

    refresh = get


def admin_logins(server: Server) -> Logins:
    """Always the superuser's login."""
    return _Admin(server.port)


@contextlib.contextmanager
def database_server(*settings: str, options: tuple[str, ...] = ()) -> Iterator[Server]:
    """A server with the fleet's schema.

    Args:
        settings: Of PostgreSQL, such as `max_connections=20`.
        options: Of `docker run`.
    """
    authority = trustme.CA(organization_name="Lambda Fleet, tests")
    certificate = authority.issue_cert("localhost", "127.0.0.1", "database")
    name, port = f"database-{uuid.uuid4().hex[:8]}", free_port()
    variables = {
        "POSTGRES_PASSWORD": _ADMIN,
        "CERTIFICATE": b"".join(b.bytes() for b in certificate.cert_chain_pems).decode(),
        "KEY": certificate.private_key_pem.bytes().decode(),
    }
    with tempfile.TemporaryDirectory() as folder:
        ca = Path(folder) / "ca.pem"
        authority.cert_pem.write_to_path(ca)
        server = Server(name, port, ca)
        subprocess.run(
            [
                "docker", "run", "--detach", "--name", name, "--publish", f"127.0.0.1:{port}:5432",
                *(f"--env={variable}={value}" for variable, value in variables.items()),
                *options, "--entrypoint", "sh", postgres_image(), "-c", _START, "postgres",
                *(word for setting in settings for word in ("-c", setting)),
            ],
            check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            server.wait()
            server.migrate()
            yield server
        finally:
            server.docker("rm", "--force", "--volumes")
