"""Runs the checks of every function, some functions at once."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from fleet import environments
from fleet.errors import FleetError
from fleet.release.validation import (
    configuration,
    events,
    images,
    inside,
    observability,
    permissions,
    routes,
    state,
    times,
)
from fleet.release.validation.checks import Check, FunctionResult, Validation, failed, skipped
from fleet.release.validation.subject import Options, Sources, Subject, look

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

WORKERS = 8
_NO_INVOKE = "--no-invoke leaves it out"


class Validator:
    """Validates functions of one environment; changes nothing."""

    def __init__(self, sources: Sources, options: Options) -> None:
        self._sources = sources
        self._options = options
        self._run: inside.Run | None = None
        self._no_run: Exception | None = None

    def run(
        self, functions: Sequence[str], progress: Callable[[str], None] = lambda _: None
    ) -> Validation:
        """Check every function; a check that cannot be made is one that failed."""
        began, started = time.perf_counter(), datetime.now(UTC)
        self._progress = progress
        # Times first: afterwards every instance is warm. One function at a time locally, where
        # all share one machine and would slow each other down.
        alone = 1 if self._sources.environment.is_local else WORKERS
        timed = self._sources.runner.map(self._times, functions, alone)
        self._inside(functions)
        checked = self._sources.runner.map(self._function, functions, WORKERS)
        results = [
            FunctionResult(function, [*checks, *measured], spent + took)
            for function, (checks, spent), (measured, took) in zip(
                functions, checked, timed, strict=True
            )
        ]
        run = self._run
        return Validation(
            project=self._sources.project.name,
            environment=self._sources.environment.name,
            started_at=started.isoformat(timespec="seconds"),
            seconds=round(time.perf_counter() - began, 3),
            functions=results,
            inside={"test_run_id": run.run_id, "reports": run.reports} if run else None,
        )

    def _inside(self, functions: Sequence[str]) -> None:
        """Have the test runner send the events; why it did not, the functions' checks say."""
        if not (self._options.inside and self._options.invoke):
            return
        self._progress(f"{inside.RUNNER}: events")
        samples = {
            function: events.samples(self._sources, function, self._options)
            for function in functions
            if function != inside.RUNNER
        }
        try:
            if any(samples.values()):
                self._run = inside.send(self._sources, samples)
        except (FleetError, ClientError, BotoCoreError) as error:
            self._no_run = error

    def _events(self, subject: Subject) -> list[Check]:
        if self._no_run and subject.function != inside.RUNNER:
            raise self._no_run
        return events.check(self._sources, subject, self._options, self._run)

    def _times(self, function: str) -> tuple[list[Check], float]:
        """A function's times, and how long it took to get them."""
        self._progress(f"{function}: times")
        began = time.perf_counter()
        checks = self._guard("times", partial(self._measure, function))
        return checks, round(time.perf_counter() - began, 3)

    def _measure(self, function: str) -> list[Check]:
        if not self._options.invoke:
            return [skipped("times", _NO_INVOKE)]
        try:
            subject = look(self._sources, function, {})
        except (FleetError, ClientError, BotoCoreError):
            # The other checks meet the same, and say what it is.
            return [skipped("times", "the function cannot be read")]
        return times.check(self._sources, subject)

    def _function(self, function: str) -> tuple[list[Check], float]:
        """A function's other checks, and how long these took."""
        self._progress(f"{function}: checks")
        began = time.perf_counter()
        found: list[Subject] = []
        checks = self._guard("state", partial(self._look, function, found))
        for subject in found:
            for group, work in self._groups(subject):
                checks += self._guard(group, work)
        return checks, round(time.perf_counter() - began, 3)

    def _look(self, function: str, found: list[Subject]) -> list[Check]:
        declared = self._sources.outputs.get("functions", {}).get(function)
        if declared is None:
            env = self._sources.environment.name
            raise FleetError(
                f"Terraform's outputs do not know {function}", f"run `make bootstrap ENV={env}`"
            )
        found.append(look(self._sources, function, declared))
        return state.check(found[0])

    def _groups(self, subject: Subject) -> list[tuple[str, Callable[[], list[Check]]]]:
        sources = self._sources
        read: list[tuple[str, Callable[[], list[Check]]]] = [
            ("configuration", partial(configuration.check, subject)),
            ("permissions.callers", partial(permissions.check_callers, sources, subject)),
            ("permissions.role", partial(permissions.check_role, sources, subject)),
            ("permissions.repository", partial(permissions.check_repository, sources, subject)),
            ("logs", partial(observability.check_log, sources, subject)),
            ("alarms", partial(observability.check_alarms, sources, subject)),
            ("images", partial(images.check, sources, subject)),
        ]
        if not self._options.invoke:
            return [*read, ("events", _left_out("events")), ("routes", _left_out("routes"))]
        return [
            *read,
            ("events", partial(self._events, subject)),
            ("routes", partial(routes.check, subject, self._options)),
        ]

    def _guard(self, group: str, work: Callable[[], list[Check]]) -> list[Check]:
        """What cannot be read has not been seen to be right."""
        try:
            return work()
        except FleetError as error:
            return [failed(group, error.message, error.todo)]
        except (ClientError, BotoCoreError) as error:
            explained = environments.explain(error, self._sources.environment)
            return [failed(group, explained.message, explained.todo)]


def _left_out(group: str) -> Callable[[], list[Check]]:
    return lambda: [skipped(group, _NO_INVOKE)]
