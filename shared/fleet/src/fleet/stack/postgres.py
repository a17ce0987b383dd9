"""The local stack's PostgreSQL: one container, with TLS, for everything that needs a database.

The local AWS can start a container for RDS too, but it names it by an address that its
certificate does not cover, keeps no managed password and knows no IAM authentication. So the
environment `local` brings a database of its own, as `var.database.existing` lets anybody do.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from fleet.docker import docker

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# What functions call it, on the stack's Docker network: terraform/environments/local.tfvars.
HOST: Final = "database"
# Where the authority's certificate is in a function's file system.
AUTHORITY: Final = "/etc/lambda-fleet/database-ca.pem"
DATABASE: Final = "fleet"
ADMIN: Final = "fleet_admin"
APP: Final = "fleet_app"
GATEWAY: Final = "fleet_gateway"
_TLS_FILES = "/run/tls"
# The key must be the server's own and nobody else's, whatever user id its image gives it.
_START = f"""
install -d -m 700 {_TLS_FILES}
printf %s "$TLS_CERTIFICATE" >{_TLS_FILES}/server.crt
(umask 077; printf %s "$TLS_KEY" >{_TLS_FILES}/server.key)
chown -R postgres {_TLS_FILES}
unset TLS_CERTIFICATE TLS_KEY
exec docker-entrypoint.sh postgres -c ssl=on -c log_parameter_max_length=0 \
  -c log_parameter_max_length_on_error=0 -c log_error_verbosity=terse \
  -c client_connection_check_interval=2s \
  -c ssl_cert_file={_TLS_FILES}/server.crt -c ssl_key_file={_TLS_FILES}/server.key
"""


@dataclass(frozen=True)
class Postgres:
    """One container.

    Attributes:
        name: The container's.
        network: The Docker network that functions are in.
        port: Where it is published on loopback.
        image: The image that it runs.
        folder: Keeps the certificates of its authority.
    """

    name: str
    network: str
    port: int
    image: str
    folder: Path

    @property
    def authority(self) -> Path:
        """The certificate of who vouches for the server."""
        return self.folder / "database-ca.pem"

    def start(self, password: str) -> None:
        """Start it unless it runs, and wait until it answers."""
        if docker("ps", "--quiet", "--filter", f"name=^{self.name}$"):
            return
        if docker("ps", "--all", "--quiet", "--filter", f"name=^{self.name}$"):
            docker("rm", "--force", "--volumes", self.name)
        certificate, key = self.certificates()
        docker(
            "run", "--detach", "--name", self.name, "--network", self.network,
            "--network-alias", HOST, "--publish", f"127.0.0.1:{self.port}:5432",
            "--env", "POSTGRES_PASSWORD", "--env", "TLS_CERTIFICATE", "--env", "TLS_KEY",
            "--entrypoint", "sh", self.image, "-c", _START,
            variables={"POSTGRES_PASSWORD": password, "TLS_CERTIFICATE": certificate,
                       "TLS_KEY": key},
        )  # fmt: skip
        self._wait()

    def certificates(self) -> tuple[str, str]:
        """A certificate and key for the server, and its authority's certificate in a file.

        The authority's own key is thrown away: nothing more is ever signed with it.
        """
        # Slow to import, and every verb reads this module.
        import trustme  # noqa: PLC0415

        authority = trustme.CA(organization_name="Lambda Fleet, local stack")
        server = authority.issue_cert(HOST, "localhost", "127.0.0.1")
        authority.cert_pem.write_to_path(self.authority)
        chain = b"".join(blob.bytes() for blob in server.cert_chain_pems)
        return chain.decode(), server.private_key_pem.bytes().decode()

    def _wait(self) -> None:
        ready = "pg_isready -q -h 127.0.0.1"
        script = f"for i in $(seq 1 240); do {ready} && exit 0; sleep 0.25; done; exit 1"
        docker("exec", self.name, "sh", "-c", script)


def prepare(
    dsn: str, client: Any, secret_arns: Mapping[str, str], passwords: Mapping[str, str]
) -> None:
    """The fleet's database and its admin, and the logins' secrets, as an owner would make them.

    Run again it puts right what is missing, and changes nothing else.

    Args:
        dsn: The superuser's connection string.
        client: botocore's, of Secrets Manager.
        secret_arns: The secrets' ARNs: `admin`, `app` and `gateway`.
        passwords: Of the same.
    """
    # Slow to import, and every verb reads this module.
    import psycopg  # noqa: PLC0415
    from psycopg import sql  # noqa: PLC0415

    with psycopg.connect(dsn, autocommit=True) as connection:
        admin, name = sql.Identifier(ADMIN), sql.Identifier(DATABASE)
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ADMIN]).fetchone():
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEROLE").format(admin))
        password = sql.SQL("ALTER ROLE {} PASSWORD {}")
        connection.execute(password.format(admin, sql.Literal(passwords["admin"])))
        known = "SELECT 1 FROM pg_database WHERE datname = %s"
        if not connection.execute(known, [DATABASE]).fetchone():
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(name, admin))
    for login, user in (("admin", ADMIN), ("app", APP), ("gateway", GATEWAY)):
        if login not in secret_arns:
            continue
        value = json.dumps({"username": user, "password": passwords[login]})
        client.put_secret_value(SecretId=secret_arns[login], SecretString=value)
