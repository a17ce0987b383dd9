"""The sample events, sent from inside the VPC: by the function lambda-test-runner."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from fleet.errors import FleetError
from fleet.release.told import ALIAS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fleet.project import SampleEvent
    from fleet.release.validation.subject import Sources

RUNNER: Final = "lambda-test-runner"


@dataclass(frozen=True)
class Run:
    """What the runner found.

    Attributes:
        run_id: its name of the run.
        reports: where in its bucket the reports are, by their kind.
        results: by function and event.
    """

    run_id: str
    reports: Mapping[str, str]
    results: Mapping[tuple[str, str], dict[str, Any]] = field(default_factory=dict)

    def result(self, function: str, event: str) -> dict[str, Any]:
        """How an event ended.

        Raises:
            FleetError: The answer had no room for it.
        """
        found = self.results.get((function, event))
        if found is None:
            raise FleetError(
                "the runner's answer has no result of it",
                f"its report does: {self.reports.get('json', 'none')}, in the reports' bucket",
            )
        return found


def send(sources: Sources, samples: Mapping[str, Sequence[SampleEvent]]) -> Run:
    """Have the runner send events, all in one run.

    Args:
        sources: where the runner is.
        samples: by function.

    Raises:
        FleetError: The runner is not there, failed, or did not understand.
    """
    cases = [
        {"function": function, "name": sample.name, "event": sample.event, "expect": sample.expect}
        for function, events in samples.items()
        for sample in events
    ]
    answer = sources.control(RUNNER).invoke(ALIAS, {"cases": cases})
    found = answer.payload
    if answer.function_error or not isinstance(found, dict) or "test_run_id" not in found:
        raise FleetError(
            f"{RUNNER} did not run the events: {answer.function_error or _refusal(found)}",
            f"`fleet logs --function {RUNNER}` shows why; without --inside they are sent from here",
        )
    results = {(item["function"], item["name"]): item for item in found["results"]}
    return Run(found["test_run_id"], found["reports"], results)


def _refusal(payload: Any) -> str:
    status = payload.get("statusCode") if isinstance(payload, dict) else None
    return f"it answered {status}: is it of an older release?" if status else "no results came"
