"""The reports that CI systems and people read."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from function_kit import junit as xml

if TYPE_CHECKING:
    from lambda_test_runner.report import Report
    from lambda_test_runner.run import Result

_STYLE: Final = """
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0;
  border-bottom: 1px solid color-mix(in srgb, currentcolor 20%, transparent); }
td:nth-child(4) { text-align: right; white-space: nowrap; }
td:nth-child(5) { overflow-wrap: anywhere; min-width: 16rem; }
.failed { color: light-dark(#b3261e, #ff8a80); font-weight: 600; }
.passed { color: light-dark(#1b6e3c, #7bd88f); }
"""
_PAGE: Final = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>{style}</style>
<h1>{title}</h1>
<p>Run {run}, {started}, {seconds:.1f} s. {passed} of {total} functions passed.</p>
<div class="scroll"><table>
<thead><tr><th>result<th>function<th>case<th>ms<th>reason</thead>
<tbody>
{rows}
</tbody>
</table></div>
</html>
"""


def junit(report: Report) -> str:
    """JUnit XML: a suite for each function, a test for each case."""
    suites = [
        xml.Suite(
            name=function,
            timestamp=report.started_at.partition("+")[0],
            seconds=sum(result.milliseconds for result in results) / 1000,
            cases=[_case(report, result) for result in results],
        )
        for function, results in report.by_function.items()
    ]
    return xml.render(f"functions in {report.environment}", report.seconds, suites)


def html(report: Report) -> str:
    """One page that asks nobody for anything; failed cases first."""
    total = len(report.by_function)
    return _PAGE.format(
        title=f"Functions in {escape(report.environment)}",
        style=_STYLE,
        run=escape(report.run_id),
        started=escape(report.started_at),
        seconds=report.seconds,
        passed=total - report.failed,
        total=total,
        rows="\n".join(map(_row, sorted(report.results, key=lambda result: result.passed))),
    )


def _case(report: Report, result: Result) -> xml.Case:
    return xml.Case(
        name=result.name,
        owner=f"{report.environment}.{result.function}",
        seconds=result.milliseconds / 1000,
        failure=result.reason,
    )


def _row(result: Result) -> str:
    word = "passed" if result.passed else "failed"
    cells = (result.function, result.name, f"{result.milliseconds:.0f}", result.reason)
    return f'<tr><td class="{word}">{word}' + "".join(f"<td>{escape(cell)}" for cell in cells)
