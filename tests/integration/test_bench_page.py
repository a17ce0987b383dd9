"""The page of `make bench` in a real browser: on any width, in any colours, on its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.test_report_page import CONTRAST
from tests.kit import browser
from tests.kit.browser import Page
from tests.performance.bench import page as bench_page
from tests.performance.bench.figure import Figure

NAMES = ("presigned-url-s3-upload", "software-event-update-handler", "sync-clock")
HOSTILE = "</style><script>document.title='owned'</script><img src=//x.test/>\"'&"


def figures() -> list[Figure]:
    endings = {
        "times_the_floor": 5.0,
        "of_the_common_build": 0.35,
        "cold_times": None,
        "compressed_mb_above_base": 15.0,
    }
    made = [
        Figure(
            f"cold_start/{name}/{end}", name, f"{end} of {name}", f"≤ {limit}" if limit else "",
            value=(limit or 2) * (0.8 + 0.15 * number), unit="x", limit=limit,
            command="make bench ONLY=cold_start", samples=(0.1, 0.2),
        )
        for number, name in enumerate(NAMES)
        for end, limit in endings.items()
    ]  # fmt: skip
    return [*made, Figure("mcp/x", HOSTILE, HOSTILE, HOSTILE, 1, HOSTILE, HOSTILE, limit=0)]


def report() -> dict[str, Any]:
    layers = [
        {"id": "a" * 12, "mb": 45.0, "images": 3},
        {"id": "b" * 12, "mb": 9.5, "images": 1},
    ]
    images = {name: {"mb": 54.5, "own_mb": 9.5, "layers": layers} for name in NAMES}
    return {
        "commit": "c0ffee" * 6,
        "measured": "2026-01-02T03:04:05+00:00",
        "machine": {"cpu": "A Processor", "cores": "2 cores", "memory": "24 GiB"},
        "sections": {"mcp": {"error": ""}, "gateway": {"error": f"ended with 1: {HOSTILE}"}},
        "reports": {"sizes": {"images": images, "kept_mb": 73.5, "unshared_mb": 163.5}},
        "figures": [each.as_json() for each in figures()],
    }


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    found = browser.find()
    if not found:
        pytest.skip("no Chromium: shared/fleet/prepare/browser.sh installs one, CHROMIUM names one")
    with browser.page(found) as tab:
        yield tab


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "bench.html"
    path.write_text(bench_page.render(report()))
    return path


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [360, 1280])
def test_it_asks_nobody_complains_of_nothing_and_fits(
    page: Page, written: Path, width: int, dark: bool
) -> None:
    page.show(written, width, dark=dark)
    assert page.requests == [written.resolve().as_uri()]
    assert page.complaints == []
    assert page.run("document.documentElement.scrollWidth") == width
    seen: dict[str, list[Any]] = page.run(CONTRAST)
    assert len(seen["texts"]) > 60
    assert [text for text in seen["texts"] if text[0] < 4.5] == []


def test_every_figure_is_in_the_table_with_what_was_asked_and_its_command(
    page: Page, written: Path
) -> None:
    page.show(written)
    rows = page.run("""[...[...document.querySelectorAll('table')].at(-1).tBodies[0].rows]
      .map(row => [...row.cells].map(cell => cell.textContent))""")
    assert len(rows) == len(figures())
    assert rows[0] == [
        NAMES[0],
        f"times_the_floor of {NAMES[0]}",
        "≤ 5.0",
        "4 x",
        "held",
        "make bench ONLY=cold_start",
    ]
    missed = [row[1] for row in rows if row[4] == "missed"]
    assert missed == [
        *(f"{end} of sync-clock" for end in ("times_the_floor", "of_the_common_build")),
        "compressed_mb_above_base of sync-clock",
        HOSTILE,
    ]
    told = "6 of 10 promises held; 13 figures in all; 1 sections gave no result."
    assert told in page.run("document.body.innerText")


def test_bars_are_as_long_as_their_values_and_the_limit_stands_where_it_is(
    page: Page, written: Path
) -> None:
    page.show(written)
    drawn = page.run("""[...document.querySelector('.plot').querySelectorAll('svg')].map(svg => {
      const whole = svg.getBoundingClientRect().width;
      const left = svg.getBoundingClientRect().left;
      return [svg.querySelector('.bar').getBoundingClientRect().width / whole,
              (svg.querySelector('.limit').getBoundingClientRect().left - left) / whole] })""")
    longest = 5.5 / 0.98
    for (bar, limit), value in zip(drawn, (4.0, 4.75, 5.5), strict=True):
        assert bar == pytest.approx(value / longest, abs=0.01)
        assert limit == pytest.approx(5 / longest, abs=0.01)


def test_texts_stay_texts_and_what_failed_is_said(page: Page, written: Path) -> None:
    page.show(written)
    assert page.run("document.querySelectorAll('script, img').length") == 0
    assert page.run("document.title") == "What the fleet measures"
    said = page.run("document.querySelector('.broken').textContent")
    assert said == f"gatewayended with 1: {HOSTILE}"


def test_what_is_drawn_is_also_said(page: Page, written: Path) -> None:
    page.show(written)
    nodes = page.call("Accessibility.getFullAXTree")["nodes"]
    named = [
        node.get("name", {}).get("value", "")
        for node in nodes
        if not node["ignored"] and node["role"]["value"] in {"image", "img"}
    ]
    assert "sync-clock: 5.5 x, asked ≤ 5.0" in named
    assert "sync-clock: 54.5 MB, 9.5 of its own" in named


def test_a_run_that_found_nothing_yet_has_a_page(page: Page, tmp_path: Path) -> None:
    path = tmp_path / "bench.html"
    path.write_text(bench_page.render({}))
    page.show(path, 360)
    assert page.complaints == []
    assert "0 of 0 promises held" in page.run("document.body.innerText")
