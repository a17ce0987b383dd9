"""A function in a process of its own, for measuring it and for killing it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from tests.kit.services import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass
class Process:
    """A handler, imported and called by `tests.kit.invoke`.

    Attributes:
        module: Where the handler is.
        environment: What its environment has more than this one's.
    """

    module: str
    environment: dict[str, str]
    child: subprocess.Popen[str] = field(init=False)
    _folder: tempfile.TemporaryDirectory[str] = field(init=False)

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory()
        self.output = Path(self._folder.name) / "output"
        self._report = Path(self._folder.name) / "report"
        with self.output.open("w") as output:
            self.child = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "tests.kit.invoke",
                    self.module,
                    self._report,
                ],
                cwd=ROOT,
                env=os.environ | self.environment,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
            )
        return self

    def __exit__(self, *_: object) -> None:
        if self.child.stdin:
            self.child.stdin.close()
        self.child.wait(timeout=30)
        self._folder.cleanup()

    def send(
        self, event: dict[str, Any], *, seconds: float = 300.0, request_id: str | None = None
    ) -> None:
        """Begin an invocation."""
        request = {
            "event": event,
            "seconds": seconds,
            "request_id": request_id or str(uuid.uuid4()),
        }
        assert self.child.stdin is not None
        self.child.stdin.write(json.dumps(request) + "\n")
        self.child.stdin.flush()

    def answers(self) -> list[dict[str, Any]]:
        """The outcomes of the invocations that have ended so far."""
        lines = self._report.read_text().splitlines() if self._report.exists() else []
        return [json.loads(line) for line in lines]

    def answer(self, number: int, seconds: float = 60.0) -> dict[str, Any]:
        """The outcome of invocation `number`, counted from 0, when it has ended."""
        until(lambda: len(self.answers()) > number or self.child.poll() is not None, seconds)
        return self.answers()[number]

    def chain(
        self, event: dict[str, Any], taken: list[dict[str, Any]], *, seconds: float
    ) -> list[dict[str, Any]]:
        """Invoke, then go on with every `event` that was `taken` meanwhile, in this process."""
        events, number = [event], 0
        while events:
            self.send(events.pop(), seconds=seconds)
            self.answer(number)
            number += 1
            events = [item["event"] for item in taken]
            taken.clear()
        return self.answers()


def until(condition: Callable[[], object], seconds: float = 30.0) -> None:
    """Return when `condition` holds.

    Raises:
        TimeoutError: It did not in time.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("what was waited for did not happen")
        time.sleep(0.02)
