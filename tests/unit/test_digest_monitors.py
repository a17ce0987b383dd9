from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
import pytest
from function_kit.deadline import Deadline
from function_kit.secrets import Secret
from scheduled_digest.monitors import Monitors, SupabaseError

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = "service-role-key-of-the-test"
ROWS = [{"id": str(UUID(int=1))}]


class Rotating(Secret):
    """A secret that has another value when it is fetched again."""

    def __init__(self, *values: str) -> None:
        super().__init__("the first value is not used")
        self.values = list(values)

    def get(self) -> str:
        return self.values[0]

    def refresh(self) -> str:
        del self.values[0]
        return self.values[0]


class Server:
    """Answers in turn, the last answer for ever."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def query(self) -> dict[str, str]:
        return dict(self.requests[-1].url.params)


def ask[T](
    server: Server,
    question: Callable[[Monitors, Deadline], T],
    key: Secret | None = None,
    seconds: float = 30.0,
) -> T:
    with httpx.Client(transport=httpx.MockTransport(server)) as http:
        monitors = Monitors(http, "https://x.supabase.co", key or Secret(KEY))
        return question(monitors, Deadline.after(seconds))


def page(monitors: Monitors, deadline: Deadline) -> Any:
    return monitors.page(("daily",), deadline)


def purge(monitors: Monitors, deadline: Deadline) -> int:
    return monitors.purge(datetime(2026, 2, 1, 13, tzinfo=UTC), deadline)


def ok(rows: object = ROWS, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(200, json=rows, headers=named)


def test_the_first_page_counts_what_is_due() -> None:
    server = Server(ok(content_range="0-0/2500"))

    answer = ask(server, lambda m, d: m.page(("daily",), d, counted=True))

    assert (answer.rows, answer.total) == (ROWS, 2500)
    (request,) = server.requests
    assert request.url.path == "/rest/v1/monitors"
    assert request.headers["apikey"] == KEY
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.headers["prefer"] == "count=exact"
    assert server.query == {
        "select": "id,repo,delivery_method,webhook_url,email,frequency",
        "deleted": "eq.false",
        "frequency": "eq.daily",
        "order": "id.asc",
        "limit": "1000",
    }


def test_the_next_page_follows_the_last_id_and_counts_nothing() -> None:
    server = Server(ok([{"id": str(UUID(int=10))}]))

    answer = ask(server, lambda m, d: m.page(("daily", "weekly"), d, after=UUID(int=9)))

    assert answer.total is None
    assert "prefer" not in server.requests[0].headers
    assert server.query["id"] == f"gt.{UUID(int=9)}"
    assert server.query["frequency"] == "in.(daily,weekly)"


@pytest.mark.parametrize("first", [1, 9])
def test_pages_that_do_not_go_on_are_an_error_and_not_an_endless_chain(first: int) -> None:
    server = Server(ok([{"id": str(UUID(int=first))}]))

    with pytest.raises(SupabaseError, match="does not follow"):
        ask(server, lambda m, d: m.page(("daily",), d, after=UUID(int=9)))


def test_monitors_are_read_by_id() -> None:
    server = Server(ok())

    rows = ask(server, lambda m, d: m.by_ids([UUID(int=1), UUID(int=2)], ("weekly",), d))

    assert rows == ROWS
    assert server.query["id"] == f"in.({UUID(int=1)},{UUID(int=2)})"
    assert server.query["frequency"] == "eq.weekly"
    assert server.query["deleted"] == "eq.false"


def test_the_purge_takes_its_count_from_its_own_answer() -> None:
    server = Server(httpx.Response(204, headers={"content-range": "*/37"}))

    assert ask(server, purge) == 37
    (request,) = server.requests
    assert request.method == "DELETE"
    assert request.headers["prefer"] == "return=minimal, count=exact"
    assert server.query == {"deleted": "eq.true", "deleted_at": "lt.2026-02-01T13:00:00+00:00"}
    assert b"%2B00" in request.url.query, "a bare plus sign would be read as a space"


def test_what_is_to_be_purged_is_counted_without_rows() -> None:
    server = Server(httpx.Response(200, headers={"content-range": "0-24/25"}))

    count = ask(server, lambda m, d: m.count_expired(datetime(2026, 2, 1, tzinfo=UTC), d))

    assert (count, server.requests[0].method) == (25, "HEAD")


@pytest.mark.parametrize("content_range", ["", "*/*", "0-3/*", "many"])
def test_a_purge_without_a_count_has_failed(content_range: str) -> None:
    server = Server(httpx.Response(204, headers={"content-range": content_range}))

    with pytest.raises(SupabaseError, match="no count"):
        ask(server, purge)


def test_a_refused_key_is_fetched_again_once() -> None:
    server = Server(httpx.Response(401), ok())

    answer = ask(server, page, Rotating("old", "new", "newer"))

    assert answer.rows == ROWS
    assert [request.headers["apikey"] for request in server.requests] == ["old", "new"]


def test_a_key_that_stays_refused_is_an_error_without_the_key() -> None:
    server = Server(httpx.Response(401, json={"message": "Invalid API key"}))

    with pytest.raises(SupabaseError, match="answered 401") as error:
        ask(server, page, Rotating("old-value", "new-value", "newer"))

    assert len(server.requests) == 2
    assert "value" not in str(error.value)


def test_a_read_is_repeated_while_that_may_help() -> None:
    server = Server(httpx.ReadTimeout("slow"), httpx.Response(503), ok())

    assert ask(server, page).rows == ROWS


def test_a_purge_whose_answer_was_lost_is_not_repeated() -> None:
    server = Server(
        httpx.ReadTimeout("slow"), httpx.Response(204, headers={"content-range": "*/0"})
    )

    with pytest.raises(SupabaseError, match="ReadTimeout"):
        ask(server, purge)

    assert len(server.requests) == 1


def test_a_purge_that_was_rolled_back_is_repeated() -> None:
    server = Server(httpx.Response(500), httpx.Response(204, headers={"content-range": "*/3"}))

    assert ask(server, purge) == 3


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (httpx.Response(400, json={"code": "42703", "message": "m"}), r"answered 400 \(42703\)$"),
        (httpx.Response(404, json={"code": "a very long and odd code"}), "answered 404$"),
        (httpx.Response(404, json=["list"]), "answered 404$"),
        (httpx.Response(403, text="forbidden"), "answered 403$"),
        (httpx.Response(302, headers={"location": "https://elsewhere.example"}), "answered 302$"),
        (httpx.Response(200, text="<html>"), "not JSON"),
        (httpx.Response(200, json={"id": "1"}), "not a list"),
        (httpx.Response(200, json=["row"]), "not a list"),
        (httpx.Response(200, json=[{"repo": "a/b"}]), "not a list"),
    ],
)
def test_an_answer_that_is_no_page_is_an_error_that_quotes_nothing(
    answer: httpx.Response, message: str
) -> None:
    with pytest.raises(SupabaseError, match=message):
        ask(Server(answer), page)


def test_retries_end_with_the_time() -> None:
    server = Server(httpx.Response(503))

    with pytest.raises(SupabaseError, match="answered 503"):
        ask(server, page, seconds=0)

    assert len(server.requests) == 1


def test_the_check_reads_one_row() -> None:
    server = Server(ok([]))

    ask(server, lambda m, _: m.check())

    assert server.query["limit"] == "1"
