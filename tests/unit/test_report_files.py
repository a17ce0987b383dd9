"""A report as files: which, where, and what becomes of it when a disk is full."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fleet.release.report import files

from tests.kit import reports


@pytest.fixture(autouse=True)
def no_workflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)


def test_every_kind_is_written_twice_over(tmp_path: Path) -> None:
    report = reports.canary()
    written = files.write(report, tmp_path / "build" / "release")
    names = {path.name for path in (tmp_path / "build" / "release").iterdir()}
    stems = (report.run_id, "latest")
    assert names == {f"{stem}.{kind}" for stem in stems for kind in ("json", "md", "html")}
    assert {kind: path.name for kind, path in written.items()} == {
        kind: f"{report.run_id}.{kind}" for kind in ("json", "md", "html")
    }
    for path in written.values():
        assert path.read_text() == (path.parent / f"latest{path.suffix}").read_text()


def test_the_json_has_everything(tmp_path: Path) -> None:
    report = reports.canary()
    content = json.loads(files.write(report, tmp_path)["json"].read_text())
    assert content == json.loads(json.dumps(report.to_dict()))
    assert content["exit_code"] == 5
    assert content["functions"][2]["looks"][1]["verdict"] == "fail"


def test_the_newest_report_is_the_latest(tmp_path: Path) -> None:
    for run in ("first", "second"):
        files.write(reports.report([], run_id=run), tmp_path)
    assert json.loads((tmp_path / "latest.json").read_text())["run_id"] == "second"
    assert (tmp_path / "first.html").exists()


def test_no_file_has_a_secret(tmp_path: Path) -> None:
    outcome = reports.put_back("device-registry")
    outcome.reason, outcome.smoke = "password=hunter2", {"url": "https://x.test/k?sig=hunter2"}
    for path in files.write(reports.report([outcome]), tmp_path).values():
        assert "hunter2" not in path.read_text()


def test_a_run_s_name_never_leads_out_of_the_folder(tmp_path: Path) -> None:
    written = files.write(reports.report([], run_id="../../x/y"), tmp_path / "a")
    assert {path.parent for path in written.values()} == {tmp_path / "a"}


def test_the_summary_of_a_workflow_s_job_is_added_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = tmp_path / "summary"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    markdown = files.write(reports.canary(), tmp_path)["md"].read_text()
    assert summary.read_text() == f"before\n{markdown}\n"


def test_the_summary_stays_below_what_github_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = tmp_path / "summary"
    summary.write_text("x" * 999_990 + "\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    for _ in range(3):
        files.write(reports.canary(), tmp_path)
    assert summary.stat().st_size < 1_000_010


def test_a_summary_that_cannot_be_written_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path))
    assert set(files.write(reports.canary(), tmp_path / "a")) == {"json", "md", "html"}
    assert "the job summary could not be written: Is a directory" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_said_and_nothing_more(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "build").write_text("a file")
    assert files.write(reports.canary(), tmp_path / "build") == {}
    said = capsys.readouterr().err
    assert said.count("could not be written: File exists") == 3
