"""`fleet validate`: sample events, API routes and times of a function."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import create_server
from typing import Any

import pytest
from fleet.release.told import ALIAS, Answer
from fleet.release.validation import times
from fleet.release.validation.times import Times, judge

from tests.kit.validated import FUNCTION, NEW, REPOSITORY, release, version
from tests.kit.validation import House

SMOKE, WIDE = {"test": True}, {"width": 9000}


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


@pytest.fixture
def dropped(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The images whose containers were removed."""
    images: list[str] = []
    monkeypatch.setattr(times, "drop_containers", lambda image, _network: images.append(image))
    return images


@pytest.fixture
def api() -> Iterator[tuple[str, list[str]]]:
    """An API's address, and the requests that it got: /health answers, all else is missing."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            asked.append(f"{self.command} {self.path}")
            self.send_response({"/health": 200, "/moved": 302}.get(self.path, 404))
            self.send_header("Location", "/health")
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST = answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", asked
    server.shutdown()
    server.server_close()
    thread.join()


def events(house: House, **options: bool) -> dict[str, str]:
    checks = house.checks(**options)
    return {name: c.result for name, c in checks.items() if name.startswith("events.")}


def test_outside_local_only_the_smoke_event_is_sent(house: House) -> None:
    assert events(house) == {"events.smoke": "passed", "events.wide": "skipped"}
    assert {str(event) for _, event in house.invoked} == {str(SMOKE)}
    assert {qualifier for qualifier, _ in house.invoked} == {ALIAS}
    assert "--all-events" in house.checks()["events.wide"].todo


@pytest.mark.parametrize("local", [True, False])
def test_every_event_is_sent_locally_and_when_asked_to(
    house: House, dropped: list[str], local: bool
) -> None:
    house.local = local
    found = events(house, all_events=not local)
    assert found == {"events.smoke": "passed", "events.wide": "passed"}
    assert (ALIAS, WIDE) in house.invoked


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer({"ok": False}, None, 1), "$.ok is False, not True"),
        (Answer({"errorMessage": "no"}, "Unhandled", 1), "the function failed (Unhandled)"),
    ],
)
def test_an_event_that_is_not_answered_as_expected(house: House, answer: Answer, said: str) -> None:
    house.answers = {"wide": answer}
    check = house.checks(all_events=True)["events.wide"]
    assert check.result == "failed"
    assert said in check.detail
    assert f"fleet logs --function {FUNCTION}" in check.todo


def test_a_secret_in_an_answer_is_not_repeated(house: House) -> None:
    message = "401 for Bearer abcdef0123456789"
    house.answers = {"smoke": Answer({"errorMessage": message}, "Unhandled", 1)}
    said = str(house.validate().to_dict())
    assert "401 for Bearer [REDACTED]" in said
    assert "abcdef0123456789" not in said


def test_a_file_that_is_no_sample_event(house: House) -> None:
    house.project()
    (house.root / "images" / FUNCTION / "events" / "torn.json").write_text('{"event": ')
    check = house.checks(all_events=True)["events.torn"]
    assert check.result == "failed"
    assert "is not a sample event" in check.detail


def test_nothing_is_called_that_is_not_to_be(house: House, api: tuple[str, list[str]]) -> None:
    url, asked = api
    house.routes, house.local = [{"method": "GET", "path": "/", "url": url}], True
    checks = house.checks(invoke=False)
    assert [checks[group].result for group in ("events", "routes", "times")] == ["skipped"] * 3
    assert house.invoked == asked == []


def routes(house: House, local: bool = True, **options: bool) -> dict[str, Any]:
    """The routes' checks, without the function's own calls."""
    house.local = local
    house.answers = {"smoke": Answer({}, None, 1)}
    return {n: c for n, c in house.checks(**options).items() if n.startswith("routes.")}


def test_routes_answer_with_the_status_that_terraform_says(
    house: House, api: tuple[str, list[str]], dropped: list[str]
) -> None:
    url, asked = api
    house.routes = [
        {"method": "GET", "path": "/health", "url": f"{url}/health"},
        {"method": "get", "path": "/none", "url": f"{url}/none", "expect_status": 404},
        {"method": "POST", "path": "/health", "url": f"{url}/health", "expect_status": 201},
        {"method": "GET", "path": "/moved", "url": f"{url}/moved"},
    ]
    checks = routes(house)
    assert {name: check.result for name, check in checks.items()} == {
        "routes.GET /health": "passed",
        "routes.GET /none": "passed",
        "routes.POST /health": "failed",
        "routes.GET /moved": "failed",
    }
    assert checks["routes.POST /health"].detail == "it answered 200, not 201"
    assert asked == ["GET /health", "GET /none", "POST /health", "GET /moved"]


def test_a_route_that_does_not_answer(house: House, dropped: list[str]) -> None:
    with closing(create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
    url = f"http://127.0.0.1:{port}/x?token=abcdef"
    house.routes = [{"method": "GET", "path": "/x", "url": url}]
    check = routes(house)["routes.GET /x"]
    assert (check.result, check.detail) == (
        "failed",
        f"127.0.0.1:{port} does not answer: ConnectError",
    )


def test_outside_local_routes_are_https_and_change_nothing(house: House) -> None:
    house.routes = [
        {"method": "GET", "path": "/plain", "url": "http://api.invalid/plain"},
        {"method": "DELETE", "path": "/thing", "url": "https://api.invalid/thing"},
    ]
    checks = routes(house, local=False)
    assert checks["routes.GET /plain"].result == "failed"
    assert "not https" in checks["routes.GET /plain"].detail
    assert checks["routes.DELETE /thing"].result == "skipped"
    assert routes(house, local=False, all_events=True)["routes.DELETE /thing"].result == "failed"


@pytest.mark.parametrize(
    ("now", "before", "result"),
    [
        (100, 0, "passed"),
        (119, 100, "passed"),
        (130, 100, "warned"),
        (121, 100, "warned"),
        (45, 30, "passed"),
        (55, 30, "warned"),
        (80, 100, "passed"),
    ],
)
def test_a_slowdown_of_more_than_a_fifth_and_20_ms_is_reported(
    now: float, before: float, result: str
) -> None:
    for kind in ("cold", "warm"):
        measured = Times()
        setattr(measured, kind, [now - 5, now, now + 900])
        checks = judge(measured, release(1, **{f"{kind}_ms": before}))
        found = next(check for check in checks if check.name == f"times.{kind}")
        assert found.result == result
        if result == "warned":
            assert f"{now / before - 1:.0%} slower than {before} ms of version 1" in found.detail


def test_without_an_earlier_release_times_are_only_said(house: House) -> None:
    cold, warm = judge(Times([600], [12, 14, 900]), None)
    assert (cold.detail, warm.detail) == (
        "600 ms, no earlier one recorded",
        "14 ms, no earlier one recorded",
    )


@pytest.mark.parametrize(
    ("releases", "version"),
    [
        ([release(2, warm_ms=9), release(1, warm_ms=8)], "1"),
        ([release(2, warm_ms=9), release(1)], "2"),
        ([release(3, state="failed", warm_ms=7), release(2, warm_ms=9)], "2"),
    ],
)
def test_times_are_held_against_the_release_before(
    house: House, releases: list[Any], version: str
) -> None:
    house.releases = releases
    assert f"of version {version} (tag{version})" in house.checks()["times.warm"].detail


def test_a_call_is_cold_when_lambda_says_so(house: House) -> None:
    house.cold_calls = 0
    check = house.checks()["times.cold"]
    assert check.result == "skipped"
    assert "an instance was there already" in check.detail
    house.cold_calls = 1
    assert house.checks()["times.cold"].result == "passed"


def test_locally_calls_are_made_cold(house: House, dropped: list[str]) -> None:
    house.local, house.cold_calls = True, 0
    assert house.checks()["times.cold"].result == "passed"
    assert dropped == [f"{REPOSITORY}@{NEW}"] * times.COLD_CALLS


def test_a_function_that_fails_has_no_times(house: House) -> None:
    house.answers = {"smoke": Answer({"errorMessage": "no"}, "Unhandled", 1)}
    checks = house.checks()
    assert checks["times.warm"].result == "skipped"
    assert "the smoke event fails" in checks["times.warm"].detail
    assert checks["events.smoke"].result == "failed"


def test_an_answer_that_is_no_json_is_a_wrong_one(house: House) -> None:
    house.answers = {"smoke": Answer(b"not json", None, 1)}
    assert "$ is not json, not an object" in house.checks()["times.warm"].detail


def test_a_function_that_sleeps_is_woken_before_it_is_timed(house: House) -> None:
    house.versions["2"] = version("2", NEW, state="Inactive")
    checks = house.checks()
    assert house.awake == ["2"]
    assert checks["times.warm"].result == "passed"
