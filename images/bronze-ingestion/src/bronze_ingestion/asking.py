"""Asks the source for one thing: within its rate, and checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from bronze_ingestion import box_scores, schedules
from bronze_ingestion.verdict import Fault, Verdict, parse

if TYPE_CHECKING:
    from bronze_ingestion.quarantine import Subject
    from bronze_ingestion.rate import Rate
    from bronze_ingestion.source import Answer, Source

RETRIES: Final = 3
"""How often something is asked for again that did not come, or not whole."""


class Reply(NamedTuple):
    """What became of a question.

    Attributes:
        data: The document; the text of what is none; None when nothing came.
        verdict: Whether it is what was asked for.
        too_soon: Whether the source was only asked too soon; then it is asked again, later, as
            often as the distance between requests can still be widened.
    """

    data: Any
    verdict: Verdict
    too_soon: bool = False


class Asking:
    """Questions to the source."""

    def __init__(self, source: Source, rate: Rate) -> None:
        """Take the source and its rate."""
        self._source = source
        self._rate = rate

    def ask(self, subject: Subject) -> Reply | float:
        """Ask once.

        Returns:
            What came of it; or how many seconds to wait before asking at all.

        Raises:
            AwsError: The table of the rate could not be used.
            RateError: It could not be written for the crowd.
        """
        wait = self._rate.take()
        if wait > 0:
            return wait
        answer = self._get(subject)
        if answer.body is None:
            too_soon = answer.refused and self._rate.refused(answer.retry_after)
            return Reply(None, Verdict.single(Fault.TRANSIENT, answer.problem), too_soon)
        self._rate.accepted()
        document, verdict = parse(answer.body)
        if not verdict.valid:
            return Reply(answer.body.decode(errors="replace"), verdict)
        return Reply(document, validate(document, subject))

    def _get(self, subject: Subject) -> Answer:
        if subject.game_id is None:
            return self._source.schedule(subject.day)
        return self._source.box_score(subject.game_id)


def validate(document: Any, subject: Subject) -> Verdict:
    """Whether a document is what it is taken for."""
    if subject.game_id is None:
        return schedules.validate(document, subject.day)
    return box_scores.validate(document, subject.game_id)
