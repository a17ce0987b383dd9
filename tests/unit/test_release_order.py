"""Which functions are released before which, by their own pyproject.toml."""

from __future__ import annotations

from pathlib import Path

import pytest
from fleet.errors import ExitCode, FleetError
from fleet.project import Project
from fleet.release.prerequisites import waves


def write(folder: Path, **images: str) -> Project:
    """A checkout whose functions' pyproject.toml hold these texts."""
    for name, text in images.items():
        (folder / "images" / name).mkdir(parents=True)
        (folder / "images" / name / "pyproject.toml").write_text(text)
    (folder / "docker-bake.hcl").write_text("")
    return Project(folder)


def test_what_comes_after_what_is_read_from_the_functions_own_pyproject(tmp_path: Path) -> None:
    project = write(
        tmp_path,
        schema='[tool.lambda-image]\nruns = "up"\n',
        reader='[tool.lambda-image]\nafter = ["schema"]\n',
        last='[tool.lambda-image]\nafter = ["reader"]\n',
        plain="",
    )
    assert waves(project, project.functions) == [["plain", "schema"], ["reader"], ["last"]]
    assert waves(project, ["last", "schema"]) == [["schema"], ["last"]]
    assert waves(project, []) == []


def test_an_unknown_name_and_a_circle_are_refused_and_say_where(tmp_path: Path) -> None:
    unknown = write(tmp_path / "a", one='[tool.lambda-image]\nafter = ["none"]\n')
    with pytest.raises(FleetError, match=r"images/one/pyproject.toml: comes after none") as found:
        waves(unknown, ["one"])
    assert found.value.code == ExitCode.USAGE
    circle = write(
        tmp_path / "b",
        one='[tool.lambda-image]\nafter = ["two"]\n',
        two='[tool.lambda-image]\nafter = ["one"]\n',
    )
    with pytest.raises(FleetError, match="circle") as found:
        waves(circle, ["one"])
    assert found.value.code == ExitCode.USAGE
