"""The report as one page, which asks nobody for anything."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from itertools import groupby
from typing import Any

from tests.performance.bench.page import STYLE
from tests.security.report.findings import Finding, State

_TONES = {State.HOLDS: "good", State.BROKEN: "bad", State.UNKNOWN: "calm"}


def verdict(found: Iterable[Finding]) -> str:
    """The report in one sentence."""
    states = [finding.state for finding in found]
    parts = [f"{states.count(State.HOLDS)} of {len(states)} claims hold"]
    if broken := states.count(State.BROKEN):
        parts.append(f"{broken} broken")
    if unknown := states.count(State.UNKNOWN):
        parts.append(f"{unknown} not checked")
    return ", ".join(parts)


def render(about: dict[str, Any], found: list[Finding]) -> str:
    """The page of a run."""
    facts = {
        "commit": str(about["commit"])[:12],
        "checked": about["measured"],
        "engine": about["engine"],
    }
    told = "".join(f"<div><dt>{k}</dt><dd>{escape(str(v))}</dd></div>" for k, v in facts.items())
    bad = any(finding.state is State.BROKEN for finding in found)
    chapters = "".join(
        _chapter(name, list(some)) for name, some in groupby(found, lambda each: each.chapter)
    )
    style = STYLE.read_text(encoding="utf-8")
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<link rel="icon" href="data:,">'
        f"<title>The fleet's security</title><style>{style}</style></head><body><main>"
        f"<h1>The fleet's security</h1><dl>{told}</dl>"
        f"<p class={'bad' if bad else 'good'}>{escape(verdict(found))}.</p>"
        f"{chapters}</main></body></html>"
    )


def _chapter(name: str, found: list[Finding]) -> str:
    heads = "".join(f"<th scope=col>{text}</th>" for text in ("claim", "", "checks", "command"))
    rows = "".join(_row(finding) for finding in found)
    details = "".join(
        f"<section class=broken><h3>{escape(finding.text)}</h3>"
        f"<pre>{escape(chr(10).join(finding.details))}</pre></section>"
        for finding in found
        if finding.details
    )
    return (
        f"<h2>{escape(name)}</h2><div class=scroll tabindex=0 role=region "
        f'aria-label="{escape(name)}"><table><thead><tr>{heads}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>{details}"
    )


def _row(finding: Finding) -> str:
    return (
        f"<tr><td>{escape(finding.text)}</td>"
        f"<td class={_TONES[finding.state]}>{finding.state}</td><td>{finding.checks}</td>"
        f"<td><details><summary>run it again</summary><code>{escape(finding.command)}</code>"
        "</details></td></tr>"
    )
