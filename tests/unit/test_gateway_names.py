"""Which functions the gateway invokes: those under the prefix, by their plain name alone."""

from __future__ import annotations

import pytest
from lambda_action.errors import GatewayError, NotAllowed
from lambda_action.names import Allowed, qualifier
from lambda_action.ports import Client

ALLOWED = Allowed.of("waddlebot-", ["fleet-clock"])
ANYBODY = Client("ada")

SPELLINGS = {
    "another name": "payroll",
    "the prefix inside": "my-waddlebot-echo",
    "the prefix in capitals": "Waddlebot-echo",
    "the prefix cut short": "waddlebot",
    "an ARN": "arn:aws:lambda:us-east-1:123456789012:function:payroll",
    "an ARN of one that may be": "arn:aws:lambda:us-east-1:123456789012:function:waddlebot-echo",
    "an ARN with a qualifier": "arn:aws:lambda:us-east-1:123456789012:function:payroll:live",
    "part of an ARN": "123456789012:function:payroll",
    "part of an ARN, allowed in front": "waddlebot-:function:payroll",
    "a qualifier in the name": "waddlebot-echo:live",
    "a version in the name": "waddlebot-echo:1",
    "$LATEST in the name": "waddlebot-echo:$LATEST",
    "a path": "waddlebot-/../payroll",
    "dots": "waddlebot-..",
    "an encoded slash": "waddlebot-%2F..%2Fpayroll",
    "an encoded colon": "waddlebot-echo%3Alive",
    "encoded twice": "waddlebot-%252e%252e",
    "a query": "waddlebot-echo?Qualifier=live",
    "a fragment": "waddlebot-echo#x",
    "a backslash": "waddlebot-\\payroll",
    "a space": "waddlebot-echo ",
    "a space in front": " waddlebot-echo",
    "a newline": "waddlebot-echo\n",
    "a header": "waddlebot-echo\r\nX-Amz-Invocation-Type: Event",
    "a zero byte": "waddlebot-echo\0",
    "a comma": "waddlebot-echo,payroll",
    "full-width letters": "ｗaddlebot-echo",  # noqa: RUF001 - the attack
    "a cyrillic letter": "wаddlebot-echo",  # noqa: RUF001 - the attack
    "a combining mark": "waddlebot-e\u0301cho",
    "another alphabet's digit": "waddlebot-٣",
    "a dash that is none": "waddlebot\u2013echo",
    "an allowed name and more": "fleet-clock-2",
    "an allowed name, cut": "fleet-cloc",
    "nothing": "",
    "65 characters": "waddlebot-" + "a" * 55,
    "very long": "waddlebot-" + "a" * 100_000,
}


@pytest.mark.parametrize("name", SPELLINGS.values(), ids=SPELLINGS)
def test_no_spelling_reaches_another_function(name: str) -> None:
    with pytest.raises(GatewayError) as refused:
        ALLOWED.check(name, ANYBODY)
    assert refused.value.status in {400, 403}
    assert len(refused.value.message) < 200


@pytest.mark.parametrize("name", ["waddlebot-echo", "waddlebot-", "waddlebot-A_9", "fleet-clock"])
def test_those_that_may_be_are(name: str) -> None:
    ALLOWED.check(name, ANYBODY)


def test_a_client_has_its_own_prefixes_and_never_more_than_the_gateway() -> None:
    ada = Client("ada", ("waddlebot-echo", "pay"))
    ALLOWED.check("waddlebot-echo-2", ada)
    for name in ("waddlebot-other", "payroll", "fleet-clock"):
        with pytest.raises(NotAllowed):
            ALLOWED.check(name, ada)


@pytest.mark.parametrize(
    ("alias", "version", "found"),
    [
        ("", "", ""),
        ("live", "", "live"),
        ("live", "7", "live"),
        ("", "7", "7"),
        ("", "$LATEST", "$LATEST"),
    ],
)
def test_an_alias_wins_over_a_version(alias: str, version: str, found: str) -> None:
    assert qualifier(alias, version) == found


@pytest.mark.parametrize(
    ("alias", "version"),
    [
        ("7", ""), ("live:1", ""), ("live\n", ""), ("a/b", ""), ("%6cive", ""), ("a" * 129, ""),
        ("", "live"), ("", "7\n"), ("", "$latest"), ("", "-1"), ("", "٣"), ("", "1" * 21),
    ],
)  # fmt: skip
def test_what_is_no_alias_or_version_is_refused(alias: str, version: str) -> None:
    with pytest.raises(GatewayError):
        qualifier(alias, version)
