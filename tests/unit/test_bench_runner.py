"""A run of benchmarks: what one section finds, no other one can lose."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.performance import results
from tests.performance.bench import figures, runner, sections
from tests.performance.bench.__main__ import verdict
from tests.performance.bench.figure import from_json, shown
from tests.performance.bench.runner import Runner
from tests.performance.bench.sections import Section, chosen

MCP = {"p95_times_the_bare_read": {"call by name": 1.4}, "budget": 2.0}
SILVER = {"rows": {"times_as_fast": 4.0}, "rows_as_parquet": {"times_as_fast": 3}, "peak_mb": 90}
RELEASES = {"rollback": {}}

type Program = Callable[[dict[str, str]], int]


def keeps(name: str, report: dict[str, Any], code: int = 0) -> Program:
    def program(variables: dict[str, str]) -> int:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("BENCH_FILE", variables["BENCH_FILE"])
            results.keep(name, report)
        return code

    return program


def run_with(file: Path, programs: dict[str, Program | Exception], stack: Any = None) -> Runner:
    """A runner whose programs are these."""

    def run(section: Section, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
        found = programs[section.name]
        if isinstance(found, Exception):
            raise found
        return subprocess.CompletedProcess([], found(variables), "said\n", "Boom: why\n")

    @contextmanager
    def none() -> Iterator[dict[str, Any]]:
        yield {"up_seconds": 9.0, "bootstrap_seconds": 90.0}

    about = {"commit": "c0ffee", "machine": {"cpu": "x"}}
    return Runner(file, about, stack or none, run, say=lambda _: None)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "bench.json"


def test_every_section_has_a_program_and_figures() -> None:
    for section in sections.SECTIONS:
        assert (results.ROOT / f"tests/performance/{section.module}.py").exists()
        assert section.name in figures.TOLD
    assert figures.TOLD.keys() == {section.name for section in sections.SECTIONS}


def test_only_chooses_in_the_order_of_the_run_and_refuses_what_is_none() -> None:
    assert [s.name for s in chosen("silver, sizes")] == ["sizes", "silver"]
    assert chosen("") == list(sections.SECTIONS)
    with pytest.raises(ValueError, match="no section gold; there are bronze_backfill, "):
        chosen("gold,mcp")


def test_a_section_that_fails_loses_nobodys_result(file: Path) -> None:
    programs = {"silver": lambda _: 3, "mcp": keeps("mcp", MCP)}
    report = run_with(file, programs).all(chosen("silver,mcp"))
    assert report["sections"]["silver"]["error"] == ("ended with 3 and no report: said\nBoom: why")
    assert [figure["key"] for figure in report["figures"]] == ["mcp/call-by-name"]
    assert verdict(report, chosen("silver,mcp")) == 1
    assert verdict(report, chosen("mcp")) == 0


def test_a_program_that_hangs_is_given_up(file: Path) -> None:
    hung = subprocess.TimeoutExpired([], 1)
    report = run_with(file, {"silver": hung, "mcp": keeps("mcp", MCP)}).all(chosen("silver,mcp"))
    assert report["sections"]["silver"]["error"] == "gave no result in 20 minutes"
    assert report["sections"]["mcp"]["ok"] is True


def test_a_report_that_nobody_understands_is_an_error_and_not_kept(file: Path) -> None:
    programs: dict[str, Program | Exception] = {
        "silver": keeps("silver", {"rows": 1}),
        "mcp": keeps("mcp", MCP),
    }
    report = run_with(file, programs).all(chosen("silver,mcp"))
    assert "not as expected: TypeError" in report["sections"]["silver"]["error"]
    assert report["reports"].keys() == {"mcp"}


def test_results_are_in_the_file_before_the_next_section_starts(file: Path) -> None:
    def looks(_: dict[str, str]) -> int:
        assert [f["key"] for f in json.loads(file.read_text())["figures"]] == ["mcp/call-by-name"]
        raise KeyboardInterrupt

    stopped = run_with(file, {"mcp": keeps("mcp", MCP), "terraform": looks})
    with pytest.raises(KeyboardInterrupt):
        stopped.all(chosen("mcp,terraform"))
    assert results.read(file)["sections"]["mcp"]["ok"] is True


def test_an_earlier_result_of_a_section_that_now_fails_is_not_shown(file: Path) -> None:
    run_with(file, {"mcp": keeps("mcp", MCP)}).all(chosen("mcp"))
    report = run_with(file, {"mcp": lambda _: 1}).all(chosen("mcp"))
    assert report["figures"] == []


def test_other_sections_stay_when_one_is_measured_again(file: Path) -> None:
    run_with(file, {"mcp": keeps("mcp", MCP)}).all(chosen("mcp"))
    report = run_with(file, {"silver": keeps("silver", SILVER, 1)}).all(chosen("silver"))
    assert {"mcp/call-by-name", "silver/peak_mb"} <= {f["key"] for f in report["figures"]}


def test_a_table_is_of_one_commit_on_one_machine(file: Path) -> None:
    run_with(file, {"mcp": keeps("mcp", MCP)}).all(chosen("mcp"))
    later = run_with(file, {"silver": keeps("silver", SILVER)})
    later.about = later.about | {"commit": "decaf"}
    report = later.all(chosen("silver"))
    assert report["reports"].keys() == report["sections"].keys() == {"silver"}


def test_a_promise_that_was_missed_is_a_result_and_fails_the_run(file: Path) -> None:
    report = run_with(file, {"silver": keeps("silver", SILVER, 1)}).all(chosen("silver"))
    held = {f["key"]: from_json(f).held for f in report["figures"]}
    assert held == {
        "silver/times_as_fast": False,
        "silver/parquet_times_as_fast": None,
        "silver/peak_mb": True,
    }
    assert report["sections"]["silver"]["error"] == ""
    assert verdict(report, chosen("silver")) == 1


def test_the_stack_starts_once_and_only_for_those_who_want_it(file: Path) -> None:
    seen: list[str] = []

    @contextmanager
    def stack() -> Iterator[dict[str, Any]]:
        seen.append("up")
        yield {"up_seconds": 9.0, "bootstrap_seconds": 90.0}
        seen.append("down")

    def calls(_: dict[str, str]) -> int:
        seen.append("program")
        return 1

    programs: dict[str, Program | Exception] = {
        "mcp": keeps("mcp", MCP),
        "calls": calls,
        "releases": calls,
    }
    run_with(file, programs, stack).all(chosen("mcp"))
    assert seen == []
    report = run_with(file, programs, stack).all(chosen("mcp,calls,releases"))
    assert seen == ["up", "program", "program", "down"]
    assert "terraform/bootstrap_seconds" in {f["key"] for f in report["figures"]}


def test_a_stack_that_does_not_start_costs_only_its_own_sections(file: Path) -> None:
    tried: list[int] = []

    @contextmanager
    def broken() -> Iterator[dict[str, Any]]:
        tried.append(1)
        raise RuntimeError("no room")
        yield {}

    programs: dict[str, Program | Exception] = {"mcp": keeps("mcp", MCP)}
    report = run_with(file, programs, broken).all(chosen("mcp,calls,releases"))
    assert tried == [1]
    assert report["sections"]["mcp"]["ok"] is True
    for name in ("calls", "releases"):
        assert report["sections"][name]["error"] == "the local stack did not start: no room"


def test_a_program_is_run_with_the_file_it_writes_to(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    section = Section("x", "no_such_program", "x")
    ended = runner.run(section, {"BENCH_FILE": str(tmp_path / "x.json")})
    assert ended.returncode == 1
    assert "No module named tests.performance.no_such_program" in ended.stderr


@pytest.mark.parametrize(
    ("value", "said"),
    [(97123.4, "97,123 s"), (4.0, "4 s"), (0.3456, "0.346 s"), (246.7, "247 s"), (12.34, "12.3 s")],
)
def test_values_as_people_read_them(value: float, said: str) -> None:
    assert shown(value, "s") == said
