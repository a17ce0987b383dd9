"""Server-side request forgery by URL: nothing but plain URLs of listed hosts gets through."""
# ruff: noqa: RUF001 - letters that look alike are what is tested

from __future__ import annotations

import pytest
from web_action.origins import Origin, RefusedUrlError, allowed, parse

ALLOWED = frozenset({Origin("https", "api.allowed.test", 443)})

NOTATIONS = {
    "dotted": "https://127.0.0.1/",
    "decimal": "https://2130706433/",
    "octal": "https://0177.0.0.1/",
    "octal, all of it": "https://017700000001/",
    "hexadecimal": "https://0x7f.0.0.1/",
    "hexadecimal, all of it": "https://0x7f000001/",
    "short": "https://127.1/",
    "zero": "https://0/",
    "IPv6 loopback": "https://[::1]/",
    "IPv6 mapped": "https://[::ffff:127.0.0.1]/",
    "IPv6 mapped, hexadecimal": "https://[::ffff:7f00:1]/",
    "NAT64": "https://[64:ff9b::7f00:1]/",
    "link-local with a zone": "https://[fe80::1%25eth0]/",
    "metadata": "https://169.254.169.254/latest/meta-data/",
    "metadata, decimal": "https://2852039166/latest/meta-data/",
    "metadata, hexadecimal": "https://0xa9fea9fe/",
    "metadata, octal": "https://0251.0376.0251.0376/",
    "metadata, IPv6": "https://[fd00:ec2::254]/latest/meta-data/",
    "container credentials": "http://169.254.170.2/v2/credentials",
    "Lambda's runtime API": "http://127.0.0.1:9001/2018-06-01/runtime/invocation/next",
    "digits of another alphabet": "https://①②⑦.⓪.⓪.①/",
    "full-width digits": "https://１２７.0.0.1/",
    "an address with a dot behind": "https://127.0.0.1./",
    "a name that ends with a number": "https://api.allowed.test.1/",
    "a name that ends in hexadecimal": "https://api.allowed.0x7f/",
}
SCHEMES = {
    "plain http": "http://api.allowed.test/",
    "file": "file:///etc/passwd",
    "ftp": "ftp://api.allowed.test/",
    "gopher": "gopher://api.allowed.test:6379/_FLUSHALL",
    "dict": "dict://api.allowed.test:11211/stats",
    "data": "data:text/plain,hello",
    "javascript": "javascript:alert(1)",
    "ldap": "ldap://api.allowed.test/",
    "jar": "jar:https://api.allowed.test!/",
    "none": "api.allowed.test/",
    "none, with slashes": "//api.allowed.test/",
    "one slash": "https:/api.allowed.test/",
    "view-source": "view-source:https://api.allowed.test/",
    "unix socket": "http+unix://%2Fvar%2Frun%2Fdocker.sock/info",
}
AUTHORITIES = {
    "a user": "https://user@api.allowed.test/",
    "a user and a password": "https://user:secret@api.allowed.test/",
    "an allowed host as user": "https://api.allowed.test@evil.test/",
    "an allowed host as user, encoded": "https://api.allowed.test%40evil.test/",
    "a backslash": "https://evil.test\\@api.allowed.test/",
    "a backslash behind": "https://api.allowed.test\\.evil.test/",
    "an allowed host in the fragment": "https://evil.test#@api.allowed.test/",
    "an allowed host as beginning": "https://api.allowed.test.evil.test/",
    "an allowed host as end": "https://evilapi.allowed.test/",
    "the domain above": "https://allowed.test/",
    "another name": "https://localhost/",
    "a name for an address": "https://127.0.0.1.nip.io/",
    "metadata by name": "https://metadata.google.internal/",
    "a dot behind": "https://api.allowed.test./",
    "an encoded letter": "https://%61pi.allowed.test/",
    "a letter that looks alike": "https://аpi.allowed.test/",
    "an ideographic dot": "https://api。allowed。test/",
    "a soft hyphen": "https://api\u00ad.allowed.test/",
    "no host": "https:///path",
    "another port": "https://api.allowed.test:8443/",
    "port 0": "https://api.allowed.test:0/",
    "no such port": "https://api.allowed.test:99999/",
    "a port that is no number": "https://api.allowed.test:443x/",
    "digits of another alphabet as port": "https://api.allowed.test:４４３/",
    "a letter that is an s when case is ignored": "https://api.allowed.te\u017ft/",
    "an endless label": f"https://{'a' * 64}.test/",
    "an underscore": "https://api_allowed.test/",
}
CHARACTERS = {
    "a tab": "https://api.allowed.test\t/",
    "a space before": " https://api.allowed.test/",
    "a newline before": "\nhttps://api.allowed.test/",
    "a newline behind": "https://api.allowed.test/\n",
    "a header in the path": "https://api.allowed.test/a\r\nHost: evil.test",
    "a space in the path": "https://api.allowed.test/a HTTP/1.1",
    "a null": "https://api.allowed.test/\x00",
    "a fragment": "https://api.allowed.test/#fragment",
    "too long": f"https://api.allowed.test/{'a' * 2048}",
    "nothing": "",
}
CASES = {
    f"{kind}: {name}": url
    for kind, urls in {
        "notation": NOTATIONS,
        "scheme": SCHEMES,
        "authority": AUTHORITIES,
        "character": CHARACTERS,
    }.items()
    for name, url in urls.items()
}


@pytest.mark.parametrize("url", CASES.values(), ids=CASES.keys())
def test_the_url_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(RefusedUrlError) as refused:
        allowed(parse(url), ALLOWED)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("url", [*NOTATIONS.values(), *CHARACTERS.values(), AUTHORITIES["a user"]])
def test_an_address_or_an_odd_character_is_refused_whatever_is_listed(url: str) -> None:
    with pytest.raises(RefusedUrlError):
        listed = parse(url).origin
        allowed(parse(url), frozenset({listed._replace(scheme="https")}))


def test_the_table_has_the_cases_it_promises() -> None:
    assert len(CASES) >= 60


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://api.allowed.test", "/"),
        ("https://api.allowed.test/", "/"),
        ("HTTPS://API.Allowed.TEST/Path", "/Path"),
        ("https://api.allowed.test:443/a/b?c=d&e=f%20g", "/a/b?c=d&e=f%20g"),
        ("https://api.allowed.test/points/39.7,-104.9", "/points/39.7,-104.9"),
    ],
)
def test_a_plain_url_of_a_listed_host_gets_through(url: str, target: str) -> None:
    found = allowed(parse(url), ALLOWED)
    assert (str(found.origin), found.target) == ("https://api.allowed.test", target)


def test_what_is_shown_of_a_url_has_no_query() -> None:
    url = parse("https://api.allowed.test:8443/path?key=secret")
    assert url.shown == "https://api.allowed.test:8443/path"
