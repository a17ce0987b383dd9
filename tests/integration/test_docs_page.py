"""The page of the documentation in a real Chromium, served as API Gateway serves it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.kit import browser, docs, gateway
from tests.kit.browser import Page
from tests.kit.small_aws import SmallAws

OPERATIONS = (
    "[...document.querySelectorAll('.opblock .opblock-summary-path')].map(e => e.innerText)"
)
TRY = "document.querySelector('#operations-Documentation-getOpenApi {}')"


@dataclass(frozen=True)
class Site:
    """The page under an address, and the AWS behind it."""

    page: Page
    url: str
    aws: SmallAws

    def show(self, address: str = "/docs", width: int = 1280, *, dark: bool = False) -> None:
        self.page.show(self.url + address, width, dark=dark)
        self.page.until(OPERATIONS)


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    found = browser.find()
    if not found:
        pytest.skip("no Chromium: shared/fleet/prepare/browser.sh installs one, CHROMIUM names one")
    with browser.page(found) as tab:
        yield tab


@pytest.fixture
def site(page: Page) -> Iterator[Site]:
    aws = docs.small_aws()
    token = docs.route("GET /clock", "sync-clock", "JWT", authorizerId="jwt1")
    aws.apis["z9y8"] = docs.api(token, name="messages", api_id="z9y8")
    with (
        docs.handler(aws, API_IDS=f"{docs.API},z9y8") as handle,
        gateway.serving(handle, docs.OWN_ROUTES) as url,
    ):
        for api in aws.apis.values():
            api["api"]["apiEndpoint"] = url
        yield Site(page, url, aws)


def test_every_route_is_shown_and_the_console_stays_empty(site: Site) -> None:
    site.show()
    shown = site.page.run(OPERATIONS)
    own = [key.partition(" ")[2].replace("+", "") for key in docs.OWN_ROUTES]
    assert sorted(shown) == sorted([*own, "/clock", "/ppu/treatments"])
    site.page.run("document.querySelectorAll('.opblock-summary-control').forEach(b => b.click())")
    site.page.until("document.querySelectorAll('.opblock.is-open').length == 5")
    assert site.page.complaints == []


def test_nobody_else_is_asked_for_anything(site: Site) -> None:
    site.show()
    origins = {urlsplit(url).netloc for url in site.page.requests if not url.startswith("data:")}
    assert origins == {urlsplit(site.url).netloc}


def test_a_public_route_can_be_tried_out(site: Site) -> None:
    site.show("/docs#/Documentation/getOpenApi")
    for button in (".try-out__btn", ".execute"):
        site.page.until(f"(found => found && (found.click(), true))({TRY.format(button)})")
    status = f"{TRY.format('.live-responses-table tbody .response-col_status')}?.innerText"
    assert site.page.until(status).startswith("200")
    answer = f"{TRY.format('.live-responses-table .microlight')}?.innerText"
    assert "insertTreatments" in site.page.until(answer)
    assert site.page.complaints == []


def test_a_token_can_be_given_where_one_is_wanted(site: Site) -> None:
    site.show("/docs?api=messages")
    site.page.run("document.querySelector('.btn.authorize').click()")
    dialog = site.page.until("document.querySelector('.dialog-ux .modal-ux')?.innerText")
    assert "(http, Bearer)" in dialog
    assert "A token of https://issuer.example/." in dialog


def test_pages_lead_to_each_other(site: Site) -> None:
    site.show()
    site.page.run("document.querySelector('nav a:not([aria-current])').click()")
    site.page.until("document.querySelector('.info .title')?.innerText.startsWith('messages')")
    assert site.page.run(OPERATIONS) == ["/clock"]


@pytest.mark.parametrize("width", [1280, 400])
def test_no_width_needs_scrolling_sideways(site: Site, width: int) -> None:
    site.show(width=width)
    assert site.page.run("document.documentElement.scrollWidth") == width


def test_the_page_is_dark_where_the_system_is(site: Site) -> None:
    grounds = []
    for dark in (False, True):
        site.show(dark=dark)
        grounds.append(site.page.run("getComputedStyle(document.documentElement).backgroundColor"))
    assert grounds[0] != grounds[1]


def test_the_page_in_one_file_works_from_a_disk(site: Site, tmp_path: Path) -> None:
    with docs.handler(site.aws) as handle:
        handle({"format": "html"})
    file = tmp_path / "index.html"
    file.write_bytes(site.aws.objects[f"/docs/{docs.API}/index.html"])
    site.page.show(file)
    site.page.until(OPERATIONS)
    assert "/ppu/treatments" in site.page.run(OPERATIONS)
    assert site.page.complaints == []
    asked = [url for url in site.page.requests if not url.startswith("data:")]
    assert asked == [file.as_uri()]
