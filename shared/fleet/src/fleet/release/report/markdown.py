"""A report in Markdown, for the summary of a workflow's job or a pull request."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from fleet.release.report import words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fleet.release.outcome import FunctionOutcome, Look, Report

_ICONS: Final = {"bad": "❌", "warn": "⚠️", "good": "✅", "calm": "⚪"}
_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]()#+!|~<>@:-])")
_LISTED = 200
_EXPLAINED = 50


def render(report: Report) -> str:
    """Markdown of a report, the functions that need reading first.

    Args:
        report: redacted; see `redact.whole`. What functions answered is left out.
    """
    ordered = words.by_severity(report.functions)
    parts = [
        f"## {_ICONS[words.tone(report)]} {_text(words.title(report))}",
        f"**{words.sentence(report)}** · {_about(report)}",
        f"> Told to overlook: {_text(report.audit)}" if report.audit else "",
        _functions(ordered),
        *_explained([outcome for outcome in ordered if words.needs_reading(outcome)]),
        _notes(ordered),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _about(report: Report) -> str:
    took = "still running"
    if report.finished_at is not None:
        took = words.duration(report.finished_at - report.started_at)
    code = int(report.exit_code)
    return (
        f"{_text(words.strategy(report))} · {took} · by {_text(report.actor)} · "
        f"exit code {code} ({words.EXIT_CODES[code]}) · run {_code(report.run_id)}"
    )


def _functions(ordered: Sequence[FunctionOutcome]) -> str:
    if not ordered:
        return "No function took part."
    rows = [
        (
            f"{_ICONS[words.RESULTS[outcome.result][1]]} {words.RESULTS[outcome.result][0]}",
            _text(outcome.function),
            _text(words.versions(outcome)),
            _code(words.short_tag(outcome.tag)),
            words.VERDICTS[outcome.verdict][0] if outcome.verdict else "",
            words.duration(words.seconds(outcome)) if outcome.steps else "",
        )
        for outcome in ordered[:_LISTED]
    ]
    table = _table(("result", "function", "version", "image", "judge", "took"), rows)
    left = len(ordered) - _LISTED
    return table + (f"\n\n… and {left} more: {_rest(ordered[_LISTED:])}" if left > 0 else "")


def _rest(outcomes: Iterable[FunctionOutcome]) -> str:
    labels = [words.RESULTS[outcome.result][0] for outcome in outcomes]
    return ", ".join(f"{labels.count(label)} {label}" for label in dict.fromkeys(labels))


def _explained(remarkable: Sequence[FunctionOutcome]) -> list[str]:
    parts = [part for outcome in remarkable[:_EXPLAINED] for part in _explain(outcome)]
    left = len(remarkable) - _EXPLAINED
    return [*parts, f"… and {left} more that did not get through."] if left > 0 else parts


def _explain(outcome: FunctionOutcome) -> list[str]:
    icon = _ICONS[words.RESULTS[outcome.result][1]]
    todo = f"\n\n**To do:** {_text(outcome.todo)}" if outcome.todo else ""
    return [
        f"### {icon} {_text(outcome.function)}: {words.RESULTS[outcome.result][0]}",
        f"{_text(outcome.reason) or 'No reason was recorded.'}{todo}",
        _looks(outcome.looks),
    ]


def _looks(looks: Sequence[Look]) -> str:
    if not looks:
        return ""
    rows = [
        (
            words.percent(look.weight),
            _text(words.rate(look.old)),
            _text(words.rate(look.new)),
            words.p_value(look),
            f"**{look.verdict}**",
            _text(look.reason),
        )
        for look in looks
    ]
    return _table(("share", "old errors", "new errors", "p-value", "verdict", "reason"), rows)


def _notes(ordered: Sequence[FunctionOutcome]) -> str:
    notes = [
        f"- {_text(outcome.function)}: {_text(note)}"
        for outcome in ordered
        for note in outcome.notes
    ]
    more = [f"- … and {len(notes) - _EXPLAINED} more"] if len(notes) > _EXPLAINED else []
    return "### Notes\n\n" + "\n".join(notes[:_EXPLAINED] + more) if notes else ""


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _text(value: str) -> str:
    """Text that stays text: on one line, and without markup of its own."""
    return _SPECIAL.sub(r"\\\1", " ".join(value.split()))


def _code(value: str) -> str:
    """Text in a fixed width; a code span has no escapes, so what would end it is replaced."""
    plain = " ".join(value.replace("`", "'").replace("|", "¦").split())
    return f"`{plain}`" if plain else ""
