"""The report page in a real browser: what a person sees, on any width and in any colours."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fleet.release.outcome import Report
from fleet.release.report import files, html, redact

from tests.kit import browser, reports
from tests.kit.browser import Page

WIDTHS = (360, 768, 1280)
SMALLEST_CONTRAST = 4.5  # WCAG 2.2 AA, for text
SMALLEST_CONTRAST_OF_SHAPES = 3.0
OPEN_ALL = "document.querySelectorAll('details').forEach(d => { d.open = true })"
VISIBLE = """[...document.querySelectorAll('.function')]
  .filter(f => f.checkVisibility()).map(f => f.querySelector('h3').textContent)"""
# Colours as the eye gets them: every ground below a text, one over the other.
CONTRAST = """(() => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const read = over => { canvas.clearRect(0, 0, 1, 1);
    for (const colour of over) { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1) }
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3) };
  const light = rgb => rgb.map(c => c / 255)
    .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const grounds = element => { const found = [];
    for (let e = element; e; e = e.parentElement)
      found.unshift(getComputedStyle(e).backgroundColor);
    return found };
  const ratio = (colour, element) => { const below = grounds(element);
    const [a, b] = [light(read([...below, colour])), light(read(below))].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05) };
  const texts = [], shapes = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; node = walker.nextNode();) {
    const parent = node.parentElement;
    if (node.textContent.trim() && parent.checkVisibility())
      texts.push([ratio(getComputedStyle(parent).color, parent), node.textContent]);
  }
  for (const shape of document.querySelectorAll('.edge, .sign *, .old *, .new *, .mark'))
    if (shape.checkVisibility())
      shapes.push([ratio(getComputedStyle(shape).stroke, shape.closest('div, span, p, label')),
                   shape.outerHTML]);
  for (const bar of document.querySelectorAll('.bar'))
    if (bar.checkVisibility())
      shapes.push([ratio(getComputedStyle(bar).backgroundColor, bar.parentElement), bar.className]);
  return {texts, shapes};
})()"""


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    found = browser.find()
    if not found:
        pytest.skip("no Chromium: shared/fleet/prepare/browser.sh installs one, CHROMIUM names one")
    with browser.page(found) as tab:
        yield tab


@functools.cache
def rendered(name: str) -> str:
    made = {"canary": reports.canary, "many": reports.many}[name]()
    return html.render(redact.whole(made))


@pytest.fixture(params=["canary", "many"])
def written(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "report.html"
    path.write_text(rendered(request.param))
    return path


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    path = tmp_path / "canary.html"
    path.write_text(rendered("canary"))
    return path


def write(report: Report, folder: Path) -> Path:
    return files.write(report, folder)["html"]


def test_the_page_asks_nobody_for_anything(page: Page, written: Path) -> None:
    page.show(written)
    page.run(OPEN_ALL)
    assert page.requests == [written.resolve().as_uri()]
    assert page.complaints == []


@pytest.mark.parametrize("width", WIDTHS)
def test_no_width_needs_scrolling_sideways(page: Page, written: Path, width: int) -> None:
    page.show(written, width)
    page.run(OPEN_ALL)
    assert page.run("document.documentElement.scrollWidth") == width
    outside = page.run(f"""[...document.body.querySelectorAll('*')]
      .filter(e => e.checkVisibility() && !e.closest('.scroll, .unseen, svg'))
      .filter(e => e.getBoundingClientRect().right > {width}
                || e.getBoundingClientRect().left < 0).map(e => e.outerHTML.slice(0, 200))""")
    assert outside == []


def test_every_function_is_listed_and_those_in_trouble_come_first(page: Page, canary: Path) -> None:
    page.show(canary)
    names = page.run(VISIBLE)
    assert names == [
        "device-registry",
        "message-router",
        "hoopstat-importer",
        "invoke-gateway",
        "scheduled-digest",
        "generate-presigned-url",
    ]
    opened = "[...document.querySelectorAll('.function[open] h3')].map(h => h.textContent)"
    assert page.run(opened) == ["device-registry", "message-router"]


def test_five_hundred_functions_stay_usable(page: Page, tmp_path: Path) -> None:
    path = write(reports.many(500), tmp_path)
    assert path.stat().st_size < 4_000_000
    page.show(path)
    names = page.run(VISIBLE)
    assert sorted(names) == [f"function-{number:03}" for number in range(500)]
    # Those in trouble say why although only the first of them are open.
    assert page.run("document.querySelectorAll('.function[open]').length") == 3
    why = "[...document.querySelectorAll('.put-back:not([open]) .why')].map(w => w.innerText)"
    assert [text.startswith("version 42 of function-") for text in page.run(why)] == [True] * 3
    page.run("document.getElementById('show-put-back').click()")
    assert len(page.run(VISIBLE)) == 6


def test_the_keyboard_filters_and_opens(page: Page, canary: Path) -> None:
    page.show(canary)
    page.press("Tab", 9)
    assert page.run("document.activeElement.id") == "show-all"
    page.press("ArrowRight", 39)
    assert page.run(VISIBLE) == ["device-registry"]
    page.press("Tab", 9)
    focused = (
        "document.activeElement.tagName + getComputedStyle(document.activeElement).outlineStyle"
    )
    assert page.run(focused) == "SUMMARYsolid"
    page.press(" ", 32)
    assert page.run("document.querySelectorAll('.function.put-back[open]').length") == 0


@pytest.mark.parametrize("dark", [False, True])
def test_everything_can_be_told_from_its_ground(page: Page, canary: Path, dark: bool) -> None:
    page.show(canary, dark=dark)
    page.run(OPEN_ALL)
    seen: dict[str, list[Any]] = page.run(CONTRAST)
    assert len(seen["texts"]) > 200
    assert len(seen["shapes"]) > 100
    assert [text for text in seen["texts"] if text[0] < SMALLEST_CONTRAST] == []
    assert [s for s in seen["shapes"] if s[0] < SMALLEST_CONTRAST_OF_SHAPES] == []


def test_dark_and_light_follow_the_system(page: Page, canary: Path) -> None:
    grounds = []
    for dark in (False, True):
        page.show(canary, dark=dark)
        grounds.append(page.run("getComputedStyle(document.documentElement).backgroundColor"))
    assert grounds == ["rgb(245, 246, 248)", "rgb(14, 18, 22)"]


def test_charts_draw_what_the_report_says(page: Page, canary: Path) -> None:
    page.show(canary)
    edges = page.run("""(() => {
      const plot = document.querySelector('.put-back .content .plot');
      const box = plot.querySelector('.drawing').getBoundingClientRect();
      return [...plot.querySelectorAll('.edge')].map(e => e.getBoundingClientRect())
        .filter(r => r.width > r.height)
        .map(r => Math.round((box.bottom - r.top) / box.height * 100))
    })()""")
    assert edges == pytest.approx([10, 50, 0], abs=1)
    # 61 of 1,270 is 4.8 %, on a scale that ends at 10 %.
    rates = page.run("""(() => {
      const plot = document.querySelectorAll('.put-back .content .plot')[1];
      const box = plot.querySelector('.drawing').getBoundingClientRect();
      return [...plot.querySelectorAll('.new path')].map(e => e.getBoundingClientRect())
        .map(r => (box.bottom - (r.top + r.bottom) / 2) / box.height * 10)
    })()""")
    assert rates == pytest.approx([0.9, 4.8], abs=0.06)


def test_what_is_drawn_is_also_said(page: Page, canary: Path) -> None:
    page.show(canary)
    page.run(OPEN_ALL)
    nodes = page.call("Accessibility.getFullAXTree")["nodes"]
    kept = [node for node in nodes if not node["ignored"]]
    named = {(n["role"]["value"], n.get("name", {}).get("value", "")) for n in kept}
    images = [name for role, name in named if role in {"image", "img"}]
    assert all(images)
    told = "Share of traffic on the new version: 10 % after 7.8 s; 50 % after 5 min 8 s"
    assert [name for name in images if name.startswith(told[:40])]
    assert ("region", "Figures of each look") in named
    headings = [name for role, name in named if role == "heading"]
    assert {"Release of 8a31c07be2f4 to staging", "device-registry", "Steps"} <= set(headings)
    cells = " ".join(name for role, name in named if role in {"cell", "gridcell"})
    assert "61 of 1,270, 4.8 % (3.8 % to 6.1 %)" in cells


def test_texts_stay_texts(page: Page, tmp_path: Path) -> None:
    hostile = "</style></title><script>document.title='owned'</script><img src=//x.test/>\"'&"
    outcome = reports.put_back(hostile)
    outcome.reason = outcome.todo = outcome.tag = outcome.version = hostile
    outcome.previous_tag = outcome.digest = hostile
    outcome.notes, outcome.smoke = [hostile], {hostile: hostile}
    outcome.steps[0].name = hostile
    bad = reports.look(0.5, reports.BEGAN, (9, 1), (9, 1), "fail", hostile, alarms=(hostile,))
    outcome.looks.append(bad)
    report = reports.report(
        [outcome], actor=hostile, audit=hostile, environment=hostile, tag=hostile
    )
    path = write(report, tmp_path)
    page.show(path)
    page.run(OPEN_ALL)
    assert page.run("document.querySelectorAll('script, img, title + script').length") == 0
    assert page.run("document.querySelector('h3').textContent") == hostile
    assert page.run("document.title").startswith("Release of </style></title><script>")
    assert page.requests == [path.resolve().as_uri()]


def test_paper_shows_the_report_without_its_controls(page: Page, canary: Path) -> None:
    page.show(canary, 794, print_=True)
    assert len(page.run(VISIBLE)) == 6
    assert page.run("document.querySelector('fieldset').checkVisibility()") is False
    assert page.run("document.documentElement.scrollWidth") <= 794
    assert len(page.call("Page.printToPDF")["data"]) > 10_000


def test_a_run_that_is_not_over_is_shown_as_far_as_it_came(page: Page, tmp_path: Path) -> None:
    running = reports.released("scheduled-digest", looks=[], smoke=None)
    running.steps[-1].seconds = None
    page.show(write(reports.report([running], finished_at=None), tmp_path))
    shown = page.run("document.body.innerText")
    assert "still running" in shown
    assert "50 %" in shown


def test_a_rollback_has_its_steps_and_no_chart_of_a_canary(page: Page, tmp_path: Path) -> None:
    back = reports.released(
        "scheduled-digest",
        result="rolled-back",
        looks=[],
        weights=[(reports.BEGAN, 0.0)],
        steps=reports.steps(reports.BEGAN, ("preflight", 0.2), ("move live", 0.1)),
    )
    changes = {"kind": "rollback", "strategy": "all-at-once"}
    page.show(write(reports.report([back], **changes), tmp_path))
    shown = page.run("document.body.innerText")
    assert "move live" in shown
    assert "Traffic" not in shown
    assert "strategy" not in shown


def test_alarms_and_many_looks_have_their_place(page: Page, tmp_path: Path) -> None:
    outcome = reports.released("device-registry")
    outcome.steps[-1].failed = True
    outcome.looks = [
        reports.look(share, reports.BEGAN + 60 * number, (900, 1), (90, 0), "fail", "it fires",
                     alarms=("fleet-errors",))
        for number, share in enumerate([0.1] * 5 + [0.5] * 5)
    ]  # fmt: skip
    page.show(write(reports.report([outcome]), tmp_path), 360)
    assert "it fires (alarms: fleet-errors)" in page.run("document.body.textContent")
    labels = "[...document.querySelectorAll('.x')].at(-1).textContent"
    assert page.run(labels) == "10 %50 %"
    assert page.run("document.querySelectorAll('.drawing .new').length") == 10


def test_a_run_without_functions_says_so(page: Page, tmp_path: Path) -> None:
    page.show(write(reports.report([]), tmp_path))
    assert "No function took part." in page.run("document.body.innerText")
