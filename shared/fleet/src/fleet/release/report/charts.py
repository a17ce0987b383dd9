"""Charts as inline SVG: they stretch with the page while their text and lines keep their size.

Horizontal places are percentages, so no chart needs a script or a fixed width. What a chart
shows is also said in words or in a table beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fleet.release.report import words
from fleet.release.report.elements import Html, el

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fleet.release.outcome import Look, Rate, Verdict

_TICKS: Final = (
    *(0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30),
    *(60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400),
)
_MOST_TICKS = 5
_CEILINGS: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
_APART = 5  # pixels that old and new stand from the middle of their look
_LABELLED = 6
_SIGNS: Final[dict[Verdict, str]] = {
    "pass": "M-4 0l3 3l5-6",
    "fail": "M-4-4l8 8M4-4l-8 8",
    "inconclusive": "M0-5v6M0 4v1",
}

type Span = tuple[float, float]


def traffic(weights: Sequence[tuple[float, float]], span: Span) -> list[Html]:
    """The share of traffic on the new version over time, as filled steps.

    Args:
        weights: seconds since the epoch, and the share from then on.
        span: what the chart's left and right edge stand for.
    """
    shapes, before = [], 0.0
    until = [at for at, _ in weights[1:]] + [span[1]]
    for (at, share), end in zip(weights, until, strict=True):
        left, right, top = _place(at, span), _place(end, span), _percent(1 - share)
        area = el("rect", x=_percent(left), y=top, width=_percent(right - left),
                  height=_percent(share), class_="area")  # fmt: skip
        rise = _line(left, left, 1 - before, 1 - share, "edge")
        shapes += [area, rise, _line(left, right, 1 - share, 1 - share, "edge")]
        before = share
    return shapes


def weight_chart(weights: Sequence[tuple[float, float]], looks: Sequence[Look], span: Span) -> Html:
    """The share of traffic on the new version, with the judge's looks above it."""
    marks = [
        el("svg", _sign(look.verdict), x=_percent(_place(look.at, span)), y="-12", class_="at")
        for look in looks
    ]
    lines = [_line(place := _place(look.at, span), place, 0, 1, "look") for look in looks]
    told = "; ".join(
        f"{words.percent(share)} after {words.duration(at - span[0])}" for at, share in weights
    )
    drawing = _svg(f"Share of traffic on the new version: {told}.", _grid(), lines,
                   traffic(weights, span), marks)  # fmt: skip
    scale = [(0.0, "100 %"), (0.5, "50 %"), (1.0, "0 %")]
    return _plot(drawing, scale, _time_scale(span[1] - span[0]))


def rate_chart(looks: Sequence[Look]) -> Html:
    """Error rates of old and new at each look, with the interval that each true rate lies in."""
    seen = [rate for look in looks for rate in (look.old, look.new) if rate.invocations]
    top = next((c for c in _CEILINGS if c >= max((r.high for r in seen), default=0)), 1.0)
    groups = []
    for number, look in enumerate(looks):
        pair = _interval(look.old, "old", -_APART, top), _interval(look.new, "new", _APART, top)
        groups.append(el("svg", pair, x=_percent((number + 0.5) / len(looks)), class_="at"))
    drawing = _svg("Error rates at each look; the table below has the figures.", _grid(), groups)
    scale = [(0.0, words.percent(top)), (0.5, words.percent(top / 2)), (1.0, "0 %")]
    return _plot(drawing, scale, _look_scale(looks))


def bar(began: float, seconds: float, span: Span, tone: str) -> Html:
    """A step as a bar in its row of the table."""
    left, width = _place(began, span), _place(began + seconds, span) - _place(began, span)
    place = f"left:{_percent(left)};width:{_percent(width)}"
    return el("span", el("span", class_=f"bar {tone}", style=place), class_="track",
              aria_hidden="true")  # fmt: skip


def _interval(rate: Rate, which: str, aside: int, top: float) -> Html | None:
    if not rate.invocations:
        return None
    low, middle, high = (_percent(1 - value / top) for value in (rate.low, rate.rate, rate.high))
    point = (
        el("circle", cx=aside, cy=middle, r=4)
        if which == "old"
        else el("svg", el("path", d="M0-5l5 5l-5 5l-5-5z"), x=aside, y=middle, class_="at")
    )
    caps = [el("line", x1=aside - 3, x2=aside + 3, y1=y, y2=y) for y in (low, high)]
    return el("g", el("line", x1=aside, x2=aside, y1=low, y2=high), caps, point, class_=which)


def _sign(verdict: Verdict) -> Html:
    """A mark that is told by its shape, not by its colour alone."""
    tone = words.VERDICTS[verdict][1]
    return el("g", el("circle", r=8), el("path", d=_SIGNS[verdict]), class_=f"sign {tone}")


def _svg(told: str, *shapes: Iterable[Html]) -> Html:
    return el("svg", *shapes, role="img", aria_label=told, class_="drawing")


def _plot(drawing: Html, upwards: list[tuple[float, str]], along: list[tuple[float, str]]) -> Html:
    y = [el("span", text, style=f"top:{_percent(place)}") for place, text in upwards]
    x = [el("span", text, style=f"left:{_percent(place)}") for place, text in along]
    return el(
        "div",
        el("div", y, class_="y", aria_hidden="true"),
        drawing,
        el("div", x, class_="x", aria_hidden="true"),
        class_="plot",
    )


def _grid() -> list[Html]:
    return [_line(0, 1, place, place, "grid") for place in (0, 0.5, 1)]


def _line(left: float, right: float, top: float, bottom: float, kind: str) -> Html:
    places = {"x1": left, "x2": right, "y1": top, "y2": bottom}
    return el("line", **{name: _percent(place) for name, place in places.items()}, class_=kind)


def _time_scale(seconds: float) -> list[tuple[float, str]]:
    """Round times after the beginning, a few of them."""
    apart = next((tick for tick in _TICKS if seconds <= tick * _MOST_TICKS), _TICKS[-1])
    times = [apart * number for number in range(int(seconds / apart) + 1)] if seconds > 0 else [0.0]
    return [(time / seconds if seconds else 0, words.duration(time) if time else "0") for time in
            times[: _MOST_TICKS + 1]]  # fmt: skip


def _look_scale(looks: Sequence[Look]) -> list[tuple[float, str]]:
    """The share of traffic at each look; of many looks, where it changes."""
    scale, before = [], -1.0
    for number, look in enumerate(looks):
        if len(looks) <= _LABELLED or look.weight != before:
            scale.append(((number + 0.5) / len(looks), words.percent(look.weight)))
        before = look.weight
    return scale


def _place(at: float, span: Span) -> float:
    """Where a moment is between the edges, 0 to 1."""
    width = span[1] - span[0]
    return min(max((at - span[0]) / width, 0), 1) if width > 0 else 0


def _percent(share: float) -> str:
    return f"{share * 100:.2f}".rstrip("0").rstrip(".") + "%"
