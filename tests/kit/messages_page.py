"""The messages' page in a real browser, as a person uses it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.kit.browser import Page

TEST = "test"
_PREPARED = Path(__file__).resolve().parents[2] / ".fleet"
_SEVERE = ("serious", "critical")
_RUN = """axe.run(document, {resultTypes: ['violations']}).then(found => found.violations
  .map(v => [v.impact, v.id, v.nodes.map(n => n.html + ' ' + n.failureSummary)]))"""


def axe() -> str | None:
    """axe-core's source, if prepare has fetched it."""
    found = sorted(_PREPARED.glob("axe-*.js"))
    return found[-1].read_text(encoding="utf-8") if found else None


class MessagesPage:
    """One tab with the page."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url

    def open(self, part: str = "", width: int = 1280, *, dark: bool = False) -> None:
        """Load the page anew, as a stranger."""
        # An address that differs only behind the # would not load anything.
        self.page.show("about:blank", width)
        self.page.show(f"{self.url}/{part}", width, dark=dark)
        self.page.until("!!document.querySelector('h1')")

    def sign_in(self, *, key: str = "test", secret: str = TEST, token: str = "") -> None:
        for name, value in {"keyId": key, "secret": secret, "token": token}.items():
            self.write(name, value)
        self.click("Sign in")

    def go(self, part: str, heading: str) -> None:
        """Follow a link of the page to a part of it."""
        self.page.run(f"location.hash = {json.dumps(part)}")
        self.see(heading)

    def see(self, text: str, seconds: float = 20.0) -> None:
        """Wait until the main part says something, or something else of the page does."""
        wanted = json.dumps(text)
        self.page.until(f"document.body?.innerText.includes({wanted})", seconds)

    def write(self, name: str, value: str) -> None:
        """Put a value into a field, in place of what is there."""
        self.page.run(
            f"(f => {{ f.focus(); f.value = ''; f.select?.() }})"
            f"(document.querySelector('[name=\"{name}\"]'))"
        )
        if value:
            self.page.type(value)

    def choose(self, name: str, value: str) -> None:
        """Choose of a list."""
        self.page.run(
            f"(f => {{ f.value = {json.dumps(value)}; "
            "f.dispatchEvent(new Event('change', {bubbles: true})) })"
            f"(document.querySelector('[name=\"{name}\"]'))"
        )

    def click(self, label: str) -> None:
        """Click on the button or link of a name."""
        wanted = json.dumps(label)
        self.page.until(
            "(e => e && !e.disabled && (e.click(), true))"
            "([...document.querySelectorAll('button, a')]"
            f".find(e => e.checkVisibility() && e.textContent.trim() === {wanted}))"
        )

    def submit(self) -> None:
        """Press the form's own button."""
        self.page.run("document.querySelector('main button.primary').click()")

    def keys(self, *names: str) -> None:
        """Press keys, one after the other."""
        codes = {"Tab": 9, "Enter": 13, " ": 32}
        for name in names:
            self.page.press(name, codes[name])

    @property
    def focused(self) -> str:
        """What has the focus, by its text or name."""
        found: str = self.page.run(
            "(e => (e.labels?.[0]?.textContent ?? e.getAttribute('aria-label') ?? e.textContent)"
            ".trim())(document.activeElement)"
        )
        return found

    @property
    def text(self) -> str:
        found: str = self.page.run("document.querySelector('main').innerText")
        return found

    def rows(self) -> list[list[str]]:
        """The first table's rows, cell by cell."""
        found: list[list[str]] = self.page.run(
            "[...document.querySelector('main table').tBodies[0].rows]"
            ".map(r => [...r.cells].map(c => c.innerText.trim()))"
        )
        return found

    def severe(self, source: str) -> list[Any]:
        """What axe-core finds that keeps people out."""
        if not self.page.run("!!window.axe"):
            self.page.run(f"{source};0")  # the browser's own tools are above the page's policy
        found: list[list[Any]] = self.page.run(_RUN)
        return [violation for violation in found if violation[0] in _SEVERE]

    def is_too_wide(self) -> bool:
        """Whether one would have to scroll sideways."""
        wide: bool = self.page.run("document.documentElement.scrollWidth > innerWidth")
        return wide
