"""Nothing that has the shape of a secret gets into a report."""

from __future__ import annotations

from typing import Any

import pytest
from fleet.release.report import redact
from hypothesis import given
from hypothesis import strategies as st

from tests.kit import reports

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("key AKIAIOSFODNN7EXAMPLE was refused", "AKIAIOSFODNN7EXAMPLE"),
        ("ASIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE"),
        ("postgres://fleet:s3cr3t@db:5432/fleet", "s3cr3t"),
        ("https://user@host/path", "user@"),
        (
            "https://b.s3.amazonaws.com/k?X-Amz-Signature=abcdef&X-Amz-Expires=60",
            "X-Amz-Signature=abcdef",
        ),
        ("posting to https://hooks.slack.com/services/T0/B0/xyz failed", "T0/B0/xyz"),
        (f"token {JWT}", JWT),
        ("Authorization: Bearer abcdefghijkl", "abcdefghijkl"),
        ("basic dXNlcjpwYXNzd29yZA==", "dXNlcjpwYXNzd29yZA"),
        ("ghp_abcdefghijklmnopqrstuvwxyz0123456789", "ghp_abc"),
        ("github_pat_11ABCDEFG0abcdefghijkl", "11ABCDEFG0"),
        ("xoxb-123456789012-abcdefghijkl", "123456789012"),
        ("DB_PASSWORD=hunter2 and more", "hunter2"),
        ("{'api_key': 'hunter2', 'user': 'x'}", "hunter2"),
        ('{"secretValue": "hunter two"}', "hunter two"),
        ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG", "wJalrXUtnFEMI"),
        ("$.body.accessToken is hunter2, not secret", "hunter2"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----", "MIIE"),
        ("-----BEGIN PRIVATE KEY-----\nMIIEcut off…", "MIIE"),
    ],
)
def test_a_secret_is_hidden(text: str, secret: str) -> None:
    shown = redact.text(text)
    assert secret not in shown
    assert redact.HIDDEN in shown


@pytest.mark.parametrize(
    "text",
    [
        f"version 42 of {reports.DIGEST} failed its smoke event",
        f"{reports.TAG} is live as version 2 (was 1), 1870 ms",
        "61 of 1,270 failed, 5 of 2,880 before; p = 2.5e-26",
        "see https://docs.aws.amazon.com/lambda/latest/dg/python-image.html",
        "the repository 123456789012.dkr.ecr.eu-west-1.amazonaws.com/lambda-fleet/x has no tag",
        "arn:aws:lambda:eu-west-1:123456789012:function:lambda-fleet-dev-x:live",
        "`fleet logs --function device-registry` shows why",
        "the lock is held with token 17 since 2026-09-21 14:02:11 UTC",
        "the secret has no value yet",
    ],
)
def test_what_a_person_needs_stays(text: str) -> None:
    assert redact.text(text) == text


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({"password": "hunter2"}, {"password": redact.HIDDEN}),
        ({"deep": [{"apiKey": "hunter2"}]}, {"deep": [{"apiKey": redact.HIDDEN}]}),
        ({"secret": {"checked": True}}, {"secret": {"checked": True}}),
        ({"token": "", "tokens": 5}, {"token": "", "tokens": 5}),
        (("AKIAIOSFODNN7EXAMPLE", 1, None), [redact.HIDDEN, 1, None]),
    ],
)
def test_an_answer_keeps_its_shape(value: Any, shown: Any) -> None:
    assert redact.tree(value) == shown


@given(st.text(max_size=200))
def test_hiding_twice_hides_no_more(text: str) -> None:
    once = redact.text(text)
    assert redact.text(once) == once


def test_a_report_is_hidden_wherever_people_wrote_into_it() -> None:
    secret = "password=hunter2"
    outcome = reports.put_back("device-registry")
    outcome.reason = outcome.todo = secret
    outcome.notes, outcome.smoke = [secret], {"answer": secret}
    outcome.looks = [reports.look(0.1, 0, (1, 0), (1, 0), "pass", secret)]
    report = reports.report([outcome], audit=secret)
    assert "hunter2" not in str(redact.whole(report).to_dict())
    assert report.functions[0].reason == secret  # the original is what the history gets
