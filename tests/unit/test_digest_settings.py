from __future__ import annotations

import pytest
from function_kit.settings import ConfigurationError, load
from scheduled_digest.continuation import alias_of
from scheduled_digest.settings import DigestSettings

GOOD = {
    "ENVIRONMENT": "prod",
    "AWS_LAMBDA_FUNCTION_NAME": "lambda-fleet-prod-scheduled-digest",
    "SUPABASE_URL": "https://x.supabase.co/",
    "SUPABASE_SERVICE_ROLE_KEY": "secretsmanager:key",
    "BACKEND_DIGEST_ENDPOINT": "https://backend.example/api/v1/digest",
    "DIGEST_LEDGER_TABLE": "ledger",
}


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)


def test_the_defaults_are_the_contracts() -> None:
    settings = load(DigestSettings)

    assert settings.supabase_url == "https://x.supabase.co"
    assert settings.retention_days == 30
    assert settings.digest_concurrency == 10
    assert settings.digest_rate_per_minute == 50


def test_the_longest_call_leaves_most_of_a_run_to_work() -> None:
    settings = load(DigestSettings)

    assert 5 + 2 * settings.digest_call_timeout + settings.digest_reserve < 300 / 2


@pytest.mark.parametrize("name", GOOD)
def test_a_missing_variable_is_named(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.delenv(name)

    with pytest.raises(ConfigurationError, match=f"{name} is not set"):
        load(DigestSettings)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SUPABASE_URL", "x.supabase.co"),
        ("SUPABASE_URL", "http://x.supabase.co"),
        ("BACKEND_DIGEST_ENDPOINT", "ftp://backend.example"),
        ("BACKEND_DIGEST_ENDPOINT", "https://"),
        ("RETENTION_DAYS", "0"),
        ("RETENTION_DAYS", "a month"),
        ("DIGEST_CONCURRENCY", "0"),
        ("DIGEST_CONCURRENCY", "101"),
        ("DIGEST_RATE_PER_MINUTE", "0"),
        ("DIGEST_LEDGER_TABLE", ""),
        ("DIGEST_CALL_TIMEOUT", "0"),
        ("DIGEST_RESERVE", "-1"),
        ("SUPABASE_SERVICE_ROLE_KEY", "secretsmanager:"),
        ("ENVIRONMENT", "production"),
    ],
)
def test_a_bad_variable_is_named_and_not_quoted(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(ConfigurationError, match=f"{name} is not valid") as error:
        load(DigestSettings)

    # Short numbers stand in the reason by themselves, and the forms of a reference are named.
    assert len(value) < 3 or value == "secretsmanager:" or value not in str(error.value)


def test_the_local_environment_may_do_without_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVIRONMENT", "local")
    monkeypatch.setenv("SUPABASE_URL", "http://host.docker.internal:54321")

    assert load(DigestSettings).supabase_url == "http://host.docker.internal:54321"


@pytest.mark.parametrize(
    ("arn", "alias"),
    [
        ("arn:aws:lambda:us-east-1:000000000000:function:digest:live", "live"),
        ("arn:aws:lambda:us-east-1:000000000000:function:digest:canary", "canary"),
        ("arn:aws:lambda:us-east-1:000000000000:function:digest:17", "live"),
        ("arn:aws:lambda:us-east-1:000000000000:function:digest:$LATEST", "live"),
        ("arn:aws:lambda:us-east-1:000000000000:function:digest", "live"),
        ("", "live"),
    ],
)
def test_the_next_run_goes_to_the_alias_that_started_this_one(arn: str, alias: str) -> None:
    assert alias_of(arn) == alias
