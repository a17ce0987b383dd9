"""The Model Context Protocol's own conformance suite against the function's transport."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from mcp_server.service import Service

from tests.kit import gold_objects
from tests.kit.gold_edge import service, serving_gold
from tests.kit.mcp_everything import everything
from tests.kit.mcp_http import serving_mcp
from tests.kit.program import ROOT

SUITE = ROOT / ".fleet" / "conformance" / "node_modules"
VERSIONS = ("2025-06-18", "2025-11-25", "2026-07-28")
# Of any server, whatever it offers.
GENERAL = {
    "2025-06-18": {"server-initialize", "ping", "tools-list", "resources-list"},
    "2025-11-25": {"server-initialize", "ping", "tools-list", "resources-list",
                   "dns-rebinding-protection"},
    "2026-07-28": {"tools-list", "resources-list", "dns-rebinding-protection",
                   "http-header-validation", "sep-2164-resource-not-found",
                   "server-sse-multiple-streams"},
}  # fmt: skip
# Of tools and resources that the suite wants to find: the same transport, with these.
OFFERED = {
    "tools-call-simple-text",
    "tools-call-image",
    "tools-call-audio",
    "tools-call-embedded-resource",
    "tools-call-mixed-content",
    "tools-call-error",
    "resources-read-text",
    "resources-read-binary",
    "resources-templates-read",
}
# Scenarios of several things, by what in them is not offered. A check that no longer fails fails
# here, and so does one more.
PARTLY = {
    # No prompts.
    "caching": {"sep-2549-prompts-list-caching-hints"},
    # No tool that wants a capability of the client, asks it something, or logs to it.
    "server-stateless": {
        "sep-2575-server-rejects-undeclared-capability",
        "sep-2575-missing-capability-http-400",
        "sep-2575-http-server-no-independent-requests-on-stream",
        "sep-2575-server-no-log-without-loglevel",
    },
}


def conform(url: str, version: str, folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Every check of every scenario that the suite has for a version, by scenario."""
    node = SUITE / ".bin" / "node"
    program = SUITE / "@modelcontextprotocol" / "conformance" / "dist" / "index.js"
    options = ["--url", url, "--suite", "all", "--spec-version", version, "--output-dir", folder]
    subprocess.run(
        [node, program, "server", *options],
        capture_output=True,
        check=False,  # it counts what is not offered as failed
        timeout=120,
    )
    found = {}
    for path in folder.glob("server-*/checks.json"):
        folder_of = re.fullmatch(r"server-(.+?)-\d{4}-\d\d-\d\dT[\dZ-]+", path.parent.name)
        assert folder_of
        found[folder_of[1]] = json.loads(path.read_text())
    return found


def failures(checks: list[dict[str, Any]]) -> dict[str, str]:
    """The checks that failed or were warned of, and why."""
    bad = ("FAILURE", "WARNING")
    return {each["id"]: each.get("errorMessage", "") for each in checks if each["status"] in bad}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Any]:
    if not SUITE.exists():
        pytest.skip("no conformance suite: shared/fleet/prepare/conformance.sh fetches it")
    found = {}
    with serving_gold(gold_objects.objects()):
        for name, served in (("basketball", service()), ("everything", Service(everything()))):
            with serving_mcp(served) as url:
                for version in VERSIONS:
                    folder = tmp_path_factory.mktemp(name)
                    found[name, version] = conform(url, version, folder)
    return found


@pytest.mark.parametrize("version", VERSIONS)
def test_the_server_conforms(results: dict[tuple[str, str], Any], version: str) -> None:
    checked = results["basketball", version]
    wrong = {name: failures(checked[name]) for name in GENERAL[version]}
    # The suite calls a tool of its own to see whether a header may have spaces around it.
    wrong.get("http-header-validation", {}).pop(
        "sep-2243-server-accepts-whitespace-header-value", 0
    )
    assert {name: bad for name, bad in wrong.items() if bad} == {}
    assert sum(len(checked[name]) for name in GENERAL[version]) >= 4


@pytest.mark.parametrize("version", VERSIONS)
def test_the_transport_conforms(results: dict[tuple[str, str], Any], version: str) -> None:
    checked = results["everything", version]
    names = GENERAL[version] | OFFERED | ({"json-schema-2020-12"} & set(checked))
    wrong = {name: failures(checked[name]) for name in names}
    assert {name: bad for name, bad in wrong.items() if bad} == {}


@pytest.mark.parametrize("scenario", PARTLY)
def test_all_but_what_is_not_offered_conforms(
    results: dict[tuple[str, str], Any], scenario: str
) -> None:
    assert set(failures(results["everything", "2026-07-28"][scenario])) == PARTLY[scenario]


@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_not_offered_is_refused_in_the_protocol_s_own_way(
    results: dict[tuple[str, str], Any], version: str
) -> None:
    # Not by a fault of the server: methods and tools are unknown, streams are not allowed.
    for name in ("basketball", "everything"):
        told = json.dumps(results[name, version])
        assert "-32603" not in told
        assert "failed on our side" not in told
