"""Folders, bake targets, Terraform's modules and events belong together."""

from __future__ import annotations

import json
import re
import tomllib

import pytest
from fleet.project import Project

from tests.kit.program import ROOT

PROJECT = Project(ROOT)
FUNCTIONS = PROJECT.functions


def test_bake_s_own_default_is_the_list_of_folders() -> None:
    bake = (ROOT / "docker-bake.hcl").read_text()
    match = re.search(r'variable "FUNCTIONS" \{\s*default = "([^"]*)"', bake)
    assert match
    assert match[1].split(",") == list(FUNCTIONS)


def test_every_function_has_one_module_block() -> None:
    text = "\n".join(path.read_text() for path in (ROOT / "terraform").glob("*.tf"))
    blocks = re.findall(
        r'source\s*=\s*"\./modules/function"\s.*?name\s*=\s*"([a-z0-9-]+)"', text, re.DOTALL
    )
    assert sorted(blocks) == list(FUNCTIONS)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_s_package_is_named_for_its_folder(function: str) -> None:
    folder = ROOT / "images" / function
    project = tomllib.loads((folder / "pyproject.toml").read_text())
    assert project["project"]["name"] == function
    assert (folder / "src" / function.replace("-", "_") / "handler.py").exists()
    assert project["tool"]["lambda-image"]["cold-start"] in {"arrow", "aws", "clients", "large"}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_sample_events_say_what_to_expect(function: str) -> None:
    events = sorted((ROOT / "images" / function / "events").glob("*.json"))
    assert PROJECT.smoke(function).event == {"test": True}
    assert len(events) > 1
    for path in events:
        assert set(json.loads(path.read_text())) == {"description", "event", "expect"}, path


def test_types_are_checked_in_every_package() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    packages = {
        "function_kit",
        "fleet",
        "message_kit",
        "standins",
        *(f.replace("-", "_") for f in FUNCTIONS),
    }
    assert set(settings["mypy"]["packages"]) == packages
