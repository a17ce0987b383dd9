"""What reports say in words, and as Markdown."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from fleet.release.outcome import Rate, Report
from fleet.release.report import markdown, words
from fleet.release.report.elements import Html, el, join

from tests.kit import reports


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-1, "0 s"),
        (0, "0 s"),
        (0.3204, "320 ms"),
        (1, "1.0 s"),
        (9.94, "9.9 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (300, "5 min"),
        (305, "5 min 5 s"),
        (3599.9, "1 h"),
        (3905, "1 h 5 min"),
        (90_000, "25 h"),
    ],
)
def test_durations(seconds: float, shown: str) -> None:
    assert words.duration(seconds) == shown


@pytest.mark.parametrize(
    ("share", "shown"),
    [(0, "0 %"), (0.00042, "0.042 %"), (0.125, "12.5 %"), (0.1, "10 %"), (1, "100 %")],
)
def test_shares(share: float, shown: str) -> None:
    assert words.percent(share) == shown


@pytest.mark.parametrize(
    ("tag", "shown"),
    [
        (reports.TAG, "8a31c07be2f4"),
        (f"{reports.TAG}-dirty-0123456789ab", "8a31c07be2f4-dirty-0123456789ab"),
        (reports.DIGEST, "sha256:dd23396c7c7e"),
        ("v1.4.0", "v1.4.0"),
        ("v1.4.0-with-a-long-name", "v1.4.0-with-a-long-name"),
        ("", ""),
    ],
)
def test_tags(tag: str, shown: str) -> None:
    assert words.short_tag(tag) == shown


def test_rates_have_their_interval_and_nothing_is_not_zero() -> None:
    assert words.rate(Rate(1270, 61, 0.0376, 0.0613)) == "61 of 1,270, 4.8 % (3.8 % to 6.1 %)"
    assert words.rate(Rate(0, 0, 0, 1)) == "no invocations"


def test_a_look_without_data_has_no_p_value() -> None:
    look = reports.look(0.1, 0, (9, 0), (9, 0), "pass", "")
    assert words.p_value(look) == "1 (limit 0.013)"
    assert words.p_value(replace(look, p_value=None)) == "no data"


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({"strategy": "all-at-once", "bake_seconds": 0}, "all at once"),
        ({}, "canary: 10 %, 50 %, 100 %, each watched for 5 min"),
        ({"strategy": "linear", "bake_seconds": 0}, "linear: 10 %, 50 %, 100 %"),
    ],
)
def test_strategies(changes: dict[str, object], shown: str) -> None:
    assert words.strategy(reports.report([], **changes)) == shown


def test_the_worst_result_is_the_tone_of_the_whole() -> None:
    assert words.tone(reports.canary()) == "bad"
    assert words.tone(reports.report([reports.refused("a"), reports.released("b")])) == "warn"
    assert words.tone(reports.report([reports.unchanged("a"), reports.released("b")])) == "good"
    assert words.tone(reports.report([])) == "calm"
    assert words.sentence(reports.report([])) == "no function"


def test_a_dry_run_is_called_so() -> None:
    planned = reports.released("a", result="planned")
    report = reports.report([planned], dry_run=True)
    assert words.title(report) == "Release of 8a31c07be2f4 to staging (dry run)"
    assert words.sentence(report) == "1 would be released"


def rows(text: str) -> list[list[str]]:
    """The cells of every table row of some Markdown."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [re.split(r"(?<!\\)\|", line)[1:-1] for line in lines]


def test_markdown_names_every_function_those_in_trouble_first() -> None:
    text = markdown.render(reports.canary())
    table = rows(text)[2:8]
    assert [row[1].strip().replace("\\", "") for row in table] == [
        "device-registry",
        "message-router",
        "hoopstat-importer",
        "invoke-gateway",
        "scheduled-digest",
        "generate-presigned-url",
    ]
    assert table[0][0].strip() == "❌ put back"
    assert "**To do:** wait for it with" in text.replace("\\", "")
    assert "Told to overlook: the alarm" in text
    assert "exit code 5 (failed, and put back)" in text
    assert "70 smoke events were sent" in text


def test_markdown_says_why_the_judge_stopped_it() -> None:
    looks = rows(markdown.render(reports.canary()))[-2:]
    assert [row[4].strip() for row in looks] == ["**pass**", "**fail**"]
    assert "61 of 1,270, 4.8 %" in looks[1][2].replace("\\", "")
    assert looks[1][3].strip() == "2.5e-26 (limit 0.013)"


def test_markdown_keeps_what_functions_answered_to_itself() -> None:
    outcome = reports.released("a", smoke={"name": "Ada Lovelace"})
    assert "Ada" not in markdown.render(reports.report([outcome]))


def test_markdown_of_a_large_fleet_stays_small() -> None:
    functions = [reports.put_back(f"bad-{number:03}") for number in range(300)]
    functions += [reports.released(f"good-{number:03}", notes=["a note"]) for number in range(200)]
    text = markdown.render(reports.report(functions))
    assert len(text.encode()) < 200_000
    assert "… and 300 more: 100 put back, 200 released" in text
    assert "… and 250 more that did not get through." in text
    assert "… and 150 more" in text


def test_markdown_of_texts_stays_text() -> None:
    hostile = "a|b <img src=x> [click](http://x) `code` **bold**\n# title\n- @all"
    outcome = reports.put_back(hostile)
    outcome.reason = outcome.todo = outcome.tag = hostile
    outcome.notes = [hostile]
    text = markdown.render(reports.report([outcome], actor=hostile, run_id=hostile, audit=hostile))
    assert {len(row) for row in rows(text)} == {6}
    plain = re.sub(r"`[^`]*`", "", re.sub(r"\\.", "", text))
    for sign in ("<", "](", "**bold", "\n# ", "\n- @", "@all"):
        assert sign not in plain


@pytest.mark.parametrize(
    ("report", "shown"),
    [
        (reports.report([]), "No function took part."),
        (reports.report([reports.unchanged("a")], finished_at=None), "still running"),
        (reports.report([reports.released("a", result="failed")]), "No reason was recorded."),
    ],
)
def test_markdown_of_unusual_runs(report: Report, shown: str) -> None:
    assert shown in markdown.render(report)


def test_elements_escape_everything_but_elements() -> None:
    assert el("p", "<b>", el("b", "&"), None, 3, ["x", ["y"]]) == "<p>&lt;b&gt;<b>&amp;</b>3xy</p>"
    assert el("a", title='"<', open=True, hidden=False, id=None, class_="c", tab_index=1.5) == (
        '<a title="&quot;&lt;" open class="c" tab-index="1.5"></a>'
    )
    assert el("input", type="radio") == '<input type="radio">'
    assert isinstance(join(["<"]), Html)
