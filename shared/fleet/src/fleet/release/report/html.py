"""A report as one page: no script, no request, readable on paper and without colours."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Final

from fleet.release.report import words
from fleet.release.report.elements import Html, el, join
from fleet.release.report.section import facts, function, mark

if TYPE_CHECKING:
    from fleet.release.outcome import Report
    from fleet.release.report.charts import Span

# Nothing is loaded from anywhere, whatever a report may quote.
_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'"
)
_SIGNS: Final = {
    "bad": "M4 4l8 8M12 4l-8 8",
    "warn": "M8 3v6M8 12v1",
    "good": "M3 8.5l3.5 3.5L13 4.5",
    "calm": "M4 8h8",
}
_OPEN = 3  # functions in trouble that are shown at once; the others are one click away


def render(report: Report) -> str:
    """The page.

    Args:
        report: redacted; see `redact.whole`.
    """
    style = (files(__package__) / "page.css").read_text(encoding="utf-8")
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="color-scheme", content="light dark"),
        el("link", rel="icon", href="data:,"),
        el("title", f"{words.title(report)}: {words.sentence(report)}"),
        el("style", Html(style)),
    )
    body = el("body", _signs(), _header(report), el("main", _functions(report)), _footer(report))
    return f"<!doctype html>\n{el('html', head, body, lang='en')}\n"


def _header(report: Report) -> Html:
    tone, code = words.tone(report), int(report.exit_code)
    audit = f"Told to overlook: {report.audit}" if report.audit else None
    return el(
        "header",
        el("p", report.project, class_="over"),
        el("h1", words.title(report)),
        el("p", mark(tone), el("strong", words.sentence(report)), class_=f"outcome {tone}"),
        el("div", audit, class_="callout warn") if audit else None,
        facts(
            [
                ("by", report.actor),
                ("started", words.moment(report.started_at)),
                ("took", _took(report)),
                ("strategy", words.strategy(report) if report.kind != "rollback" else ""),
                ("fix forward", "yes" if report.fix_forward else ""),
                ("exit code", f"{code}, {words.EXIT_CODES[code]}"),
                ("run", el("code", report.run_id)),
            ]
        ),
        _proportions(report),
    )


def _took(report: Report) -> str:
    if report.finished_at is None:
        return "still running"
    return words.duration(report.finished_at - report.started_at)


def _proportions(report: Report) -> Html:
    """How many ended how, as one bar; the choices below have the same numbers in words."""
    parts = [
        el("span", class_=words.RESULTS[result][1], style=f"flex-grow:{number}")
        for result, number in words.counts(report).items()
    ]
    return el("div", parts, class_="proportions", aria_hidden="true")


def _functions(report: Report) -> Html:
    ordered = words.by_severity(report.functions)
    remarkable = [outcome for outcome in ordered if words.needs_reading(outcome)][:_OPEN]
    shown = remarkable or (ordered if len(ordered) == 1 else [])
    run = _run(report)
    return join(
        [
            el("h2", "Functions"),
            _choices(report),
            el("div", [el("span", name) for name in ("result", "function", "timeline of the run",
               "judge", "took")], class_="headings", aria_hidden="true"),
            [function(outcome, run, is_open=outcome in shown) for outcome in ordered],
            el("p", "No function took part.") if not ordered else None,
        ]
    )  # fmt: skip


def _run(report: Report) -> Span:
    """First and last second of the run; while it runs, the last that is known."""
    ends = [report.finished_at or report.started_at]
    for outcome in report.functions:
        ends += [step.began + (step.seconds or 0) for step in outcome.steps]
        ends += [at for at, _ in outcome.weights]
    return report.started_at, max(ends)


def _choices(report: Report) -> Html | None:
    """Which functions to show, as radio buttons that the style sheet acts on."""
    counts = words.counts(report)
    if len(counts) <= 1:
        return None
    everything = [("all", f"all {len(report.functions)}", "")]
    results = [(result, f"{number} {words.RESULTS[result][0]}", words.RESULTS[result][1])
               for result, number in counts.items()]  # fmt: skip
    labels = [
        el(
            "label",
            el("input", type="radio", name="show", id=f"show-{name}", checked=name == "all"),
            mark(tone) if tone else None,
            el("span", text),
        )
        for name, text, tone in everything + results
    ]
    return el("fieldset", el("legend", "Show"), labels)


def _footer(report: Report) -> Html:
    return el(
        "footer",
        el("p", "Times are after the beginning of each function's release. What was put back is "
           "as it was: live and $LATEST."),
        el("p", f"The same is in the JSON file beside this page. {_ended(report)}"),
    )  # fmt: skip


def _ended(report: Report) -> str:
    return f"Ended {words.moment(report.finished_at)}." if report.finished_at else ""


def _signs() -> Html:
    symbols = [
        el("symbol", el("path", d=path), id=tone, viewBox="0 0 16 16")
        for tone, path in _SIGNS.items()
    ]
    return el("svg", symbols, class_="unseen", aria_hidden="true")
