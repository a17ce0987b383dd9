"""Pull requests: what changed, and the one gate that holds the results.

`make lint`, `make audit` and `make test` are neighbours of this very suite and not run inside it.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.kit.rehearsal.github import REPOSITORY
from tests.kit.rehearsal.runner import Rehearsal

pytestmark = pytest.mark.stack
WELL = {"lint": "success", "test": "success", "plan": "success"}
CI = {"changed", "images", "gate"}


def pull_request(base: str) -> dict[str, Any]:
    return {
        "pull_request": {
            "number": 8,
            "base": {"sha": base},
            "head": {"repo": {"full_name": REPOSITORY}},
        }
    }


def test_a_pull_request_without_images_passes_and_one_with_a_red_test_does_not(
    rehearsal: Rehearsal,
) -> None:
    base = rehearsal.remote.head()
    rehearsal.remote.commit("Say more", {"README.md": "\nMore.\n"})
    for ended, wanted in (("success", "success"), ("failure", "failure")):
        others = WELL | {"test": ended}
        jobs = rehearsal.run("ci.yml", "pull_request", pull_request(base), only=CI, others=others)
        assert jobs["images"].result == "skipped"
        assert jobs["gate"].result == wanted, jobs["gate"].log
