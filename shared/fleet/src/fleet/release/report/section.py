"""One function's part of the page: a row that opens to its timeline, traffic and verdicts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from fleet.release.report import charts, words
from fleet.release.report.elements import Html, el

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fleet.release.outcome import FunctionOutcome, Look, Step
    from fleet.release.report.charts import Span
    from fleet.release.report.elements import Part

_ANSWER = 4000  # characters of the smoke event's answer; the JSON report has all of it


def function(outcome: FunctionOutcome, run: Span, *, is_open: bool) -> Html:
    """A function's row, and behind it everything that is known of its release.

    Args:
        outcome: of a redacted report.
        run: first and last second of the whole run, which every row's timeline covers.
        is_open: whether it is shown at once.
    """
    return el(
        "details",
        el("summary", _row(outcome, run)),
        el("div", _content(outcome), class_="content"),
        class_=f"function {outcome.result}",
        open=is_open,
    )


def mark(tone: str) -> Html:
    """The sign of a tone; the words beside it say the same."""
    return el("svg", el("use", href=f"#{tone}"), class_=f"mark {tone}", aria_hidden="true")


def badge(label: str, tone: str) -> Html:
    """A word on a tinted ground."""
    return el("span", mark(tone), label, class_=f"badge {tone}")


def facts(pairs: Iterable[tuple[str, Part]]) -> Html:
    """Names and values; what has no value is left out."""
    return el("dl", [el("div", el("dt", name), el("dd", value)) for name, value in pairs if value],
              class_="facts")  # fmt: skip


def _row(outcome: FunctionOutcome, run: Span) -> list[Part]:
    verdict = words.VERDICTS[outcome.verdict] if outcome.verdict else None
    took = words.seconds(outcome)
    under = [part for part in (words.versions(outcome), words.short_tag(outcome.tag)) if part]
    return [
        badge(*words.RESULTS[outcome.result]),
        el("span", el("h3", outcome.function), el("small", " · ".join(under)), class_="name"),
        _glance(outcome, run),
        el("span", (el("span", "judge: ", class_="narrow"), verdict[0]) if verdict else None,
           class_=f"verdict {verdict[1] if verdict else ''}"),
        el("span", words.duration(took) if took else "", class_="took"),
        el("span", outcome.reason, class_="why") if outcome.reason else None,
    ]  # fmt: skip


def _glance(outcome: FunctionOutcome, run: Span) -> Html:
    """The function's time within the run, as high as its new version's share of traffic."""
    first, last = _span(outcome)
    tone = words.RESULTS[outcome.result][1]
    busy = charts.bar(first, last - first, run, "busy") if outcome.steps else None
    drawn = el("svg", charts.traffic(outcome.weights, (run[0], run[1])), class_=tone) if (
        outcome.weights) else None  # fmt: skip
    return el("span", busy, drawn, class_="glance", aria_hidden="true")


def _content(outcome: FunctionOutcome) -> list[Html | None]:
    return [
        _trouble(outcome),
        el("ul", [el("li", _prose(note)) for note in outcome.notes], class_="notes")
        if outcome.notes
        else None,
        facts(
            [
                ("version", words.versions(outcome)),
                ("image", el("code", outcome.tag) if outcome.tag else None),
                ("digest", el("code", outcome.digest) if outcome.digest else None),
                (
                    "image before",
                    el("code", outcome.previous_tag) if outcome.previous_tag else None,
                ),
                ("first answer", words.duration(outcome.cold_ms / 1000) if outcome.cold_ms else ""),
                ("warm answer", words.duration(outcome.warm_ms / 1000) if outcome.warm_ms else ""),
            ]
        ),
        el("div", _steps(outcome), _traffic(outcome), class_="side-by-side"),
        _verdicts(outcome.looks),
        _answer(outcome),
    ]


def _trouble(outcome: FunctionOutcome) -> Html | None:
    if not outcome.reason:
        return None
    todo = el("p", el("strong", "To do: "), _prose(outcome.todo)) if outcome.todo else None
    tone = words.RESULTS[outcome.result][1]
    return el("div", el("p", _prose(outcome.reason)), todo, class_=f"callout {tone}")


def _prose(text: str) -> list[Part]:
    """A sentence in which what stands between backticks is to be typed."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return [text]
    return [el("code", part) if number % 2 else part for number, part in enumerate(parts)]


def _steps(outcome: FunctionOutcome) -> Html | None:
    if not outcome.steps:
        return None
    span = _span(outcome)
    rows = [_step(step, span) for step in outcome.steps]
    head = el("tr", [el("th", name, scope="col") for name in ("step", "after", "took")],
              el("th", el("span", "when", class_="unseen"), scope="col"))  # fmt: skip
    return el("section", el("h4", "Steps"),
              el("table", el("thead", head), el("tbody", rows), class_="steps"))  # fmt: skip


def _step(step: Step, span: Span) -> Html:
    tone = "bad" if step.failed else "done"
    ended = span[1] - step.began if step.seconds is None else step.seconds
    name = [step.name, el("span", " failed", class_="bad")] if step.failed else step.name
    took = "still running" if step.seconds is None else words.duration(step.seconds)
    return el(
        "tr",
        el("th", name, scope="row"),
        el("td", words.duration(step.began - span[0])),
        el("td", took),
        el("td", charts.bar(step.began, ended, span, tone)),
    )


def _traffic(outcome: FunctionOutcome) -> Html | None:
    if not any(share for _, share in outcome.weights):
        return None
    chart = charts.weight_chart(outcome.weights, outcome.looks, _span(outcome))
    told = " → ".join(words.percent(share) for _, share in outcome.weights)
    return el("section", el("h4", f"Traffic on version {outcome.version or '(new)'}"),
              el("figure", chart, el("figcaption", told)))  # fmt: skip


def _verdicts(looks: Sequence[Look]) -> Html | None:
    if not looks:
        return None
    reasons = [
        el(
            "li",
            badge(*words.VERDICTS[look.verdict]),
            el("span", f" at {words.percent(look.weight)}: {look.reason}"),
            el("span", f" (alarms: {', '.join(look.alarms)})") if look.alarms else None,
        )
        for look in looks
    ]
    legend = el("figcaption", el("span", "old version", class_="key old"),
                el("span", "new version", class_="key new"),
                "the line is the interval in which the true rate lies (95 %)")  # fmt: skip
    return el(
        "section",
        el(
            "div",
            el("div", el("h4", "What the judge saw"), el("ol", reasons, class_="looks")),
            el("figure", el("h4", "Error rates at each look"), charts.rate_chart(looks), legend),
            class_="side-by-side",
        ),
        _figures(looks),
    )


def _figures(looks: Sequence[Look]) -> Html:
    names = ("share", "old version's errors", "new version's errors", "p-value", "verdict")
    head = el("tr", [el("th", name, scope="col") for name in names])
    return el(
        "div",
        el("table", el("thead", head), el("tbody", [_look(look) for look in looks])),
        class_="scroll",
        role="region",
        tabindex="0",
        aria_label="Figures of each look",
    )


def _look(look: Look) -> Html:
    smoke = el("small", f"{look.synthetic} of them smoke events") if look.synthetic else None
    return el(
        "tr",
        el("th", words.percent(look.weight), scope="row"),
        el("td", words.rate(look.old)),
        el("td", words.rate(look.new), smoke),
        el("td", words.p_value(look)),
        el("td", words.VERDICTS[look.verdict][0]),
    )


def _answer(outcome: FunctionOutcome) -> Html | None:
    if outcome.smoke is None:
        return None
    text = json.dumps(outcome.smoke, indent=2, ensure_ascii=False, default=str)
    cut = text[:_ANSWER] + "…" if len(text) > _ANSWER else text
    return el("details", el("summary", "Answer to the smoke event"),
              el("pre", cut, tabindex="0"), class_="answer")  # fmt: skip


def _span(outcome: FunctionOutcome) -> Span:
    """First and last moment that is known of a function's release."""
    moments = [step.began + (step.seconds or 0) for step in outcome.steps]
    moments += [step.began for step in outcome.steps] + [at for at, _ in outcome.weights]
    moments += [look.at for look in outcome.looks]
    return (min(moments), max(moments)) if moments else (0.0, 0.0)
