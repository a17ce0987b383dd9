"""Running sections one after the other, so that none can lose what another found."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.performance import results
from tests.performance.bench import figures
from tests.performance.bench.sections import Section

LINES = 15  # of what a failed program said

type Run = Callable[[Section, dict[str, str]], subprocess.CompletedProcess[str]]


@dataclass
class Runner:
    """One run.

    Attributes:
        file: Where everything is written, again after each section.
        about: The commit and the machine.
        stack: Starts the local stack, once and only if a section wants it.
        run: Runs a section's program.
    """

    file: Path
    about: dict[str, Any]
    stack: Callable[[], AbstractContextManager[dict[str, Any]]]
    run: Run = field(default_factory=lambda: run)
    say: Callable[[str], None] = print

    def __post_init__(self) -> None:
        self._stack: dict[str, Any] | None = None
        self._broken = ""

    def all(self, sections: Iterable[Section]) -> dict[str, Any]:
        """Run them; return what the file then holds.

        What the file has of another commit or machine is dropped: one table is of one commit.
        """
        known = results.read(self.file)
        if any(known.get(name) != self.about[name] for name in ("commit", "machine")):
            results.write(self.file, dict(self.about))
        with ExitStack() as until_the_end:
            for section in sections:
                self.say(f"— {section.name}")
                outcome = self._one(section, until_the_end)
                self._keep(section, outcome)
                self.say(f"  {outcome['error'] or 'measured'} ({outcome['seconds']:.0f} s)")
        return results.read(self.file)

    def _one(self, section: Section, until_the_end: ExitStack) -> dict[str, Any]:
        began = time.monotonic()
        self._forget(section)
        error = self._stack_for(section, until_the_end) or self._program(section)
        seconds = round(time.monotonic() - began, 1)
        return {"error": error, "seconds": seconds, "ok": not error}

    def _forget(self, section: Section) -> None:
        """A section that fails must not show what an earlier run of it has found."""
        known = results.read(self.file)
        reports = {k: v for k, v in known.get("reports", {}).items() if k != section.report}
        results.write(self.file, known | {"reports": reports})

    def _stack_for(self, section: Section, until_the_end: ExitStack) -> str:
        if not section.stack or self._stack is not None:
            return ""
        if not self._broken:
            try:
                self._stack = until_the_end.enter_context(self.stack())
            except Exception as error:  # noqa: BLE001 - the other sections go on without it
                self._broken = f"the local stack did not start: {error}"
        return self._broken

    def _program(self, section: Section) -> str:
        variables = {"BENCH_FILE": str(self.file)}
        try:
            ended = self.run(section, variables)
        except subprocess.TimeoutExpired:
            return f"gave no result in {section.minutes:g} minutes"
        if report := results.read(self.file).get("reports", {}).get(section.report):
            error = figures.understood(section.name, report)
            if error:
                self._forget(section)
            return error  # a promise that was missed is in its figures
        said = "\n".join((ended.stdout + ended.stderr).strip().splitlines()[-LINES:])
        return f"ended with {ended.returncode} and no report: {said}"

    def _keep(self, section: Section, outcome: dict[str, Any]) -> None:
        known = results.read(self.file)
        if self._stack:
            known.setdefault("reports", {})["stack"] = self._stack
        ran = known.get("sections", {}) | {section.name: outcome}
        told = figures.of(known.get("reports", {}))
        content = known | self.about | {"sections": ran, "figures": [f.as_json() for f in told]}
        results.write(self.file, content)


def run(section: Section, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a section's program to its end."""
    return subprocess.run(
        section.words,
        cwd=results.ROOT,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=section.minutes * 60,
    )
