"""An estimate for people: rows for the terminal, Markdown for a pull request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleet.cost.estimate import by

if TYPE_CHECKING:
    from fleet.cost.estimate import Line, Prices

_CENT = 0.005


def rows(lines: list[Line]) -> list[tuple[str, str, str, str]]:
    """Service, subject, usage, dollars; what comes to less than a cent is one row of each service.

    The rows sum up to what the estimate does.
    """
    shown = [
        (line.service, line.subject, line.usage, f"{line.usd:.2f}")
        for line in lines
        if line.usd >= _CENT
    ]
    little = [line for line in lines if line.usd < _CENT]
    for service, usd in by(little, "service").items():
        number = sum(line.service == service for line in little)
        shown.append((service, f"{number} more", "less than a cent each", f"{usd:.2f}"))
    return shown


def total(lines: list[Line]) -> float:
    """US dollars a month."""
    return sum(line.usd for line in lines)


def markdown(lines: list[Line], price: Prices, environment: str) -> str:
    """A table by service, and one by function and resource folded below it."""
    services = "\n".join(f"| {name} | {usd:.2f} |" for name, usd in by(lines, "service").items())
    detail = "\n".join(f"| {' | '.join(row)} |" for row in rows(lines))
    return (
        f"### Cost of {environment}: about {total(lines):.2f} USD a month\n\n"
        f"Stated traffic (`terraform/environments/traffic.toml`), prices of {price['as_of']} in "
        f"{price['region']}, no free tier.\n\n"
        f"| service | USD |\n| --- | ---: |\n{services}\n\n"
        "<details><summary>By function and resource</summary>\n\n"
        f"| service | of | usage | USD |\n| --- | --- | --- | ---: |\n{detail}\n\n</details>\n"
    )
