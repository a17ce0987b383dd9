from __future__ import annotations

import base64
import json
import threading
from typing import TYPE_CHECKING, Any

import pytest
from function_kit import redaction, secret_stores
from function_kit.secrets import Secret, SecretError
from pydantic import BaseModel, ValidationError

from tests.kit.scripted import Reply, Scripted, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

ARN = "arn:aws:secretsmanager:us-east-1:000000000000:secret:supabase-AbCdEf"


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Scripted]:
    """AWS's JSON services, as a test scripts them."""
    monkeypatch.setattr(redaction, "_known", set())
    with serving() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        monkeypatch.setattr("random.uniform", lambda low, _high: low)
        secret_stores.prepare.cache_clear()
        yield server
        for store in ("secretsmanager", "ssm"):
            secret_stores.prepare(store).close()
        secret_stores.prepare.cache_clear()


def value(text: str) -> Reply:
    return Reply.json({"Name": "x", "SecretString": text})


def refusal(code: str, status: int = 400) -> Reply:
    return Reply.json({"__type": code, "Message": "the value is hunter2"}, status)


def test_a_literal_is_its_own_value_and_calls_nobody(aws: Scripted) -> None:
    secret = Secret("plain:value")
    secret.prepare()
    assert (secret.get(), secret.refresh()) == ("plain:value", "plain:value")
    assert aws.requests == []


def test_a_value_is_fetched_by_name_or_arn(aws: Scripted) -> None:
    aws.script(value("one"), value("two"))
    assert Secret("secretsmanager:app/key").get() == "one"
    assert Secret(f"secretsmanager:{ARN}").get() == "two"
    first, second = aws.requests
    assert first.headers["x-amz-target"] == "secretsmanager.GetSecretValue"
    assert (first.json(), second.json()) == ({"SecretId": "app/key"}, {"SecretId": ARN})


def test_the_newline_that_typing_leaves_is_not_part_of_a_value(aws: Scripted) -> None:
    aws.script(value("typed-in\n"))
    assert Secret("secretsmanager:some-key").get() == "typed-in"


def test_a_binary_secret_is_its_text(aws: Scripted) -> None:
    aws.script(Reply.json({"SecretBinary": base64.b64encode("grün".encode()).decode()}))
    assert Secret("secretsmanager:x").get() == "grün"


def test_a_parameter_is_fetched_decrypted(aws: Scripted) -> None:
    aws.script(Reply.json({"Parameter": {"Value": "from-ssm"}}))
    assert Secret("ssm:/app/key").get() == "from-ssm"
    (request,) = aws.requests
    assert request.headers["x-amz-target"] == "AmazonSSM.GetParameter"
    assert request.json() == {"Name": "/app/key", "WithDecryption": True}


def test_a_member_of_a_json_secret_can_be_asked_for(aws: Scripted) -> None:
    aws.script(value(json.dumps({"username": "app", "password": "pw-of-app"})))
    assert Secret(f"secretsmanager:{ARN}#password").get() == "pw-of-app"
    assert aws.requests[0].json() == {"SecretId": ARN}


@pytest.mark.parametrize("content", ["not json", "[1]", '{"other": "x"}', '{"key": {"a": 1}}'])
def test_a_member_that_is_not_there_is_said_without_the_value(aws: Scripted, content: str) -> None:
    aws.script(value(content))
    with pytest.raises(SecretError, match="secretsmanager:x#key is not a JSON object") as raised:
        Secret("secretsmanager:x#key").get()
    assert content not in str(raised.value)
    assert raised.value.__context__ is None


def test_a_value_is_kept_for_its_time_and_then_fetched_again(aws: Scripted) -> None:
    clock = Clock()
    aws.script(value("old"), value("new"))
    secret = Secret("secretsmanager:x", ttl=300, clock=clock)
    assert secret.get() == "old"
    clock.now += 299.9
    assert secret.get() == "old"
    assert len(aws.requests) == 1
    clock.now += 0.1
    assert secret.get() == "new"
    assert len(aws.requests) == 2


def test_a_clock_that_was_set_back_makes_a_value_stale(aws: Scripted) -> None:
    clock = Clock()
    aws.script(value("old"), value("new"))
    secret = Secret("secretsmanager:x", clock=clock)
    secret.get()
    clock.now -= 3600
    assert secret.get() == "new"


def test_a_refresh_after_a_rotation_gives_the_new_value(aws: Scripted) -> None:
    aws.script(value("old"), value("new"))
    secret = Secret("secretsmanager:x", clock=Clock())
    assert secret.get() == "old"
    assert secret.refresh() == "new"
    assert secret.get() == "new"
    assert len(aws.requests) == 2


def test_a_store_that_is_away_does_not_take_a_known_value_away(
    aws: Scripted, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = Clock()
    aws.script(value("known-value"), refusal("InternalServiceError", 500))
    secret = Secret("secretsmanager:x", clock=clock)
    secret.get()
    clock.now += 301
    assert secret.get() == "known-value"
    out = capsys.readouterr().out
    assert "secret_kept_past_its_time" in out
    assert "known-value" not in out
    with pytest.raises(SecretError, match="could not be read: InternalServiceError"):
        secret.refresh()


def test_a_store_that_is_away_is_left_alone_for_some_seconds(aws: Scripted) -> None:
    clock = Clock()
    away = refusal("InternalServiceError", 500)
    aws.script(value("known-value"), *[away] * 6, value("new-value"))
    secret = Secret("secretsmanager:x", clock=clock)
    secret.get()
    clock.now += 301
    seen = [secret.get() for _ in range(20)]
    asked = len(aws.requests)
    clock.now += 5
    seen += [secret.get() for _ in range(20)]
    assert seen == ["known-value"] * 40
    # Three attempts, for each time that somebody looked.
    assert (asked, len(aws.requests)) == (1 + 3, 1 + 6)
    clock.now += 5
    assert secret.get() == "new-value"


@pytest.mark.parametrize("code", sorted(secret_stores.FINAL_CODES))
def test_a_secret_taken_away_is_not_used_on(aws: Scripted, code: str) -> None:
    clock = Clock()
    aws.script(value("known"), refusal(code))
    secret = Secret("secretsmanager:x", clock=clock)
    secret.get()
    clock.now += 301
    with pytest.raises(SecretError, match=code) as raised:
        secret.get()
    assert raised.value.final
    aws.script(refusal("InternalServiceError", 500))
    with pytest.raises(SecretError):
        secret.get()


def test_an_error_says_which_secret_and_why_but_nothing_of_the_answer(aws: Scripted) -> None:
    aws.script(refusal("com.amazonaws.secretsmanager#ResourceNotFoundException"))
    with pytest.raises(SecretError) as raised:
        Secret("secretsmanager:app/key#field").get()
    assert str(raised.value) == (
        "secretsmanager:app/key#field could not be read: ResourceNotFoundException"
    )


def test_threads_that_ask_at_once_fetch_once(aws: Scripted) -> None:
    aws.script(value("one"))
    secret = Secret("secretsmanager:x")
    barrier, seen = threading.Barrier(8), []

    def ask() -> None:
        barrier.wait()
        seen.append(secret.get())

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == ["one"] * 8
    assert len(aws.requests) == 1


def test_values_are_neither_shown_nor_logged(aws: Scripted) -> None:
    aws.script(value("correct horse battery"))
    secret, literal = Secret("secretsmanager:x"), Secret("a literal value")
    secret.get()
    shown = f"{secret} {secret!r} {[secret]} {literal} {literal!r}"
    assert shown.count("secretsmanager:x") == 3
    assert "horse" not in shown
    assert "literal" not in shown
    text = "correct horse battery, a literal value"
    assert redaction.redact_text(text) == "[REDACTED], [REDACTED]"


def test_preparing_makes_the_client_and_fetches_nothing(aws: Scripted) -> None:
    Secret("ssm:/app/key").prepare()
    assert secret_stores.prepare.cache_info().currsize == 1
    assert aws.requests == []


@pytest.mark.parametrize("reference", ["", "ssm:", "secretsmanager:", "secretsmanager:#key"])
def test_a_reference_without_a_name_is_refused(reference: str) -> None:
    with pytest.raises(ValueError, match="a secret is a value"):
        Secret(reference)


def test_models_take_text_or_a_secret_and_nothing_else() -> None:
    class Model(BaseModel):
        key: Secret

    given: Any = Secret("x-literal")
    assert Model(key=given).key is given
    assert Model.model_validate({"key": "some-value"}).key.get() == "some-value"
    with pytest.raises(ValidationError, match="given as text"):
        Model.model_validate({"key": 5})
