"""When a run counts as slower than an earlier one, and when that is noise."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from tests.performance.bench import beside
from tests.performance.bench.figure import Figure, from_json
from tests.performance.bench.slowdowns import Change, compare, failed, judge


def figure(value: float, samples: tuple[float, ...] = (), **changes: Any) -> Figure:
    given: dict[str, Any] = {"unit": "s", "command": "make bench", "relative": True} | changes
    return Figure("part/what", "fleet", "something", "", value, samples=samples, **given)


def rounds(chosen: random.Random, middle: float, noise: float, count: int = 5) -> Figure:
    """Rounds of a benchmark on a noisy machine: some are held up, none is sped up much."""
    samples = tuple(middle * chosen.lognormvariate(0, noise) for _ in range(count))
    return figure(sorted(samples)[count // 2], samples)


def kind(old: Figure, new: Figure, *, same_machine: bool = True) -> str:
    return judge(old, new, same_machine=same_machine).kind


def test_half_as_fast_is_told_and_the_same_code_is_not() -> None:
    chosen = random.Random(5)
    slower = [kind(rounds(chosen, 1, 0.08), rounds(chosen, 1.6, 0.08)) for _ in range(100)]
    same = [kind(rounds(chosen, 1, 0.08), rounds(chosen, 1, 0.08)) for _ in range(100)]
    assert slower.count("slower") >= 85
    assert same.count("slower") == 0


def test_the_same_code_in_a_storm_is_noise() -> None:
    chosen = random.Random(6)
    found = [kind(rounds(chosen, 1, 0.5), rounds(chosen, 1, 0.5)) for _ in range(200)]
    assert found.count("slower") <= 6
    assert found.count("noise") > 20


@pytest.mark.parametrize(
    ("better", "before", "after", "wanted"),
    [
        ("less", 1.0, 1.19, "same"),
        ("less", 1.0, 1.25, "slower"),
        ("less", 1.19, 1.0, "same"),
        ("less", 1.3, 1.0, "faster"),
        ("more", 1.25, 1.0, "slower"),
        ("more", 1.0, 1.3, "faster"),
    ],
)
def test_twenty_per_cent_of_quiet_rounds(
    better: Any, before: float, after: float, wanted: str
) -> None:
    quiet = [
        figure(value, tuple(value + at / 1000 for at in range(-2, 3)), better=better)
        for value in (before, after)
    ]
    assert kind(*quiet) == wanted


def test_a_single_round_must_be_worse_by_more_than_noise() -> None:
    assert kind(figure(1.0), figure(1.37)) == "noise"
    assert kind(figure(1.0), figure(1.39)) == "slower"
    assert kind(figure(1.0, better="more"), figure(0.7, better="more")) == "slower"


def test_two_rounds_are_as_good_as_one() -> None:
    assert kind(figure(1.0, (1.0, 1.0)), figure(1.3, (1.3, 1.3))) == "noise"


def test_sizes_have_no_noise() -> None:
    assert kind(figure(10, exact=True), figure(12.1, exact=True)) == "slower"
    assert kind(figure(10, exact=True), figure(11.9, exact=True)) == "same"


def test_what_must_be_nothing_has_no_ratio() -> None:
    assert kind(figure(0, exact=True), figure(3, exact=True)) == "not compared"


def test_seconds_of_another_machine_say_nothing_and_ratios_do() -> None:
    seconds = [figure(v, (v, v, v), relative=False) for v in (1.0, 9.0)]
    assert kind(*seconds, same_machine=False) == "not compared"
    assert kind(*seconds) == "slower"
    ratios = [figure(v, (v, v, v)) for v in (1.0, 9.0)]
    assert kind(*ratios, same_machine=False) == "slower"
    assert kind(figure(9, exact=True), figure(19, exact=True), same_machine=False) == "slower"


def test_a_single_time_is_not_held_to_anything() -> None:
    assert kind(figure(1, relative=False), figure(9, relative=False)) == "not compared"


def named(key: str) -> Figure:
    return Figure(key, "fleet", "something", "", 1, "", "make bench", relative=True)


def test_what_a_section_no_longer_tells_fails_and_what_was_not_asked_for_does_not() -> None:
    found = compare(
        [named("one/a"), named("one/gone"), named("two/b")],
        [named("one/a"), named("one/new")],
        same_machine=True,
        sections={"one"},
    )
    assert {change.key: change.kind for change in found} == {
        "one/a": "same",
        "one/gone": "missing",
        "two/b": "not compared",
        "one/new": "new",
    }
    assert [change.key for change in failed(found)] == ["one/gone"]


def test_a_figure_survives_the_file_and_a_newer_file_is_read() -> None:
    one = figure(1.5, (1.0, 2.0), limit=2.0, better="more")
    assert from_json(json.loads(json.dumps(one.as_json() | {"added": "later"}))) == one


def write(path: Path, *figures: Figure, machine: str = "here") -> str:
    content = {
        "machine": {"cpu": machine},
        "sections": {"part": {"error": ""}},
        "figures": [each.as_json() for each in figures],
    }
    path.write_text(json.dumps(content))
    return str(path)


def test_the_command_ends_with_1_for_a_slowdown_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = write(tmp_path / "base.json", figure(1.0))
    assert beside.main(base, write(tmp_path / "new.json", figure(1.1))) == 0
    assert beside.main(base, write(tmp_path / "new.json", figure(2.0))) == 1
    said = capsys.readouterr().err
    assert "part/what" in said
    assert "2.00" in said
    assert "1 slower" in said


def test_the_command_notices_another_machine(tmp_path: Path) -> None:
    seconds = {"relative": False, "samples": (1.0, 1.0, 1.0)}
    base = write(tmp_path / "base.json", figure(1.0, **seconds), machine="there")
    slow = figure(5.0, relative=False, samples=(5.0, 5.0, 5.0))
    assert beside.main(base, write(tmp_path / "new.json", slow)) == 0
    assert beside.main(base, write(tmp_path / "new.json", slow, machine="there")) == 1


def test_what_cannot_be_compared_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = tmp_path / "empty.json"
    empty.write_text("{}")
    for base, reason in (
        ("", "make bench-compare BASE="),
        (str(tmp_path / "none.json"), "cannot be read"),
        (str(empty), "has no figures"),
    ):
        assert beside.main(base, "") == 2
        assert reason in capsys.readouterr().err.replace("\n", "")


def test_why_is_said_in_words() -> None:
    told = judge(figure(1.0, (1.0, 1.0, 1.0)), figure(2.0, (2.0, 2.0, 2.0)), same_machine=True)
    assert told == Change(
        "part/what", "slower", "100% of draws are worse, medians 3 spreads apart", 2.0
    )
