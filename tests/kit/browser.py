"""A real Chromium, driven over its debugging pipe: no driver and no library between."""

from __future__ import annotations

import base64
import contextlib
import fcntl
import itertools
import json
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
INTERRUPTED = "net::ERR_NETWORK_CHANGED"
TRIES = 5
_FLAGS = (
    "--headless",
    "--no-sandbox",  # tests run as root in containers
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--no-first-run",
    "--disable-background-networking",
    "--remote-debugging-pipe",
)


def find() -> str | None:
    """The browser that CHROMIUM names, or one of the PATH."""
    names = (os.environ.get("CHROMIUM", ""), *NAMES)
    return next((found for name in names if name and (found := shutil.which(name))), None)


class Page:
    """One tab. What it asked the network for is in `requests`."""

    def __init__(self, pipe: _Pipe) -> None:
        self._pipe = pipe
        target = pipe.call("Target.createTarget", url="about:blank")["targetId"]
        attached = pipe.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Network", "Log", "Runtime", "Accessibility"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> Any:
        """A command of the DevTools protocol."""
        return self._pipe.call(method, self._session, **parameters)

    def show(
        self, place: Path | str, width: int = 1280, *, dark: bool = False, print_: bool = False
    ) -> None:
        """Open a file or an address at a width in pixels, and wait until it is loaded.

        A container that starts elsewhere on the machine changes its interfaces, whereupon Chromium
        drops what it is loading: then it is loaded again.
        """
        self.look(width, dark=dark, print_=print_)
        url = place if isinstance(place, str) else place.resolve().as_uri()
        for _ in range(TRIES):
            self._pipe.events.clear()
            # Of the document itself the answer tells, of what belongs to it the console.
            failure = self.call("Page.navigate", url=url).get("errorText", "")
            self._pipe.wait("Page.loadEventFired")
            if not any(INTERRUPTED in said for said in (failure, *self._said())):
                return

    def look(self, width: int, *, dark: bool = False, print_: bool = False) -> None:
        """Change the width in pixels, the colours and the medium of what is open."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=900,
                  deviceScaleFactor=1, mobile=False)  # fmt: skip
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", media="print" if print_ else "", features=[scheme])

    def run(self, script: str) -> Any:
        """The value of a JavaScript expression."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True,
                           awaitPromise=True)  # fmt: skip
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def until(self, script: str, seconds: float = 30) -> Any:
        """The value of a JavaScript expression, as soon as it is one that counts."""
        deadline = time.monotonic() + seconds
        while not (value := self._value(script)):
            if time.monotonic() > deadline:
                shown = self.run("document.body.innerText")
                said = "\n".join(self._said())
                raise AssertionError(f"{script} never became true; shown is:\n{shown}\n{said}")
            time.sleep(0.05)
        return value

    def _value(self, script: str) -> Any:
        """An expression's value; None when another page was opened meanwhile."""
        try:
            return self.run(script)
        except NavigatedError:
            return None

    def type(self, text: str) -> None:
        """Write into what has the focus."""
        self.call("Input.insertText", text=text)

    def press(self, key: str, code: int) -> None:
        """Press and let go of a key, as the keyboard does."""
        typed = {" ": " ", "Enter": "\r"}.get(key)
        text = {"text": typed} if typed else {}
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code,
                      **(text if kind == "keyDown" else {}))  # fmt: skip

    def picture(self, path: Path) -> Path:
        """The whole page as a PNG."""
        answer = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(answer["data"]))
        return path

    @property
    def requests(self) -> list[str]:
        """Every address that was asked for since the page was opened."""
        events = self._pipe.events
        sent = [e for e in events if e["method"] == "Network.requestWillBeSent"]
        return [event["params"]["request"]["url"] for event in sent]

    @property
    def complaints(self) -> list[str]:
        """What is on the console: of the browser, such as what a policy blocked, and of scripts."""
        return [said for said in self._said() if INTERRUPTED not in said]

    def _said(self) -> list[str]:
        self.run("null")  # so that what was said until now has arrived
        return [said for event in self._pipe.events if (said := _complaint(event))]


def _complaint(event: dict[str, Any]) -> str | None:
    told = event.get("params", {})
    match event["method"]:
        case "Log.entryAdded":
            return str(told["entry"]["text"])
        case "Runtime.exceptionThrown":
            return json.dumps(told["exceptionDetails"])
        case "Runtime.consoleAPICalled" if told["type"] in {"error", "warning", "assert"}:
            return json.dumps(told["args"])
        case _:
            return None


class NavigatedError(Exception):
    """The page that was asked went away before it answered."""


class _Pipe:
    """JSON messages that end with a zero byte, to and from the browser."""

    def __init__(self, reader: int, writer: int) -> None:
        self._reader, self._writer = reader, writer
        self._numbers = itertools.count(1)
        self._rest = b""
        self.events: list[dict[str, Any]] = []

    def call(self, method: str, session: str | None = None, **parameters: Any) -> Any:
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters}
        message |= {"sessionId": session} if session else {}
        os.write(self._writer, json.dumps(message).encode() + b"\0")
        while (answer := self._read()).get("id") != number:
            self.events.append(answer)
        if "navigated" in answer.get("error", {}).get("message", ""):
            raise NavigatedError
        assert "error" not in answer, f"{method}: {answer['error']}"
        return answer["result"]

    def wait(self, event: str) -> None:
        while event not in {seen["method"] for seen in self.events[-3:]}:
            self.events.append(self._read())

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            read = os.read(self._reader, 1 << 20)
            assert read, "the browser has ended"
            self._rest += read
        message, _, self._rest = self._rest.partition(b"\0")
        decoded: dict[str, Any] = json.loads(message)
        return decoded


def _high_pipe() -> tuple[int, int]:
    pipe = os.pipe()
    reader, writer = (fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in pipe)
    for end in pipe:
        os.close(end)
    return reader, writer


@contextlib.contextmanager
def page(browser: str) -> Iterator[Page]:
    """A browser with one tab, which ends with the block."""
    # The browser reads descriptor 3 and writes 4: the pipes' own must not be among these.
    to_read, to_write = _high_pipe(), _high_pipe()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = f'exec "$@" 3<&{to_read[0]} 4>&{to_write[1]}'
        child = subprocess.Popen(
            ["bash", "-c", command, "bash", browser, *_FLAGS, f"--user-data-dir={profile}"],
            pass_fds=(to_read[0], to_write[1]),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_read[0])
        os.close(to_write[1])
        try:
            yield Page(_Pipe(to_write[0], to_read[1]))
        finally:
            child.terminate()
            child.wait(timeout=30)
            os.close(to_read[1])
            os.close(to_write[0])
