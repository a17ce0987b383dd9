"""Where the database is, how to log in and whom to trust."""

from __future__ import annotations

import json
import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import botocore.auth
import botocore.session
import pytest
from function_kit import database as kit
from function_kit import redaction, sigv4
from function_kit.database import DatabaseSettings, IamLogins, SecretLogins, authorities
from function_kit.postgres import DatabaseUnavailable
from function_kit.secrets import Secret
from function_kit.settings import ConfigurationError, load

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
NAMES = ("DB_SECRET_ARN", "DB_ENDPOINT", "DB_PORT", "DB_NAME", "DB_USER", "DB_CA")


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*NAMES, "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ENVIRONMENT", "dev")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
    monkeypatch.setattr(redaction, "_known", set())


def settings(**values: Any) -> DatabaseSettings:
    return DatabaseSettings.model_validate({"environment": "dev", **values})


def secret(**fields: Any) -> Secret:
    return Secret(json.dumps(fields))


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"DB_ENDPOINT": "db.example"},
        {"DB_ENDPOINT": "db.example", "DB_NAME": "fleet"},
        {"DB_NAME": "fleet", "DB_USER": "app"},
    ],
)
def test_too_little_is_said_when_the_environment_starts(
    given: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match="DB_SECRET_ARN, or DB_ENDPOINT with DB_NAME and"):
        load(DatabaseSettings)


def test_a_secret_alone_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB_SECRET_ARN", "arn:aws:secretsmanager:eu-west-1:1:secret:x")
    assert load(DatabaseSettings).db_ca == "rds"


def test_a_secret_may_say_everything() -> None:
    fields = {"host": "h", "port": 6000, "dbname": "d", "username": "u", "password": "p-of-u"}
    login = SecretLogins(secret(**fields), settings(db_secret_arn="x")).get()
    assert login == ("h", 6000, "d", "u", "p-of-u")
    assert "p-of-u" not in repr(login)
    assert redaction.redact_text("it is p-of-u") == "it is [REDACTED]"


def test_variables_come_before_the_secret() -> None:
    fields = {"host": "h", "port": 6000, "dbname": "d", "username": "u", "password": "p"}
    given = settings(
        db_secret_arn="x", db_endpoint="other", db_port=7000, db_name="n", db_user="me"
    )
    assert SecretLogins(secret(**fields), given).get() == ("other", 7000, "n", "me", "p")
    rds = {"username": "u", "password": "p"}  # what RDS itself keeps
    given = settings(db_secret_arn="x", db_endpoint="db.example", db_name="fleet")
    assert SecretLogins(secret(**rds), given).get() == ("db.example", 5432, "fleet", "u", "p")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("of-no-form", "not a JSON object"),
        ("[]", "not a JSON object"),
        ('{"username": "u", "password": "hidden-one"}', "neither the secret nor DB_… says: host"),
        ('{"host": "h", "dbname": "d", "username": "u"}', "password"),
    ],
)
def test_a_secret_that_says_too_little_is_said(text: str, problem: str) -> None:
    logins = SecretLogins(Secret(text), settings(db_secret_arn="x"))
    with pytest.raises(DatabaseUnavailable, match=problem) as raised:
        logins.get()
    assert "hidden-one" not in str(raised.value)
    assert "of-no-form" not in str(raised.value)


@pytest.mark.parametrize("token", ["", "a+session/token=="])
@pytest.mark.parametrize("user", ["fleet_app", "with space+&=é"])
def test_an_iam_token_is_botocores(token: str, user: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if token:
        monkeypatch.setenv("AWS_SESSION_TOKEN", token)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda **_: NOW.replace(tzinfo=None))
    monkeypatch.setattr(sigv4.Signer, "__init__", at_the_same_time(sigv4.Signer.__init__))
    host = "db.cluster.eu-west-1.rds.amazonaws.com"
    client = botocore.session.Session().create_client("rds", region_name="eu-west-1")
    expected = client.generate_db_auth_token(host, 5432, user, Region="eu-west-1")
    login = IamLogins(host, 5432, "fleet", user).get()
    assert login[:4] == (host, 5432, "fleet", user)
    assert parts(login.password) == parts(expected)


def at_the_same_time(init: Any) -> Any:
    return lambda self, service, region, credentials: init(
        self, service, region, credentials, lambda: NOW
    )


def parts(token: str) -> tuple[str, str, dict[str, list[str]]]:
    split = urlsplit(f"https://{token}")
    return split.netloc, split.path, parse_qs(split.query, strict_parsing=True)


def test_without_credentials_there_is_no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(DatabaseUnavailable, match="NoCredentials"):
        IamLogins("h", 5432, "d", "u").get()


def test_how_to_log_in_follows_from_the_variables() -> None:
    iam = settings(db_endpoint="db.example", db_name="fleet", db_user="app")
    assert kit.logins(iam).get()[:4] == ("db.example", 5432, "fleet", "app")
    assert isinstance(kit.logins(settings(db_secret_arn="x")), SecretLogins)


def test_the_bundle_of_rds_is_certificates_that_last() -> None:
    file = authorities("rds")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(file)
    found = context.get_ca_certs()
    names = [dict(pair[0] for pair in one["subject"])["commonName"] for one in found]  # type: ignore[misc]
    assert len(found) == Path(file).read_text().count("BEGIN CERTIFICATE") == 85
    assert {"Amazon Root CA 1", "Amazon RDS eu-west-1 Root CA RSA2048 G1"} <= set(names)
    assert not [name for name in names if "Beta" in name or "Preview" in name]
    for one in found:
        assert one["subject"] == one["issuer"]
        assert ssl.cert_time_to_seconds(str(one["notAfter"])) > 2_000_000_000
    assert Path(file).stat().st_size < 200_000


def test_other_authorities_are_the_systems_a_file_or_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = str(tmp_path / "ca.pem")
    assert authorities(file) == file
    text = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    assert Path(authorities(text)).read_text() == text
    monkeypatch.setenv("SSL_CERT_FILE", file)
    authorities.cache_clear()
    assert authorities("system") == file
    authorities.cache_clear()
