"""What a run found: the answer, and the reports in the bucket."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from function_kit.logging import get_logger

if TYPE_CHECKING:
    from collections.abc import Sequence

    from function_kit.s3 import Bucket

    from lambda_test_runner.run import Result

FOLDER: Final = "test-reports"
KINDS: Final = {
    "json": "application/json",
    "xml": "application/xml",
    "html": "text/html; charset=utf-8",
}
# Bytes. Lambda cuts nothing: an answer above 6 MB is an error.
LONGEST_ANSWER: Final = 5_000_000


@dataclass(slots=True)
class Report:
    """One run.

    Attributes:
        run_id: Its name, which sorts by time.
        environment: Where it ran.
        started_at: ISO 8601, in UTC.
        results: In the order of the cases.
        seconds: How long the invocations took.
    """

    run_id: str
    environment: str
    started_at: str
    results: Sequence[Result] = ()
    seconds: float = 0
    _began: float = field(default_factory=time.monotonic)

    @classmethod
    def begin(cls, environment: str) -> Report:
        """The report of a run that starts now."""
        now = datetime.now(UTC)
        run_id = f"{now:%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:8]}"
        return cls(run_id, environment, now.isoformat(timespec="seconds"))

    def end(self, results: Sequence[Result]) -> None:
        """Take the results of the run, which is over."""
        self.results = results
        self.seconds = round(time.monotonic() - self._began, 3)

    @property
    def by_function(self) -> dict[str, list[Result]]:
        """The results of each function."""
        found: dict[str, list[Result]] = {}
        for result in self.results:
            found.setdefault(result.function, []).append(result)
        return found

    @property
    def failed(self) -> int:
        """How many functions have a case that failed."""
        return sum(not all(r.passed for r in results) for results in self.by_function.values())

    def to_dict(self) -> dict[str, Any]:
        """Everything, as JSON has it."""
        total = len(self.by_function)
        return {
            "test_run_id": self.run_id,
            "environment": self.environment,
            "started_at": self.started_at,
            "seconds": self.seconds,
            "total_functions": total,
            "passed": total - self.failed,
            "failed": self.failed,
            "total_cases": len(self.results),
            "results": [result.to_dict() for result in self.results],
        }

    def key(self, kind: str) -> str:
        """Where a report is in the bucket."""
        return f"{FOLDER}/{self.run_id}.{kind}"

    def write(self, bucket: Bucket) -> None:
        """Put the reports into the bucket.

        Raises:
            AwsError: S3 did not take one.
        """
        # What makes them is not there until a run wants it: no cold start pays for it.
        from lambda_test_runner import pages  # noqa: PLC0415

        texts = {"xml": pages.junit(self), "html": pages.html(self)}
        texts["json"] = json.dumps(self.to_dict(), ensure_ascii=False)
        for kind, content_type in KINDS.items():
            bucket.put(self.key(kind), texts[kind].encode(), content_type)

    def answer(self, longest: int = LONGEST_ANSWER) -> dict[str, Any]:
        """What the caller is told: everything, less results that make it longer than Lambda takes.

        Args:
            longest: Bytes.
        """
        answer = self.to_dict()
        answer["reports"] = {kind: self.key(kind) for kind in KINDS}
        excess = len(json.dumps(answer)) - longest
        if excess <= 0:
            return answer
        kept: list[dict[str, Any]] = []
        room = len(json.dumps(answer["results"])) - excess
        for result in sorted(answer["results"], key=lambda result: result["passed"]):
            room -= len(json.dumps(result)) + 2
            if room < 0:
                break
            kept.append(result)
        left_out = len(self.results) - len(kept)
        return answer | {"results": kept, "results_left_out": left_out}

    def log(self) -> None:
        """A line for each case that failed, and one for the run."""
        log = get_logger()
        for result in self.results:
            if not result.passed:
                log.warning(
                    "case_failed", function=result.function, case=result.name, reason=result.reason
                )
        log.info("run_ended", run=self.run_id, cases=len(self.results), failed=self.failed)


def check(bucket: Bucket) -> None:
    """For smoke tests: see that reports can be written.

    Raises:
        AwsError: They cannot.
    """
    bucket.put(f"{FOLDER}/smoke-test.json", b"{}", KINDS["json"])
