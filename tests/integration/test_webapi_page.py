"""The messages' page in a real browser, against the function behind a gateway in this process."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from function_kit.signed_api import SignedApi
from message_kit.claims import Claimed, Claims, Lease
from message_kit.message import Draft, Message, MessageType, Status

from tests.kit import browser
from tests.kit.browser import Page
from tests.kit.gateway import Gateway
from tests.kit.messages_page import MessagesPage, axe
from tests.kit.webapi import WebApi, fronted, web_api

WIDTHS = (360, 1280)
SECRET = "a-secret-that-stays-here"


@pytest.fixture(scope="module")
def tab() -> Iterator[Page]:
    found = browser.find()
    if not found:
        pytest.skip("no Chromium: shared/fleet/prepare/browser.sh installs one, CHROMIUM names one")
    with browser.page(found) as made:
        yield made


@pytest.fixture(scope="module")
def axe_core() -> str:
    source = axe()
    if source is None:
        pytest.skip("no axe-core: shared/fleet/prepare/axe.sh fetches it, with npm")
    return source


@pytest.fixture(scope="module")
def api(aws_endpoint: str) -> Iterator[WebApi]:
    with web_api(aws_endpoint) as made:
        yield made


@pytest.fixture
def front(api: WebApi) -> Iterator[Gateway]:
    with fronted(api, secret=SECRET) as made:
        yield made


@pytest.fixture
def page(tab: Page, front: Gateway) -> MessagesPage:
    """The page, signed in."""
    made = MessagesPage(tab, front.url)
    made.open()
    made.sign_in(secret=SECRET)
    made.see("as of")
    return made


class Worker:
    """Works on messages, as message-processor does."""

    def __init__(self, api: WebApi) -> None:
        self.dynamodb = SignedApi("dynamodb", base=api.endpoint)
        self._claims = Claims(self.dynamodb, api.table)

    def take(self, message: Message) -> Claimed:
        lease = Lease("worker", "delivery", datetime.now(UTC).timestamp() + 60)
        claimed = self._claims.claim(message.key, lease)
        assert isinstance(claimed, Claimed)
        return claimed

    def complete(self, message: Message) -> None:
        assert self._claims.complete(self.take(message))

    def fail(self, message: Message, reason: str) -> None:
        assert self._claims.fail(self.take(message), reason, settled=True)


@pytest.fixture
def worker(api: WebApi) -> Iterator[Worker]:
    made = Worker(api)
    yield made
    made.dynamodb.close()


def stored(number: int, **changes: Any) -> Message:
    draft = Draft(message_type=MessageType.NOTIFY, payload={"message": f"number {number}"})
    made = draft.message("dev", datetime.now(UTC) - timedelta(minutes=number))
    return made.model_copy(update={"status": Status.COMPLETED} | changes)


def newest(api: WebApi) -> Message:
    _, body = api.ask("GET", "/api/messages", limit=1)
    return Message.model_validate(body["messages"][0])


def test_a_message_is_sent_fails_and_is_sent_again(
    page: MessagesPage, api: WebApi, worker: Worker
) -> None:
    page.go("#/send", "Send a message")
    page.write("message", "Grüße & <b>more</b>")
    page.choose("priority", "4")
    page.submit()
    page.see("Its way")
    message = newest(api)
    assert message.payload == {"message": "Grüße & <b>more</b>", "priority": 4}
    assert message.created_by == "page"
    assert "Grüße & <b>more</b>" in page.text

    worker.fail(message, "ntfy answered 404")
    page.see("Why: ntfy answered 404")  # without a click: the page follows the message
    assert "✕ failed" in page.text

    page.click("Send it again")
    page.see("tried again once")
    worker.complete(message)
    page.see("● completed")
    assert "Send it again" not in page.text
    steps = page.page.run("[...document.querySelectorAll('.way .badge')].map(e => e.innerText)")
    assert [step.split()[-1] for step in steps] == [
        "created", "queued", "processing", "failed", "created", "queued", "processing", "completed",
    ]  # fmt: skip


def test_messages_by_status_page_by_page(aws_endpoint: str, tab: Page) -> None:
    with web_api(aws_endpoint) as api, fronted(api) as front:
        api.store(*(stored(n) for n in range(60)))
        api.store(*(stored(n, status=Status.FAILED, error_message="why") for n in (61, 62)))
        page = MessagesPage(tab, front.url)
        page.open()
        page.sign_in()
        page.see("25 shown")
        assert page.rows()[0][1:] == ["● completed", "notify", "number 0"]
        page.click("Older")
        page.see("number 49")
        page.click("Older")
        page.see("12 shown")
        assert [row[3] for row in page.rows()][-3:] == ["number 59", "why", "why"]
        assert "Older" not in page.text
        page.click("Newest")
        page.see("25 shown")
        page.click("failed")
        page.see("Messages: failed")
        assert len(page.rows()) == 2
        page.click("queued")
        page.see("No message is queued.")


def test_a_message_is_found_by_its_id(page: MessagesPage, api: WebApi) -> None:
    message = stored(5)
    api.store(message)
    page.go("#/messages", "as of")
    page.write("id", f" {message.id} ")
    page.click("Find")
    page.see("number 5")
    page.go("#/messages/msg_nothing", "There is no message msg_nothing.")
    page.click("To the messages")
    page.see("as of")


def test_what_the_api_says_of_a_message_is_told_beside_its_field(page: MessagesPage) -> None:
    page.go("#/send", "Send a message")
    page.choose("message_type", "web_action")
    page.write("payload", "not JSON")
    page.submit()
    page.see("This is not JSON")
    assert page.focused == "Payload"
    page.write("payload", '{"n": 1e300}')
    page.submit()
    page.see("DynamoDB cannot keep exactly")
    assert page.page.run("document.activeElement.getAttribute('aria-invalid')") == "true"


def test_schedules(page: MessagesPage, api: WebApi) -> None:
    page.go("#/schedules", "Another schedule")
    page.write("name", "daily-news")
    page.write("expression", "every day")
    page.write("message", "Good morning")
    page.submit()
    page.see("an expression is rate(5 minutes)")
    page.write("expression", "rate(1 day)")
    page.submit()
    page.see("▸ runs")
    page.click("Pause")
    page.see("‖ paused")
    assert api.ask("GET", "/api/schedules")[1]["schedules"][0]["state"] == "DISABLED"
    page.click("Resume")
    page.see("▸ runs")
    page.click("Run now")
    page.see("Its way")
    assert newest(api).payload == {"message": "Good morning"}
    page.go("#/schedules", "daily-news")
    page.click("Delete")
    assert api.ask("GET", "/api/schedules")[1]["count"] == 1
    page.click("Really delete")
    page.see("There are no schedules yet.")


def test_counts(aws_endpoint: str, tab: Page) -> None:
    with web_api(aws_endpoint) as api, fronted(api) as front:
        api.store(*(stored(n) for n in range(3)), stored(4, status=Status.FAILED))
        page = MessagesPage(tab, front.url)
        page.open("#/counts")
        page.sign_in()
        page.see("4 messages, counted at")
        page.see("4 messages were created in the last 24 hours.")
        bars = "document.querySelectorAll('.chart rect.{}').length"
        assert page.page.run(bars.format("completed")) >= 1
        assert page.page.run(bars.format("failed")) == 1
        tab.run("document.querySelector('summary').click()")
        assert sum(int(row[4]) for row in page.rows()) == 4
        assert len(page.rows()) == 24


def test_wrong_credentials_and_none(tab: Page, front: Gateway) -> None:
    page = MessagesPage(tab, front.url)
    page.open()
    assert front.seen  # the page's own files
    assert not [path for _, path in front.seen if path.startswith("/api")]
    page.sign_in(secret="wrong")
    page.see("The API does not let you in: Forbidden")
    page.sign_in(secret=SECRET)
    page.see("as of")
    page.click("Sign out")
    page.see("Sign in")
    page.open()  # a reload forgets
    page.see("Access key ID")


def test_short_lived_credentials(api: WebApi, tab: Page) -> None:
    with fronted(api, token="a/token+with=signs") as front:
        page = MessagesPage(tab, front.url)
        page.open()
        page.sign_in(token="a/token+with=signs")
        page.see("as of")


def test_the_page_keeps_no_credentials_and_asks_nobody_else(
    page: MessagesPage, front: Gateway
) -> None:
    page.go("#/counts", "The last day")
    kept = page.page.run(
        "JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])"
    )
    assert SECRET not in kept
    assert SECRET not in page.page.run("document.documentElement.outerHTML")
    assert not [url for url in page.page.requests if not url.startswith((front.url, "about:"))]
    assert page.page.complaints == []


def test_the_api_is_away_and_comes_back(page: MessagesPage, front: Gateway) -> None:
    shown = page.rows()
    front.away = True
    page.click("Refresh")
    page.see("The API cannot be reached.")
    page.see("You see what was there at")
    assert page.rows() == shown
    page.go("#/schedules", "Nothing could be loaded yet.")
    front.away = False
    page.click("Try now")
    page.see("Another schedule")
    assert "cannot be reached" not in page.page.run("document.body.innerText")


NEWS = "document.getElementById('news').textContent"
ONLINE = "window.dispatchEvent(new Event('online'))"
WRITTEN = "document.querySelector('[name=message]')?.value"


def test_a_network_that_comes_back_leaves_a_form_as_it_is(page: MessagesPage) -> None:
    page.go("#/send", "Send a message")
    page.write("message", "half of what I")
    page.page.run(ONLINE)
    page.keys("Tab")
    assert page.focused == "Title", "nothing was made anew"
    assert page.page.run(WRITTEN) == "half of what I"


def test_only_an_answer_ends_an_outage_and_a_form_outlasts_it(
    page: MessagesPage, front: Gateway
) -> None:
    front.away = True
    page.click("Refresh")
    page.see("The API cannot be reached.")
    page.go("#/send", "Send a message")
    page.write("message", "half of what I")
    assert "answers again" not in page.page.run(NEWS)
    page.see("The API cannot be reached.")
    front.away = False
    page.page.run(ONLINE)
    page.page.until(f"{NEWS} === 'The API answers again.'")
    assert "cannot be reached" not in page.page.run("document.body.innerText")
    assert page.page.run(WRITTEN) == "half of what I"


@pytest.mark.parametrize("lost", ["app.js", "dom.js"])
def test_a_page_that_came_incomplete_says_so_and_loads_again(
    tab: Page, api: WebApi, lost: str
) -> None:
    asked: list[str] = []

    def fails_once(event: dict[str, Any], context: Any) -> Any:
        asked.append(event["rawPath"])
        if asked.count(f"/assets/{lost}") == 1 and asked[-1].endswith(lost):
            return {"statusCode": 503, "body": '{"message":"Service Unavailable"}'}
        return api.handler(event, context)

    with fronted(replace(api, handler=fails_once)) as front:
        page = MessagesPage(tab, front.url)
        tab.show("about:blank", 1280)
        tab.show(front.url, 1280)
        page.see("This page could not be loaded completely.")
        page.see("Access key ID")  # without a click
        assert "could not be loaded" not in page.text


def test_sending_while_the_api_is_away_is_not_repeated(
    page: MessagesPage, front: Gateway, api: WebApi
) -> None:
    before = newest(api)
    page.go("#/send", "Send a message")
    page.write("message", "once")
    front.away = True
    page.submit()
    page.see("It may have been done all the same")
    assert page.page.run("document.querySelector('[name=message]').value") == "once"
    front.away = False
    assert newest(api).id == before.id
    page.submit()
    page.see("Its way")
    assert newest(api).payload == {"message": "once"}


def test_by_keyboard_alone(tab: Page, front: Gateway, api: WebApi) -> None:
    page = MessagesPage(tab, front.url)
    page.open()
    page.keys("Tab")
    assert page.focused == "To the content"
    page.keys(*["Tab"] * 5)
    assert page.focused == "Access key ID"
    tab.type("test")
    page.keys("Tab")
    tab.type(SECRET)
    page.keys("Enter")
    page.see("as of")
    assert page.focused == "Messages"  # the heading of what is new
    page.go("#/send", "Send a message")
    page.keys("Tab", "Tab")
    assert page.focused == "Text"
    tab.type("by keyboard")
    page.keys("Tab", "Tab", "Tab", "Enter")
    page.see("Its way")
    assert newest(api).payload == {"message": "by keyboard"}


PARTS = {
    "#/messages": "as of",
    "#/send": "Send a message",
    "#/counts": "The last day",
    "#/schedules": "Another schedule",
}


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_keeps_anybody_out(
    page: MessagesPage, api: WebApi, front: Gateway, axe_core: str, width: int, dark: bool
) -> None:
    failed = stored(1, status=Status.FAILED, error_message="ntfy answered 404 " * 20)
    api.store(failed)
    api.ask("POST", "/api/schedules", {
        "name": "x" * 64, "expression": "rate(1 day)", "message": {"message_type": "hello_world"},
    })  # fmt: skip
    page.page.look(width, dark=dark)
    for part, heading in (PARTS | {f"#/messages/{failed.id}": "Its way"}).items():
        page.go(part, heading)
        assert page.severe(axe_core) == [], part
        assert not page.is_too_wide(), part
    front.away = True
    page.go("#/messages", "The API cannot be reached.")
    assert page.severe(axe_core) == []
    front.away = False
    page.click("Sign out")
    page.see("Access key ID")
    assert page.severe(axe_core) == []
