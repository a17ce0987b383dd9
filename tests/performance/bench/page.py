"""The run as one page: a table of every figure, and plots; it asks nobody for anything."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from pathlib import Path
from typing import Any

from tests.performance.bench.figure import Figure, from_json, shown

STYLE = Path(__file__).with_name("page.css")
# What is drawn: by how the key ends, under which heading.
PLOTS = {
    "/times_the_floor": "Initialisation, CPU: times the floor's",
    "/of_the_common_build": "Initialisation, CPU: of the same handler built the common way",
    "/cold_times": "Container start to first answer: times the floor's",
    "/warm_times": "Warm smoke event: times the floor's",
    "/compressed_mb_above_base": "Compressed, above the base image: MB",
    "-times-common": "Gateway, requests a second: times the common way's",
}


def render(report: dict[str, Any]) -> str:
    """The page of a run, whole or not."""
    found = [from_json(each) for each in report.get("figures", [])]
    missed = [figure for figure in found if figure.held is False]
    parts = [
        _head(report, found, missed),
        *_failures(report.get("sections", {})),
        _table("Missed", missed) if missed else "",
        *(_plot(title, chosen) for end, title in PLOTS.items() if (chosen := _ending(found, end))),
        _layers(report.get("reports", {}).get("sizes", {})),
        _table("Every figure: asked, measured, command", found),
    ]
    style = STYLE.read_text(encoding="utf-8")
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<link rel="icon" href="data:,">'
        f"<title>What the fleet measures</title><style>{style}</style></head>"
        f"<body><main>{''.join(parts)}</main></body></html>"
    )


def _head(report: dict[str, Any], found: list[Figure], missed: list[Figure]) -> str:
    machine = report.get("machine", {})
    facts = {
        "commit": report.get("commit", "")[:12],
        "measured": report.get("measured", ""),
        "machine": ", ".join(f"{value}" for value in machine.values()),
    }
    promised = [figure for figure in found if figure.held is not None]
    broken = [name for name, one in report.get("sections", {}).items() if one.get("error")]
    told = "".join(f"<div><dt>{k}</dt><dd>{escape(str(v))}</dd></div>" for k, v in facts.items())
    return (
        f"<h1>What the fleet measures</h1><dl>{told}</dl>"
        f"<p class={'bad' if missed or broken else 'good'}>{len(promised) - len(missed)} of "
        f"{len(promised)} promises held; {len(found)} figures in all"
        f"{f'; {len(broken)} sections gave no result' if broken else ''}.</p>"
    )


def _failures(sections: dict[str, Any]) -> Iterator[str]:
    broken = {name: one["error"] for name, one in sections.items() if one.get("error")}
    if broken:
        yield "<h2>Sections without a result</h2>"
    for name, error in broken.items():
        yield f"<section class=broken><h3>{escape(name)}</h3><pre>{escape(error)}</pre></section>"


def _ending(found: list[Figure], end: str) -> list[Figure]:
    return [figure for figure in found if figure.key.endswith(end)]


def _plot(title: str, chosen: list[Figure]) -> str:
    most = max(max(figure.value, figure.limit or 0, *figure.samples) for figure in chosen) or 1
    rows = "".join(_bar(figure, most) for figure in chosen)
    return f"<h2>{escape(title)}</h2><div class=plot>{rows}</div>"


def _bar(figure: Figure, most: float) -> str:
    """A bar as long as the value, a line where the promise is, a dot for each round."""
    state = {True: "good", False: "bad", None: "calm"}[figure.held]
    marks = [f'<rect class="bar" width="{_share(figure.value, most)}" height="100%"/>']
    marks += [
        f'<circle class="dot" cx="{_share(sample, most)}" cy="50%" r="2"/>'
        for sample in figure.samples[:50]
    ]
    if figure.limit is not None:
        place = _share(figure.limit, most)
        marks.append(f'<line class="limit" x1="{place}" x2="{place}" y1="0" y2="100%"/>')
    said = f"{shown(figure.value, figure.unit)}{f', asked {figure.asked}' if figure.asked else ''}"
    name = figure.key.split("/", 1)[1].rpartition("/")[0] or figure.key.split("/", 1)[1]
    return (
        f'<div class="{state}"><span>{escape(name)}</span>'
        f'<svg role="img" aria-label="{escape(f"{name}: {said}")}">{"".join(marks)}</svg>'
        f"<span>{escape(said)}</span></div>"
    )


def _share(value: float, most: float) -> str:
    return f"{max(0.0, value) / most * 98:.2f}%"


def _layers(sizes: dict[str, Any]) -> str:
    """Each image as a row of its layers; what several images share is drawn apart from its own."""
    if not sizes:
        return ""
    most = max(row["mb"] for row in sizes["images"].values())
    rows = []
    for name, row in sizes["images"].items():
        pieces, at = [], 0.0
        for layer in row["layers"]:
            tone = "shared" if layer["images"] > 1 else "own"
            pieces.append(
                f'<rect class="{tone}" x="{_share(at, most)}" width="{_share(layer["mb"], most)}"'
                ' height="100%"/>'
            )
            at += layer["mb"]
        said = f"{row['mb']} MB, {row['own_mb']} of its own"
        rows.append(
            f'<div class="calm"><span>{escape(name)}</span><svg role="img" '
            f'aria-label="{escape(f"{name}: {said}")}">{"".join(pieces)}</svg>'
            f"<span>{said}</span></div>"
        )
    kept = f"{sizes['kept_mb']} MB kept, {sizes['unshared_mb']} if no layer were shared"
    return (
        f"<h2>Compressed images by layer</h2><p>{kept}. Pale: shared with another image.</p>"
        f"<div class=plot>{''.join(rows)}</div>"
    )


def _table(title: str, figures: Iterable[Figure]) -> str:
    heads = ("about", "figure", "asked", "measured", "", "command")
    head = "".join(f"<th scope=col>{text}</th>" for text in heads)
    rows = "".join(_row(figure) for figure in figures)
    return (
        f"<h2>{escape(title)}</h2><div class=scroll tabindex=0 role=region "
        f'aria-label="{escape(title)}"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _row(figure: Figure) -> str:
    state, word = {True: ("good", "held"), False: ("bad", "missed"), None: ("calm", "")}[
        figure.held
    ]
    cells = (figure.system, figure.title, figure.asked, shown(figure.value, figure.unit))
    told = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
    command = f"<td><code>{escape(figure.command)}</code></td>"
    return f"<tr>{told}<td class={state}>{word}</td>{command}</tr>"
