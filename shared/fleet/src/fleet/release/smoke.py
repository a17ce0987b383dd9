"""Judging a new version by its smoke event."""

from __future__ import annotations

from typing import TYPE_CHECKING

from function_kit import expectations

if TYPE_CHECKING:
    from fleet.project import SampleEvent
    from fleet.release.told import Answer


def verdict(answer: Answer, sample: SampleEvent) -> str | None:
    """Why an answer fails its event; None when it passes."""
    source = f"{sample.name}.json"
    return expectations.refusal(answer.payload, answer.function_error, sample.expect, source)
